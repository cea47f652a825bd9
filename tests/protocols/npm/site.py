"""A registry behind the whole application, asked without a socket."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from falcon import testing

from registry.app import create_app, open_services, resolve_mounts
from registry.auth.auth_token import TokenOptions
from registry.auth.scopes import parse_scope
from registry.config import AuthSettings, LimitSettings, LogSettings, Settings, StorageSettings
from registry.protocols.npm.store import read_listing
from tests.builders.npm import make_document

PASSWORD = "correct horse"
CORGI = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class Site:
    """A registry of its own in `directory`, with the users alice, bob and root, an administrator.

    The `person` among them has a password, the others only tokens.
    """

    directory: Path
    person: str = ""
    auth: AuthSettings = field(default_factory=AuthSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)

    def __post_init__(self) -> None:
        settings = Settings(
            storage=StorageSettings(data_dir=self.directory),
            auth=self.auth,
            limits=self.limits,
            log=LogSettings(access=False),
        )
        self.services = open_services(settings)
        for name in ("alice", "bob", "root"):
            # Hashing a password takes long: only one of them has one.
            password = PASSWORD if name == self.person else None
            self.services.auth.users.add(name, password, email=f"{name}@example.com", admin=name == "root")
        self.tokens = {name: self.issue(name) for name in ("alice", "bob", "root")}
        (mount,) = (each for each in resolve_mounts(settings) if each.id == "npm")
        self.catalog = self.services.catalog(mount, read_listing)
        self._client = testing.TestClient(create_app(settings), headers={"Host": "localhost"})

    def issue(self, user: str = "alice", *scopes: str, **options: Any) -> str:
        """A token of the user, with less rights than the user's where scopes are given."""
        if scopes:
            options["scopes"] = tuple(map(parse_scope, scopes))
        return self.services.auth.create_token(user, "npm", TokenOptions(**options)).secret

    def ask(self, method: str, path: str, who: str | None = "alice", body: Any = ..., **options: Any) -> testing.Result:
        """The answer to a user, to the holder of a token, or to nobody; the body is sent as JSON unless it is bytes."""
        headers = {"Host": "localhost", **options.pop("headers", {})}
        if who is not None and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.tokens.get(who, who)}"
        if body is not ...:
            options["body"] = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        return self._client.simulate_request(method, f"/npm{path}", headers=headers, remote_addr="127.0.0.1", **options)

    def get(self, path: str, who: str | None = None, accept: str | None = None, **headers: str) -> testing.Result:
        """The answer to a GET; headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", path, who, headers=named | ({"Accept": accept} if accept is not None else {}))

    def publish(
        self, name: str = "demo", version: str = "1.0.0", who: str | None = "alice", **odd: Any
    ) -> testing.Result:
        """The answer to a publication."""
        return self.ask("PUT", f"/{name.replace('/', '%2f')}", who, make_document(name, version, **odd))

    def packument(self, name: str = "demo", who: str | None = "alice", accept: str | None = None) -> Any:
        """The document of a package as that user sees it."""
        answer = self.get(f"/{name}", who, accept)
        assert answer.status_code == 200, answer.text
        return answer.json

    def unpublish(self, name: str, *versions: str, who: str = "alice") -> testing.Result:
        """The answer to npm's way to unpublish versions: the document without them is sent back."""
        document = self.packument(name)
        rev = document["_rev"]
        for version in versions:
            del document["versions"][version]
        kept = document["versions"]
        document["dist-tags"] = {tag: each for tag, each in document["dist-tags"].items() if each in kept}
        return self.ask("PUT", f"/{name}/-rev/{rev}", who, document)
