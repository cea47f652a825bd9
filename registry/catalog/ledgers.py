"""The ledger of a package or a mount, as it was at one moment."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from registry.catalog.segments import Segments, render_fragments
from registry.core.ledger import (
    Entry,
    Header,
    LedgerDamaged,
    Lines,
    SegmentRef,
    compacted,
    iter_pieces,
    order_keys,
    render_head,
)

FREEZE_AT: Final = 256 * 1024
PIECE: Final = 4 << 20
FEW: Final = 16


@dataclass(frozen=True, slots=True)
class Change:
    """What to append, and the new state (None: as it is). A `quiet` change shows in no listing and makes no event."""

    entries: Sequence[Entry] = ()
    state: Mapping[str, Any] | None = None
    quiet: bool = False


class Ledger:
    """An immutable view, true even when it has no entries.

    Entries are fresh objects at each call; the state is shared and must not be changed.

    Reading an entry, or all, may load frozen segments from the store, each once: the methods that do raise
    LedgerDamaged when one cannot be read, and Unavailable when the store does not answer.
    """

    __slots__ = ("_header", "_pinned", "_segments", "newest", "token")

    def __init__(
        self,
        header: Header,
        newest: Lines,
        segments: Segments,
        token: str = "",
        pinned: tuple[Lines, ...] | None = None,
    ) -> None:
        self._header = header
        self._segments = segments
        self._pinned = pinned
        self.newest = newest
        self.token = token

    @property
    def name(self) -> str:
        """The package's name; empty for the ledger of a mount."""
        return self._header.name

    @property
    def revision(self) -> int:
        """How many changes were made, 0 for a package that does not exist yet; grows with each change."""
        return self._header.revision

    @property
    def created(self) -> int:
        """When the first change was made, in Unix seconds."""
        return self._header.created

    @property
    def modified(self) -> int:
        """When the last change was stored, in Unix seconds: at least one later than the change before.

        Of a mount's ledger, which may change many times a second for days, it is only never earlier.
        """
        return self._header.modified

    @property
    def state(self) -> Mapping[str, Any]:
        """What belongs to the package as a whole: tags, owners, status, tombstones."""
        return self._header.state

    @property
    def events(self) -> tuple[Mapping[str, Any], ...]:
        """The latest changes that a listing can see, oldest first; the feed may lack them."""
        return self._header.events

    @property
    def segments(self) -> tuple[SegmentRef, ...]:
        """The frozen part, oldest first."""
        return self._header.segments

    @property
    def frozen(self) -> int:
        """How many entries are frozen, overruled ones included."""
        return sum(ref.count for ref in self.segments)

    @property
    def count(self) -> int:
        """How many entries were appended and are kept, overruled ones included."""
        return self.frozen + self.newest.count

    @property
    def size(self) -> int:
        """How many bytes the entries take, overruled ones included."""
        return len(self.newest.data) + sum(ref.size for ref in self.segments)

    def get(self, key: str) -> Entry | None:
        """The entry with that key, or None."""
        run = self._run_with(key)
        return None if run is None else run.entry(key)

    def __contains__(self, key: str) -> bool:
        return self._run_with(key) is not None

    def keys(self) -> list[str]:
        """The keys of all entries in order of first publication."""
        return list(order_keys(self._runs()))

    def __len__(self) -> int:
        return len(self.keys())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Entry]:
        runs = self._runs()
        for key, index in order_keys(runs).items():
            yield runs[index].entry(key)

    def after(self, count: int) -> Iterator[Entry]:
        """All entries behind the first `count` as they were appended, overruled ones and removals included."""
        for ref in self.segments:
            if count < ref.count:
                yield from self._load(ref).after(count)
            count = max(0, count - ref.count)
        yield from self.newest.after(count)

    def newest_first(self) -> Iterator[Entry]:
        """The entry of each key, in no useful order, one run after the other: memory holds the keys, not the ledger."""
        seen: set[str] = set()
        for run in self._newest_first():
            yield from (entry for key, entry in run.items() if key not in seen)
            seen.update(run.keys(), run.removed)

    def fragments(self, representation: str, render: Callable[[Entry], bytes]) -> Iterator[tuple[str, bytes]]:
        """Each key with what `render` makes of its entry, in order of first publication.

        `render` is pure, and `representation` names it and all that it depends on besides the entry (such as the
        server's URL): what it made of a frozen entry is used again.
        """
        runs = self._runs()
        frozen = zip(self.segments, runs, strict=False)
        made = [self._segments.fragments(ref, run, representation, render) for ref, run in frozen]
        made.append(render_fragments(self.newest, render))
        for key, index in order_keys(runs).items():
            yield key, made[index][key]

    def references(self) -> Iterator[str]:
        """The digests of the blobs to keep: the segments, and those that the `blobs` of an entry or of the state name.

        Raises LedgerDamaged for `blobs` that are no mapping to digests.
        """
        yield from (ref.digest for ref in self.segments)
        for holder in (self.state, *self):
            blobs = holder.get("blobs", {})
            if not isinstance(blobs, Mapping) or not all(isinstance(digest, str) for digest in blobs.values()):
                raise LedgerDamaged(f"an entry of {self.name} names its blobs in an unknown way")
            yield from blobs.values()

    def pinned(self) -> "Ledger":
        """The same view, with all that it may have to read from the store already read."""
        return Ledger(self._header, self.newest, self._segments, self.token, tuple(map(self._load, self.segments)))

    def amended(self, change: Change, event: Mapping[str, Any] | None = None, delivered: int = 0) -> "Ledger":
        """The view after the change, which the event describes.

        The feed holds the events up to the revision `delivered`: they are dropped here, but never the last of all.
        """
        header = self._header
        revision = max(header.revision, delivered) + 1
        owed = tuple(each for each in header.events if each["revision"] > delivered)
        if event is not None:
            owed = (*owed, {"revision": revision, **event})
        state = header.state if change.state is None else change.state
        header = replace(header, revision=revision, state=state, events=owed or header.events[-1:])
        return Ledger(header, self.newest.extended(change.entries), self._segments)

    def stamped(self, now: int) -> "Ledger":
        """The view as it is to be stored at that time: dated, and with old entries frozen when the head has grown."""
        earliest = self.modified + (0 if self._header.history else 1)
        header = replace(self._header, created=self.created or now, modified=max(now, earliest))
        newest = self.newest
        if len(newest.data) > FREEZE_AT:
            segments, newest = self._frozen()
            header = replace(header, segments=segments)
        return Ledger(header, newest, self._segments)

    def stored(self, token: str) -> "Ledger":
        """The same view, known to be stored under this version token."""
        return Ledger(self._header, self.newest, self._segments, token, self._pinned)

    def render(self) -> bytes:
        """The object to store. Raises Invalid for a state that JSON cannot hold."""
        return render_head(self._header, self.newest)

    def _frozen(self) -> tuple[tuple[SegmentRef, ...], Lines]:
        """Segments and newest lines after the head was frozen; all rewritten when half of the lines are overruled."""
        kept, lines = self.segments, self.newest
        if not self._header.history:
            runs = self._runs()
            if 2 * len(order_keys(runs)) <= self.count:
                kept, lines = (), compacted(runs)
                if len(lines.data) <= FREEZE_AT // 2:
                    return (), lines
        added = (self._segments.store(piece) for piece in iter_pieces(lines.data, PIECE))
        return self._merged((*kept, *added)), Lines()

    def _merged(self, segments: tuple[SegmentRef, ...]) -> tuple[SegmentRef, ...]:
        """The segments, of which no more than FEW small ones stand at the end: their list is written at each change."""
        small = len(segments)
        while small and segments[small - 1].size < PIECE // 4:
            small -= 1
        if len(segments) - small < FEW:
            return segments
        data = b"".join(self._load(ref).data for ref in segments[small:])
        return (*segments[:small], *(self._segments.store(piece) for piece in iter_pieces(data, 2 * PIECE)))

    def _run_with(self, key: str) -> Lines | None:
        """The run that holds the winning entry of the key."""
        for run in self._newest_first():
            if key in run:
                return run
            if key in run.removed:
                return None
        return None

    def _newest_first(self) -> Iterator[Lines]:
        yield self.newest
        yield from reversed(self._pinned) if self._pinned is not None else map(self._load, reversed(self.segments))

    def _runs(self) -> tuple[Lines, ...]:
        frozen: Iterable[Lines] = map(self._load, self.segments) if self._pinned is None else self._pinned
        return (*frozen, self.newest)

    def _load(self, ref: SegmentRef) -> Lines:
        return self._segments.load(ref)
