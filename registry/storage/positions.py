"""Where the bytes of a blob lie: at the blob's own key, or where its pointer says; and the sha256 behind a sha512."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

from registry.core.digests import Digest, algorithm_of
from registry.errors import Contention
from registry.storage.driver import ABSENT, ConditionFailed, Object, Stat, matching
from registry.storage.keying import POINTER, blob_key
from registry.storage.objects import Objects

T = TypeVar("T")
REMEMBERED: Final = 16_384
ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Pointer:
    """The record that tells where a blob's bytes lie; `key` is empty in one that no longer does."""

    stat: Stat
    key: str


class Positions:
    """The positions of all blobs of a store; those that had to be looked up are remembered."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, str] = {}
        self._lock = Lock()

    def find(self, digest: Digest, look: Callable[[str], T | None]) -> T | None:
        """What `look(key)` gives where the blob lies, or None."""
        name = self.sha256_of(digest)
        if name is None:
            return None
        known = self._known.get(name)
        found = look(known) if known else None
        if found is not None:
            return found
        found = look(blob_key(name))
        if found is None:
            pointer = self.pointer(name)
            found = look(pointer.key) if pointer and pointer.key else None
            if pointer and found is not None:
                self._remember(name, pointer.key)
        return found

    def pointer(self, digest: Digest) -> Pointer | None:
        """The blob's pointer, or None. The digest is a sha256 here and below."""
        found = self._objects.read(blob_key(digest) + POINTER)
        return Pointer(found.stat, str(json.loads(found.data)["key"])) if isinstance(found, Object) else None

    def point(self, digest: Digest, key: str, size: int) -> None:
        """The blob lies at `key` too, and no more where an earlier pointer said. Raises Contention."""
        record = json.dumps({"key": key, "size": size}).encode()
        for _ in range(ATTEMPTS):
            before = self.pointer(digest)
            try:
                self._objects.put(blob_key(digest) + POINTER, record, matching(before.stat) if before else ABSENT)
            except ConditionFailed:
                continue
            if before and before.key not in ("", key):
                self._objects.delete(before.key)
            return
        raise Contention("the blob is uploaded by too many at once")

    def unpoint(self, digest: Digest, pointer: Pointer, *, erase: bool) -> None:
        """The blob does not lie there, unless the pointer was replaced.

        `erase` leaves no record; without it an empty one stays, which is right on a store where a deletion cannot
        depend on a token.
        """
        self.forget(digest)
        if pointer.key:
            self._objects.delete(pointer.key)
        try:
            if erase:
                self._objects.delete(pointer.stat.key, matching(pointer.stat))
            elif pointer.key:
                self._objects.put(pointer.stat.key, json.dumps({"key": "", "size": 0}).encode(), matching(pointer.stat))
        except ConditionFailed:
            pass

    def alias(self, sha512: Digest, sha256: Digest) -> None:
        """The blob is found by its sha512 too."""
        record = json.dumps({"sha256": sha256}).encode()
        found = self._objects.read(blob_key(sha512))
        if not isinstance(found, Object) or found.data != record:
            self._objects.put(blob_key(sha512), record)

    def sha256_of(self, digest: Digest) -> Digest | None:
        """The digest itself, or the sha256 that its alias names, or None."""
        if algorithm_of(digest) == "sha256":
            return digest
        known = self._known.get(digest)
        if known is None:
            found = self._objects.read(blob_key(digest))
            if not isinstance(found, Object):
                return None
            known = str(json.loads(found.data)["sha256"])
            self._remember(digest, known)
        return Digest(known)

    def forget(self, digest: Digest) -> None:
        """Nothing is remembered of the digest."""
        with self._lock:
            self._known.pop(digest, None)

    def _remember(self, name: str, position: str) -> None:
        with self._lock:
            if len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[name] = position
