"""Gzip streams (RFC 1952), unpacked piece by piece within bounds."""

from collections.abc import Iterable, Iterator

from registry.core.inflate import GZIP, Inflater
from registry.core.limits import DEFAULT_LIMITS, ArchiveInvalid, ArchiveTooLarge

_FED = 64 * 1024


def iter_gunzip(
    chunks: Iterable[bytes | memoryview],
    *,
    max_output: int,
    max_ratio: int = DEFAULT_LIMITS.max_ratio,
    ratio_slack: int = DEFAULT_LIMITS.ratio_slack,
    max_members: int = 1,
) -> Iterator[bytes]:
    """The unpacked bytes of `chunks`, in pieces of at most 256 KiB.

    The checksum and the length of each member are verified. Behind the last member only NUL bytes may follow. One
    member is the rule: of several, some clients (cargo, uv, bun, RubyGems) read the first and others read all.
    Raises ArchiveTooLarge past `max_output` bytes, ArchiveInvalid for more than `ratio_slack` bytes plus `max_ratio`
    for each byte received, for more than `max_members` members, and for a stream that is damaged, truncated or
    followed by anything else.
    """
    received = produced = 0
    members = _Members(max_members)
    for fed in _pieces(chunks):
        received += len(fed)
        for piece in members.feed(fed):
            produced += len(piece)
            if produced > max_output:
                raise ArchiveTooLarge(max_output, "the unpacked data")
            if produced > ratio_slack + max_ratio * received:
                raise ArchiveInvalid(f"gzip: the data unpacks to more than {max_ratio} times its size")
            yield piece
    members.finish()


def _pieces(chunks: Iterable[bytes | memoryview]) -> Iterator[memoryview]:
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), _FED):
            yield view[start : start + _FED]


class _Members:
    """The members of a stream, one after another, and the padding behind them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = 0
        self._current: Inflater | None = None
        self._padding = False

    def feed(self, packed: bytes | memoryview) -> Iterator[bytes]:
        while packed:
            inflater = self._current or self._begin(packed)
            if inflater is None:
                return
            yield from inflater.feed(packed)
            self._current = None if inflater.finished else inflater
            packed = inflater.rest

    def _begin(self, packed: bytes | memoryview) -> Inflater | None:
        """The inflater of the member that starts here; None for padding."""
        if self._begun and (self._padding or packed[0] == 0):
            if bytes(packed).strip(b"\0"):
                raise ArchiveInvalid("gzip: something follows the padding behind the compressed data")
            self._padding = True
            return None
        if self._begun == self._most:
            raise ArchiveInvalid(f"gzip: something follows the compressed data (at most {self._most} members are read)")
        self._begun += 1
        return Inflater(GZIP)

    def finish(self) -> None:
        if self._current is not None or not self._begun:
            raise ArchiveInvalid("gzip: the compressed data is truncated")
