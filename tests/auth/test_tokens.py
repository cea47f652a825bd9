import re
from uuid import UUID

import pytest

from registry.auth import tokens as module
from registry.auth.passwords import Passwords
from registry.auth.scopes import EVERYTHING
from registry.auth.store import TokenStore
from registry.auth.stores.memory import MemoryTokenStore
from registry.auth.stores.storage import StorageTokenStore
from registry.auth.tokens import Tokens, digest_of
from registry.auth.users import User, Users
from registry.errors import Conflict, Forbidden, Invalid, Unavailable
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from tests.builders.auth import CHEAP, Clock, make_options


@pytest.fixture(params=["memory", "storage"])
def store(request: pytest.FixtureRequest) -> TokenStore:
    return MemoryTokenStore() if request.param == "memory" else StorageTokenStore(Storage(MemoryDriver()))


@pytest.fixture
def changed() -> list[str]:
    return []


@pytest.fixture
def tokens(store: TokenStore, clock: Clock, changed: list[str]) -> Tokens:
    return Tokens(store, changed=changed.append, clock=clock)


@pytest.fixture
def alice(store: TokenStore) -> User:
    return Users(store, Passwords(CHEAP)).add("alice")


@pytest.fixture
def bob(store: TokenStore) -> User:
    return Users(store, Passwords(CHEAP)).add("bob")


def test_an_npm_token_is_a_uuid_of_version_4(tokens: Tokens, alice: User) -> None:
    issued = tokens.create(alice, "npm")
    assert UUID(issued.secret).version == 4
    assert issued.token.kind == "npm"


@pytest.mark.parametrize("protocol", ["", "pypi", "cargo", "oci"])
def test_other_tokens_are_opaque(tokens: Tokens, alice: User, protocol: str) -> None:
    issued = tokens.create(alice, protocol)
    assert re.fullmatch(r"reg_[A-Za-z0-9_-]{43}", issued.secret)
    assert (issued.token.kind, issued.token.protocol) == ("opaque", protocol)


@pytest.mark.parametrize("protocol", ["", "npm"])
def test_the_prefix_is_the_beginning_of_the_secret(tokens: Tokens, alice: User, protocol: str) -> None:
    issued = tokens.create(alice, protocol)
    assert 6 <= len(issued.token.prefix) <= 8
    assert issued.secret.startswith(issued.token.prefix)


def test_the_secret_is_kept_nowhere(tokens: Tokens, alice: User) -> None:
    store = MemoryTokenStore()
    issued = Tokens(store).create(alice)
    kept = b"".join(store._records.values()) + "".join(store.keys("")).encode()
    assert issued.secret.encode() not in kept
    assert issued.secret[8:].encode() not in kept
    assert digest_of(issued.secret).encode() in kept
    assert issued.secret not in repr(issued)


def test_a_token_is_found_by_its_secret_with_all_it_was_made_with(tokens: Tokens, alice: User, clock: Clock) -> None:
    options = make_options(
        "npm:package:@acme/*:write",
        readonly=True,
        expires=int(clock.now) + 60,
        cidrs=("10.0.0.7/8", "2001:db8::1"),
        name="ci",
        description="for the build",
    )
    issued = tokens.create(alice, "npm", options)
    found = tokens.find(issued.secret)
    assert found == issued.token
    assert found.cidrs == ("10.0.0.0/8", "2001:db8::1/128")
    assert (found.user, found.name, found.description, found.readonly) == ("alice", "ci", "for the build", True)
    assert found.expires == int(clock.now) + 60
    assert [str(scope) for scope in found.scopes] == ["npm:package:@acme/*:write"]


def test_the_default_is_everything_that_the_user_may(tokens: Tokens, alice: User) -> None:
    assert tokens.create(alice).token.scopes == EVERYTHING


@pytest.mark.parametrize(
    "secret", ["", "reg_", "x", "../users/alice", "a" * 64, "reg_" + "A" * 43, "9cae574d-d19c-498f-93e8-bd8a692004c0"]
)
def test_what_is_no_secret_of_ours_finds_nothing(tokens: Tokens, alice: User, secret: str) -> None:
    tokens.create(alice)
    assert tokens.find(secret) is None
    assert not tokens.revoke(secret)
    assert not tokens.revoke(secret, "alice")


def test_the_digest_of_a_secret_is_no_secret(tokens: Tokens, alice: User) -> None:
    digest = tokens.create(alice).token.digest
    assert tokens.find(digest) is None


def test_tokens_are_listed_for_their_user_only(tokens: Tokens, alice: User, bob: User, clock: Clock) -> None:
    mine = []
    for _ in range(3):
        mine.append(tokens.create(alice).token)
        clock.advance(1)
    tokens.create(bob)
    assert tokens.list("alice") == mine
    assert len(tokens.list("bob")) == 1
    assert tokens.list("carol") == []


