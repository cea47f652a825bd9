"""Project and file names: their grammar and the one form in which a project is known everywhere.

Spec: names-and-normalization, binary-distribution-format (file name convention), source-distribution-format.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from registry.errors import Invalid

ProjectName = NewType("ProjectName", str)
"""A normalised project name: lower-case letters, digits and single dashes. Storage, scopes and URLs use only this."""

MAX_PROJECT_NAME: Final = 200
MAX_FILENAME: Final = 246
"""Bytes; leaves room for `.metadata` in the 255 that file systems take."""

PROJECT_PATTERN: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
FILENAME_PATTERN: Final = r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+!-]*"

_PROJECT = re.compile(PROJECT_PATTERN)
_SEPARATORS = re.compile(r"[-_.]+")
_FILENAME = re.compile(FILENAME_PATTERN)
_WHEEL = re.compile(
    r"(?P<project>[^-]+)-(?P<version>[^-]+)(?:-(?P<build>[0-9][^-]*))?"
    r"-(?P<python>[A-Za-z0-9_.]+)-(?P<abi>[A-Za-z0-9_.]+)-(?P<platform>[A-Za-z0-9_.]+)\.whl"
)
_SDIST_SUFFIXES = (".tar.gz", ".zip")


class NameInvalid(Invalid):
    """The text is no project name."""

    code = "name_invalid"


class FilenameInvalid(Invalid):
    """The text is no file name of that project."""

    code = "filename_invalid"


class Filetype(StrEnum):
    """The two kinds of files an index keeps, by the words of the upload form."""

    WHEEL = "bdist_wheel"
    SDIST = "sdist"


@dataclass(frozen=True, slots=True)
class Filename:
    """A file name taken apart; `text` is safe in keys, paths, URLs and headers as it stands.

    `version` is spelled as in the name; `python` is the wheel's Python tag, `source` for an sdist.
    """

    text: str
    filetype: Filetype
    version: str
    python: str


def normalize_name(text: str) -> ProjectName:
    """The normal form of a project name. Raises NameInvalid."""
    if len(text) > MAX_PROJECT_NAME:
        raise NameInvalid(f"a project name has at most {MAX_PROJECT_NAME} characters")
    if not _PROJECT.fullmatch(text):
        raise NameInvalid(f"{text!r} is not a project name: ASCII letters and digits, '.', '_' and '-' between them")
    return ProjectName(_SEPARATORS.sub("-", text).lower())


def parse_filename(text: str, project: ProjectName) -> Filename:
    """The parts of the name of a wheel or sdist that belongs to `project`. Raises FilenameInvalid.

    Older spellings (upper case, dots, dashes in the name of an sdist) are taken as long as they normalise to `project`.
    """
    if len(text) > MAX_FILENAME:
        raise FilenameInvalid(f"a file name has at most {MAX_FILENAME} characters")
    if not _FILENAME.fullmatch(text):
        raise FilenameInvalid(f"{text!r} is not a file name: ASCII letters, digits, '.', '_', '+', '!' and '-'")
    if text.endswith(".whl"):
        return _parse_wheel_filename(text, project)
    for suffix in _SDIST_SUFFIXES:
        if text.endswith(suffix):
            return _parse_sdist_filename(text, suffix, project)
    raise FilenameInvalid(f"{text} is neither a wheel (.whl) nor a source distribution (.tar.gz, .zip)")


def _parse_wheel_filename(text: str, project: ProjectName) -> Filename:
    parts = _WHEEL.fullmatch(text)
    if parts is None:
        raise FilenameInvalid(f"{text} is not of the form name-version(-build)-python-abi-platform.whl")
    if _normalize_loosely(parts["project"]) != project:
        raise FilenameInvalid(f"{text} is not a file of the project {project}")
    return Filename(text, Filetype.WHEEL, parts["version"], parts["python"])


def _parse_sdist_filename(text: str, suffix: str, project: ProjectName) -> Filename:
    stem = text.removesuffix(suffix)
    for name, version in _splits(stem):
        if _normalize_loosely(name) == project:
            return Filename(text, Filetype.SDIST, version, "source")
    raise FilenameInvalid(f"{text} is not of the form {project.replace('-', '_')}-version{suffix}")


def _splits(stem: str) -> Iterator[tuple[str, str]]:
    """The stem cut in two at each of its dashes: names of older sdists hold dashes, and so may their versions."""
    for index, character in enumerate(stem):
        if character == "-":
            yield stem[:index], stem[index + 1 :]


def _normalize_loosely(text: str) -> str:
    return _SEPARATORS.sub("-", text).lower()
