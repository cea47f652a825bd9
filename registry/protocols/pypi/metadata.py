"""Core metadata: the METADATA of a wheel, the PKG-INFO of a source distribution. Spec: core-metadata, up to 2.6."""

import re
from dataclasses import dataclass
from typing import Final

from packaging.metadata import RawMetadata, parse_email

from registry.errors import Invalid
from registry.protocols.pypi.names import normalize_name
from registry.protocols.pypi.versions import parse_version

MAX_METADATA: Final = 4 * 2**20
_MAX_HEADERS: Final = 2**20
_MAX_HEADER_NAMES: Final = 100

_BLANK_LINE = re.compile(rb"(?:\r\n|\r(?!\n)|\n){2}")
_HEADER_NAME = re.compile(rb"^[^\s:]+(?=:)", re.MULTILINE)
_READABLE_VERSION = re.compile(r"[12]\.[0-9]{1,3}")


class MetadataInvalid(Invalid):
    """The bytes are no core metadata of a version that is understood."""

    code = "metadata_invalid"


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """What a distribution says about itself: `name` and `version` as spelled there, `fields` all that are known."""

    name: str
    version: str
    fields: RawMetadata


def parse_metadata(data: bytes) -> CoreMetadata:
    """The core metadata in `data`, at most MAX_METADATA bytes; 2.x versions yet unknown are read as far as known.

    Only what an index relies on is checked: the version of the format, Name and Version, each of them there once.
    Raises MetadataInvalid, NameInvalid, VersionInvalid.
    """
    headers, body = _split(data)
    fields, _unknown = parse_email(headers)
    if body:
        fields["description"] = body.decode("utf-8", "replace")
    _drop_unknown(fields)
    if not _READABLE_VERSION.fullmatch(fields.get("metadata_version", "")):
        raise MetadataInvalid("the metadata needs one Metadata-Version, 1.x or 2.x")
    if "name" not in fields or "version" not in fields:
        raise MetadataInvalid("the metadata needs one Name and one Version, in UTF-8")
    normalize_name(fields["name"])
    parse_version(fields["version"])
    return CoreMetadata(fields["name"], fields["version"], fields)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Headers and body. The mail parser must see the headers alone: it recurses into bodies."""
    headers, body = (*_BLANK_LINE.split(data, maxsplit=1), b"")[:2]
    if len(headers) > _MAX_HEADERS or len(set(_HEADER_NAME.findall(headers))) > _MAX_HEADER_NAMES:
        raise MetadataInvalid("the metadata has too many fields")
    return headers, body


def _drop_unknown(fields: RawMetadata) -> None:
    """Leave out the fields that distutils filled with the word UNKNOWN."""
    for field in [field for field, value in fields.items() if value == "UNKNOWN"]:
        del fields[field]  # type: ignore[misc]
