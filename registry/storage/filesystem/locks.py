"""Writers of one key take turns, among the threads of a process and among processes."""

import errno
import fcntl
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import SystemRandom
from threading import Lock
from typing import Final

SHARDS: Final = 256
PATIENCE: Final = 30.0
FIRST_PAUSE: Final = 0.0005
LONGEST_PAUSE: Final = 0.02

_random = SystemRandom()


class Turn:
    """A shard's lock while it is held, with the shard's clock."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def stamp(self) -> int:
        """Nanoseconds greater than every stamp that this shard ever gave, and about the time now.

        The greatest one is kept as the lock file's own time, so it outlives deleted objects, processes and a clock
        that is set back.
        """
        stamp = max(time.time_ns(), os.fstat(self._fd).st_mtime_ns + 1)
        os.utime(self._fd, ns=(stamp, stamp))
        return stamp


class Shards:
    """One lock per shard of keys: a threading lock first, then a file lock.

    A blocking flock would stop every greenlet of the process, the holder too, hence tries and pauses.
    """

    def __init__(self, directory: str) -> None:
        """All lock files exist, so that a full disk does not keep anybody from deleting."""
        self._paths = [f"{directory}/{number:02x}" for number in range(SHARDS)]
        self._locks = [Lock() for _ in range(SHARDS)]
        for path in self._paths:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))

    @contextmanager
    def hold(self, key: str) -> Iterator[Turn]:
        """The key's shard is held until the context is left. Raises TimeoutError after half a minute."""
        shard = zlib.crc32(key.encode()) % SHARDS
        deadline = time.monotonic() + PATIENCE
        if not self._locks[shard].acquire(timeout=PATIENCE):
            raise TimeoutError(errno.ETIMEDOUT, "another thread holds the lock")
        try:
            fd = os.open(self._paths[shard], os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _lock(fd, deadline)
                yield Turn(fd)
            finally:
                os.close(fd)
        finally:
            self._locks[shard].release()


def _lock(fd: int, deadline: float) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another process holds the lock") from None
            time.sleep(_random.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return
