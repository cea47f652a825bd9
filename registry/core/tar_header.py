"""Header blocks of tar archives (POSIX.1-2017 ustar, GNU, v7), read to the letter."""

import re
import struct
from typing import NamedTuple

from registry.core.limits import ArchiveInvalid

BLOCK = 512
MAX_OCTAL = 0o77777777777

_FIELDS = struct.Struct("100s8s16x12s12x8sc100s8s80x155s12x")
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*")
_USTAR = b"ustar\0"
_GNU_OR_V7 = (b"ustar  \0", bytes(8))


class Header(NamedTuple):
    """One header block; `name` and `link` are as they stand in it."""

    type: bytes
    name: bytes
    link: bytes
    size: int
    mode: int


def parse_header(block: bytes) -> Header:
    """The header in the 512 bytes of `block`.

    Raises ArchiveInvalid for a wrong checksum, an unknown format, a field that is no number or a negative one, and for
    bytes in the place of ustar's path prefix in a header that is not ustar: programs differ over them.
    """
    name, mode, size, checksum, kind, link, magic, prefix = _FIELDS.unpack(block)
    _verify(block, _number(checksum, "checksum"))
    name, link, prefix = _text(name), _text(link), _text(prefix)
    ustar = magic.startswith(_USTAR)
    if not ustar and (prefix or magic not in _GNU_OR_V7):
        raise ArchiveInvalid("tar: a header is in no known format")
    if prefix:
        name = prefix + b"/" + name
    return Header(kind, name, link, _number(size, "size"), _number(mode, "mode") if mode.strip(b" \0") else 0)


def _verify(block: bytes, checksum: int) -> None:
    """The checksum covers the block with its own field as spaces; old programs summed signed bytes."""
    summed = block[:148] + b" " * 8 + block[156:]
    total = sum(summed)
    if total != checksum and total - 256 * sum(byte >> 7 for byte in summed) != checksum:
        raise ArchiveInvalid("tar: a header has a wrong checksum")


def _number(field: bytes, what: str) -> int:
    """Octal digits, or base 256 behind a byte 0x80 (GNU)."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    if field[0] == 0xFF:
        raise ArchiveInvalid(f"tar: a {what} is negative")
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise ArchiveInvalid(f"tar: a {what} is not a number")
    return int(match[1], 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
