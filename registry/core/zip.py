"""Zip archives: their directory checked against everything that other programs may read instead, entries on demand.

Refuses what PyPI refuses of wheels, for every zip, but for data descriptors that leave no doubt.
"""

import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import BinaryIO, Literal, NamedTuple

from registry.core.inflate import RAW, Inflater
from registry.core.limits import DEFAULT_LIMITS, ArchiveInvalid, ArchiveLimits, ArchiveTooLarge
from registry.core.paths import MAX_PATH, check_not_through, clean_path, clean_symlink, shown
from registry.core.zip_end import LONGEST_TAIL, parse_end
from registry.core.zip_records import (
    DESCRIPTOR_FLAG,
    LONGEST_DESCRIPTOR,
    MAX_NARROW,
    Central,
    Local,
    is_descriptor,
    iter_central,
    read_local,
)

Kind = Literal["file", "dir", "symlink"]

_STORED = 0
_DEFLATED = 8
_ENCRYPTED_OR_PATCHED = 0x2061
_UTF8_FLAG = 0x0800
_MEANINGFUL_FLAGS = _ENCRYPTED_OR_PATCHED | DESCRIPTOR_FLAG | _UTF8_FLAG
_FED = 64 * 1024


class ZipEntry(NamedTuple):
    """One entry. `name` is in the form of `clean_path`, `start` the offset of its `compressed` bytes of data."""

    name: str
    size: int
    compressed: int
    method: int
    kind: Kind
    mode: int
    crc: int
    start: int


class ZipArchive:
    """An archive without ambiguity; reads from the file it was opened on, which stays the caller's."""

    def __init__(self, file: BinaryIO, entries: Mapping[str, ZipEntry]) -> None:
        self._file = file
        self._entries = entries

    @property
    def entries(self) -> tuple[ZipEntry, ...]:
        """All entries, in the order of the central directory."""
        return tuple(self._entries.values())

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str, limit: int) -> bytes:
        """The content of the entry called `name`.

        Raises ArchiveTooLarge if it has more than `limit` bytes; ArchiveInvalid if there is no such file, or if it is
        not exactly what the directory says of it (size, checksum, extent of the data).
        """
        entry = self._entries.get(name)
        if entry is None or entry.kind == "dir":
            raise ArchiveInvalid(f"zip: no file {shown(name)}")
        if entry.size > limit:
            raise ArchiveTooLarge(limit, f"the entry {shown(name)}")
        return b"".join(self._content(entry))

    def verify(self, entry: ZipEntry) -> None:
        """Returns if the content of `entry` is what the directory says; unpacks it. Raises ArchiveInvalid."""
        for _ in self._content(entry):
            pass

    def _content(self, entry: ZipEntry) -> Iterator[bytes]:
        size = crc = 0
        for piece in self._packed(entry) if entry.method == _STORED else self._inflated(entry):
            size += len(piece)
            if size > entry.size:
                raise ArchiveInvalid(f"zip: {shown(entry.name)} is larger than the directory says")
            crc = zlib.crc32(piece, crc)
            yield piece
        if size != entry.size or crc != entry.crc:
            raise ArchiveInvalid(f"zip: {shown(entry.name)} is not what the directory says")

    def _packed(self, entry: ZipEntry) -> Iterator[bytes]:
        for at in range(0, entry.compressed, _FED):
            self._file.seek(entry.start + at)
            yield self._file.read(min(_FED, entry.compressed - at))

    def _inflated(self, entry: ZipEntry) -> Iterator[bytes]:
        inflater = Inflater(RAW)
        left = entry.compressed
        for packed in self._packed(entry):
            yield from inflater.feed(packed)
            left -= len(packed)
            if inflater.finished:
                break
        if not inflater.finished or inflater.rest or left:
            raise ArchiveInvalid(f"zip: the data of {shown(entry.name)} does not end where the directory says")


