"""Several nodes on one store, and layers larger than any memory."""

import hashlib
import http.client
import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.builders.asking import Answer, Ask, as_token, send
from tests.builders.oci import digest_of, make_image
from tests.clients.server import Server, serving
from tests.clients.test_oci_conformance import s3_environ
from tests.simulators.s3_servers import run_moto, run_versitygw

MIB = 1 << 20
LAYER_MIB = int(os.environ.get("REGISTRY_TEST_LAYER_MIB", "1024"))
GROWTH_MIB = 48

Nodes = tuple[Server, Server]


@pytest.fixture(scope="module", params=["filesystem", "moto", "versitygw"])
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
    with ExitStack() as stack:
        environ = {}
        if request.param == "filesystem":
            second = first
        else:
            folder = tmp_path_factory.mktemp("s3")
            s3 = stack.enter_context(run_moto() if request.param == "moto" else run_versitygw(folder))
            environ = s3_environ(s3, s3.new_bucket().bucket_name)
        yield stack.enter_context(serving(first, **environ)), stack.enter_context(serving(second, **environ))


def ask(nodes: Nodes, at: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(nodes[at].url, Ask(method, path, body, {**as_token(nodes[0].token), **named}), timeout=120)


def begin(nodes: Nodes, at: int = 0) -> str:
    return ask(nodes, at, "POST", "/v2/team/app/blobs/uploads/", b"").headers["location"]


def append(nodes: Nodes, at: int, location: str, data: bytes, start: int) -> Answer:
    return ask(nodes, at, "PATCH", location, data, Content_Range=f"{start}-{start + len(data) - 1}")


def random_bytes(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def test_an_upload_goes_from_node_to_node(nodes: Nodes) -> None:
    data = random_bytes(17 * MIB, 1)
    location, at = begin(nodes), 0
    for turn, size in enumerate([100, 6 * MIB, 1, 5 * MIB, 300_000]):
        answer = append(nodes, turn % 2, location, data[at : at + size], at)
        at += size
        assert (answer.status, answer.headers["range"]) == (202, f"0-{at - 1}"), answer.text
        assert ask(nodes, (turn + 1) % 2, "GET", location).headers["range"] == f"0-{at - 1}"
    answer = ask(nodes, 1, "PUT", f"{location}?digest={digest_of(data)}", data[at:])
    assert answer.status == 201, answer.text
    for node in (0, 1):
        assert ask(nodes, node, "GET", f"/v2/team/app/blobs/{digest_of(data)}").body == data
        assert ask(nodes, node, "GET", location).status == 404


def test_what_a_killed_node_had_received_is_there_on_the_other(nodes: Nodes) -> None:
    data = random_bytes(9 * MIB, 2)
    location = begin(nodes)
    assert append(nodes, 0, location, data[: 7 * MIB], 0).status == 202
    kill(nodes[0])
    try:
        assert ask(nodes, 1, "GET", location).headers["range"] == f"0-{7 * MIB - 1}"
        assert append(nodes, 1, location, data[7 * MIB :], 7 * MIB).status == 202
        assert ask(nodes, 1, "PUT", f"{location}?digest={digest_of(data)}", b"").status == 201
        assert ask(nodes, 1, "GET", f"/v2/team/app/blobs/{digest_of(data)}").body == data
    finally:
        nodes[0].start()


def test_of_two_nodes_that_append_at_once_one_wins(nodes: Nodes) -> None:
    for turn in range(5):
        pieces = [random_bytes(6 * MIB, 10 * turn + node) for node in (0, 1)]
        location = begin(nodes)
        answers: dict[int, Answer] = {}
        start = threading.Barrier(2)

        def race(node: int, pieces: list[bytes] = pieces, location: str = location) -> None:
            start.wait()  # noqa: B023 - run at once
            answers[node] = append(nodes, node, location, pieces[node], 0)  # noqa: B023

        threads = [threading.Thread(target=race, args=(node,)) for node in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winner = next(node for node in (0, 1) if answers[node].status == 202)
        loser = answers[1 - winner]
        assert loser.status == 416, (answers[0].text, answers[1].text)
        digest = digest_of(pieces[winner])
        assert ask(nodes, 1 - winner, "PUT", f"{location}?digest={digest}", b"").status == 201
        assert ask(nodes, winner, "GET", f"/v2/team/app/blobs/{digest}").body == pieces[winner]


def test_manifests_and_deletions_are_seen_by_all_at_once(nodes: Nodes) -> None:
    for turn in range(3):
        image = make_image(f"layer {turn}".encode())
        for blob in image.blobs:
            path = f"/v2/team/seen/blobs/uploads/?digest={digest_of(blob)}"
            assert ask(nodes, 0, "POST", path, blob).status == 201
        put = ask(nodes, 1, "PUT", "/v2/team/seen/manifests/v1", image.body, Content_Type=image.media_type)
        assert put.status == 201, put.text
        for node in (0, 1):
            assert ask(nodes, node, "GET", "/v2/team/seen/manifests/v1").body == image.body
            assert ask(nodes, node, "GET", "/v2/team/seen/tags/list").json["tags"] == ["v1"]
            assert "team/seen" in ask(nodes, node, "GET", "/v2/_catalog").json["repositories"]
        assert ask(nodes, turn % 2, "DELETE", f"/v2/team/seen/manifests/{image.digest}").status == 202
        for node in (0, 1):
            assert ask(nodes, node, "GET", "/v2/team/seen/manifests/v1").status == 404
            assert ask(nodes, node, "GET", "/v2/team/seen/tags/list").json["tags"] == []


def test_tags_pushed_on_both_nodes_are_all_there(nodes: Nodes) -> None:
    image = make_image(b"layer")
    for blob in image.blobs:
        ask(nodes, 0, "POST", f"/v2/team/tags/blobs/uploads/?digest={digest_of(blob)}", blob)

    def push(node: int) -> None:
        for number in range(10):
            path = f"/v2/team/tags/manifests/v{node}.{number}"
            assert ask(nodes, node, "PUT", path, image.body, Content_Type=image.media_type).status == 201

    threads = [threading.Thread(target=push, args=(node,)) for node in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted(f"v{node}.{number}" for node in (0, 1) for number in range(10))
    assert ask(nodes, 0, "GET", "/v2/team/tags/tags/list").json["tags"] == expected


def processes(server: Server) -> list[int]:
    """The server's processes, the first one that of the server itself."""
    assert server.process
    pid = server.process.pid
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def kill(server: Server) -> None:
    """All processes of the server are gone at once."""
    _, *workers = processes(server)
    server.stop(signal.SIGKILL)
    for pid in workers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)


def peak_memory(server: Server) -> int:
    """The most MiB that any process of the server ever had."""
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in processes(server)]
    return max(int(peak[1]) for peak in peaks if peak) // 1024


def bytes_moved(server: Server) -> int:
    """What the processes of the server have read and written so far, to files and sockets."""
    counts = (Path(f"/proc/{pid}/io").read_text() for pid in processes(server))
    return sum(int(count) for text in counts for count in re.findall(r"^[rw]char: (\d+)$", text, re.MULTILINE))


def send_large(server: Server, method: str, path: str, token: str, blocks: Iterator[bytes], size: int) -> int:
    """The status of a request with a body of that size, which nobody has whole."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    headers = {**as_token(token), "Content-Length": str(size), "Content-Type": "application/octet-stream"}
    connection.request(method, path, blocks, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


@pytest.mark.slow
@pytest.mark.parametrize("how", ["patch", "put"])
def test_a_layer_of_any_size_takes_little_memory_and_is_committed_without_moving_it(
    request: pytest.FixtureRequest, nodes: Nodes, how: str
) -> None:
    if "moto" in request.node.name:
        pytest.skip("moto keeps everything in the memory of this process")
    server, token = nodes[0], nodes[0].token
    seed = os.urandom(MIB)

    def blocks() -> Iterator[bytes]:
        return (number.to_bytes(8, "big") + seed[8:] for number in range(LAYER_MIB))

    hashed = hashlib.sha256()
    for block in blocks():
        hashed.update(block)
    digest, size = f"sha256:{hashed.hexdigest()}", LAYER_MIB * MIB
    location = begin(nodes)
    before = peak_memory(server)
    if how == "patch":
        assert send_large(server, "PATCH", location, token, blocks(), size) == 202
        moved = bytes_moved(nodes[1])
        assert ask(nodes, 1, "PUT", f"{location}?digest={digest}", b"").status == 201
        assert bytes_moved(nodes[1]) - moved < 4 * MIB
    else:
        assert send_large(server, "PUT", f"{location}?digest={digest}", token, blocks(), size) == 201
    assert peak_memory(server) - before < GROWTH_MIB
    head = ask(nodes, 1, "HEAD", f"/v2/team/app/blobs/{digest}")
    assert (head.status, head.headers["content-length"]) == (200, str(size))
    middle = ask(nodes, 1, "GET", f"/v2/team/app/blobs/{digest}", None, Range=f"bytes={5 * MIB}-{6 * MIB - 1}")
    assert middle.body == (5).to_bytes(8, "big") + seed[8:]
    assert peak_memory(server) - before < GROWTH_MIB
    assert ask(nodes, 0, "DELETE", f"/v2/team/app/blobs/{digest}").status == 202
