"""The ledgers of a store: read with one look when they are known, changed by compare and swap, group by group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from registry.catalog.caches import Caches
from registry.catalog.grouping import Grouping, Ticket
from registry.catalog.ledgers import Ledger
from registry.catalog.segments import Segments
from registry.core.ledger import Header, Lines, parse_head
from registry.storage.driver import UNCHANGED, Object, Unchanged
from registry.storage.storage import Storage

Step = Callable[[Ledger], Ledger | None]

_HEAD_FACTOR: Final = 2  # the index of a head takes about as much as its lines


@dataclass(frozen=True, slots=True)
class _Work:
    empty: Ledger
    step: Step


class LedgerStore:
    """All ledgers of one store."""

    def __init__(self, storage: Storage, caches: Caches, clock: Callable[[], float]) -> None:
        self._storage = storage
        self._segments = Segments(storage.blobs, caches)
        self._heads = caches.heads
        self._clock = clock
        self._grouping: Grouping[_Work, Ledger] = Grouping(self._swap)

    def read(self, key: str) -> Ledger | None:
        """The ledger as it is now, or None. Raises LedgerTooNew and LedgerDamaged."""
        found = self.read_unless(key, None)
        return None if found is UNCHANGED else found

    def read_unless(self, key: str, token: str | None) -> Ledger | Unchanged | None:
        """As `read`, but UNCHANGED when its token is still `token` and the ledger is not at hand."""
        known = self._heads.get(key)
        found = self._storage.read(key, unless=token if known is None else known.token)
        if found is UNCHANGED:
            return UNCHANGED if known is None else known
        if found is None:
            self._heads.discard(key)
            return None
        return self._keep(found, self._parse(found.data))

    def empty(self, name: str, *, history: bool = False) -> Ledger:
        """A ledger that does not exist yet."""
        return Ledger(Header(name, history=history), Lines(), self._segments)

    def update(self, key: str, empty: Ledger, step: Step) -> Ledger:
        """The ledger after the step, which is pure, gets the ledger (or `empty`) and may run several times.

        Steps that meet in this process are stored in one swap, each on top of the one before. A step that returns
        None changes nothing; what a step raises reaches its own caller only. Raises Contention, and what the store
        raises.
        """
        return self._grouping.submit(key, _Work(empty, step))

    def _swap(self, key: str, tickets: Sequence[Ticket[_Work, Ledger]]) -> None:
        last = tickets[0].work.empty

        def change(data: bytes | None) -> bytes | None:
            nonlocal last
            before = last = tickets[0].work.empty if data is None else self._parse(data)
            for ticket in tickets:
                last = _attempt(ticket, last)
            if last is before:
                return None
            last = last.stamped(int(self._clock()))
            return last.render()

        stored = self._storage.update(key, change)
        if stored is not None:
            last = self._keep(stored, last)
        for ticket in tickets:
            ticket.result = last

    def _parse(self, data: bytes) -> Ledger:
        header, newest = parse_head(data)
        return Ledger(header, newest, self._segments)

    def _keep(self, found: Object, ledger: Ledger) -> Ledger:
        ledger = ledger.stored(found.stat.token)
        self._heads.put(found.stat.key, ledger, _HEAD_FACTOR * len(found.data))
        return ledger


def _attempt(ticket: Ticket[_Work, Ledger], ledger: Ledger) -> Ledger:
    """The ledger after the ticket's step, or the same one."""
    ticket.error = None
    try:
        after = ticket.work.step(ledger)
    except Exception as error:  # noqa: BLE001 - raised again in the caller whose step it is
        ticket.error = error
        return ledger
    return ledger if after is None else after
