"""Pages from ledgers. What a file adds to a page of the simple API is rendered once and joined with the others."""

from collections.abc import Callable, Iterable

from packaging.metadata import RawMetadata

from registry.catalog.ledgers import Ledger
from registry.catalog.listing import Listing
from registry.catalog.renditions import Page
from registry.core.ledger import Entry
from registry.errors import NotFound
from registry.protocols.pypi.index import (
    SIMPLE_JSON,
    File,
    group_releases,
    is_tombstone,
    latest_version,
    list_files,
    render_file_html,
    render_file_json,
    render_list_html,
    render_list_json,
    render_project_api,
    render_project_html,
    render_project_json,
    render_release_api,
)
from registry.protocols.pypi.metadata import parse_metadata
from registry.protocols.pypi.store.changes import read_project
from registry.protocols.pypi.versions import normalize_version

JSON = "application/json"


def simple_page(ledger: Ledger, content_type: str, base_url: str) -> Page:
    """The project's page of the simple API; that of a quarantined project offers nothing."""
    project = read_project(ledger)
    render = render_file_json if content_type == SIMPLE_JSON else render_file_html

    def add_file(entry: Entry) -> bytes:
        return b"" if is_tombstone(entry) else render(File.from_entry(entry), project.name, base_url)

    added = _fragments(ledger, f"{render.__name__} {base_url}", add_file) if project.offers_files else {}
    if content_type == SIMPLE_JSON:
        versions = _versions(ledger) if project.offers_files else {}
        return Page(content_type, render_project_json(project, versions.values(), added.values()))
    return Page(content_type, render_project_html(project, added.values()))


def simple_list(listings: Iterable[Listing], content_type: str) -> Page:
    """The list of all projects of the simple API."""
    names = (listing.display for listing in listings)
    return Page(content_type, render_list_json(names) if content_type == SIMPLE_JSON else render_list_html(names))


def project_document(ledger: Ledger, metadata: bytes, base_url: str) -> Page:
    """The document of the JSON API about the project; `metadata` are those of its latest file, if kept.

    Raises NotFound when the project offers no files.
    """
    project = read_project(ledger)
    releases = group_releases(list_files(ledger)) if project.offers_files else {}
    version = latest_version(releases)
    if version is None:
        raise NotFound(f"the project {project.name} has no files")
    return Page(JSON, render_project_api(project, version, releases, _fields(metadata), base_url))


def release_document(ledger: Ledger, version: str, metadata: bytes, base_url: str) -> Page:
    """The document of the JSON API about the release; `metadata` are those of one of its files, if kept.

    Raises NotFound when the project offers no such release.
    """
    project = read_project(ledger)
    files = release_files(ledger, version) if project.offers_files else []
    if not files:
        raise NotFound(f"the project {project.name} has no release {version}")
    return Page(JSON, render_release_api(project, files[0].version, files, _fields(metadata), base_url))


def release_files(ledger: Ledger, version: str) -> list[File]:
    """The files of the release that the version names."""
    release = normalize_version(version)
    names = [filename for filename, spelled in _versions(ledger).items() if normalize_version(spelled) == release]
    return [File.from_entry(entry) for filename in names if (entry := ledger.get(filename))]


def _versions(ledger: Ledger) -> dict[str, str]:
    """The version of each file on offer, as spelled."""
    spelled = _fragments(ledger, "version", lambda entry: entry.get("version", "").encode())
    return {filename: version.decode() for filename, version in spelled.items()}


def _fragments(ledger: Ledger, representation: str, render: Callable[[Entry], bytes]) -> dict[str, bytes]:
    """What each file adds, by name; nothing of what is deleted."""
    return {filename: added for filename, added in ledger.fragments(f"pypi {representation}", render) if added}


def _fields(metadata: bytes) -> RawMetadata:
    return parse_metadata(metadata).fields if metadata else {}