def test_a_listing_reads_no_tokens_of_others(
    store: TokenStore, tokens: Tokens, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens.create(alice)
    for _ in range(20):
        tokens.create(bob)
    reads: list[str] = []
    read = store.read

    def counted(key: str) -> dict[str, object] | None:
        reads.append(key)
        return read(key)

    monkeypatch.setattr(store, "read", counted)
    assert len(tokens.list("alice")) == len(reads) == 1


@pytest.mark.parametrize("by", ["id", "secret"])
@pytest.mark.parametrize("user", ["alice", None])
def test_a_token_is_revoked_by_id_or_secret(
    tokens: Tokens, alice: User, changed: list[str], by: str, user: str | None
) -> None:
    issued, other = tokens.create(alice, "npm"), tokens.create(alice)
    reference = issued.token.id if by == "id" else issued.secret
    assert tokens.revoke(reference, user)
    assert tokens.find(issued.secret) is None
    assert tokens.list("alice") == [other.token]
    assert changed == ["alice"]
    assert not tokens.revoke(reference, user)


@pytest.mark.parametrize("by", ["id", "secret"])
def test_nobody_revokes_the_token_of_another_user(tokens: Tokens, alice: User, bob: User, by: str) -> None:
    issued = tokens.create(alice)
    assert not tokens.revoke(issued.token.id if by == "id" else issued.secret, "bob")
    assert tokens.find(issued.secret)


@pytest.mark.parametrize("cut", [slice(0, 15), slice(0, 0), slice(0, 8)])
def test_a_part_of_an_id_revokes_nothing(tokens: Tokens, alice: User, cut: slice) -> None:
    issued = tokens.create(alice)
    assert not tokens.revoke(issued.token.id[cut], "alice")
    assert not tokens.revoke(issued.token.id[cut])


def test_all_tokens_of_a_user_are_revoked_together(tokens: Tokens, alice: User, bob: User) -> None:
    secrets = [tokens.create(alice).secret for _ in range(3)]
    kept = tokens.create(bob)
    tokens.revoke_all("alice")
    assert tokens.list("alice") == []
    assert not any(tokens.find(secret) for secret in secrets)
    assert tokens.find(kept.secret)


def test_a_revoked_token_does_not_come_back_by_being_used(tokens: Tokens, alice: User) -> None:
    issued = tokens.create(alice)
    tokens.revoke(issued.secret)
    tokens.touch(issued.token)
    assert tokens.find(issued.secret) is None


def test_last_used_moves_at_most_once_an_hour(tokens: Tokens, alice: User, clock: Clock) -> None:
    secret = tokens.create(alice).secret
    seen = []
    for _ in range(4):
        token = tokens.find(secret)
        assert token
        tokens.touch(token)
        seen.append(getattr(tokens.find(secret), "last_used", None))
        clock.advance(1801)
    assert seen[0] is not None
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_a_store_that_refuses_last_used_does_not_refuse_the_token(
    store: TokenStore, tokens: Tokens, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.create(alice).token

    def refuse(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(store, "update", refuse)
    tokens.touch(token)


@pytest.mark.parametrize(
    "options",
    [
        {"expires": 1},
        {"cidrs": ("10.0.0.0/33",)},
        {"cidrs": ("example.com",)},
        {"cidrs": ("10.0.0.1",) * 101},
        {"name": "a" * 129},
        {"name": "a\nb"},
        {"description": "a" * 1025},
    ],
)
def test_odd_options_are_refused(tokens: Tokens, alice: User, options: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        tokens.create(alice, "", make_options(**options))
    assert tokens.list("alice") == []


@pytest.mark.parametrize("protocol", ["../x", "NPM", "a" * 65])
def test_an_odd_protocol_is_refused(tokens: Tokens, alice: User, protocol: str) -> None:
    with pytest.raises(Invalid):
        tokens.create(alice, protocol)


def test_a_user_has_only_so_many_tokens_and_expired_ones_make_room(
    tokens: Tokens, alice: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_TOKENS", 3)
    lasting = [tokens.create(alice) for _ in range(2)]
    tokens.create(alice, "", make_options(expires=int(clock.now) + 10))
    with pytest.raises(Conflict):
        tokens.create(alice)
    clock.advance(10)
    lasting.append(tokens.create(alice))
    with pytest.raises(Conflict):
        tokens.create(alice)
    assert {token.id for token in tokens.list("alice")} == {issued.token.id for issued in lasting}


@pytest.mark.parametrize(
    ("cidrs", "ip", "admitted"),
    [
        ((), "", True),
        ((), "192.0.2.1", True),
        (("10.0.0.0/8",), "10.255.0.1", True),
        (("10.0.0.0/8",), "::ffff:10.0.0.1", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("10.0.0.0/8",), "::1", False),
        (("10.0.0.0/8",), "", False),
        (("10.0.0.0/8",), "unix:", False),
        (("10.0.0.0/8",), "10.0.0.1, 192.0.2.1", False),
        (("10.0.0.0/8", "192.0.2.1/32"), "192.0.2.1", True),
        (("2001:db8::/32",), "2001:db8::5", True),
        (("2001:db8::/32",), "2001:db9::5", False),
        (("::/0",), "10.0.0.1", False),
        (("0.0.0.0/0",), "10.0.0.1", True),
    ],
)
def test_a_token_is_admitted_from_its_networks_only(cidrs: tuple[str, ...], ip: str, *, admitted: bool) -> None:
    assert make_options(cidrs=cidrs).admits(ip) is admitted


def test_a_token_issues_no_token_for_addresses_that_are_not_its_own() -> None:
    parent = make_options(cidrs=("10.0.0.0/8",))
    assert make_options().bounded_by(parent).cidrs == ("10.0.0.0/8",)
    assert make_options(cidrs=("10.1.0.0/16",)).bounded_by(parent).cidrs == ("10.1.0.0/16",)
    for cidr in ("0.0.0.0/0", "192.0.2.1/32", "::/0"):
        with pytest.raises(Forbidden):
            make_options(cidrs=(cidr,)).bounded_by(parent)
