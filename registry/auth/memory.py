"""Verified credentials, remembered for some seconds so that not every request is verified anew."""

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock

from registry.auth.auth_token import AuthToken


class Memory:
    """At most `limit` credentials for at most `seconds`, in this process only, found by a keyed hash.

    What failed is never remembered.
    """

    def __init__(self, seconds: float, *, limit: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._limit = limit
        self._clock = clock
        self._secret = os.urandom(32)
        self._known: OrderedDict[bytes, tuple[AuthToken, float]] = OrderedDict()
        self._lock = Lock()
        self._changes = 0

    def key(self, *parts: str) -> bytes:
        """Where credentials of these parts are kept; no secret can be read from it."""
        # The representation tells any two tuples apart, and holds no lone surrogate.
        return blake2b(repr(parts).encode(), key=self._secret, digest_size=32).digest()

    @property
    def changes(self) -> int:
        """How often something was forgotten; read it before verifying, for `keep`."""
        return self._changes

    def get(self, key: bytes) -> AuthToken | None:
        """What was kept under the key, if its time is not over."""
        found = self._known.get(key)
        return found[0] if found and self._clock() < found[1] else None

    def keep(self, key: bytes, token: AuthToken, changes: int) -> None:
        """The token is remembered, unless something was forgotten since `changes` was read: then it may be stale."""
        with self._lock:
            if changes != self._changes:
                return
            self._known.pop(key, None)
            self._known[key] = (token, self._clock() + self._seconds)
            if len(self._known) > self._limit:
                self._known.popitem(last=False)

    def forget(self, user: str) -> None:
        """Nothing about the user is remembered."""
        with self._lock:
            self._changes += 1
            for key in [key for key, (token, _) in self._known.items() if token.user == user]:
                del self._known[key]
