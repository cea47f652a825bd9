"""The clients of npm registries at work against a running server, each set up as `registry setup` says."""

import json
import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, ClassVar

from registry.plugin import SetupContext
from registry.protocols.npm.setups import SETUPS
from tests.builders.asking import Answer, Ask, send
from tests.clients.programs import Desk, require_program
from tests.clients.server import Server

NPM = ("npm10", "npm11", "npm12")
PNPM = ("pnpm10", "pnpm12")
CLIENTS = (*NPM, *PNPM, "yarn1", "yarn4", "bun")

SETUP_OF = {"npm": "npm", "pnpm": "pnpm", "yarn1": "yarn1", "yarn4": "yarn", "bun": "bun"}

_PUBLISH: Mapping[str, tuple[str, ...]] = {
    "npm": ("publish",),
    "pnpm": ("publish", "--no-git-checks"),
    "yarn1": ("publish", "--non-interactive"),
    "yarn4": ("npm", "publish"),
    "bun": ("publish",),
}
_INSTALL_FROZEN: Mapping[str, tuple[str, ...]] = {
    "npm": ("ci",),
    "pnpm": ("install", "--frozen-lockfile"),
    "yarn1": ("install", "--frozen-lockfile"),
    "yarn4": ("install", "--immutable"),
    "bun": ("install", "--frozen-lockfile"),
}
# What tests need of yarn 4: an installation that can be looked at.
_YARN4 = "nodeLinker: node-modules\nenableGlobalCache: false\n"


def kind_of(client: str) -> str:
    """The client without the version of npm and pnpm."""
    return client.rstrip("0123456789") if client.startswith(("npm", "pnpm")) else client


@dataclass
class Workbench:
    """A folder to work in with one client, as one user or as nobody; every bench has a home and caches of its own."""

    server: Server
    client: str
    directory: Path
    token: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.directory / "home"
        self.home.mkdir(parents=True)
        self.desk = Desk(self.home)
        (setup,) = (each for each in SETUPS if each.client == SETUP_OF[kind_of(self.client)])
        file = self.home / setup.file.removeprefix("~/")
        file.write_text(setup.render(SetupContext(f"{self.server.url}/npm", self.token)))
        if self.client == "yarn4":
            file.write_text(file.read_text() + _YARN4)

    def package(self, name: str, version: str = "1.0.0", **fields: Any) -> Path:
        """A folder with that package, its index.js holding the version."""
        folder = self.directory / name.replace("/", "_")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        manifest = {"name": name, "version": version, "description": f"About {name}", "license": "MIT", **fields}
        (folder / "package.json").write_text(json.dumps({**manifest, "main": "index.js"}))
        (folder / "index.js").write_text(f"module.exports = {json.dumps(version)};\n")
        (folder / "README.md").write_text(f"# {name}\n")
        if self.client == "yarn4":
            (folder / "yarn.lock").touch()
        return folder

    def run(self, *arguments: str, cwd: Path | None = None, **options: Any) -> CompletedProcess[str]:
        """The finished client."""
        env = {**self.env, **options.pop("env", {})}
        return self.desk.run(self.client, *arguments, cwd=cwd or self.directory, env=env, **options)

    def converse(self, *arguments: str, cwd: Path, answers: Sequence[tuple[str, str]]) -> int:
        """The status of the client at a terminal, where each answer is typed once its question has been asked."""
        master, slave = pty.openpty()
        env = {**self.desk.environment(), "TERM": "dumb"}
        command = [str(require_program(self.client)), *arguments]
        with subprocess.Popen(command, cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave) as process:
            os.close(slave)
            seen, waiting = "", list(answers)
            while piece := _read(master):
                seen += piece
                if waiting and waiting[0][0] in seen:
                    time.sleep(0.3)
                    os.write(master, f"{waiting.pop(0)[1]}\n".encode())
                    seen = ""
            os.close(master)
            return process.wait(30)

    def publish(
        self, name: str, version: str = "1.0.0", *arguments: str, status: int | None = 0, **fields: Any
    ) -> CompletedProcess[str]:
        """The publication of such a package."""
        folder = self.package(name, version, **fields)
        if self.client == "yarn4":
            self.run("install", cwd=folder)
        return self.run(*_PUBLISH[kind_of(self.client)], *arguments, cwd=folder, status=status)

    def install(self, folder: Path) -> None:
        """Install what the folder's package.json says."""
        self.run("install", cwd=folder)

    def install_frozen(self, folder: Path) -> None:
        """Install what the folder's lockfile says."""
        self.run(*_INSTALL_FROZEN[kind_of(self.client)], cwd=folder)

    def installed(self, folder: Path, name: str) -> str:
        """The version that a program in the folder finds of a package."""
        code = f"console.log(require({json.dumps(name)}))"
        return self.desk.run("node", "-e", code, cwd=folder).stdout.strip()

    def api(self, path: str, method: str = "GET", body: Any = None) -> Answer:
        """What the registry says itself, to the user of the bench."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body).encode()
        return send(self.server.url, Ask(method, f"/npm{path}", data, headers))


def _read(terminal: int) -> str:
    """What comes next; nothing when the program has ended, or says nothing for a long time."""
    try:
        ready, _, _ = select.select([terminal], [], [], 30)
        return os.read(terminal, 4096).decode(errors="replace") if ready else ""
    except OSError:
        return ""


class Benches:
    """Makes benches with the token of a user, who is added when first named; "" is nobody."""

    _tokens: ClassVar[dict[tuple[int, str], str]] = {}

    def __init__(self, server: Server, directory: Path) -> None:
        self._server = server
        self._directory = directory
        self._made = 0

    def __call__(self, client: str, user: str = "ann", token: str | None = None) -> Workbench:
        require_program(client)
        self._made += 1
        directory = self._directory / f"bench{self._made}"
        return Workbench(self._server, client, directory, self.token(user) if token is None else token)

    def token(self, user: str) -> str:
        """The token of a user; of the administrator for "admin"."""
        if user in ("", "admin"):
            return self._server.token if user else ""
        key = self._server.port, user
        if key not in self._tokens:
            self._tokens[key] = self._server.add_user(user)
        return self._tokens[key]
