"""What was uploaded: the form, the file, and whether they agree. The file itself decides what is published."""

from dataclasses import dataclass
from typing import BinaryIO

from registry.protocols.pypi.artifact.form import DIGEST_FIELDS, FormInvalid, UploadForm, check_digests, parse_form
from registry.protocols.pypi.artifact.refusal import DistributionInvalid
from registry.protocols.pypi.artifact.sdist import read_sdist
from registry.protocols.pypi.artifact.wheel import read_wheel
from registry.protocols.pypi.metadata import CoreMetadata, parse_metadata
from registry.protocols.pypi.names import Filename, Filetype, NameInvalid, normalize_name, parse_filename
from registry.protocols.pypi.versions import normalize_version

__all__ = [
    "DIGEST_FIELDS",
    "Distribution",
    "DistributionInvalid",
    "FormInvalid",
    "UploadForm",
    "check_digests",
    "parse_form",
    "read_distribution",
]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel or sdist whose name, version, file name, metadata and form agree.

    `version` is spelled as in the metadata. `metadata` are the bytes of METADATA or PKG-INFO, `core` what they say;
    both are None for an old sdist without PKG-INFO.
    """

    filename: Filename
    version: str
    metadata: bytes | None
    core: CoreMetadata | None


def read_distribution(file: BinaryIO, filename: str, form: UploadForm) -> Distribution:
    """The distribution in `file`, which is seekable, stays open and belongs to the caller.

    Raises DistributionInvalid, FilenameInvalid, MetadataInvalid, NameInvalid, VersionInvalid and ArchiveInvalid.
    """
    parsed = parse_filename(filename, form.project)
    if parsed.filetype is not form.filetype:
        raise DistributionInvalid(f"{filename} is not of the filetype {form.filetype}")
    _check_release("the file name", parsed.version, form)
    metadata = _read_wheel(file, form) if parsed.filetype is Filetype.WHEEL else read_sdist(file, filename)
    if metadata is None:
        return Distribution(parsed, parsed.version, None, None)
    core = parse_metadata(metadata)
    _check_project("the metadata", core.name, form)
    _check_release("the metadata", core.version, form)
    return Distribution(parsed, core.version, metadata, core)


def _read_wheel(file: BinaryIO, form: UploadForm) -> bytes:
    stem, metadata = read_wheel(file)
    name, _, version = stem.rpartition("-")
    _check_project("the .dist-info directory", name, form)
    _check_release("the .dist-info directory", version, form)
    return metadata


def _check_project(where: str, name: str, form: UploadForm) -> None:
    try:
        agrees = normalize_name(name) == form.project
    except NameInvalid:
        agrees = False
    if not agrees:
        raise DistributionInvalid(f"{where} names the project {name!r}, the form {form.project}")


def _check_release(where: str, version: str, form: UploadForm) -> None:
    if normalize_version(version) != form.release:
        raise DistributionInvalid(f"{where} names the version {version!r}, the form {form.release}")
