"""The projection of a feed: an SQLite file per node that answers what spans packages. Disposable at any time."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar
from uuid import uuid4

from registry.catalog.database import Database, DatabaseLost
from registry.catalog.ledgers import Ledger
from registry.core.ledger import Entry
from registry.errors import Unavailable

T = TypeVar("T")

Position = tuple[int, str]  # how many events of the feed the file has, and what tells the last of them from others

SCHEMA_VERSION: Final = 2
BATCH: Final = 2000
ATTEMPTS: Final = 5

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, mark TEXT NOT NULL);
INSERT OR IGNORE INTO position VALUES (1, 0, '');
CREATE TABLE IF NOT EXISTS packages (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    folded TEXT NOT NULL,
    revision INTEGER NOT NULL,
    token TEXT NOT NULL,
    listing TEXT
);
CREATE TABLE IF NOT EXISTS facets (
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    package INTEGER NOT NULL,
    PRIMARY KEY (kind, term, package)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS facets_of_package ON facets (package);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    name, keywords, description, people, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the feed's last event of a package says."""

    revision: int
    token: str
    listed: bool


class _Behind(Exception):
    """The file does not have all events that the answer needs."""


class Projection:
    """All packages of a mount, as of the end of its feed."""

    def __init__(self, path: Path, feed: Callable[[], Ledger]) -> None:
        """`path` without suffix; `feed()` is the feed as it is now."""
        self._database = Database(path, SCHEMA, SCHEMA_VERSION)
        self._feed = feed
        self._followed: str | None = None
        self._following = Lock()

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """The answer, from one snapshot that holds the feed's end. One look at the feed when nothing has changed.

        Raises Unavailable when that cannot be had, and what the store raises.
        """
        feed = self._feed()
        if feed.token != self._followed:
            self._follow()
        return self._ask(question, feed.count)

    def revision(self, package: str, count: int) -> int:
        """The package's revision in at least the first `count` events, 0 when they do not name it."""

        def question(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT revision FROM packages WHERE name = ?", (package,)).fetchone()
            return int(row[0]) if row else 0

        if self._followed is None:
            self._follow()
        return self._ask(question, count)

    def note_token(self, package: str, revision: int, token: str) -> None:
        """The package's ledger, under this token, owes the feed nothing: the next reconciliation need not read it."""

        def work(connection: sqlite3.Connection) -> None:
            arguments = (token, package, revision)
            connection.execute("UPDATE packages SET token = ? WHERE name = ? AND revision = ?", arguments)

        with suppress(DatabaseLost):
            self._database.run(work)

    def close(self) -> None:
        """No file is held open."""
        self._database.close()

    def _ask(self, question: Callable[[sqlite3.Connection], T], count: int) -> T:
        def work(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            if _position(connection)[0] < count:
                raise _Behind
            answer = question(connection)
            connection.execute("COMMIT")
            return answer

        for _ in range(ATTEMPTS):
            try:
                return self._database.run(work)
            except (_Behind, DatabaseLost):
                self._follow()
        raise Unavailable("the search index does not keep up")

    def _follow(self) -> None:
        """The file has all events up to the feed's present end; it starts afresh when it followed another feed."""
        with self._following:
            for _ in range(ATTEMPTS):
                try:
                    self._catch_up()
                except (_Behind, DatabaseLost):
                    continue
                return
        raise Unavailable("the search index cannot be brought up to date")

    def _catch_up(self) -> None:
        # The position is read before the feed, so that only a feed that was replaced can lack what the file has.
        position = self._database.run(_position)
        feed = self._feed()
        if position != _position_in(feed, position[0]) or (feed.frozen and not position[0]):
            with self._database.turn():
                self._rebuild(position, feed)
        else:
            for batch in _batches(feed.after(position[0])):
                self._database.run(partial(_advance, batch))
        self._followed = feed.token

    def _rebuild(self, position: Position, feed: Ledger) -> None:
        """As the feed's last events of each package say; unless another process has done so, or takes over."""
        started = (0, uuid4().hex)
        self._database.run(partial(_clear, position, started))
        for batch in _batches(feed.newest_first()):
            self._database.run(partial(_fill, started, batch))
        self._database.run(partial(_move, started, _position_in(feed, feed.count)))


def read_packages(connection: sqlite3.Connection) -> dict[str, Seen]:
    """What the feed says of every package, by name."""
    rows = connection.execute("SELECT name, revision, token, listing IS NOT NULL FROM packages")
    return {name: Seen(revision, token, bool(listed)) for name, revision, token, listed in rows}


def _position(connection: sqlite3.Connection) -> Position:
    seq, mark = connection.execute("SELECT seq, mark FROM position").fetchone()
    return seq, mark


def _position_of(entry: Entry) -> Position:
    return entry["seq"], f"{entry['at']} {entry['revision']} {entry['key']}"


def _position_in(feed: Ledger, seq: int) -> Position:
    """The position after that many events of the feed; one that no file has when the feed is shorter."""
    if not seq:
        return 0, ""
    entry = next(feed.after(seq - 1), None)
    return (-1, "") if entry is None else _position_of(entry)


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, BATCH)):
        yield batch


