from pathlib import Path

import pytest

from tests.builders.oci import Pusher
from tests.builders.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "data")


@pytest.fixture
def pusher(registry: Registry) -> Pusher:
    """The owner at the repository team/app."""
    return Pusher(registry)
