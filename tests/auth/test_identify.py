from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.auth import passwords
from registry.auth.actor import ANONYMOUS
from registry.auth.credentials import BasicCredentials, BearerToken
from registry.auth.service import Auth
from registry.auth.store import TokenStore
from registry.auth.tokens import new_secret
from registry.errors import TooManyRequests, Unauthenticated
from tests.builders.auth import PASSWORD, Clock, login, make_auth, make_options, present


def test_no_credentials_are_the_anonymous_actor(auth: Auth) -> None:
    actor = auth.identify(None, ip="192.0.2.1", user_agent="npm/11", mount="npm")
    assert (actor.user, actor.scopes, actor.admin, actor.ip, actor.user_agent) == (
        None,
        (),
        False,
        "192.0.2.1",
        "npm/11",
    )
    assert auth.identify(None) == ANONYMOUS


def test_a_password_identifies_its_user(auth: Auth) -> None:
    actor = auth.identify(BasicCredentials("alice", PASSWORD), ip="192.0.2.1", user_agent="mvn", mount="maven")
    assert (actor.user, actor.email, actor.token_id, actor.ip, actor.user_agent) == (
        "alice",
        "alice@example.com",
        None,
        "192.0.2.1",
        "mvn",
    )


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice", "wrong password"),
        ("alice", ""),
        ("bob", PASSWORD),
        ("Alice", PASSWORD),
        ("", PASSWORD),
        ("", ""),
        ("__token__", PASSWORD),
        ("__token__", ""),
        ("../users/alice", PASSWORD),
        ("alice", "9cae574d-d19c-498f-93e8-bd8a692004c0"),
        ("alice", "reg_" + "A" * 43),
    ],
)
def test_wrong_credentials_are_refused_with_one_and_the_same_answer(auth: Auth, user: str, password: str) -> None:
    with pytest.raises(Unauthenticated, match="wrong, expired or revoked"):
        login(auth, user, password)


@pytest.mark.parametrize("protocol", ["", "npm"])
@pytest.mark.parametrize("user", ["alice", "__token__", "", "x-oauth-basic", "Anybody At All"])
def test_a_token_serves_as_the_password_of_any_user_name(auth: Auth, user: str, protocol: str) -> None:
    issued = auth.create_token("alice", protocol)
    actor = login(auth, user, issued.secret)
    assert (actor.user, actor.token_id) == ("alice", issued.token.id)


def test_a_token_serves_as_the_user_name_with_an_empty_password(auth: Auth) -> None:
    assert login(auth, auth.create_token("alice").secret, "").user == "alice"


def test_a_token_serves_as_bearer(auth: Auth) -> None:
    issued = auth.create_token("alice", "npm")
    actor = present(auth, issued.secret)
    assert (actor.user, actor.email, actor.token_id) == ("alice", "alice@example.com", issued.token.id)


def test_a_password_may_look_like_an_npm_token(auth: Auth) -> None:
    password = new_secret("npm")
    auth.users.set_password("alice", password)
    assert login(auth, "alice", password).user == "alice"


def test_a_password_is_no_bearer_token(auth: Auth) -> None:
    with pytest.raises(Unauthenticated):
        present(auth, PASSWORD)


@pytest.mark.parametrize("mount", ["oci", "pypi", ""])
def test_a_token_for_one_protocol_is_none_for_another(auth: Auth, mount: str) -> None:
    secret = auth.create_token("alice", "npm").secret
    assert present(auth, secret, "npm").user == "alice"
    with pytest.raises(Unauthenticated):
        present(auth, secret, mount)


def test_a_token_for_a_protocol_serves_every_mount_of_it(auth: Auth) -> None:
    secret = auth.create_token("alice", "npm").secret
    assert auth.identify(BearerToken(secret), mount="npm-internal", protocol="npm").user == "alice"


def test_an_expired_token_is_refused_even_while_remembered(auth: Auth, clock: Clock) -> None:
    secret = auth.create_token("alice", "npm", make_options(expires=int(clock.now) + 5)).secret
    assert present(auth, secret).user == "alice"
    clock.advance(5)
    with pytest.raises(Unauthenticated):
        present(auth, secret)


def test_a_token_of_one_network_is_refused_elsewhere_even_while_remembered(auth: Auth) -> None:
    secret = auth.create_token("alice", "npm", make_options(cidrs=("10.0.0.0/8",))).secret
    assert present(auth, secret, ip="10.0.0.1").user == "alice"
    for ip in ("192.0.2.1", ""):
        with pytest.raises(Unauthenticated, match="from here"):
            present(auth, secret, ip=ip)


