"""Form uploads (RFC 7578), part by part, never held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import falcon
from falcon.media.multipart import BodyPart, MultipartForm, MultipartParseOptions

from registry.errors import Invalid, TooLarge, UnsupportedMediaType
from registry.http.bodies import CHUNK
from registry.http.request import Request

MAX_PARTS = 4096
MAX_FIELD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. It can be read until the next one is asked for."""

    name: str
    filename: str | None
    _part: BodyPart

    def chunks(self) -> Iterator[bytes]:
        """The part's bytes, up to 1 MiB at a time."""
        while chunk := self._part.stream.read(CHUNK):
            yield chunk

    def text(self, limit: int = MAX_FIELD) -> str:
        """The part as UTF-8 text. Raises TooLarge past `limit` bytes, Invalid when it is not UTF-8."""
        data = self._part.stream.read(limit + 1)
        if len(data) > limit:
            raise TooLarge(limit, f"the form field {self.name}")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise Invalid(f"the form field {self.name} is not UTF-8") from None


def iter_parts(req: Request, limit: int) -> Iterator[Part]:
    """The parts of a multipart/form-data body of at most `limit` bytes.

    Raises UnsupportedMediaType for another body, Invalid for a broken one, TooLarge, TruncatedBody.
    """
    media_type, parameters = falcon.parse_header(req.content_type or "")
    if media_type.lower() != "multipart/form-data":
        raise UnsupportedMediaType("send the form as multipart/form-data")
    boundary = parameters.get("boundary", "")
    if not 1 <= len(boundary) <= 70 or not boundary.isascii():
        raise Invalid("the form has no usable boundary")
    options = MultipartParseOptions()
    options.max_body_part_count = MAX_PARTS
    options.max_body_part_headers_size = 16 * 1024
    try:
        # The parser stops at a length; one byte beyond the limit lets the body refuse what is longer.
        form = MultipartForm(_ChunkReader(req.body.chunks(limit)), boundary.encode(), limit + 1, options)
        for part in form:
            yield Part(part.name or "", part.filename, part)
    except falcon.MediaMalformedError as error:
        raise Invalid(f"the form is malformed: {error.description or error.title}") from None
    except UnicodeDecodeError:
        raise Invalid("the form is malformed: the name of a part is not UTF-8") from None


class _ChunkReader:
    """The `read(size)` that falcon's parser wants, over an iterator of chunks; never reads past the body."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def read(self, size: int | None = None, /) -> bytes:
        """Up to `size` bytes, empty at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = memoryview(chunk)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)
