from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.serving import Server, started


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server for tests that leave it as it is."""
    with started() as running:
        yield running


@pytest.fixture(scope="session")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of more than 20 MiB in which every block differs."""
    path = tmp_path_factory.mktemp("files") / "big"
    path.write_bytes(b"".join(number.to_bytes(8, "big") for number in range(20 * 1024 * 1024 // 8 + 77)))
    return path
