"""The hosts that the registry is served by: each as a running server, told apart by name."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.server import Server, free_port
from tests.simulators.s3_servers import wait_for

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PREFIX = "/base/of/all"


@dataclass(frozen=True)
class Host:
    """Where clients find the registry, and what they may present there."""

    url: str
    token: str
    server: Server


def _gthread(port: int) -> Sequence[str]:
    options = ["--worker-class", "gthread", "--threads", "8", "--workers", "2", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}", "wsgi:application"]


def _waitress(port: int) -> Sequence[str]:
    return [str(BIN / "waitress-serve"), f"--listen=127.0.0.1:{port}", "wsgi:application"]


COMMANDS: Mapping[str, Callable[[int], Sequence[str]]] = {
    "registry serve": lambda port: (),
    "gunicorn gthread": _gthread,
    "waitress": _waitress,
}
PROXIES = ("nginx", "nginx below a path", "nginx and uwsgi")
HOSTS = (*COMMANDS, *PROXIES)


@contextmanager
def hosted(name: str, directory: Path) -> Iterator[Host]:
    """The registry under the host of that name."""
    if name in COMMANDS:
        port = free_port()
        with _running(Server(directory, port, {}, COMMANDS[name](port))) as server:
            yield Host(server.url, server.add_user("ann"), server)
    else:
        with _behind_nginx(directory, PREFIX if "path" in name else "", uwsgi="uwsgi" in name) as host:
            yield host


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    if server.command and not shutil.which(server.command[0]):
        pytest.skip(f"{server.command[0]} is not installed")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _behind_nginx(directory: Path, prefix: str, *, uwsgi: bool) -> Iterator[Host]:
    program = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
    if program is None:
        pytest.skip("nginx is not installed")
    port, folder = free_port(), directory / "nginx"
    folder.mkdir()
    url = f"http://127.0.0.1:{port}{prefix}"
    environ = {"REGISTRY_SERVER__PUBLIC_URL": url, "REGISTRY_SERVER__TRUSTED_PROXIES": "127.0.0.1"}
    backend, http = free_port(), free_port()
    command = _uwsgi(http, backend, folder) if uwsgi else ()
    with _running(Server(directory, http if uwsgi else backend, environ, command)) as server:
        config = folder / "nginx.conf"
        config.write_text(_nginx_config(port, backend, prefix, folder, uwsgi=uwsgi))
        with subprocess.Popen([program, "-p", folder, "-c", config, "-e", folder / "error.log"]) as nginx:
            try:
                wait_for(port, nginx)
                yield Host(url, server.add_user("ann"), server)
            finally:
                nginx.terminate()


def _uwsgi(http: int, port: int, folder: Path) -> Sequence[str]:
    """uWSGI as it is shipped, on this port; on the port `http` it can be asked whether it is ready."""
    settings = (ROOT / "deploy" / "uwsgi.ini").read_text()
    shipped = "socket = 127.0.0.1:8080"
    assert settings.count(shipped) == 1
    (folder / "uwsgi.ini").write_text(settings.replace(shipped, f"socket = 127.0.0.1:{port}"))
    return [str(BIN / "uwsgi"), "--ini", str(folder / "uwsgi.ini"), "--http-socket", f"127.0.0.1:{http}"]


def _nginx_config(port: int, backend: int, prefix: str, folder: Path, *, uwsgi: bool) -> str:
    """The site that is shipped, without TLS, on these ports, below the prefix; or for uWSGI behind it."""
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for shipped, here in (
        ("server 127.0.0.1:8080;", f"server 127.0.0.1:{backend};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("location / {", f"location {prefix}/ {{"),
        ("proxy_pass http://registry;", "include uwsgi_params; uwsgi_pass registry;" if uwsgi else ""),
    ):
        assert site.count(shipped) == 1, shipped
        site = site.replace(shipped, here or shipped)
    (folder / "uwsgi_params").write_text("".join(f"uwsgi_param {name} {value};\n" for name, value in UWSGI_PARAMS))
    site = "\n".join(line for line in site.splitlines() if "ssl_certificate" not in line)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    http = f"access_log {folder}/access.log;\n{temporary}\n{site}"
    return f"daemon off;\nuser root;\nworker_processes 1;\npid {folder}/pid;\nevents {{}}\nhttp {{\n{http}\n}}\n"


UWSGI_PARAMS = (
    ("QUERY_STRING", "$query_string"),
    ("REQUEST_METHOD", "$request_method"),
    ("CONTENT_TYPE", "$content_type"),
    ("CONTENT_LENGTH", "$content_length"),
    ("REQUEST_URI", "$request_uri"),
    ("PATH_INFO", "$document_uri"),
    ("SERVER_PROTOCOL", "$server_protocol"),
    ("REMOTE_ADDR", "$remote_addr"),
    ("SERVER_PORT", "$server_port"),
    ("SERVER_NAME", "$server_name"),
)
"""As in the file of that name that nginx is packaged with."""
