"""Whether a store keeps the conditions that everything else relies on, found out by trying."""

import errno
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

from registry.storage.driver import ABSENT, Condition, ConditionFailed, Driver, Object, matching

RACERS = 4


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which conditions the store enforces: ABSENT in a write, a token in a write, a token in a deletion."""

    create: bool
    swap: bool
    delete: bool

    @property
    def shareable(self) -> bool:
        """Several writers can use the store without losing updates."""
        return self.create and self.swap


def probe_conditions(driver: Driver) -> Conditions:
    """What the store enforces, tried in turn and by racing writers with small objects that are gone afterwards.

    They are below `_probe/`. Raises OSError when the store fails.
    """
    key = f"_probe/{secrets.token_hex(8)}"
    driver.put(key, b"here")
    try:
        return Conditions(_creates(driver, f"{key}-create"), _swaps(driver, key), _deletes(driver, key))
    finally:
        driver.delete(key)
        driver.delete(f"{key}-create")


def _creates(driver: Driver, key: str) -> bool:
    if _race(driver, key, ABSENT) != 1:
        return False
    return not _carried_out(lambda: driver.put(key, b"again", ABSENT)) and _data(driver, key) != b"again"


def _swaps(driver: Driver, key: str) -> bool:
    old, new = driver.put(key, b"old"), driver.put(key, b"new")
    if _carried_out(lambda: driver.put(key, b"stale", matching(old))) or _data(driver, key) != b"new":
        return False
    return _race(driver, key, matching(new)) == 1


def _deletes(driver: Driver, key: str) -> bool:
    old, new = driver.put(key, b"old"), driver.put(key, b"new")
    if _carried_out(lambda: driver.delete(key, matching(old))) or _data(driver, key) != b"new":
        return False
    return _carried_out(lambda: driver.delete(key, matching(new))) and driver.stat(key) is None


def _race(driver: Driver, key: str, condition: Condition) -> int:
    """How many of several simultaneous writers under the same condition were let through."""
    outcomes: list[bool | OSError] = []

    def run(number: int) -> None:
        try:
            outcomes.append(_carried_out(lambda: driver.put(key, b"racer %d" % number, condition)))
        except OSError as error:
            outcomes.append(error)

    threads = [Thread(target=run, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outcome in outcomes:
        if isinstance(outcome, OSError):
            raise outcome
    return outcomes.count(True)


def _carried_out(work: Callable[[], object]) -> bool:
    try:
        work()
    except ConditionFailed:
        return False
    except OSError as error:
        # A store that knows of no such condition may say so instead of ignoring it.
        if error.errno == errno.ENOTSUP:
            return False
        raise
    return True


def _data(driver: Driver, key: str) -> bytes | None:
    found = driver.read(key)
    return found.data if isinstance(found, Object) else None
