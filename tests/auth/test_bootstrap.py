import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.auth.bootstrap import ensure_admin
from registry.auth.service import Auth
from registry.auth.store import Change, Record, TokenStore
from registry.auth.stores.memory import MemoryTokenStore
from registry.errors import ConfigError
from tests.builders.auth import PASSWORD, Clock, login, make_auth, present


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "admin-token"


def test_an_empty_store_gets_an_administrator_with_one_token_in_one_private_file(auth: Auth, path: Path) -> None:
    assert ensure_admin(auth, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["admin-token"]
    actor = present(auth, path.read_text().strip())
    assert (actor.user, actor.admin) == ("admin", True)
    user = auth.users.get("admin")
    assert user
    assert not user.has_password


def test_the_token_is_logged_nowhere(auth: Auth, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ensure_admin(auth, path)
    assert path.read_text().strip() not in caplog.text


def test_it_happens_once(auth: Auth, path: Path) -> None:
    ensure_admin(auth, path)
    token = path.read_text()
    assert not ensure_admin(auth, path)
    assert path.read_text() == token
    path.unlink()
    assert not ensure_admin(auth, path)
    assert not path.exists()


def test_a_revoked_token_and_a_removed_administrator_do_not_come_back(auth: Auth, path: Path) -> None:
    ensure_admin(auth, path)
    auth.revoke_token(path.read_text().strip())
    assert not ensure_admin(auth, path)
    assert auth.tokens.list("admin") == []
    auth.remove_user("admin")
    assert not ensure_admin(auth, path)
    assert auth.users.get("admin") is None


def test_a_store_with_an_administrator_keeps_it(auth: Auth, path: Path) -> None:
    auth.users.add("admin", PASSWORD)
    assert not ensure_admin(auth, path)
    assert not path.exists()
    assert login(auth, "admin").admin is False


def test_of_several_nodes_one_gets_the_token(store: TokenStore, tmp_path: Path) -> None:
    nodes = [make_auth(store) for _ in range(8)]
    paths = [tmp_path / str(number) / "admin-token" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(ensure_admin, nodes, paths))
    assert [path.exists() for path in paths] == made
    assert sum(made) == 1
    assert len(nodes[0].tokens.list("admin")) == 1


def test_nodes_that_share_the_directory_too_agree_on_one_token(store: TokenStore, path: Path) -> None:
    nodes = [make_auth(store) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert any(pool.map(ensure_admin, nodes, [path] * 8))
    assert [each.name for each in path.parent.iterdir()] == ["admin-token"]
    assert len(nodes[0].tokens.list("admin")) == 1
    assert present(nodes[1], path.read_text().strip()).admin


class Crash(Exception):
    """The process ended here."""


class CrashingStore(MemoryTokenStore):
    """Ends the process at the n-th write, before or after it."""

    def __init__(self, at: int, *, after: bool) -> None:
        super().__init__()
        self.left, self.after = at, after

    def update(self, key: str, change: Change) -> Record | None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Crash
        record = super().update(key, change)
        if self.left == 0:
            raise Crash
        return record


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 6))
def test_a_crash_at_any_write_is_made_good_by_the_next_start(path: Path, clock: Clock, at: int, *, after: bool) -> None:
    store = CrashingStore(at + 1, after=after)
    auth = make_auth(store, clock)
    with pytest.raises(Crash):
        ensure_admin(auth, path)
    ensure_admin(make_auth(store, clock), path)
    assert not ensure_admin(make_auth(store, clock), path)
    assert [each.id for each in auth.tokens.list("admin")] == [present(auth, path.read_text().strip()).token_id]


@pytest.mark.parametrize("content", ["", "hunter2\n", "x" * 1000])
def test_a_file_that_holds_no_token_is_not_taken_for_one(auth: Auth, path: Path, content: str) -> None:
    path.parent.mkdir()
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(ConfigError):
        ensure_admin(auth, path)
    assert path.read_text() == content
    assert auth.users.get("admin") is None


def test_a_file_that_others_may_have_written_is_not_taken(store: TokenStore, auth: Auth, path: Path) -> None:
    ensure_admin(make_auth(), path)
    path.chmod(0o644)
    with pytest.raises(ConfigError):
        ensure_admin(auth, path)
    secret = path.read_text()
    path.unlink()
    other = path.with_name("other")
    other.touch(0o600)
    other.write_text(secret)
    path.symlink_to(other)
    with pytest.raises(ConfigError):
        ensure_admin(auth, path)
    assert store.read("first-admin") is None
