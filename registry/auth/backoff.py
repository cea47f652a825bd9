"""Guessing made slow: who fails too often waits, longer each time."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

from registry.errors import TooManyRequests

FREE_FAILURES: Final = 5
LONGEST_WAIT: Final = 300
FORGOTTEN_AFTER: Final = 3600
MAX_REMEMBERED: Final = 10_000

T = TypeVar("T")


@dataclass(slots=True)
class _Failures:
    count: int
    latest: float

    @property
    def until(self) -> float:
        beyond = self.count - FREE_FAILURES
        return self.latest + min(2.0**beyond, LONGEST_WAIT) if beyond >= 0 else self.latest


class Backoff:
    """Counts failures per user and network address in this process: five are free, then the wait doubles to 300 s."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._lock = Lock()
        self._turns = [Lock() for _ in range(64)]

    def attempt(self, user: str, ip: str, verify: Callable[[], T | None]) -> T | None:
        """What `verify` answers; None is a failure. Attempts for one user from one address take turns.

        So a burst of guesses gets no further than guesses in a row. Raises TooManyRequests.
        """
        who = (user[:128], _network(ip))
        with self._turns[hash(who) % len(self._turns)]:
            self._check(who)
            answer = verify()
            self._note(who, failed=answer is None)
        return answer

    def _check(self, who: tuple[str, str]) -> None:
        with self._lock:
            failures = self._failures.get(who)
            wait = failures.until - self._clock() if failures else 0.0
        if wait > 0:
            raise TooManyRequests("too many failed logins", retry_after=int(wait) + 1)

    def _note(self, who: tuple[str, str], *, failed: bool) -> None:
        now = self._clock()
        with self._lock:
            before = self._failures.pop(who, None)
            if not failed:
                return
            recent = before.count if before and now - before.latest < FORGOTTEN_AFTER else 0
            self._failures[who] = _Failures(recent + 1, now)
            if len(self._failures) > MAX_REMEMBERED:
                self._failures.popitem(last=False)


def _network(ip: str) -> str:
    """The address, or for IPv6 the /64 that one caller owns."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else ip
