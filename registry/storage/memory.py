"""A store in the memory of one process, for tests and for embedding."""

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import RLock
from uuid import uuid4

from registry.storage.driver import (
    ANY,
    CHUNK,
    UNCHANGED,
    Condition,
    ConditionFailed,
    KeyMissing,
    Object,
    Prefix,
    Stat,
    Unchanged,
    Upload,
)


@dataclass(slots=True)
class MemoryReader:
    """A part of one object's bytes."""

    stat: Stat
    start: int
    end: int
    data: bytes
    sendfile_range: None = None

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of at most 1 MiB."""
        for at in range(self.start, self.end, CHUNK):
            yield self.data[at : min(at + CHUNK, self.end)]

    def close(self) -> None:
        """Nothing is held."""


class MemoryDriver:
    """Objects in a dictionary; gone with the process."""

    name = "memory"
    durable = False
    least_append = 0

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._objects: dict[str, Object] = {}
        self._parts: dict[str, bytes] = {}
        self._lock = RLock()
        self._revisions = count(1)
        self._scratch = Path(tempfile.mkdtemp(prefix="registry-"))
        weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)

    def stat(self, key: str) -> Stat | None:
        """The object's Stat, or None."""
        found = self._objects.get(key)
        return found.stat if found else None

    def read(self, key: str, unless: str | None = None) -> Object | Unchanged | None:
        """The whole object; UNCHANGED when its token is `unless`; None where there is none."""
        found = self._objects.get(key)
        return UNCHANGED if found and found.stat.token == unless else found

    def open(self, key: str, start: int = 0, end: int | None = None) -> MemoryReader:
        """A Reader of the bytes from `start` to `end`, clipped."""
        found = self._objects.get(key)
        if found is None:
            raise KeyMissing(key)
        stop = found.stat.size if end is None else min(end, found.stat.size)
        return MemoryReader(found.stat, min(start, stop), stop, found.data)

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        """The Stat of the object written."""
        data = body.read_bytes() if isinstance(body, Path) else bytes(body)
        with self._lock:
            self._check(key, condition)
            stat = Stat(key, len(data), str(next(self._revisions)), self._clock())
            self._objects[key] = Object(stat, data)
        return stat

    def delete(self, key: str, condition: Condition = ANY) -> bool:
        """True when an object was removed."""
        with self._lock:
            if key in self._objects:
                self._check(key, condition)
            return self._objects.pop(key, None) is not None

    def list(self, prefix: str, after: str = "", delimiter: str = "") -> Iterator[Stat | Prefix]:
        """The objects, and with a delimiter the prefixes, greater than `after` in byte order of keys."""
        last = ""
        for key in sorted(key for key in tuple(self._objects) if key.startswith(prefix)):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            name = key[: cut + len(delimiter)] if cut >= 0 else key
            found = self._objects.get(key)
            if found and name > after and name != last:
                last = name
                yield found.stat if cut < 0 else Prefix(name)

    def scratch(self) -> Path:
        """A temporary directory, removed with the driver."""
        return self._scratch

    def url(self, key: str, seconds: int, filename: str = "", content_type: str = "") -> str | None:
        """None: nobody else can read this memory."""

    def append_limit(self, upload: Upload) -> int | None:
        """None: all at once."""

    def append(self, upload: Upload, body: Path, final: bool = False) -> Upload:
        """The upload with the file's bytes added."""
        data = body.read_bytes()
        handle = upload.handle or uuid4().hex
        part = f"{handle}/{uuid4().hex}"
        self._parts[part] = data
        return replace(upload, size=upload.size + len(data), handle=handle, parts=(*upload.parts, part))

    def complete(self, upload: Upload) -> Stat:
        """The Stat of the object at `upload.key`."""
        with self._lock:
            done = self._objects.get(upload.key)
            try:
                data = b"".join(self._parts[part] for part in upload.parts)
            except KeyError as error:
                if done and done.stat.size == upload.size:
                    return done.stat
                raise KeyMissing(upload.key) from error
            stat = self.put(upload.key, data)
            self.abort(upload)
        return stat

    def abort(self, upload: Upload) -> None:
        """Nothing of the unfinished upload is left."""
        if upload.handle:
            for part in [part for part in tuple(self._parts) if part.startswith(f"{upload.handle}/")]:
                self._parts.pop(part, None)

    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat:
        """The Stat of the object now at `target`."""
        with self._lock:
            found = self._objects.get(source)
            if found is None:
                raise KeyMissing(source)
            stat = self.put(target, found.data, condition)
            del self._objects[source]
        return stat

    def sweep(self, seconds: float) -> int:
        """0: nothing outlives an interrupted write here but the scratch files, which go with the driver."""
        return 0

    def _check(self, key: str, condition: Condition) -> None:
        found = self._objects.get(key)
        if condition.absent and found:
            raise ConditionFailed(key)
        if condition.token is not None and (found is None or found.stat.token != condition.token):
            raise ConditionFailed(key)
