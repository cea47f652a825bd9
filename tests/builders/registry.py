"""A whole registry in this process, asked without a socket."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.app import create_app, open_services
from registry.auth.auth_token import TokenOptions
from registry.auth.scopes import parse_scope
from registry.config import CacheSettings, LogSettings, Settings, StorageSettings
from registry.storage.driver import Stat
from tests.builders.asking import Answer, Ask, as_token, call, environ_of

OWNER, READER, STRANGER, ADMIN = "owner", "reader", "stranger", "admin"


class Registry:
    """A registry in memory, or on the store of `storage`; `tokens` has one for each of:

    an owner, who may do everything with packages; a reader, whose token is read-only; a stranger, who may do things
    elsewhere only; an admin. They are made unless given.
    """

    def __init__(
        self,
        directory: Path,
        storage: StorageSettings | None = None,
        tokens: Mapping[str, str] | None = None,
        **sections: Any,
    ) -> None:
        storage = storage or StorageSettings(driver="memory", data_dir=directory)
        cache, log = CacheSettings(directory=str(directory / "cache")), LogSettings(access=False)
        self.settings = Settings(**{"storage": storage, "cache": cache, "log": log, **sections})
        self.services = open_services(self.settings)
        self.app = create_app(self.settings, self.services)
        self.tokens = dict(tokens or self._tokens())

    def _tokens(self) -> dict[str, str]:
        users = self.services.auth.users
        for name, admin, scopes in ((OWNER, False, None), (STRANGER, False, ["elsewhere:*:*:*"]), (ADMIN, True, None)):
            users.add(name, email=f"{name}@example.com", admin=admin, scopes=scopes)
        return {
            OWNER: self.issue(OWNER),
            READER: self.issue(OWNER, readonly=True),
            STRANGER: self.issue(STRANGER),
            ADMIN: self.issue(ADMIN),
        }

    def issue(self, user: str = OWNER, *scopes: str, **options: Any) -> str:
        """A token of the user, with all rights of the user or with these."""
        if scopes:
            options["scopes"] = tuple(map(parse_scope, scopes))
        return self.services.auth.create_token(user, options=TokenOptions(**options)).secret

    def ask(self, ask: Ask, who: str | None = OWNER, **environ: Any) -> Answer:
        """The answer to one of those with a token, or to nobody."""
        headers = {**as_token(self.tokens[who] if who else None), **ask.headers}
        return call(self.app, {**environ_of(ask.having(headers)), **environ})

    def get(self, path: str, who: str | None = OWNER, **headers: str) -> Answer:
        """The answer to a GET; header names are written with underscores."""
        return self.ask(Ask("GET", path, None, {name.replace("_", "-"): value for name, value in headers.items()}), who)

    def reader(self, who: str | None = OWNER) -> Callable[[str], Answer]:
        """What gets paths."""
        return lambda path: self.get(path, who)

    def run(self, asks: Sequence[Ask], who: str | None = OWNER) -> Answer:
        """The answer to the last of the requests, or the first refusal."""
        for ask in asks[:-1]:
            answer = self.ask(ask, who)
            if not answer.is_success:
                return answer
        return self.ask(asks[-1], who)

    def stored(self) -> dict[str, str]:
        """The version token of every object of the packages."""
        items = (item for item in self.services.storage.list("") if isinstance(item, Stat))
        return {item.key: item.token for item in items if not item.key.startswith(("auth/", "_"))}

    def scratch(self) -> list[Path]:
        """The temporary files of the store."""
        return sorted(self.services.storage.driver.scratch().iterdir())
