"""`registry gc`: the room of blobs that nobody names."""

import click

from registry.app import open_services, stored_mounts
from registry.cli.options import with_settings
from registry.cli.token import parse_duration
from registry.config import Settings
from registry.core.digests import Digest
from registry.maintenance.gc import Ages, Report, collect, foretell
from registry.maintenance.lease import Leased
from registry.maintenance.roots import check_mounts, iter_references
from registry.maintenance.sweeper import sweep
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
    services, mounts, protocols = open_services(settings), stored_mounts(settings), discover()
    check_mounts(services.storage, mounts)
    references = iter_references(mounts, protocols, services)
    if dry_run:
        _show(foretell(services.storage, references, ages))
        return

    def forget(digest: Digest) -> None:
        for mount in mounts:
            protocols[mount.protocol].forget(mount, services, digest)

    try:
        report = collect(services.storage, references, ages, forget=forget)
    except Leased as error:
        click.echo(f"nothing done: {error.message}", err=True)
        return
    _show(report)
    swept = report.strays + sweep(mounts, protocols, services)
    click.echo(f"swept     {swept:>8} unfinished uploads and left-overs")


def _show(report: Report) -> None:
    for verdict, tally in report.tallies.items():
        click.echo(f"{verdict:<9} {tally.blobs:>8} blobs {tally.size:>16} bytes")
