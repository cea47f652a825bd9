"""`registry gc`: the room of blobs that nobody names."""

import click

from registry.app import open_services, stored_mounts
from registry.cli.options import with_settings
from registry.cli.token import parse_duration
from registry.config import Settings
from registry.maintenance.contents import Contents
from registry.maintenance.gc import Ages, Report, collect, foretell
from registry.maintenance.lease import Leased
from registry.plugin import discover


@click.command()
@click.option("--dry-run", is_flag=True, help="Change nothing; print what would be done.")
@click.option("--grace", default="24h", help="How old a blob must be that nobody names; default: 24h.")
@click.option("--wait", default="1h", help="How long it stays condemned before it is deleted; default: 1h.")
@with_settings
def gc(settings: Settings, dry_run: bool, grace: str, wait: str) -> None:
    """Delete blobs that nobody names, beside running servers.

    A run condemns blobs, and deletes those that an earlier run condemned. Run it every day.
    """
    ages = Ages(parse_duration(grace), parse_duration(wait))
    services = open_services(settings)
    contents = Contents(stored_mounts(settings), discover(), services)
    if dry_run:
        _show(foretell(services.storage, contents.references(), ages))
        return
    try:
        report = collect(services.storage, contents.references(), ages, forget=contents.forget)
    except Leased as error:
        click.echo(f"nothing done: {error.message}", err=True)
        return
    _show(report)
    click.echo(f"swept     {report.strays + contents.sweep():>8} unfinished uploads and left-overs")


def _show(report: Report) -> None:
    for verdict, tally in report.tallies.items():
        click.echo(f"{verdict:<9} {tally.blobs:>8} blobs {tally.size:>16} bytes")