def _move(start: Position, end: Position, connection: sqlite3.Connection) -> None:
    """The file is at the position `end`, if it was at `start`; otherwise another process was faster."""
    moved = connection.execute("UPDATE position SET seq = ?, mark = ? WHERE (seq, mark) = (?, ?)", (*end, *start))
    if moved.rowcount != 1:
        raise _Behind


def _clear(start: Position, end: Position, connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    _move(start, end, connection)
    for table in ("packages", "facets", "words"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - one of three words
    connection.execute("COMMIT")


def _fill(position: Position, batch: Sequence[Entry], connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    _move(position, position, connection)
    for entry in batch:
        _replace(connection, entry)
    connection.execute("COMMIT")


def _advance(batch: Sequence[Entry], connection: sqlite3.Connection) -> None:
    """The tables have these events, of which other processes may have applied some or all."""
    connection.execute("BEGIN IMMEDIATE")
    start = _position(connection)
    if start[0] + 1 < batch[0]["seq"]:
        raise _Behind
    fresh = {entry["key"]: entry for entry in batch if entry["seq"] > start[0]}
    if fresh:
        for entry in fresh.values():
            _replace(connection, entry)
        _move(start, _position_of(batch[-1]), connection)
    connection.execute("COMMIT")


def _replace(connection: sqlite3.Connection, entry: Entry) -> None:
    """The package is as the event says."""
    listing = entry["listing"]
    text = None if listing is None else json.dumps(listing, ensure_ascii=False, separators=(",", ":"))
    name = entry["key"]
    found = connection.execute("SELECT id FROM packages WHERE name = ?", (name,)).fetchone()
    package = found[0] if found else None
    if found:
        connection.execute("DELETE FROM words WHERE rowid = ?", found)
        connection.execute("DELETE FROM facets WHERE package = ?", found)
    row = (package, name, name.casefold(), entry["revision"], entry["token"], text)
    package = connection.execute("INSERT OR REPLACE INTO packages VALUES (?, ?, ?, ?, ?, ?)", row).lastrowid
    if listing is not None:
        people = [listing.get("author", ""), listing.get("publisher", ""), *listing.get("maintainers", ())]
        names = f"{name} {listing.get('display', '')}"
        words = (
            package,
            names,
            " ".join(listing.get("keywords", ())),
            listing.get("description", ""),
            " ".join(people),
        )
        connection.execute(
            "INSERT INTO words (rowid, name, keywords, description, people) VALUES (?, ?, ?, ?, ?)", words
        )
        facets = {(kind, term.casefold(), package) for kind, term in _facets(listing)}
        connection.executemany("INSERT INTO facets VALUES (?, ?, ?)", facets)


def _facets(listing: Entry) -> Iterable[tuple[str, str]]:
    yield from (("keyword", term) for term in listing.get("keywords", ()))
    yield from (("maintainer", term) for term in listing.get("maintainers", ()))
    yield from (("label", term) for term in listing.get("labels", ()))
    if "author" in listing:
        yield "author", listing["author"]
