"""Objects as files, read without locks: a file never changes once it has its name."""

import errno
import os
import stat as modes
from collections.abc import Iterator
from io import FileIO
from typing import Final

from registry.offload import offload
from registry.storage.driver import CHUNK, KeyMissing, Object, Stat

WORTH_OFFLOADING: Final = 256 << 10


def describe(key: str, found: os.stat_result) -> Stat:
    """The Stat of the object in that file."""
    token = f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"
    return Stat(key, found.st_size, token, found.st_mtime)


def stat_file(key: str, path: str) -> Stat | None:
    """The object's Stat; None where there is no regular file."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return describe(key, found) if modes.S_ISREG(found.st_mode) else None


def read_file(key: str, path: str) -> Object | None:
    """The whole object; None where there is no regular file."""
    try:
        reader = open_file(key, path, 0, None)
    except KeyMissing:
        return None
    return Object(reader.stat, b"".join(reader))


def open_file(key: str, path: str, start: int, end: int | None) -> "FileReader":
    """A Reader of the object. Raises KeyMissing where there is no regular file."""
    try:
        file = FileIO(path, opener=_open_itself)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise KeyMissing(key) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise KeyMissing(key) from None
        raise
    stat = describe(key, os.fstat(file.fileno()))
    stop = stat.size if end is None else min(end, stat.size)
    return FileReader(file, stat, min(start, stop), stop)


def _open_itself(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


class FileReader:
    """A part of one version of an object; the open file keeps it even when the object is replaced or deleted."""

    def __init__(self, file: FileIO, stat: Stat, start: int, end: int) -> None:
        self.stat = stat
        self.start = start
        self.end = end
        self._file = file

    @property
    def sendfile_range(self) -> tuple[FileIO, int, int]:
        """The open file, the offset and the count of these bytes."""
        return self._file, self.start, self.end - self.start

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of at most 1 MiB."""
        at, fd = self.start, self._file.fileno()
        with self._file:
            while at < self.end:
                chunk = _pread(fd, min(CHUNK, self.end - at), at)
                at += len(chunk)
                yield chunk

    def close(self) -> None:
        """The file is closed."""
        self._file.close()


def _pread(fd: int, size: int, at: int) -> bytes:
    chunk = offload(os.pread, fd, size, at) if size >= WORTH_OFFLOADING else os.pread(fd, size, at)
    if not chunk:
        raise OSError(errno.EIO, "the file lost its end")
    return chunk
