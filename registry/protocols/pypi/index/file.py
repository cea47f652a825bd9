"""A published file: an entry of its project's ledger, under its name."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from packaging.metadata import RawMetadata

from registry.core.digests import Digest, hex_of
from registry.core.ledger import Entry
from registry.protocols.pypi.names import Filetype

_MAX_SUMMARY = 512
_MAX_WORD = 100
_MAX_KEYWORDS = 20
_OPTIONAL = ("hashes", "requires_python", "yanked", "uploader", "comment")


@dataclass(frozen=True, slots=True)
class About:
    """The few words of a release that listings and search show."""

    summary: str = ""
    keywords: tuple[str, ...] = ()
    author: str = ""
    license: str = ""

    @classmethod
    def from_metadata(cls, fields: RawMetadata) -> "About":
        """Those words of the metadata, cut to what a list has room for."""
        keywords = (keyword[:_MAX_WORD] for keyword in fields.get("keywords", [])[:_MAX_KEYWORDS] if keyword)
        author = fields.get("author") or fields.get("author_email") or ""
        license_ = fields.get("license_expression") or fields.get("license") or ""
        return cls(
            summary=fields.get("summary", "")[:_MAX_SUMMARY],
            keywords=tuple(keywords),
            author=author[:_MAX_WORD],
            license=license_.partition("\n")[0][:_MAX_WORD],
        )


@dataclass(frozen=True, slots=True)
class File:
    """A file on offer.

    `version` is spelled as in its metadata, `uploaded` in UTC with six decimals and a `Z` (PEP 700). `metadata` is the
    digest of METADATA or PKG-INFO, `provenance` that of the PEP 740 document, `hashes` further ones by algorithm.
    `requires_python` is there only where installers can read it; `yanked` may be the reason for it (PEP 592).
    """

    filename: str
    version: str
    filetype: Filetype
    python: str
    size: int
    uploaded: str
    digest: Digest
    metadata: Digest | None = None
    provenance: Digest | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    requires_python: str | None = None
    yanked: bool | str = False
    uploader: str = ""
    comment: str = ""
    about: About = About()

    @property
    def sha256(self) -> str:
        """The hexadecimal SHA-256 of the file."""
        return hex_of(self.digest)

    @property
    def core_metadata(self) -> Digest | None:
        """The digest of the metadata that installers may take instead of the file (PEP 714): that of wheels."""
        return self.metadata if self.filetype is Filetype.WHEEL else None

    def to_entry(self) -> Entry:
        """The ledger entry; what is empty is left out."""
        blobs = {"file": self.digest, "metadata": self.metadata, "provenance": self.provenance}
        optional = {
            "hashes": dict(self.hashes),
            "requires_python": self.requires_python,
            "yanked": self.yanked,
            "uploader": self.uploader,
            "comment": self.comment,
            "about": _present(asdict(self.about)),
        }
        return {
            "key": self.filename,
            "version": self.version,
            "filetype": self.filetype.value,
            "python": self.python,
            "size": self.size,
            "uploaded": self.uploaded,
            "blobs": _present(blobs),
            **_present(optional),
        }

    @classmethod
    def from_entry(cls, entry: Entry) -> "File":
        """The file of an entry that is no tombstone."""
        optional = {key: entry[key] for key in _OPTIONAL if key in entry}
        blobs = entry["blobs"]
        return cls(
            filename=entry["key"],
            version=entry["version"],
            filetype=Filetype(entry["filetype"]),
            python=entry["python"],
            size=entry["size"],
            uploaded=entry["uploaded"],
            digest=blobs["file"],
            metadata=blobs.get("metadata"),
            provenance=blobs.get("provenance"),
            about=_about(**entry.get("about", {})),
            **optional,
        )


def tombstone(file: File) -> Entry:
    """The entry that takes the place of a deleted file: no other bytes may ever have its name."""
    return {"key": file.filename, "blobs": {}, "deleted": file.digest}


def is_tombstone(entry: Entry) -> bool:
    """Whether the entry stands for a deleted file."""
    return "deleted" in entry


def list_files(entries: Iterable[Entry]) -> list[File]:
    """The files on offer, in the order of the entries."""
    return [File.from_entry(entry) for entry in entries if not is_tombstone(entry)]


def _about(*, keywords: Iterable[str] = (), **texts: str) -> About:
    return About(keywords=tuple(keywords), **texts)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
