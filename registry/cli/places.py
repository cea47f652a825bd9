"""Where this registry is found, as its settings tell."""

from registry.config import Settings
from registry.http.mount import Mount

_EVERYWHERE = ("", "0.0.0.0", "[::]")  # noqa: S104 - what is compared with, not what is bound


def service_url(settings: Settings) -> str:
    """The URL of the service, without a trailing slash."""
    if settings.server.public_url:
        return settings.server.public_url.rstrip("/")
    host, _, port = settings.server.bind.rpartition(":")
    return f"http://{'127.0.0.1' if host in _EVERYWHERE else host}:{port}"


def mount_url(settings: Settings, mount: Mount) -> str:
    """The URL of a mount, without a trailing slash."""
    return mount.registry_url.rstrip("/") or service_url(settings) + mount.path
