"""What clients read, made once for each version: identity bytes, gzip bytes and validators."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from gzip import compress
from typing import Final

from registry.catalog.caches import ByteCache
from registry.catalog.flights import Flights
from registry.offload import offload

LARGE: Final = 256 * 1024
SMALL: Final = 500
LEVEL: Final = 6
_OVERHEAD: Final = 500


@dataclass(frozen=True, slots=True)
class Page:
    """What a pure function renders; `note` is a word of its own to those who send the page."""

    content_type: str
    body: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A page ready to be sent; `gzip` is None where it would not save a tenth.

    The ETags are strong, quoted, and follow from the bytes: the same page has the same on every node, and again after
    a change that does not show in it. `modified` is in Unix seconds.
    """

    content_type: str
    body: bytes
    gzip: bytes | None
    etag: str
    gzip_etag: str
    modified: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A rendition with the version token that it was made from."""

    token: str
    rendition: Rendition


class Renditions:
    """The renditions of a mount's ledgers."""

    def __init__(self, cache: ByteCache[Kept]) -> None:
        self._cache = cache
        self._flights = Flights()

    def kept(self, key: str, representation: str) -> Kept | None:
        """The rendition at hand, of whatever version, or None."""
        return self._cache.get((key, representation))

    def make(self, key: str, representation: str, token: str, modified: int, render: Callable[[], Page]) -> Rendition:
        """The rendition of that version, made by one of those who ask for it at the same time."""

        def fly() -> Rendition:
            kept = self.kept(key, representation)
            if kept is None or kept.token != token:
                kept = Kept(token, finish(render(), modified))
                size = len(kept.rendition.body) + len(kept.rendition.gzip or b"") + _OVERHEAD
                self._cache.put((key, representation), kept, size)
            return kept.rendition

        return self._flights.share((key, representation, token), fly)


def finish(page: Page, modified: int) -> Rendition:
    """The page with its gzip form and validators."""
    if len(page.body) > LARGE:
        return offload(_finish, page, modified)
    return _finish(page, modified)


def _finish(page: Page, modified: int) -> Rendition:
    tag = hashlib.sha256(page.body).hexdigest()[:32]
    packed = compress(page.body, LEVEL, mtime=0) if len(page.body) > SMALL else page.body
    smaller = len(packed) < 0.9 * len(page.body)
    return Rendition(
        content_type=page.content_type,
        body=page.body,
        gzip=packed if smaller else None,
        etag=f'"{tag}"',
        gzip_etag=f'"{tag}-gz"',
        modified=modified,
        note=page.note,
    )
