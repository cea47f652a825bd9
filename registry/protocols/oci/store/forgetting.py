"""The end of a blob's membership of repositories, when garbage collection has deleted the blob.

A link with content is one that is being removed: it still lets read, and whoever pushes writes it anew.
"""

import secrets

from registry.core.digests import Digest
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.memberships import Memberships
from registry.storage.driver import ConditionFailed, Object, matching
from registry.storage.storage import Storage


def forget_blob(storage: Storage, prefix: str, digest: Digest) -> None:
    """No repository of the mount has the blob any more, except where it has been pushed again.

    Where the store's deletions take no conditions, the links stay; they lead nowhere until somebody pushes the blob.
    """
    if not storage.enforced().delete:
        return
    keys = Keys(prefix)
    for repository in Memberships(storage, keys).holders(digest):
        key = keys.blob(repository, digest)
        found = storage.read(key)
        if not isinstance(found, Object) or _remove(storage, found, digest):
            mark = keys.holder(digest, repository)
            if mark:
                storage.delete(mark)


def _remove(storage: Storage, link: Object, digest: Digest) -> bool:
    """Whether the link is gone.

    Invariant: the blob is looked for after the link has content, and a push looks at the link after it put the blob;
    so one of both sees the other.
    """
    try:
        leaving = storage.put(link.stat.key, secrets.token_bytes(16), matching(link.stat))
        if storage.blobs.stat(digest) is None:
            return storage.delete(leaving.key, matching(leaving))
        storage.put(leaving.key, b"", matching(leaving))
    except ConditionFailed:
        pass
    return False
