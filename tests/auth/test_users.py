import pytest

from registry.auth.passwords import Passwords
from registry.auth.scopes import EVERYTHING
from registry.auth.store import TokenStore
from registry.auth.users import Users, is_user_name
from registry.errors import AlreadyExists, Invalid, NotFound
from tests.builders.auth import CHEAP, PASSWORD


@pytest.fixture
def changed() -> list[str]:
    return []


@pytest.fixture
def users(store: TokenStore, changed: list[str]) -> Users:
    return Users(store, Passwords(CHEAP), changed=changed.append)


@pytest.mark.parametrize("name", ["a", "0", "alice", "ci-bot_2.x", "a" * 64])
def test_a_name_of_the_grammar_is_a_users(users: Users, name: str) -> None:
    assert users.add(name).name == name
    assert users.get(name) == next(users.list())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "__token__",
        "Alice",
        "-rf",
        ".",
        "..",
        "_x",
        "a/b",
        "a b",
        "a:b",
        "a\n",
        "älice",
        "\u0430lice",
        "a" * 65,
        "a%2f",
    ],
)
def test_any_other_name_is_refused_and_belongs_to_nobody(users: Users, name: str) -> None:
    assert not is_user_name(name)
    with pytest.raises(Invalid):
        users.add(name)
    assert users.get(name) is None
    assert users.verify_password(name, PASSWORD) is None
    with pytest.raises(NotFound):
        users.remove(name)
    with pytest.raises(NotFound):
        users.set_password(name, PASSWORD)


def test_a_new_user_may_do_everything_but_administer(users: Users) -> None:
    user = users.add("alice", PASSWORD, email="alice@example.com", fullname="Alice A.")
    assert (user.scopes, user.admin, user.has_password) == (EVERYTHING, False, True)
    assert (user.email, user.fullname) == ("alice@example.com", "Alice A.")


def test_a_name_is_taken_once(users: Users) -> None:
    users.add("alice", PASSWORD)
    with pytest.raises(AlreadyExists):
        users.add("alice", "another password", admin=True)
    assert users.verify_password("alice", PASSWORD)
    assert not users.verify_password("alice", "another password")


def test_users_are_listed_by_name(users: Users) -> None:
    for name in ("carol", "alice", "bob"):
        users.add(name)
    assert [user.name for user in users.list()] == ["alice", "bob", "carol"]


def test_only_the_right_password_verifies(users: Users) -> None:
    users.add("alice", PASSWORD)
    user = users.verify_password("alice", PASSWORD)
    assert user
    assert user.name == "alice"
    assert users.verify_password("alice", PASSWORD + "x") is None
    assert users.verify_password("bob", PASSWORD) is None


def test_a_user_without_password_has_none_that_verifies(users: Users) -> None:
    user = users.add("robot")
    assert not user.has_password
    assert users.verify_password("robot", "") is None


def test_a_new_password_begins_a_new_epoch_and_a_new_profile_does_not(users: Users) -> None:
    before = users.add("alice", PASSWORD)
    renamed = users.update_profile("alice", email="a@example.com")
    after = users.set_password("alice", "another password")
    assert before.epoch == renamed.epoch != after.epoch
    assert before.uid == after.uid
    assert users.verify_password("alice", PASSWORD) is None
    assert users.verify_password("alice", "another password")


def test_a_user_added_again_is_somebody_else(users: Users) -> None:
    first = users.add("alice", PASSWORD)
    users.remove("alice")
    second = users.add("alice", PASSWORD)
    assert first.uid != second.uid
    assert first.epoch != second.epoch


def test_a_profile_changes_where_told_and_nowhere_else(users: Users) -> None:
    users.add("alice", PASSWORD, email="alice@example.com", fullname="Alice")
    user = users.update_profile("alice", fullname="Alice B.")
    assert (user.email, user.fullname, user.admin) == ("alice@example.com", "Alice B.", False)
    assert users.update_profile("alice", email="").email == ""


def test_rights_change_where_told(users: Users) -> None:
    users.add("alice", PASSWORD)
    user = users.set_rights("alice", scopes=["npm:*:*:read"])
    assert [str(scope) for scope in user.scopes] == ["npm:*:*:read"]
    assert users.set_rights("alice", admin=True).admin
    assert users.set_rights("alice", scopes=[]).scopes == ()


@pytest.mark.parametrize("email", ["alice", "a@b@c", "a b@c", "a@b\r\nBcc: c", "@b", "a" * 65 + "@b"])
def test_an_odd_address_is_refused(users: Users, email: str) -> None:
    with pytest.raises(Invalid):
        users.add("alice", email=email)


@pytest.mark.parametrize("fullname", ["a\nb", "\x1b[31m", "a" * 257])
def test_an_odd_full_name_is_refused(users: Users, fullname: str) -> None:
    with pytest.raises(Invalid):
        users.add("alice", fullname=fullname)


def test_a_scope_that_is_none_is_refused(users: Users) -> None:
    with pytest.raises(Invalid):
        users.add("alice", scopes=["npm:package:foo*:write"])
    assert users.get("alice") is None


def test_every_change_is_told(users: Users, changed: list[str]) -> None:
    users.add("alice", PASSWORD)
    assert changed == []
    users.update_profile("alice", email="")
    users.set_rights("alice", admin=True)
    users.set_password("alice", None)
    users.remove("alice")
    assert changed == ["alice"] * 4


@pytest.mark.parametrize("secret", ["password", "hash", "scrypt"])
def test_a_user_as_seen_by_others_carries_no_hash(users: Users, secret: str) -> None:
    user = users.add("alice", PASSWORD)
    assert secret not in repr(user).replace("has_password", "")
