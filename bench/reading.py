"""What cases are made of: reading one thing again and again, and publishing one thing after the other."""

from collections.abc import Callable, Iterator
from itertools import count, islice

from bench.contests import Work
from bench.load import Headers, Request, ask, hammer, run_through
from bench.servers import Server

AT_ONCE = 20


def get(path: Callable[[Server], str], headers: Headers, seconds: int) -> Callable[[Server], Work]:
    """Work that asks for what is at the server's path."""

    def prepare(server: Server) -> Work:
        url, asked = server.url + path(server), {**server.headers, **headers}
        answer = ask(Request("GET", url, asked))
        if answer.status != 200:
            raise RuntimeError(f"{url}: {answer.status}")
        return lambda: hammer(url, asked, seconds=seconds)

    return prepare


def get_again(path: Callable[[Server], str], headers: Headers, seconds: int) -> Callable[[Server], Work | None]:
    """Work that asks for what is known already; none for a server that does not say 304."""

    def prepare(server: Server) -> Work | None:
        url, asked = server.url + path(server), {**server.headers, **headers}
        etag = ask(Request("GET", url, asked)).headers.get("etag")
        if etag is None:
            return None
        asked["If-None-Match"] = etag
        if ask(Request("GET", url, asked)).status != 304:
            return None
        return lambda: hammer(url, asked, seconds=seconds)

    return prepare


def publish(
    first: int, make: Callable[[Server, int], Request], seconds: int, at_once: int = AT_ONCE
) -> Callable[[Server], Work]:
    """Work that publishes, one after the other, the versions from the `first` on, further ones in every round."""
    numbers: dict[str, Iterator[int]] = {}

    def prepare(server: Server) -> Work:
        following = numbers.setdefault(server.name, count(first))
        requests = [make(server, number) for number in islice(following, at_once)]
        return lambda: run_through(requests, seconds=seconds)

    return prepare
