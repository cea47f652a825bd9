"""A PyPI index on a real server: filled by plain requests, watched through its log."""

import base64
import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from tests.builders.pypi import make_form, make_multipart, make_wheel, wheel_filename
from tests.clients.server import Server


@dataclass
class Index:
    """The index of a server. Tests share the server, so each has projects of its own."""

    server: Server
    start: int = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    @property
    def url(self) -> str:
        return f"{self.server.url}/pypi/"

    @property
    def simple(self) -> str:
        return f"{self.url}simple/"

    @property
    def credentials(self) -> str:
        """What goes before the host in a URL."""
        return f"__token__:{self.server.token}"

    @property
    def private_simple(self) -> str:
        return self.simple.replace("://", f"://{self.credentials}@")

    def publish(
        self, name: str, version: str = "1.0", data: bytes | None = None, filename: str = "", **form: Any
    ) -> bytes:
        """The file, a wheel unless `data` says otherwise, after it was published."""
        data = make_wheel(name, version) if data is None else data
        fields = make_form(data, name, version, **form)
        body, content_type = make_multipart(fields, filename or wheel_filename(name, version), data)
        self._ask("POST", self.url, body, content_type)
        return data

    def put(self, path: str, value: Any) -> None:
        """Send a JSON object to a path below the base."""
        self._ask("PUT", self.url + path, json.dumps(value).encode(), "application/json")

    def page(self, name: str) -> Any:
        """The project's page."""
        return self._get(f"{self.simple}{name}/", "application/vnd.pypi.simple.v1+json")

    def files(self, name: str) -> list[str]:
        """The names of the project's files, sorted."""
        return sorted(file["filename"] for file in self.page(name)["files"])

    def info(self, name: str) -> Any:
        """What the JSON API says of the latest release."""
        return self._get(f"{self.url}{name}/json", "application/json")["info"]

    def forget(self) -> None:
        """Requests from now on only are told by `requests`."""
        self.start = len(self.server.log)

    def requests(self, name: str) -> list[str]:
        """Method, path and status of the requests whose path holds `name`; those of `publish` and its kin left out."""
        lines = [json.loads(line) for line in self.server.log[self.start :].splitlines() if line.startswith("{")]
        return [
            f"{line['method']} {line['path']} {line['status']}"
            for line in lines
            if name in line["path"] and not line["agent"].startswith("Python-urllib")
        ]

    def _get(self, url: str, accept: str) -> Any:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=30) as answer:
            return json.load(answer)

    def _ask(self, method: str, url: str, body: bytes, content_type: str) -> None:
        authorization = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        headers = {"Authorization": authorization, "Content-Type": content_type}
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=30) as answer:
            assert answer.status in {200, 204}
