"""The feed of a mount: every change that a listing can see, in order, each once.

A change is stored in the package's ledger together with the event that the feed is owed; delivering appends what the
feed lacks. Events of one package come in order of revision, so the feed's last event of a package tells what it has.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.catalog.ledger_store import LedgerStore
from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing, listing_from_json, listing_to_json
from registry.core.ledger import Entry
from registry.errors import StorageFull, Unavailable


@dataclass(frozen=True, slots=True)
class Event:
    """One change: `actor` (user id, empty when unknown) did `action` to `version` of `package`.

    `seq` counts from 1 without gaps; `at` is ISO 8601 in UTC with milliseconds. `revision` is the ledger's after the
    change, `listing` what a listing shows from then on (None: not listed), `token` the ledger's when it was delivered.
    """

    seq: int
    at: str
    actor: str
    action: str
    package: str
    version: str
    revision: int
    listing: Listing | None
    token: str


class Feed:
    """The feed at one key."""

    def __init__(
        self,
        ledgers: LedgerStore,
        key: str,
        listing: Callable[[Ledger], Listing | None],
        frozen_revision: Callable[[str, int], int],
    ) -> None:
        """`frozen_revision(package, count)` is the package's revision after at least the first `count` events."""
        self._ledgers = ledgers
        self._key = key
        self._listing = listing
        self._frozen_revision = frozen_revision
        self._empty = ledgers.empty("", history=True)
        self._latest: Ledger | None = None

    def read(self) -> Ledger:
        """The feed as it is now; one entry for each event, under the package's name."""
        found = self._ledgers.read(self._key)
        self._latest = feed = self._empty if found is None else found
        return feed

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events behind the first `after`, oldest first."""
        for entry in self.read().after(after):
            yield parse_event(entry)

    def delivered(self, package: str) -> int:
        """A revision up to which the feed surely has the package's events."""
        return self._revision(package, self._known())

    def deliver(self, ledger: Ledger) -> None:
        """The feed has all events of the package. Costs nothing when this process knows that it has."""
        if self._lacking(ledger, self._known()):
            self._latest = self._ledgers.update(self._key, self._empty, lambda feed: self._with_events(ledger, feed))

    def withdraw(self, package: str, event: Mapping[str, Any]) -> None:
        """The package, whose ledger is gone, is no longer listed, unless something else has happened to it.

        The event has the revision of the feed's last one of the package.
        """

        def step(feed: Ledger) -> Ledger | None:
            if self._revision(package, feed) != event["revision"]:
                return None
            return feed.amended(Change([_render_event(feed.count + 1, package, event, None, "")]))

        self._latest = self._ledgers.update(self._key, self._empty, step)

    def _known(self) -> Ledger:
        """The feed as this process saw it last."""
        return self.read() if self._latest is None else self._latest

    def _with_events(self, ledger: Ledger, feed: Ledger) -> Ledger | None:
        lacking = self._lacking(ledger, feed)
        if not lacking:
            return None
        listing = self._listing(ledger)
        numbered = enumerate(lacking, feed.count + 1)
        return feed.amended(
            Change([_render_event(seq, ledger.name, event, listing, ledger.token) for seq, event in numbered])
        )

    def _lacking(self, ledger: Ledger, feed: Ledger) -> list[Mapping[str, Any]]:
        """The ledger's events that the feed, as given, does not have."""
        if not ledger.events:
            return []
        revision = self._revision(ledger.name, feed)
        return [event for event in ledger.events if event["revision"] > revision]

    def _revision(self, package: str, feed: Ledger) -> int:
        """The revision of the package's last event in the feed as given, 0 when there is none."""
        if package in feed.newest or not feed.frozen:
            return _last_revision(package, feed)
        try:
            return self._frozen_revision(package, feed.frozen)
        except (Unavailable, StorageFull):  # of the node's index, without which this is slow and still right
            return _last_revision(package, feed)


def _last_revision(package: str, feed: Ledger) -> int:
    last = feed.get(package)
    return 0 if last is None else int(last["revision"])


def parse_event(entry: Entry) -> Event:
    """The event in an entry of the feed."""
    listing = entry["listing"]
    return Event(
        seq=entry["seq"],
        at=entry["at"],
        actor=entry["actor"],
        action=entry["action"],
        package=entry["key"],
        version=entry["version"],
        revision=entry["revision"],
        listing=None if listing is None else listing_from_json(listing),
        token=entry["token"],
    )


def _render_event(seq: int, package: str, event: Mapping[str, Any], listing: Listing | None, token: str) -> Entry:
    shown = None if listing is None else listing_to_json(listing)
    return {"key": package, "seq": seq, **event, "listing": shown, "token": token}
