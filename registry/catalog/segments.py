"""Frozen segments of ledgers: blobs of entry lines, read once and kept, and what was rendered from them."""

from collections.abc import Callable, Mapping
from gzip import compress
from typing import Final

from registry.catalog.caches import Caches
from registry.core.digests import Digest
from registry.core.gunzip import iter_gunzip
from registry.core.ledger import Entry, LedgerDamaged, Lines, SegmentRef, parse_lines
from registry.errors import Invalid, NotFound, TooLarge
from registry.offload import offload
from registry.storage.blobs import Blobs

LARGE: Final = 256 * 1024
_INDEX_BYTES: Final = 240  # what the index of one line takes, roughly


class Segments:
    """The segments of all ledgers in a store."""

    def __init__(self, blobs: Blobs, caches: Caches) -> None:
        self._blobs = blobs
        self._lines = caches.segments
        self._fragments = caches.fragments

    def load(self, ref: SegmentRef) -> Lines:
        """The segment's lines. Raises LedgerDamaged when they are not there, or not what the ledger says."""
        lines = self._lines.get(ref.digest)
        if lines is None:
            try:
                packed = self._blobs.read(Digest(ref.digest), ref.size + LARGE)
                lines = offload(_unpack, packed, ref)
            except (NotFound, Invalid, TooLarge) as error:
                raise LedgerDamaged(f"segment {ref.digest} of a ledger cannot be read") from error
            self._keep(ref, lines)
        return lines

    def store(self, data: bytes) -> SegmentRef:
        """The reference of a new segment with these lines, durable on return."""
        lines, packed = offload(_pack, data)
        ref = SegmentRef(self._blobs.put(packed), lines.count, len(data))
        self._keep(ref, lines)
        return ref

    def fragments(
        self, ref: SegmentRef, lines: Lines, representation: str, render: Callable[[Entry], bytes]
    ) -> Mapping[str, bytes]:
        """What `render` makes of each entry of the segment, by key; made once for a representation."""
        found = self._fragments.get((ref.digest, representation))
        if found is None:
            found = render_fragments(lines, render)
            size = sum(map(len, found.values())) + _INDEX_BYTES * len(found)
            self._fragments.put((ref.digest, representation), found, size)
        return found

    def _keep(self, ref: SegmentRef, lines: Lines) -> None:
        self._lines.put(ref.digest, lines, ref.size + _INDEX_BYTES * ref.count)


def render_fragments(lines: Lines, render: Callable[[Entry], bytes]) -> dict[str, bytes]:
    """What `render` makes of each entry that wins within the run, by key."""
    return {key: render(entry) for key, entry in lines.items()}


def _pack(data: bytes) -> tuple[Lines, bytes]:
    return parse_lines(data), compress(data, 6, mtime=0)


def _unpack(packed: bytes, ref: SegmentRef) -> Lines:
    lines = parse_lines(b"".join(iter_gunzip([packed], max_output=ref.size, ratio_slack=ref.size)))
    if (len(lines.data), lines.count) != (ref.size, ref.count):
        raise LedgerDamaged(f"segment {ref.digest} of a ledger is not whole")
    return lines
