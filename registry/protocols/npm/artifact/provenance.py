"""Provenance: a Sigstore bundle that states what a tarball was built from.

What it speaks of is checked; its signatures are not verified here: whoever relies on them verifies them, as
`npm audit signatures` does.
"""

import base64
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from registry.core.strict_json import parse_json
from registry.protocols.npm.artifact.refusal import PublicationInvalid
from registry.protocols.npm.names import PackageName

MAX_BUNDLE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Provenance:
    """A bundle, and the type of what it states."""

    predicate_type: str
    bundle: dict[str, Any]


def read_provenance(text: str, name: PackageName, version: str, sha512: str) -> Provenance:
    """The provenance of exactly that tarball, whose SHA-512 is given in hexadecimal. Raises PublicationInvalid."""
    bundle = parse_json(text.encode(), max_bytes=MAX_BUNDLE)
    match bundle:
        case {"mediaType": str(), "dsseEnvelope": {"payload": str(payload)}}:
            return Provenance(_predicate_type(_statement(payload), package_url(name, version), sha512), bundle)
    raise PublicationInvalid("the provenance is no Sigstore bundle with a DSSE envelope")


def package_url(name: PackageName, version: str) -> str:
    """The package URL (purl), as npm writes it."""
    return f"pkg:npm/{name.replace('@', '%40')}@{quote(version, safe='')}"


def _statement(payload: str) -> Any:
    try:
        data = base64.b64decode(payload, validate=True)
    except ValueError:
        raise PublicationInvalid("the statement of the provenance is not base64") from None
    return parse_json(data, max_bytes=MAX_BUNDLE)


def _predicate_type(statement: Any, purl: str, sha512: str) -> str:
    match statement:
        case {"subject": [{"name": str(name), "digest": {"sha512": str(digest)}}], "predicateType": str(kind)}:
            if name != purl or digest != sha512:
                raise PublicationInvalid("the provenance speaks of another tarball than the one sent")
            return kind
    raise PublicationInvalid("the statement of the provenance has not one subject with a SHA-512, and a type")
