"""What is in the bucket."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from registry.storage.driver import Prefix, Stat
from registry.storage.s3.connection import Connection
from registry.storage.s3.errors import failures
from registry.storage.s3.reading import stat_of

PRIVATE = "%tails/"
"""Where side objects of uploads are; in no listing. No key of the registry begins so: its % stand before hex digits."""


def list_items(connection: Connection, prefix: str, after: str, delimiter: str) -> Iterator[Stat | Prefix]:
    """The objects, and with a delimiter the groups, behind `after`; asked for page by page."""
    last = after
    for page in _object_pages(connection, prefix, after, delimiter):
        items: list[Stat | Prefix] = [
            stat_of(connection.key(found["Key"]), found) for found in page.get("Contents", ())
        ]
        items += [Prefix(connection.key(found["Prefix"])) for found in page.get("CommonPrefixes", ())]
        for item in sorted(items, key=lambda each: each.key):
            # Stores differ in whether a group that begins before `after` and goes on behind it is listed.
            if item.key > last and not item.key.startswith(PRIVATE):
                last = item.key
                yield item


def list_tails(connection: Connection, prefix: str = PRIVATE) -> Iterator[Stat]:
    """The side objects of uploads."""
    for page in _object_pages(connection, prefix):
        for found in page.get("Contents", ()):
            yield stat_of(connection.key(found["Key"]), found)


def list_uploads(connection: Connection, prefix: str = "") -> Iterator[tuple[str, str, datetime]]:
    """Key, id and beginning of the unfinished multipart uploads whose key starts with `prefix`."""
    marks: dict[str, Any] = {}
    while True:
        with failures("ListMultipartUploads"):
            page = connection.client.list_multipart_uploads(
                Bucket=connection.bucket, Prefix=connection.name(prefix), **marks
            )
        for found in page.get("Uploads", ()):
            yield connection.key(found["Key"]), found["UploadId"], found["Initiated"]
        if not page["IsTruncated"]:
            return
        marks = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}


def _object_pages(connection: Connection, prefix: str, after: str = "", delimiter: str = "") -> Iterator[Any]:
    rest: dict[str, Any] = {"StartAfter": connection.name(after)} if after else {}
    while True:
        with failures("ListObjectsV2"):
            page = connection.client.list_objects_v2(
                Bucket=connection.bucket, Prefix=connection.name(prefix), Delimiter=delimiter, **rest
            )
        yield page
        if not page["IsTruncated"]:
            return
        rest = {"ContinuationToken": page["NextContinuationToken"]}
