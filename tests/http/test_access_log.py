import io
import json

import falcon
import pytest

from registry.config import ServerSettings
from registry.http.access_log import AccessLog, redact
from registry.http.request import Request
from tests.builders.asking import Ask, environ_of

SECRET = "5ecret"


@pytest.mark.parametrize(
    "text",
    [
        f"/npm/-/user/token/{SECRET}",
        f"/npm/-/npm/v1/tokens/token/{SECRET}",
        f"/npm/-/v1/done?sessionId={SECRET}",
        f"/v2/x?a=1&token={SECRET}&b=2",
        f"/x?X-Amz-Signature={SECRET}",
        f"/x?PASSWORD={SECRET}",
        f"/x?access_token={SECRET}",
        f"http://user:{SECRET}@host/x",
    ],
)
def test_a_secret_in_a_url_is_left_out(text: str) -> None:
    assert SECRET not in redact(text)


@pytest.mark.parametrize("text", ["/npm/demo", "/npm/@acme/demo?write=true", "/v2/x?digest=sha256:abc", "/x?tokens=1"])
def test_what_is_no_secret_is_kept(text: str) -> None:
    assert redact(text) == text


def test_a_line_is_json_whatever_was_asked() -> None:
    stream = io.StringIO()
    request = Request(environ_of(Ask("GET", '/a%0a%22%00é?q="\n', None, {"User-Agent": 'x"\r\n' * 100})))
    request.id, request.server = "id", ServerSettings()
    response = falcon.Response()
    response.data = b"four"
    AccessLog(stream).write(request, response, 0.0)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["id"] == "id"
    assert json.loads(line)["bytes"] == 4
    assert len(json.loads(line)["agent"]) <= 200
    AccessLog(None).write(request, response, 0.0)
