"""The removal of what nobody will finish: uploads, and scratch files."""

from collections.abc import Iterable, Mapping
from typing import Final

from registry.plugin import Mount, Protocol, Services

IDLE: Final = 24 * 3600.0
"""Seconds without a request after which an upload is given up."""
LEFT_OVER: Final = 7 * 24 * 3600.0
"""Seconds after which a scratch file, or a part of an upload, belongs to nothing that still runs."""


def sweep(mounts: Iterable[Mount], protocols: Mapping[str, Protocol], services: Services) -> int:
    """How many uploads and left-overs were removed."""
    uploads = sum(protocols[mount.protocol].sweep(mount, services, IDLE) for mount in mounts)
    return uploads + services.storage.sweep(LEFT_OVER)
