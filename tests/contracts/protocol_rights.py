"""Who may do what: every route with every verb, asked by everybody. What a route does not allow by design is denied."""

from pathlib import Path

import pytest

from registry.config import AuthSettings
from tests.builders.asking import METHODS, Answer, Ask, basic
from tests.builders.registry import ADMIN, OWNER, READER, STRANGER, Registry
from tests.contracts.adapter import Adapter
from tests.contracts.protocol import check_refused
from tests.contracts.routes import Spot, spots

READING = {"GET", "HEAD", "OPTIONS"}


def published(directory: Path, adapter: Adapter, *, anonymous_read: bool = True) -> Registry:
    """A registry with one package."""
    registry = Registry(directory, auth=AuthSettings(anonymous_read=anonymous_read))
    assert registry.run(adapter.publish()).is_success
    return registry


def writes(registry: Registry, adapter: Adapter, *exempt: frozenset[tuple[str, str]]) -> list[tuple[Spot, Ask]]:
    """A valid request for each route and each verb that changes something, but those of the exempt routes."""
    return [
        (spot, ask)
        for spot in spots(registry, adapter.protocol)
        for ask in spot.asks(adapter)
        if ask.method not in READING
        if not any((spot.template, ask.method) in routes for routes in exempt)
    ]


def reads(registry: Registry, adapter: Adapter, *exempt: frozenset[tuple[str, str]]) -> list[tuple[Spot, Ask]]:
    """A request for each route that is read, but those of the exempt routes."""
    return [
        (spot, ask)
        for spot in spots(registry, adapter.protocol)
        for ask in spot.asks(adapter)
        if ask.method in ("GET", "HEAD")
        if not any((spot.template, "GET") in routes for routes in exempt)
    ]


