"""Search and enumeration over a projection. The user's text never becomes syntax: of the query, or of a pattern."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from registry.catalog.listing import Listing, listing_from_json
from registry.catalog.projection import Projection

Visible = Callable[[str], bool]

LARGEST_PAGE: Final = 250
FARTHEST: Final = 1_000_000
CHUNK: Final = 1000
MOST_WORDS: Final = 12
LONGEST_TEXT: Final = 256

_WORD: Final = re.compile(r"[^\W_]+")
_WEIGHTS: Final = "10.0, 4.0, 2.0, 1.0"


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for; all that is given must hold.

    `text`: all its words occur, each as the beginning of a word. `keywords`: of each inner tuple, at least one.
    `labels`: it has all of them. `prefix`: the name starts with it, literally; end it with the ecosystem's delimiter
    (`@acme/`). Case does not matter. `size` is cut to 0–250, `from_` to 0–1,000,000.
    """

    text: str = ""
    keywords: tuple[tuple[str, ...], ...] = ()
    author: str = ""
    maintainer: str = ""
    prefix: str = ""
    size: int = 20
    from_: int = 0
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page, and how many packages match in all."""

    total: int
    listings: tuple[Listing, ...]


@dataclass(frozen=True, slots=True)
class _Select:
    """`tail` follows SELECT …; it names the packages that match, best first."""

    source: str
    source_arguments: tuple[str, ...]
    order: str
    order_arguments: tuple[str, ...]

    def page(self, connection: sqlite3.Connection, size: int, start: int) -> list[tuple[str]]:
        sql = f"SELECT packages.listing {self.source} {self.order} LIMIT ? OFFSET ?"
        return connection.execute(sql, (*self.source_arguments, *self.order_arguments, size, start)).fetchall()

    def count(self, connection: sqlite3.Connection) -> int:
        sql = f"SELECT count(*) {self.source}"
        return int(connection.execute(sql, self.source_arguments).fetchone()[0])

    def names(self, connection: sqlite3.Connection) -> list[str]:
        sql = f"SELECT packages.name {self.source} {self.order}"
        return [name for (name,) in connection.execute(sql, (*self.source_arguments, *self.order_arguments))]


def search(projection: Projection, query: Query, visible: Visible | None = None) -> SearchResult:
    """The matches that are `visible` by name: those by name first, then by relevance, then in order of names."""
    size, start = min(max(query.size, 0), LARGEST_PAGE), min(max(query.from_, 0), FARTHEST)
    select = _select(query)
    if select is None:
        return SearchResult(0, ())
    if visible is None:
        total, rows = projection.ask(
            lambda connection: (select.count(connection), select.page(connection, size, start))
        )
        return SearchResult(total, tuple(listing_from_json(json.loads(text)) for (text,) in rows))
    names = [name for name in projection.ask(select.names) if visible(name)]
    wanted = names[start : start + size]
    found = projection.ask(lambda connection: [read_listing(connection, name) for name in wanted])
    return SearchResult(len(names), tuple(listing for listing in found if listing is not None))


def read_listing(connection: sqlite3.Connection, name: str) -> Listing | None:
    """The listing of the package with exactly that name, or None."""
    row = connection.execute("SELECT listing FROM packages WHERE name = ?", (name,)).fetchone()
    return None if row is None or row[0] is None else listing_from_json(json.loads(row[0]))


def iter_rows(connection: sqlite3.Connection) -> Iterator[Listing]:
    """All listings in byte order of names, from the connection's snapshot."""
    rows = connection.execute("SELECT listing FROM packages WHERE listing IS NOT NULL ORDER BY name")
    return (listing_from_json(json.loads(text)) for (text,) in rows)


def iter_listings(projection: Projection, after: str = "", visible: Visible | None = None) -> Iterator[Listing]:
    """The listings of all `visible` packages behind the name `after`, in byte order of names, read bit by bit."""
    sql = "SELECT name, listing FROM packages WHERE listing IS NOT NULL AND name > ? ORDER BY name LIMIT ?"
    for name, text in _iter_chunks(projection, sql, after):
        if visible is None or visible(name):
            yield listing_from_json(json.loads(text))


def iter_names(projection: Projection, after: str = "", visible: Visible | None = None) -> Iterator[str]:
    """The names of all listed and `visible` packages behind `after`, in byte order, read bit by bit."""
    sql = "SELECT name FROM packages WHERE listing IS NOT NULL AND name > ? ORDER BY name LIMIT ?"
    return (name for (name,) in _iter_chunks(projection, sql, after) if visible is None or visible(name))


def _iter_chunks(projection: Projection, sql: str, after: str) -> Iterator[tuple[str, ...]]:
    while True:
        rows = projection.ask(partial(_fetch, sql, after))
        yield from rows
        if len(rows) < CHUNK:
            return
        after = rows[-1][0]


def _fetch(sql: str, after: str, connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    return connection.execute(sql, (after, CHUNK)).fetchall()


def _select(query: Query) -> _Select | None:
    """None when a text is given that has no word, and so matches nothing."""
    text = _plain(query.text)[:LONGEST_TEXT].strip()
    source, arguments = ["FROM packages WHERE listing IS NOT NULL"], list[str]()
    order, order_arguments = "ORDER BY packages.name", tuple[str, ...]()
    if text:
        words = _WORD.findall(text)[:MOST_WORDS]
        if not words:
            return None
        source = ["FROM words JOIN packages ON packages.id = words.rowid WHERE words MATCH ?"]
        arguments = [" AND ".join(f'"{word}" *' for word in words)]
        folded = text.casefold()
        order = (
            "ORDER BY CASE WHEN folded = ? THEN 0 WHEN substr(folded, 1, length(?)) = ? THEN 1"
            f" WHEN instr(folded, ?) THEN 2 ELSE 3 END, bm25(words, {_WEIGHTS}), packages.name"
        )
        order_arguments = (folded,) * 4
    for condition, values in _conditions(query):
        source.append(f"AND {condition}")
        arguments.extend(values)
    return _Select(" ".join(source), tuple(arguments), order, order_arguments)


def _conditions(query: Query) -> Iterator[tuple[str, Sequence[str]]]:
    for alternatives in query.keywords:
        yield _has("keyword", alternatives)
    for label in query.labels:
        yield _has("label", (label,))
    if query.author:
        yield _has("author", (query.author,))
    if query.maintainer:
        yield _has("maintainer", (query.maintainer,))
    if query.prefix:
        prefix = _plain(query.prefix).casefold()
        yield "substr(folded, 1, length(?)) = ?", (prefix, prefix)


def _has(kind: str, terms: Sequence[str]) -> tuple[str, Sequence[str]]:
    marks = ", ".join("?" for _ in terms)
    condition = f"packages.id IN (SELECT package FROM facets WHERE kind = ? AND term IN ({marks}))"  # noqa: S608
    return condition, (kind, *(_plain(term).casefold() for term in terms))


def _plain(text: str) -> str:
    """The text as SQLite can take it, which knows no lone surrogates."""
    return text.encode(errors="replace").decode()
