"""The removal of what nobody will finish: uploads, scratch files, and copies of blobs that no pointer leads to."""

from collections.abc import Iterable, Mapping
from typing import Final

from registry.plugin import Mount, Protocol, Services
from registry.storage.storage import Storage

IDLE: Final = 24 * 3600.0
"""Seconds without a request after which an upload is given up."""
LEFT_OVER: Final = 72 * 3600.0
"""Seconds after which a scratch file, or a part of an upload, belongs to nothing that still runs."""


def sweep(mounts: Iterable[Mount], protocols: Mapping[str, Protocol], services: Services) -> int:
    """How many uploads and left-overs were removed."""
    uploads = sum(protocols[mount.protocol].sweep(mount, services, IDLE) for mount in mounts)
    return uploads + sweep_store(services.storage)


def sweep_store(storage: Storage, seconds: float = LEFT_OVER) -> int:
    """How many left-overs of the store's own were removed, all older than that."""
    return storage.sweep(seconds) + storage.blobs.sweep(seconds)
