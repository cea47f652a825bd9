"""Referrers: one record for each manifest that has a subject. Spec: distribution-spec, listing referrers."""

from collections.abc import Iterator

from registry.core.digests import Digest
from registry.protocols.oci.names import Repository
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.records import Record, Records, render_record
from registry.storage.storage import Storage


class Referrers:
    """The referrers of one mount. A record is the descriptor that lists show."""

    def __init__(self, storage: Storage, keys: Keys, records: Records) -> None:
        self._storage = storage
        self._keys = keys
        self._records = records

    def add(self, repository: Repository, subject: Digest, digest: Digest, descriptor: Record) -> None:
        """The manifest is listed among the subject's referrers."""
        key = self._keys.referrer(repository, subject, digest)
        if self._records.read(key) != descriptor:
            self._storage.put(key, render_record(descriptor))

    def remove(self, repository: Repository, subject: Digest, digest: Digest) -> None:
        """The manifest is not listed."""
        self._storage.delete(self._keys.referrer(repository, subject, digest))

    def list(self, repository: Repository, subject: Digest, after: str = "") -> Iterator[Record]:
        """The descriptors of the subject's referrers with digests behind `after`, in order of digests."""
        for _, descriptor in self._records.list(self._keys.referrers(repository, subject)):
            if descriptor["digest"] > after:
                yield descriptor
