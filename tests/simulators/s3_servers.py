"""S3 servers for tests: moto's in this process, and versitygw, which is a real one."""

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import make_server

from registry.storage.s3 import S3Settings
from registry.storage.s3.connection import Connection
from tests.clients.programs import require_program


@dataclass(frozen=True)
class S3Server:
    """A server on loopback that takes this key."""

    port: int
    access_key: str = "tester"
    access_secret: str = "tester-secret"

    def settings(self, bucket: str, **more: Any) -> S3Settings:
        return S3Settings(
            bucket_name=bucket,
            endpoint="127.0.0.1",
            use_ssl=False,
            access_key=self.access_key,
            access_secret=self.access_secret,
            **{"port": self.port, **more},
        )

    def new_bucket(self, **more: Any) -> S3Settings:
        """The settings of a bucket made now."""
        settings = self.settings(f"bucket-{uuid4().hex}", **more)
        self.owner.client.create_bucket(Bucket=settings.bucket_name)
        return settings

    @cached_property
    def owner(self) -> Connection:
        """For what no driver does."""
        return Connection(self.settings(""))


class _Moto:
    """moto's application with its faults mended.

    It looks at conditions and then writes: here one request is answered at a time. It fails on uploads that are gone,
    and every upload of its listing began in 2010.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import create_backend_app

        self._app = create_backend_app("s3")
        self._lock = Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            with self._lock:
                answer = b"".join(self._app({**environ, "wsgi.input": BytesIO(body)}, start_response))
        except KeyError:
            start_response("404 Not Found", [("Content-Type", "application/xml")])
            return [b"<Error><Code>NoSuchUpload</Code></Error>"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return [answer.replace(b"2010-11-10T20:48:33.000Z", now.encode())]


@contextmanager
def run_moto() -> Iterator[S3Server]:
    """moto's server as long as the context lasts."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log(self, *_: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, _Moto(), threaded=True, request_handler=Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    described = S3Server(server.server_port)
    try:
        yield described
    finally:
        described.owner.close()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def run_versitygw(folder: Path) -> Iterator[S3Server]:
    """versitygw over two directories in `folder`; skips the test where it is not installed."""
    program = require_program("versitygw")
    server = S3Server(free_port())
    for name in ["buckets", "attributes"]:
        (folder / name).mkdir()
    options = ["--port", f"127.0.0.1:{server.port}", "--quiet", "--keep-alive"]
    key = ["--access", server.access_key, "--secret", server.access_secret]
    backend = ["posix", str(folder / "buckets")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *options, *key, *backend], stdout=log, stderr=log)
        try:
            wait_for(server.port, process)
            yield server
        finally:
            server.owner.close()
            process.terminate()
            process.wait(10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"no server came up on port {port}")
