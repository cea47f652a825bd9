"""Appendable uploads: one multipart upload each, and a side object for the bytes at its end too few for a part.

All that is needed to go on is in the Upload. Parts of an interrupted append are overwritten by the next one or dropped
at the end; those of a racing append make the completion fail, for the store compares their ETags.
"""

import secrets
from contextlib import suppress
from pathlib import Path

from registry.storage.driver import ANY, KeyMissing, Stat, Upload
from registry.storage.s3 import multipart
from registry.storage.s3.connection import Connection
from registry.storage.s3.errors import S3Error
from registry.storage.s3.listing import PRIVATE, list_tails, list_uploads
from registry.storage.s3.parts import Progress, cut, load_progress
from registry.storage.s3.reading import open_object, written_by
from registry.storage.s3.sources import Source
from registry.storage.s3.writing import put_bytes, remove


def append(connection: Connection, upload: Upload, body: Path, final: bool) -> Upload:
    """The upload with the bytes of the file. Raises KeyMissing when it was aborted."""
    state = load_progress(upload) or Progress(secrets.token_hex(16))
    _remove_tails(connection, state, state.spent)
    with Source(body, _read_tail(connection, state)) as source:
        if source.size == len(source.head) and not final:
            return upload
        sent = _send(connection, upload.key, state, source, final)
        return sent.save(upload, state.sent + source.size)


def complete(connection: Connection, upload: Upload) -> Stat:
    """The Stat of the finished object. Raises KeyMissing when the upload was aborted or its bytes were replaced."""
    state = load_progress(upload)
    if state is None:
        return put_bytes(connection, upload.key, b"", ANY, secrets.token_hex(16))
    try:
        stat = _finish(connection, upload, state)
    except (S3Error, KeyMissing) as error:
        # Completed before, by a request whose answer was lost or a process that died.
        done = written_by(connection, upload.key, state.writer)
        if done is None:
            raise _missing(upload, error) from None
        stat = done
    _remove_tails(connection, state, state.spent, state.tail)
    return stat


def abort(connection: Connection, upload: Upload) -> None:
    """Nothing of the unfinished upload is left, nor of appends to it that were interrupted."""
    for key, upload_id, _ in list_uploads(connection, upload.key):
        if key == upload.key:
            multipart.cancel(connection, key, upload_id)
    state = load_progress(upload)
    if state is not None:
        for found in list_tails(connection, f"{PRIVATE}{state.writer}/"):
            remove(connection, found.key)


def _send(connection: Connection, key: str, state: Progress, source: Source, final: bool) -> Progress:
    sizes = cut(state.sent, source.size, final)
    begun = bool(sizes) and not state.upload_id
    upload_id = multipart.begin(connection, key, state.writer) if begun else state.upload_id
    try:
        parts = multipart.send(connection, key, upload_id, state.parts, source, sizes)
        tail = _write_tail(connection, state, source, sum(sizes))
    except BaseException as error:
        if begun:
            multipart.give_up(connection, key, upload_id)
        if isinstance(error, S3Error) and error.upload_gone:
            raise KeyMissing(key) from None
        raise
    return Progress(state.writer, upload_id, tail, state.tail, parts)


def _finish(connection: Connection, upload: Upload, state: Progress) -> Stat:
    tail = _read_tail(connection, state)
    if not state.upload_id:
        return put_bytes(connection, upload.key, tail, ANY, state.writer)
    with Source(None, tail) as source:
        sizes = cut(state.sent, len(tail), final=True)
        parts = multipart.send(connection, upload.key, state.upload_id, state.parts, source, sizes)
    return multipart.finish(connection, upload.key, state.upload_id, parts)


def _missing(upload: Upload, error: S3Error | KeyMissing) -> Exception:
    return error if isinstance(error, S3Error) and not error.upload_gone else KeyMissing(upload.key)


def _tail_key(state: Progress, tail: str) -> str:
    return f"{PRIVATE}{state.writer}/{tail}"


def _read_tail(connection: Connection, state: Progress) -> bytes:
    """The bytes behind the parts. Raises KeyMissing."""
    return b"".join(open_object(connection, _tail_key(state, state.tail))) if state.tail else b""


def _write_tail(connection: Connection, state: Progress, source: Source, start: int) -> str:
    """The name of a new side object with the source's bytes from `start`; empty when there are none."""
    if start == source.size:
        return ""
    name = secrets.token_hex(8)
    with source.part(start, source.size - start) as rest:
        put_bytes(connection, _tail_key(state, name), rest.read(), ANY, state.writer)
    return name


def _remove_tails(connection: Connection, state: Progress, *tails: str) -> None:
    """Those side objects are gone, unless the store cannot be reached: then the sweep will find them."""
    with suppress(OSError):
        for tail in filter(None, tails):
            remove(connection, _tail_key(state, tail))
