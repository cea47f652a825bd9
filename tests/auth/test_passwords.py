import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.auth import passwords as module
from registry.auth.passwords import DEFAULT_COST, Cost, Passwords
from registry.errors import Internal, Invalid, Unavailable
from tests.builders.auth import CHEAP


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(CHEAP)


def test_the_default_cost_is_pinned() -> None:
    assert Cost(n=2**15, r=8, p=1) == DEFAULT_COST
    kept = Passwords().hash("correct horse")
    assert kept.startswith("scrypt:32768:8:1:")
    assert Passwords().verify("correct horse", kept)


def test_a_password_verifies_against_its_own_hash_only(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse")
    assert passwords.verify("correct horse", kept)
    assert not passwords.verify("correct horsf", kept)
    assert not passwords.verify("", kept)


def test_two_hashes_of_one_password_differ(passwords: Passwords) -> None:
    assert passwords.hash("correct horse") != passwords.hash("correct horse")


def test_the_two_unicode_forms_of_a_password_are_one(passwords: Passwords) -> None:
    assert passwords.verify("gru\u0308n-gru\u0308n", passwords.hash("gr\u00fcn-gr\u00fcn"))


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
def test_a_password_too_short_or_too_long_is_not_set(passwords: Passwords, password: str) -> None:
    with pytest.raises(Invalid):
        passwords.hash(password)


def test_a_password_too_long_is_not_even_hashed(passwords: Passwords) -> None:
    assert not passwords.verify("x" * 1025, passwords.hash("correct horse"))


@pytest.mark.parametrize("kept", [None, ""])
def test_no_password_takes_the_work_of_one_and_never_verifies(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch, kept: str | None
) -> None:
    costs = []

    def scrypt(secret: bytes, salt: bytes, cost: Cost) -> bytes:
        costs.append(cost)
        return bytes(32)

    monkeypatch.setattr(module, "_scrypt", scrypt)
    assert not passwords.verify("correct horse", kept)
    assert costs == [CHEAP]


@pytest.mark.parametrize("kept", ["x", "scrypt:4:1:1:!:!", "scrypt:4:1:1::", "md5:4:1:1:AAAA:" + "A" * 43 + "="])
def test_a_damaged_hash_is_our_fault(passwords: Passwords, kept: str) -> None:
    with pytest.raises(Internal):
        passwords.verify("correct horse", kept)


def test_at_most_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slow(*_: object) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1
        return bytes(32)

    passwords = Passwords(CHEAP)
    monkeypatch.setattr(module, "_scrypt", slow)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: passwords.verify("correct horse", None), range(16)))
    assert most == 2


def test_who_waits_too_long_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(CHEAP, slots=1, patience=0.01)
    busy, done = threading.Event(), threading.Event()

    def slow(*_: object) -> bytes:
        busy.set()
        done.wait(5)
        return bytes(32)

    monkeypatch.setattr(module, "_scrypt", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(passwords.verify, "correct horse", None)
        assert busy.wait(5)
        with pytest.raises(Unavailable):
            passwords.verify("correct horse", None)
        done.set()
        assert first.result() is False
