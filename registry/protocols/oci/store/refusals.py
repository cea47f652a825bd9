"""Why the store of a registry refuses. The codes are those of the distribution specification."""

from collections.abc import Iterable

from registry.core.digests import Digest
from registry.errors import Conflict, Invalid, NotFound, RegistryError, Unauthenticated


class NameUnknown(NotFound):
    """There is no such repository."""

    code = "name_unknown"


class BlobUnknown(NotFound):
    """The repository has no such blob."""

    code = "blob_unknown"


class ManifestUnknown(NotFound):
    """The repository has no such manifest or tag."""

    code = "manifest_unknown"


class UploadUnknown(NotFound):
    """The repository has no such upload, or it is somebody else's, or it was given up."""

    code = "blob_upload_unknown"


class RangeMismatch(RegistryError):
    """The bytes do not follow the `size` bytes of the upload, or another request is adding to it."""

    status = 416
    code = "blob_upload_invalid"

    def __init__(self, size: int, message: str = "") -> None:
        super().__init__(message or f"the upload has {size} bytes, and goes on from there")
        self.size = size


class ReferencesUnknown(Invalid):
    """The manifest refers to what the repository has not; `digests` are all of these."""

    code = "manifest_blob_unknown"

    def __init__(self, digests: Iterable[Digest]) -> None:
        self.digests = tuple(digests)
        super().__init__("the manifest refers to content that is not in this repository")


class TagFixed(Conflict):
    """The tag may not be moved to another manifest."""

    code = "denied"


class InsufficientScope(Unauthenticated):
    """The token is good, but for less than this; its owner may get another one."""

    code = "insufficient_scope"
