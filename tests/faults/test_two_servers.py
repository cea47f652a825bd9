"""Two servers on one store: what one acknowledged, the other has at once."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.builders.asking import Answer, Ask, as_token, send
from tests.clients.server import Server, serving
from tests.contracts.adapter import Adapter
from tests.faults.stores import BUCKET, environ_of, shared_store


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    directory = tmp_path_factory.mktemp("store")
    with shared_store(BUCKET, directory) as storage:
        one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
        environ = environ_of(storage)
        with (
            serving(one, **environ, REGISTRY_CACHE__DIRECTORY=str(one / "cache")) as first,
            serving(two, **environ, REGISTRY_CACHE__DIRECTORY=str(two / "cache")) as second,
        ):
            yield [first, second]


def test_what_one_server_took_the_other_serves_at_once(servers: list[Server], adapter: Adapter) -> None:
    token = as_token(servers[0].token)

    def ask(server: Server, request: Ask) -> Answer:
        return send(server.url, request.having(token))

    def read(server: Server, path: str) -> Answer:
        return ask(server, Ask("GET", path))

    published = set()
    for number in range(4):
        version, content = f"1.{number}.0", b"%d" % number * 100
        here, there = servers[number % 2], servers[(number + 1) % 2]
        for request in adapter.publish(version, content):
            assert ask(here, request).is_success
        published.add(version)
        for server in (there, here):
            offers = adapter.offers(partial(read, server))
            assert set(offers) == published
            assert offers[version].fits(read(server, offers[version].path).body)
            assert adapter.package in adapter.listed(partial(read, server))
        again = [ask(there, request) for request in adapter.publish(version, content)]
        assert all(answer.is_success for answer in again)
