"""Deflate streams, unpacked in bounded pieces."""

import zlib
from collections.abc import Iterator

from registry.core.limits import ArchiveInvalid

PIECE = 256 * 1024
GZIP = 31
RAW = -15


class Inflater:
    """One deflate stream in a wrapping known to zlib by its `wbits`: GZIP (checksum and length verified) or RAW."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)

    @property
    def finished(self) -> bool:
        """Whether the stream has come to its own end."""
        return self._zlib.eof

    @property
    def rest(self) -> bytes:
        """What was fed and lies behind the end of the stream."""
        return self._zlib.unused_data

    def feed(self, packed: bytes | memoryview) -> Iterator[bytes]:
        """What `packed` adds to the output, in pieces of at most PIECE bytes; a small `packed` keeps this fast.

        Raises ArchiveInvalid for a damaged stream.
        """
        more = True
        while more:
            try:
                piece = self._zlib.decompress(packed, PIECE)
            except zlib.error as error:
                raise ArchiveInvalid(f"the compressed data is damaged ({error})") from error
            packed = self._zlib.unconsumed_tail
            more = not self._zlib.eof and (len(packed) > 0 or len(piece) == PIECE)
            if piece:
                yield piece
