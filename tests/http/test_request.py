from typing import Any

import pytest

from registry.config import ServerSettings
from registry.errors import Invalid
from registry.http.mount import Mount
from registry.http.refusals import render_plain
from registry.http.request import Request, client_ip, is_loopback, is_trusted
from tests.builders.asking import Ask, environ_of

PROXIES = ("127.0.0.1", "10.0.0.0/8")


def make_request(
    *, server: ServerSettings | None = None, registry_url: str = "", script_name: str = "", **headers: str
) -> Request:
    environ = {**environ_of(Ask("GET", "/npm/x", None, headers)), "SCRIPT_NAME": script_name}
    request = Request(environ)
    request.server = server or ServerSettings()
    request.mount = Mount("npm", "npm", "/npm", "npm", render_plain, registry_url)
    return request


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:8080", "npm.localhost"]
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "evil.example#localhost",
        "evil.example/localhost",
        "localhost:80:80",
        "localhost:99999999",
        "localhost ",
        "localhost\r\nX: y",
        "[::1",
        "0.0.0.0",
        "169.254.169.254",
        "2130706433",
        "[::ffff:169.254.169.254]",
    ],
)
def test_no_other_host_is_taken_for_this_machine(host: str) -> None:
    assert not is_loopback(host)


def test_links_follow_the_host_on_loopback_only() -> None:
    assert make_request(Host="localhost:8080").base_url == "http://localhost:8080/npm"
    assert make_request(Host="localhost", script_name="/app").base_url == "http://localhost/app/npm"
    with pytest.raises(Invalid, match="set server"):
        _ = make_request(Host="evil.example").base_url


def test_links_follow_the_settings_whatever_the_host() -> None:
    server = ServerSettings(public_url="https://packages.example.com/base/")
    for host in ("localhost", "evil.example", ""):
        request = make_request(server=server, Host=host)
        assert request.base_url == "https://packages.example.com/base/npm"
        assert request.base_path == "/base/npm"
        assert request.root_path == "/base"
    assert make_request(registry_url="https://npm.example.com/", Host="evil").base_url == "https://npm.example.com"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("203.0.113.1", None, "203.0.113.1"),
        ("203.0.113.1", "198.51.100.1", "203.0.113.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.2.3.4, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", " , ,", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_caller_is_the_last_hop_that_is_no_proxy_of_ours(
    peer: str, forwarded_for: str | None, expected: str
) -> None:
    assert client_ip(peer, forwarded_for, PROXIES) == expected


def test_nobody_is_believed_without_trusted_proxies() -> None:
    assert client_ip("127.0.0.1", "198.51.100.1", ()) == "127.0.0.1"
    assert not is_trusted("", ())
    assert not is_trusted("nonsense", PROXIES)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [(PROXIES, "https", "https"), (PROXIES, "gopher", "http"), (PROXIES, "", "http"), ((), "https", "http")],
)
def test_the_scheme_is_what_a_trusted_proxy_says(trusted: Any, forwarded: str, expected: str) -> None:
    server = ServerSettings(trusted_proxies=trusted)
    request = make_request(server=server, Host="localhost", **{"X-Forwarded-Proto": forwarded})
    assert request.base_url == f"{expected}://localhost/npm"
