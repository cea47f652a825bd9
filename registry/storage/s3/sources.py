"""Request bodies out of scratch files, read piecewise and again when boto3 repeats a request."""

import io
import os
from pathlib import Path
from typing import BinaryIO, Self

from registry.offload import breathe

BLOCK = 1 << 20


class Source:
    """`head` followed by the bytes of the file at `path`, if there is one; a context manager that keeps it open."""

    def __init__(self, path: Path | None, head: bytes = b"") -> None:
        self.head = head
        self._file = None if path is None else path.open("rb", buffering=0)
        self.size = len(head) + (os.fstat(self._file.fileno()).st_size if self._file else 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def part(self, start: int, size: int) -> BinaryIO:
        """A seekable stream of `size` bytes from `start`."""
        return io.BufferedReader(_Part(self, start, size), BLOCK)

    def read_into(self, buffer: memoryview, start: int) -> int:
        """The number of bytes copied from `start` into the buffer, at least one."""
        if start < len(self.head):
            piece = self.head[start : start + len(buffer)]
            buffer[: len(piece)] = piece
            return len(piece)
        count = os.preadv(self._file.fileno(), [buffer], start - len(self.head)) if self._file else 0
        if not count:
            raise OSError("a scratch file became shorter while it was sent")
        return count


class _Part(io.RawIOBase):
    """Other greenlets run between blocks: neither hashing nor sending over loopback would let them."""

    def __init__(self, source: Source, start: int, size: int) -> None:
        self._source = source
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        breathe()
        room = min(len(buffer), self._size - self._at)
        if room <= 0:
            return 0
        count = self._source.read_into(memoryview(buffer)[:room], self._start + self._at)
        self._at += count
        return count
