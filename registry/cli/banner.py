"""What `registry serve` says once it listens."""

from registry import __version__
from registry.app import resolve_mounts
from registry.cli.places import service_url
from registry.config import Settings
from registry.plugin import SetupContext, discover


def render_banner(settings: Settings, token_file: str) -> str:
    """The URL of each mount, where the admin token is, and a block to paste for each client."""
    root = service_url(settings)
    mounts = [(discover()[mount.protocol], mount) for mount in resolve_mounts(settings)]
    width = max(len(protocol.title) for protocol, _ in mounts)
    lines = [f"registry {__version__} at {root}", ""]
    lines += [f"  {protocol.title:<{width}}  {protocol.client_url(mount, root)}/" for protocol, mount in mounts]
    lines += ["", f"The admin token is in {token_file}", ""]
    for protocol, mount in mounts:
        context = SetupContext(protocol.client_url(mount, root))
        for each in protocol.setups:
            where = f" ({each.file})" if each.file else ""
            lines += [f"--- {each.client}{where}", each.render(context).rstrip(), ""]
    return "\n".join(lines)
