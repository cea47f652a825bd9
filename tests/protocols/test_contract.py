"""The suites over all protocols, for each that is discovered."""

from pathlib import Path

import pytest

from tests.builders.registry import Registry
from tests.contracts.adapter import Adapter, protocols
from tests.contracts.adapter import adapter as adapter_of
from tests.contracts.protocol import ReadingContract, WritingContract
from tests.contracts.protocol_hostility import HostilityContract
from tests.contracts.protocol_rights import RightsContract


@pytest.fixture(params=protocols())
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return adapter_of(request.param)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "data")


class TestReading(ReadingContract):
    pass


class TestWriting(WritingContract):
    pass


class TestRights(RightsContract):
    pass


class TestHostility(HostilityContract):
    pass
