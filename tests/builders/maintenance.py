"""Stores with a clock of their own, something that names blobs, and runs whose store calls alternate at will."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from greenlet import getcurrent, greenlet

from registry.core.digests import Digest, sha256_digest
from registry.maintenance.gc import Ages, Report, collect, foretell
from registry.storage.driver import ANY, Condition, Driver, Object, Stat, Upload
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage

HOUR = 3600.0
DAY = 24 * HOUR
AGES = Ages(grace=DAY, wait=HOUR)


class Clock:
    """The time, which moves only when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class BucketDriver(MemoryDriver):
    """As S3 is: the same bytes have the same token, and nothing moves without being copied."""

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        data = body.read_bytes() if isinstance(body, Path) else body
        with self._lock:
            stat = replace(super().put(key, data, condition), token=hashlib.md5(data).hexdigest())
            self._objects[key] = Object(stat, data)
        return stat

    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat | None:  # type: ignore[override]
        return None


class CarelessDriver(BucketDriver):
    """As some stores that speak like S3: deletions take no conditions."""

    def delete(self, key: str, condition: Condition = ANY) -> bool:
        return super().delete(key)


def upload(storage: Storage, data: bytes, key: str) -> Stat:
    with storage.blobs.stage([data]) as staged:
        return storage.complete(storage.append(Upload(key), staged.path, final=True))


def name(storage: Storage, digest: Digest) -> None:
    """A record names the blob."""
    storage.put(f"names/{digest[7:]}", b"")


def unname(storage: Storage, digest: Digest) -> None:
    storage.delete(f"names/{digest[7:]}")


def named(storage: Storage) -> Iterator[Digest]:
    for item in storage.list("names/"):
        yield Digest("sha256:" + item.key[6:])


def put_named(storage: Storage, data: bytes) -> Digest:
    digest = storage.blobs.put(data)
    name(storage, digest)
    return digest


def run(storage: Storage, clock: Clock, ages: Ages = AGES, *, dry: bool = False) -> dict[str, int]:
    """How many blobs the run counted under each verdict, without the zeros."""
    do = foretell if dry else collect
    return counts(do(storage, named(storage), ages, clock=clock))


def counts(report: Report) -> dict[str, int]:
    return {str(verdict): tally.blobs for verdict, tally in report.tallies.items() if tally.blobs}


def is_there(storage: Storage, data: bytes) -> bool:
    digest = sha256_digest(data)
    return storage.blobs.stat(digest) is not None and storage.blobs.read(digest, 1 << 20) == data


def keys(storage: Storage, prefix: str = "blobs/") -> list[str]:
    return [item.key for item in storage.list(prefix)]


class PausingDriver:
    """A driver that lets others run before each of its calls on `prefixes`, when `interleave` runs the caller."""

    def __init__(self, driver: Driver, *prefixes: str) -> None:
        self._driver = driver
        self._prefixes = prefixes or ("",)

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._driver, attribute)
        return self._pausing(found) if callable(found) else found

    def _pausing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            key = str(getattr(args[0], "key", args[0])) if args else ""
            if key.startswith(self._prefixes):
                pause()
            return method(*args, **kwargs)

        return call


def pausing_storage(driver: Driver) -> Storage:
    return Storage(cast("Driver", PausingDriver(driver)))


class Killed(BaseException):
    """What ends a task in its tracks: whatever it does to the store from now on fails."""


_killed: set[object] = set()


def pause() -> None:
    """Let others run."""
    current = getcurrent()
    if current in _killed:
        raise Killed
    if current.parent is not None:
        current.parent.switch()


def interleave(tasks: Sequence[Callable[[], object]], choose: Callable[[int], int], steps: int = 10_000) -> bool:
    """Run the tasks, at each step the one of those alive that `choose(how many)` says; False if not all came to an end.

    Those that have not come to an end within that many steps are killed.
    """
    alive = [greenlet(task) for task in tasks]
    while alive and steps:
        number = choose(len(alive))
        alive[number].switch()
        if alive[number].dead:
            del alive[number]
        steps -= 1
    for task in alive:
        _killed.add(task)
        with suppress(Killed):
            task.throw(Killed)
        _killed.discard(task)
    return not alive


def first_then_second(point: int) -> Callable[[int], int]:
    """The first task up to its step of that number, then the second task, then the rest of the first."""
    steps = iter([0] * point)
    return lambda alive: next(steps, alive - 1)
