"""What attackers send (paths, names, archives, headers), and that the answer is a refusal and nothing more."""

import gzip
import io
import logging
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.config import LogSettings, ServerSettings
from tests.builders.asking import METHODS, Answer, Ask, as_token, basic, call, environ_of
from tests.builders.registry import OWNER, Registry
from tests.contracts import nasty
from tests.contracts.adapter import Adapter
from tests.contracts.protocol import check_refused
from tests.contracts.routes import mount_of, spots

EVIL = "evil.example"


class HostilityContract:
    """Garbage is refused in the words of the protocol, and leaves nothing behind."""

    @pytest.fixture
    def home(self, registry: Registry, adapter: Adapter) -> Registry:
        """A registry with one package."""
        assert registry.run(adapter.publish()).is_success
        return registry

    def test_garbage_in_any_field_of_any_route_is_refused(self, home: Registry, adapter: Adapter) -> None:
        for spot in spots(home, adapter.protocol):
            for name in spot.fields:
                for value in nasty.VALUES:
                    path = spot.path({**spot.sample(adapter), name: value})
                    for method in spot.methods:
                        self._behaves(adapter, home, adapter.request(spot.template, method, path))
        assert home.scratch() == []

    def test_garbage_behind_any_route_is_refused(self, home: Registry, adapter: Adapter) -> None:
        for base in {spot.base for spot in spots(home, adapter.protocol)}:
            for path in nasty.PATHS:
                for method in METHODS:
                    answer = home.ask(Ask(method, base + path, b"x" if method in ("PUT", "POST") else None))
                    assert 400 <= answer.status < 500 or method == "OPTIONS", (method, path, answer.everything())
                    assert "x-evil" not in answer.headers
                    if base and method not in ("HEAD", "OPTIONS"):
                        check_refused(adapter, answer)

    def test_garbage_in_any_body_query_or_header_is_answered(self, home: Registry, adapter: Adapter) -> None:
        for spot in spots(home, adapter.protocol):
            for ask in spot.asks(adapter):
                for query in nasty.QUERIES:
                    self._behaves(adapter, home, ask.having(path=f"{ask.path}?{query}"))
                for headers in nasty.HEADERS:
                    self._behaves(adapter, home, ask.having(headers))
                for body in nasty.BODIES if ask.body is not None else ():
                    for content_type in (ask.headers["Content-Type"], "application/json", ""):
                        self._behaves(adapter, home, ask.having({"Content-Type": content_type}, body=body))
        assert home.scratch() == []

    @settings(
        max_examples=300,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(data=st.data())
    def test_whatever_is_asked_is_answered(self, home: Registry, adapter: Adapter, data: st.DataObject) -> None:
        spot = data.draw(st.sampled_from(spots(home, adapter.protocol)))
        sample = spot.sample(adapter)
        values = {name: data.draw(st.one_of(st.just(sample[name]), st.text(max_size=20))) for name in spot.fields}
        method = data.draw(st.sampled_from(METHODS))
        body = data.draw(st.one_of(st.none(), st.binary(max_size=40), st.text(alphabet='{}[]":,a1', max_size=40)))
        headers = data.draw(
            st.dictionaries(
                st.sampled_from(
                    ["Accept", "Range", "If-None-Match", "Content-Type", "Content-Encoding", "Authorization"]
                ),
                st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
                max_size=2,
            )
        )
        body = body.encode() if isinstance(body, str) else body
        self._behaves(adapter, home, Ask(method, spot.path(values), body, headers))

    def test_what_is_not_what_it_claims_to_be_is_not_published(self, home: Registry, adapter: Adapter) -> None:
        hostile = adapter.hostile()
        assert hostile
        before, offers = adapter.visible(home.stored()), adapter.offers(home.reader())
        accepted = []
        for what, (*first, last) in hostile.items():
            for ask in first:
                home.ask(ask)
            answer = home.ask(last)
            if answer.is_success:
                accepted.append(what)
            else:
                check_refused(adapter, answer)
            assert "x-evil" not in answer.headers, what
            assert "\n" not in answer.reason, what
        assert accepted == []
        assert adapter.offers(home.reader()) == offers
        assert adapter.listed(home.reader()) == {adapter.package}
        assert adapter.visible(home.stored()) == before
        assert home.scratch() == []

    def test_a_body_that_unpacks_without_end_is_refused(self, home: Registry, adapter: Adapter) -> None:
        bomb = gzip.compress(bytes(256 << 20), 9)
        for spot in spots(home, adapter.protocol):
            for ask in spot.asks(adapter):
                if ask.body is not None:
                    answer = home.ask(ask.having({"Content-Encoding": "gzip"}, body=bomb))
                    assert answer.status < 500, (ask.method, ask.path, answer.everything())
        assert home.scratch() == []

    def test_links_never_lead_to_a_foreign_host(self, home: Registry, adapter: Adapter) -> None:
        offer = adapter.offers(home.reader())["1.0.0"]
        forged = {
            "X-Forwarded-Host": EVIL,
            "X-Forwarded-Proto": "gopher",
            "X-Forwarded-Prefix": f"//{EVIL}",
            "X-Forwarded-Server": EVIL,
            "X-Original-URL": f"//{EVIL}/",
            "Forwarded": f"host={EVIL};proto=https",
        }
        asks = [Ask("GET", offer.path), Ask("GET", adapter.index())]
        asks += [ask for spot in spots(home, adapter.protocol) for ask in spot.asks(adapter) if ask.method == "GET"]
        for ask in asks:
            believed = home.ask(ask.having(forged))
            assert f"//{EVIL}" not in believed.everything(), ask.path
            assert "gopher" not in believed.everything(), ask.path
            for host in (
                EVIL,
                f"{EVIL}:80",
                f"localhost@{EVIL}",
                f"localhost.{EVIL}",
                f"127.0.0.1.{EVIL}",
                "localhost:80:80",
            ):
                poisoned = home.ask(ask.having({"Host": host}))
                assert f"//{host}" not in poisoned.everything(), ask.path
                assert f"//{EVIL}" not in poisoned.everything(), ask.path
                assert poisoned.status < 500, ask.path

    def test_links_lead_to_the_public_url_whatever_the_host(self, tmp_path: Path, adapter: Adapter) -> None:
        home = Registry(tmp_path, server=ServerSettings(public_url="https://registry.example:8443/base"))
        assert home.run(adapter.publish()).is_success
        for host in ("localhost", EVIL, ""):
            read = partial(home.get, Host=host)
            offer = adapter.offers(read)["1.0.0"]
            assert read(offer.path).status == 200
            answer = read(adapter.index())
            assert EVIL not in answer.everything()
            assert "localhost" not in answer.everything()

    def test_addresses_are_believed_of_trusted_proxies_only(
        self, tmp_path: Path, adapter: Adapter, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for trusted, expected in (((), "127.0.0.1"), (("127.0.0.1",), "203.0.113.9")):
            server, log = ServerSettings(trusted_proxies=trusted), LogSettings()
            home = Registry(tmp_path / expected, server=server, log=log)
            home.get(adapter.index(), X_Forwarded_For="198.51.100.1, 203.0.113.9")
            assert f'"ip": "{expected}"' in capsys.readouterr().err

    def test_no_secret_is_logged_or_told(
        self, tmp_path: Path, adapter: Adapter, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        home = Registry(tmp_path, log=LogSettings())
        secret = "canary-5ecret"
        answers: list[Answer] = [home.run(adapter.publish())]
        carriers = [
            {"Authorization": f"Bearer {secret}"},
            {"Authorization": basic("owner", secret)},
            {"Authorization": basic(secret, "")},
            {"Authorization": secret},
            {
                "Authorization": f"Bearer {home.tokens[OWNER]}",
                "Referer": f"https://x/?token={secret}",
                "Cookie": f"session={secret}",
            },
        ]
        queries = ("token", "access_token", "sig", "X-Amz-Signature", "password", "_authToken", "refresh_token")
        mount = mount_of(home, adapter.protocol)
        for path in (
            adapter.index().partition("?")[0],
            f"{mount.path}/-/user/token/{secret}",
            f"{mount.path}/-/npm/v1/tokens/token/{secret}",
        ):
            for headers in carriers:
                answers += [home.ask(Ask(method, path, None, headers), None) for method in ("GET", "DELETE", "PUT")]
            answers += [home.ask(Ask("GET", f"{path}?{name}={secret}&a=b")) for name in queries]
        seen = capsys.readouterr()
        assert seen.err.count("\n") >= len(answers)
        for text in (seen.err, seen.out, caplog.text):
            for each in (
                secret,
                home.tokens[OWNER],
                basic("owner", secret),
                as_token(home.tokens[OWNER])["Authorization"],
            ):
                assert each not in text, [line for line in text.splitlines() if each in line]
        for answer in answers:
            assert home.tokens[OWNER] not in answer.everything()

    def test_a_failure_of_ours_is_told_without_details(
        self, home: Registry, adapter: Adapter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("details of /var/lib/registry")

        for name in ("stat", "read", "open", "list"):
            monkeypatch.setattr(home.services.storage.driver, name, fail)
        answer = home.get(adapter.index(), None)
        check_refused(adapter, answer, 500)
        assert "/var/lib" not in answer.everything()
        assert answer.headers["x-request-id"] in caplog.text
        assert "details of" in caplog.text

    def _behaves(self, adapter: Adapter, home: Registry, ask: Ask) -> None:
        environ = environ_of(ask.having({**as_token(home.tokens[OWNER]), **ask.headers}))
        environ["wsgi.input"] = io.BytesIO(ask.body or b"")
        answer = call(home.app, environ)
        shown = (
            ask.method,
            ask.path[:300],
            dict(ask.headers),
            (ask.body or b"")[:100],
            answer.status,
            answer.body[:300],
        )
        assert answer.status < 500, shown
        assert "x-evil" not in answer.headers, shown
        assert not any(character in answer.reason for character in "\r\n\x00"), shown
        if answer.status >= 400 and ask.method not in ("HEAD", "OPTIONS"):
            adapter.check_refusal(answer)
        location = answer.headers.get("location", "")
        assert not location.startswith("//"), shown
        assert EVIL not in location
