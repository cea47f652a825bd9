import pytest

from registry.auth.service import Auth
from registry.auth.store import TokenStore
from registry.auth.stores.memory import MemoryTokenStore
from tests.builders.auth import Clock, make_auth


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> TokenStore:
    return MemoryTokenStore()


@pytest.fixture
def auth(store: TokenStore, clock: Clock) -> Auth:
    return make_auth(store, clock)
