"""Clients that are set up as `registry setup` says need to be told nothing else."""

from pathlib import Path

import pytest

from registry.plugin import ClientSetup, SetupContext
from registry.protocols.pypi.routes import PROTOCOL
from tests.builders.pypi import make_wheel, wheel_filename
from tests.clients.programs import Desk
from tests.clients.pypi import Index
from tests.clients.server import Server

PUBLISHING = {
    "uv": "uv publish",
    "twine": "twine upload --non-interactive --repository registry dist/*",
    "poetry": "poetry publish --no-interaction --repository registry",
    "hatch": "hatch publish --no-prompt",
}
INSTALLING = {
    "pip": "pip install --target site",
    "uv": "uv pip install --target site",
}


@pytest.fixture
def index(server: Server) -> Index:
    return Index(server)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dist").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1.0"\nrequires-python = ">=3.11"\n')
    return tmp_path


def find(client: str) -> ClientSetup:
    return next(setup for setup in PROTOCOL.setups if setup.client == client)


def run(index: Index, desk: Desk, client: str, command: str, project: Path) -> None:
    """Set the client up, by its file or by commands, and run the command in the project."""
    setup = find(client)
    text = setup.render(SetupContext(index.url.rstrip("/"), index.server.token))
    if setup.file:
        path = desk.home / setup.file.removeprefix("~/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        text = ""
    desk.run(
        "sh", "-ec", f"{text}\n{command}", cwd=project, env={"PIP_CONFIG_FILE": str(desk.home / ".config/pip/pip.conf")}
    )


@pytest.mark.parametrize("client", INSTALLING)
def test_a_client_installs(index: Index, desk: Desk, project: Path, client: str) -> None:
    name = f"setup-{client}"
    index.publish(name)
    run(index, desk, client, f"{INSTALLING[client]} {name}", project)
    assert (project / "site" / f"setup_{client}-1.0.dist-info").is_dir()


@pytest.mark.parametrize("client", PUBLISHING)
def test_a_client_publishes(index: Index, desk: Desk, project: Path, client: str) -> None:
    name = "mine" if client == "poetry" else f"published-by-{client}"
    (project / "dist" / wheel_filename(name)).write_bytes(make_wheel(name))
    run(index, desk, client, PUBLISHING[client], project)
    assert index.files(name) == [wheel_filename(name)]


@pytest.mark.client("flit")
def test_flit_builds_and_publishes(index: Index, desk: Desk, project: Path) -> None:
    (project / "setup_flit.py").write_text('"""A demo."""\n__version__ = "1.0"\n')
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "setup-flit"\nauthors = [{name = "Ann"}]\ndynamic = ["version", "description"]\n'
    )
    run(index, desk, "flit", "flit publish --no-use-vcs", project)
    assert len(index.files("setup-flit")) == 2
