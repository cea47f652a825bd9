"""A JSON document read as it arrives, with long strings in it passed on instead of kept.

What is not passed on is collected, with an empty string in the place of each that was, and read by `parse_json` at the
end. So the rules of JSON live there; what keeps track of the structure here has to be right about valid documents only.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import reduce
from operator import getitem
from typing import Any, Final

from registry.core.base64_stream import Sink
from registry.core.strict_json import MAX_BYTES, MAX_DEPTH, parse_json
from registry.errors import Invalid, TooLarge

KeyPath = tuple[str, ...]


class _Spilled(Enum):
    SPILLED = "spilled"


SPILLED: Final = _Spilled.SPILLED

_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'
_FLAT: Final = rb'[\[{](?:[^"\[\]{}]++|%b)*+[\]}]' % _STRING  # a container without others
_BETWEEN_MARKS: Final = re.compile(rb'[^"{}\[\],]*+')
_BETWEEN_BRACKETS: Final = re.compile(rb'(?:[^"\[\]{}]++|%b|%b)*+' % (_STRING, _FLAT), re.DOTALL)
_LONGEST_ESCAPE: Final = len(rb"\ud83c\udf81")
_WHOLE_CHARACTERS: Final = re.compile(
    rb"""(?: [^"\\]++
           | \\ ["\\/bfnrt]
           | \\u (?:[0-9abcefABCEF][0-9a-fA-F]|[dD][0-7]) [0-9a-fA-F]{2}
           | \\u [dD][89abAB][0-9a-fA-F]{2} \\u [dD][c-fC-F][0-9a-fA-F]{2}
         )*+""",
    re.VERBOSE,
)


def read_json_stream(
    chunks: Iterable[bytes],
    spill: Callable[[KeyPath], Sink | None],
    *,
    max_document: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    within: KeyPath = (),
) -> Any:
    """The value of the document that `chunks` holds, all of them.

    `spill` is asked about each string that is the value of a member and in no array, with the keys that lead there. If
    it returns a sink, the text of the string is written to that in pieces of UTF-8, and SPILLED takes its place in the
    value. Sinks are not closed, and what they got is void when this raises. Nothing outside of the member that the keys
    `within` lead to is asked about, which makes reading it several times as fast.

    Raises Invalid for all that `parse_json` refuses, in passed-on strings too; TooLarge when more than `max_document`
    bytes would have to be kept; and what a sink raises.
    """
    return _Reader(_Window(chunks), spill, max_document, max_depth, within).read()


class _Window:
    """The bytes at hand: those of `data` from `at` on."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.data = b""
        self.at = 0

    def more(self) -> bool:
        """True when bytes were added to those at hand."""
        chunk = next(filter(None, self._chunks), b"")
        self.data = self.data[self.at :] + chunk
        self.at = 0
        return bool(chunk)

    def take(self, end: int) -> bytes:
        """The bytes at hand before `end`, which are passed."""
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def string(self) -> Iterator[bytes]:
        """The rest of a string in pieces that break no escape; its quote is passed, too."""
        while True:
            end = self._end_of_piece()
            if end > self.at:
                yield self.take(end)
            if self.data[end : end + 1] == b'"':
                self.at += 1
                return
            if len(self.data) - end >= _LONGEST_ESCAPE or not self.more():
                raise Invalid("a JSON string without end, or with an escape that stands for nothing")

    def _end_of_piece(self) -> int:
        quote = self.data.find(b'"', self.at)
        end = len(self.data) if quote < 0 else quote
        escape = self.data.find(b"\\", self.at, end)
        plain = _WHOLE_CHARACTERS.match(self.data, escape) if escape >= 0 else None
        return plain.end() if plain else end


class _Reader:
    """Collects the document and knows the way to the place that it has reached."""

    def __init__(
        self,
        window: _Window,
        spill: Callable[[KeyPath], Sink | None],
        max_document: int,
        max_depth: int,
        within: KeyPath,
    ) -> None:
        self._window = window
        self._spill = spill
        self._max_document = max_document
        self._max_depth = max_depth
        self._within = within
        self._document = bytearray()
        self._spilled: set[KeyPath] = set()
        self._path: list[str] = []  # the key reached in each open object, the outermost first
        self._key_next = False
        self._skipping = 0  # open containers, from the outermost on that holds nothing to ask about

    def read(self) -> Any:
        while mark := self._next_mark():
            if mark == b'"':
                self._read_string()
            elif mark == b",":
                self._key_next = bool(self._path)
            elif mark in b"{[":
                self._open(mark)
            else:
                self._close()
        value = parse_json(bytes(self._document), max_depth=self._max_depth, max_bytes=self._max_document)
        for *parents, key in self._spilled:
            reduce(getitem, parents, value)[key] = SPILLED
        return value

    def _keep(self, piece: bytes) -> None:
        self._document += piece
        if len(self._document) > self._max_document:
            raise TooLarge(self._max_document, "the JSON document without what it carries")

    def _next_mark(self) -> bytes:
        window = self._window
        between = _BETWEEN_BRACKETS if self._skipping else _BETWEEN_MARKS
        while True:
            match = between.match(window.data, window.at)
            end = match.end() if match else window.at
            self._keep(window.take(end + 1))
            if end < len(window.data):
                return window.data[end : end + 1]
            if not window.more():
                return b""

    def _open(self, mark: bytes) -> None:
        shared = min(len(self._path), len(self._within))
        if self._skipping or mark == b"[" or self._path[:shared] != list(self._within[:shared]):
            self._skipping += 1
        else:
            self._path.append("")
            self._key_next = True
        if self._skipping + len(self._path) > self._max_depth:
            raise Invalid(f"JSON nested deeper than {self._max_depth}")

    def _close(self) -> None:
        if self._skipping:
            self._skipping -= 1
        elif self._path:
            self._path.pop()
            self._key_next = False
        else:
            raise Invalid("JSON brackets that do not match")

    def _read_string(self) -> None:
        path = tuple(self._path)
        if self._skipping or not path:
            self._keep_string()
        elif self._key_next:
            start = len(self._document) - 1
            self._keep_string()
            self._path[-1] = parse_json(bytes(self._document[start:]))
            self._key_next = False
        elif path[: len(self._within)] == self._within and (sink := self._spill(path)) is not None:
            self._pass_on(path, sink)
        else:
            self._keep_string()

    def _keep_string(self) -> None:
        for piece in self._window.string():
            self._keep(piece)
        self._keep(b'"')

    def _pass_on(self, path: KeyPath, sink: Sink) -> None:
        if path in self._spilled:
            raise Invalid("a JSON object holds a key twice")
        self._spilled.add(path)
        try:
            for text in codecs.iterdecode(self._window.string(), "utf-8"):
                quoted = f'"{text}"'.encode()
                sink.write(parse_json(quoted, max_bytes=len(quoted)).encode())
        except UnicodeDecodeError:
            raise Invalid("a JSON string that is not UTF-8") from None
        self._keep(b'"')
