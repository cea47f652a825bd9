import pytest

from registry.auth.store import TokenStore
from registry.auth.stores.memory import MemoryTokenStore
from registry.auth.stores.storage import StorageTokenStore
from registry.errors import Internal
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from tests.contracts.token_store import TokenStoreContract


class TestMemoryTokenStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> TokenStore:
        return MemoryTokenStore()


class TestStorageTokenStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> TokenStore:
        return StorageTokenStore(Storage(MemoryDriver()))


def test_records_lie_below_the_prefix_in_the_store() -> None:
    storage = Storage(MemoryDriver())
    StorageTokenStore(storage).update("users/alice", lambda _: {"n": 1})
    assert [each.key for each in storage.list("auth/")] == ["auth/users/alice"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"a":1,"a":2}'])
def test_a_damaged_record_is_our_fault_and_not_the_callers(data: bytes) -> None:
    storage = Storage(MemoryDriver())
    storage.put("auth/users/alice", data)
    with pytest.raises(Internal):
        StorageTokenStore(storage).read("users/alice")
