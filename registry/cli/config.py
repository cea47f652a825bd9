"""`registry config`: what the settings are, and whether they can be used."""

import click

from registry.cli.options import with_settings
from registry.config import Settings, render_settings


@click.group()
def config() -> None:
    """Show or check the settings."""


@config.command()
@with_settings
def show(settings: Settings) -> None:
    """Print the settings in force as TOML, secrets left out."""
    click.echo(render_settings(settings), nl=False)


@config.command()
@with_settings
def check(settings: Settings) -> None:
    """Check the settings, the mounts and the store; print nothing but what is wrong."""
    from registry.app import open_services, resolve_mounts

    resolve_mounts(settings)
    open_services(settings).storage.check_ready()
    click.echo("the settings are fine")
