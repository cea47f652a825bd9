"""Where this registry is found, as its settings tell."""

from registry.config import Settings

_EVERYWHERE = ("", "0.0.0.0", "[::]")  # noqa: S104 - what is compared with, not what is bound


def service_url(settings: Settings) -> str:
    """The URL of the service, without a trailing slash; a guess where it listens on a UNIX socket."""
    if settings.server.public_url:
        return settings.server.public_url.rstrip("/")
    if settings.server.bind.startswith("unix:"):
        return "http://localhost"
    host, _, port = settings.server.bind.rpartition(":")
    return f"http://{'127.0.0.1' if host in _EVERYWHERE else host}:{port}"
