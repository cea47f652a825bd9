"""The driver: conditions checked and names given while the key's lock is held, everything durable before it returns."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from registry.offload import offload
from registry.storage.driver import (
    ANY,
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
from registry.storage.filesystem.durable import (
    join_files,
    make_directory,
    remove_empty,
    remove_file,
    sync_file,
    write_file,
)
from registry.storage.filesystem.listing import list_tree
from registry.storage.filesystem.locks import Shards, Turn
from registry.storage.filesystem.naming import name_file
from registry.storage.filesystem.parts import Parts
from registry.storage.filesystem.reading import FileReader, describe, open_file, read_file, stat_file

COPIED = 64 << 20


class FilesystemDriver:
    """Objects as files below a directory that belongs to the registry alone. Nothing follows a symbolic link."""

    name = "filesystem"
    durable = True
    least_append = 0

    def __init__(self, root: Path) -> None:
        """The directory exists with all that belongs into it, readable by its owner only where it is new."""
        folders = [os.path.abspath(root / name) for name in ("objects", "scratch", "uploads", "locks")]
        for folder in folders:
            make_directory(folder)
        self._root = f"{folders[0]}/"
        self._scratch = Path(folders[1])
        self._uploads = folders[2]
        self._parts = Parts(folders[2])
        self._shards = Shards(folders[3])

    def stat(self, key: str) -> Stat | None:
        """The object's Stat, or None."""
        return stat_file(key, self._root + key)

    def read(self, key: str, unless: str | None = None) -> Object | Unchanged | None:
        """The whole object; UNCHANGED when its token is `unless`; None where there is none."""
        if unless is not None:
            found = self.stat(key)
            if found and found.token == unless:
                return UNCHANGED
        return read_file(key, self._root + key)

    def open(self, key: str, start: int = 0, end: int | None = None) -> FileReader:
        """A Reader of the bytes from `start` to `end`, clipped. Raises KeyMissing."""
        return open_file(key, self._root + key, start, end)

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        """The Stat of the object written, durable; a Path is moved, not copied. Raises ConditionFailed, Invalid."""
        if isinstance(body, Path):
            offload(sync_file, str(body))
            return self._install(str(body), key, condition)
        if condition.token is not None:
            _check(key, condition, self.stat(key))
        with self._scratch_name() as source:
            offload(write_file, source, body)
            return self._install(source, key, condition)

    def delete(self, key: str, condition: Condition = ANY) -> bool:
        """True when an object was removed, durably. Raises ConditionFailed."""
        with self._shards.hold(key):
            found = self.stat(key)
            if found is None:
                return False
            _check(key, condition, found)
            offload(remove_file, self._root + key, self._root)
        return True

    def list(self, prefix: str, after: str = "", delimiter: str = "") -> Iterator[Stat | Prefix]:
        """The objects, and with a delimiter the prefixes, greater than `after` in byte order of keys."""
        return list_tree(self._root, prefix, after, delimiter)

    def scratch(self) -> Path:
        """A directory on the same file system."""
        return self._scratch

    def url(self, key: str, seconds: int, filename: str = "", content_type: str = "") -> str | None:
        """None: files have no URL of their own."""

    def append_limit(self, upload: Upload) -> int | None:
        """The first file is moved, whatever its size; later ones are copied, which should not take long at once."""
        return COPIED if upload.parts else None

    def append(self, upload: Upload, body: Path, final: bool = False) -> Upload:
        """The upload with the bytes of the file, durable: moved there, or added to what is there."""
        return offload(self._parts.add, upload, body)

    def complete(self, upload: Upload) -> Stat:
        """The Stat of the object at `upload.key`. One part is renamed, more are joined by copying."""
        with self._parts.finished(upload) as parts:
            if parts is None:
                done = self.stat(upload.key)
                if done and done.size == upload.size:
                    return done
                raise KeyMissing(upload.key)
            stat = self._install(parts[0], upload.key, ANY) if len(parts) == 1 else self._join(parts, upload.key)
        offload(self._parts.drop, upload)
        return stat

    def abort(self, upload: Upload) -> None:
        """Nothing of the unfinished upload is left."""
        offload(self._parts.drop, upload)

    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat:
        """The Stat of the object now at `target`, moved by linking or renaming. Raises KeyMissing, ConditionFailed."""
        if self.stat(source) is None:
            raise KeyMissing(source)
        stat = self._install(self._root + source, target, condition)
        remove_empty(os.path.dirname(self._root + source), self._root)
        return stat

    def sweep(self, seconds: float) -> int:
        """How many scratch files and parts were removed, all untouched for `seconds`."""
        return offload(_sweep, (str(self._scratch), self._uploads), time.time() - seconds)

    @contextmanager
    def _scratch_name(self) -> Iterator[str]:
        """A name for a new file, which is deleted should it still be there in the end."""
        path = f"{self._scratch}/{uuid4().hex}"
        try:
            yield path
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)

    def _join(self, parts: Sequence[str], key: str) -> Stat:
        with self._scratch_name() as source:
            offload(join_files, parts, source)
            return self._install(source, key, ANY)

    def _install(self, source: str, key: str, condition: Condition) -> Stat:
        """The file, whose bytes are durable, is the object; `source` is gone. Raises ConditionFailed, Invalid.

        Invariant: what a condition is checked against is durable, since the lock is held until the directory is.
        """
        with self._shards.hold(key) as turn:
            return offload(self._install_in_turn, turn, source, key, condition)

    def _install_in_turn(self, turn: Turn, source: str, key: str, condition: Condition) -> Stat:
        target = self._root + key
        found = self.stat(key)
        _check(key, condition, found)
        stamp = turn.stamp()
        os.utime(source, ns=(stamp, stamp), follow_symlinks=False)
        stat = describe(key, os.stat(source, follow_symlinks=False))
        name_file(source, target, replace=not condition.absent)
        return stat


def _check(key: str, condition: Condition, found: Stat | None) -> None:
    if condition.absent and found:
        raise ConditionFailed(key)
    if condition.token is not None and (found is None or found.token != condition.token):
        raise ConditionFailed(key)


def _sweep(roots: Iterable[str], before: float) -> int:
    """How many files older than `before` were removed below the directories, and so were empty directories."""
    removed = 0
    for root in roots:
        for directory, _, names in os.walk(root, topdown=False):
            for name in names:
                path = f"{directory}/{name}"
                with suppress(FileNotFoundError):
                    if os.stat(path, follow_symlinks=False).st_mtime <= before:
                        os.unlink(path)
                        removed += 1
            remove_empty(directory, root)
    return removed
