"""The same requests under every host: what WSGI servers and proxies do to them must not show."""

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.builders.asking import Answer, Ask, as_token, send
from tests.builders.npm import make_document, make_manifest, make_tarball
from tests.builders.pypi import make_wheel
from tests.contracts.adapter import Adapter, protocols
from tests.contracts.adapter import adapter as adapter_of
from tests.hosts.hosts import HOSTS, Host, hosted
from tests.protocols.npm.contract import put
from tests.protocols.pypi.contract import upload

CONTENT = bytes(range(256)) * 1200


@pytest.fixture(scope="module", params=HOSTS, ids=[name.replace(" ", "-") for name in HOSTS])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(request.param, tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(params=protocols())
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return adapter_of(request.param)


@pytest.fixture
def read(host: Host) -> Callable[[str], Answer]:
    return lambda path: ask(host, Ask("GET", path))


def ask(host: Host, request: Ask, *, anonymous: bool = False) -> Answer:
    """The answer; what an index links to has the path of the host already."""
    base = urlsplit(host.url).path
    request = request.having(path=request.path.removeprefix(base))
    return send(host.url, request if anonymous else request.having(as_token(host.token)))


def test_what_is_published_is_read(host: Host, adapter: Adapter, read: Callable[[str], Answer]) -> None:
    for request in adapter.publish(content=CONTENT, package="smoke"):
        assert ask(host, request).is_success
    offer = adapter.offers(read, "smoke")["1.0.0"]
    assert offer.fits(read(offer.path).body)
    assert "smoke" in adapter.listed(read)


def test_what_is_published_in_chunks_is_read(host: Host, adapter: Adapter, read: Callable[[str], Answer]) -> None:
    for request in adapter.publish(content=CONTENT, package="chunks"):
        answer = send_chunked(host, request)
        assert answer.is_success, answer.everything()
    offer = adapter.offers(read, "chunks")["1.0.0"]
    assert offer.fits(read(offer.path).body)


def send_chunked(host: Host, request: Ask) -> Answer:
    parts = urlsplit(host.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    body = request.body or b""
    pieces = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
    headers = {**request.headers, **as_token(host.token), "Transfer-Encoding": "chunked"}
    connection.request(request.method, parts.path + request.path, pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    found = Answer(answer.status, answer.reason, dict(answer.getheaders()), answer.read())
    connection.close()
    return found


def test_parts_heads_and_conditions_arrive(host: Host, adapter: Adapter, read: Callable[[str], Answer]) -> None:
    for request in adapter.publish(content=CONTENT, package="parts"):
        assert ask(host, request).is_success
    offer = adapter.offers(read, "parts")["1.0.0"]
    whole = read(offer.path)
    part = ask(host, Ask("GET", offer.path, None, {"Range": "bytes=100-299"}))
    assert (part.status, part.body) == (206, whole.body[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(whole.body)}"
    head = ask(host, Ask("HEAD", offer.path))
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(whole.body)), b"")
    fresh = ask(host, Ask("GET", offer.path, None, {"If-None-Match": whole.headers["etag"]}))
    assert (fresh.status, fresh.body) == (304, b"")
    beyond = ask(host, Ask("GET", offer.path, None, {"Range": "bytes=999999999-"}))
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(whole.body)}")


def test_who_is_unknown_is_asked_for_credentials(host: Host, adapter: Adapter) -> None:
    for request in adapter.publish(content=CONTENT, package="secret"):
        answer = ask(host, request, anonymous=True)
        assert answer.status == 401
        assert answer.headers["www-authenticate"]
        adapter.check_refusal(answer)
        wrong = ask(host, request.having(as_token("wrong")), anonymous=True)
        assert wrong.status == 401


def test_an_upload_that_ends_early_is_not_published(
    host: Host, adapter: Adapter, read: Callable[[str], Answer]
) -> None:
    *first, last = adapter.publish(content=CONTENT, package="cut")
    for request in first:
        assert ask(host, request).is_success
    parts, body = urlsplit(host.url), last.body or b""
    for framing, sent in (
        (f"Content-Length: {len(body)}", body[: len(body) // 2]),
        ("Transfer-Encoding: chunked", b"%x\r\n%b\r\n" % (len(body), body)),
    ):
        fields = {"Host": parts.netloc, **as_token(host.token), **last.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        with socket.create_connection((parts.hostname or "", parts.port or 0), 20) as connection:
            connection.sendall(f"{last.method} {parts.path}{last.path} HTTP/1.1\r\n{head}{framing}\r\n\r\n".encode())
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            # nginx may just hang up.
            with suppress(ConnectionResetError):
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
                assert answer == b"" or answer.split(b" ", 2)[1] == b"400"
    assert adapter.offers(read, "cut") == {}


def test_names_with_slashes_and_pluses_arrive(host: Host, read: Callable[[str], Answer]) -> None:
    tarball = make_tarball(make_manifest("@acme/demo"))
    assert ask(host, put(make_document("@acme/demo", tarball=tarball))).status == 201
    for path in ("/npm/@acme%2fdemo", "/npm/@acme%2Fdemo", "/npm/@acme/demo"):
        dist = read(path).json["versions"]["1.0.0"]["dist"]
        assert dist["tarball"] == f"{host.url}/npm/@acme/demo/-/demo-1.0.0.tgz"
    for path in ("/npm/@acme/demo/-/demo-1.0.0.tgz", "/npm/@acme%2fdemo/-/demo-1.0.0.tgz"):
        assert read(path).body == tarball
    name = "plus-1.0+cu121-py3-none-any.whl"
    wheel = make_wheel("plus", "1.0+cu121")
    assert ask(host, upload(wheel, name, "plus", "1.0+cu121")).status == 200
    for path in (f"/packages/plus/{name}", f"/pypi/packages/plus/{name.replace('+', '%2B')}"):
        assert read(path).body == wheel


def test_paths_that_lead_elsewhere_are_refused(host: Host) -> None:
    for path in (
        "/npm/..%2f..%2fetc%2fpasswd",
        "/npm/%2e%2e/%2e%2e/etc/passwd",
        "//evil.example/x",
        "/pypi/a%5cb",
        "/npm/%ff",
    ):
        answer = ask(host, Ask("GET", path))
        assert 300 <= answer.status < 500, path
        assert "evil.example" not in answer.headers.get("location", "")


def test_a_refusal_of_an_unread_upload_arrives(host: Host) -> None:
    wheel = make_wheel("big", files={"big/content": CONTENT * 20})
    answer = ask(host, upload(wheel + bytes(2 << 20), "big-1.0-py3-none-any.whl", "big", "1.0"), anonymous=True)
    assert answer.status == 401


def test_a_connection_serves_more_than_one_request(host: Host) -> None:
    parts = urlsplit(host.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    for method, path, expected in (
        ("GET", "/healthz", 200),
        ("PUT", "/npm/demo", 401),
        ("HEAD", "/npm/no-such-package", 404),
        ("GET", "/v2/", 401),
        ("GET", "/healthz", 200),
    ):
        connection.request(method, parts.path + path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == expected, path
    connection.close()


def test_no_token_is_in_the_log(host: Host, read: Callable[[str], Answer]) -> None:
    assert read("/npm/-/whoami").json == {"username": "ann"}
    for secret in (host.token, as_token(host.token)["Authorization"].removeprefix("Basic ")):
        assert secret not in host.server.log
