"""Headers of the entries in a zip file (APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.5), read to the letter."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from registry.core.limits import ArchiveInvalid
from registry.core.paths import shown

_CENTRAL = struct.Struct("<4s4xHH4xLLLHHHH2xLL")
_LOCAL = struct.Struct("<4s2xHH4xLLLHH")
_EXTRA = struct.Struct("<HH")
_CENTRAL_SIGNATURE = b"PK\x01\x02"
_LOCAL_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_ZIP64 = 0x0001
_UNICODE_PATH = 0x7075

MAX_NARROW = 0xFFFFFFFF
DESCRIPTOR_FLAG = 0x0008
LONGEST_DESCRIPTOR = 24


class Central(NamedTuple):
    """An entry as the central directory tells it."""

    name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    attributes: int
    offset: int


class Local(NamedTuple):
    """An entry as the header in front of its data tells it; `start` is the data's offset, `wide`: 64-bit sizes."""

    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    start: int
    wide: bool


def iter_central(data: bytes, count: int) -> Iterator[Central]:
    """The `count` entries that the central directory `data` tells.

    Raises ArchiveInvalid for another number of them, a malformed one, one on another disk, a comment on an entry.
    """
    at = 0
    for _ in range(count):
        if not data.startswith(_CENTRAL_SIGNATURE, at) or len(data) - at < _CENTRAL.size:
            raise ArchiveInvalid("zip: malformed central directory")
        fields = _CENTRAL.unpack_from(data, at)
        _, flags, method, crc, compressed, size, name_size, extra_size, comment_size, disk, attributes, offset = fields
        start = at + _CENTRAL.size
        at = start + name_size + extra_size
        if disk or comment_size:
            raise ArchiveInvalid("zip: an entry has a comment or is on another disk")
        name = data[start : start + name_size]
        wide = _parse_extra(data[start + name_size : at], name)
        if wide is not None:
            size, compressed, offset = _widened((size, compressed, offset), wide)
        yield Central(name, flags, method, crc, compressed, size, attributes, offset)
    if at != len(data):
        raise ArchiveInvalid("zip: the central directory does not end with the last entry")


def read_local(file: BinaryIO, central: Central) -> Local:
    """The header in front of the data of `central`.

    Raises ArchiveInvalid if it is malformed or has another name.
    """
    file.seek(central.offset)
    head = file.read(_LOCAL.size + len(central.name))
    if len(head) < _LOCAL.size or not head.startswith(_LOCAL_SIGNATURE):
        raise ArchiveInvalid(f"zip: no local header for {shown(central.name)}")
    _, flags, method, crc, compressed, size, name_size, extra_size = _LOCAL.unpack_from(head)
    if name_size != len(central.name) or head[_LOCAL.size :] != central.name:
        raise ArchiveInvalid(f"zip: the local header of {shown(central.name)} has another name")
    wide = _parse_extra(file.read(extra_size), central.name)
    if wide is not None:
        size, compressed = _widened((size, compressed), wide)
    start = central.offset + len(head) + extra_size
    return Local(flags, method, crc, compressed, size, start, wide is not None)


def is_descriptor(data: bytes, central: Central, *, wide: bool) -> bool:
    """Whether `data` is the data descriptor of `central`, with or without its signature."""
    layout = "<LQQ" if wide else "<LLL"
    expected = struct.pack(layout, central.crc, central.compressed, central.size)
    return data in (expected, _DESCRIPTOR_SIGNATURE + expected)


def _parse_extra(data: bytes, name: bytes) -> tuple[int, ...] | None:
    """The numbers of the zip64 field in `data`, None without one.

    Raises ArchiveInvalid for malformed data, a second zip64 field, and a second name that is not `name`.
    """
    wide = None
    at = 0
    while at < len(data):
        kind, size = _EXTRA.unpack_from(data, at) if len(data) - at >= _EXTRA.size else (0, len(data))
        at += _EXTRA.size
        field = data[at : at + size]
        at += size
        if at > len(data) or (kind == _ZIP64 and (wide is not None or size % 8)):
            raise ArchiveInvalid(f"zip: the extra field of {shown(name)} is malformed")
        if kind == _ZIP64:
            wide = struct.unpack(f"<{size // 8}Q", field)
        if kind == _UNICODE_PATH and field[5:] != name:
            raise ArchiveInvalid(f"zip: {shown(name)} has a second name")
    return wide


def _widened(narrow: tuple[int, ...], wide: tuple[int, ...]) -> tuple[int, ...]:
    """`narrow` with its marks replaced by the numbers in the zip64 field.

    The field has the marked numbers only or, as some programs write it, the first numbers whether marked or not.
    Raises ArchiveInvalid if it has neither.
    """
    marked = [number == MAX_NARROW for number in narrow]
    if len(wide) == sum(marked):
        rest = iter(wide)
        return tuple(next(rest) if mark else number for mark, number in zip(marked, narrow, strict=True))
    full = wide[: len(narrow)] + narrow[len(wide) :]
    if any(number != other and not mark for mark, number, other in zip(marked, narrow, full, strict=True)):
        raise ArchiveInvalid("zip: a zip64 field contradicts its header")
    if any(marked[len(wide) :]):
        raise ArchiveInvalid("zip: a zip64 field lacks a number")
    return full
