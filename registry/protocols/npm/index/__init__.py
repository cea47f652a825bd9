"""The documents that clients read, rendered from what the ledger of a package keeps."""

from registry.protocols.npm.index.manifest import full_manifest
from registry.protocols.npm.index.package import PUBLIC, RESTRICTED, Package, person
from registry.protocols.npm.index.packument import ABBREVIATED, FULL, iso_time, render_packument, render_release
from registry.protocols.npm.index.release import Manifest, Release, is_tombstone, tombstone

__all__ = [
    "ABBREVIATED",
    "FULL",
    "PUBLIC",
    "RESTRICTED",
    "Manifest",
    "Package",
    "Release",
    "full_manifest",
    "is_tombstone",
    "iso_time",
    "person",
    "render_packument",
    "render_release",
    "tombstone",
]
