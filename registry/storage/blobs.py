"""Blobs: bytes that never change, named by their sha256 and shared by all protocols.

A blob lies at `blobs/sha256/ab/<hex>`. Where a store cannot move a finished upload, the pointer `<hex>.at` tells its
key instead. `blobs/sha512/ab/<hex>` tells the sha256 of a blob that OCI clients also know by its sha512.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any, Final, TypeVar

from registry.core.digests import Digest, algorithm_of, hex_of, sha256_digest
from registry.errors import Contention, NotFound, TooLarge
from registry.storage.driver import ABSENT, ConditionFailed, KeyMissing, Object, Reader, Stat, matching
from registry.storage.objects import Objects
from registry.storage.staging import Staged, StagedWriter

T = TypeVar("T")
POSITIONS: Final = 16_384
ATTEMPTS: Final = 5
POINTER: Final = ".at"
SHA256: Final = "blobs/sha256/"


def blob_key(digest: Digest) -> str:
    """The key that the digest's own object, or its alias, has."""
    name = hex_of(digest)
    return f"blobs/{algorithm_of(digest)}/{name[:2]}/{name}"


class Blobs:
    """Put if absent, found by sha256 or by an alias. Raises StorageFull and Unavailable when the store fails."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, str] = {}
        self._lock = Lock()

    def writer(self, algorithms: Iterable[str] = (), limit: int | None = None) -> StagedWriter:
        """A context to write into, on the store's own file system; sha256 is always computed."""
        return StagedWriter(self._objects.driver.scratch(), algorithms, limit)

    def stage(self, chunks: Iterable[bytes], algorithms: Iterable[str] = (), limit: int | None = None) -> Staged:
        """All the chunks, to be committed or discarded by the caller. Raises TooLarge, and what the chunks raise."""
        with self.writer(algorithms, limit) as writer:
            for chunk in chunks:
                writer.write(chunk)
            return writer.finish()

    def commit(self, staged: Staged) -> Digest:
        """The sha256 under which the staged bytes now are in the store; the staged file is gone."""
        self._keep(staged.digest, staged.size, lambda key: self._objects.put(key, staged.path, ABSENT))
        staged.discard()
        return staged.digest

    def put(self, data: bytes) -> Digest:
        """The sha256 under which the bytes now are in the store."""
        digest = sha256_digest(data)
        self._keep(digest, len(data), lambda key: self._objects.put(key, data, ABSENT))
        return digest

    def adopt(self, upload: Stat, digest: Digest) -> None:
        """The completed upload is the blob of that sha256, which the caller computed from it; no bytes are copied.

        The upload's key is gone afterwards, or belongs to the blob.
        """

        def move(key: str) -> None:
            if self._objects.move(upload.key, key, ABSENT) is None:
                dangling = self._objects.stat(key + POINTER)
                pointer = json.dumps({"key": upload.key, "size": upload.size}).encode()
                self._objects.put(key + POINTER, pointer, matching(dangling) if dangling else ABSENT)

        self._keep(digest, upload.size, move)
        found = self.stat(digest)
        if found and found.key != upload.key:
            self._objects.delete(upload.key)

    def alias(self, sha512: Digest, sha256: Digest) -> None:
        """The blob is found by its sha512 too, which the caller computed from its bytes."""
        record = json.dumps({"sha256": sha256}).encode()
        found = self._objects.read(blob_key(sha512))
        if not isinstance(found, Object) or found.data != record:
            self._objects.put(blob_key(sha512), record)

    def stat(self, digest: Digest) -> Stat | None:
        """The blob's Stat with the key where it lies, or None where there is none."""
        return self._find(digest, self._objects.stat)

    def open(self, digest: Digest, start: int = 0, end: int | None = None) -> Reader:
        """A Reader of the bytes from `start` to `end` (exclusive, clipped). Raises NotFound."""

        def open_at(key: str) -> Reader | None:
            try:
                return self._objects.open(key, start, end)
            except KeyMissing:
                return None

        found = self._find(digest, open_at)
        if found is None:
            raise NotFound("no such blob")
        return found

    def read(self, digest: Digest, limit: int) -> bytes:
        """All the bytes of a blob that fits into memory. Raises NotFound, TooLarge."""
        reader = self.open(digest)
        try:
            if reader.stat.size > limit:
                raise TooLarge(limit, "the blob")
            return b"".join(reader)
        finally:
            reader.close()

    def url(self, digest: Digest, seconds: int, filename: str = "", content_type: str = "") -> str | None:
        """A self-sufficient URL to read the blob for that long; None where the store has none, or has no such blob."""
        found = self.stat(digest)
        return self._objects.url(found.key, seconds, filename, content_type) if found else None

    def delete(self, digest: Digest) -> bool:
        """True when a blob was removed."""
        name = self._sha256_of(digest)
        if name is None:
            return False
        if name != digest:
            self._forget(digest)
            self._objects.delete(blob_key(digest))
        key = blob_key(name)
        pointed = self._pointer(key)
        removed = self._objects.delete(key)
        if pointed:
            self._forget(name)
            self._objects.delete(key + POINTER)
            removed |= self._objects.delete(pointed)
        return removed

    def list(self, after: Digest | None = None) -> Iterator[tuple[Digest, Stat]]:
        """Every blob whose sha256 is greater than `after`, in order, with its Stat."""
        last = after
        for item in self._objects.list(SHA256, blob_key(after) if after else ""):
            name = Digest("sha256:" + item.key.rpartition("/")[2].removesuffix(POINTER))
            found = self.stat(name) if item.key.endswith(POINTER) else item
            if name != last and isinstance(found, Stat):
                last = name
                yield name, found

    def _keep(self, digest: Digest, size: int, write: Callable[[str], Any]) -> None:
        """The blob is there: as it was, or by `write(key)`. One of another size is a damaged one and goes first."""
        for _ in range(ATTEMPTS):
            found = self.stat(digest)
            if found and found.size == size:
                return
            if found:
                self.delete(digest)
            try:
                write(blob_key(digest))
            except ConditionFailed:
                continue
            return
        raise Contention("the blob comes and goes")

    def _find(self, digest: Digest, look: Callable[[str], T | None]) -> T | None:
        """What `look(key)` gives where the blob lies, or None."""
        name = self._sha256_of(digest)
        if name is None:
            return None
        known = self._known.get(name)
        found = look(known) if known else None
        if found is not None:
            return found
        key = blob_key(name)
        found = look(key)
        if found is None:
            pointed = self._pointer(key)
            found = look(pointed) if pointed else None
            if pointed and found is not None:
                self._remember(name, pointed)
        return found

    def _sha256_of(self, digest: Digest) -> Digest | None:
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

    def _pointer(self, key: str) -> str | None:
        found = self._objects.read(key + POINTER)
        return str(json.loads(found.data)["key"]) if isinstance(found, Object) else None

    def _remember(self, name: str, position: str) -> None:
        with self._lock:
            if len(self._known) >= POSITIONS:
                del self._known[next(iter(self._known))]
            self._known[name] = position

    def _forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)
