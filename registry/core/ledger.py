"""The ledger format, pure: a header line, then entry lines, one JSON object each; older lines lie in frozen segments.

An entry line starts with its `"key"`, then `"removed":true` where it removes. The last line with a key wins; a key
keeps the place of its first publication, and one that is published again after a removal comes last.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from registry.errors import Internal, Invalid, Unavailable

FORMAT: Final = 1

Entry = dict[str, Any]

_PLAIN: Final = re.compile(rb'\{"key":"([^"\\\x80-\xff]*)"(,"removed":true)?')
_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class LedgerDamaged(Internal):
    """The bytes are not those of a ledger, or not all of them."""

    code = "ledger_damaged"


class LedgerTooNew(Unavailable):
    """A newer release wrote the ledger in a format that this one does not read."""

    code = "ledger_too_new"


@dataclass(frozen=True, slots=True)
class SegmentRef:
    """A frozen run of entry lines: the blob that holds them (gzip), how many they are and their size unpacked."""

    digest: str
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line of a ledger says; `extra` keeps the fields that a later release of this format adds.

    `history` ledgers keep overruled lines for ever; `events` are the latest changes, which the feed is owed.
    """

    name: str
    revision: int = 0
    created: int = 0
    modified: int = 0
    history: bool = False
    state: Mapping[str, Any] = field(default_factory=dict)
    segments: tuple[SegmentRef, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


class Lines:
    """An immutable run of entry lines, indexed by key; an entry is parsed when asked for, afresh each time."""

    __slots__ = ("_spans", "count", "data", "removed")

    def __init__(
        self,
        data: bytes = b"",
        count: int = 0,
        spans: dict[str, slice] | None = None,
        removed: frozenset[str] = frozenset(),
    ) -> None:
        self.data = data
        self.count = count
        self._spans: dict[str, slice] = {} if spans is None else spans
        self.removed = removed

    def entry(self, key: str) -> Entry:
        """The entry that wins within the run. Raises KeyError."""
        return parse_entry(self.data[self._spans[key]])

    def line(self, key: str) -> bytes:
        """The line of the entry that wins within the run, with its line end. Raises KeyError."""
        span = self._spans[key]
        return self.data[span.start : span.stop + 1]

    def keys(self) -> Iterable[str]:
        """The keys that the run gives an entry, in order."""
        return self._spans.keys()

    def items(self) -> Iterator[tuple[str, Entry]]:
        """Each of these keys with its entry."""
        return ((key, parse_entry(self.data[span])) for key, span in self._spans.items())

    def __contains__(self, key: str) -> bool:
        return key in self._spans

    def after(self, count: int) -> Iterator[Entry]:
        """All entries but the first `count`, overruled ones and removals too, in the order they were written."""
        for line in self.data.split(b"\n")[count:-1]:
            yield parse_entry(line)

    def extended(self, entries: Iterable[Entry]) -> "Lines":
        """The run with these entries added. Raises Invalid for an entry that JSON cannot hold or that has no key."""
        return self.with_lines(render_entry(entry) for entry in entries)

    def with_lines(self, lines: Iterable[bytes]) -> "Lines":
        """The run with these entry lines, given without their ends, added. Raises LedgerDamaged."""
        spans, removed, parts, end, count = (
            dict(self._spans),
            set(self.removed),
            [self.data],
            len(self.data),
            self.count,
        )
        for line in lines:
            key, removes = _identify(line)
            if removes:
                spans.pop(key, None)
                removed.add(key)
            else:
                spans[key] = slice(end, end + len(line))
            parts.append(line + b"\n")
            end += len(line) + 1
            count += 1
        return Lines(b"".join(parts), count, spans, frozenset(removed))


def parse_lines(data: bytes) -> Lines:
    """The run of entry lines in `data`. Raises LedgerDamaged."""
    lines = data.split(b"\n")
    if lines.pop():
        raise LedgerDamaged("a ledger ends within a line")
    return Lines().with_lines(lines)


def parse_entry(line: bytes) -> Entry:
    """The entry in a line. Raises LedgerDamaged."""
    entry = _parse_object(line)
    if not isinstance(entry.get("key"), str):
        raise LedgerDamaged("a ledger entry has no key")
    return entry


def render_entry(entry: Mapping[str, Any]) -> bytes:
    """The entry's line without its end: key first, then the removal. Raises Invalid."""
    key = entry.get("key")
    if not isinstance(key, str) or not key:
        raise Invalid("a ledger entry needs a key")
    first: Entry = {"key": key}
    if entry.get("removed") is True:
        first["removed"] = True
    return _render({**first, **entry})


def parse_head(data: bytes) -> tuple[Header, Lines]:
    """Header and newest lines of a ledger. Raises LedgerTooNew and LedgerDamaged."""
    line, end, rest = data.partition(b"\n")
    if not end:
        raise LedgerDamaged("a ledger has no header")
    return _parse_header(_parse_object(line)), parse_lines(rest)


def render_head(header: Header, lines: Lines) -> bytes:
    """The object that holds a ledger's header and newest lines. Raises Invalid for a state that JSON cannot hold."""
    fields: dict[str, Any] = {
        "ledger": FORMAT,
        "name": header.name,
        "revision": header.revision,
        "created": header.created,
        "modified": header.modified,
        "history": header.history,
        "state": header.state,
        "segments": [{"digest": ref.digest, "count": ref.count, "bytes": ref.size} for ref in header.segments],
        "events": header.events,
    }
    return _render({**fields, **header.extra}) + b"\n" + lines.data


def order_keys(runs: Sequence[Lines]) -> dict[str, int]:
    """The keys that have an entry, in order, each with the index of the run (oldest first) whose entry wins."""
    order: dict[str, int] = {}
    for index, run in enumerate(runs):
        for key in run.removed:
            order.pop(key, None)
        order.update(dict.fromkeys(run.keys(), index))
    return order


def compacted(runs: Sequence[Lines]) -> Lines:
    """One run that says the same without overruled lines and removals."""
    return Lines().with_lines(runs[index].line(key)[:-1] for key, index in order_keys(runs).items())


def iter_pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The same lines in pieces of whole lines, each of at least one line and, but for a longer line, at most `size`."""
    start = 0
    while start < len(data):
        stop = len(data)
        if stop - start > size:
            cut = data.rfind(b"\n", start, start + size)
            stop = (data.index(b"\n", start) if cut < 0 else cut) + 1
        yield data[start:stop]
        start = stop


def _identify(line: bytes) -> tuple[str, bool]:
    """The key of an entry line, and whether the line removes it."""
    plain = _PLAIN.match(line)
    if plain:
        return plain[1].decode(), plain[2] is not None
    entry = parse_entry(line)
    return entry["key"], entry.get("removed") is True


def _parse_object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode())
    except ValueError:
        raise LedgerDamaged("a ledger line is not JSON") from None
    if not isinstance(value, dict):
        raise LedgerDamaged("a ledger line is not an object")
    return value


def _render(value: Mapping[str, Any]) -> bytes:
    try:
        return _encode(value).encode()
    except (TypeError, ValueError):
        raise Invalid("a ledger cannot hold a value that JSON cannot") from None


def _parse_header(fields: dict[str, Any]) -> Header:
    version = fields.pop("ledger", None)
    if not isinstance(version, int):
        raise LedgerDamaged("a ledger has no format")
    if version > FORMAT:
        raise LedgerTooNew(f"a newer release wrote this ledger (format {version}, this release reads {FORMAT})")
    try:
        return Header(
            name=fields.pop("name"),
            revision=fields.pop("revision"),
            created=fields.pop("created"),
            modified=fields.pop("modified"),
            history=fields.pop("history"),
            state=fields.pop("state"),
            segments=tuple(SegmentRef(ref["digest"], ref["count"], ref["bytes"]) for ref in fields.pop("segments")),
            events=tuple(fields.pop("events")),
            extra=fields,
        )
    except (KeyError, TypeError) as error:
        raise LedgerDamaged("a ledger header lacks a field") from error
