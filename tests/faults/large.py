"""Artifacts too large to be held in memory, as bodies that are read from a file while they are sent."""

import base64
import gzip
import hashlib
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders.pypi import EPOCH, make_form, make_multipart, make_wheel, wheel_filename
from tests.contracts.adapter import JSON

BLOCK = 3 << 20
"""Bytes that are read at once; three make four characters of base64."""


@dataclass(frozen=True)
class LargeAsk:
    """A request whose body is made of `head`, the file as `encode` has it, and `tail`."""

    method: str
    path: str
    file: Path
    head: bytes = b""
    tail: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    encode: Callable[[bytes], bytes] = bytes

    @property
    def length(self) -> int:
        size = self.file.stat().st_size
        return len(self.head) + len(self.tail) + (-(-size // 3) * 4 if self.encode is base64.b64encode else size)

    def body(self) -> Iterator[bytes]:
        yield self.head
        yield from map(self.encode, blocks(self.file))
        yield self.tail


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(BLOCK), b"")


def digest_of(path: Path, algorithm: str) -> bytes:
    hashed = hashlib.new(algorithm)
    for block in blocks(path):
        hashed.update(block)
    return hashed.digest()


def noise(size: int) -> Iterator[bytes]:
    """That many bytes that no compression makes smaller."""
    block = os.urandom(1 << 20)
    for start in range(0, size, len(block)):
        yield block[: min(len(block), size - start)]


def large_wheel(path: Path, size: int) -> LargeAsk:
    path.write_bytes(make_wheel())
    info = zipfile.ZipInfo("demo/large.bin", EPOCH)
    info.file_size = size
    with zipfile.ZipFile(path, "a") as archive, archive.open(info, "w") as entry:
        for block in noise(size):
            entry.write(block)
    fields = {**make_form(b""), "sha256_digest": [digest_of(path, "sha256").hex()]}
    body, content_type = make_multipart(fields, wheel_filename(), b"CUT")
    head, _, tail = body.partition(b"CUT")
    return LargeAsk("POST", "/pypi/", path, head, tail, {"Content-Type": content_type})


def large_package(path: Path, size: int) -> LargeAsk:
    manifest = json.dumps({"name": "demo", "version": "1.0.0"}).encode()
    with gzip.open(path, "wb", compresslevel=0) as file:
        for name, content, blocks_of in (
            ("package/package.json", len(manifest), [manifest]),
            ("package/large.bin", size, noise(size)),
        ):
            info = tarfile.TarInfo(name)
            info.size = content
            file.write(info.tobuf())
            for block in blocks_of:
                file.write(block)
            file.write(bytes(-content % 512))
        file.write(bytes(1024))
    sha512, sha1 = digest_of(path, "sha512"), digest_of(path, "sha1")
    dist = {"integrity": f"sha512-{base64.b64encode(sha512).decode()}", "shasum": sha1.hex()}
    document = {
        "_id": "demo",
        "name": "demo",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": {"name": "demo", "version": "1.0.0", "dist": dist}},
        "_attachments": {"demo-1.0.0.tgz": {"data": "CUT", "length": path.stat().st_size}},
    }
    head, _, tail = json.dumps(document).encode().partition(b"CUT")
    return LargeAsk("PUT", "/npm/demo", path, head, tail, JSON, base64.b64encode)


def large_blob(path: Path, size: int) -> LargeAsk:
    with path.open("wb") as file:
        for block in noise(size):
            file.write(block)
    digest = f"sha256:{digest_of(path, 'sha256').hex()}"
    return LargeAsk("POST", f"/v2/demo/blobs/uploads/?digest={digest}", path)


LARGE: Mapping[str, tuple[Callable[[Path, int], LargeAsk], Callable[[Path], str]]] = {
    "npm": (large_package, lambda path: "/npm/demo/-/demo-1.0.0.tgz"),
    "oci": (large_blob, lambda path: f"/v2/demo/blobs/sha256:{digest_of(path, 'sha256').hex()}"),
    "pypi": (large_wheel, lambda path: f"/packages/demo/{wheel_filename()}"),
}
"""For each protocol what is published, and the path where it is found afterwards."""
