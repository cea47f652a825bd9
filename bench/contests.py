"""What is measured: cases, each done by several servers in turn, and the medians of short rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.load import Load
from bench.servers import Server

GIB = 1 << 30

Work = Callable[[], Load]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of work. `prepare` makes what a server is to do in one round; None where the server cannot.

    `bulk` work counts by bytes, other work by requests.
    """

    name: str
    prepare: Callable[[Server], Work | None]
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    """The servers of one protocol, ours first, and what they are to do."""

    title: str
    servers: Sequence[Server]
    cases: Sequence[Case]


@dataclass(frozen=True, slots=True)
class Figure:
    """How fast a server did a case, in requests or bytes a second, and the processor seconds for each of them."""

    rate: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Row:
    """A case with the figure of each server, in order; None for one that cannot do it."""

    case: Case
    figures: Sequence[Figure | None]


def hold(contest: Contest, case: Case, rounds: int) -> Row:
    """The medians of the rounds, in each of which the servers take turns; an extra one before warms them up."""
    found: list[list[Figure]] = [[] for _ in contest.servers]
    for number in range(rounds + 1):
        for server, figures in zip(contest.servers, found, strict=True):
            figure = _measure(server, case)
            if figure and number:
                figures.append(figure)
    return Row(case, [_median(figures) for figures in found])


def _measure(server: Server, case: Case) -> Figure | None:
    work = case.prepare(server)
    if work is None:
        return None
    before = server.cpu_seconds()
    load = work()
    cpu = server.cpu_seconds() - before
    count = load.size if case.bulk else load.requests
    return Figure(count / load.seconds, cpu / count)


def _median(figures: Sequence[Figure]) -> Figure | None:
    if not figures:
        return None
    return Figure(median(figure.rate for figure in figures), median(figure.cpu for figure in figures))
