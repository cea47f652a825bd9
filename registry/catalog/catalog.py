"""The catalog of a mount: its packages' ledgers, what clients read of them, its feed, and what spans packages."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from registry.auth.actor import ANONYMOUS, Actor
from registry.catalog.caches import Caches
from registry.catalog.feed import Feed
from registry.catalog.ledger_store import LedgerStore
from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing
from registry.catalog.projection import Projection, read_packages
from registry.catalog.renditions import LARGE, Page, Rendition, Renditions
from registry.catalog.search import (
    Query,
    SearchResult,
    Visible,
    iter_listings,
    iter_names,
    iter_rows,
    read_listing,
    search,
)
from registry.core.keys import escape_segment, join_key, unescape_segment
from registry.offload import offload
from registry.storage.driver import UNCHANGED, Stat
from registry.storage.storage import Storage

_LEDGER: Final = "_ledger.jsonl"


class Catalog:
    """One per mount and process; safe to share between threads and greenlets. Nothing is read before it is asked for.

    All methods raise LedgerTooNew and LedgerDamaged for a ledger that cannot be read, Invalid for a name that makes no
    key, and what the store raises.
    """

    def __init__(
        self,
        storage: Storage,
        prefix: str,
        *,
        listing: Callable[[Ledger], Listing | None],
        directory: Path,
        caches: Caches | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`listing` is pure: what listings show of a package, None for nothing. `directory` is the node's own."""
        caches = caches or Caches()
        self._storage = storage
        self._prefix = prefix
        self._clock = clock
        self._feed_key = join_key(prefix, "_feed.jsonl")
        self._ledgers = LedgerStore(storage, caches, clock)
        self._renditions = Renditions(caches.renditions)
        self._projection = Projection(directory / "packages", lambda: self.feed.read())  # noqa: PLW0108 - made below
        self.feed = Feed(self._ledgers, self._feed_key, listing, self._projection.revision)

    def package(self, name: str) -> Ledger | None:
        """The package's ledger as it is now, or None."""
        return self._ledgers.read(self._key(name))

    def update(
        self, name: str, change: Callable[[Ledger], Change | None], *, action: str, actor: Actor, version: str = ""
    ) -> Ledger:
        """The ledger after the change, which the package's ledger and then the feed hold.

        `change` is pure, may run several times, gets a ledger of revision 0 for a new package, and refuses by
        raising; None means that there is nothing to change: then only what the feed lacks is completed. Changes that
        meet in this process share a swap. Raises Contention, and what the change raises.
        """

        def step(ledger: Ledger) -> Ledger | None:
            wanted = change(ledger)
            if wanted is None:
                return None
            event = None if wanted.quiet else self._event(action, actor, version)
            return ledger.amended(wanted, event, self.feed.delivered(name))

        ledger = self._ledgers.update(self._key(name), self._ledgers.empty(name), step)
        self.feed.deliver(ledger)
        return ledger

    def rendition(self, name: str, representation: str, render: Callable[[Ledger], Page]) -> Rendition | None:
        """What `render` makes of the package's ledger, or None where there is no package.

        `render` is pure, and `representation` names it and all that it depends on besides the ledger. It runs once
        for a version of the ledger while the rendition is kept; otherwise this is one look at the store.
        """
        return self.prepared_rendition(name, representation, lambda _: render)

    def prepared_rendition(
        self, name: str, representation: str, prepare: Callable[[Ledger], Callable[[Ledger], Page]]
    ) -> Rendition | None:
        """As `rendition`, by what `prepare` returns, which may read blobs that the ledger names; `render` may not."""
        key = self._key(name)
        kept = self._renditions.kept(key, representation)
        found = self._ledgers.read_unless(key, kept.token if kept else None)
        if kept and (found is UNCHANGED or (found and found.token == kept.token)):
            return kept.rendition
        if found is None or found is UNCHANGED:
            return None
        ledger = found
        return self._renditions.make(
            key, representation, ledger.token, ledger.modified, lambda: _render(ledger, prepare(ledger))
        )

    def index_rendition(self, representation: str, render: Callable[[Iterable[Listing]], Page]) -> Rendition:
        """What `render` makes of all listings, in byte order of names; as `rendition`, by the version of the feed."""
        feed = self.feed.read()
        kept = self._renditions.kept(self._feed_key, representation)
        if kept and kept.token == feed.token:
            return kept.rendition
        return self._renditions.make(
            self._feed_key,
            representation,
            feed.token,
            feed.modified,
            lambda: self._projection.ask(lambda connection: render(iter_rows(connection))),
        )

    def search(self, query: Query, visible: Visible | None = None) -> SearchResult:
        """A page of the matches whose names are `visible`: by name first, then by relevance."""
        return search(self._projection, query, visible)

    def listings(self, after: str = "", visible: Visible | None = None) -> Iterator[Listing]:
        """The listings of `visible` packages behind the name `after`, in byte order of names."""
        return iter_listings(self._projection, after, visible)

    def names(self, after: str = "", visible: Visible | None = None) -> Iterator[str]:
        """The names of listed and `visible` packages behind `after`, in byte order."""
        return iter_names(self._projection, after, visible)

    def listing(self, name: str) -> Listing | None:
        """What listings show of the package, or None."""
        return self._projection.ask(lambda connection: read_listing(connection, name))

    def reconcile(self) -> int:
        """How many packages had to be looked at until the feed agreed with the ledgers.

        Those are the packages whose ledgers were written since the feed's last event of them: by an update that was
        cut short, by a quiet one, or by restoring a backup. May run on several nodes, and while updates do.
        """
        known = self._projection.ask(read_packages)
        looked = 0
        for name, token in self._iter_packages():
            seen = known.pop(name, None)
            if seen is None or seen.token != token:
                self.reconcile_package(name)
                looked += 1
        for name, gone in known.items():
            if gone.listed and self.package(name) is None:
                self.feed.withdraw(name, {"revision": gone.revision, **self._event("restore", ANONYMOUS, "")})
                looked += 1
        return looked

    def reconcile_package(self, name: str) -> None:
        """The feed agrees with the package's ledger."""
        self.feed.read()
        delivered = self.feed.delivered(name)  # before the ledger, so that only an older ledger can be behind it
        ledger = self.package(name)
        if ledger and ledger.revision < delivered:
            ledger = self.update(name, lambda _: Change(), action="restore", actor=ANONYMOUS)
        if ledger and ledger.events:
            self.feed.deliver(ledger)
            self._projection.note_token(name, ledger.events[-1]["revision"], ledger.token)

    def references(self) -> Iterator[str]:
        """The digests of all blobs that the mount's ledgers name, some repeatedly; an exception means: not all."""
        for name, _ in self._iter_packages():
            ledger = self.package(name)
            if ledger:
                yield from ledger.references()
        yield from (ref.digest for ref in self.feed.read().segments)

    def close(self) -> None:
        """No file is held open; the catalog may be used again."""
        self._projection.close()

    def _key(self, name: str) -> str:
        return join_key(self._prefix, "packages", *map(escape_segment, name.split("/")), _LEDGER)

    def _iter_packages(self) -> Iterator[tuple[str, str]]:
        """Name and version token of every ledger."""
        start, end = f"{self._prefix}/packages/", f"/{_LEDGER}"
        for item in self._storage.list(start):
            if isinstance(item, Stat) and item.key.endswith(end):
                segments = item.key[len(start) : -len(end)].split("/")
                yield "/".join(map(unescape_segment, segments)), item.token

    def _event(self, action: str, actor: Actor, version: str) -> dict[str, Any]:
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"at": now, "actor": actor.user or "", "action": action, "version": version}


def _render(ledger: Ledger, render: Callable[[Ledger], Page]) -> Page:
    if ledger.size > LARGE:
        return offload(render, ledger.pinned())
    return render(ledger)
