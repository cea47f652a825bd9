"""The removal of what interrupted writes and uploads left behind."""

import time
from email.utils import parsedate_to_datetime
from pathlib import Path

from registry.storage.s3 import multipart
from registry.storage.s3.connection import Connection
from registry.storage.s3.errors import failures
from registry.storage.s3.listing import list_tails, list_uploads
from registry.storage.s3.writing import remove


def sweep_bucket(connection: Connection, seconds: float) -> int:
    """How many unfinished multipart uploads, and side objects of uploads, were older than that and are gone."""
    horizon, swept = _store_time(connection) - seconds, 0
    for key, upload_id, begun in list_uploads(connection):
        if begun.timestamp() <= horizon:
            swept += multipart.cancel(connection, key, upload_id)
    for tail in list_tails(connection):
        if tail.modified <= horizon:
            remove(connection, tail.key)
            swept += 1
    return swept


def sweep_scratch(scratch: Path, seconds: float) -> int:
    """How many temporary files had not been written to for that long and are gone."""
    horizon, swept = time.time() - seconds, 0
    for path in scratch.iterdir():
        try:
            if path.stat().st_mtime <= horizon:
                path.unlink()
                swept += 1
        except FileNotFoundError:
            continue
    return swept


def _store_time(connection: Connection) -> float:
    """The time by the clock that dates the objects; ours may differ."""
    with failures("HeadBucket"):
        answer = connection.client.head_bucket(Bucket=connection.bucket)
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