class RightsContract:
    """Anonymous callers read, readers read, strangers do nothing here, owners and admins do everything."""

    @pytest.mark.parametrize(
        ("who", "statuses"),
        [(None, (401,)), (READER, (403,)), (STRANGER, (403, 404))],
        ids=["anonymous", READER, STRANGER],
    )
    def test_who_may_not_change_anything_changes_nothing(
        self, tmp_path: Path, adapter: Adapter, who: str | None, statuses: tuple[int, ...]
    ) -> None:
        registry = published(tmp_path, adapter)
        exempt = [adapter.public, adapter.harmless, *([adapter.personal] if who else [])]
        before = adapter.visible(registry.stored())
        asked = writes(registry, adapter, *exempt)
        assert asked
        wrong = []
        for spot, ask in asked:
            answer = registry.ask(ask, who)
            if answer.status not in statuses or (answer.status == 401 and "www-authenticate" not in answer.headers):
                wrong.append((spot.base, spot.template, ask.method, answer.status, answer.text[:200]))
            else:
                check_refused(adapter, answer)
        assert not wrong, "\n".join(map(str, wrong))
        assert adapter.visible(registry.stored()) == before
        assert registry.scratch() == []

    @pytest.mark.parametrize("who", [OWNER, ADMIN])
    def test_who_may_do_everything_is_not_refused(self, tmp_path: Path, adapter: Adapter, who: str) -> None:
        registry = published(tmp_path, adapter)
        wrong = []
        exempt = [adapter.public, adapter.personal, *([adapter.administrative] if who == OWNER else [])]
        for number, (spot, ask) in enumerate(writes(registry, adapter, *exempt)):
            fresh = published(tmp_path / str(number), adapter)
            answer = fresh.ask(ask, who)
            if answer.status >= 500 or answer.status in (401, 403):
                wrong.append((spot.base, spot.template, ask.method, answer.status, answer.text[:200]))
        assert not wrong, "\n".join(map(str, wrong))

    def test_who_owns_nothing_of_a_package_changes_nothing_of_it(self, tmp_path: Path, adapter: Adapter) -> None:
        if not adapter.owned:
            pytest.skip(f"packages of {adapter.protocol} have no owners")
        registry = published(tmp_path, adapter)
        registry.services.auth.users.add("other")
        registry.tokens["other"] = registry.issue("other")
        before = adapter.visible(registry.stored())
        exempt = [adapter.public, adapter.personal, adapter.harmless, adapter.unowned]
        for spot, ask in writes(registry, adapter, *exempt):
            if "package" in spot.fields:
                check_refused(adapter, registry.ask(ask, "other"), 403)
        assert adapter.visible(registry.stored()) == before

    def test_reading_changes_nothing(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter)
        before = registry.stored()
        for _, ask in reads(registry, adapter):
            for who in (None, READER, OWNER):
                registry.ask(ask, who)
        assert registry.stored() == before

    def test_a_path_is_asked_for_and_allowed_by_what_it_means(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter, anonymous_read=False)
        assert registry.run(adapter.publish(package="other")).is_success
        registry.tokens["narrow"] = registry.issue(OWNER, f"{adapter.protocol}:*:{adapter.package}:*")
        mine, others = (
            [adapter.index(package), adapter.offers(registry.reader(), package)["1.0.0"].path]
            for package in (adapter.package, "other")
        )
        for path in mine:
            assert registry.get(spelled_out(path), "narrow").body == registry.get(path, "narrow").body
        for path in others:
            check_refused(adapter, registry.get(spelled_out(path), "narrow"), 403, 404)
            check_refused(adapter, registry.get(spelled_out(path), None), 401)

    def test_everybody_may_read_where_anonymous_reading_is_on(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter)
        offer = adapter.offers(registry.reader())["1.0.0"]
        for who in (None, READER, STRANGER):
            assert adapter.offers(registry.reader(who)) == {"1.0.0": offer}
            assert registry.get(offer.path, who).status == 200

    def test_nobody_unknown_reads_where_anonymous_reading_is_off(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter, anonymous_read=False)
        wrong = []
        for spot, ask in reads(registry, adapter, adapter.public):
            answer = registry.ask(ask, None)
            if answer.status == 301:
                continue  # to the normal spelling of the path, which tells nothing
            if answer.status != 401 or "www-authenticate" not in answer.headers:
                wrong.append((spot.base, spot.template, ask.method, answer.status, answer.text[:200]))
            elif ask.method == "GET":
                check_refused(adapter, answer, 401)
        assert not wrong, "\n".join(map(str, wrong))

    def test_a_private_registry_does_not_tell_the_unknown_what_there_is(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter, anonymous_read=False)
        there, missing = (registry.get(adapter.index(name), None) for name in ("", "missing"))
        assert there.status == missing.status == 401
        assert there.text.replace(adapter.package, "") == missing.text.replace("missing", "")

    def test_a_stranger_reads_nothing_where_anonymous_reading_is_off(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter, anonymous_read=False)
        wrong = []
        for spot, ask in reads(registry, adapter, adapter.public, adapter.personal):
            answer = registry.ask(ask, STRANGER)
            shown = answer.is_success and adapter.package in f"{ask.path}\n{answer.text}"
            if shown or answer.status >= 500 or answer.status == 304:
                wrong.append((spot.base, spot.template, ask.method, answer.status, answer.text[:200]))
        assert not wrong, "\n".join(map(str, wrong))
        assert adapter.listed(registry.reader(STRANGER)) == set()

    def test_a_reader_reads_where_anonymous_reading_is_off(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter, anonymous_read=False)
        for who in (READER, OWNER, ADMIN):
            offer = adapter.offers(registry.reader(who))["1.0.0"]
            assert offer.fits(registry.get(offer.path, who).body)
            assert adapter.listed(registry.reader(who)) == {adapter.package}

    def test_wrong_credentials_are_refused(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter)
        offer = adapter.offers(registry.reader())["1.0.0"]
        for credentials in (
            "Bearer wrong",
            "Bearer reg_" + "a" * 43,
            basic("owner", "wrong"),
            basic("__token__", "wrong"),
            "Basic !",
            "Digest x",
            "Bearer a.b.c",
        ):
            for path in (adapter.index(), offer.path):
                answer = registry.ask(Ask("GET", path, None, {"Authorization": credentials}), None)
                check_refused(adapter, answer, 400, 401)
            last = adapter.publish("2.0.0")[-1].having({"Authorization": credentials})
            check_refused(adapter, registry.ask(last, None), 400, 401)

    def test_a_token_for_one_package_is_for_no_other(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter, anonymous_read=False)
        assert registry.run(adapter.publish(package="other")).is_success
        registry.tokens["narrow"] = registry.issue(OWNER, f"{adapter.protocol}:*:{adapter.package}:*")
        assert registry.run(adapter.publish("2.0.0"), "narrow").is_success
        check_refused(adapter, registry.run(adapter.publish("2.0.0", package="other"), "narrow"), 403)
        assert adapter.listed(registry.reader("narrow")) == {adapter.package}
        check_refused(adapter, registry.get(adapter.index("other"), "narrow"), 403, 404)

    def test_a_token_for_reading_one_protocol_is_for_no_other(self, tmp_path: Path, adapter: Adapter) -> None:
        registry = published(tmp_path, adapter, anonymous_read=False)
        registry.tokens["foreign"] = registry.issue(OWNER, "elsewhere:*:*:*")
        check_refused(adapter, registry.get(adapter.index(), "foreign"), 403, 404)

    def test_a_verb_that_a_path_does_not_know_is_refused_with_those_it_knows(
        self, tmp_path: Path, adapter: Adapter
    ) -> None:
        registry = published(tmp_path, adapter)
        known: dict[str, set[str]] = {}
        for spot in spots(registry, adapter.protocol):
            known.setdefault(spot.path(spot.sample(adapter)), set(spot.methods))
        for path, methods in known.items():
            for method in set(METHODS) - methods - {"OPTIONS"}:
                answer = registry.ask(Ask(method, path, b""))
                assert answer.status == 405, (method, path, answer.everything())
                assert set(answer.headers["allow"].split(", ")) >= methods - {"GET"}, (method, path)
                assert_refusal(adapter, method, answer)


def assert_refusal(adapter: Adapter, method: str, answer: Answer) -> None:
    if method == "HEAD":
        assert answer.body == b""
    else:
        check_refused(adapter, answer)


def spelled_out(path: str) -> str:
    """The same path with each letter percent-encoded."""
    path, mark, query = path.partition("?")
    return "".join(f"%{ord(each):02x}" if each.isalpha() else each for each in path) + mark + query
