"""The registry and its peers, each as its makers mean it to run, with one worker and without an access log."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import cpu_seconds, find_program, free_port, resident_mib, running

OURS = "registry"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `url` is where the protocol begins, `headers` are sent along with every request."""

    name: str
    url: str
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether it is the registry itself."""
        return self.name.startswith(OURS)

    def cpu_seconds(self) -> float:
        """The processor time that it took so far."""
        return cpu_seconds(self.pid)

    def resident_mib(self) -> float:
        """The memory that it has now."""
        return resident_mib(self.pid)


Start = Callable[[Path], AbstractContextManager[Server]]


@contextmanager
def registry(
    data: Path, path: str = "", *, access_log: bool = False, environ: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The registry on that data directory; requests carry the administrator's token."""
    port = free_port()
    settings = {
        "REGISTRY_DATA": str(data),
        "REGISTRY_LOG__ACCESS": "true" if access_log else "false",
        "REGISTRY_LOG__LEVEL": "warning",
        **(environ or {}),
    }
    command = [sys.executable, "-m", "registry", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    with running(command, f"http://127.0.0.1:{port}/healthz", _log(data), settings) as process:
        token = (data / "admin-token").read_text().strip()
        name = f"{OURS} with access log" if access_log else OURS
        yield Server(name, f"http://127.0.0.1:{port}{path}", process.pid, {"Authorization": f"Bearer {token}"})


@contextmanager
def verdaccio(data: Path) -> Iterator[Server]:
    """Verdaccio, open to everybody, with packages in `data`/storage."""
    port = free_port()
    config = {
        "storage": str(data / "storage"),
        "auth": {"htpasswd": {"file": str(data / "htpasswd"), "max_users": -1}},
        "uplinks": {},
        "packages": {"**": {"access": "$all", "publish": "$all", "unpublish": "$all"}},
        "web": {"enable": False},
        "max_body_size": "200mb",
        "log": {"type": "stdout", "format": "json", "level": "error"},
    }
    file = data / "config.yaml"
    file.write_text(json.dumps(config))
    command = [_program("verdaccio"), "--config", str(file), "--listen", f"127.0.0.1:{port}"]
    with running(command, f"http://127.0.0.1:{port}/-/ping", _log(data)) as process:
        yield Server("Verdaccio", f"http://127.0.0.1:{port}", process.pid)


@contextmanager
def pypiserver(data: Path) -> Iterator[Server]:
    """pypiserver with its cache under gunicorn, open to everybody, with files in `data`/packages."""
    port = free_port()
    command = [_program("pypi-server"), "run", "-i", "127.0.0.1", "-p", str(port), "-P", ".", "-a", "."]
    command += ["--disable-fallback", "--backend", "cached-dir", "--server", "gunicorn", str(data / "packages")]
    options = "--workers 1 --worker-class gthread --threads 8 --keep-alive 75 --no-control-socket"
    url = f"http://127.0.0.1:{port}"
    with running(command, url, _log(data), {"GUNICORN_CMD_ARGS": options}) as process:
        yield Server("pypiserver", url, process.pid)


@contextmanager
def nginx(data: Path) -> Iterator[Server]:
    """nginx serving the files below `data`/root, as they are or from the `.gz` beside them."""
    port = free_port()
    file = data / "nginx.conf"
    file.write_text(
        f"daemon off; worker_processes 1; pid {data}/nginx.pid; error_log {data}/error.log;\n"
        f"user {'root' if os.getuid() == 0 else 'nobody'}; events {{}}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; gzip_static on;\n"
        f"server {{ listen 127.0.0.1:{port}; root {data}/root; default_type application/octet-stream; }} }}\n"
    )
    command = [_program("nginx"), "-c", str(file), "-p", str(data)]
    with running(command, f"http://127.0.0.1:{port}/", _log(data)) as process:
        yield Server("nginx", f"http://127.0.0.1:{port}", process.pid)


@contextmanager
def docker_registry(data: Path) -> Iterator[Server]:
    """Debian's docker-registry, open to everybody."""
    with _distribution("docker-registry", "docker-registry 2.8", data) as server:
        yield server


@contextmanager
def distribution(data: Path) -> Iterator[Server]:
    """CNCF distribution 3, open to everybody."""
    with _distribution("distribution", "distribution 3", data) as server:
        yield server


@contextmanager
def _distribution(program: str, name: str, data: Path) -> Iterator[Server]:
    data.mkdir(parents=True)
    port = free_port()
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(data / "storage")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    file = data / "config.yml"
    file.write_text(json.dumps(config))
    environ = {"GOMAXPROCS": "1", "OTEL_TRACES_EXPORTER": "none"}
    url = f"http://127.0.0.1:{port}"
    with running([_program(program), "serve", str(file)], f"{url}/v2/", _log(data), environ) as process:
        yield Server(name, url, process.pid)


def _program(name: str) -> str:
    found = find_program(name)
    if found is None:
        raise LookupError(f"{name} is not installed (make peers)")
    return found


def _log(data: Path) -> Path:
    data.mkdir(parents=True, exist_ok=True)
    return data / "server.log"
