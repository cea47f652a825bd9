"""An index behind the whole application, asked without a socket."""

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from falcon import testing

from registry.app import create_app, open_services
from registry.auth.auth_token import TokenOptions
from registry.config import AuthSettings, LimitSettings, LogSettings, ServerSettings, Settings, StorageSettings
from tests.builders.pypi import make_form, make_multipart, make_wheel, wheel_filename


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class Site:
    """A registry of its own in `directory`, with the user ann; `token` may do all she may."""

    directory: Path
    anonymous_read: bool = True
    public_url: str = ""
    limits: LimitSettings = field(default_factory=LimitSettings)

    def __post_init__(self) -> None:
        settings = Settings(
            server=ServerSettings(public_url=self.public_url),
            storage=StorageSettings(data_dir=self.directory),
            auth=AuthSettings(anonymous_read=self.anonymous_read),
            limits=self.limits,
            log=LogSettings(access=False),
        )
        self.services = open_services(settings)
        self.services.auth.users.add("ann", "correct horse")
        self.token = self.issue()
        self._client = testing.TestClient(create_app(settings), headers={"Host": "localhost"})

    def issue(self, **options: Any) -> str:
        """A token of ann with less rights than hers."""
        return self.services.auth.create_token("ann", "pypi", TokenOptions(**options)).secret

    def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> testing.Result:
        headers = {"Host": "localhost", **options.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = basic("__token__", token)
        return self._client.simulate_request(method, path, headers=headers, **options)

    def get(self, path: str, accept: str | None = None, **headers: str) -> testing.Result:
        """The answer to an anonymous GET; headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", path, headers=named | ({"Accept": accept} if accept is not None else {}))

    def upload(
        self,
        data: bytes | None = None,
        filename: str = "",
        name: str = "demo",
        version: str = "1.0",
        *,
        path: str = "/pypi/",
        token: str | None = "",
        accept: str = "*/*",
        last: tuple[str, ...] = (),
        **form: Any,
    ) -> testing.Result:
        """The answer to an upload as twine does it, of a wheel unless `data` says otherwise."""
        data = make_wheel(name, version) if data is None else data
        fields = make_form(data, name, version, **form)
        body, content_type = make_multipart(fields, filename or wheel_filename(name, version), data, last=last)
        headers = {"Content-Type": content_type, "Accept": accept}
        return self.ask("POST", path, self.token if token == "" else token, headers=headers, body=body)
