import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread

import pytest

from registry.catalog.grouping import LARGEST_GROUP, Grouping, Ticket
from tests.builders.catalog import Interrupted

Tickets = Sequence[Ticket[int, int]]


class Doubling:
    """Doubles numbers; the first group waits for the gate. A negative number fails, a zero kills its leader once."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.entered = Event()
        self.gate = Event()
        self.killed = False
        self.grouping: Grouping[int, int] = Grouping(self.run)

    def run(self, key: str, tickets: Tickets) -> None:
        self.groups.append([ticket.work for ticket in tickets])
        self.entered.set()
        assert self.gate.wait(10)
        if tickets[0].work == 0 and not self.killed:
            self.killed = True
            raise Interrupted
        for ticket in tickets:
            if ticket.work < 0:
                ticket.error = ValueError(ticket.work)
            else:
                ticket.result = 2 * ticket.work

    def submit_behind(self, first: int, others: Sequence[int]) -> tuple["Future[int]", list["Future[int]"]]:
        """The others arrive while the first one's group runs."""
        pool = ThreadPoolExecutor(len(others) + 1)
        leader = pool.submit(self.grouping.submit, "key", first)
        assert self.entered.wait(10)
        waiting = [pool.submit(self.grouping.submit, "key", number) for number in others]
        while len(self.grouping._waiting["key"]) < len(others) + 1:
            pass
        self.gate.set()
        pool.shutdown(wait=True)
        return leader, waiting


def test_those_who_wait_are_served_as_one_group() -> None:
    doubling = Doubling()
    leader, waiting = doubling.submit_behind(1, range(2, 10))
    assert leader.result() == 2
    assert [each.result() for each in waiting] == [2 * number for number in range(2, 10)]
    assert [len(group) for group in doubling.groups] == [1, 8]
    assert not doubling.grouping._waiting


def test_a_group_is_bounded() -> None:
    doubling = Doubling()
    _, waiting = doubling.submit_behind(1, range(2, LARGEST_GROUP + 12))
    assert [each.result() for each in waiting] == [2 * number for number in range(2, LARGEST_GROUP + 12)]
    assert [len(group) for group in doubling.groups] == [1, LARGEST_GROUP, 10]


def test_what_fails_fails_alone() -> None:
    doubling = Doubling()
    _, (good, bad, fine) = doubling.submit_behind(1, [2, -3, 4])
    assert (good.result(), fine.result()) == (4, 8)
    with pytest.raises(ValueError, match="-3"):
        bad.result()


def test_those_behind_a_killed_leader_are_served() -> None:
    doubling = Doubling()
    leader, waiting = doubling.submit_behind(0, [2, 3])
    with pytest.raises(Interrupted):
        leader.result()
    assert [each.result() for each in waiting] == [4, 6]
    assert not doubling.grouping._waiting


def test_a_failing_group_fails_all_of_it_and_nothing_later() -> None:
    def fail(key: str, tickets: Tickets) -> None:
        raise OSError(key)

    grouping: Grouping[int, int] = Grouping(fail)
    for _ in range(2):
        with pytest.raises(OSError, match="key"):
            grouping.submit("key", 1)
    assert not grouping._waiting


def test_keys_do_not_wait_for_each_other() -> None:
    doubling = Doubling()
    slow = Thread(target=doubling.grouping.submit, args=("slow", 1))
    slow.start()
    assert doubling.entered.wait(10)
    doubling.gate.set()
    assert doubling.grouping.submit("quick", 2) == 4
    slow.join()


GREENLETS = """
from gevent import monkey; monkey.patch_all()
import gevent
from registry.catalog.grouping import Grouping
groups = []
def run(key, tickets):
    groups.append([ticket.work for ticket in tickets])
    gevent.sleep(0.02)
    for ticket in tickets:
        ticket.result = ticket.work
    if len(groups) == 1:
        promoted.kill(block=False)  # takes effect when the promotion has been made
grouping = Grouping(run)
first = gevent.spawn(grouping.submit, "key", 0)
gevent.sleep(0)
promoted = gevent.spawn(grouping.submit, "key", 1)
patient = [gevent.spawn(grouping.submit, "key", number) for number in (2, 3)]
hurried = gevent.spawn(lambda: gevent.with_timeout(0.001, grouping.submit, "key", 99, timeout_value="gave up"))
gevent.sleep(0.01)
late = gevent.spawn(grouping.submit, "key", 4)
gevent.joinall([first, promoted, *patient, hurried, late])
assert isinstance(promoted.value, gevent.GreenletExit), promoted
assert [each.value for each in (first, *patient, hurried, late)] == [0, 2, 3, "gave up", 4], patient
assert groups == [[0], [2, 3, 4]], groups
assert not grouping._waiting
"""


def test_greenlets_that_give_up_leave_the_others_served() -> None:
    subprocess.run([sys.executable, "-c", GREENLETS], check=True, timeout=30)
