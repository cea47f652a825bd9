"""A disposable SQLite file that several processes share: opened, repaired by starting afresh, used off the hub."""

import fcntl
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from registry.errors import Contention, StorageFull, Unavailable
from registry.offload import offload

T = TypeVar("T")

BUSY_SECONDS: Final = 20
TURN_SECONDS: Final = 60

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_LOST: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


class DatabaseLost(Exception):
    """The file was unusable and is gone; an empty one takes its place at the next use."""


class Database:
    """The file `<path>-<version>.sqlite` with the tables of `schema`, whose every change makes another version."""

    def __init__(self, path: Path, schema: str, version: int) -> None:
        self._path = path.with_name(f"{path.name}-{version}.sqlite")
        self._version = version
        self._schema = schema
        self._idle: deque[tuple[int, int, sqlite3.Connection]] = deque()
        self._inherited: list[sqlite3.Connection] = []  # of a parent process: SQLite forbids even to close them

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns. Its transactions are its own; one left open by an error is rolled back.

        Raises DatabaseLost, Contention, StorageFull and Unavailable, and what the work raises.
        """
        return offload(self._run, work)

    def close(self) -> None:
        """No connection is held."""
        while self._idle:
            self._idle.pop()[2].close()

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        file = 0
        try:
            file, connection = self._borrow()
            try:
                result = work(connection)
            except BaseException:
                connection.close()
                raise
        except sqlite3.DatabaseError as error:
            raise self._refusal(error, file) from error
        self._idle.append((os.getpid(), file, connection))
        return result

    def _borrow(self) -> tuple[int, sqlite3.Connection]:
        """A connection to the file that is at the path now, and that file's number."""
        current = self._file()
        while self._idle:
            pid, file, connection = self._idle.pop()
            if (pid, file) == (os.getpid(), current):
                return file, connection
            if pid == os.getpid():
                connection.close()
            else:
                self._inherited.append(connection)
        return self._open()

    def _open(self) -> tuple[int, sqlite3.Connection]:
        with self._alone():
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
                connection.execute("PRAGMA synchronous = NORMAL")
                if connection.execute("PRAGMA user_version").fetchone() == (0,):
                    connection.executescript(self._schema)
                    connection.execute(f"PRAGMA user_version = {self._version}")
            except sqlite3.DatabaseError as error:
                connection.close()
                if _code(error) in _LOST:
                    self._unlink()
                raise
            return self._file(), connection

    def _refusal(self, error: sqlite3.DatabaseError, file: int) -> Exception:
        code = _code(error)
        if code in _BUSY:
            return Contention("the search index is busy")
        if code == sqlite3.SQLITE_FULL:
            return StorageFull("no room left for the search index")
        if code in _LOST:
            self._discard(file)
            return DatabaseLost(str(error))
        if code == sqlite3.SQLITE_CANTOPEN:
            return Unavailable("the search index cannot be opened")
        return error

    def _discard(self, file: int) -> None:
        """The file is gone, unless somebody else has replaced it."""
        with self._alone():
            if file and file == self._file():
                self._unlink()
        self.close()

    def _unlink(self) -> None:
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                os.unlink(f"{self._path}{suffix}")

    def _file(self) -> int:
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """No other process of the node is in its turn, unless it takes very long: a way to save work, not a lock."""
        with self._lock_file("turn") as file:
            deadline = time.monotonic() + TURN_SECONDS
            while time.monotonic() < deadline:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(0.01)
                else:
                    break
            yield

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One at a time among all processes: opening and replacing the file."""
        with self._lock_file("lock") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _lock_file(self, name: str) -> BinaryIO:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return self._path.with_suffix(f".{name}").open("ab")
        except OSError as error:
            raise Unavailable("the directory of the search index cannot be written") from error


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code; what the module finds wrong by itself is a damaged file."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
