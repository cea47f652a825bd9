"""Manifests as they are pushed: checked against their media type, never changed.

Spec: image-spec 1.1.1 manifest, image-index and descriptor; Docker's image manifest version 2, schema 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from registry.core.digests import Digest
from registry.core.strict_json import parse_json
from registry.errors import Invalid, TooLarge
from registry.protocols.oci.media_types import IMAGES, INDEXES, MANIFESTS, OCI_ARTIFACT
from registry.protocols.oci.names import parse_digest

MAX_MANIFEST: Final = 8 * 2**20
MAX_DESCRIPTORS: Final = 10_000


class ManifestInvalid(Invalid):
    """The document is no manifest of the type it came with."""

    code = "manifest_invalid"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest refers to; `elsewhere` is for content that it says need not, or must not, be in a registry."""

    media_type: str
    digest: Digest
    size: int
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest; `blobs` and `manifests` are what it is made of, `subject` is what it is about.

    `artifact_type` is the one that lists of referrers show, empty for none.
    """

    media_type: str
    blobs: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


def parse_manifest(body: bytes, content_type: str = "") -> Manifest:
    """The manifest in the body, of the type that it says, which must be the one of the header if both are there.

    What is not known is passed over. Raises ManifestInvalid, and TooLarge past MAX_MANIFEST.
    """
    document = _parse(body)
    media_type = _media_type(document, content_type)
    if media_type in INDEXES:
        _forbid(document, media_type, "config", "layers", "fsLayers", "blobs")
        blobs, manifests = [], _descriptors(document, "manifests")
    else:
        _forbid(document, media_type, "manifests", "fsLayers")
        blobs, manifests = _blobs(document, media_type), []
    subject = document.get("subject")
    return Manifest(
        media_type=media_type,
        blobs=tuple(blobs),
        manifests=tuple(manifests),
        subject=None if subject is None else _descriptor(subject, "subject"),
        artifact_type=_artifact_type(document, media_type),
        annotations=_annotations(document),
    )


def _parse(body: bytes) -> dict[str, Any]:
    try:
        document = parse_json(body, max_bytes=MAX_MANIFEST)
    except TooLarge:
        raise
    except Invalid as error:
        raise ManifestInvalid(error.message) from None
    if not isinstance(document, dict):
        raise ManifestInvalid("a manifest is a JSON object")
    return document


def _media_type(document: Mapping[str, Any], content_type: str) -> str:
    """The one media type: a manifest that is read in two ways hides content (CVE-2021-41190)."""
    sent = content_type.partition(";")[0].strip().lower()
    said = document.get("mediaType", sent)
    if not isinstance(said, str) or (sent and said != sent):
        raise ManifestInvalid(f"the manifest says that it is {str(said)[:100]!r}, the request {sent[:100]!r}")
    if said not in MANIFESTS:
        raise ManifestInvalid(f"manifests of the type {said[:100]!r} are not kept here")
    if said != OCI_ARTIFACT and document.get("schemaVersion") != 2:
        raise ManifestInvalid("schemaVersion must be 2")
    return said


def _forbid(document: Mapping[str, Any], media_type: str, *members: str) -> None:
    for member in members:
        if member in document:
            raise ManifestInvalid(f"a document of the type {media_type} has no {member}")


def _blobs(document: Mapping[str, Any], media_type: str) -> list[Descriptor]:
    if media_type == OCI_ARTIFACT:
        return _descriptors(document, "blobs", required=False)
    return [_descriptor(document.get("config"), "config"), *_descriptors(document, "layers")]


def _descriptors(document: Mapping[str, Any], member: str, *, required: bool = True) -> list[Descriptor]:
    values = document.get(member, None if required else [])
    if not isinstance(values, list):
        raise ManifestInvalid(f"{member} must be a list of descriptors")
    if len(values) > MAX_DESCRIPTORS:
        raise ManifestInvalid(f"{member} has more than {MAX_DESCRIPTORS} descriptors")
    return [_descriptor(value, f"{member}[{at}]") for at, value in enumerate(values)]


def _descriptor(value: Any, where: str) -> Descriptor:
    match value:
        case {"mediaType": str(media_type), "digest": str(digest), "size": int(size)} if _is_size(size):
            urls = value.get("urls") or []
            foreign = "nondistributable" in media_type or "foreign" in media_type
            return Descriptor(media_type, _digest(digest, where), size, elsewhere=bool(urls) or foreign)
    raise ManifestInvalid(f"{where} must be a descriptor: mediaType, digest and size")


def _is_size(value: int) -> bool:
    return value >= 0 and not isinstance(value, bool)


def _digest(text: str, where: str) -> Digest:
    try:
        return parse_digest(text)
    except Invalid as error:
        raise ManifestInvalid(f"{where}: {error.message}") from None


def _artifact_type(document: Mapping[str, Any], media_type: str) -> str:
    found = document.get("artifactType") or ""
    if not found and media_type in IMAGES:
        found = document["config"]["mediaType"]
    if not isinstance(found, str):
        raise ManifestInvalid("artifactType must be a text")
    return found


def _annotations(document: Mapping[str, Any]) -> Mapping[str, str]:
    found = document.get("annotations") or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ManifestInvalid("annotations must be texts")
    return found


def describe_referrer(manifest: Manifest, digest: Digest, size: int) -> dict[str, Any]:
    """The descriptor of the manifest in the list of its subject's referrers."""
    descriptor: dict[str, Any] = {"mediaType": manifest.media_type, "size": size, "digest": digest}
    if manifest.artifact_type:
        descriptor["artifactType"] = manifest.artifact_type
    if manifest.annotations:
        descriptor["annotations"] = dict(manifest.annotations)
    return descriptor
