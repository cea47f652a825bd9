"""One at a time per key, among the threads and greenlets of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary


class Turns:
    """Locks that exist while somebody holds or wants them."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._locks: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    @contextmanager
    def take(self, key: str, seconds: float) -> Iterator[bool]:
        """True with the key's lock held until the context is left; False when it was not to be had in that time."""
        with self._guard:
            lock = self._locks.setdefault(key, Lock())
        held = lock.acquire(timeout=seconds)
        try:
            yield held
        finally:
            if held:
                lock.release()
