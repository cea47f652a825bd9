"""Conditional and range requests (RFC 9110 sections 13 and 14)."""

import re
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from registry.errors import RangeNotSatisfiable

_ETAG = re.compile(r'(?:W/)?"([^"]*)"')
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*\Z", re.ASCII | re.IGNORECASE)
# nginx, Apache and CDNs mark a compressed variant by a suffix, and clients send it back to us.
_NOISE = re.compile(r"[-;]+(?:gzip|br|deflate|zstd)\Z")


@lru_cache(maxsize=4096)
def http_date(seconds: float) -> str:
    """The IMF-fixdate of a Unix time."""
    return formatdate(seconds, usegmt=True)


def parse_http_date(text: str | None) -> int | None:
    """The Unix time of an HTTP date, or None for anything else."""
    try:
        return int(parsedate_to_datetime(text or "").timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def etag_matches(header: str | None, *etags: str) -> bool:
    """Whether an If-None-Match names one of `etags`, compared weakly; `*` names any."""
    if not header:
        return False
    if header.strip() == "*":
        return True
    ours = {etag.removeprefix("W/").strip('"') for etag in etags if etag}
    return any(tag in ours or _NOISE.sub("", tag) in ours for tag in _ETAG.findall(header))


def is_not_modified(
    if_none_match: str | None, if_modified_since: str | None, etags: tuple[str, ...], modified: int
) -> bool:
    """Whether 304 is the answer; If-Modified-Since counts only without If-None-Match."""
    if if_none_match is not None:
        return etag_matches(if_none_match, *etags)
    since = parse_http_date(if_modified_since) if if_modified_since and modified else None
    return since is not None and modified <= since


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the byte after the last one, or None for the whole object.

    Several ranges and malformed ones are ignored, as RFC 9110 section 14.2 allows. Raises RangeNotSatisfiable, also
    for one that ends before it starts, which that section allows too and the OCI distribution specification wants.
    """
    match = _RANGE.match(header.strip()) if header else None
    if not match or not (match[1] or match[2]):
        return None
    first, last = match[1], match[2]
    if first and last and int(last) < int(first):
        raise RangeNotSatisfiable(size)
    start = int(first) if first else max(0, size - int(last))
    end = int(last) + 1 if first and last else size
    if start >= size:
        raise RangeNotSatisfiable(size)
    return start, min(end, size)


def range_applies(if_range: str | None, etag: str, modified: int) -> bool:
    """Whether an If-Range still holds: a strong comparison of the ETag, or the exact date."""
    if not if_range:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range.strip() == etag
    return bool(modified) and parse_http_date(if_range) == modified
