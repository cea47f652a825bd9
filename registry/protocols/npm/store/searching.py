"""Search as `npm search` writes it, and what it shows of a package."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from registry.catalog.listing import Listing
from registry.catalog.search import Query
from registry.core.semver import parse_semver
from registry.protocols.npm.index import Package
from registry.protocols.npm.names import PackageName, scope_of

UNSTABLE: Final = "unstable"
STABLE: Final = "stable"

_QUALIFIER: Final = re.compile(r"(keywords|scope|author|maintainer|is|not|boost-exact):(\S*)")


def labels_of(package: Package, version: str) -> tuple[str, ...]:
    """What a search can ask for besides words and people: access, stability, stars."""
    parsed = parse_semver(version)
    stability = UNSTABLE if parsed.major == 0 or parsed.prerelease else STABLE
    return (package.access, stability, *map(star_label, package.stars))


def star_label(user: str) -> str:
    """The label of a package that the user likes."""
    return f"star:{user}"


def parse_query(text: str, size: int, start: int, labels: tuple[str, ...] = ()) -> Query:
    """The query in the text: words, and qualifiers such as `keywords:a,b+c`, `scope:acme` and `not:unstable`.

    What is found has the `labels` too. What is not known of `is` and `not` restricts nothing.
    """
    query = Query(size=size, from_=start, labels=labels)
    words = []
    for word in text.split():
        match = _QUALIFIER.fullmatch(word)
        if match is None:
            words.append(word)
        else:
            query = _qualify(query, match[1], match[2])
    return replace(query, text=" ".join(words))


def _qualify(query: Query, name: str, value: str) -> Query:
    match name:
        case "keywords":
            # A comma is OR, a plus is AND; OR binds closer.
            groups = (tuple(filter(None, group.split(","))) for group in value.split("+"))
            return replace(query, keywords=(*query.keywords, *filter(None, groups)))
        case "scope" if value:
            return replace(query, prefix=f"@{value.removeprefix('@')}/")
        case "author":
            return replace(query, author=value)
        case "maintainer":
            return replace(query, maintainer=value)
        case "is" | "not" if UNSTABLE in value.split(","):
            return replace(query, labels=(*query.labels, UNSTABLE if name == "is" else STABLE))
    return query


def render_results(listings: Iterable[Listing], package_url: str) -> list[dict[str, Any]]:
    """The `objects` of an answer; the URL of a package is what `package_url` starts.

    pnpm 12 and npm need `username` in people, and a version and a date.
    """
    return [_render_result(listing, package_url) for listing in listings]


def _render_result(listing: Listing, package_url: str) -> dict[str, Any]:
    extra = listing.extra
    optional = {
        "description": listing.description,
        "keywords": list(listing.keywords),
        "author": extra.get("author"),
        "license": listing.license,
    }
    package = {
        "name": listing.name,
        "scope": scope_of(PackageName(listing.name)) or "unscoped",
        "version": listing.version,
        **{name: value for name, value in optional.items() if value},
        "date": extra["date"],
        "links": {"npm": f"{package_url}/{listing.name}", **extra.get("links", {})},
        "publisher": _user(listing.publisher, extra.get("email", "")),
        "maintainers": [_user(name, email) for name, email in extra.get("owners", {}).items()],
    }
    flags = {"insecure": 0, **({"unstable": True} if UNSTABLE in listing.labels else {})}
    detail = {"quality": 1, "popularity": 1, "maintenance": 1}
    return {"package": package, "score": {"final": 1, "detail": detail}, "searchScore": 1, "flags": flags}


def _user(name: str, email: str) -> dict[str, str]:
    return {"username": name, "email": email}
