"""The objects of one driver: keys checked, failures named."""

import errno
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from registry.core.keys import check_key
from registry.errors import Unavailable
from registry.storage.driver import (
    ANY,
    Condition,
    Driver,
    Object,
    Prefix,
    Reader,
    Stat,
    Unchanged,
    Upload,
)
from registry.storage.failures import refusal_of

P = ParamSpec("P")
T = TypeVar("T")
READY_KEY = "_ready"


def _named(method: "Callable[Concatenate[Objects, P], T]") -> "Callable[Concatenate[Objects, P], T]":
    @wraps(method)
    def run(self: "Objects", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except OSError as error:
            raise refusal_of(error) from error

    return run


def _writing(method: "Callable[Concatenate[Objects, P], T]") -> "Callable[Concatenate[Objects, P], T]":
    @wraps(method)
    def run(self: "Objects", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except OSError as error:
            self.disk_failed |= error.errno == errno.EIO and type(error) is OSError
            raise refusal_of(error) from error

    return run


class Objects:
    """What a Driver does, for keys of the grammar only.

    Every method raises Invalid for another key, StorageFull and Unavailable when the store fails; ConditionFailed and
    KeyMissing are the driver's own.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.disk_failed = False
        """A write ended in the kernel's own EIO (what a driver says of a network is a subclass of OSError)."""

    @_named
    def stat(self, key: str) -> Stat | None:
        """The object's Stat, or None where there is none."""
        return self.driver.stat(check_key(key))

    @_named
    def read(self, key: str, unless: str | None = None) -> Object | Unchanged | None:
        """The whole object; UNCHANGED when its token is `unless`; None where there is none."""
        return self.driver.read(check_key(key), unless)

    @_named
    def open(self, key: str, start: int = 0, end: int | None = None) -> Reader:
        """A Reader of the bytes from `start` to `end` (exclusive, clipped). Raises KeyMissing."""
        return self.driver.open(check_key(key), start, end)

    @_writing
    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        """The Stat of the object written, durable on return. Raises ConditionFailed."""
        return self.driver.put(check_key(key), body, condition)

    @_writing
    def delete(self, key: str, condition: Condition = ANY) -> bool:
        """True when an object was removed, False when there was none. Raises ConditionFailed."""
        return self.driver.delete(check_key(key), condition)

    def list(self, prefix: str, after: str = "", delimiter: str = "") -> Iterator[Stat | Prefix]:
        """What has a key that starts with `prefix` and is greater than `after`, as Driver.list says."""
        if prefix:
            check_key(prefix.removesuffix("/"))
        try:
            yield from self.driver.list(prefix, after, delimiter)
        except OSError as error:
            raise refusal_of(error) from error

    @_named
    def url(self, key: str, seconds: int, filename: str = "", content_type: str = "") -> str | None:
        """A self-sufficient URL to read the object for that long, or None where the store has none."""
        return self.driver.url(check_key(key), seconds, filename, content_type)

    @_writing
    def append(self, upload: Upload, body: Path, final: bool = False) -> Upload:
        """The upload with the bytes of the scratch file added, durable on return; `final` allows a short part."""
        check_key(upload.key)
        return self.driver.append(upload, body, final)

    @_writing
    def complete(self, upload: Upload) -> Stat:
        """The Stat of the object now at `upload.key`. Raises KeyMissing when the upload's bytes are gone."""
        check_key(upload.key)
        return self.driver.complete(upload)

    @_writing
    def abort(self, upload: Upload) -> None:
        """Nothing of the unfinished upload is left."""
        self.driver.abort(upload)

    @_writing
    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat | None:
        """The Stat of the object moved to `target`, or None when the store would have to copy it.

        Raises KeyMissing and ConditionFailed.
        """
        return self.driver.move(check_key(source), check_key(target), condition)

    @_named
    def sweep(self, seconds: float) -> int:
        """How many left-overs of interrupted writes and uploads were removed, all untouched for `seconds`."""
        return self.driver.sweep(seconds)

    def check_writable(self) -> None:
        """An object was just written. Raises StorageFull or Unavailable.

        Stays Unavailable once the disk failed in a write: what it then holds is for the operator to find out, and a new
        process starts afresh.
        """
        if self.disk_failed:
            raise Unavailable("the disk failed in a write")
        self.put(READY_KEY, b"")
