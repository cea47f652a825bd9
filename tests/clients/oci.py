"""Real container clients, without daemons: where their stores are, and how they are told of plain HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.builders.asking import Answer, Ask, as_token, send
from tests.clients.programs import Desk
from tests.clients.server import Server

USER = "__token__"


@dataclass(frozen=True)
class Containers:
    """A desk with container clients at a server; `short` is a folder of a name as short as podman wants it."""

    desk: Desk
    server: Server
    short: Path

    def run(self, program: str, *arguments: str | Path, **options: Any) -> str:
        """What the client prints."""
        environment = {"BUILDAH_ISOLATION": "chroot", "XDG_RUNTIME_DIR": str(self.desk.home / "run")}
        (self.desk.home / "run").mkdir(mode=0o700, exist_ok=True)
        return self.desk.run(program, *arguments, env=environment, timeout=300, **options).stdout

    def store(self, program: str, *arguments: str | Path, **options: Any) -> str:
        """What podman or buildah prints, on a store of images in the home folder."""
        places = ["--root", self.desk.home / "images", "--runroot", self.short, "--storage-driver", "vfs"]
        return self.run(program, *map(str, places), *arguments, **options)

    def log_in(self, program: str, *options: str) -> None:
        subcommand = ["registry", "login"] if program in ("helm", "regctl") else ["login"]
        credentials = ["--username", USER, "--password-stdin"] if program != "regctl" else ["-u", USER, "--pass-stdin"]
        self.run(program, *subcommand, *options, *credentials, self.server.host, stdin=self.server.token)

    def make_layout(self, name: str = "layout", size: int = 100_000) -> Path:
        """An image with one layer, as a directory that skopeo reads as `oci:<directory>:v1`."""
        layout, files = self.desk.home / name, self.desk.home / f"{name}-files"
        files.mkdir()
        (files / "content").write_bytes(bytes(range(256)) * (size // 256))
        self.run("umoci", "init", "--layout", layout)
        self.run("umoci", "new", "--image", f"{layout}:v1")
        self.run("umoci", "insert", "--image", f"{layout}:v1", "--rootless", files, "/data")
        return layout

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The server's answer to the administrator."""
        return send(self.server.url, Ask(method, path, body, {**as_token(self.server.token), **(headers or {})}))

    def manifest(self, name: str, reference: str = "v1") -> Any:
        answer = self.ask("GET", f"/v2/{name}/manifests/{reference}")
        assert answer.status == 200, answer.text
        return json.loads(answer.body)
