"""Packages and what belongs to them, over the catalog and the blobs."""

from registry.protocols.npm.store.packages import Packages
from registry.protocols.npm.store.pages import read_listing
from registry.protocols.npm.store.receiving import Received, receiving
from registry.protocols.npm.store.rights import Rights
from registry.protocols.npm.store.signing import Signer

__all__ = ["Packages", "Received", "Rights", "Signer", "read_listing", "receiving"]
