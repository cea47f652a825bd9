"""`registry setup CLIENT`: what to tell a client so that it uses this registry."""

from pathlib import Path

import click

from registry.app import resolve_mounts
from registry.cli.blocks import write_block
from registry.cli.options import with_settings
from registry.cli.places import service_url
from registry.config import Settings
from registry.errors import ConfigError
from registry.http.mount import Mount
from registry.plugin import ClientSetup, SetupContext, discover


@click.command()
@click.argument("client")
@click.option("--token", default="", help="A token for publishing, and for reading where that needs one.")
@click.option("--mount", "mount_id", default="", help="The mount to use, where several speak the client's protocol.")
@click.option("--write", is_flag=True, help="Put the block into the client's own file instead of printing it.")
@with_settings
def setup(settings: Settings, client: str, token: str, mount_id: str, write: bool) -> None:
    """Print the configuration of CLIENT (pip, uv, twine, npm, …) for this registry, or write it."""
    mount, found = _find(settings, client, mount_id)
    url = discover()[mount.protocol].client_url(mount, service_url(settings))
    text = found.render(SetupContext(url, token))
    if not write:
        click.echo(text)
    elif not found.file:
        raise ConfigError(f"{client} is set up by commands; run those that `registry setup {client}` prints")
    else:
        path = Path(found.file).expanduser()
        write_block(path, text)
        click.echo(f"wrote {path}", err=True)


def _find(settings: Settings, client: str, mount_id: str) -> tuple[Mount, ClientSetup]:
    """The mount and the setup of a client. Raises ConfigError naming the clients there are."""
    protocols = discover()
    found = [
        (mount, each)
        for mount in resolve_mounts(settings)
        for each in protocols[mount.protocol].setups
        if each.client == client and mount_id in ("", mount.id)
    ]
    if not found:
        known = sorted({each.client for protocol in protocols.values() for each in protocol.setups})
        raise ConfigError(f"no mount for {client}; known clients: {', '.join(known)}")
    return found[0]
