"""Proactive negotiation by Accept and Accept-Encoding (RFC 9110 section 12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Weighted:
    """A media range or a coding in lower case, without parameters, and its weight from 0 to 1."""

    value: str
    q: float


@lru_cache(maxsize=1024)
def parse_weighted(header: str) -> tuple[Weighted, ...]:
    """The members of an Accept or Accept-Encoding header, in the order sent; a broken weight counts as 1."""
    return tuple(_parse_member(member) for member in header[:4096].split(",") if member.strip())


def _parse_member(member: str) -> Weighted:
    value, *parameters = (part.strip() for part in member.split(";"))
    weights = [text.partition("=")[2].strip() for text in parameters if text.replace(" ", "").lower().startswith("q=")]
    try:
        q = min(1.0, max(0.0, float(weights[0]))) if weights else 1.0
    except ValueError:
        q = 1.0
    return Weighted(value.lower(), q)


def quality(header: str, media_type: str) -> float:
    """The weight of a media type: that of the most specific range that covers it; 0 where none does."""
    ranges = {each.value: each.q for each in parse_weighted(header)}
    family = media_type.partition("/")[0] + "/*"
    return next((ranges[each] for each in (media_type, family, "*/*", "*") if each in ranges), 0.0)


def best_match(header: str | None, offers: Sequence[str]) -> str | None:
    """The offer with the highest weight, the earlier one of equals; None when none is acceptable.

    Without a header the first offer is taken.
    """
    if not header or not header.strip():
        return offers[0]
    weights = [quality(header, offer) for offer in offers]
    best = max(weights)
    return offers[weights.index(best)] if best > 0 else None


def accepts_gzip(header: str | None) -> bool:
    """Whether a gzipped representation may be sent."""
    if not header:
        return False
    weights = {each.value: each.q for each in parse_weighted(header)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0
