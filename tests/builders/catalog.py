"""Catalogs with packages in them, and drivers that count, or fail on purpose."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from registry.auth.actor import Actor
from registry.catalog.caches import Caches
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing
from registry.catalog.renditions import Page
from registry.errors import AlreadyExists
from registry.storage.driver import Driver
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage

ALICE = Actor("alice", ())
BOB = Actor("bob", ())


class Interrupted(BaseException):
    """What ends a process in its tracks, as far as the code under test can tell."""


class WatchedDriver:
    """A driver that counts calls and bytes put; `before` and `after` see each call and its key, and may raise."""

    def __init__(self, driver: Driver | None = None) -> None:
        self._driver = driver or MemoryDriver()
        self.calls: Counter[str] = Counter()
        self.keys: Counter[tuple[str, str]] = Counter()
        self.written = 0
        self.before: Callable[[str, str], None] = lambda call, key: None
        self.after: Callable[[str, str], None] = lambda call, key: None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._driver, name)
        return self._watched(name, found) if callable(found) else found

    def _watched(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            key = str(args[0]) if args else ""
            self.before(name, key)
            self.calls[name] += 1
            self.keys[name, key] += 1
            if name == "put":
                self.written += len(args[1]) if isinstance(args[1], bytes) else args[1].stat().st_size
            result = method(*args, **kwargs)
            self.after(name, key)
            return result

        return run

    @property
    def reads(self) -> int:
        """How often the store was looked at."""
        return sum(self.calls[name] for name in ("stat", "read", "open", "list"))


def storage_on(driver: WatchedDriver) -> Storage:
    return Storage(cast("Driver", driver))


def list_package(ledger: Ledger) -> Listing | None:
    """Listed while it has a version; says what the state says."""
    versions = ledger.keys()
    if not versions:
        return None
    state = ledger.state
    return Listing(
        name=ledger.name,
        version=versions[-1],
        description=str(state.get("description", "")),
        keywords=tuple(state.get("keywords", ())),
        author=str(state.get("author", "")),
        maintainers=tuple(state.get("maintainers", ())),
        labels=tuple(state.get("labels", ())),
        modified=ledger.modified,
    )


def open_catalog(directory: Path, storage: Storage | None = None, **options: Any) -> Catalog:
    """A catalog of the mount `npm`, in memory unless a storage is given."""
    options = {"listing": list_package, "caches": Caches(), **options}
    return Catalog(storage or Storage(MemoryDriver()), "npm", directory=directory, **options)


def publish(catalog: Catalog, name: str = "left-pad", version: str = "1.0.0", *, pad: int = 0, **state: Any) -> Ledger:
    """The version is there; publishing it again with the same content succeeds, with another one does not."""
    entry = {"key": version, "pad": "x" * pad}

    def change(ledger: Ledger) -> Change | None:
        found = ledger.get(version)
        if found == entry and not state:
            return None
        if found is not None and found != entry:
            raise AlreadyExists(f"{name} {version} is there")
        return Change([entry], {**ledger.state, **state} if state else None)

    return catalog.update(name, change, action="publish", actor=ALICE, version=version)


def remove(catalog: Catalog, name: str, version: str) -> Ledger:
    """The version is gone."""

    def change(ledger: Ledger) -> Change | None:
        return Change([{"key": version, "removed": True}]) if version in ledger else None

    return catalog.update(name, change, action="delete", actor=BOB, version=version)


def render_keys(ledger: Ledger) -> Page:
    """A page with a line for each version."""
    return Page("text/plain", "".join(f"{entry['key']}\n" for entry in ledger).encode())


def feed_lines(catalog: Catalog) -> list[tuple[int, str, str, int]]:
    """Number, package, version and revision of each event."""
    return [(event.seq, event.package, event.version, event.revision) for event in catalog.feed.events()]
