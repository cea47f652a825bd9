"""`registry gc`: the room of blobs that nobody names."""

import click

from registry.app import open_services, stored_mounts
from registry.cli.options import with_settings
from registry.cli.token import parse_duration
from registry.config import Settings
from registry.maintenance.gc import Ages, collect
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
    try:
        report = collect(services.storage, iter_references(mounts, protocols, services), ages, dry_run=dry_run)
    except Leased as error:
        click.echo(f"nothing done: {error.message}", err=True)
        return
    for verdict, tally in report.items():
        click.echo(f"{verdict:<9} {tally.blobs:>8} blobs {tally.size:>16} bytes")
    if not dry_run:
        click.echo(f"swept     {sweep(mounts, protocols, services):>8} unfinished uploads and left-overs")
