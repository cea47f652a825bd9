"""What keeps blobs: all that the mounts of a store name. Nothing is left out silently."""

from collections.abc import Iterable, Iterator, Mapping

from registry.core.digests import Digest, parse_digest
from registry.errors import Conflict, Internal, Invalid
from registry.plugin import Mount, Protocol, Services
from registry.storage.storage import Storage

OURS = {"auth", "blobs"}
"""What lies at the top of a store besides the prefixes of mounts, and besides what starts with an underscore."""


class MountUnknown(Conflict):
    """The store holds what no mount of the settings reads."""

    code = "mount_unknown"


class ReferenceDamaged(Internal):
    """A mount names a blob by something that is no digest."""

    code = "reference_damaged"


def iter_references(mounts: Iterable[Mount], protocols: Mapping[str, Protocol], services: Services) -> Iterator[Digest]:
    """The digests of all blobs that the mounts name, some repeatedly; an exception means: not all."""
    for mount in mounts:
        for text in protocols[mount.protocol].references(mount, services):
            try:
                yield parse_digest(text)
            except Invalid as error:
                raise ReferenceDamaged(f"the mount {mount.id} names a blob that has no digest") from error


def check_mounts(storage: Storage, mounts: Iterable[Mount]) -> None:
    """Every object in the store is ours or a mount's. Raises MountUnknown."""
    known = OURS | {mount.prefix for mount in mounts}
    for item in storage.list("", delimiter="/"):
        name = item.key.rstrip("/")
        if not name.startswith("_") and name not in known:
            raise MountUnknown(
                f"the store holds {name}/, which no mount of these settings reads: "
                f"name it in [mounts.{name}] (it may be disabled), or remove its data"
            )
