"""Packages and what belongs to them, over the catalog and the blobs."""

from registry.protocols.npm.store.orgs import GRANTS, READ_WRITE, ROLES, Org, Orgs, Team
from registry.protocols.npm.store.packages import Packages
from registry.protocols.npm.store.pages import read_listing
from registry.protocols.npm.store.receiving import Received, receiving
from registry.protocols.npm.store.rights import Rights
from registry.protocols.npm.store.searching import parse_query, render_results, star_label
from registry.protocols.npm.store.signing import Signer

__all__ = [
    "GRANTS",
    "READ_WRITE",
    "ROLES",
    "Org",
    "Orgs",
    "Packages",
    "Received",
    "Rights",
    "Signer",
    "Team",
    "parse_query",
    "read_listing",
    "receiving",
    "render_results",
    "star_label",
]
