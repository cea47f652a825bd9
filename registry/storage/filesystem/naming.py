"""The moment in which a finished file gets its name."""

import errno
import os

from registry.errors import Invalid
from registry.storage.driver import ConditionFailed
from registry.storage.filesystem.durable import make_directory, sync_directory

ATTEMPTS = 100


def name_file(source: str, target: str, *, replace: bool) -> None:
    """The file is durably known as `target`, and as `source` no more; directories are made as needed.

    Raises ConditionFailed when there is a `target` that is not to be replaced, and Invalid when it is a directory with
    files in it, or is to lie below a file.
    """
    directory = os.path.dirname(target)
    for attempt in range(ATTEMPTS):
        try:
            if attempt:
                make_directory(directory)
            (os.rename if replace else os.link)(source, target)
        except FileNotFoundError:  # a deletion of the last neighbour takes the directory away at any moment
            continue
        except NotADirectoryError:
            raise Invalid("a part of this key is an object itself") from None
        except (FileExistsError, IsADirectoryError):
            _clear(target)
        else:
            break
    else:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), target)
    sync_directory(directory)
    if not replace:
        os.unlink(source)


def _clear(target: str) -> None:
    """No empty directories, which a crash may leave, are in the way."""
    if not os.path.isdir(target):
        raise ConditionFailed(target)
    for directory, _, _ in os.walk(target, topdown=False):
        try:
            os.rmdir(directory)
        except FileNotFoundError:
            continue
        except OSError:
            raise Invalid("there are objects below this key") from None
