"""Well-known packages: fetched as the machine is set up to, published here, installed from here."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.programs import WHEELS as WHEELS_HERE
from tests.clients.programs import Desk, require_program
from tests.clients.pypi import Index
from tests.clients.server import Server, serving

WHEELS = ("six==1.17.0", "packaging==25.0", "requests==2.32.5", "numpy==2.3.3", "setuptools==80.9.0", "cffi==2.0.0")
SDISTS = ("six==1.17.0", "idna==3.10", "toml==0.10.2")
TARBALLS = (
    "lodash@4.17.21",
    "left-pad@1.3.0",
    "typescript@5.9.2",
    "react@19.1.1",
    "@types/estree@1.0.8",
    "semver@7.7.2",
    "esbuild@0.25.9",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "registry").mkdir()
    with serving(tmp_path / "registry") as server:
        yield server


def fetch(folder: Path, name: str, *arguments: str) -> list[Path]:
    """The files that the client put into the new folder; the test is skipped where it reaches no registry."""
    folder.mkdir()
    done = subprocess.run(
        [require_program(name), *arguments], cwd=folder, env=os.environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"{name} cannot fetch here: {done.stderr[-300:]}")
    return sorted(folder.iterdir())


def test_distributions_of_known_projects_are_published_and_installed(
    server: Server, desk: Desk, tmp_path: Path
) -> None:
    index = Index(server)
    files = fetch(tmp_path / "wheels", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", *WHEELS)
    files += fetch(tmp_path / "sdists", "pip", "download", "-q", "--no-deps", "--no-binary=:all:", *SDISTS)
    assert len(files) == len(WHEELS) + len(SDISTS)
    desk.run("twine", "upload", "--repository-url", index.url, "-u", "__token__", "-p", server.token, *files)
    venv = tmp_path / "venv"
    desk.run("uv", "venv", "-q", venv)
    install = ("uv", "pip", "install", "--python", venv, "--index-url", index.simple, "--find-links", WHEELS_HERE)
    desk.run(*map(str, install), "--no-deps", *WHEELS, "toml==0.10.2")
    imported = "import six, packaging, numpy, setuptools, toml; print(numpy.arange(3).sum())"
    assert (
        subprocess.check_output([venv / "bin" / "python", "-c", imported], text=True, stderr=subprocess.DEVNULL)
        == "3\n"
    )


def test_tarballs_of_known_packages_are_published_and_installed(server: Server, desk: Desk, tmp_path: Path) -> None:
    files = fetch(tmp_path / "tarballs", "npm11", "pack", "--silent", *TARBALLS)
    assert len(files) == len(TARBALLS)
    registry = f"{server.url}/npm/"
    (desk.home / ".npmrc").write_text(f"registry={registry}\n//{server.host}/npm/:_authToken={server.token}\n")
    for file in files:
        desk.run("npm11", "publish", "--access", "public", "--ignore-scripts", file)
    project = tmp_path / "project"
    project.mkdir()
    (project / "package.json").write_text("{}")
    # esbuild's binaries are optional packages of their own, which nobody published here.
    desk.run("npm11", "install", "--ignore-scripts", "--omit=optional", *TARBALLS, cwd=project)
    script = "console.log(require('lodash').chunk([1, 2, 3], 2).length, require('semver').valid('1.2.3'))"
    assert subprocess.check_output([require_program("node"), "-e", script], cwd=project, text=True) == "2 1.2.3\n"
    assert (project / "node_modules" / "typescript" / "lib" / "typescript.js").stat().st_size > 1_000_000
