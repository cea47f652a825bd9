"""A lease: one run of a kind at a time, on any number of nodes."""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from registry.errors import Conflict
from registry.storage.driver import ABSENT, ConditionFailed, Object, matching
from registry.storage.storage import Storage

LIFETIME: Final = 600.0
"""Seconds after which a lease that was not renewed is anybody's."""


class Leased(Conflict):
    """Another run holds the lease, or took it over from this one."""

    code = "leased"


class Lease:
    """Held by this run since `began`, which is a time of the store's clock."""

    def __init__(self, storage: Storage, key: str, clock: Callable[[], float]) -> None:
        """The lease is taken. Raises Leased."""
        self._storage = storage
        self._key = key
        self._clock = clock
        self._owner = secrets.token_hex(16)
        self._renewals = 0
        found = storage.read(key)
        if not isinstance(found, Object):
            self._condition = ABSENT
        elif _is_held(found.data) and clock() < found.stat.modified + LIFETIME:
            raise Leased(f"{_holder(found.data)} is at it")
        else:
            self._condition = matching(found.stat)
        self._write(self._owner)
        stat = storage.stat(key)
        if stat is None:
            raise Leased("the lease was removed")
        self.began = stat.modified

    def keep(self) -> None:
        """The lease is still this run's; called often, it is renewed in time. Raises Leased."""
        if self._clock() >= self._renewed + LIFETIME / 3:
            self._write(self._owner)

    def release(self) -> None:
        """The lease is anybody's, unless it was taken over."""
        with suppress(Leased):
            self._write("")

    def _write(self, owner: str) -> None:
        """Every record differs from the one before, also where version tokens are made from the bytes."""
        self._renewals += 1
        record = {"owner": owner, "host": socket.gethostname(), "pid": os.getpid(), "renewals": self._renewals}
        renewed = self._clock()
        try:
            stat = self._storage.put(self._key, json.dumps(record).encode(), self._condition)
        except ConditionFailed:
            raise Leased("another run has taken over") from None
        self._condition = matching(stat)
        self._renewed = renewed


@contextmanager
def hold_lease(storage: Storage, key: str, clock: Callable[[], float] = time.time) -> Iterator[Lease]:
    """The lease at `key` until the context is left. Raises Leased."""
    lease = Lease(storage, key, clock)
    try:
        yield lease
    finally:
        lease.release()


def _is_held(data: bytes) -> bool:
    return bool(json.loads(data)["owner"])


def _holder(data: bytes) -> str:
    record = json.loads(data)
    return f"process {record['pid']} on {record['host']}"
