"""Memory for what was read or made before, bounded in bytes. Losing any of it changes nothing but speed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from registry.offload import shared_lock

if TYPE_CHECKING:
    from registry.catalog.ledgers import Ledger
    from registry.catalog.renditions import Kept
    from registry.core.ledger import Lines

MIB: Final = 1 << 20

V = TypeVar("V")


class ByteCache(Generic[V]):
    """The most recently used values whose sizes sum to at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._items: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._lock = shared_lock()  # pages are rendered by offloaded work, too

    def get(self, key: Hashable) -> V | None:
        """The value kept under the key, or None."""
        with self._lock:
            found = self._items.get(key)
            if found is None:
                return None
            self._items.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: V, size: int) -> None:
        """The value is kept instead of what the key had, unless it is larger than the whole cache."""
        with self._lock:
            self._drop(key)
            if size > self.limit:
                return
            self._items[key] = (value, size)
            self.size += size
            while self.size > self.limit:
                self._drop(next(iter(self._items)))

    def discard(self, key: Hashable) -> None:
        """Nothing is kept under the key."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        found = self._items.pop(key, None)
        if found is not None:
            self.size -= found[1]


class Caches:
    """The caches that all catalogs of a process share.

    Renditions take up to `max_bytes`; what they are made from, as much again.
    """

    def __init__(self, max_bytes: int = 64 * MIB) -> None:
        self.renditions: ByteCache[Kept] = ByteCache(max_bytes)
        self.segments: ByteCache[Lines] = ByteCache(max_bytes // 2)
        self.fragments: ByteCache[Mapping[str, bytes]] = ByteCache(max_bytes // 4)
        self.heads: ByteCache[Ledger] = ByteCache(max_bytes // 4)
