"""What a store must be able to do. Drivers are naive: `Storage` above them checks keys, retries and names errors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from io import FileIO
from pathlib import Path
from typing import Final, Literal, Protocol

CHUNK: Final = 1 << 20
"""The most bytes that a Reader gives at once."""


@dataclass(frozen=True, slots=True)
class Stat:
    """An object as it is now: `size` in bytes, `token` changes with the bytes, `modified` in Unix seconds.

    A token may come back with the same bytes (an ETag of S3 does). `modified` takes no part in comparisons: after a
    write it is the store's clock, which S3 rounds otherwise than in a later answer.
    """

    key: str
    size: int
    token: str
    modified: float = field(compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for a write: nothing (ANY), no such key (ABSENT), or the version token of a Stat."""

    token: str | None = None
    absent: bool = False


ANY: Final = Condition()
ABSENT: Final = Condition(absent=True)


def matching(stat: Stat) -> Condition:
    """The condition that the object is still the one described by `stat`."""
    return Condition(token=stat.token)


class ConditionFailed(Exception):
    """The condition of a write did not hold; nothing was changed."""


class KeyMissing(KeyError):
    """No object has that key."""


class _Unchanged(Enum):
    UNCHANGED = "unchanged"


UNCHANGED: Final = _Unchanged.UNCHANGED
Unchanged = Literal[_Unchanged.UNCHANGED]


@dataclass(frozen=True, slots=True)
class Object:
    """A small object read whole, with the Stat of exactly these bytes."""

    stat: Stat
    data: bytes


@dataclass(frozen=True, slots=True)
class Prefix:
    """A common prefix in a listing, ending with the delimiter."""

    key: str


class Reader(Protocol):
    """Bytes `start` (inclusive) to `end` (exclusive) of one version of an object; must be closed, closes at its end."""

    stat: Stat
    start: int
    end: int

    @property
    def sendfile_range(self) -> tuple[FileIO, int, int] | None:
        """The open file, the offset and the count of these bytes where the driver has a file, else None."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of at most 1 MiB."""
        ...

    def close(self) -> None:
        """Release what is held; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """An appendable upload of unknown digest, as plain data that any node can continue.

    `key` is where the bytes lie; `size` counts the bytes durably stored; `parts` and `handle` belong to the driver.
    """

    key: str
    size: int = 0
    handle: str = ""
    parts: tuple[str, ...] = ()


class Driver(Protocol):
    """A store of objects. Every method may be called from several threads and greenlets at once.

    Raises OSError (or a subclass) when the store fails; ENOSPC and EDQUOT are told apart by errno.
    """

    name: str
    durable: bool
    least_append: int
    """Bytes; an append of fewer costs the store extra. 0 where any number is fine."""

    def stat(self, key: str) -> Stat | None:
        """The object's Stat, or None where there is none."""
        ...

    def read(self, key: str, unless: str | None = None) -> Object | Unchanged | None:
        """The whole object; UNCHANGED when its token is `unless`; None where there is none."""
        ...

    def open(self, key: str, start: int = 0, end: int | None = None) -> Reader:
        """A Reader of the bytes from `start` to `end` (exclusive, clipped). Raises KeyMissing."""
        ...

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        """The Stat of the object written, durable on return.

        A Path is a file in `scratch()`, which is consumed or stays for the caller to delete. Raises ConditionFailed;
        Invalid from a store that cannot hold `a/b` beside `a/b/c`.
        """
        ...

    def delete(self, key: str, condition: Condition = ANY) -> bool:
        """True when an object was removed, False when there was none. Raises ConditionFailed."""
        ...

    def list(self, prefix: str, after: str = "", delimiter: str = "") -> Iterator[Stat | Prefix]:
        """What has a key that starts with `prefix` and is greater than `after`, in byte order of keys.

        `delimiter` is "/" or nothing. With it, objects that share the key up to the first "/" behind the prefix come
        once, as a Prefix; a Prefix too comes only when its own key is greater than `after`, so that a listing goes
        on behind its last item. What changes meanwhile may or may not be listed.
        """
        ...

    def scratch(self) -> Path:
        """A directory for temporary files, on the store's file system where it has one."""
        ...

    def url(self, key: str, seconds: int, filename: str = "", content_type: str = "") -> str | None:
        """A self-sufficient URL to read the object for that long, or None where the store has none."""
        ...

    def append_limit(self, upload: Upload) -> int | None:
        """How many bytes the next append to the upload should bring at most; None: all there are."""
        ...

    def append(self, upload: Upload, body: Path, final: bool = False) -> Upload:
        """The upload with the bytes of the scratch file added, durable on return; `final` allows a short part.

        An Upload names its bytes for good: neither an interrupted nor a racing append changes what was appended.
        """
        ...

    def complete(self, upload: Upload) -> Stat:
        """The Stat of the object at `upload.key`, which is visible from now on; may be called again after a crash.

        Raises KeyMissing when the upload was aborted, or its bytes were replaced.
        """
        ...

    def abort(self, upload: Upload) -> None:
        """Nothing of the unfinished upload is left; may be called twice."""
        ...

    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat | None:
        """The Stat of the object now at `target` and no more at `source`; None when the store would have to copy it.

        Raises KeyMissing (no source) and ConditionFailed (of the target; the source stays).
        """
        ...

    def sweep(self, seconds: float) -> int:
        """How many left-overs of interrupted writes and uploads were removed, all untouched for `seconds`."""
        ...
