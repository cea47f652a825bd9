"""The documents that clients read besides manifests: lists of tags, of referrers and of repositories, in pages.

Spec: distribution-spec, listing tags and listing referrers; `_catalog` is Docker's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from registry.core.strict_json import render_json
from registry.errors import Invalid
from registry.protocols.oci.media_types import OCI_INDEX

LARGEST_PAGE: Final = 1000
LARGEST_REFERRERS: Final = 4 * 2**20
"""Bytes of one page of referrers, unless a single one is larger."""

_COUNT: Final = re.compile(r"[0-9]{1,18}")


class PaginationInvalid(Invalid):
    """The parameter `n` is no number of entries."""

    code = "pagination_number_invalid"


@dataclass(frozen=True, slots=True)
class Page:
    """The entries of one page, and whether there are more behind them."""

    entries: list[Any]
    more: bool


def parse_count(text: str | None) -> int:
    """How many entries a page shall have, at most LARGEST_PAGE. Raises PaginationInvalid."""
    if text is None:
        return LARGEST_PAGE
    if not _COUNT.fullmatch(text):
        raise PaginationInvalid("n must be a number, 0 or more")
    return min(int(text), LARGEST_PAGE)


def cut_page(entries: Iterable[str], count: int) -> Page:
    """The first `count` entries; a page of none is also the last one."""
    found: list[str] = []
    for entry in entries:
        if len(found) >= count:
            return Page(found, more=count > 0)
        found.append(entry)
    return Page(found, more=False)


def cut_referrers(descriptors: Iterable[Mapping[str, Any]]) -> Page:
    """As many descriptors as fit into one page."""
    found: list[Mapping[str, Any]] = []
    size = 0
    for descriptor in descriptors:
        size += len(render_json(descriptor))
        if found and size > LARGEST_REFERRERS:
            return Page(found, more=True)
        found.append(descriptor)
    return Page(found, more=False)


def render_next(path: str, **parameters: str) -> str:
    """The Link header that leads to the next page."""
    return f'<{path}?{urlencode(parameters)}>; rel="next"'


def render_tags(repository: str, tags: Sequence[str]) -> bytes:
    """The list of tags."""
    return render_json({"name": repository, "tags": list(tags)})


def render_catalog(repositories: Sequence[str]) -> bytes:
    """The list of repositories."""
    return render_json({"repositories": list(repositories)})


def of_type(descriptors: Iterable[Mapping[str, Any]], artifact_type: str) -> Iterator[Mapping[str, Any]]:
    """The descriptors of that artifact type; all for an empty one."""
    return (each for each in descriptors if not artifact_type or each.get("artifactType") == artifact_type)


def render_referrers(descriptors: Sequence[Mapping[str, Any]]) -> bytes:
    """The list of referrers, an image index."""
    return render_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(descriptors)})
