"""Wheels. Spec: binary-distribution-format (PEP 427)."""

from typing import BinaryIO

from registry.core.limits import ArchiveLimits
from registry.core.zip import open_zip
from registry.protocols.pypi.artifact.refusal import DistributionInvalid
from registry.protocols.pypi.metadata import MAX_METADATA

_LIMITS = ArchiveLimits(max_ratio=50)
_REQUIRED = ("METADATA", "WHEEL", "RECORD")


def read_wheel(file: BinaryIO) -> tuple[str, bytes]:
    """The stem of the `.dist-info` directory, `name-version`, and the bytes of METADATA.

    Nothing but METADATA is unpacked. Raises DistributionInvalid, and ArchiveInvalid for a zip file that is damaged,
    ambiguous or a bomb.
    """
    archive = open_zip(file, _LIMITS)
    tops = {entry.name.partition("/")[0] for entry in archive.entries}
    directories = [top for top in tops if top.lower().endswith(".dist-info")]
    if len(directories) != 1:
        raise DistributionInvalid(f"a wheel holds one .dist-info directory, this one {len(directories)}")
    directory = directories[0]
    for required in _REQUIRED:
        if f"{directory}/{required}" not in archive:
            raise DistributionInvalid(f"the wheel lacks {directory}/{required}")
    return directory[: -len(".dist-info")], archive.read(f"{directory}/METADATA", MAX_METADATA)