def test_what_is_verified_is_not_verified_again_within_the_time(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = auth.create_token("alice", "npm").secret
    expected = login(auth), present(auth, secret)

    def fail(*_: object) -> None:
        pytest.fail("asked the store")

    monkeypatch.setattr(auth.users, "verify_password", fail)
    monkeypatch.setattr(auth.tokens, "find", fail)
    assert (login(auth), present(auth, secret)) == expected
    assert login(auth, ip="192.0.2.9").ip == "192.0.2.9"


def test_many_at_once_with_one_password_cost_one_hash(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []
    scrypt = passwords._scrypt

    def counted(secret: bytes, salt: bytes, cost: passwords.Cost) -> bytes:
        hashed.append(secret)
        return scrypt(secret, salt, cost)

    monkeypatch.setattr(passwords, "_scrypt", counted)
    with ThreadPoolExecutor(8) as pool:
        actors = list(pool.map(lambda _: login(auth), range(32)))
    assert {actor.user for actor in actors} == {"alice"}
    assert len(hashed) == 1


def test_a_wrong_password_is_not_remembered(auth: Auth) -> None:
    with pytest.raises(Unauthenticated):
        login(auth, password="another password")
    auth.users.set_password("alice", "another password")
    assert login(auth, password="another password").user == "alice"


def test_guessing_is_slowed_down_for_this_user_and_address(auth: Auth) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            login(auth, password="a wild guess", ip="192.0.2.1")
    with pytest.raises(TooManyRequests):
        login(auth, password=PASSWORD, ip="192.0.2.1")
    with pytest.raises(TooManyRequests):
        auth.verify_password("alice", PASSWORD, ip="192.0.2.1")
    assert login(auth, ip="192.0.2.2").user == "alice"


def test_a_revoked_token_in_use_is_refused_and_not_slowed_down(auth: Auth) -> None:
    issued = auth.create_token("alice")
    auth.revoke_token(issued.token.id)
    for _ in range(9):
        with pytest.raises(Unauthenticated):
            login(auth, "__token__", issued.secret)
        with pytest.raises(Unauthenticated):
            login(auth, "alice", issued.secret)
        with pytest.raises(Unauthenticated):
            present(auth, issued.secret)


def test_a_password_is_verified_for_those_who_ask_only_that(auth: Auth) -> None:
    assert auth.verify_password("alice", PASSWORD, ip="192.0.2.1")
    assert not auth.verify_password("alice", "wrong password", ip="192.0.2.1")
    assert not auth.verify_password("nobody", PASSWORD, ip="192.0.2.1")


class TestRevocation:
    """S25: what was proven or issued dies with what it was proven by."""

    def test_a_revoked_token_is_forgotten_at_once(self, auth: Auth) -> None:
        issued = auth.create_token("alice", "npm")
        present(auth, issued.secret)
        assert auth.revoke_token(issued.secret, "alice")
        with pytest.raises(Unauthenticated):
            present(auth, issued.secret)

    def test_an_old_password_is_forgotten_at_once(self, auth: Auth) -> None:
        login(auth)
        auth.users.set_password("alice", "another password")
        with pytest.raises(Unauthenticated):
            login(auth)

    def test_tokens_live_through_a_new_password_and_sessions_do_not(self, auth: Auth) -> None:
        token, session = auth.create_token("alice", "npm").secret, auth.issue_session(login(auth)).secret
        assert present(auth, session).user == "alice"
        auth.users.set_password("alice", "another password")
        assert present(auth, token).user == "alice"
        with pytest.raises(Unauthenticated):
            present(auth, session)

    def test_a_removed_user_takes_everything_along(self, auth: Auth, store: TokenStore) -> None:
        secret = auth.create_token("alice", "npm").secret
        login(auth)
        present(auth, secret)
        auth.remove_user("alice")
        with pytest.raises(Unauthenticated):
            login(auth)
        with pytest.raises(Unauthenticated):
            present(auth, secret)
        assert list(store.keys("")) == []

    def test_who_gets_the_name_of_a_removed_user_gets_nothing_else(self, auth: Auth) -> None:
        secret = auth.create_token("alice", "npm").secret
        auth.users.remove("alice")
        auth.users.add("alice", "another password")
        with pytest.raises(Unauthenticated):
            present(auth, secret)

    def test_lesser_rights_hold_at_once(self, auth: Auth) -> None:
        secret = auth.create_token("alice", "npm").secret
        present(auth, secret)
        auth.users.set_rights("alice", scopes=["npm:package:a:write"])
        assert [[str(scope) for scope in scopes] for scopes in present(auth, secret).within] == [
            ["npm:package:a:write"]
        ]

    def test_another_process_sees_it_within_the_time(self, store: TokenStore, clock: Clock) -> None:
        here, there = make_auth(store, clock, remember_seconds=0), make_auth(store, clock, remember_seconds=0)
        issued = here.create_token("alice", "npm")
        assert present(there, issued.secret).user == "alice"
        here.revoke_token(issued.token.id)
        with pytest.raises(Unauthenticated):
            present(there, issued.secret)

    def test_a_verification_that_a_revocation_overtook_is_not_remembered(
        self, auth: Auth, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        issued = auth.create_token("alice", "npm")
        validate = auth.provider.validate_token

        def overtaken(secret: str, protocol: str) -> object:
            token = validate(secret, protocol)
            auth.revoke_token(issued.token.id)
            return token

        with monkeypatch.context() as patched:
            patched.setattr(auth.provider, "validate_token", overtaken)
            present(auth, issued.secret)
        with pytest.raises(Unauthenticated):
            present(auth, issued.secret)


def test_secrets_are_in_no_message_and_no_repr(auth: Auth) -> None:
    issued = auth.create_token("alice", "npm")
    actor = present(auth, issued.secret)
    assert issued.secret not in repr(actor)
    assert issued.token.digest not in repr(actor)
    with pytest.raises(Unauthenticated) as refused:
        login(auth, password="canary-password")
    assert "canary" not in str(refused.value)
