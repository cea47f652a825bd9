"""What a failing store means to a client."""

import errno

from registry.errors import RegistryError, StorageFull, Unavailable

_FULL = {errno.ENOSPC, errno.EDQUOT}


def refusal_of(error: OSError) -> RegistryError:
    """StorageFull when there is no room, else Unavailable; without the paths that the error may name."""
    if error.errno in _FULL:
        return StorageFull("the store has no room left")
    return Unavailable("the store does not answer now")
