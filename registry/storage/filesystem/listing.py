"""Keys in byte order from a directory tree, one directory in memory at a time."""

import os
from collections.abc import Iterator

from registry.storage.driver import Prefix, Stat
from registry.storage.filesystem.reading import stat_file


def list_tree(root: str, prefix: str, after: str, delimiter: str) -> Iterator[Stat | Prefix]:
    """What Driver.list gives, for the files below `root`, which ends with a slash."""
    levels = [_children(root, prefix[: prefix.rfind("/") + 1], prefix, after)]
    while levels:
        key = next(levels[-1], None)
        if key is None:
            levels.pop()
        elif not key.endswith("/"):
            found = stat_file(key, root + key) if key > after else None
            if found:
                yield found
        elif not delimiter:
            levels.append(_children(root, key, prefix, after))
        elif key > after and _holds_files(root + key):
            yield Prefix(key)


def _children(root: str, directory: str, prefix: str, after: str) -> Iterator[str]:
    """The keys in one directory that matter; those of directories end with a slash, which sorts them among the rest."""
    keys = []
    try:
        with os.scandir(root + directory) as entries:
            for entry in entries:
                folder = entry.is_dir(follow_symlinks=False)
                key = directory + entry.name + ("/" if folder else "")
                if key.startswith(prefix) and (key > after or (folder and after.startswith(key))):
                    keys.append(key)
    except (FileNotFoundError, NotADirectoryError):
        return iter(())
    keys.sort()
    return iter(keys)


def _holds_files(path: str) -> bool:
    return any(files for _, _, files in os.walk(path))
