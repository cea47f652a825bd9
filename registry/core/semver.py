"""Semantic Versioning 2.0.0, to the letter, and the ranges that npm clients would take a dist-tag for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from registry.errors import Invalid

MAX_LENGTH: Final = 256  # node-semver's

_NUMBER: Final = r"(?:0|[1-9][0-9]*+)"
_IDENTIFIER: Final = rf"(?:[0-9]*+[A-Za-z-][0-9A-Za-z-]*+|{_NUMBER})"
_PRERELEASE: Final = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*+"
_BUILD: Final = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_SEMVER: Final = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PRERELEASE}))?(?:\+({_BUILD}))?")

_X: Final = r"(?:0|[1-9][0-9]{0,15}+|[xX*])"  # JavaScript's safe integers have 16 digits
_PARTIAL: Final = rf"[v=]*+{_X}(?:\.{_X}(?:\.{_X}(?:-{_PRERELEASE})?)?)?"
_COMPARATOR: Final = rf"(?:[<>]=?|=|~>?|\^)? ?{_PARTIAL}"
_RANGE: Final = re.compile(rf"(?:{_COMPARATOR}(?: {_COMPARATOR})*+|{_PARTIAL} - {_PARTIAL})?")
_BUILD_SUFFIX: Final = re.compile(rf"\+{_BUILD}")
_STRAY_STAR: Final = re.compile(r"[<>]?=?\*")  # node-semver 7 drops one from a comparator that it cannot read

Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True, slots=True, order=True)
class Semver:
    """A version; equality and order are those of precedence (section 11), so build metadata does not count."""

    precedence: Precedence = field(repr=False)
    major: int = field(compare=False)
    minor: int = field(compare=False)
    patch: int = field(compare=False)
    prerelease: tuple[str, ...] = field(compare=False)
    build: tuple[str, ...] = field(compare=False)


def parse_semver(text: str) -> Semver:
    """The version that the text spells, of at most 256 characters. Raises Invalid."""
    match = _SEMVER.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        raise Invalid("not a semantic version (semver.org, 2.0.0)")
    major, minor, patch = int(match[1]), int(match[2]), int(match[3])
    prerelease, build = _identifiers(match[4]), _identifiers(match[5])
    precedence = (major, minor, patch, not prerelease, tuple(map(_rank, prerelease)))
    return Semver(precedence, major, minor, patch, prerelease, build)


def is_semver(text: str) -> bool:
    """True for what `parse_semver` takes."""
    return len(text) <= MAX_LENGTH and _SEMVER.fullmatch(text) is not None


def is_semver_range(text: str) -> bool:
    """True for what node-semver's `validRange` takes: `1`, `v1.2`, `x`, `~1.2`, `>=1 <2`, `1 - 2`, `^1 || 3`, "".

    npm would read `name@text` as a range and never look for a dist-tag of that name. A little more counts as a range
    here (`x.1`, `==1.2.3`).
    """
    return all(_is_range(" ".join(part.split())) for part in text.split("||"))


def coerce_latest(versions: Iterable[str]) -> str:
    """The highest version that is no prerelease, else the highest. Raises Invalid; ValueError when there is none."""

    def rank(version: str) -> tuple[bool, Semver]:
        parsed = parse_semver(version)
        return not parsed.prerelease, parsed

    return max(versions, key=rank)


def _identifiers(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(".")) if text else ()


def _rank(identifier: str) -> tuple[bool, int, str]:
    return (False, int(identifier), "") if identifier.isdigit() else (True, 0, identifier)


def _is_range(text: str) -> bool:
    bare = _BUILD_SUFFIX.sub("", text).strip()
    return any(_RANGE.fullmatch(spelling) for spelling in (bare, _STRAY_STAR.sub("", bare, count=1)))
