"""The little that a listing or a search shows of a package."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Listing:
    """A package as listings know it; `name` is the normal form, `display` the publisher's spelling.

    `modified` is in Unix seconds; `labels` are words of the protocol's own, which a search can ask for and nobody is
    shown; `extra` holds what one protocol's listings show besides, as JSON.
    """

    name: str
    display: str = ""
    version: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    author: str = ""
    license: str = ""
    publisher: str = ""
    maintainers: tuple[str, ...] = ()
    modified: int = 0
    labels: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


_DEFAULTS = {each.name: getattr(Listing(""), each.name) for each in fields(Listing)}


def listing_to_json(listing: Listing) -> dict[str, Any]:
    """The listing as a JSON object without its empty fields."""
    values = {name: getattr(listing, name) for name in _DEFAULTS}
    return {name: value for name, value in values.items() if value != _DEFAULTS[name]}


def listing_from_json(value: Mapping[str, Any]) -> Listing:
    """The listing that `listing_to_json` wrote; fields that a later release adds are passed over."""
    known = {name: value[name] for name in _DEFAULTS if name in value}
    for name in ("keywords", "maintainers", "labels"):
        known[name] = tuple(known.get(name, ()))
    return Listing(**known)
