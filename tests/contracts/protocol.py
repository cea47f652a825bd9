"""What every protocol must do for those who read and those who publish.

`tests/protocols/test_contract.py` runs this and its siblings for every protocol that is discovered: `protocol_rights`
asks who may, `protocol_hostility` sends what nobody should. The fixtures are `adapter` and `registry`.
"""

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from registry.config import LimitSettings
from tests.builders.asking import Answer, Ask, as_token, call, environ_of
from tests.builders.registry import OWNER, Registry
from tests.contracts.adapter import Adapter, Offer
from tests.contracts.routes import spots

CONTENT = bytes(range(256)) * 40
ROUNDS = 10
SAME = ("content-length", "content-type", "etag", "last-modified", "vary", "cache-control", "accept-ranges")


def offer_of(registry: Registry, adapter: Adapter, version: str = "1.0.0") -> Offer:
    return adapter.offers(registry.reader())[version]


def check_refused(adapter: Adapter, answer: Answer, *statuses: int) -> None:
    """The answer is a refusal with one of the statuses, in the words of the protocol."""
    assert answer.status in (statuses or range(400, 500)), answer.everything()
    adapter.check_refusal(answer)
    assert "Traceback" not in answer.text
    assert "<html" not in answer.text.lower()


class ReadingContract:
    """Whoever reads gets what was published, whole, in part, or not again."""

    @pytest.fixture(autouse=True)
    def _publish(self, request: pytest.FixtureRequest, registry: Registry, adapter: Adapter) -> None:
        assert registry.run(adapter.publish(content=CONTENT)).is_success

    @pytest.fixture
    def readable(self, registry: Registry, adapter: Adapter) -> list[Ask]:
        """Every route that has something to read, and what the index offers."""
        asks = [Ask("GET", offer_of(registry, adapter).path), Ask("GET", adapter.index())]
        for spot in spots(registry, adapter.protocol):
            if (spot.template, "GET") not in adapter.public:
                asks += [ask for ask in spot.asks(adapter) if ask.method == "GET"]
        found = [ask for ask in asks if registry.ask(ask).status == 200]
        assert len(found) > 2
        return found

    def test_what_the_index_offers_is_served_and_hashes_to_what_it_says(
        self, registry: Registry, adapter: Adapter
    ) -> None:
        offer = offer_of(registry, adapter)
        answer = registry.get(offer.path)
        assert answer.status == 200
        assert offer.fits(answer.body)
        assert adapter.listed(registry.reader()) == {adapter.package}

    def test_an_unknown_package_is_not_found(self, registry: Registry, adapter: Adapter) -> None:
        for who in (None, OWNER):
            check_refused(adapter, registry.get(adapter.index("no-such-package"), who), 404)
        assert adapter.offers(registry.reader(), "no-such-package") == {}

    def test_a_path_of_no_route_is_not_found(self, registry: Registry, adapter: Adapter) -> None:
        for path in ("/-/!/nothing/at/all/!", "/!", "/%E2%82%AC"):
            check_refused(adapter, registry.get(f"/{adapter.protocol}{path}"), 400, 404)

    def test_head_is_get_without_the_body(self, registry: Registry, readable: list[Ask]) -> None:
        for ask in readable:
            for accepted in ("identity", "gzip"):
                got = registry.ask(ask.having({"Accept-Encoding": accepted}))
                head = registry.ask(ask.having({"Accept-Encoding": accepted}, method="HEAD"))
                assert head.body == b"", ask.path
                assert head.status == got.status, ask.path
                for name in SAME:
                    assert head.headers.get(name) == got.headers.get(name), (ask.path, name)
                assert int(got.headers["content-length"]) == len(got.body), ask.path

    def test_what_the_client_has_is_not_sent_again(self, registry: Registry, readable: list[Ask]) -> None:
        conditional = 0
        for ask in readable:
            before = registry.ask(ask)
            etag = before.headers.get("etag")
            if etag is None:
                assert before.headers["cache-control"] == "no-store", ask.path
                continue
            conditional += 1
            for method in ("GET", "HEAD"):
                for sent in (etag, f"W/{etag.removeprefix('W/')}", f'"other", {etag}', "*"):
                    after = registry.ask(ask.having({"If-None-Match": sent}, method=method))
                    assert (after.status, after.body) == (304, b""), (ask.path, sent)
                    for name in ("etag", "vary", "cache-control"):
                        assert after.headers.get(name) == before.headers.get(name), (ask.path, name)
            assert registry.ask(ask.having({"If-None-Match": '"other"'})).body == before.body
        assert conditional >= 2

    def test_only_the_caller_may_keep_what_was_sent_to_somebody_known(
        self, registry: Registry, readable: list[Ask]
    ) -> None:
        for ask in readable:
            caching = registry.ask(ask).headers["cache-control"]
            assert "public" not in caching, ask.path
            assert "private" in caching or "no-store" in caching, ask.path

    def test_compressed_documents_say_what_they_vary_with(self, registry: Registry, readable: list[Ask]) -> None:
        for ask in readable:
            plain = registry.ask(ask)
            gzipped = registry.ask(ask.having({"Accept-Encoding": "gzip"}))
            if "content-encoding" in gzipped.headers:
                assert "Accept-Encoding" in plain.headers["vary"], ask.path
                assert gzipped.headers["etag"] != plain.headers["etag"], ask.path

    def test_a_file_is_never_compressed_and_never_shown_by_a_browser(
        self, registry: Registry, adapter: Adapter
    ) -> None:
        answer = registry.get(offer_of(registry, adapter).path, Accept_Encoding="gzip")
        assert "content-encoding" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"

    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [
            ("0-0", 0, 1),
            ("5-9", 5, 10),
            ("7-", 7, None),
            ("-4", -4, None),
            ("3-999999999", 3, None),
            ("-99999999", 0, None),
        ],
    )
    def test_a_part_of_a_file(
        self, registry: Registry, adapter: Adapter, asked: str, start: int, end: int | None
    ) -> None:
        path = offer_of(registry, adapter).path
        whole = registry.get(path)
        assert whole.headers["accept-ranges"] == "bytes"
        part = registry.get(path, Range=f"bytes={asked}")
        expected = whole.body[start:end]
        assert (part.status, part.body) == (206, expected)
        first = start % len(whole.body)
        assert part.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole.body)}"
        assert int(part.headers["content-length"]) == len(expected)

    def test_a_part_beyond_the_end_is_refused(self, registry: Registry, adapter: Adapter) -> None:
        path = offer_of(registry, adapter).path
        size = len(registry.get(path).body)
        for asked in (f"{size}-", f"{size + 5}-{size + 9}", "-0"):
            answer = registry.get(path, Range=f"bytes={asked}")
            check_refused(adapter, answer, 416)
            assert answer.headers["content-range"] == f"bytes */{size}"
            assert int(answer.headers["content-length"]) == len(answer.body)

    def test_a_range_nobody_understands_is_ignored(self, registry: Registry, adapter: Adapter) -> None:
        path = offer_of(registry, adapter).path
        whole = registry.get(path).body
        for asked in ("bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=", "bytes=1-2-3", "bytes=" + "9" * 5000 + "-"):
            answer = registry.get(path, Range=asked)
            assert (answer.status, answer.body) == (200, whole), asked

    def test_a_part_of_what_changed_is_the_whole(self, registry: Registry, adapter: Adapter) -> None:
        path = offer_of(registry, adapter).path
        etag = registry.get(path).headers["etag"]
        assert registry.get(path, Range="bytes=0-3", If_Range=etag).status == 206
        for stale in ('"other"', f"W/{etag}", "Thu, 01 Jan 1970 00:00:00 GMT"):
            assert registry.get(path, Range="bytes=0-3", If_Range=stale).status == 200

    def test_every_answer_has_an_id_of_its_own(self, registry: Registry, readable: list[Ask]) -> None:
        asks = [*readable, Ask("GET", "/"), Ask("GET", "/!"), Ask("GET", "//"), Ask("BREW", "/")]
        ids = [registry.ask(ask).headers["x-request-id"] for ask in asks * 2]
        assert len(set(ids)) == len(ids)


