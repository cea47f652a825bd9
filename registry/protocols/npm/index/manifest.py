"""The manifest of a version: all of it, or what an installer needs."""

from typing import Any, Final

from registry.protocols.npm.index.package import person
from registry.protocols.npm.index.release import Manifest, Release
from registry.protocols.npm.index.urls import attestations_url, tarball_url
from registry.protocols.npm.names import PackageName, base_name

INSTALL_FIELDS: Final = (
    "name",
    "version",
    "deprecated",
    "dependencies",
    "optionalDependencies",
    "devDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "acceptDependencies",
    "bundleDependencies",
    "bin",
    "directories",
    "engines",
    "cpu",
    "os",
    "libc",
    "funding",
    "_hasShrinkwrap",
    "hasInstallScript",
    "dist",
)


def full_manifest(release: Release, name: PackageName, base_url: str) -> Manifest:
    """The manifest as published, with what the registry adds."""
    manifest = {
        **release.manifest,
        "_id": f"{name}@{release.version}",
        "_npmUser": person(release.publisher, release.publisher_email),
        "_hasShrinkwrap": release.has_shrinkwrap,
        "dist": _dist(release, name, base_url),
    }
    if release.has_install_script:
        manifest["hasInstallScript"] = True
    if release.deprecated:
        manifest["deprecated"] = release.deprecated
    return manifest


def install_manifest(release: Release, name: PackageName, base_url: str) -> Manifest:
    """What of the manifest decides about an installation (npm's package-metadata.md, "abbreviated")."""
    full = full_manifest(release, name, base_url)
    if "bundledDependencies" in full:
        full.setdefault("bundleDependencies", full["bundledDependencies"])
    if isinstance(full.get("bin"), str):
        full["bin"] = {base_name(name): full["bin"]}
    if not release.has_shrinkwrap:
        del full["_hasShrinkwrap"]
    return {field: full[field] for field in INSTALL_FIELDS if field in full}


def _dist(release: Release, name: PackageName, base_url: str) -> dict[str, Any]:
    dist = {**release.dist, "tarball": tarball_url(base_url, name, release.version)}
    if release.attestations:
        dist["attestations"] = {
            "url": attestations_url(base_url, name, release.version),
            "provenance": {"predicateType": release.predicate_type},
        }
    return dist
