import re
from urllib.parse import urlencode

import pytest
from falcon import testing

from registry.app import create_app, open_services
from registry.auth.credentials import BearerToken
from registry.config import load_settings
from registry.plugin import Services

HOST = {"Host": "127.0.0.1:8080"}
PASSWORD = "correct horse"


@pytest.fixture
def services() -> Services:
    services = open_services(load_settings(None, {}, {"storage": {"driver": "memory"}, "log": {"access": False}}))
    services.auth.users.add("alice", PASSWORD)
    return services


@pytest.fixture
def client(services: Services) -> testing.TestClient:
    return testing.TestClient(create_app(services.settings, services), headers=HOST)


def approve(client: testing.TestClient, path: str, **odd: str) -> testing.Result:
    form = {"code": code_of(client, path), "username": "alice", "password": PASSWORD} | odd
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return client.simulate_post(path, body=urlencode(form), headers=headers)


def code_of(client: testing.TestClient, path: str) -> str:
    found = re.search(r'name="code" value="([^"]+)"', client.simulate_get(path).text)
    return found[1] if found else ""


def test_the_home_page_tells_where_each_protocol_is_and_how_to_set_up_its_clients(client: testing.TestClient) -> None:
    page = client.simulate_get("/")
    assert page.status_code == 200
    for text in ("http://127.0.0.1:8080/npm/", "http://127.0.0.1:8080/pypi/", "http://127.0.0.1:8080/", "~/.npmrc"):
        assert text in page.text
    assert "script" not in page.headers["content-security-policy"]


def test_a_login_is_approved_by_password_and_gives_its_token_once(
    client: testing.TestClient, services: Services
) -> None:
    started = services.auth.logins.start(host="laptop", ip="127.0.0.1")
    path = f"/ui/login/{started.login_id}"
    assert started.code in client.simulate_get(path).text
    assert services.auth.finish_login(started.done_id) is None
    assert "Done" in approve(client, path).text
    issued = services.auth.finish_login(started.done_id)
    assert issued is not None
    assert services.auth.identify(BearerToken(issued.secret), protocol="npm").user == "alice"


def test_a_wrong_password_approves_nothing(client: testing.TestClient, services: Services) -> None:
    started = services.auth.logins.start()
    answer = approve(client, f"/ui/login/{started.login_id}", password="guess")
    assert answer.status_code == 401
    assert "wrong" in answer.text
    assert services.auth.finish_login(started.done_id) is None


def test_another_code_approves_nothing(client: testing.TestClient, services: Services) -> None:
    started = services.auth.logins.start()
    assert approve(client, f"/ui/login/{started.login_id}", code="AAAA-AAAA").status_code == 403
    assert services.auth.finish_login(started.done_id) is None


def test_an_unknown_login_has_a_page_that_says_so(client: testing.TestClient) -> None:
    answer = client.simulate_get("/ui/login/" + "0" * 40)
    assert answer.status_code == 404
    assert "expired" in answer.text


def test_what_a_command_line_says_of_itself_is_text(client: testing.TestClient, services: Services) -> None:
    started = services.auth.logins.start(host="<script>alert(1)</script>")
    assert "<script>" not in client.simulate_get(f"/ui/login/{started.login_id}").text
