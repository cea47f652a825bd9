import pytest

from registry.storage.driver import Driver
from registry.storage.memory import MemoryDriver
from tests.contracts.storage import DriverContract


class TestMemoryDriver(DriverContract):
    @pytest.fixture
    def driver(self) -> Driver:
        return MemoryDriver()
