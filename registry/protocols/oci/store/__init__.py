"""What a registry keeps: blobs and who has them, uploads, manifests, tags, referrers, repositories."""

from registry.protocols.oci.store.forgetting import forget_blob
from registry.protocols.oci.store.manifests import Manifests, Stored
from registry.protocols.oci.store.memberships import Memberships, unknown_blob
from registry.protocols.oci.store.opening import Stores, open_stores
from registry.protocols.oci.store.referrers import Referrers
from registry.protocols.oci.store.refusals import (
    BlobUnknown,
    ManifestUnknown,
    NameUnknown,
    RangeMismatch,
    ReferencesUnknown,
    TagFixed,
    UploadUnknown,
)
from registry.protocols.oci.store.repositories import Repositories, read_listing
from registry.protocols.oci.store.sessions import Session
from registry.protocols.oci.store.tags import Tags
from registry.protocols.oci.store.uploads import Uploads

__all__ = [
    "BlobUnknown",
    "ManifestUnknown",
    "Manifests",
    "Memberships",
    "NameUnknown",
    "RangeMismatch",
    "ReferencesUnknown",
    "Referrers",
    "Repositories",
    "Session",
    "Stored",
    "Stores",
    "TagFixed",
    "Tags",
    "UploadUnknown",
    "Uploads",
    "forget_blob",
    "open_stores",
    "read_listing",
    "unknown_blob",
]
