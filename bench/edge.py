"""The edge alone: what a request costs before a protocol does anything, and what the access log adds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import servers
from bench.contests import Case, Contest
from bench.options import Options
from bench.reading import get


@contextmanager
def contest(place: Path, options: Options) -> Iterator[Contest]:
    """The registry without and with its access log."""
    with servers.registry(place / "quiet") as quiet, servers.registry(place / "talking", access_log=True) as talking:
        yield Contest("Edge", [quiet, talking], [Case("GET /healthz", get(lambda _: "/healthz", {}, options.seconds))])
