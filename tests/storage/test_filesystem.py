from functools import partial
from pathlib import Path

import pytest

from registry.storage.driver import Driver
from registry.storage.filesystem import FilesystemDriver
from tests.contracts.storage import DriverContract
from tests.contracts.storage_races import Opener


class TestFilesystemDriver(DriverContract):
    @pytest.fixture
    def driver(self, tmp_path: Path) -> Driver:
        return FilesystemDriver(tmp_path / "store")

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(FilesystemDriver, tmp_path / "store")
