"""Digital attestations: what an index checks without cryptography, and the document in which it hands them on.

Spec: index-hosted-attestations (PEP 740). Signatures are not verified here; whoever relies on one verifies it.
"""

import base64
from typing import Any, Final

from registry.core.strict_json import parse_json, render_json
from registry.errors import Invalid

MAX_ATTESTATIONS: Final = 8
_MAX_DOCUMENT: Final = 512 * 2**10

Attestation = dict[str, Any]


class AttestationInvalid(Invalid):
    """An attestation is malformed, or speaks of another file."""

    code = "attestation_invalid"


def parse_attestations(text: str, filename: str, sha256: str) -> list[Attestation]:
    """The attestations in the upload field `text`, a JSON array; each states something about exactly that file.

    At most MAX_ATTESTATIONS in 512 KiB. Raises AttestationInvalid, and Invalid or TooLarge for the JSON itself.
    """
    attestations = parse_json(text.encode(), max_bytes=_MAX_DOCUMENT)
    if not isinstance(attestations, list) or not 1 <= len(attestations) <= MAX_ATTESTATIONS:
        raise AttestationInvalid(f"the field attestations must be a JSON array of 1 to {MAX_ATTESTATIONS} objects")
    for attestation in attestations:
        _check_attestation(attestation, filename, sha256)
    return attestations


def render_provenance(attestations: list[Attestation]) -> bytes:
    """The provenance document of a file: its attestations as they were uploaded, in one bundle.

    The publisher is whoever held a token, an identity that means nothing beyond this index.
    """
    bundle = {"publisher": {"kind": "token", "claims": None}, "attestations": attestations}
    return render_json({"version": 1, "attestation_bundles": [bundle]})


def _check_attestation(attestation: Any, filename: str, sha256: str) -> None:
    match attestation:
        case {
            "version": 1,
            "verification_material": {"certificate": str(), "transparency_entries": list()},
            "envelope": {"statement": str(statement), "signature": str()},
        }:
            _check_subject(_decode_statement(statement), filename, sha256)
        case _:
            raise AttestationInvalid("an attestation needs version 1, verification_material and envelope")


def _decode_statement(text: str) -> Any:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise AttestationInvalid("the statement of an attestation is not base64") from None
    return parse_json(data, max_bytes=_MAX_DOCUMENT)


def _check_subject(statement: Any, filename: str, sha256: str) -> None:
    match statement:
        case {"subject": [{"name": str(name), "digest": {"sha256": str(digest)}}]}:
            if name != filename or digest != sha256:
                raise AttestationInvalid("an attestation speaks of another file than the one uploaded")
        case _:
            raise AttestationInvalid("the statement of an attestation must have one subject, with its sha256")
