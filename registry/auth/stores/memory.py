"""A token store in the memory of one process, for tests and for embedding."""

from collections.abc import Iterator
from threading import RLock

from registry.auth.store import Change, Record
from registry.core.strict_json import parse_json, render_json


class MemoryTokenStore:
    """Records in a dictionary; gone with the process."""

    def __init__(self) -> None:
        self._records: dict[str, bytes] = {}
        self._lock = RLock()

    def read(self, key: str) -> Record | None:
        """The record, or None."""
        data = self._records.get(key)
        return None if data is None else parse_json(data)

    def update(self, key: str, change: Change) -> Record | None:
        """The record after `change`."""
        with self._lock:
            changed = change(self.read(key))
            if changed is not None:
                self._records[key] = render_json(changed)
            return self.read(key)

    def delete(self, key: str) -> bool:
        """True when a record was removed."""
        with self._lock:
            return self._records.pop(key, None) is not None

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that start with `prefix`, sorted."""
        with self._lock:
            found = sorted(key for key in self._records if key.startswith(prefix))
        yield from found
