"""Names inside archives: one plain form, and links that stay in their tree."""

import re
from collections.abc import Collection

from registry.core.limits import ArchiveInvalid

MAX_PATH = 4096

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_DRIVE = re.compile(r"[A-Za-z]:")


def clean_path(raw: bytes) -> str:
    """`raw` as a relative path with neither empty nor `.` parts; "" stands for the tree itself (`./`).

    Raises ArchiveInvalid for a name that is empty, absolute, longer than MAX_PATH bytes, not UTF-8, that leaves the
    tree or holds a backslash or a control character.
    """
    text = _text(raw)
    if text[0] == "/" or _DRIVE.match(text):
        raise ArchiveInvalid(f"the name {shown(raw)} is absolute")
    parts = _parts(text)
    if ".." in parts:
        raise ArchiveInvalid(f"the name {shown(raw)} has a '..' part")
    return "/".join(parts)


def clean_symlink(name: str, raw: bytes) -> str:
    """The target of the symbolic link `name`, as it is written.

    Raises ArchiveInvalid where the target leaves the link's tree, or could by way of other links (`..` behind a name).
    The tree of a link below a directory is its top-level directory: clients strip that.
    """
    text = _text(raw)
    parts = _parts(text)
    climbs = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    depth = name.count("/")
    leaves = climbs > max(depth - 1, 0) or ".." in parts[climbs:]
    if leaves or text[0] == "/" or _DRIVE.match(text):
        raise ArchiveInvalid(f"the link {shown(name)} leaves the archive: {shown(raw)}")
    return text


def check_not_through(name: str, links: Collection[str]) -> None:
    """Raises ArchiveInvalid if a directory on the way to `name` is one of the symbolic `links`."""
    end = name.find("/") if links else -1
    while end >= 0:
        if name[:end] in links:
            raise ArchiveInvalid(f"the name {shown(name)} passes through a symbolic link")
        end = name.find("/", end + 1)


def shown(name: str | bytes) -> str:
    """`name` as a message can carry it: quoted, escaped, cut."""
    return ascii(name[:200]).removeprefix("b")


def _text(raw: bytes) -> str:
    if not raw:
        raise ArchiveInvalid("a name is empty")
    if len(raw) > MAX_PATH:
        raise ArchiveInvalid(f"the name {shown(raw)} exceeds {MAX_PATH} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise ArchiveInvalid(f"the name {shown(raw)} is not UTF-8") from error
    if _FORBIDDEN.search(text):
        raise ArchiveInvalid(f"the name {shown(raw)} has a control character or a backslash")
    return text


def _parts(text: str) -> list[str]:
    return [part for part in text.split("/") if part not in ("", ".")]
