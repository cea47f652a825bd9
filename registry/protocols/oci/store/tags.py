"""Tags: one record each, moved by swaps. Spec: distribution-spec, pushing manifests and listing tags."""

import re
from contextlib import suppress

from registry.core.digests import Digest
from registry.core.keys import unescape_segment
from registry.errors import ConfigError
from registry.protocols.oci.names import Repository, Tag
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.records import Records, parse_record, render_record
from registry.protocols.oci.store.refusals import ManifestUnknown, TagFixed
from registry.storage.driver import ConditionFailed
from registry.storage.storage import Storage


class Tags:
    """The tags of one mount. A tag that fits the pattern `fixed` stays with its manifest; an empty one fits none."""

    def __init__(self, storage: Storage, keys: Keys, records: Records, fixed: str = "") -> None:
        """Raises ConfigError for a pattern that is no regular expression."""
        self._storage = storage
        self._keys = keys
        self._records = records
        try:
            self._fixed = re.compile(fixed) if fixed else None
        except re.error as error:
            raise ConfigError(f"the pattern of immutable tags is no regular expression: {error}") from None

    def find(self, repository: Repository, tag: Tag) -> Digest:
        """The digest of the manifest that has the tag. Raises ManifestUnknown."""
        record = self._records.read(self._keys.tag(repository, tag))
        if record is None:
            raise ManifestUnknown("the repository has no such tag", detail={"tag": tag})
        return Digest(record["digest"])

    def check(self, repository: Repository, tag: Tag, digest: Digest) -> None:
        """The manifest may get the tag. Raises TagFixed."""
        record = self._records.read(self._keys.tag(repository, tag))
        self._check(tag, digest, Digest(record["digest"]) if record else None)

    def set(self, repository: Repository, tag: Tag, digest: Digest) -> bool:
        """The manifest has the tag; whether it had to be set for that. Raises TagFixed."""
        now: Digest | None = None

        def change(current: bytes | None) -> bytes | None:
            nonlocal now
            now = Digest(parse_record(current)["digest"]) if current is not None else None
            self._check(tag, digest, now)
            return None if now == digest else render_record({"digest": digest})

        self._storage.update(self._keys.tag(repository, tag), change)
        return now != digest

    def delete(self, repository: Repository, tag: Tag) -> None:
        """No manifest has the tag. Raises ManifestUnknown."""
        if not self._storage.delete(self._keys.tag(repository, tag)):
            raise ManifestUnknown("the repository has no such tag", detail={"tag": tag})

    def names(self, repository: Repository) -> list[str]:
        """All tags in byte order, which is not that of their keys."""
        return sorted(self._tag_of(item.key) for item in self._storage.list(self._keys.tags(repository)))

    def release(self, repository: Repository, digest: Digest) -> list[str]:
        """The tags that the manifest had, and now has not."""
        released = []
        for key, record in self._records.list(self._keys.tags(repository)):
            if record["digest"] == digest and self._delete_unmoved(key, digest):
                released.append(self._tag_of(key))
        return released

    def _check(self, tag: Tag, digest: Digest, now: Digest | None) -> None:
        if now not in (None, digest) and self._fixed and self._fixed.fullmatch(tag):
            raise TagFixed(f"the tag {tag} stays with its manifest", detail={"tag": tag, "digest": now})

    def _delete_unmoved(self, key: str, digest: Digest) -> bool:
        found = self._records.find(key)
        if found is None or found.value["digest"] != digest:
            return False
        with suppress(ConditionFailed):
            return self._storage.delete(key, found.unchanged)
        return False

    def _tag_of(self, key: str) -> str:
        return unescape_segment(key.rpartition("/")[2])
