"""Versions (PEP 440): equality of releases and an order that no legacy version can break. Spec: version-specifiers."""

from functools import lru_cache
from typing import Final, NewType

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from registry.errors import Invalid

Release = NewType("Release", str)
"""The form in which versions are compared: `1.0`, `1.0.0` and `v1` are the release `1`."""

SortKey = tuple[bool, Version, str]

MAX_VERSION: Final = 128
_MAX_SPECIFIER: Final = 1024
_ZERO: Final = Version("0")


class VersionInvalid(Invalid):
    """The text is no version in the sense of PEP 440."""

    code = "version_invalid"


def parse_version(text: str) -> Version:
    """The version that the text spells. Raises VersionInvalid."""
    if len(text) > MAX_VERSION:
        raise VersionInvalid(f"a version has at most {MAX_VERSION} characters")
    try:
        version = Version(text)
    except InvalidVersion:
        raise VersionInvalid(f"{text!r} is not a version (PEP 440)") from None
    if text != text.strip():
        raise VersionInvalid(f"{text!r} is not a version (PEP 440): blanks around it")
    return version


@lru_cache(maxsize=16_384)
def normalize_version(text: str) -> Release:
    """The release that the text belongs to; never fails, a legacy version is a release of its own."""
    return Release(canonicalize_version(text) if len(text) <= MAX_VERSION else text)


def version_key(text: str) -> SortKey:
    """A key that sorts as PEP 440 orders; never fails, legacy versions come first in the order of their text."""
    try:
        return True, parse_version(text), text
    except VersionInvalid:
        return False, _ZERO, text


def is_prerelease(text: str) -> bool:
    """Whether installers take the version only when asked to; legacy versions count as such."""
    valid, version, _ = version_key(text)
    return version.is_prerelease or not valid


def usable_specifier(text: str | None) -> str | None:
    """The text when it restricts versions in a way that installers can read, else None."""
    if not text or len(text) > _MAX_SPECIFIER:
        return None
    try:
        return text if SpecifierSet(text) else None
    except InvalidSpecifier:
        return None
