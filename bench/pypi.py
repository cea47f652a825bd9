"""PyPI: pages of the simple API, files and uploads, beside pypiserver, and nginx with the same bytes as plain files."""

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench import servers
from bench.contests import Case, Contest, Work
from bench.load import Request, ask
from bench.options import Options
from bench.reading import get, get_again, publish
from bench.servers import Server
from bench.stores import Store
from registry.core.digests import Digest
from registry.protocols.pypi.index import About, File, Project
from registry.protocols.pypi.names import Filetype, ProjectName
from registry.protocols.pypi.store import read_listing
from tests.builders.pypi import make_form, make_multipart, make_wheel, wheel_filename

JSON = {"Accept": "application/vnd.pypi.simple.v1+json", "Accept-Encoding": "gzip"}
HTML = {"Accept": "text/html", "Accept-Encoding": "gzip"}
SIZES = {"small": 5, "large": 300}
GROWN = (10, 1_000, 10_000)
FILES = {"file-50k": 50 * 1000, "file-20m": 20 * 1000 * 1000}
UPLOADED = "2026-01-02T03:04:05.000000Z"
TINY = b"a wheel that nobody opens"


@contextmanager
def contest(place: Path, options: Options) -> Iterator[Contest]:
    """The registry and its peers with the same files."""
    ours, theirs, plain = place / "registry", place / "pypiserver", place / "nginx"
    files = {name: os.urandom(size) for name, size in FILES.items()}
    _fill_registry(ours, files)
    with ExitStack() as stack:
        running = [stack.enter_context(servers.registry(ours, "/pypi"))]
        if options.has("pypi-server"):
            _fill_pypiserver(theirs, files)
            running.append(stack.enter_context(servers.pypiserver(theirs)))
        if options.has("nginx"):
            _fill_nginx(plain, files, running[0])
            running.append(stack.enter_context(servers.nginx(plain)))
        yield Contest("PyPI", running, list(_cases(options)))


def _cases(options: Options) -> Iterator[Case]:
    seconds = options.seconds
    for name, count in SIZES.items():
        page = partial(_page, name)
        yield Case(f"simple page of {count} files, JSON", get(page, JSON, seconds))
        yield Case(f"the same, HTML: {count}", get(page, HTML, seconds))
        yield Case(f"the same, not modified: {count}", get_again(page, JSON, seconds))
    for name, text in (("file-50k", "50 KB"), ("file-20m", "20 MB")):
        yield Case(f"file of {text}", get(partial(_file, name), {}, seconds))
    for size in GROWN:
        yield Case(f"upload of version {size:,}", _uploading(f"grown-{size}", size, seconds))


def _page(name: str, server: Server) -> str:
    return f"/simple/{name}/"


def _file(name: str, server: Server) -> str:
    folder = f"/packages/{name}" if server.is_ours else "/packages"
    return f"{folder}/{wheel_filename(name)}"


def _uploading(name: str, first: int, seconds: int) -> Callable[[Server], Work | None]:
    work = publish(first, partial(_upload, name), seconds)
    return lambda server: None if server.name == "nginx" else work(server)


def _upload(name: str, server: Server, number: int) -> Request:
    version = f"1.0.{number}"
    wheel = make_wheel(name, version, summary="a wheel to be measured", requires_python=">=3.11")
    body, content_type = make_multipart(make_form(wheel, name, version), wheel_filename(name, version), wheel)
    return Request("POST", f"{server.url}/", {**server.headers, "Content-Type": content_type}, body)


def _projects(files: dict[str, bytes]) -> Iterator[tuple[str, list[str], bytes]]:
    """The projects to begin with: name, versions, and the bytes of every file."""
    for name, count in SIZES.items():
        yield name, [f"1.0.{number}" for number in range(count)], TINY
    for name, data in files.items():
        yield name, ["1.0"], data
    for size in GROWN:
        yield f"grown-{size}", [f"1.0.{number}" for number in range(1, size)], TINY


def _fill_registry(data: Path, files: dict[str, bytes]) -> None:
    store = Store(data, "pypi", read_listing)
    for name, versions, body in _projects(files):
        digest = store.blobs.put(body)
        entries = [_describe(name, version, digest, len(body)).to_entry() for version in versions]
        project = Project(ProjectName(name), name, latest=wheel_filename(name, versions[-1]))
        store.publish(name, entries, project.to_state())
    store.close()


def _describe(name: str, version: str, digest: Digest, size: int) -> File:
    return File(
        filename=wheel_filename(name, version),
        version=version,
        filetype=Filetype.WHEEL,
        python="py3",
        size=size,
        uploaded=UPLOADED,
        digest=digest,
        metadata=digest,
        requires_python=">=3.11",
        uploader="admin",
        about=About(summary="a wheel to be measured"),
    )


def _fill_pypiserver(data: Path, files: dict[str, bytes]) -> None:
    folder = data / "packages"
    folder.mkdir(parents=True)
    for name, versions, body in _projects(files):
        for version in versions:
            (folder / wheel_filename(name, version)).write_bytes(body)


def _fill_nginx(data: Path, files: dict[str, bytes], ours: Server) -> None:
    """Our own pages, gzipped once, and the files."""
    root = data / "root"
    for name in SIZES:
        page = ask(Request("GET", f"{ours.url}/simple/{name}/", {**ours.headers, "Accept": JSON["Accept"]})).body
        folder = root / "simple" / name
        folder.mkdir(parents=True)
        (folder / "index.html").write_bytes(page)
        (folder / "index.html.gz").write_bytes(gzip.compress(page))
    (root / "packages").mkdir()
    for name, data_ in files.items():
        (root / "packages" / wheel_filename(name)).write_bytes(data_)
