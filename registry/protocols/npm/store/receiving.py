"""The body of a PUT: a JSON document whose tarball goes to the store's scratch while it arrives."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from registry.core.base64_stream import Base64Sink
from registry.core.json_stream import read_json_stream
from registry.errors import Invalid
from registry.protocols.npm.artifact import ALGORITHMS, PublicationInvalid
from registry.storage.blobs import Blobs
from registry.storage.staging import Staged, StagedWriter


@dataclass(frozen=True, slots=True)
class Received:
    """The document, and its tarball where it brought one."""

    document: dict[str, Any]
    staged: Staged | None


@contextmanager
def receiving(chunks: Iterable[bytes], blobs: Blobs, *, max_document: int, max_tarball: int) -> Iterator[Received]:
    """The document that `chunks` hold; leaving the context discards a tarball that was not committed.

    Raises Invalid, PublicationInvalid and TooLarge.
    """
    with ExitStack() as stack:
        tarball = _Tarball(blobs, max_tarball, stack)
        document = read_json_stream(chunks, tarball.spill, max_document=max_document, within=("_attachments",))
        if not isinstance(document, dict):
            raise Invalid("the body is no JSON object")
        yield Received(document, tarball.finish())


class _Tarball:
    """Takes the data of the one attachment that is a tarball."""

    def __init__(self, blobs: Blobs, limit: int, stack: ExitStack) -> None:
        self._blobs = blobs
        self._limit = limit
        self._stack = stack
        self._writer: StagedWriter | None = None
        self._sink: Base64Sink | None = None

    def spill(self, path: tuple[str, ...]) -> Base64Sink | None:
        """Where the string at that place goes; the provenance beside the tarball is raw JSON text, and kept."""
        if len(path) != 3 or path[2] != "data" or not path[1].endswith(".tgz"):
            return None
        if self._sink is not None:
            raise PublicationInvalid("a publication has one tarball")
        self._writer = self._stack.enter_context(self._blobs.writer(ALGORITHMS, self._limit))
        self._sink = Base64Sink(self._writer)
        return self._sink

    def finish(self) -> Staged | None:
        if self._sink is None or self._writer is None:
            return None
        self._sink.close()
        return self._stack.enter_context(self._writer.finish())
