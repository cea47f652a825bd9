"""The one boto3 client of a process."""

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from registry.storage.driver import Condition
from registry.storage.s3.settings import S3Settings

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client

POOL = 64
WRITER = "writer"
"""The name of the metadata by which a write whose answer was lost is recognised."""


class Connection:
    """A bucket and the client for it, which is built at the first use in each process."""

    def __init__(self, settings: S3Settings) -> None:
        self.settings = settings
        self.bucket = settings.bucket_name
        self._process: _Process | None = None
        self._client: S3Client | None = None

    @property
    def client(self) -> "S3Client":
        """The client of this process: no session or socket of boto3 outlives a fork."""
        process = _this_process()
        with process.lock:
            if self._client is None or self._process is not process:
                self._process, self._client = process, _build_client(process.session, self.settings)
            return self._client

    def close(self) -> None:
        """Idle connections are closed; the next use makes a new client."""
        if self._client is not None and self._process is _this_process():
            self._client.close()
        self._client = None

    def name(self, key: str) -> str:
        """The name that the object has in the bucket."""
        return self.settings.root + key

    def key(self, name: str) -> str:
        """The key of the object with that name in the bucket."""
        return name[len(self.settings.root) :]


def preconditions(condition: Condition) -> dict[str, Any]:
    """The parameters of PutObject, CompleteMultipartUpload and DeleteObject that make them depend on `condition`."""
    if condition.absent:
        return {"IfNoneMatch": "*"}
    return {} if condition.token is None else {"IfMatch": etag(condition.token)}


def etag(token: str) -> str:
    """The ETag of the object version with that token."""
    return f'"{token}"'


def token(tag: str) -> str:
    """The version token of an object: its ETag, which names the bytes and the parts in which they came."""
    return tag.strip('"')


class _Process:
    """What all buckets of a process share: the session, from which a client is made 20 times faster than without.

    A session must not be used by two threads at once.
    """

    def __init__(self) -> None:
        self.id = os.getpid()
        self.lock = threading.Lock()

    @cached_property
    def session(self) -> "Session":
        from boto3.session import Session

        return Session()


_process: _Process | None = None


def _this_process() -> _Process:
    global _process
    if _process is None or _process.id != os.getpid():
        _process = _Process()
    return _process


def _build_client(session: "Session", settings: S3Settings) -> "S3Client":
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        # "virtual" is what "auto" does, but for presigned URLs, which "auto" sends to another region's door.
        s3={"addressing_style": "path" if settings.endpoint else "virtual"},
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        max_pool_connections=POOL,
        # Not every store knows the newer checksums. Bodies are covered without them: the SHA-256 in the signature is
        # that of the body, and the store compares it.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.client(
        "s3",
        endpoint_url=settings.url,
        region_name=settings.region,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.access_secret or None,
        config=config,
    )
