"""The release that a publication and its tarball make."""

from collections.abc import Mapping
from typing import Any, Final

from registry.protocols.npm.artifact import Packed, Publication, integrity_of
from registry.protocols.npm.index import Release
from registry.protocols.npm.store.rights import Rights
from registry.storage.staging import Staged

_INSTALLS: Final = ("preinstall", "install", "postinstall")


def describe(publication: Publication, packed: Packed, staged: Staged, rights: Rights, at: str) -> Release:
    """The release, published at that time by whose rights they are; still without signature, readme and provenance."""
    return Release(
        version=publication.version,
        manifest=publication.manifest,
        dist={
            "integrity": integrity_of(staged.digests["sha512"]),
            "shasum": staged.digests["sha1"],
            "fileCount": packed.files,
            "unpackedSize": packed.size,
        },
        tarball=staged.digest,
        size=staged.size,
        published=at,
        publisher=rights.user,
        publisher_email=rights.email,
        deprecated=publication.deprecated,
        has_shrinkwrap=packed.has_shrinkwrap,
        has_install_script=_runs_scripts(publication.manifest, packed),
    )


def _runs_scripts(manifest: Mapping[str, Any], packed: Packed) -> bool:
    """Whether its installation runs something: a script, or node-gyp where there is a binding.gyp."""
    scripts = manifest.get("scripts")
    found = scripts if isinstance(scripts, dict) else {}
    return any(found.get(each) for each in _INSTALLS) or (packed.has_gyp and manifest.get("gypfile") is not False)
