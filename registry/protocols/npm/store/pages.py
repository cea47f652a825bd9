"""Pages and listings from ledgers. What a version adds to a page is rendered once and joined with the others."""

from collections.abc import Mapping
from typing import Any

from registry.catalog.ledgers import Ledger
from registry.catalog.listing import Listing
from registry.catalog.renditions import Page
from registry.core.ledger import Entry
from registry.protocols.npm.index import Release, is_tombstone, render_packument, render_release
from registry.protocols.npm.store.changes import read_latest, read_package
from registry.protocols.npm.store.searching import labels_of

_MAX_TEXT = 512
_MAX_KEYWORDS = 50


def packument_page(ledger: Ledger, content_type: str, base_url: str, readme: str) -> Page:
    """The document of the package; its note is the package's access, and empty where there is no version."""
    package = read_package(ledger)
    if not package.tags:
        return Page(content_type, b"")

    def add_release(entry: Entry) -> bytes:
        return (
            b"" if is_tombstone(entry) else render_release(Release.from_entry(entry), package, base_url, content_type)
        )

    fragments = ledger.fragments(f"npm {content_type} {base_url}", add_release)
    body = render_packument(
        package,
        (fragment for _, fragment in fragments if fragment),
        read_latest(ledger),
        readme,
        content_type=content_type,
        created=ledger.created,
        modified=ledger.modified,
    )
    return Page(content_type, body, package.access)


def read_listing(ledger: Ledger) -> Listing | None:
    """What lists of packages show of it; None for one without versions."""
    package, latest = read_package(ledger), read_latest(ledger)
    if latest is None:
        return None
    manifest = latest.manifest
    author = read_person(manifest.get("author"))
    extra = {
        "date": latest.published,
        "email": latest.publisher_email,
        "owners": dict(package.owners),
        "author": author,
        "links": _links(manifest),
    }
    keywords = manifest.get("keywords")
    return Listing(
        name=package.name,
        version=latest.version,
        description=_text(manifest.get("description")),
        keywords=tuple(_text(word) for word in (keywords if isinstance(keywords, list) else [])[:_MAX_KEYWORDS]),
        author=author.get("name", ""),
        license=_text(manifest.get("license")),
        publisher=latest.publisher,
        maintainers=tuple(package.owners),
        modified=ledger.modified,
        labels=labels_of(package, latest.version),
        extra={key: value for key, value in extra.items() if value},
    )


def read_person(value: Any) -> dict[str, str]:
    """The person in a manifest, written as an object or as `name <email> (url)`."""
    if isinstance(value, str):
        name, _, rest = value.partition("<")
        value = {"name": name.partition("(")[0].strip(), "email": rest.partition(">")[0].strip() if rest else ""}
    found = value if isinstance(value, dict) else {}
    return {key: text for key in ("name", "email") if (text := _text(found.get(key)))}


def _links(manifest: Mapping[str, Any]) -> dict[str, str]:
    fields = {
        "homepage": manifest.get("homepage"),
        "repository": manifest.get("repository"),
        "bugs": manifest.get("bugs"),
    }
    links = {name: _text(value.get("url") if isinstance(value, dict) else value) for name, value in fields.items()}
    return {name: link for name, link in links.items() if link}


def _text(value: Any) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""
