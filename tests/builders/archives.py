"""Archives byte by byte: valid by default, odd where a test says so."""

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

BLOCK = 512
TAR_END = bytes(2 * BLOCK)
USTAR = b"ustar\x0000"
GNU = b"ustar  \0"
V7 = bytes(8)

STORED, DEFLATED = 0, 8
STREAMED = 0x0008


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def octal(number: int, width: int = 12) -> bytes:
    return f"{number:0{width - 1}o}\0".encode()


def base256(number: int, width: int = 12) -> bytes:
    """A number as GNU tar writes one that is negative or too large for octal digits."""
    flag = 0x80 if number >= 0 else 0xFF
    digits: int = number % 256 ** (width - 1)
    return bytes([flag]) + digits.to_bytes(width - 1, "big")


def tar_header(
    name: bytes = b"package/a.txt",
    *,
    size: int | bytes = 0,
    kind: bytes = b"0",
    link: bytes = b"",
    mode: bytes = b"0000644\0",
    magic: bytes = USTAR,
    prefix: bytes = b"",
    signed: bool = False,
) -> bytes:
    block = bytearray(BLOCK)
    block[0 : len(name)] = name
    block[100:108] = mode
    block[124:136] = octal(size) if isinstance(size, int) else size
    block[136:148] = octal(0)
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = magic
    block[345 : 345 + len(prefix)] = prefix
    total = sum(byte - 256 if signed and byte > 127 else byte for byte in block)
    block[148:156] = octal(total, 7) + b" "
    return bytes(block)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def tar_member(
    name: bytes = b"package/a.txt", content: bytes = b"", *, kind: bytes = b"0", link: bytes = b"", magic: bytes = USTAR
) -> bytes:
    return tar_header(name, size=len(content), kind=kind, link=link, magic=magic) + padded(content)


def pax_record(key: str, value: bytes) -> bytes:
    rest = len(key.encode()) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key.encode(), value)


def pax_header(records: Mapping[str, bytes] | bytes, kind: bytes = b"x") -> bytes:
    data = records if isinstance(records, bytes) else b"".join(pax_record(*record) for record in records.items())
    return tar_member(b"PaxHeaders/a.txt", data, kind=kind)


def gnu_long(name: bytes, kind: bytes = b"L") -> bytes:
    return tar_member(b"././@LongLink", name + b"\0", kind=kind, magic=GNU)


def tar_archive(*members: bytes, end: bytes = TAR_END) -> bytes:
    return b"".join(members) + end


@dataclass(frozen=True)
class ZipPart:
    """One entry: what is `in_local` or `in_central` overrides the same field in that header alone."""

    name: bytes = b"a.txt"
    content: bytes = b"some content, some content"
    method: int = DEFLATED
    flags: int = 0
    attributes: int = 0
    local_extra: bytes = b""
    central_extra: bytes = b""
    comment: bytes = b""
    packed: bytes | None = None
    descriptor: str | None = None
    in_local: Mapping[str, int | bytes] = field(default_factory=dict)
    in_central: Mapping[str, int | bytes] = field(default_factory=dict)
    gap: bytes = b""

    @property
    def data(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method != DEFLATED:
            return self.content
        deflate = zlib.compressobj(wbits=-15)
        return deflate.compress(self.content) + deflate.flush()

    @property
    def fields(self) -> dict[str, int | bytes]:
        return {
            "name": self.name,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "compressed": len(self.data),
            "size": len(self.content),
        }


def streamed_part(part: ZipPart, layout: str = "<4sLLL") -> ZipPart:
    """`part` as a program writes it that cannot seek: sizes and checksum follow the data."""
    unknown: dict[str, int | bytes] = {"crc": 0, "compressed": 0, "size": 0}
    return replace(part, flags=part.flags | STREAMED, descriptor=layout, in_local={**unknown, **part.in_local})


def _local(part: ZipPart) -> bytes:
    told = part.fields | dict(part.in_local)
    name = told["name"]
    assert isinstance(name, bytes)
    numbers = (told[key] for key in ("crc", "compressed", "size"))
    head = struct.pack("<4sHHHL", b"PK\x03\x04", 20, told["flags"], told["method"], 0)
    head += struct.pack("<LLLHH", *numbers, len(name), len(part.local_extra))
    return head + name + part.local_extra


def _descriptor(part: ZipPart) -> bytes:
    if part.descriptor is None:
        return b""
    numbers = (part.fields[key] for key in ("crc", "compressed", "size"))
    return struct.pack(part.descriptor, *([b"PK\x07\x08"] if "4s" in part.descriptor else []), *numbers)


def _central(part: ZipPart, offset: int) -> bytes:
    told = {**part.fields, "offset": offset, "disk": 0, **part.in_central}
    name = told["name"]
    assert isinstance(name, bytes)
    numbers = (told[key] for key in ("crc", "compressed", "size"))
    head = struct.pack("<4sHHHHL", b"PK\x01\x02", 20, 20, told["flags"], told["method"], 0)
    head += struct.pack("<LLLHHH", *numbers, len(name), len(part.central_extra), len(part.comment))
    head += struct.pack("<HHLL", told["disk"], 0, part.attributes, told["offset"])
    return head + name + part.central_extra + part.comment


def zip64_extra(*numbers: int) -> bytes:
    return struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def zip_end(entries: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    return struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, entries, entries, size, offset, len(comment)) + comment


def zip_end64(entries: int, size: int, offset: int, *, located: int | None = None, length: int = 44) -> bytes:
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", length, 45, 45, 0, 0, entries, entries, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + size if located is None else located, 1)
    return record + locator


@dataclass(frozen=True)
class ZipBody:
    """Entries and their directory, still without an end."""

    data: bytes
    entries: int
    size: int
    offset: int

    def closed(self, comment: bytes = b"") -> bytes:
        return self.data + zip_end(self.entries, self.size, self.offset, comment)


def zip_body(parts: Iterable[ZipPart], before: bytes = b"") -> ZipBody:
    data, directory, entries = bytearray(before), bytearray(), 0
    for part in parts:
        directory += _central(part, len(data))
        data += _local(part) + part.data + _descriptor(part) + part.gap
        entries += 1
    return ZipBody(bytes(data + directory), entries, len(directory), len(data))


def zip_archive(*parts: ZipPart, comment: bytes = b"") -> bytes:
    return zip_body(parts).closed(comment)