class WritingContract:
    """Whoever publishes changes all or nothing."""

    def test_publishing_again_what_is_there_succeeds_and_changes_nothing(
        self, registry: Registry, adapter: Adapter
    ) -> None:
        assert registry.run(adapter.publish(content=CONTENT)).is_success
        before = registry.stored()
        assert registry.run(adapter.publish(content=CONTENT)).is_success
        after = registry.stored()
        assert adapter.visible(after) == adapter.visible(before)
        assert set(after) == set(before)

    def test_a_version_keeps_its_bytes(self, registry: Registry, adapter: Adapter) -> None:
        registry.run(adapter.publish(content=b"first"))
        before = offer_of(registry, adapter)
        answer = registry.run(adapter.publish(content=b"second"))
        if adapter.mutable:
            assert answer.is_success
            assert offer_of(registry, adapter) != before
        else:
            check_refused(adapter, answer)
            assert offer_of(registry, adapter) == before
        offer = offer_of(registry, adapter)
        assert offer.fits(registry.get(offer.path).body)

    def test_a_digest_that_is_wrong_is_refused(self, registry: Registry, adapter: Adapter) -> None:
        *first, last = adapter.mismatched()
        for ask in first:
            assert registry.ask(ask).is_success
        self._refuses(registry, adapter, lambda: registry.ask(last), 400, 422)
        assert adapter.offers(registry.reader()) == {}

    def test_what_is_too_large_is_refused(self, tmp_path: Path, adapter: Adapter) -> None:
        limits = LimitSettings(max_artifact=64 * 1024, max_layer=64 * 1024, max_document=64 * 1024)
        registry = Registry(tmp_path / "small", limits=limits)
        assert registry.run(adapter.publish("1.0.0", b"small")).is_success
        large = b"".join(number.to_bytes(4, "big") for number in range(100_000))
        self._refuses(registry, adapter, lambda: registry.run(adapter.publish("2.0.0", large)), 413)
        assert set(adapter.offers(registry.reader())) == {"1.0.0"}

    def test_what_is_cut_short_is_refused(self, registry: Registry, adapter: Adapter) -> None:
        asks = adapter.publish(content=CONTENT)
        for position, ask in enumerate(asks):
            body = ask.body or b""
            for kept in (0, 1, len(body) // 2, len(body) - 1):
                environ = environ_of(ask.having(as_token(registry.tokens[OWNER])))
                environ["wsgi.input"] = io.BytesIO(body[:kept])
                self._refuses(registry, adapter, partial(call, registry.app, environ), 400)
            assert registry.ask(ask).is_success, position
        assert set(adapter.offers(registry.reader())) == {"1.0.0"}

    def test_a_body_without_length_on_a_host_that_cannot_tell_its_end_is_refused(
        self, registry: Registry, adapter: Adapter
    ) -> None:
        *first, last = adapter.publish(content=CONTENT)
        for ask in first:
            registry.ask(ask)
        environ = environ_of(last.having({**as_token(registry.tokens[OWNER]), "Transfer-Encoding": "chunked"}))
        del environ["CONTENT_LENGTH"], environ["wsgi.input_terminated"]
        self._refuses(registry, adapter, partial(call, registry.app, environ), 411)

    def test_an_upload_may_come_without_its_length(self, registry: Registry, adapter: Adapter) -> None:
        for ask in adapter.publish(content=CONTENT):
            environ = environ_of(ask.having({**as_token(registry.tokens[OWNER]), "Transfer-Encoding": "chunked"}))
            del environ["CONTENT_LENGTH"]
            assert call(registry.app, environ).is_success
        offer = offer_of(registry, adapter)
        assert offer.fits(registry.get(offer.path).body)

    def test_of_two_who_publish_one_version_one_wins(self, registry: Registry, adapter: Adapter) -> None:
        for number in range(ROUNDS):
            version = f"1.0.{number}"
            answers = together(registry, [adapter.publish(version, content) for content in (b"one", b"two")])
            winners = [answer.is_success for answer in answers]
            assert winners.count(True) == (2 if adapter.mutable else 1), [answer.everything() for answer in answers]
            for answer in answers:
                if not answer.is_success:
                    check_refused(adapter, answer)
            offer = offer_of(registry, adapter, version)
            assert offer.fits(registry.get(offer.path).body)
        assert len(adapter.offers(registry.reader())) == ROUNDS

    def test_two_who_publish_the_same_bytes_both_succeed(self, registry: Registry, adapter: Adapter) -> None:
        for number in range(ROUNDS):
            version = f"1.0.{number}"
            answers = together(registry, [adapter.publish(version, CONTENT)] * 2)
            assert all(answer.is_success for answer in answers), [answer.everything() for answer in answers]
        assert len(adapter.offers(registry.reader())) == ROUNDS

    def test_versions_published_at_once_are_all_there(self, registry: Registry, adapter: Adapter) -> None:
        versions = [f"1.{number}.0" for number in range(8)]
        answers = together(registry, [adapter.publish(version) for version in versions])
        assert all(answer.is_success for answer in answers)
        assert set(adapter.offers(registry.reader())) == set(versions)

    def _refuses(self, registry: Registry, adapter: Adapter, ask: Callable[[], Answer], *statuses: int) -> None:
        """The answer is a refusal, and nothing that was stored changed, nor is anything left over."""
        before = registry.stored()
        check_refused(adapter, ask(), *statuses)
        assert adapter.visible(registry.stored()) == adapter.visible(before)
        assert registry.scratch() == []


def together(registry: Registry, works: Sequence[Sequence[Ask]]) -> list[Answer]:
    """The answers to what was begun at the same instant."""
    barrier = Barrier(len(works))

    def run(asks: Sequence[Ask]) -> Answer:
        barrier.wait(20)
        return registry.run(asks)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
