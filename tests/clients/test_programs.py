import pytest

from tests.clients.programs import Desk, require_program


def test_an_absent_client_skips_the_test_and_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_REQUIRE_CLIENTS", raising=False)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-client"):
        require_program("no-such-client")


def test_an_absent_client_fails_the_test_where_clients_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_REQUIRE_CLIENTS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-client"):
        require_program("no-such-client")


def test_a_client_sees_a_home_of_its_own(desk: Desk) -> None:
    assert desk.run("sh", "-c", "echo $HOME; pwd").stdout.split() == [str(desk.home)] * 2


def test_a_client_that_fails_shows_what_it_printed(desk: Desk) -> None:
    with pytest.raises(pytest.fail.Exception, match="out of paper"):
        desk.run("sh", "-c", "echo out of paper >&2; exit 3")
    assert desk.run("sh", "-c", "exit 3", status=3).returncode == 3
