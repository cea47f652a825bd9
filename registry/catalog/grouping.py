"""Work on one key, done by one of those who ask for it on behalf of all who wait. For threads and greenlets alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar, cast

W = TypeVar("W")
R = TypeVar("R")

LARGEST_GROUP = 64


@dataclass(slots=True, eq=False)
class Ticket(Generic[W, R]):
    """One caller's work; whoever runs the group sets `result` or `error`."""

    work: W
    result: R | None = None
    error: Exception | None = None
    done: bool = False
    leads: bool = False
    called: Event = field(default_factory=Event)


class Grouping(Generic[W, R]):
    """`run(key, tickets)` is called for one group of a key at a time, by the caller who has waited longest.

    A leader runs the group that holds its own work, then hands over. What `run` raises reaches every caller of the
    group; a leader that is killed (GreenletExit, a timeout) leaves the others' work to the next leader.
    """

    def __init__(self, run: Callable[[str, Sequence[Ticket[W, R]]], None]) -> None:
        self._run = run
        self._lock = Lock()
        self._waiting: dict[str, list[Ticket[W, R]]] = {}

    def submit(self, key: str, work: W) -> R:
        """What running the work gave. Raises what it, or its group, raised."""
        ticket: Ticket[W, R] = Ticket(work)
        with self._lock:
            queue = self._waiting.get(key)
            if queue is None:
                self._waiting[key] = [ticket]
                ticket.leads = True
            else:
                queue.append(ticket)
        if not ticket.leads:
            self._wait(key, ticket)
        if not ticket.done:
            self._lead(key, ticket)
        if ticket.error is not None:
            raise ticket.error
        return cast("R", ticket.result)

    def _wait(self, key: str, ticket: Ticket[W, R]) -> None:
        """Returns when the ticket is done, or leads."""
        try:
            ticket.called.wait()
        except BaseException:
            with self._lock:
                if ticket.leads:
                    self._hand_over(key, [ticket])
                elif ticket in self._waiting.get(key, ()):
                    self._waiting[key].remove(ticket)
            raise

    def _lead(self, key: str, own: Ticket[W, R]) -> None:
        with self._lock:
            group = self._waiting[key][:LARGEST_GROUP]
        finished = [own]
        try:
            self._run(key, group)
            finished = group
        except Exception as error:
            for ticket in group:
                ticket.error = error
            finished = group
            raise
        finally:
            with self._lock:
                self._hand_over(key, finished)

    def _hand_over(self, key: str, finished: Sequence[Ticket[W, R]]) -> None:
        """The finished wake up, and the one who has waited longest leads. To be called under the lock."""
        rest = [ticket for ticket in self._waiting[key] if ticket not in finished]
        for ticket in finished:
            ticket.done = True
            ticket.called.set()
        if rest:
            self._waiting[key] = rest
            rest[0].leads = True
            rest[0].called.set()
        else:
            del self._waiting[key]
