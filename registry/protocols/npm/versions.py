"""Versions and the tags that point at them."""

import re
from collections.abc import Iterable
from typing import Final

from registry.core.semver import coerce_latest, is_semver, is_semver_range
from registry.errors import Invalid

LATEST: Final = "latest"
MAX_TAG: Final = 128

_TAG: Final = re.compile(r"[^\x00-\x20\x7f/\\]+")
_RESERVED: Final = frozenset({"__proto__", "constructor", "prototype"})


class VersionInvalid(Invalid):
    """The text is no semantic version."""

    code = "version_invalid"


class TagInvalid(Invalid):
    """The text cannot be a dist-tag."""

    code = "tag_invalid"


def check_version(text: object) -> str:
    """The text, which is a version as semver.org has it. Raises VersionInvalid."""
    if not isinstance(text, str) or not is_semver(text):
        raise VersionInvalid(f"{str(text)[:100]!r} is not a semantic version")
    return text


def check_tag(text: str) -> str:
    """The text, which may be a tag: none that a client would take for a range of versions. Raises TagInvalid."""
    if len(text) > MAX_TAG or not _TAG.fullmatch(text) or text in _RESERVED:
        raise TagInvalid(f"{text[:MAX_TAG]!r} cannot be a tag")
    if is_semver_range(text):
        raise TagInvalid(f"Tag name must not be a valid SemVer range: {text}")
    return text


def without_build(version: str) -> str:
    """The version without its build metadata, which takes no part in comparisons; npm cuts it off."""
    return version.partition("+")[0]


def choose_latest(versions: Iterable[str]) -> str:
    """The highest version that is no prerelease, else the highest. Raises ValueError when there is none."""
    return coerce_latest(versions)
