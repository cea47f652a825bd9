"""Storage keys: lower-case ASCII segments joined by `/`, the same on every store and every file system.

A segment made from a name keeps `a-z 0-9 . - _ @ + ~`; every other byte of its UTF-8, a dot at either end and a leading
underscore become `%xx`. So no two names share a key, not even where case is ignored, and `_…` and dot files are ours.
A name whose segment would pass 240 bytes that way (an OCI tag of 128 capitals) is written `%%` and its bytes in base 32
instead; what is too long even then is refused.
"""

import base64
import binascii
import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from registry.errors import Invalid

MAX_SEGMENT: Final = 240  # file systems take 255 bytes
MAX_KEY: Final = 900  # S3 takes 1024, and a bucket may be shared under a prefix

_SEGMENT: Final = rf"(?!\.)[a-z0-9._@+~%-]{{1,{MAX_SEGMENT}}}(?<!\.)"
_KEY: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*+")
_UNSAFE: Final = re.compile(rb"^[._]|\.\Z|[^a-z0-9._@+~-]")


def _percent(match: re.Match[bytes]) -> bytes:
    return b"%%%02x" % ord(match[0])


@lru_cache(maxsize=16_384)
def escape_segment(text: str) -> str:
    """One key segment that stands for the text and for no other. Raises Invalid when empty, too long or not Unicode."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise Invalid("a name holds a lone surrogate") from None
    escaped = _UNSAFE.sub(_percent, raw)
    if len(escaped) > MAX_SEGMENT:
        escaped = b"%%" + base64.b32hexencode(raw).rstrip(b"=").lower()
    if not 0 < len(escaped) <= MAX_SEGMENT:
        raise Invalid("a name is empty or too long to be stored")
    return escaped.decode()


def unescape_segment(segment: str) -> str:
    """The text that `escape_segment` turned into this segment. Raises Invalid when it made no such segment."""
    try:
        if segment.startswith("%%"):
            packed = segment[2:].upper()
            text = base64.b32hexdecode(packed + "=" * (-len(packed) % 8)).decode()
        else:
            text = unquote_to_bytes(segment).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text or escape_segment(text) != segment:
        raise Invalid("not the key segment of a name")
    return text


def check_key(key: str) -> str:
    """The key itself, when it is one: segments of 1 to 240 bytes, 900 in all. Raises Invalid."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise Invalid("not a storage key")
    return key


def join_key(*segments: str) -> str:
    """The key of these segments, each escaped already or ours (`_ledger.jsonl`, a mount's prefix). Raises Invalid."""
    return check_key("/".join(segments))
