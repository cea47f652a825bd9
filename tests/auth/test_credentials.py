import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.auth.credentials import BasicCredentials, BearerToken, parse_authorization
from registry.errors import Invalid


def basic(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


@pytest.mark.parametrize("header", [None, "", " ", "\t"])
def test_no_header_is_no_credentials(header: str | None) -> None:
    assert parse_authorization(header) is None


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_basic_credentials_are_split_at_the_first_colon(scheme: str) -> None:
    assert parse_authorization(f"{scheme} {basic('alice:pa:ss')}") == BasicCredentials("alice", "pa:ss")


@pytest.mark.parametrize("header", ["Bearer abc.def-1_~+/=", "bearer   abc.def-1_~+/=", "abc.def-1_~+/="])
def test_a_token_comes_with_or_without_its_scheme(header: str) -> None:
    assert parse_authorization(header) == BearerToken("abc.def-1_~+/=")


def test_an_empty_password_or_user_is_passed_on() -> None:
    assert parse_authorization(f"Basic {basic('token:')}") == BasicCredentials("token", "")
    assert parse_authorization(f"Basic {basic(':token')}") == BasicCredentials("", "token")


def test_base64_without_its_padding_is_taken() -> None:
    assert parse_authorization("Basic " + basic("a:bc").rstrip("=")) == BasicCredentials("a", "bc")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_beyond_ascii_comes_in_either_encoding(encoding: str) -> None:
    assert parse_authorization(f"Basic {basic('alice:grün', encoding)}") == BasicCredentials("alice", "grün")


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer ä",
        "Basic !!!!",
        f"Basic {basic('no colon')}",
        f"Basic {basic('alice:a' + chr(0))}",
        f"Basic {basic('alice' + chr(10) + ':a')}",
        "Digest username=x",
        "Negotiate abc",
        "two words",
        "tökén",
        "${NPM_TOKEN}",
        "Bearer " + "a" * 20_000,
    ],
)
def test_garbage_is_refused(header: str) -> None:
    with pytest.raises(Invalid):
        parse_authorization(header)


@given(st.text(max_size=200))
def test_any_header_is_read_or_refused(header: str) -> None:
    with contextlib.suppress(Invalid):
        parse_authorization(header)


@pytest.mark.parametrize("credentials", [BasicCredentials("alice", "canary-secret"), BearerToken("canary-secret")])
def test_secrets_are_not_in_the_repr(credentials: object) -> None:
    assert "canary" not in repr(credentials)
