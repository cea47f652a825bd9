"""The document of a package with all its versions, put together from one fragment for each."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from registry.core.strict_json import render_json
from registry.protocols.npm.index.manifest import full_manifest, install_manifest
from registry.protocols.npm.index.package import Package
from registry.protocols.npm.index.release import Release

FULL: Final = "application/json"
ABBREVIATED: Final = "application/vnd.npm.install-v1+json"

HOISTED: Final = (
    "description",
    "readmeFilename",
    "author",
    "contributors",
    "license",
    "repository",
    "homepage",
    "bugs",
    "keywords",
)

Fragment = bytes
"""A member of `versions` and a member of `time`, with a line feed between them, which JSON never has."""


def render_release(release: Release, package: Package, base_url: str, content_type: str) -> Fragment:
    """What the version adds to the document; only the name of the package counts."""
    render = install_manifest if content_type == ABBREVIATED else full_manifest
    key = render_json(release.version)
    manifest = render_json(render(release, package.name, base_url))
    return b"%b:%b\n%b:%b" % (key, manifest, key, render_json(release.published))


def render_packument(
    package: Package,
    fragments: Iterable[Fragment],
    latest: Release | None,
    readme: str,
    *,
    content_type: str,
    created: int,
    modified: int,
) -> bytes:
    """The document; times are in Unix seconds. `latest` and its `readme` speak for the package in the full one."""
    versions, times = [], []
    for fragment in fragments:
        version, _, time = fragment.partition(b"\n")
        versions.append(version)
        times.append(time)
    # A package is never older than its versions: pnpm 12 takes an old `modified` for all of them.
    newest = max((time.rpartition(b':"')[2][:-1].decode() for time in times), default="")
    changed = max(iso_time(modified), newest)
    head: dict[str, Any] = {"name": package.name, "dist-tags": package.tags}
    tail: dict[str, Any] = {"modified": changed}
    if content_type == FULL:
        head = {"_id": package.name, "_rev": package.rev, **head}
        tail = _full_tail(package, latest, readme)
    time = render_json({"created": iso_time(created), "modified": changed})
    return b'%b,"versions":{%b},"time":%b,%b' % (
        render_json(head)[:-1],
        b",".join(versions),
        b",".join([time[:-1], *times]) + b"}",
        render_json(tail)[1:],
    )


def iso_time(seconds: float) -> str:
    """The moment in UTC, with milliseconds and a `Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _full_tail(package: Package, latest: Release | None, readme: str) -> dict[str, Any]:
    manifest: Mapping[str, Any] = latest.manifest if latest else {}
    tail: dict[str, Any] = {"maintainers": package.maintainers}
    if package.stars:
        tail["users"] = dict.fromkeys(package.stars, True)
    tail |= {field: manifest[field] for field in HOISTED if field in manifest}
    if readme:
        tail["readme"] = readme
    return tail
