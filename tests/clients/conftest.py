from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.programs import Desk
from tests.clients.server import Server, serving


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place to run clients from, whose home folder is empty."""
    home = tmp_path / "home"
    home.mkdir()
    return Desk(home)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests share: what one publishes, another must not mind."""
    with serving(tmp_path_factory.mktemp("registry")) as server:
        yield server
