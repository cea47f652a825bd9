"""A published version: an entry of its package's ledger, under the version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.core.digests import Digest
from registry.core.ledger import Entry

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Release:
    """A version on offer.

    `manifest` is the publisher's, without what the registry knows better; `dist` what was computed of the tarball
    (`integrity`, `shasum`, `fileCount`, `unpackedSize`, `signatures`). `published` is in UTC with milliseconds and a
    `Z`. `attestations` is the document of its provenance, of the type `predicate_type`.
    """

    version: str
    manifest: Mapping[str, Any]
    dist: Mapping[str, Any]
    tarball: Digest
    size: int
    published: str
    publisher: str
    publisher_email: str = ""
    deprecated: str = ""
    readme: Digest | None = None
    attestations: Digest | None = None
    predicate_type: str = ""
    has_shrinkwrap: bool = False
    has_install_script: bool = False

    @property
    def integrity(self) -> str:
        """The SHA-512 as manifests write it."""
        return str(self.dist["integrity"])

    def to_entry(self) -> Entry:
        """The ledger entry; what is empty is left out."""
        blobs = {"tarball": self.tarball, "readme": self.readme, "attestations": self.attestations}
        optional = {
            "email": self.publisher_email,
            "deprecated": self.deprecated,
            "predicate_type": self.predicate_type,
            "has_shrinkwrap": self.has_shrinkwrap,
            "has_install_script": self.has_install_script,
        }
        return {
            "key": self.version,
            "published": self.published,
            "publisher": self.publisher,
            "size": self.size,
            "dist": dict(self.dist),
            "blobs": _present(blobs),
            **_present(optional),
            "manifest": dict(self.manifest),
        }

    @classmethod
    def from_entry(cls, entry: Entry) -> "Release":
        """The release of an entry that is no tombstone."""
        blobs = entry["blobs"]
        return cls(
            version=entry["key"],
            manifest=entry["manifest"],
            dist=entry["dist"],
            tarball=blobs["tarball"],
            size=entry["size"],
            published=entry["published"],
            publisher=entry["publisher"],
            publisher_email=entry.get("email", ""),
            deprecated=entry.get("deprecated", ""),
            readme=blobs.get("readme"),
            attestations=blobs.get("attestations"),
            predicate_type=entry.get("predicate_type", ""),
            has_shrinkwrap=entry.get("has_shrinkwrap", False),
            has_install_script=entry.get("has_install_script", False),
        )


def tombstone(version: str, at: str) -> Entry:
    """The entry that takes the place of an unpublished version: nothing else may ever be published under it."""
    return {"key": version, "blobs": {}, "unpublished": at}


def is_tombstone(entry: Entry) -> bool:
    """Whether the entry stands for an unpublished version."""
    return "unpublished" in entry


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
