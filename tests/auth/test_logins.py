from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.auth import logins as module
from registry.auth.actor import ANONYMOUS
from registry.auth.logins import StartedLogin
from registry.auth.service import Auth
from registry.auth.store import TokenStore
from registry.auth.tokens import IssuedToken
from registry.errors import Forbidden, NotFound, TooManyRequests, Unauthenticated
from tests.builders.auth import Clock, login, make_auth, make_options, permission, present


def approved(auth: Auth) -> StartedLogin:
    started = auth.logins.start()
    auth.approve_login(started.login_id, started.code, login(auth))
    return started


def finish(auth: Auth, started: StartedLogin) -> IssuedToken:
    issued = auth.finish_login(started.done_id)
    assert issued
    return issued


def test_who_waits_gets_one_npm_token_once_it_is_approved(auth: Auth) -> None:
    started = auth.logins.start(host="laptop", ip="192.0.2.1")
    assert auth.finish_login(started.done_id) is None
    auth.approve_login(started.login_id, started.code, login(auth))
    issued = finish(auth, started)
    assert (issued.token.kind, issued.token.protocol) == ("npm", "npm")
    assert present(auth, issued.secret).user == "alice"
    with pytest.raises(NotFound):
        auth.finish_login(started.done_id)
    assert len(auth.tokens.list("alice")) == 1


def test_the_page_shows_who_asks(auth: Auth, clock: Clock) -> None:
    started = auth.logins.start(host="laptop", ip="192.0.2.1")
    waiting = auth.logins.show(started.login_id)
    assert (waiting.host, waiting.ip, waiting.code) == ("laptop", "192.0.2.1", started.code)
    assert waiting.expires == started.expires == int(clock.now) + 300


def test_each_step_may_be_answered_by_another_node(store: TokenStore, clock: Clock) -> None:
    one, two, three = (make_auth(store, clock) for _ in range(3))
    started = one.logins.start()
    two.approve_login(started.login_id, started.code, login(two))
    assert present(one, finish(three, started).secret).user == "alice"


def test_of_many_who_poll_one_gets_the_token(auth: Auth) -> None:
    started = approved(auth)

    def poll(_: int) -> IssuedToken | None:
        try:
            return auth.finish_login(started.done_id)
        except NotFound:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert sum(issued is not None for issued in pool.map(poll, range(16))) == 1
    assert len(auth.tokens.list("alice")) == 1


def test_a_login_ends_in_five_minutes_approved_or_not(auth: Auth, clock: Clock) -> None:
    waiting, granted = auth.logins.start(), approved(auth)
    clock.advance(300)
    for started in (waiting, granted):
        with pytest.raises(NotFound):
            auth.finish_login(started.done_id)
        with pytest.raises(NotFound):
            auth.approve_login(started.login_id, started.code, login(auth))
        with pytest.raises(NotFound):
            auth.logins.show(started.login_id)


def test_what_the_browser_knows_does_not_get_the_token(auth: Auth) -> None:
    started = approved(auth)
    other = auth.logins.start()
    secret, other_secret = started.done_id[40:], other.done_id[40:]
    assert len(secret) == 64
    for done_id in (started.login_id, started.login_id + "0" * 64, started.login_id + other_secret, secret, "", "../x"):
        with pytest.raises(NotFound):
            auth.finish_login(done_id)
    assert finish(auth, started).token.user == "alice"


def test_neither_secret_nor_token_lies_in_the_store(auth: Auth, store: TokenStore) -> None:
    started = approved(auth)
    kept = [str((key, store.read(key))) for key in store.keys("logins/")]
    assert kept
    assert not any(started.done_id[40:] in each for each in kept)
    assert started.done_id not in repr(started)
    finish(auth, started)
    assert list(store.keys("logins/")) == []


def test_the_code_is_asked_for_and_read_kindly(auth: Auth) -> None:
    started = auth.logins.start()
    with pytest.raises(Forbidden):
        auth.approve_login(started.login_id, "BBBB-BBBB", login(auth))
    auth.approve_login(started.login_id, f" {started.code.lower()} ", login(auth))
    assert finish(auth, started).token.user == "alice"


def test_after_five_wrong_codes_no_code_is_right(auth: Auth) -> None:
    started = auth.logins.start()
    for _ in range(5):
        with pytest.raises(Forbidden):
            auth.approve_login(started.login_id, "\u00e4", login(auth))
    with pytest.raises(NotFound):
        auth.approve_login(started.login_id, started.code, login(auth))


def test_a_login_is_approved_once(auth: Auth) -> None:
    auth.users.add("bob", "another password")
    started = approved(auth)
    with pytest.raises(NotFound):
        auth.approve_login(started.login_id, started.code, login(auth, "bob", "another password"))
    assert finish(auth, started).token.user == "alice"


def test_an_anonymous_caller_approves_nothing(auth: Auth) -> None:
    started = auth.logins.start()
    with pytest.raises(Unauthenticated):
        auth.approve_login(started.login_id, started.code, ANONYMOUS)


def test_a_limited_token_approves_a_limited_one(auth: Auth, clock: Clock) -> None:
    end = int(clock.now) + 3600
    options = make_options("npm:*:*:read", expires=end, cidrs=("127.0.0.0/8",))
    started = auth.logins.start()
    auth.approve_login(started.login_id, started.code, present(auth, auth.create_token("alice", "", options).secret))
    issued = finish(auth, started)
    assert (issued.token.expires, issued.token.cidrs) == (end, ("127.0.0.0/8",))
    with pytest.raises(Forbidden):
        auth.authorize(present(auth, issued.secret), permission("npm:package:x:write"))


def test_an_approval_ends_with_the_password_and_with_the_user(auth: Auth) -> None:
    first, second = approved(auth), approved(auth)
    auth.users.set_password("alice", "another password")
    with pytest.raises(NotFound):
        auth.finish_login(first.done_id)
    auth.remove_user("alice")
    with pytest.raises(NotFound):
        auth.finish_login(second.done_id)


def test_one_address_cannot_start_logins_without_end(auth: Auth, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_AT_ONE_ADDRESS", 3)
    for _ in range(3):
        auth.logins.start(ip="192.0.2.1")
    with pytest.raises(TooManyRequests):
        auth.logins.start(ip="192.0.2.1")
    auth.logins.start(ip="192.0.2.2")
    clock.advance(300)
    auth.logins.start(ip="192.0.2.1")


def test_there_are_only_so_many_and_old_ones_are_swept(
    auth: Auth, store: TokenStore, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    for last in range(3):
        auth.logins.start(ip=f"192.0.2.{last}")
    with pytest.raises(TooManyRequests):
        auth.logins.start()
    clock.advance(300)
    auth.logins.start()
    assert len(list(store.keys("logins/"))) == 1
