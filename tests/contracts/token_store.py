"""What every token store must do: subclass TokenStoreContract and give the fixture `store`, empty for each test."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.auth.store import Record, TokenStore, create
from registry.errors import Conflict


class TokenStoreContract:
    def test_a_record_that_was_never_written_is_none(self, store: TokenStore) -> None:
        assert store.read("users/alice") is None

    def test_a_record_comes_back_as_it_was_written(self, store: TokenStore) -> None:
        record = {"name": "älice", "scopes": ["*:*:*:*"], "expires": None, "admin": False, "within": [[], ["a"]]}
        store.update("users/alice", lambda _: record)
        assert store.read("users/alice") == record

    def test_what_was_read_is_the_readers_own_copy(self, store: TokenStore) -> None:
        store.update("users/alice", lambda _: {"scopes": []})
        for record in (store.read("users/alice"), store.update("users/alice", lambda _: None)):
            assert record is not None
            record["scopes"].append("*:*:*:*")
        assert store.read("users/alice") == {"scopes": []}

    def test_update_gives_the_current_record_and_answers_the_new_one(self, store: TokenStore) -> None:
        store.update("users/alice", lambda _: {"n": 1})
        changed = store.update("users/alice", lambda now: {"n": now["n"] + 1} if now else None)
        assert changed == store.read("users/alice") == {"n": 2}

    def test_a_change_to_none_leaves_everything_as_it_is(self, store: TokenStore) -> None:
        assert store.update("users/alice", lambda _: None) is None
        store.update("users/alice", lambda _: {"n": 1})
        assert store.update("users/alice", lambda _: None) == {"n": 1}

    def test_a_change_that_raises_changes_nothing(self, store: TokenStore) -> None:
        def refuse(record: Record | None) -> Record | None:
            raise Conflict

        with pytest.raises(Conflict):
            store.update("users/alice", refuse)
        assert store.read("users/alice") is None

    def test_create_answers_the_record_that_came_first(self, store: TokenStore) -> None:
        assert create(store, "jwt-secret", {"key": "a"}) == {"key": "a"}
        assert create(store, "jwt-secret", {"key": "b"}) == {"key": "a"}

    def test_of_many_who_create_one_wins(self, store: TokenStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(lambda n: create(store, "jwt-secret", {"key": n})["key"], range(32)))
        assert len(set(seen)) == 1

    def test_no_increment_of_many_threads_is_lost(self, store: TokenStore) -> None:
        def increment(_: int) -> None:
            store.update("count", lambda now: {"n": (now or {"n": 0})["n"] + 1})

        with ThreadPoolExecutor(5) as pool:
            list(pool.map(increment, range(50)))
        assert store.read("count") == {"n": 50}

    def test_delete_says_whether_there_was_something(self, store: TokenStore) -> None:
        store.update("users/alice", lambda _: {"n": 1})
        assert store.delete("users/alice")
        assert not store.delete("users/alice")
        assert store.read("users/alice") is None

    def test_keys_are_sorted_and_sibling_prefixes_do_not_mix(self, store: TokenStore) -> None:
        for key in ("issued/bob/2", "issued/bob/1", "issued/bobby/3", "issued/bob-x/4", "users/bob"):
            store.update(key, lambda _: {})
        assert list(store.keys("issued/bob/")) == ["issued/bob/1", "issued/bob/2"]
        assert list(store.keys("issued/bob/2")) == ["issued/bob/2"]
        assert list(store.keys("logins/")) == []
