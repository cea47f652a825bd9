from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.adapter import Adapter, protocols
from tests.contracts.adapter import adapter as adapter_of
from tests.faults.nodes import Site
from tests.faults.stores import STORES, shared_store


@pytest.fixture(params=protocols())
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return adapter_of(request.param)


@pytest.fixture(params=STORES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A registry without packages, on each kind of store."""
    with shared_store(request.param, tmp_path) as storage:
        yield Site.found(tmp_path, storage)