def open_zip(file: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> ZipArchive:
    """The archive in the seekable `file`.

    Reads all headers, and little content: symbolic links, and deflated entries with a data descriptor, of which a
    program that reads from the start learns the end in no other way (CVE-2025-54368).
    Accepts stored and deflated entries, zip64, data descriptors behind deflated entries and a comment at the end.
    Raises ArchiveTooLarge if the sizes add up to more than `limits.max_unpacked`. Raises ArchiveInvalid past the other
    limits, for names and links that leave the tree, encrypted entries, devices, and for any ambiguity: anything before,
    between or behind the entries, overlaps, repeated names, local headers that differ from the directory.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - LONGEST_TAIL))
    directory = parse_end(file.read(LONGEST_TAIL), length)
    if directory.entries > limits.max_entries:
        raise ArchiveInvalid(f"zip: more than {limits.max_entries} entries")
    if directory.size > limits.max_metadata:
        raise ArchiveInvalid(f"zip: the central directory exceeds {limits.max_metadata} bytes")
    file.seek(directory.offset)
    listed = [*iter_central(file.read(directory.size), directory.entries)]
    _check_sizes(listed, length, limits)
    archive = ZipArchive(file, _entries(listed, _starts(file, listed, directory.offset)))
    _check_links(archive)
    for central, entry in zip(listed, archive.entries, strict=True):
        if central.flags & DESCRIPTOR_FLAG:
            archive.verify(entry)
    return archive


def _check_sizes(listed: list[Central], length: int, limits: ArchiveLimits) -> None:
    total = sum(central.size for central in listed)
    if total > limits.max_unpacked:
        raise ArchiveTooLarge(limits.max_unpacked, "the unpacked archive")
    if total > limits.ratio_slack + limits.max_ratio * length:
        raise ArchiveInvalid(f"zip: the archive unpacks to more than {limits.max_ratio} times its size")


def _starts(file: BinaryIO, listed: list[Central], end: int) -> dict[int, int]:
    """Where the data of each entry starts, by the offset of the entry; they fill the file up to `end` without a gap."""
    by_offset = sorted(listed, key=attrgetter("offset"))
    ends = [*(central.offset for central in by_offset), end]
    if ends.pop(0) != 0:
        raise ArchiveInvalid("zip: something precedes the first entry")
    return {central.offset: _check_local(file, central, end) for central, end in zip(by_offset, ends, strict=True)}


def _check_local(file: BinaryIO, central: Central, end: int) -> int:
    """The offset of the data of `central`; behind them, and a data descriptor if announced, lies `end`."""
    if central.flags & _ENCRYPTED_OR_PATCHED or central.method not in (_STORED, _DEFLATED):
        raise _offence(central, "is encrypted, or compressed by another method than deflate")
    if central.method == _STORED and central.compressed != central.size:
        raise _offence(central, "is stored and has two sizes")
    local = read_local(file, central)
    if local.method != central.method or (local.flags ^ central.flags) & _MEANINGFUL_FLAGS:
        raise _offence(central, "has a local header that differs from the directory")
    gap = end - local.start - central.compressed
    if central.flags & DESCRIPTOR_FLAG:
        _check_descriptor(file, central, local, gap)
    elif (local.crc, local.compressed, local.size) != (central.crc, central.compressed, central.size):
        raise _offence(central, "has a local header that differs from the directory")
    elif gap:
        raise _offence(central, "overlaps what follows it, or leaves a gap")
    return local.start


def _check_descriptor(file: BinaryIO, central: Central, local: Local, gap: int) -> None:
    """The last `gap` bytes of the entry are its data descriptor, and no reader could take it for data."""
    if central.method == _STORED and central.size:
        raise _offence(central, "is stored with a data descriptor: its end is a matter of opinion")
    if local.crc not in (0, central.crc) or local.compressed not in (0, central.compressed):
        raise _offence(central, "has a local header that differs from the directory")
    if local.size not in (0, central.size):
        raise _offence(central, "has a local header that differs from the directory")
    if not 0 < gap <= LONGEST_DESCRIPTOR:
        raise _offence(central, "overlaps what follows it, or leaves a gap")
    file.seek(local.start + central.compressed)
    wide = local.wide or max(central.compressed, central.size) >= MAX_NARROW
    if not is_descriptor(file.read(gap), central, wide=wide):
        raise _offence(central, "has a data descriptor that differs from the directory")


def _entries(listed: list[Central], starts: dict[int, int]) -> dict[str, ZipEntry]:
    """The entries by name. Raises ArchiveInvalid for a name that comes twice, as file or directory."""
    entries: dict[str, ZipEntry] = {}
    for central in listed:
        kind = _kind(central)
        name = clean_path(central.name)
        if name in entries or not name:
            raise _offence(central, "has no name, or that of another entry")
        mode, start = central.attributes >> 16, starts[central.offset]
        entries[name] = ZipEntry(name, central.size, central.compressed, central.method, kind, mode, central.crc, start)
    return entries


def _kind(central: Central) -> Kind:
    format_ = stat.S_IFMT(central.attributes >> 16)
    if central.name.endswith(b"/"):
        if central.size or format_ not in (0, stat.S_IFDIR, stat.S_IFREG):
            raise _offence(central, "is a directory by name and something else by content")
        return "dir"
    if format_ == stat.S_IFLNK:
        return "symlink"
    if format_ not in (0, stat.S_IFREG):
        raise _offence(central, "is neither file, directory nor link")
    return "file"


def _check_links(archive: ZipArchive) -> None:
    """Raises ArchiveInvalid for a symbolic link out of the tree, and for an entry whose name leads through one."""
    links = {entry.name for entry in archive.entries if entry.kind == "symlink"}
    for link in links:
        clean_symlink(link, archive.read(link, MAX_PATH))
    for entry in archive.entries if links else ():
        check_not_through(entry.name, links)


def _offence(central: Central, what: str) -> ArchiveInvalid:
    return ArchiveInvalid(f"zip: {shown(central.name)} {what}")
