"""Files and directories that outlast a power failure."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress

from registry.storage.driver import CHUNK


def write_file(path: str, data: bytes) -> None:
    """A new file holds the bytes, durably but for its name."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def join_files(sources: Iterable[str], path: str) -> None:
    """A new file holds the bytes of the sources one after the other, durably but for its name."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for source in sources:
            with open(source, "rb") as part:
                shutil.copyfileobj(part, target, CHUNK)
        target.flush()
        os.fsync(target.fileno())


def sync_file(path: str) -> None:
    """What was written to the file is durable."""
    _sync(path, os.O_RDONLY | os.O_NOFOLLOW)


def sync_directory(path: str) -> None:
    """The names in the directory are durable."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def make_directory(path: str) -> None:
    """The directory exists, durably. Raises FileNotFoundError when a parent is removed meanwhile."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)
        sync_directory(os.path.dirname(directory))


def remove_file(path: str, above: str) -> None:
    """The file is gone, durably, and so are the directories below `above` that it leaves empty."""
    directory = os.path.dirname(path)
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.unlink(path)
        os.fsync(fd)
    finally:
        os.close(fd)
    remove_empty(directory, above)


def remove_empty(directory: str, above: str) -> None:
    """The directory and its parents below `above` are gone as far as they were empty."""
    while len(directory) > len(above):
        try:
            os.rmdir(directory)
        except OSError:
            return
        directory = os.path.dirname(directory)


def _sync(path: str, flags: int) -> None:
    fd = os.open(path, flags)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
