"""The digests that a client claims for its tarball. Spec: W3C Subresource Integrity, section 3.5."""

import base64
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from registry.protocols.npm.artifact.document import Publication
from registry.protocols.npm.artifact.refusal import PublicationInvalid

ALGORITHMS: Final = ("sha1", "sha512")
"""What has to be computed of a tarball, besides what names it in the store."""

_EXPRESSION: Final = re.compile(r"(sha(?:1|256|384|512))-([A-Za-z0-9+/]+={0,2})(?:\?\S*)?")


def integrity_of(sha512: str) -> str:
    """The SHA-512 in hexadecimal, as manifests and lockfiles write it."""
    return f"sha512-{base64.b64encode(bytes.fromhex(sha512)).decode()}"


def check_claims(publication: Publication, size: int, digests: Mapping[str, str]) -> None:
    """The length and every digest that the publication claims are those of the bytes received.

    `digests` are in hexadecimal by algorithm. Raises PublicationInvalid.
    """
    if publication.length not in (None, size):
        raise PublicationInvalid(f"the tarball has {size} bytes, not {publication.length}")
    shasum, integrity = publication.dist.get("shasum"), publication.dist.get("integrity")
    if shasum is not None and not _equal(shasum, digests["sha1"]):
        raise PublicationInvalid("dist.shasum is not the SHA-1 of the tarball")
    if integrity is not None:
        _check_integrity(integrity, digests)


def _check_integrity(integrity: Any, digests: Mapping[str, str]) -> None:
    expressions = integrity.split() if isinstance(integrity, str) else []
    if not 1 <= len(expressions) <= 8:
        raise PublicationInvalid("dist.integrity holds no digests, or too many")
    checked = [_check_expression(expression, digests) for expression in expressions]
    if not any(checked):
        raise PublicationInvalid("dist.integrity has no digest that is computed here: sha1, sha256 or sha512")


def _check_expression(expression: str, digests: Mapping[str, str]) -> bool:
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        raise PublicationInvalid("dist.integrity is written as in sha512-<base64>")
    known = digests.get(match[1])
    if known is not None and not _equal(match[2], base64.b64encode(bytes.fromhex(known)).decode()):
        raise PublicationInvalid(f"dist.integrity is not the {match[1]} of the tarball")
    return known is not None


def _equal(claimed: Any, known: str) -> bool:
    return isinstance(claimed, str) and hmac.compare_digest(claimed.encode(errors="replace"), known.encode())
