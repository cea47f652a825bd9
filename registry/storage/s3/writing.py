"""Whole objects: conditional writes that end in a definite answer, and deletion."""

import random
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from registry.errors import Invalid
from registry.storage.driver import ANY, Condition, ConditionFailed, Stat
from registry.storage.s3 import multipart
from registry.storage.s3.connection import WRITER, Connection, preconditions
from registry.storage.s3.errors import S3Error, failures
from registry.storage.s3.parts import MIB, cut
from registry.storage.s3.reading import head, written_by, written_stat
from registry.storage.s3.sources import Source

SINGLE = 64 * MIB
"""The largest object written by one request; boto3 repeats the whole of it when the connection breaks."""
CONFLICT_SECONDS = 10.0
NESTED_TURNS = 3
_CONFLICTS = {"ConditionalRequestConflict", "OperationAborted"}


def put(connection: Connection, key: str, body: bytes | Path, condition: Condition) -> Stat:
    """The Stat of the object written. Raises ConditionFailed."""
    if isinstance(body, bytes):
        return _settle(connection, key, condition, lambda writer: put_bytes(connection, key, body, condition, writer))
    with Source(body) as source:
        write = _put_single if source.size <= SINGLE else _put_parts
        return _settle(connection, key, condition, lambda writer: write(connection, key, source, condition, writer))


def put_bytes(connection: Connection, key: str, data: bytes, condition: Condition, writer: str) -> Stat:
    """The Stat of the object written by one request, marked by its writer."""
    return _put_object(connection, key, data, len(data), condition, writer)


def delete(connection: Connection, key: str, condition: Condition) -> bool:
    """True when an object was removed, False when there was none. Raises ConditionFailed.

    The store compares the token; one that ignores it (see the probe) deletes whatever is there.
    """
    if head(connection, key) is None:
        return False
    if condition.absent:
        raise ConditionFailed(key)
    try:
        remove(connection, key, condition)
    except S3Error as error:
        if error.absent:
            return not error.certain
        if error.status != 412:
            raise
        if error.certain or head(connection, key) is not None:
            raise ConditionFailed(key) from None
    return True


def remove(connection: Connection, key: str, condition: Condition = ANY) -> None:
    """No object has that key, whether one had it or not."""
    with failures("DeleteObject"):
        connection.client.delete_object(Bucket=connection.bucket, Key=connection.name(key), **preconditions(condition))


def _settle(connection: Connection, key: str, condition: Condition, attempt: Callable[[str], Stat]) -> Stat:
    """The Stat of the write, repeated while others conflict with it. Raises ConditionFailed, Invalid, S3Error.

    Whenever it may have been carried out though the answer does not say so, the object tells by its writer.
    """
    writer = secrets.token_hex(16)
    certain = True
    for turn, pause in enumerate(_pauses(CONFLICT_SECONDS)):
        try:
            return attempt(writer)
        except S3Error as error:
            failure = error
        certain = certain and failure.certain
        if not certain and (ours := written_by(connection, key, writer)):
            return ours
        if failure.status == 412 or (condition.token is not None and failure.absent):
            raise ConditionFailed(key)
        # versitygw 1.8 says so too when a neighbour's deletion takes the directory away under the write.
        if failure.nested and turn == NESTED_TURNS:
            raise Invalid("the key lies below another object, or another object below it")
        if failure.code not in _CONFLICTS and not failure.nested:
            raise failure
        time.sleep(pause)
    raise failure


def _pauses(seconds: float) -> Iterator[float]:
    """Growing random pauses until the time is over, at least one."""
    deadline, longest = time.monotonic() + seconds, 0.05
    while True:
        yield random.uniform(0, longest)  # noqa: S311
        longest = min(1.0, longest * 2)
        if time.monotonic() > deadline:
            return


def _put_single(connection: Connection, key: str, source: Source, condition: Condition, writer: str) -> Stat:
    with source.part(0, source.size) as body:
        return _put_object(connection, key, body, source.size, condition, writer)


def _put_object(
    connection: Connection, key: str, body: bytes | BinaryIO, size: int, condition: Condition, writer: str
) -> Stat:
    with failures("PutObject"):
        answer = connection.client.put_object(
            Bucket=connection.bucket,
            Key=connection.name(key),
            Body=body,
            ContentLength=size,
            Metadata={WRITER: writer},
            **preconditions(condition),
        )
    return written_stat(key, size, answer)


def _put_parts(connection: Connection, key: str, source: Source, condition: Condition, writer: str) -> Stat:
    upload_id = multipart.begin(connection, key, writer)
    try:
        sizes = cut(0, source.size, final=True)
        parts = multipart.send(connection, key, upload_id, (), source, sizes)
        return multipart.finish(connection, key, upload_id, parts, condition)
    except BaseException:
        # Before the object is looked at: a completion that is still under way must not win afterwards.
        multipart.give_up(connection, key, upload_id)
        raise
