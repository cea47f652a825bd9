"""Members of a tar archive, in one pass over its bytes.

Nothing is ever extracted. What programs are known to read differently is refused (as in CVE-2025-62518).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from registry.core.limits import DEFAULT_LIMITS, ArchiveInvalid, ArchiveLimits, ArchiveTooLarge
from registry.core.paths import check_not_through, clean_path, clean_symlink, shown
from registry.core.tar_extensions import EXTENSIONS, Extensions, parse_pax_size
from registry.core.tar_header import BLOCK, MAX_OCTAL, Header, parse_header

Kind = Literal["file", "dir", "symlink", "hardlink"]

_KINDS: dict[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"5": "dir",
}
_MAX_EXTENSION = 1024 * 1024
_PADDING = 1024 * 1024


def iter_tar(
    chunks: Iterable[bytes | memoryview], limits: ArchiveLimits = DEFAULT_LIMITS, *, unique: bool = False
) -> Iterator["Member"]:
    """The members of the uncompressed archive in `chunks`, in order; no more than one chunk is held.

    Names are in the form of `clean_path`; the entry of the tree itself (`./`) is left out. With `unique`, a name may
    come once, or again and again as a directory; without, the caller sees it each time.
    Raises ArchiveTooLarge past `limits.max_unpacked`. Raises ArchiveInvalid for an archive that is damaged, truncated,
    followed by anything but zeros, or past the other limits; for headers that contradict each other; for devices,
    sparse files and other special members; for names and links that leave the tree and names that lead through a link.
    """
    return _Walk(chunks, limits, unique=unique).members()


@dataclass(frozen=True, slots=True)
class Member:
    """One member. Its content can be read once, until the next member is asked for.

    `mode` is the number in the header; `link` is the target of a symbolic link as written, the name of the member that
    a hard link stands for, or "".
    """

    name: str
    size: int
    kind: Kind
    mode: int
    link: str
    _content: "_Content" = field(repr=False, compare=False)

    def read(self, limit: int) -> bytes:
        """The content. Raises ArchiveTooLarge if it has more than `limit` bytes."""
        if self.size > limit:
            raise ArchiveTooLarge(limit, f"the member {shown(self.name)}")
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[memoryview]:
        """The content in pieces no larger than the archive's chunks; each is valid until the next is asked for."""
        if self._content.left != self.size:
            raise ValueError(f"{self.name} was read before, or is passed")
        return self._content.pieces()


class _Content:
    """The next `left` bytes of a source."""

    __slots__ = ("_source", "left")

    def __init__(self, source: "_Source", size: int) -> None:
        self._source = source
        self.left = size

    def pieces(self) -> Iterator[memoryview]:
        while self.left > 0:
            piece = self._source.take(self.left)
            if not piece:
                raise ArchiveInvalid("tar: the archive is truncated")
            self.left -= len(piece)
            yield piece
        if self.left < 0:
            raise ValueError("the member is passed")

    def close(self) -> None:
        """Pass over what is left; from now on nothing can be read."""
        left, self.left = self.left, -1
        self._source.skip(left)


