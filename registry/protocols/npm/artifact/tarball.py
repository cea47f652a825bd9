"""The tarball: a gzipped tar with one directory, in which package.json lies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Final

from registry.core.gunzip import iter_gunzip
from registry.core.limits import DEFAULT_LIMITS, ArchiveLimits
from registry.core.strict_json import parse_json
from registry.core.tar import Member, iter_tar
from registry.errors import Invalid
from registry.protocols.npm.artifact.document import MAX_MANIFEST
from registry.protocols.npm.artifact.refusal import PublicationInvalid

_CHUNK: Final = 256 * 1024
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Packed:
    """What a tarball holds; `size` is that of all its files unpacked."""

    package_json: Mapping[str, Any]
    files: int
    size: int
    has_shrinkwrap: bool
    has_gyp: bool


def read_tarball(file: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> Packed:
    """What is in the tarball, which is read to its end; the file stays open and belongs to the caller.

    Raises PublicationInvalid, and ArchiveInvalid for an archive that is damaged or hostile anywhere.
    """
    files = size = 0
    package_json = None
    paths: set[str] = set()
    for member, path in _members(file, limits):
        if member.kind == "dir":
            continue
        files, size = files + 1, size + member.size
        paths.add(path)
        if path == "package.json":
            if member.kind != "file":
                raise PublicationInvalid("the package.json of a tarball must be a file")
            package_json = _parse_package_json(member.read(MAX_MANIFEST))
    if package_json is None:
        raise PublicationInvalid("the tarball has no package.json in its directory")
    return Packed(package_json, files, size, "npm-shrinkwrap.json" in paths, "binding.gyp" in paths)


def _members(file: BinaryIO, limits: ArchiveLimits) -> Iterator[tuple[Member, str]]:
    """Each member with its path below the one directory, whose name clients strip off."""
    chunks = iter_gunzip(
        iter(partial(file.read, _CHUNK), b""),
        max_output=limits.max_unpacked,
        max_ratio=limits.max_ratio,
        ratio_slack=limits.ratio_slack,
    )
    top = None
    for member in iter_tar(chunks, limits, unique=True):
        directory, slash, path = member.name.partition("/")
        top = top or directory
        if directory != top or (not slash and member.kind != "dir"):
            raise PublicationInvalid(f"a tarball holds one directory; {member.name[:200]!r} lies beside it")
        yield member, path


def _parse_package_json(data: bytes) -> Mapping[str, Any]:
    try:
        value = parse_json(data.removeprefix(_BOM))
    except Invalid as error:
        raise PublicationInvalid(f"the package.json of the tarball cannot be read: {error.message}") from None
    if not isinstance(value, dict):
        raise PublicationInvalid("the package.json of the tarball is no object")
    return value
