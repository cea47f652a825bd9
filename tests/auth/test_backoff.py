from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.auth import backoff as module
from registry.auth.backoff import Backoff
from registry.errors import TooManyRequests
from tests.builders.auth import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backoff(clock: Clock) -> Backoff:
    return Backoff(clock)


def fail(backoff: Backoff, times: int = 1, user: str = "alice", ip: str = "192.0.2.1") -> None:
    for _ in range(times):
        assert backoff.attempt(user, ip, lambda: None) is None


def test_five_failures_are_free_and_the_next_attempt_has_to_wait(backoff: Backoff) -> None:
    fail(backoff, 5)
    with pytest.raises(TooManyRequests) as refused:
        backoff.attempt("alice", "192.0.2.1", lambda: pytest.fail("the password was looked at"))
    assert int(refused.value.headers["Retry-After"]) >= 1


def test_the_wait_doubles_up_to_its_limit(backoff: Backoff, clock: Clock) -> None:
    fail(backoff, 5)
    waits = []
    for _ in range(12):
        with pytest.raises(TooManyRequests) as refused:
            fail(backoff)
        waits.append(int(refused.value.headers["Retry-After"]) - 1)
        clock.advance(waits[-1] + 1)
        fail(backoff)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_success_forgets_the_failures(backoff: Backoff) -> None:
    fail(backoff, 4)
    assert backoff.attempt("alice", "192.0.2.1", lambda: "alice") == "alice"
    fail(backoff, 5)


def test_failures_are_forgotten_in_an_hour(backoff: Backoff, clock: Clock) -> None:
    fail(backoff, 5)
    clock.advance(3601)
    fail(backoff, 5)


@pytest.mark.parametrize(("user", "ip"), [("bob", "192.0.2.1"), ("alice", "192.0.2.2"), ("alice", "")])
def test_others_do_not_wait(backoff: Backoff, user: str, ip: str) -> None:
    fail(backoff, 5)
    fail(backoff, 1, user, ip)


def test_addresses_of_one_ipv6_network_count_as_one(backoff: Backoff) -> None:
    for last in range(5):
        fail(backoff, 1, ip=f"2001:db8::{last}")
    with pytest.raises(TooManyRequests):
        fail(backoff, 1, ip="2001:db8::ffff")
    fail(backoff, 1, ip="2001:db8:0:1::1")


def test_a_burst_gets_no_further_than_attempts_in_a_row(backoff: Backoff) -> None:
    looked: list[None] = []

    def guess(_: int) -> None:
        try:
            backoff.attempt("alice", "192.0.2.1", lambda: looked.append(None))
        except TooManyRequests:
            return

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(guess, range(64)))
    assert len(looked) == 5


def test_an_error_of_the_store_is_no_failure(backoff: Backoff) -> None:
    for _ in range(9):
        with pytest.raises(OSError, match="disk"):
            backoff.attempt("alice", "192.0.2.1", lambda: (_ for _ in ()).throw(OSError("disk")))
    fail(backoff, 5)


def test_the_memory_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch, backoff: Backoff) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)
    for number in range(30):
        fail(backoff, 1, f"user{number}")
    assert len(backoff._failures) == 10
