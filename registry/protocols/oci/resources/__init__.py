"""What answers at the paths of a registry."""

from registry.protocols.oci.resources.blobs import Blob
from registry.protocols.oci.resources.catalog import RepositoryList
from registry.protocols.oci.resources.manifests import Manifest
from registry.protocols.oci.resources.referrers import ReferrerList
from registry.protocols.oci.resources.tags import TagList
from registry.protocols.oci.resources.token import Token
from registry.protocols.oci.resources.uploads import Upload, Uploads
from registry.protocols.oci.resources.version import Version

__all__ = [
    "Blob",
    "Manifest",
    "ReferrerList",
    "RepositoryList",
    "TagList",
    "Token",
    "Upload",
    "Uploads",
    "Version",
]
