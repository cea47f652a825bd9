"""Repositories, tags and digests: their grammars. Spec: distribution-spec, pull; image-spec, descriptor (digests)."""

import re
from typing import Final, NewType

from registry.core.digests import Digest
from registry.core.digests import parse_digest as parse_any_digest
from registry.errors import Invalid

Repository = NewType("Repository", str)
"""A repository name, `team/app`: safe in keys, paths and scopes as it stands."""

Tag = NewType("Tag", str)

MAX_REPOSITORY: Final = 255
"""Characters; clients allow as many for host and name together."""

RESERVED: Final = "v2"
"""No repository begins with it: `<mount>/v2/app` is the repository `app` of clients that put the version first."""

API_VERSION: Final = "registry/2.0"
SERVICE: Final = "registry"
TOKEN_PATH: Final = "/v2/token"  # noqa: S105 - a path

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


class NameInvalid(Invalid):
    """The text is no repository name."""

    code = "name_invalid"


class TagInvalid(Invalid):
    """The text is no tag."""

    code = "tag_invalid"


class DigestInvalid(Invalid):
    """The text is no digest, or not that of the content it came with."""

    code = "digest_invalid"


def parse_repository(text: str) -> Repository:
    """The repository of that name. Raises NameInvalid."""
    if len(text) > MAX_REPOSITORY:
        raise NameInvalid(f"a repository name has at most {MAX_REPOSITORY} characters")
    if not _REPOSITORY.fullmatch(text):
        raise NameInvalid(f"{text[:100]!r} is not a repository name: lower-case letters and digits, '.', '_', '-', '/'")
    if text.partition("/")[0] == RESERVED:
        raise NameInvalid(f"a repository name does not begin with {RESERVED}/")
    return Repository(text)


def parse_tag(text: str) -> Tag:
    """The tag of that name. Raises TagInvalid."""
    if not _TAG.fullmatch(text):
        raise TagInvalid(f"{text[:100]!r} is not a tag: up to 128 letters, digits, '.', '_' and '-'")
    return Tag(text)


def parse_digest(text: str) -> Digest:
    """The text as a digest. Raises DigestInvalid."""
    try:
        return parse_any_digest(text)
    except Invalid as error:
        raise DigestInvalid(error.message) from None


def parse_reference(text: str) -> Digest | Tag:
    """What the last part of a manifest's path names: a digest if it has a colon. Raises DigestInvalid, TagInvalid."""
    return parse_digest(text) if ":" in text else parse_tag(text)


def is_digest(reference: str) -> bool:
    """Whether a reference is a digest and not a tag."""
    return ":" in reference
