"""The calls of a multipart upload. Parts are invisible until it is completed, and cost money until it is aborted."""

from contextlib import suppress

from registry.storage.driver import ANY, Condition, Stat
from registry.storage.s3.connection import WRITER, Connection, preconditions
from registry.storage.s3.errors import S3Error, failures
from registry.storage.s3.parts import Part
from registry.storage.s3.reading import written_stat
from registry.storage.s3.sources import Source


def begin(connection: Connection, key: str, writer: str) -> str:
    """The id of a new multipart upload, whose object will carry the mark of `writer`."""
    with failures("CreateMultipartUpload"):
        answer = connection.client.create_multipart_upload(
            Bucket=connection.bucket, Key=connection.name(key), Metadata={WRITER: writer}
        )
    return answer["UploadId"]


def send(
    connection: Connection, key: str, upload_id: str, parts: tuple[Part, ...], source: Source, sizes: list[int]
) -> tuple[Part, ...]:
    """All parts, `parts` and those of the given sizes that were cut from the front of the source."""
    start = 0
    for number, size in enumerate(sizes, len(parts) + 1):
        with source.part(start, size) as body, failures("UploadPart"):
            answer = connection.client.upload_part(
                Bucket=connection.bucket,
                Key=connection.name(key),
                UploadId=upload_id,
                PartNumber=number,
                Body=body,
                ContentLength=size,
            )
        parts = (*parts, Part(size, answer["ETag"]))
        start += size
    return parts


def finish(
    connection: Connection, key: str, upload_id: str, parts: tuple[Part, ...], condition: Condition = ANY
) -> Stat:
    """The Stat of the object that the parts became."""
    # A failure may come as <Error> in a 200 (the answer begins before the work ends); botocore makes it a 500.
    with failures("CompleteMultipartUpload"):
        answer = connection.client.complete_multipart_upload(
            Bucket=connection.bucket,
            Key=connection.name(key),
            UploadId=upload_id,
            MultipartUpload={"Parts": [{"PartNumber": at, "ETag": part.etag} for at, part in enumerate(parts, 1)]},
            **preconditions(condition),
        )
    return written_stat(key, sum(part.size for part in parts), answer)


def cancel(connection: Connection, key: str, upload_id: str) -> bool:
    """True when the upload was aborted, False when it was over."""
    try:
        with failures("AbortMultipartUpload"):
            connection.client.abort_multipart_upload(
                Bucket=connection.bucket, Key=connection.name(key), UploadId=upload_id
            )
    except S3Error as error:
        if error.upload_gone:
            return False
        raise
    return True


def give_up(connection: Connection, key: str, upload_id: str) -> None:
    """The upload is aborted if the store can be reached; else the sweep will find it."""
    with suppress(OSError):
        cancel(connection, key, upload_id)
