"""The default token store: records in the registry's own store, shared by all its nodes."""

from collections.abc import Iterator

from registry.auth.store import Change, Record
from registry.core.keys import join_key
from registry.core.strict_json import parse_json, render_json
from registry.errors import Internal, Invalid
from registry.storage.driver import Object, Stat
from registry.storage.storage import Storage


class StorageTokenStore:
    """Records below `prefix`. Raises Internal for a record that is damaged."""

    def __init__(self, storage: Storage, prefix: str = "auth") -> None:
        self._storage = storage
        self._prefix = prefix

    def read(self, key: str) -> Record | None:
        """The record, or None."""
        found = self._storage.read(join_key(self._prefix, key))
        return _parse(key, found.data) if isinstance(found, Object) else None

    def update(self, key: str, change: Change) -> Record | None:
        """The record after `change`."""

        def change_bytes(data: bytes | None) -> bytes | None:
            changed = change(None if data is None else _parse(key, data))
            return None if changed is None else render_json(changed)

        found = self._storage.update(join_key(self._prefix, key), change_bytes)
        return _parse(key, found.data) if found else None

    def delete(self, key: str) -> bool:
        """True when a record was removed."""
        return self._storage.delete(join_key(self._prefix, key))

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that start with `prefix`, sorted."""
        for found in self._storage.list(f"{self._prefix}/{prefix}"):
            if isinstance(found, Stat):
                yield found.key.removeprefix(f"{self._prefix}/")


def _parse(key: str, data: bytes) -> Record:
    try:
        record = parse_json(data)
    except Invalid:
        record = None
    if not isinstance(record, dict):
        raise Internal(f"the record {key.partition('/')[0]} is damaged")
    return record
