"""Small JSON objects, each at a key of its own, and each read again only when it was changed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from registry.catalog.caches import ByteCache
from registry.errors import Unavailable
from registry.storage.driver import UNCHANGED, Condition, Object, Stat, matching
from registry.storage.storage import Storage

Record = Mapping[str, Any]

OVERHEAD: Final = 1000


class Found(NamedTuple):
    """A record, and the condition that it is still the same."""

    value: Record
    unchanged: Condition


class Records:
    """The records of a store, which are never changed once they are read."""

    def __init__(self, storage: Storage, limit: int) -> None:
        """Up to `limit` bytes of them are remembered by their version tokens."""
        self._storage = storage
        self._kept: ByteCache[tuple[str, Record]] = ByteCache(limit)

    def read(self, key: str) -> Record | None:
        """The record as it is now, or None. One look at the store when it has not changed."""
        found = self.find(key)
        return found.value if found else None

    def find(self, key: str) -> Found | None:
        """The same, with the condition for a change of it."""
        kept = self._kept.get(key)
        found = self._storage.read(key, kept[0] if kept else None)
        if found is UNCHANGED and kept:
            return Found(kept[1], Condition(token=kept[0]))
        if not isinstance(found, Object):
            return None
        return Found(self._keep(found), matching(found.stat))

    def list(self, prefix: str) -> Iterator[tuple[str, Record]]:
        """Key and value of all records below the prefix, in order of keys."""
        for item in self._storage.list(prefix):
            if isinstance(item, Stat):
                kept = self._kept.get(item.key)
                value = kept[1] if kept and kept[0] == item.token else self.read(item.key)
                if value is not None:
                    yield item.key, value

    def _keep(self, found: Object) -> Record:
        value = parse_record(found.data)
        self._kept.put(found.stat.key, (found.stat.token, value), found.stat.size * 2 + OVERHEAD)
        return value


def parse_record(data: bytes) -> Record:
    """The record in the bytes. Raises Unavailable for damaged ones: a client must not take them for absent."""
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unavailable("a record of this repository is damaged")
    return value


def render_record(value: Record) -> bytes:
    """The bytes of a record."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
