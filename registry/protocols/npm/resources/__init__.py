"""What answers at the paths of a registry, named for the nouns of npm."""

from registry.protocols.npm.resources.packument import Manifest, Tarball
from registry.protocols.npm.resources.publish import Packument

__all__ = ["Manifest", "Packument", "Tarball"]
