"""Where identity is kept: small JSON records under keys, each changed by compare-and-swap."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

Record = dict[str, Any]
Change = Callable[[Record | None], Record | None]


class TokenStore(Protocol):
    """Records of users, tokens and logins. Every method may be called from several threads and processes at once.

    Keys are storage keys: segments joined by `/`. Raises Unavailable, Contention or StorageFull.
    """

    def read(self, key: str) -> Record | None:
        """The record as it is now, or None where there is none; it is the caller's own copy."""
        ...

    def update(self, key: str, change: Change) -> Record | None:
        """The record as it is after `change`, which gets the current one (None: absent) and may run several times.

        A change that returns None leaves everything as it is; what it raises is passed on.
        """
        ...

    def delete(self, key: str) -> bool:
        """True when a record was removed, False when there was none."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that start with `prefix`, sorted."""
        ...


def create(store: TokenStore, key: str, record: Record) -> Record:
    """The record at `key`: this one, unless there was one already."""
    return store.update(key, lambda now: None if now is not None else record) or record
