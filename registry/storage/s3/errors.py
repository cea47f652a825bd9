"""What botocore raises, as an OSError that names the operation and the store's code, and nothing secret."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_HINTS = {
    "AccessDenied": "the access key may not do this",
    "InvalidAccessKeyId": "the access key is unknown",
    "NoCredentialsError": "no access key is set or found",
    "NoSuchBucket": "the bucket does not exist",
    "RequestTimeTooSkewed": "the clocks of this machine and of the store differ too much",
    "SignatureDoesNotMatch": "the secret does not belong to the access key",
}
_FULL = {"InsufficientStorage", "XMinioStorageFull"}
_NESTED = {"ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioParentIsObject", "XMinioObjectExistsAsDirectory"}
_REACH = {
    "ConnectTimeoutError": errno.ETIMEDOUT,
    "ReadTimeoutError": errno.ETIMEDOUT,
    "EndpointConnectionError": errno.ECONNREFUSED,
    "ConnectionClosedError": errno.ECONNRESET,
    "ResponseStreamingError": errno.ECONNRESET,
}


class S3Error(OSError):
    """The store refused or did not answer; `status` is 0 without an answer.

    `certain` is False when the request may have been carried out all the same: it was sent more than once, no answer
    came, or the store failed on the way.
    """

    def __init__(self, operation: str, code: str, number: int, status: int = 0, *, certain: bool = False) -> None:
        hint = f" ({_HINTS[code]})" if code in _HINTS else ""
        super().__init__(number, f"S3 {operation}: {code}{hint}")
        self.operation = operation
        self.code = code
        self.status = status
        self.certain = certain

    @property
    def absent(self) -> bool:
        """The store answered that there is no such object."""
        return self.status == 404 and self.code not in ("NoSuchBucket", "NoSuchUpload")

    @property
    def nested(self) -> bool:
        """A gateway over a file system has a directory of that name, or an object where it needs a directory."""
        return self.code in _NESTED

    @property
    def upload_gone(self) -> bool:
        """The multipart upload is over, or holds other parts than those named."""
        return self.code in ("NoSuchUpload", "InvalidPart", "InvalidPartOrder")


@contextmanager
def failures(operation: str) -> Iterator[None]:
    """Within, what botocore raises becomes S3Error."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refused(operation, error.response) from None
    except BotoCoreError as error:
        code = type(error).__name__
        raise S3Error(operation, code, _REACH.get(code, errno.EIO)) from None


def _refused(operation: str, response: Mapping[str, Any]) -> S3Error:
    meta = response.get("ResponseMetadata", {})
    status = int(meta.get("HTTPStatusCode", 0))
    code = str(response.get("Error", {}).get("Code") or status)
    certain = 400 <= status < 500 and not meta.get("RetryAttempts")
    return S3Error(operation, code, _number(code, status), status, certain=certain)


def _number(code: str, status: int) -> int:
    if code in _FULL or status == 507:
        return errno.ENOSPC
    if code == "QuotaExceeded":
        return errno.EDQUOT
    return {401: errno.EACCES, 403: errno.EACCES, 501: errno.ENOTSUP}.get(status, errno.EIO)
