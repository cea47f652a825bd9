"""Bytes on their way into the store: counted, limited and hashed while they are written to a scratch file."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from registry.core.digests import Digest, MultiHash
from registry.errors import TooLarge
from registry.offload import offload
from registry.storage.failures import refusal_of

BLOCK = 1 << 20
WORTH_OFFLOADING = 256 << 10


class Staged:
    """A scratch file that holds all the bytes; leaving the context deletes what is left of it."""

    def __init__(self, path: Path, size: int, digests: dict[str, str]) -> None:
        self.path = path
        self.size = size
        self.digests = digests
        """Lower-case hex by algorithm; sha256 is always among them."""

    @property
    def digest(self) -> Digest:
        """The sha256 Digest, which names the bytes in the store."""
        return Digest(f"sha256:{self.digests['sha256']}")

    def open(self) -> BinaryIO:
        """The file from its start, for the caller to close."""
        return self.path.open("rb")

    def discard(self) -> None:
        """The file is gone."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


class Hashes(Protocol):
    """What bytes are hashed with on their way."""

    def update(self, data: memoryview) -> None:
        """The bytes are hashed."""
        ...

    def hexdigests(self) -> dict[str, str]:
        """The lower-case hex of all that was hashed so far, by algorithm."""
        ...


class StagedWriter:
    """Takes bytes piecewise; memory stays flat. Leaving the context without `finish` deletes the file."""

    def __init__(
        self,
        directory: Path,
        algorithms: Iterable[str] = (),
        limit: int | None = None,
        hashes: "Hashes | None" = None,
    ) -> None:
        """Nothing is written yet; `limit` is the greatest size, None for no limit. Raises StorageFull, Unavailable.

        With `hashes` given they go on with what is written here, instead of new ones for `algorithms`.
        """
        self.size = 0
        self._limit = limit
        self._hash: Hashes = hashes or MultiHash(dict.fromkeys(("sha256", *algorithms)))
        self._buffer = bytearray()
        try:
            self._fd, name = tempfile.mkstemp(dir=directory)
        except OSError as error:
            raise refusal_of(error) from error
        self._path = Path(name)
        self._kept = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """The bytes count as received; the caller may reuse their buffer. Raises TooLarge, StorageFull, Unavailable."""
        self.size += memoryview(data).nbytes
        if self._limit is not None and self.size > self._limit:
            raise TooLarge(self._limit)
        if not self._buffer and len(data) >= BLOCK:
            self._store(memoryview(data))
            return
        self._buffer += data
        if len(self._buffer) >= BLOCK:
            self._flush()

    def finish(self) -> Staged:
        """All that was written, to be committed or discarded by the caller. Raises StorageFull, Unavailable."""
        self._flush()
        self._close()
        self._kept = True
        return Staged(self._path, self.size, self._hash.hexdigests())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if not self._kept:
            self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        block, self._buffer = self._buffer, bytearray()
        if block:
            self._store(memoryview(block))

    def _store(self, block: memoryview) -> None:
        try:
            if block.nbytes >= WORTH_OFFLOADING:
                offload(self._hash_and_write, block)
            else:
                self._hash_and_write(block)
        except OSError as error:
            raise refusal_of(error) from error

    def _hash_and_write(self, block: memoryview) -> None:
        self._hash.update(block)
        while block:
            block = block[os.write(self._fd, block) :]

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
