from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from registry.catalog.flights import Flights
from tests.builders.catalog import Interrupted


class Maker:
    def __init__(self, *outcomes: int | BaseException) -> None:
        self.outcomes = list(outcomes)
        self.calls = 0
        self.entered = Event()
        self.gate = Event()

    def make(self) -> int:
        self.calls += 1
        self.entered.set()
        assert self.gate.wait(10)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def fly_together(maker: Maker, callers: int) -> tuple["Future[int]", list["Future[int]"]]:
    flights = Flights()
    arrived = Event()
    with ThreadPoolExecutor(callers) as pool:
        first = pool.submit(flights.share, "key", maker.make)
        assert maker.entered.wait(10)
        landed = flights._flights["key"].landed
        original, waiting = landed.wait, [0]

        def wait(timeout: float | None = None) -> bool:
            waiting[0] += 1
            if waiting[0] == callers - 1:
                arrived.set()
            return original(timeout)

        landed.wait = wait  # type: ignore[method-assign]
        others = [pool.submit(flights.share, "key", maker.make) for _ in range(callers - 1)]
        assert arrived.wait(10)
        maker.gate.set()
    assert not flights._flights
    return first, others


def test_many_callers_share_one_flight() -> None:
    maker = Maker(7)
    first, others = fly_together(maker, 20)
    assert {each.result() for each in (first, *others)} == {7}
    assert maker.calls == 1


def test_an_error_is_shared_and_not_remembered() -> None:
    maker = Maker(ValueError("no"))
    first, others = fly_together(maker, 5)
    for each in (first, *others):
        with pytest.raises(ValueError, match="no"):
            each.result()
    assert maker.calls == 1


def test_another_caller_takes_over_from_one_who_is_killed() -> None:
    maker = Maker(Interrupted(), 7, 7, 7, 7)
    first, others = fly_together(maker, 5)
    with pytest.raises(Interrupted):
        first.result()
    assert {each.result() for each in others} == {7}
    assert maker.calls < 6
