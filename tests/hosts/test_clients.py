"""Real clients through nginx, on an odd port, below a path."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.asking import as_token, send
from tests.builders.npm import make_document
from tests.clients.programs import Desk
from tests.hosts.hosts import Host, hosted
from tests.protocols.npm.contract import put
from tests.protocols.pypi.contract import ADAPTER


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted("nginx below a path", tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.client("pip")
def test_pip_installs(host: Host, desk: Desk, tmp_path: Path) -> None:
    for ask in ADAPTER.publish("1.0.0", b"content"):
        assert send(host.url, ask.having(as_token(host.token))).status == 200
    for index in ("/pypi/simple/", "/simple/"):
        target = tmp_path / "target"
        desk.run("pip", "install", "--no-cache-dir", "--target", target, "--index-url", host.url + index, "demo")
        assert (target / "demo" / "content").read_bytes() == b"content"
        shutil.rmtree(target)


@pytest.mark.client("npm11")
def test_npm_installs(host: Host, desk: Desk, tmp_path: Path) -> None:
    for name in ("demo", "@acme/demo"):
        assert send(host.url, put(make_document(name)).having(as_token(host.token))).status == 201
    (tmp_path / "package.json").write_text('{"name": "app", "version": "1.0.0"}')
    desk.run("npm11", "install", "--registry", f"{host.url}/npm/", "--no-audit", "demo", "@acme/demo")
    lock = json.loads((tmp_path / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/@acme/demo"]["resolved"] == f"{host.url}/npm/@acme/demo/-/demo-1.0.0.tgz"
    assert (tmp_path / "node_modules" / "demo" / "index.js").read_text() == "module.exports = 1\n"
