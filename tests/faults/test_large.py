"""A large artifact passes through in both directions while the memory of the server stays small."""

import hashlib
import http.client
import os
from pathlib import Path

import pytest

from tests.builders.asking import as_token
from tests.clients.server import Server, serving
from tests.faults.large import LARGE, LargeAsk, digest_of
from tests.faults.processes import children, peak_memory

MIB = 1 << 20
SIZE = 1024 * MIB if os.environ.get("REGISTRY_SLOW") == "1" else 128 * MIB
CEILING = 150 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("protocol", sorted(LARGE))
@pytest.mark.parametrize("chunked", [False, True], ids=["counted", "chunked"])
def test_a_large_artifact_needs_little_memory(tmp_path: Path, protocol: str, chunked: bool) -> None:
    make, path_of = LARGE[protocol]
    ask = make(tmp_path / "artifact", SIZE)
    (tmp_path / "registry").mkdir()
    with serving(tmp_path / "registry") as server:
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