class _Source:
    """Exact reads over chunks, of no more than `limit` bytes in all."""

    def __init__(self, chunks: Iterable[bytes | memoryview], limit: int) -> None:
        self._chunks = iter(chunks)
        self._current = memoryview(b"")
        self._limit = limit
        self._received = 0

    def take(self, most: int) -> memoryview:
        """At least one and at most `most` of the next bytes; none at the end."""
        while not self._current:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._received += len(chunk)
            if self._received > self._limit:
                raise ArchiveTooLarge(self._limit, "the unpacked archive")
            self._current = memoryview(chunk)
        piece, self._current = self._current[:most], self._current[most:]
        return piece

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes. Raises ArchiveInvalid if there are fewer."""
        return b"".join(_Content(self, size).pieces())

    def skip(self, size: int) -> None:
        """Pass over the next `size` bytes. Raises ArchiveInvalid if there are fewer."""
        for _ in _Content(self, size).pieces():
            pass


class _Walk:
    """The state between two headers."""

    def __init__(self, chunks: Iterable[bytes | memoryview], limits: ArchiveLimits, *, unique: bool) -> None:
        self._source = _Source(chunks, limits.max_unpacked)
        self._limits = limits
        self._headers = 0
        self._metadata = 0
        self._extensions = Extensions()
        self._links: set[str] = set()
        self._unique = unique
        self._kinds: dict[str, Kind] = {}

    def members(self) -> Iterator[Member]:
        while any(block := self._source.exactly(BLOCK)):
            header = parse_header(block)
            if header.type in EXTENSIONS:
                self._extend(header)
                continue
            member, content = self._member(header)
            if member.name:
                self._admit(member)
                yield member
            content.close()
            self._source.skip(-member.size % BLOCK)
        self._end()

    def _extend(self, header: Header) -> None:
        self._metadata += header.size
        if header.size > _MAX_EXTENSION or self._metadata > self._limits.max_metadata:
            raise ArchiveInvalid("tar: the extension headers are too large")
        if header.type == b"g":
            self._count()
        self._extensions.add(header.type, self._source.exactly(header.size))
        self._source.skip(-header.size % BLOCK)

    def _member(self, header: Header) -> tuple[Member, _Content]:
        """The member that `header` and the extension headers before it describe."""
        self._count()
        records = self._extensions.take()
        raw = records.get("path", header.name)
        size = self._size(header, records.get("size"))
        kind = _KINDS.get(header.type)
        if kind is None:
            raise ArchiveInvalid(f"tar: {shown(raw)} is neither file, directory nor link: type {shown(header.type)}")
        if kind == "file" and raw.endswith(b"/"):
            kind = "dir"
        if kind != "file" and size:
            raise ArchiveInvalid(f"tar: the {kind} {shown(raw)} has content")
        name = clean_path(raw)
        if not name and kind != "dir":
            raise ArchiveInvalid(f"tar: a {kind} takes the place of the tree")
        link = _link(name, kind, records.get("linkpath", header.link))
        content = _Content(self._source, size)
        return Member(name, size, kind, header.mode, link, content), content

    def _count(self) -> None:
        self._headers += 1
        if self._headers > self._limits.max_entries:
            raise ArchiveInvalid(f"tar: more than {self._limits.max_entries} members")

    def _size(self, header: Header, record: bytes | None) -> int:
        """The size of the member; a pax record may differ from the header only where no octal field can hold it."""
        size = header.size if record is None else parse_pax_size(record)
        if size != header.size and size <= MAX_OCTAL:
            raise ArchiveInvalid(f"tar: a member has two sizes: {header.size} and {size}")
        if size > self._limits.max_unpacked:
            raise ArchiveTooLarge(self._limits.max_unpacked, "the unpacked archive")
        return size

    def _admit(self, member: Member) -> None:
        check_not_through(member.name, self._links)
        if member.kind == "symlink":
            self._links.add(member.name)
        if self._unique:
            before = self._kinds.get(member.name)
            if before is not None and (before, member.kind) != ("dir", "dir"):
                raise ArchiveInvalid(f"tar: two members are named {shown(member.name)}")
            self._kinds[member.name] = member.kind

    def _end(self) -> None:
        """The rest is zeros: a second block of them (which some programs leave out) and tape padding."""
        if self._extensions:
            raise ArchiveInvalid("tar: an extension header without a member")
        while piece := self._source.take(_PADDING):
            if bytes(piece).strip(b"\0"):
                raise ArchiveInvalid("tar: something follows the end of the archive")


def _link(name: str, kind: Kind, raw: bytes) -> str:
    if kind == "symlink":
        return clean_symlink(name, raw)
    return clean_path(raw) if kind == "hardlink" else ""
