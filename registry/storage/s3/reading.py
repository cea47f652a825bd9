"""Reading one version of an object, whatever happens to the connection."""

import errno
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from registry.offload import breathe
from registry.storage.driver import KeyMissing, Stat
from registry.storage.s3.connection import WRITER, Connection, etag, token
from registry.storage.s3.errors import S3Error, failures

if TYPE_CHECKING:
    from botocore.response import StreamingBody

CHUNK = 1 << 20
RESUMPTIONS = 3


class S3Reader:
    """The bytes of one version; a broken connection is replaced where it broke, as long as the version is there."""

    sendfile_range = None

    def __init__(self, connection: Connection, stat: Stat, start: int, end: int, body: "StreamingBody | None") -> None:
        self._connection = connection
        self._body = body
        self.stat = stat
        self.start = start
        self.end = end

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of at most 1 MiB. Raises OSError when the rest of this version cannot be had."""
        at, broken = self.start, 0
        while at < self.end:
            try:
                chunk = self._chunk(at)
            except S3Error:
                self.close()
                broken += 1
                if broken > RESUMPTIONS:
                    raise
                continue
            at, broken = at + len(chunk), 0
            yield chunk
            breathe()
        self.close()

    def close(self) -> None:
        """The connection is closed, or back in the pool when everything was read."""
        if self._body is not None:
            self._body.close()
        self._body = None

    def _chunk(self, at: int) -> bytes:
        with failures("GetObject"):
            if self._body is None:
                self._body = get(self._connection, self.stat.key, at, self.end, IfMatch=etag(self.stat.token))["Body"]
            chunk: bytes = self._body.read(min(CHUNK, self.end - at))
        if not chunk:
            raise S3Error("GetObject", "TruncatedBody", errno.ECONNRESET)
        return chunk


def open_object(
    connection: Connection, key: str, start: int = 0, end: int | None = None, unless: str | None = None
) -> S3Reader:
    """A reader of that part of the object as it is now. Raises KeyMissing; S3Error 304 where its token is `unless`."""
    conditions = {} if unless is None else {"IfNoneMatch": etag(unless)}
    if end is not None and end <= start:
        return _empty(connection, key, start)
    try:
        with failures("GetObject"):
            answer = get(connection, key, start, end, **conditions)
    except S3Error as error:
        if error.absent:
            raise KeyMissing(key) from None
        if error.status == 416:
            return _empty(connection, key, start)
        raise
    size = answer["ContentLength"]
    total = int(answer["ContentRange"].rpartition("/")[2]) if "ContentRange" in answer else size
    return S3Reader(connection, stat_of(key, answer, total), start, start + size, answer["Body"])


def head(connection: Connection, key: str) -> Any | None:
    """The answer of HeadObject, or None where there is no object."""
    try:
        with failures("HeadObject"):
            return connection.client.head_object(Bucket=connection.bucket, Key=connection.name(key))
    except S3Error as error:
        if error.absent:
            return None
        raise


def written_by(connection: Connection, key: str, writer: str) -> Stat | None:
    """The object's Stat if it is the one that `writer` wrote, else None."""
    answer = head(connection, key)
    return stat_of(key, answer) if answer and answer["Metadata"].get(WRITER) == writer else None


def stat_of(key: str, answer: Any, size: int | None = None) -> Stat:
    """The Stat that an answer to GetObject or HeadObject, or an item of a listing, describes."""
    if size is None:
        size = answer["ContentLength"] if "ContentLength" in answer else answer["Size"]
    return Stat(key, size, token(answer["ETag"]), float(int(answer["LastModified"].timestamp())))


def written_stat(key: str, size: int, answer: Any) -> Stat:
    """The Stat of an object just written, dated by the store's clock: the answer does not tell the object's date."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    modified = parsedate_to_datetime(date).timestamp() if date else 0.0
    return Stat(key, size, token(answer["ETag"]), modified)


def get(connection: Connection, key: str, start: int, end: int | None, **conditions: Any) -> Any:
    """The answer of GetObject to that range; its body has to be closed."""
    if start or end is not None:
        conditions["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
    return connection.client.get_object(Bucket=connection.bucket, Key=connection.name(key), **conditions)


def _empty(connection: Connection, key: str, start: int) -> S3Reader:
    answer = head(connection, key)
    if answer is None:
        raise KeyMissing(key)
    stat = stat_of(key, answer)
    at = min(start, stat.size)
    return S3Reader(connection, stat, at, at, None)
