"""The keys at which a blob, and what is known of it, lie."""

from typing import Final

from registry.core.digests import Digest, algorithm_of, hex_of

SHA256: Final = "blobs/sha256/"
STRAYS: Final = "blobs/uploads/"
"""Where the bytes of uploads become objects; a pointer leads to those that are blobs and could not be moved."""
POINTER: Final = ".at"
TOMBSTONE: Final = ".tombstone"


def blob_key(digest: Digest) -> str:
    """The key that the digest's own object, or its alias, has."""
    name = hex_of(digest)
    return f"blobs/{algorithm_of(digest)}/{name[:2]}/{name}"


def digest_at(key: str) -> Digest:
    """The sha256 of the blob that a key below `blobs/sha256/` belongs to."""
    return Digest("sha256:" + key.rpartition("/")[2].partition(".")[0])
