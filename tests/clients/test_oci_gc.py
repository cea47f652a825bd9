"""Pushes and pulls beside `registry gc`, which looks far more often than anybody would have it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.clients.oci import Containers
from tests.clients.programs import Desk
from tests.clients.server import Server, serving

ROUNDS = 6
ATTEMPTS = 10
SECONDS = 60


@pytest.fixture
def containers(desk: Desk, tmp_path: Path) -> Iterator[Containers]:
    (tmp_path / "registry").mkdir()
    with serving(tmp_path / "registry") as server, tempfile.TemporaryDirectory() as short:
        yield Containers(desk, server, Path(short))


@contextmanager
def collecting(server: Server) -> Iterator[list[str]]:
    """What each run of the collector printed, of as many as fit in."""
    stop, reports = Event(), list[str]()

    def run() -> None:
        while not stop.is_set():
            reports.append(server.run("gc", "--grace", "1s", "--wait", "2s"))

    thread = Thread(target=run)
    thread.start()
    try:
        yield reports
    finally:
        stop.set()
        thread.join()


def wait_for_deletion(reports: list[str]) -> None:
    """A run of the collector that ends from now on has deleted something."""
    start, deadline = len(reports), time.monotonic() + SECONDS
    while all("deleted          0 blobs" in report for report in reports[start:]):
        assert time.monotonic() < deadline, reports
        time.sleep(0.1)


def pushed(containers: Containers, layout: Path, image: str) -> bool:
    """Whether skopeo pushed the image; it says why not, and nothing else went wrong."""
    source = f"oci:{layout}:v1"
    said = containers.run("sh", "-c", f"skopeo copy --dest-tls-verify=false {source} {image} 2>&1; echo status $?")
    assert "status 0" in said or "blob" in said, said
    return "status 0" in said


@pytest.mark.client("skopeo", "umoci")
def test_what_was_pushed_is_pulled_whole_while_garbage_is_collected(containers: Containers) -> None:
    image = f"docker://{containers.server.host}/team/app:v1"
    layout = containers.make_layout()
    containers.log_in("skopeo", "--tls-verify=false")
    with collecting(containers.server) as reports:
        for number in range(ROUNDS):
            # A push may find a blob gone that it saw before, and has to send it then: clients are told so.
            assert any(pushed(containers, layout, image) for _ in range(ATTEMPTS))
            containers.run("skopeo", "copy", "--src-tls-verify=false", image, f"oci:back{number}:v1")
            containers.run("skopeo", "delete", "--tls-verify=false", image)
            if number % 3 == 2:
                wait_for_deletion(reports)
    for _ in range(2):
        containers.server.run("gc", "--grace", "0s", "--wait", "0s")
    assert "deleted          0 blobs" in containers.server.run("gc", "--grace", "0s", "--wait", "0s")
