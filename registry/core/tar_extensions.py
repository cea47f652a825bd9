"""Extension headers of tar archives: pax (POSIX.1-2017) and GNU long names."""

import re
from collections.abc import Iterable

from registry.core.limits import ArchiveInvalid

EXTENSIONS = frozenset((b"x", b"g", b"L", b"K"))

_BINDING = frozenset(("path", "linkpath", "size"))
_UTF8 = b"ISO-IR 10646 2000 UTF-8"
_RECORD_LENGTH = re.compile(rb"([1-9][0-9]{0,8}) ")


class Extensions:
    """What the extension headers in front of a member say about it."""

    def __init__(self) -> None:
        self._types: set[bytes] = set()
        self._records: dict[str, bytes] = {}

    def __bool__(self) -> bool:
        return bool(self._types)

    def add(self, type_: bytes, data: bytes) -> None:
        """Take in a header of `type_`, one of EXTENSIONS.

        Raises ArchiveInvalid if it is malformed, describes a sparse file or another character set, names again what
        is named, or is a global header that does more than comment: programs differ over which of them wins.
        """
        if type_ in self._types or (type_ == b"g" and self._types):
            raise ArchiveInvalid("tar: two extension headers for one member")
        if type_ == b"g":
            _refuse(_BINDING & parse_pax(data).keys(), "a global header sets")
            return
        if type_ == b"x":
            records = {key: value for key, value in parse_pax(data).items() if key in _BINDING}
        else:
            records = {"path" if type_ == b"L" else "linkpath": data.rstrip(b"\0")}
        _refuse(self._records.keys() & records.keys(), "two extension headers set")
        self._types.add(type_)
        self._records |= records

    def take(self) -> dict[str, bytes]:
        """The `path`, `linkpath` and `size` that were set for the member; forgotten here."""
        records, self._records = self._records, {}
        self._types.clear()
        return records


def parse_pax(data: bytes) -> dict[str, bytes]:
    """The records of a pax header by keyword.

    Raises ArchiveInvalid for a malformed record, a repeated keyword, a sparse file, another character set than UTF-8.
    """
    records: dict[str, bytes] = {}
    start = 0
    while start < len(data):
        length = _RECORD_LENGTH.match(data, start)
        end = start + int(length[1]) if length else 0
        if length is None or not length.end() < end <= len(data) or data[end - 1] != 0x0A:
            raise ArchiveInvalid("tar: malformed pax header")
        key, equals, value = data[length.end() : end - 1].partition(b"=")
        keyword = key.decode(errors="replace")
        if not equals or keyword in records:
            raise ArchiveInvalid("tar: malformed or repeated record in a pax header")
        records[keyword] = value
        start = end
    _refuse((key for key in records if key.startswith("GNU.sparse.")), "sparse file:")
    if records.get("hdrcharset", _UTF8) != _UTF8:
        raise ArchiveInvalid("tar: the names are not UTF-8")
    return records


def parse_pax_size(value: bytes) -> int:
    """The number of a pax `size` record. Raises ArchiveInvalid for anything but decimal digits."""
    if not re.fullmatch(rb"[0-9]{1,20}", value):
        raise ArchiveInvalid("tar: the size in a pax header is not a number")
    return int(value)


def _refuse(keywords: Iterable[str], what: str) -> None:
    for keyword in keywords:
        raise ArchiveInvalid(f"tar: {what} {keyword[:40]}")
