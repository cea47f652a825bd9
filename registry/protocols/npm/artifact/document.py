"""The document that `npm publish` and its likes PUT, without the bytes of the tarball."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from registry.core.strict_json import render_json
from registry.protocols.npm.artifact.refusal import PublicationInvalid, shown
from registry.protocols.npm.names import PackageName
from registry.protocols.npm.versions import LATEST, check_tag, check_version

MAX_MANIFEST: Final = 2**20
MAX_README: Final = 64 * 2**10
MAX_DEPRECATION: Final = 1024

Access = Literal["public", "restricted"]

# pnpm 10 sends the publisher's file path in `_resolved` and `_from`, bun digests in the manifest itself.
_NOT_KEPT: Final = frozenset(
    {
        "readme",
        "dist",
        "deprecated",
        "_resolved",
        "_from",
        "_integrity",
        "_id",
        "_npmUser",
        "_attachments",
        "integrity",
        "shasum",
    }
    | {"_hasShrinkwrap", "hasInstallScript", "maintainers"}
)


@dataclass(frozen=True, slots=True)
class Publication:
    """One new version as its publisher describes it.

    `manifest` is what is kept of the manifest, `dist` the digests that the client claims, `length` the size of the
    tarball; `access` is None where the client leaves it as it is; `bundle` is the provenance as sent, or "".
    """

    name: PackageName
    version: str
    manifest: Mapping[str, Any]
    dist: Mapping[str, Any]
    tags: tuple[str, ...]
    access: Access | None
    readme: str
    deprecated: str
    length: int | None
    bundle: str


def is_publication(document: Any) -> bool:
    """Whether the document brings a tarball, and is no edit of what is there."""
    return isinstance(document, dict) and bool(document.get("_attachments"))


def read_publication(document: Mapping[str, Any], name: PackageName) -> Publication:
    """The publication in a document that was PUT to the package's URL.

    Raises PublicationInvalid, VersionInvalid and TagInvalid.
    """
    for key in ("_id", "name"):
        if document.get(key, name) != name:
            raise PublicationInvalid(f"{key} is {shown(document[key])}, but this is the URL of {name}")
    version, manifest = _only_version(document)
    check_version(version)
    if manifest.get("name") != name or manifest.get("version") != version:
        raise PublicationInvalid(
            f"the manifest is one of {shown(manifest.get('name'))}, version {shown(manifest.get('version'))}"
        )
    length, bundle = _attachments(document["_attachments"])
    dist = manifest.get("dist")
    return Publication(
        name=name,
        version=version,
        manifest=_kept(manifest),
        dist=dist if isinstance(dist, dict) else {},
        tags=_tags(document.get("dist-tags"), version),
        access=parse_access(document.get("access"), name),
        readme=_readme(manifest.get("readme") or document.get("readme")),
        deprecated=parse_deprecation(manifest.get("deprecated")),
        length=length,
        bundle=bundle,
    )


def parse_access(value: Any, name: PackageName) -> Access | None:
    """The access level, None for null. Raises PublicationInvalid for an unscoped name that is to be restricted."""
    match value:
        case None | "public":
            return value
        case "restricted":
            if not name.startswith("@"):
                raise PublicationInvalid("only scoped packages can be restricted")
            return "restricted"
    raise PublicationInvalid("access is public or restricted")


def parse_deprecation(value: Any) -> str:
    """The message of a deprecation, empty for none."""
    return value[:MAX_DEPRECATION] if isinstance(value, str) else ""


def _only_version(document: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    versions = document.get("versions")
    if not isinstance(versions, dict) or len(versions) != 1:
        raise PublicationInvalid("a publication brings exactly one version")
    ((version, manifest),) = versions.items()
    if not isinstance(manifest, dict):
        raise PublicationInvalid("the manifest is no object")
    return version, manifest


def _kept(manifest: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in manifest.items() if key not in _NOT_KEPT and value is not None}
    if len(render_json(kept)) > MAX_MANIFEST:
        raise PublicationInvalid(f"the manifest exceeds {MAX_MANIFEST} bytes")
    return kept


def _attachments(attachments: Any) -> tuple[int | None, str]:
    """The length of the one tarball if that is told, and the provenance if there is one."""
    if not isinstance(attachments, dict) or not all(isinstance(each, dict) for each in attachments.values()):
        raise PublicationInvalid("_attachments is no object of objects")
    tarballs = [filename for filename in attachments if filename.endswith(".tgz")]
    bundles = [filename for filename in attachments if filename.endswith(".sigstore")]
    if len(tarballs) != 1 or len(bundles) > 1 or len(tarballs) + len(bundles) != len(attachments):
        raise PublicationInvalid("a publication has one tarball (.tgz), and at most one provenance (.sigstore)")
    length = attachments[tarballs[0]].get("length")
    bundle = attachments[bundles[0]].get("data", "") if bundles else ""
    if not isinstance(bundle, str):
        raise PublicationInvalid("the provenance is no text")
    return length if isinstance(length, int) else None, bundle


def _tags(tags: Any, version: str) -> tuple[str, ...]:
    if not tags:
        return (LATEST,)
    if not isinstance(tags, dict) or any(each != version for each in tags.values()):
        raise PublicationInvalid("the dist-tags of a publication point at its version")
    return tuple(check_tag(tag) for tag in tags)


def _readme(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value.encode()[:MAX_README].decode(errors="ignore")
