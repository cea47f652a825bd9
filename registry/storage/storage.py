"""The store that the rest of the registry sees: objects, blobs, and records changed by compare-and-swap."""

import time
from collections.abc import Callable
from secrets import SystemRandom
from typing import Final

from registry.core.keys import check_key
from registry.errors import Contention, Unavailable
from registry.storage.blobs import Blobs
from registry.storage.driver import ABSENT, ConditionFailed, Driver, Object, matching
from registry.storage.failures import refusal_of
from registry.storage.objects import Objects
from registry.storage.probe import Conditions, probe_conditions
from registry.storage.turns import Turns

UPDATE_SECONDS: Final = 30.0
FIRST_PAUSE: Final = 0.005
LONGEST_PAUSE: Final = 0.25

_random = SystemRandom()


class Storage(Objects):
    """One store; safe to share between threads and greenlets."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver)
        self.blobs = Blobs(self)
        self._turns = Turns()
        self._conditions: Conditions | None = None

    def check_ready(self) -> None:
        """The store takes writes and enforces their conditions, which is tried once for a process.

        Raises StorageFull, Unavailable.
        """
        self.check_writable()
        if not self.enforced().shareable:
            raise Unavailable("the store ignores If-None-Match or If-Match, so writers would lose each other's updates")

    def enforced(self) -> Conditions:
        """Which conditions the store enforces, tried once for a process. Raises StorageFull, Unavailable."""
        if self._conditions is None:
            try:
                self._conditions = probe_conditions(self.driver)
            except OSError as error:
                raise refusal_of(error) from error
        return self._conditions

    def update(self, key: str, change: Callable[[bytes | None], bytes | None]) -> Object | None:
        """What is at the key after `change` was applied; None when nothing is, and `change` left it so.

        `change` gets the bytes there (None: nothing) and returns new ones, or None to leave all as it is. It may run
        several times, must not update the same key, and refuses by raising. Raises Contention when other writers
        were faster for 30 seconds.
        """
        deadline = time.monotonic() + UPDATE_SECONDS
        with self._turns.take(check_key(key), UPDATE_SECONDS) as held:
            pause = FIRST_PAUSE
            while held and time.monotonic() < deadline:
                try:
                    return self._swap(key, change)
                except ConditionFailed:
                    time.sleep(_random.uniform(0, pause))
                    pause = min(2 * pause, LONGEST_PAUSE)
        raise Contention("too many writers change this at once")

    def _swap(self, key: str, change: Callable[[bytes | None], bytes | None]) -> Object | None:
        found = self.read(key)
        current = found if isinstance(found, Object) else None
        data = change(current.data if current else None)
        if data is None:
            return current
        return Object(self.put(key, data, matching(current.stat) if current else ABSENT), data)
