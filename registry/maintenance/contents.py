"""What the mounts of a store keep in it: all that they name, and what they started and did not finish."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from registry.core.digests import Digest, parse_digest
from registry.errors import Conflict, Internal, Invalid
from registry.plugin import Mount, Protocol, Services

IDLE: Final = 24 * 3600.0
"""Seconds without a request after which an upload is given up."""
LEFT_OVER: Final = 7 * 24 * 3600.0
"""Seconds after which a scratch file, or a part of an upload, belongs to nothing that still runs."""
OURS: Final = {"auth", "blobs"}
"""What lies at the top of a store besides the prefixes of mounts, and besides what starts with an underscore."""


class MountUnknown(Conflict):
    """The store holds what no mount of the settings reads."""

    code = "mount_unknown"


class ReferenceDamaged(Internal):
    """A mount names a blob by something that is no digest."""

    code = "reference_damaged"


class Contents:
    """The contents of all mounts, those that are disabled too: what is missing here will be deleted."""

    def __init__(self, mounts: Iterable[Mount], protocols: Mapping[str, Protocol], services: Services) -> None:
        self._mounts = [(mount, protocols[mount.protocol]) for mount in mounts]
        self._services = services

    def check(self) -> None:
        """Every object in the store is ours or a mount's. Raises MountUnknown."""
        known = OURS | {mount.prefix for mount, _ in self._mounts}
        for item in self._services.storage.list("", delimiter="/"):
            name = item.key.rstrip("/")
            if not name.startswith("_") and name not in known:
                raise MountUnknown(
                    f"the store holds {name}/, which no mount of these settings reads: "
                    f"name it in [mounts.{name}] (it may be disabled), or remove its data"
                )

    def references(self) -> Iterator[Digest]:
        """The digests of all blobs that the mounts name, some repeatedly; an exception means: not all.

        Raises MountUnknown, ReferenceDamaged, and what the protocols raise.
        """
        self.check()
        for mount, protocol in self._mounts:
            for text in protocol.references(mount, self._services):
                try:
                    yield parse_digest(text)
                except Invalid as error:
                    raise ReferenceDamaged(f"the mount {mount.id} names a blob that has no digest") from error

    def forget(self, digest: Digest) -> None:
        """Nothing leads to the blob, which was deleted, unless it is back."""
        for mount, protocol in self._mounts:
            protocol.forget(mount, self._services, digest)

    def sweep(self) -> int:
        """How many uploads that nobody will finish, and left-overs of interrupted writes, were removed."""
        given_up = sum(protocol.sweep(mount, self._services, IDLE) for mount, protocol in self._mounts)
        return given_up + self._services.storage.sweep(LEFT_OVER)
