"""Blobs: bytes that never change, named by their sha256 and shared by all protocols.

A blob lies at `blobs/sha256/ab/<hex>`. Where a store cannot move a finished upload, or while an older copy is being
deleted, the pointer `<hex>.at` tells its key instead; `<hex>.tombstone` is garbage collection's.
`blobs/sha512/ab/<hex>` tells the sha256 of a blob that OCI clients also know by its sha512.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import uuid4

from registry.core.digests import Digest, sha256_digest
from registry.errors import Contention, NotFound, TooLarge
from registry.storage.driver import ABSENT, ConditionFailed, KeyMissing, Reader, Stat, matching
from registry.storage.keying import POINTER, SHA256, STRAYS, TOMBSTONE, blob_key, digest_at
from registry.storage.objects import Objects
from registry.storage.positions import Positions
from registry.storage.staging import Staged, StagedWriter
from registry.storage.tombstones import State, Tombstone, Tombstones

ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Plot:
    """What there is of one sha256: the blob's Stat with the key where it lies, and whether it has a tombstone.

    `pointed` is the key to which its pointer leads, if it has one.
    """

    digest: Digest
    stat: Stat | None
    marked: bool
    pointed: str = ""


class Blobs:
    """Put if absent, found by sha256 or by an alias. Raises StorageFull and Unavailable when the store fails.

    A blob that was put, or revived, stays there for a while (see tombstones) to be named in a ledger or a manifest.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._positions = Positions(objects)
        self.tombstones = Tombstones(objects)

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
        self._keep(
            staged.digest,
            staged.size,
            lambda key: self._objects.put(key, staged.path, ABSENT),
            lambda key: self._objects.put(key, staged.path).key,
        )
        staged.discard()
        return staged.digest

    def put(self, data: bytes) -> Digest:
        """The sha256 under which the bytes now are in the store."""
        digest = sha256_digest(data)
        self._keep(
            digest,
            len(data),
            lambda key: self._objects.put(key, data, ABSENT),
            lambda key: self._objects.put(key, data).key,
        )
        return digest

    def adopt(self, upload: Stat, digest: Digest) -> None:
        """The completed upload is the blob of that sha256, which the caller computed from it; no bytes are copied.

        The upload's key is gone afterwards, or belongs to the blob.
        """

        def move(key: str) -> None:
            if self._objects.move(upload.key, key, ABSENT) is None:
                self._positions.point(digest, upload.key, upload.size)

        if not self._keep(digest, upload.size, move, lambda _: upload.key):
            pointer = self._positions.pointer(digest)
            if pointer is None or pointer.key != upload.key:
                self._objects.delete(upload.key)

    def alias(self, sha512: Digest, sha256: Digest) -> None:
        """The blob is found by its sha512 too, which the caller computed from its bytes."""
        self._positions.alias(sha512, sha256)

    def resolve(self, digest: Digest) -> Digest | None:
        """The sha256 of the blob with that digest, should there be one; None for a sha512 that nobody told of."""
        return self._positions.sha256_of(digest)

    def stat(self, digest: Digest) -> Stat | None:
        """The blob's Stat with the key where it lies, or None where there is none."""
        return self._positions.find(digest, self._objects.stat)

    def open(self, digest: Digest, start: int = 0, end: int | None = None) -> Reader:
        """A Reader of the bytes from `start` to `end` (exclusive, clipped). Raises NotFound."""

        def open_at(key: str) -> Reader | None:
            try:
                return self._objects.open(key, start, end)
            except KeyMissing:
                return None

        found = self._positions.find(digest, open_at)
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
        """True when a blob was removed, whoever needs it; `bury` is for one that nobody should need."""
        name = self.resolve(digest)
        if name is None:
            return False
        if name != digest:
            self._positions.forget(digest)
            self._objects.delete(blob_key(digest))
        pointer = self._positions.pointer(name)
        there = self.stat(name) is not None
        self._objects.delete(blob_key(name))
        if pointer:
            self._positions.unpoint(name, pointer, erase=True)
        return there

    def revive(self, digest: Digest) -> bool:
        """Whether the blob is there and stays to be named; if not, its bytes must be put (again)."""
        name = self.resolve(digest)
        return name is not None and self.tombstones.spare(name) is None and self.stat(name) is not None

    def is_condemned(self, digest: Digest) -> bool:
        """Whether nobody should rely on the blob, which is still there for who reads it, without putting it again."""
        name = self.resolve(digest)
        tombstone = self.tombstones.read(name) if name else None
        return tombstone is not None and tombstone.state is not State.SPARED

    def bury(self, tombstone: Tombstone, *, erase: bool = True) -> Tombstone | None:
        """The tombstone of the blob, which is gone, to be removed; None when it was spared, or another burial began.

        `erase` as in `Positions.unpoint`.
        """
        # Invariant: what will be deleted is looked up before the burial begins, so that it is nothing put since.
        own = self._objects.stat(blob_key(tombstone.digest))
        pointer = self._positions.pointer(tombstone.digest)
        burial = self.tombstones.write(tombstone.digest, State.BURYING, tombstone)
        if burial is None:
            return None
        if own:
            with suppress(ConditionFailed):
                self._objects.delete(own.key, matching(own))
        if pointer:
            self._positions.unpoint(tombstone.digest, pointer, erase=erase)
        return burial

    def strays(self, pointed: set[str], before: float) -> Iterator[str]:
        """The keys of uploads that became objects before that time and are no blobs, given all that pointers lead to.

        An upload stays one for a while between its last byte and its digest, or because a request was cut off there.
        """
        for item in self._objects.list(STRAYS):
            if isinstance(item, Stat) and item.modified <= before and item.key not in pointed:
                yield item.key

    def list(self, after: Digest | None = None) -> Iterator[tuple[Digest, Stat]]:
        """Every blob whose sha256 is greater than `after`, in order, with its Stat."""
        return ((plot.digest, plot.stat) for plot in self.plots(after) if plot.stat)

    def plots(self, after: Digest | None = None) -> Iterator[Plot]:
        """Every sha256 greater than `after` that has a blob or a tombstone, in order."""
        items = (item for item in self._objects.list(SHA256, blob_key(after) if after else ""))
        for digest, group in groupby(items, key=lambda item: digest_at(item.key)):
            found = {item.key.removeprefix(blob_key(digest)): item for item in group if isinstance(item, Stat)}
            if digest != after:
                pointer = self._positions.pointer(digest) if POINTER in found else None
                pointed = pointer.key if pointer else ""
                stat = found.get("") or (self._objects.stat(pointed) if pointed else None)
                yield Plot(digest, stat, TOMBSTONE in found, pointed)

    def _keep(self, digest: Digest, size: int, write: Callable[[str], Any], put_aside: Callable[[str], str]) -> bool:
        """Whether the blob had to be written, by `write(key)` or by `put_aside(key)`, which tells the key it took.

        A blob of another size is a damaged one and goes first. Raises Contention.
        """
        for _ in range(ATTEMPTS):
            burial = self.tombstones.spare(digest)
            if burial:
                self._positions.point(digest, put_aside(f"{STRAYS}{uuid4()}"), size)
                if self.tombstones.write(digest, State.SPARED, burial) or self.revive(digest):
                    return True
                break
            found = self.stat(digest)
            if found and found.size == size:
                return False
            if found:
                self.delete(digest)
            try:
                write(blob_key(digest))
            except ConditionFailed:
                continue
            return True
        raise Contention("the blob comes and goes")
