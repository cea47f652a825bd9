"""A large artifact passes through in both directions while the memory of the server stays small."""

import hashlib
import http.client
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.asking import as_token
from tests.clients.server import Server, serving
from tests.faults.large import LARGE, LargeAsk, digest_of
from tests.faults.processes import children, peak_memory
from tests.faults.stores import BUCKET, environ_of, shared_store

MIB = 1 << 20
SIZE = 1024 * MIB if os.environ.get("REGISTRY_SLOW") == "1" else 128 * MIB
CEILING = 150 * MIB


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A directory that is given back at once, for what is in it is large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", sorted(LARGE))
@pytest.mark.parametrize(
    ("store", "chunked"),
    [("filesystem", False), ("filesystem", True), (BUCKET, False)],
    ids=["counted", "chunked", BUCKET],
)
def test_a_large_artifact_needs_little_memory(room: Path, protocol: str, store: str, chunked: bool) -> None:
    make, path_of = LARGE[protocol]
    ask = make(room / "artifact", SIZE)
    for name in ("store", "registry"):
        (room / name).mkdir()
    with shared_store(store, room / "store") as storage, serving(room / "registry", **environ_of(storage)) as server:
        upload(server, ask, chunked=chunked)
        size, digest = download(server, path_of(ask.file))
        assert (size, digest) == (ask.file.stat().st_size, digest_of(ask.file, "sha256"))
        assert server.process
        peaks = [peak_memory(pid) for pid in children(server.process.pid)]
        assert max(peaks) < CEILING, [peak // MIB for peak in peaks]


def upload(server: Server, ask: LargeAsk, *, chunked: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(ask.length)}
    headers = {**as_token(server.token), **ask.headers, **length}
    connection.request(ask.method, ask.path, ask.body(), headers, encode_chunked=chunked)
    answer = connection.getresponse()
    assert answer.status in (200, 201), answer.read()
    connection.close()


def download(server: Server, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", path, headers=as_token(server.token))
    answer = connection.getresponse()
    assert answer.status == 200
    digest, size = hashlib.sha256(), 0
    while block := answer.read(MIB):
        digest.update(block)
        size += len(block)
    connection.close()
    return size, digest.digest()
