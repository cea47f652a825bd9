"""Which blobs belong to which repositories. Only that grants a read: the store of blobs is everybody's."""

from collections.abc import Iterator
from contextlib import suppress

from registry.core.digests import Digest
from registry.core.keys import unescape_segment
from registry.errors import Invalid
from registry.protocols.oci.names import Repository, parse_repository
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.refusals import BlobUnknown
from registry.storage.driver import Stat
from registry.storage.storage import Storage


class Memberships:
    """Links from repositories to blobs, and marks at the blobs that tell where links are."""

    def __init__(self, storage: Storage, keys: Keys) -> None:
        self._storage = storage
        self._keys = keys

    def require(self, repository: Repository, digest: Digest) -> None:
        """The repository has a link to the blob. Raises BlobUnknown."""
        if self._storage.stat(self._keys.blob(repository, digest)) is None:
            raise unknown_blob(digest)

    def dependable(self, repository: Repository, digest: Digest) -> Stat | None:
        """The blob's Stat if the repository has it and a client may leave out pushing it, else None."""
        blobs = self._storage.blobs
        if not self._has(repository, digest) or blobs.is_condemned(digest):
            return None
        return blobs.stat(digest)

    def revive(self, repository: Repository, digest: Digest) -> Stat | None:
        """The blob's Stat if the repository has it, and it stays to be named by a manifest, else None."""
        blobs = self._storage.blobs
        # Invariant: the link is looked for after the blob, as forgetting looks for the blob after it marked the link.
        if not blobs.revive(digest) or not self._has(repository, digest):
            return None
        return blobs.stat(digest)

    def link(self, repository: Repository, digest: Digest) -> None:
        """The repository has the blob, which is in the store."""
        mark = self._keys.holder(digest, repository)
        if mark and self._storage.stat(mark) is None:
            self._storage.put(mark, b"")
        if not self._has(repository, digest):
            self._storage.put(self._keys.blob(repository, digest), b"")

    def unlink(self, repository: Repository, digest: Digest) -> None:
        """The repository has the blob no more. Raises BlobUnknown."""
        mark = self._keys.holder(digest, repository)
        if mark:
            self._storage.delete(mark)
        if not self._storage.delete(self._keys.blob(repository, digest)):
            raise unknown_blob(digest)

    def holders(self, digest: Digest) -> Iterator[Repository]:
        """The repositories that probably have the blob."""
        for item in self._storage.list(self._keys.holders(digest)):
            with suppress(Invalid):
                yield parse_repository(unescape_segment(item.key.rpartition("/")[2]))

    def _has(self, repository: Repository, digest: Digest) -> bool:
        """Whether the repository has a link that stays; see forgetting."""
        found = self._storage.stat(self._keys.blob(repository, digest))
        return found is not None and found.size == 0


def unknown_blob(digest: Digest) -> BlobUnknown:
    """The refusal for a blob that the repository has not."""
    return BlobUnknown("the repository has no such blob", detail={"digest": digest})
