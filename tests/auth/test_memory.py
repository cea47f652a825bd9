import pytest

from registry.auth.auth_token import AuthToken
from registry.auth.memory import Memory
from tests.builders.auth import Clock

ALICE = AuthToken(user="alice", kind="password")
BOB = AuthToken(user="bob", kind="password")


@pytest.fixture
def memory(clock: Clock) -> Memory:
    return Memory(10, limit=3, clock=clock)


def keep(memory: Memory, part: str, token: AuthToken = ALICE) -> bytes:
    key = memory.key(part)
    memory.keep(key, token, memory.changes)
    return key


def test_what_was_kept_is_known_until_its_time_is_over(memory: Memory, clock: Clock) -> None:
    key = keep(memory, "a")
    clock.advance(9.9)
    assert memory.get(key) is ALICE
    clock.advance(0.2)
    assert memory.get(key) is None


def test_being_asked_for_does_not_prolong_it(memory: Memory, clock: Clock) -> None:
    key = keep(memory, "a")
    for _ in range(4):
        clock.advance(3)
        memory.get(key)
    assert memory.get(key) is None


def test_the_oldest_goes_when_there_are_too_many(memory: Memory) -> None:
    keys = [keep(memory, part) for part in "abcd"]
    assert [memory.get(key) is not None for key in keys] == [False, True, True, True]


def test_a_user_is_forgotten_alone(memory: Memory) -> None:
    mine, other = keep(memory, "a"), keep(memory, "b", BOB)
    memory.forget("alice")
    assert memory.get(mine) is None
    assert memory.get(other) is BOB


def test_what_was_verified_before_something_was_forgotten_is_not_kept(memory: Memory) -> None:
    before = memory.changes
    memory.forget("alice")
    memory.keep(memory.key("a"), ALICE, before)
    assert memory.get(memory.key("a")) is None


def test_keys_differ_by_every_boundary_and_by_process(memory: Memory) -> None:
    keys = [memory.key("ab", "c"), memory.key("a", "bc"), memory.key("abc"), memory.key("a", "b", "c"), memory.key("")]
    assert len(set(keys)) == len(keys)
    assert memory.key("a") == memory.key("a") != Memory(10).key("a")


def test_zero_seconds_remember_nothing(clock: Clock) -> None:
    memory = Memory(0, clock=clock)
    assert memory.get(keep(memory, "a")) is None
