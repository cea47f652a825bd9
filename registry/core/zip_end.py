"""The end of a zip file (APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16), read to the letter."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from registry.core.limits import ArchiveInvalid

_END = struct.Struct("<4sHHHHLLH")
_END64 = struct.Struct("<4sQ4xLLQQQQ")
_LOCATOR = struct.Struct("<4sLQL")
_END_SIGNATURE = b"PK\x05\x06"
_END64_SIGNATURE = b"PK\x06\x06"
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_IN_END64 = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)

LONGEST_TAIL = _END64.size + _LOCATOR.size + _END.size + 0xFFFF


class Directory(NamedTuple):
    """Where the central directory lies, and how many entries it has."""

    entries: int
    size: int
    offset: int


def parse_end(tail: bytes, length: int) -> Directory:
    """The central directory of a file of `length` bytes, told by its last LONGEST_TAIL bytes.

    Raises ArchiveInvalid unless exactly one end record (with its zip64 companions, if any) lies at the very end, its
    fields agree, and the directory reaches up to it.
    """
    at = tail.rfind(_END_SIGNATURE)
    if at < 0:
        raise ArchiveInvalid("zip: no end of central directory")
    if not _reaches_the_end(tail, at):
        raise ArchiveInvalid("zip: the archive is cut, or something follows its end")
    if any(_reaches_the_end(tail, other) for other in _occurrences(tail[:at], _END_SIGNATURE)):
        raise ArchiveInvalid("zip: two ends of central directory")
    end = length - len(tail) + at
    numbers = _END.unpack_from(tail, at)[1:7]
    if tail.startswith(_LOCATOR_SIGNATURE, max(at - _LOCATOR.size, 0)):
        end -= _LOCATOR.size + _END64.size
        numbers = _parse_end64(tail[:at], end, numbers)
    disk, first_disk, here, count, size, offset = numbers
    if disk or first_disk or here != count:
        raise ArchiveInvalid("zip: the archive has several disks")
    if offset + size != end:
        raise ArchiveInvalid("zip: the central directory is not where the archive says")
    return Directory(count, size, offset)


def _reaches_the_end(tail: bytes, at: int) -> bool:
    """Whether an end record at `at`, with the comment it announces, reaches the end of the file."""
    end = at + _END.size
    return end + int.from_bytes(tail[end - 2 : end], "little") == len(tail)


def _occurrences(data: bytes, signature: bytes) -> Iterator[int]:
    at = data.find(signature)
    while at >= 0:
        yield at
        at = data.find(signature, at + 1)


def _parse_end64(tail: bytes, end: int, narrow: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of the zip64 end record at the offset `end`, whose locator ends `tail`; they overrule `narrow`."""
    start = len(tail) - _LOCATOR.size - _END64.size
    if start < 0:
        raise ArchiveInvalid("zip: no zip64 end of central directory")
    signature, size, *wide = _END64.unpack_from(tail, start)
    located = _LOCATOR.unpack_from(tail, start + _END64.size)[1:]
    if located != (0, end, 1) or signature != _END64_SIGNATURE or size != _END64.size - 12:
        raise ArchiveInvalid("zip: the zip64 end of central directory is not where its locator says")
    if any(short not in (full, mark) for short, full, mark in zip(narrow, wide, _IN_END64, strict=True)):
        raise ArchiveInvalid("zip: the two ends of central directory contradict each other")
    return tuple(wide)
