"""What is published: a document, a tarball, provenance; and whether they agree."""

from registry.protocols.npm.artifact.agreement import check_agreement
from registry.protocols.npm.artifact.digests import ALGORITHMS, check_claims, integrity_of
from registry.protocols.npm.artifact.document import (
    MAX_README,
    Access,
    Publication,
    is_publication,
    parse_access,
    parse_deprecation,
    read_publication,
)
from registry.protocols.npm.artifact.provenance import Provenance, package_url, read_provenance
from registry.protocols.npm.artifact.refusal import PublicationInvalid
from registry.protocols.npm.artifact.tarball import Packed, read_tarball

__all__ = [
    "ALGORITHMS",
    "MAX_README",
    "Access",
    "Packed",
    "Provenance",
    "Publication",
    "PublicationInvalid",
    "check_agreement",
    "check_claims",
    "integrity_of",
    "is_publication",
    "package_url",
    "parse_access",
    "parse_deprecation",
    "read_provenance",
    "read_publication",
    "read_tarball",
]
