"""Manifests: their bytes are blobs, their membership of a repository is a record with the type they came with.

Spec: distribution-spec, pushing manifests and deleting manifests.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from registry.auth.actor import Actor
from registry.catalog.caches import ByteCache
from registry.core.digests import Digest, algorithm_of, sha256_digest
from registry.errors import NotFound
from registry.protocols.oci.artifact import (
    MAX_MANIFEST,
    Descriptor,
    Manifest,
    ManifestInvalid,
    describe_referrer,
    parse_manifest,
)
from registry.protocols.oci.media_types import MANIFESTS
from registry.protocols.oci.names import DigestInvalid, Repository, Tag, is_digest
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.memberships import Memberships
from registry.protocols.oci.store.records import Records, parse_record, render_record
from registry.protocols.oci.store.referrers import Referrers
from registry.protocols.oci.store.refusals import ManifestUnknown, ReferencesUnknown
from registry.protocols.oci.store.repositories import Repositories
from registry.protocols.oci.store.tags import Tags
from registry.storage.storage import Storage

OVERHEAD: Final = 500


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest that a repository has."""

    digest: Digest
    media_type: str
    size: int


class Manifests:
    """The manifests of one mount; `sparse` ones may refer to manifests that are not there."""

    def __init__(
        self,
        storage: Storage,
        keys: Keys,
        records: Records,
        members: Memberships,
        tags: Tags,
        referrers: Referrers,
        repositories: Repositories,
        *,
        sparse: bool,
        cache: int,
    ) -> None:
        self._storage = storage
        self._keys = keys
        self._records = records
        self._members = members
        self._tags = tags
        self._referrers = referrers
        self._repositories = repositories
        self._sparse = sparse
        self._bodies: ByteCache[bytes] = ByteCache(cache)

    def find(self, repository: Repository, reference: Digest | Tag) -> Stored:
        """The manifest with that digest or tag. Raises ManifestUnknown."""
        digest = Digest(reference) if is_digest(reference) else self._tags.find(repository, Tag(reference))
        record = self._records.read(self._keys.manifest(repository, digest))
        if record is None:
            raise ManifestUnknown("the repository has no such manifest", detail={"reference": reference})
        return Stored(digest, record["type"], record["size"])

    def read(self, stored: Stored) -> bytes:
        """The bytes of the manifest as they were pushed. Raises ManifestUnknown."""
        kept = self._bodies.get(stored.digest)
        if kept is None:
            try:
                kept = self._storage.blobs.read(stored.digest, MAX_MANIFEST)
            except NotFound:
                raise ManifestUnknown("the bytes of this manifest are gone") from None
            self._bodies.put(stored.digest, kept, len(kept) + OVERHEAD)
        return kept

    def put(
        self,
        repository: Repository,
        reference: Digest | Tag,
        tags: Sequence[Tag],
        body: bytes,
        manifest: Manifest,
        actor: Actor,
    ) -> Digest:
        """The digest of the manifest, which the repository now has, under these tags and the one in the reference.

        Raises DigestInvalid, ManifestInvalid, ReferencesUnknown, TagFixed.
        """
        digest = _digest_for(reference, body)
        tags = list(tags) if is_digest(reference) else [Tag(reference), *tags]
        self._check_references(repository, manifest)
        for tag in tags:
            self._tags.check(repository, tag, digest)
        changed = self._keep(repository, digest, body, manifest)
        for tag in tags:
            changed |= self._tags.set(repository, tag, digest)
        if self._storage.stat(self._keys.manifest(repository, digest)) is None:
            self._keep(repository, digest, body, manifest)  # deleted meanwhile, perhaps before there were the tags
        self._repositories.note_push(repository, digest, tags, manifest, actor, changed=changed)
        return digest

    def delete(self, repository: Repository, digest: Digest, actor: Actor) -> None:
        """The repository has neither the manifest nor tags of it. Raises ManifestUnknown."""
        record = self._records.read(self._keys.manifest(repository, digest))
        if record is None:
            raise ManifestUnknown("the repository has no such manifest", detail={"digest": digest})
        self._tags.release(repository, digest)
        if record.get("subject"):
            self._referrers.remove(repository, Digest(record["subject"]), digest)
        self._storage.delete(self._keys.manifest(repository, digest))
        self._repositories.note_deletion(repository, digest, actor)

    def delete_tag(self, repository: Repository, tag: Tag, actor: Actor) -> None:
        """No manifest has the tag. Raises ManifestUnknown."""
        self._tags.delete(repository, tag)
        self._repositories.note_deletion(repository, tag, actor)

    def references(self) -> Iterator[Digest]:
        """The digests of all manifests, and of all blobs that they are made of, some repeatedly.

        Raises ManifestUnknown, ManifestInvalid when a manifest cannot be read: then this was not all.
        """
        for item in self._storage.list(self._keys.repositories()):
            record = self._records.read(item.key) if "/_manifests/" in item.key else None
            if record is not None:
                algorithm, name = item.key.split("/")[-2:]
                stored = Stored(Digest(f"{algorithm}:{name}"), record["type"], record["size"])
                manifest = parse_manifest(self.read(stored), stored.media_type)
                yield stored.digest
                yield from (each.digest for each in (*manifest.blobs, *manifest.manifests))

    def _keep(self, repository: Repository, digest: Digest, body: bytes, manifest: Manifest) -> bool:
        """Bytes, record and referrer are there; whether the record is new. Raises ManifestInvalid for another type."""
        found = self._storage.blobs.put(body)
        if found != digest:
            self._storage.blobs.alias(digest, found)
        subject = manifest.subject.digest if manifest.subject else ""
        record = {"type": manifest.media_type, "size": len(body), "subject": subject}
        created = False

        def change(current: bytes | None) -> bytes | None:
            nonlocal created
            created = current is None
            if current is None:
                return render_record(record)
            if parse_record(current)["type"] != manifest.media_type:
                raise ManifestInvalid("the repository has this manifest with another media type")
            return None

        self._storage.update(self._keys.manifest(repository, digest), change)
        if manifest.subject:
            descriptor = describe_referrer(manifest, digest, len(body))
            self._referrers.add(repository, manifest.subject.digest, digest, descriptor)
        return created

    def _check_references(self, repository: Repository, manifest: Manifest) -> None:
        """Raises ReferencesUnknown with all that is missing, and ManifestInvalid for a size that is not right."""
        wanted = {each.digest: each for each in manifest.blobs if not each.elsewhere}
        missing = [each.digest for each in wanted.values() if not self._fits(each, self._blob_size(repository, each))]
        if not self._sparse:
            children = {each.digest: each for each in manifest.manifests if not each.elsewhere}
            missing += self._missing_children(repository, children.values())
        if missing:
            raise ReferencesUnknown(missing)

    def _missing_children(self, repository: Repository, children: Iterable[Descriptor]) -> Iterator[Digest]:
        for each in children:
            record = self._records.read(self._keys.manifest(repository, each.digest))
            size = record["size"] if record else None
            if size is None and each.media_type not in MANIFESTS:
                size = self._blob_size(repository, each)  # BuildKit's caches are indexes of layers
            if not self._fits(each, size):
                yield each.digest

    def _blob_size(self, repository: Repository, descriptor: Descriptor) -> int | None:
        found = self._members.revive(repository, descriptor.digest)
        return found.size if found else None

    def _fits(self, descriptor: Descriptor, size: int | None) -> bool:
        if size not in (None, descriptor.size):
            raise ManifestInvalid(f"{descriptor.digest} has {size} bytes, not {descriptor.size}")
        return size is not None


def _digest_for(reference: Digest | Tag, body: bytes) -> Digest:
    """The digest of the body, by the algorithm of the reference. Raises DigestInvalid."""
    if not is_digest(reference):
        return sha256_digest(body)
    algorithm = algorithm_of(Digest(reference))
    digest = Digest(f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}")
    if digest != reference:
        raise DigestInvalid("the manifest has another digest", detail={"digest": digest})
    return digest
