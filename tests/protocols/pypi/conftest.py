from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.protocols.pypi.store import Projects, read_listing
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from tests.protocols.pypi.site import Site


@pytest.fixture
def storage() -> Storage:
    return Storage(MemoryDriver())


@pytest.fixture
def catalog(storage: Storage, tmp_path: Path) -> Iterator[Catalog]:
    with closing(Catalog(storage, "pypi", listing=read_listing, directory=tmp_path / "node")) as catalog:
        yield catalog


@pytest.fixture
def projects(catalog: Catalog, storage: Storage) -> Projects:
    return Projects(catalog, storage.blobs, clock=lambda: datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "data")
