"""The parts of unfinished uploads.

An append goes on in the last part's file if that ends where the upload ends. It does not when another append, racing
or interrupted, wrote or writes there already; then it makes a file of its own. So what an Upload names is never
changed: whoever writes does so behind it, and the first to do so only.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from registry.storage.driver import CHUNK, Upload
from registry.storage.filesystem.durable import sync_file
from registry.storage.filesystem.naming import name_file

PATIENCE: Final = 30.0
PAUSE: Final = 0.01


class Parts:
    """Part files below one directory, by upload; a part is named in the Upload as `<file> <bytes>`."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def add(self, upload: Upload, body: Path) -> Upload:
        """The upload with the bytes of the file, durably."""
        size = body.stat(follow_symlinks=False).st_size
        if upload.parts:
            name, length = _split(upload.parts[-1])
            if _extend(f"{self._folder(upload)}/{name}", length, body):
                return replace(upload, size=upload.size + size, parts=(*upload.parts[:-1], f"{name} {length + size}"))
        sync_file(str(body))
        name = uuid4().hex
        name_file(str(body), f"{self._folder(upload)}/{name}", replace=True)
        return replace(upload, size=upload.size + size, parts=(*upload.parts, f"{name} {size}"))

    @contextmanager
    def finished(self, upload: Upload) -> Iterator[list[str] | None]:
        """The files that make up the upload, in order, which end where they should and do not grow while this lasts.

        None when some are gone. Raises TimeoutError while an append goes on.
        """
        folder = self._folder(upload)
        paths = []
        with ExitStack() as held:
            for name, length in map(_split, upload.parts):
                paths.append(f"{folder}/{name}")
                try:
                    fd = os.open(paths[-1], os.O_RDWR | os.O_NOFOLLOW)
                except FileNotFoundError:
                    yield None
                    return
                held.callback(os.close, fd)
                if not _cut(fd, length):
                    yield None
                    return
            yield paths

    def drop(self, upload: Upload) -> None:
        """Nothing of the upload is left, not even parts that it does not name."""
        shutil.rmtree(self._folder(upload), ignore_errors=True)

    def _folder(self, upload: Upload) -> str:
        return f"{self._directory}/{hashlib.sha256(upload.key.encode()).hexdigest()}"


def _split(part: str) -> tuple[str, int]:
    name, _, length = part.partition(" ")
    return name, int(length)


def _extend(path: str, length: int, body: Path) -> bool:
    """Whether the bytes of the other file are now, durably, in this one behind its first `length` bytes.

    They are not where the file is longer, is being written to, or has become an object.
    """
    try:
        target = open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW), "ab")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return False
    with target, body.open("rb") as source:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
            named, opened = os.stat(path, follow_symlinks=False), os.fstat(target.fileno())
        except (BlockingIOError, FileNotFoundError):
            return False
        if opened.st_size != length or named.st_ino != opened.st_ino:
            return False
        shutil.copyfileobj(source, target, CHUNK)
        target.flush()
        os.fsync(target.fileno())
    return True


def _cut(fd: int, length: int) -> bool:
    """The file is locked as long as it is open, and ends after `length` bytes, durably; False when it is shorter."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "bytes are still being added to the upload") from None
            time.sleep(PAUSE)
        else:
            break
    size = os.fstat(fd).st_size
    if size > length:
        os.ftruncate(fd, length)
        os.fsync(fd)
    return size >= length
