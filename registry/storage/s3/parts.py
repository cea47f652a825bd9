"""How bytes are cut into parts, and the state of an appendable upload as plain text. No I/O."""

import json
from dataclasses import dataclass, replace

from registry.storage.driver import Upload

MIB = 1 << 20
LEAST = 5 * MIB
"""The fewest bytes S3 takes as a part that is not the last one."""
PART = 16 * MIB


@dataclass(frozen=True, slots=True)
class Part:
    """A part that the store holds."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What an upload has in the store.

    `upload_id` is its multipart upload, empty before the first part. `tail` is the side object with the bytes behind
    the parts, too few for a part. `spent` is the one before it: whoever continues from this state has seen it saved,
    so that `spent` is needed no more. `writer` marks the finished object.
    """

    writer: str
    upload_id: str = ""
    tail: str = ""
    spent: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def sent(self) -> int:
        """How many bytes the parts hold."""
        return sum(part.size for part in self.parts)

    def save(self, upload: Upload, size: int) -> Upload:
        """The upload in this state."""
        handle = json.dumps([self.writer, self.upload_id, self.tail, self.spent])
        return replace(upload, size=size, handle=handle, parts=tuple(f"{each.size} {each.etag}" for each in self.parts))


def load_progress(upload: Upload) -> Progress | None:
    """The state that the upload was saved in; None when nothing was appended."""
    if not upload.handle:
        return None
    writer, upload_id, tail, spent = json.loads(upload.handle)
    parts = (text.partition(" ") for text in upload.parts)
    return Progress(writer, upload_id, tail, spent, tuple(Part(int(size), etag) for size, _, etag in parts))


def cut(offset: int, count: int, final: bool) -> list[int]:
    """The sizes of the parts for `count` bytes that follow the `offset` bytes sent; unless `final`, a rest may remain.

    Parts grow with the offset, so that 10,000 of them hold 5 TiB sent at once and 400 GiB sent in small pieces.
    """
    sizes = []
    while count >= _least(offset) or (final and count):
        size = min(count, max(PART, _rounded(offset // 1000)))
        sizes.append(size)
        offset, count = offset + size, count - size
    return sizes


def _least(offset: int) -> int:
    return max(LEAST, offset // 2000)


def _rounded(size: int) -> int:
    return -(-size // MIB) * MIB
