from pathlib import Path

import pytest

from tests.clients.programs import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place to run clients from, whose home folder is empty."""
    home = tmp_path / "home"
    home.mkdir()
    return Desk(home)
