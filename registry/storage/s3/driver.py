"""The driver of S3 and of stores that speak like it and keep its conditions."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from registry.storage.driver import (
    ANY,
    UNCHANGED,
    Condition,
    KeyMissing,
    Object,
    Prefix,
    Stat,
    Unchanged,
    Upload,
)
from registry.storage.s3 import uploads, writing
from registry.storage.s3.connection import Connection
from registry.storage.s3.errors import S3Error, failures
from registry.storage.s3.listing import list_items
from registry.storage.s3.parts import LEAST, PART
from registry.storage.s3.reading import S3Reader, head, open_object, stat_of
from registry.storage.s3.settings import S3Settings
from registry.storage.s3.sweeping import sweep_bucket, sweep_scratch
from registry.storage.s3.urls import content_disposition


class S3Driver:
    """Objects in one bucket, shared by all who have it.

    Tokens are ETags: they name the bytes (and the parts in which they came), so the same bytes written twice have the
    same token. A condition on it then holds although there were writes between, which left what the caller has read.
    """

    name = "s3"
    durable = True
    least_append = LEAST

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._connection = Connection(settings)
        self._scratch: tuple[int, Path] | None = None

    def connect(self) -> None:
        """The client of this process is built, which takes up to a second; without this the first call does it."""
        _ = self._connection.client

    def close(self) -> None:
        """Idle connections are closed; the driver can still be used."""
        self._connection.close()

    def stat(self, key: str) -> Stat | None:
        """The object's Stat, or None."""
        answer = head(self._connection, key)
        return stat_of(key, answer) if answer else None

    def read(self, key: str, unless: str | None = None) -> Object | Unchanged | None:
        """The whole object; UNCHANGED when its token is `unless`; None where there is none."""
        try:
            reader = open_object(self._connection, key, unless=unless)
        except KeyMissing:
            return None
        except S3Error as error:
            if error.status == 304:
                return UNCHANGED
            raise
        try:
            return Object(reader.stat, b"".join(reader))
        finally:
            reader.close()

    def open(self, key: str, start: int = 0, end: int | None = None) -> S3Reader:
        """A Reader of the bytes from `start` to `end`. Raises KeyMissing."""
        return open_object(self._connection, key, start, end)

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        """The Stat of the object written; a Path stays. Raises ConditionFailed; Invalid (gateways to file systems)."""
        return writing.put(self._connection, key, body, condition)

    def delete(self, key: str, condition: Condition = ANY) -> bool:
        """True when an object was removed, False when there was none. Raises ConditionFailed."""
        return writing.delete(self._connection, key, condition)

    def list(self, prefix: str, after: str = "", delimiter: str = "") -> Iterator[Stat | Prefix]:
        """The objects, and with a delimiter the prefixes, greater than `after` in byte order of keys."""
        return list_items(self._connection, prefix, after, delimiter)

    def scratch(self) -> Path:
        """The directory of the settings, or one of this process that goes with the driver."""
        if self._settings.scratch is not None:
            self._settings.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._settings.scratch
        if self._scratch is None or self._scratch[0] != os.getpid():
            self._scratch = os.getpid(), Path(tempfile.mkdtemp(prefix="registry-"))
            weakref.finalize(self, shutil.rmtree, self._scratch[1], ignore_errors=True)
        return self._scratch[1]

    def url(self, key: str, seconds: int, filename: str = "", content_type: str = "") -> str | None:
        """A presigned URL, for a week at most; None unless the settings say that clients can reach the bucket."""
        if not self._settings.presign:
            return None
        parameters = {"Bucket": self._connection.bucket, "Key": self._connection.name(key)}
        if filename:
            parameters["ResponseContentDisposition"] = content_disposition(filename)
        if content_type:
            parameters["ResponseContentType"] = content_type
        with failures("GetObject"):
            return self._connection.client.generate_presigned_url("get_object", parameters, ExpiresIn=seconds)

    def append_limit(self, upload: Upload) -> int | None:
        """64 MiB: what waits on the local disk is not in the store yet, and has to be sent while the client waits."""
        return 4 * PART

    def append(self, upload: Upload, body: Path, final: bool = False) -> Upload:
        """The upload with the bytes of the scratch file added. Raises KeyMissing when it was aborted."""
        return uploads.append(self._connection, upload, body, final)

    def complete(self, upload: Upload) -> Stat:
        """The Stat of the object at `upload.key`. Raises KeyMissing when it was aborted or its bytes were replaced."""
        return uploads.complete(self._connection, upload)

    def abort(self, upload: Upload) -> None:
        """Nothing of the unfinished upload is left."""
        uploads.abort(self._connection, upload)

    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat | None:
        """None: S3 moves by copying all bytes, and CopyObject knows no condition on its target."""

    def sweep(self, seconds: float) -> int:
        """How many unfinished uploads, side objects and scratch files were untouched for `seconds` and are gone."""
        return sweep_bucket(self._connection, seconds) + sweep_scratch(self.scratch(), seconds)
