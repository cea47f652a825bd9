"""Source distributions. Spec: source-distribution-format (PEP 625, 643); `.zip` is what came before it."""

import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from registry.core.gunzip import iter_gunzip
from registry.core.limits import ArchiveLimits
from registry.core.tar import iter_tar
from registry.core.zip import open_zip
from registry.protocols.pypi.artifact.refusal import DistributionInvalid
from registry.protocols.pypi.metadata import MAX_METADATA

_LIMITS = ArchiveLimits(max_entries=200_000)
_CHUNK = 256 * 1024

Member = tuple[str, str, Callable[[int], bytes]]
"""The name and the kind of a member, and what reads it up to a limit."""


def read_sdist(file: BinaryIO, filename: str) -> bytes | None:
    """The bytes of PKG-INFO in the one top-level directory; None where an old sdist has none.

    A tar archive is read to its end, so one that is damaged or hostile anywhere is refused. Raises DistributionInvalid
    and ArchiveInvalid.
    """
    members = _zip_members(file) if filename.endswith(".zip") else _tar_members(file)
    directories: set[str] = set()
    metadata = None
    for name, kind, read in members:
        directory, slash, path = name.partition("/")
        directories.add(directory)
        if len(directories) > 1 or (not slash and kind != "dir"):
            raise DistributionInvalid(f"an sdist holds one directory; {name!r} lies beside it")
        if path == "PKG-INFO":
            if kind != "file":
                raise DistributionInvalid("the PKG-INFO of an sdist must be a file")
            metadata = read(MAX_METADATA)
    if not directories:
        raise DistributionInvalid("the sdist is empty")
    return metadata


def _tar_members(file: BinaryIO) -> Iterator[Member]:
    # pip unpacks as a zip file whatever Python takes for one, by whatever name.
    if zipfile.is_zipfile(file):
        raise DistributionInvalid("the sdist is a tar and a zip archive at once")
    file.seek(0)
    chunks = iter_gunzip(
        iter(partial(file.read, _CHUNK), b""),
        max_output=_LIMITS.max_unpacked,
        max_ratio=_LIMITS.max_ratio,
        ratio_slack=_LIMITS.ratio_slack,
    )
    for member in iter_tar(chunks, _LIMITS, unique=True):
        yield member.name, member.kind, member.read


def _zip_members(file: BinaryIO) -> Iterator[Member]:
    archive = open_zip(file, _LIMITS)
    for entry in archive.entries:
        yield entry.name, entry.kind, partial(archive.read, entry.name)
