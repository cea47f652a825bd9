"""What `registry serve` says once it listens."""

from registry import __version__
from registry.app import resolve_mounts
from registry.cli.places import mount_url, service_url
from registry.config import Settings
from registry.plugin import SetupContext, discover


def render_banner(settings: Settings, token_file: str) -> str:
    """The URL of each mount, where the admin token is, and a block to paste for each client."""
    mounts = resolve_mounts(settings)
    protocols = discover()
    width = max(len(protocols[mount.protocol].title) for mount in mounts)
    lines = [f"registry {__version__} at {service_url(settings)}", ""]
    lines += [f"  {protocols[mount.protocol].title:<{width}}  {mount_url(settings, mount)}/" for mount in mounts]
    lines += ["", f"The admin token is in {token_file}", ""]
    for mount in mounts:
        context = SetupContext(mount_url(settings, mount))
        for each in protocols[mount.protocol].setups:
            where = f" ({each.file})" if each.file else ""
            lines += [f"--- {each.client}{where}", each.render(context).rstrip(), ""]
    return "\n".join(lines)
