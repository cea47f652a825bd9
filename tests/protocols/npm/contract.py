"""What the suites over all protocols need to know of npm's."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from tests.builders.asking import Answer, Ask
from tests.builders.pypi import make_tar_gz
from tests.contracts.adapter import JSON, Adapter, Offer, Read


class NpmAdapter(Adapter):
    """Packages, published as npm does."""

    protocol = "npm"
    public = frozenset(
        {
            ("/-/ping", "GET"),
            ("/-/npm/v1/keys", "GET"),
            # The login itself, and the wait for it, which the unguessable id in the URL allows.
            ("/-/v1/login", "POST"),
            *(("/-/v1/done", method) for method in ("GET", "POST", "PUT", "DELETE", "PATCH")),
            ("/-/user/org.couchdb.user:{user}", "PUT"),
            ("/-/user/org.couchdb.user:{user}/-rev/{rev}", "PUT"),
            # The secret in the path is the credential.
            ("/-/user/token/{token}", "DELETE"),
        }
    )
    personal = frozenset(
        {
            ("/-/whoami", "GET"),
            ("/-/npm/v1/user", "GET"),
            ("/-/npm/v1/user", "POST"),
            ("/-/npm/v1/tokens", "GET"),
            ("/-/npm/v1/tokens", "POST"),
            ("/-/npm/v1/tokens/token/{token}", "DELETE"),
            # `npm owner add` looks users up.
            ("/-/user/org.couchdb.user:{user}", "GET"),
            ("/-/user/org.couchdb.user:{user}/-rev/{rev}", "GET"),
        }
    )
    # The first member founds an organisation.
    administrative = frozenset(
        {("/-/org/{scope}/user", "PUT"), ("/-/org/{scope}/team", "PUT"), ("/org/{scope}/team", "PUT")}
    )
    harmless = frozenset(
        {
            ("/-/npm/v1/security/advisories/bulk", "POST"),
            ("/-/npm/v1/security/audits/quick", "POST"),
            ("/-/npm/v1/security/audits", "POST"),
        }
    )

    def publish(self, version: str = "1.0.0", content: bytes = b"", package: str = "") -> Sequence[Ask]:
        name = package or self.package
        return [publish(name, version, make_tarball(name, version, content))]

    def mismatched(self, version: str = "1.0.0") -> Sequence[Ask]:
        tarball = make_tarball(self.package, version)
        integrity = integrity_of(tarball + b"!")
        return [publish(self.package, version, tarball, {"dist": {"integrity": integrity}})]

    def index(self, package: str = "") -> str:
        return f"/npm/{quote(package or self.package, safe='@')}"

    def offers(self, read: Read, package: str = "") -> Mapping[str, Offer]:
        answer = read(self.index(package))
        if answer.status == 404:
            return {}
        dists = {version: manifest["dist"] for version, manifest in answer.json["versions"].items()}
        return {
            version: Offer(urlsplit(dist["tarball"]).path, "sha512", hex_of(dist["integrity"]))
            for version, dist in dists.items()
        }

    def listed(self, read: Read) -> set[str]:
        answer = read("/npm/-/v1/search?text=&size=250")
        return {found["package"]["name"] for found in answer.json["objects"]} if answer.status == 200 else set()

    def check_refusal(self, answer: Answer) -> None:
        assert answer.headers["content-type"] == "application/json"
        assert isinstance(json.loads(answer.body)["error"], str)

    def samples(self, version: str = "1.0.0", content: bytes = b"") -> Mapping[str, str]:
        filename = f"{self.package}-{version}.tgz"
        return {
            "package": self.package,
            "version": version,
            "filename": filename,
            "/{package}/-/{filename:alias} filename": f"@scope/{filename}",
            "/{package}/-/{filename:alias}/-rev/{rev} filename": f"@scope/{filename}",
            "rev": "1-0",
            "tag": "beta",
            "user": "owner",
            "token": "0123456789abcdef",
            "scope": "acme",
            "team": "developers",
        }

    def request(self, template: str, method: str, path: str) -> Ask:
        ask = super().request(template, method, path + ('?key="owner"' if template.endswith("starredByUser") else ""))
        bodies: dict[str, Any] = {
            "/-/package/{package}/dist-tags/{tag}": "1.0.0",
            "/-/package/{package}/dist-tags": {"beta": "1.0.0"},
            "/-/package/{package}/access": {"access": "restricted"},
            "/-/package/{package}/owners": {"user": "stranger"},
            "/-/org/{scope}/user": {"user": "stranger", "role": "developer"},
            "/-/org/{scope}/team": {"name": "developers"},
            "/org/{scope}/team": {"name": "developers"},
            "/-/team/{scope}/{team}/user": {"user": "stranger"},
            "/team/{scope}/{team}/user": {"user": "stranger"},
            "/-/team/{scope}/{team}/package": {"package": self.package, "permissions": "read-write"},
            "/-/user/v1/star": {"name": self.package},
            "/-/npm/v1/user": {"fullname": "Somebody"},
        }
        if template == "/{package}" and method == "PUT":
            return self.publish("2.0.0")[0].having(path=path)
        if template in bodies and ask.body is not None:
            return ask.having(body=json.dumps(bodies[template]).encode())
        return ask

    def hostile(self) -> Mapping[str, Sequence[Ask]]:
        name, version = self.package, "6.6.6"
        manifest = json.dumps({"name": name, "version": version}).encode()
        tarballs = {
            "no archive at all": b"MZ" + bytes(100),
            "an archive without package.json": make_tar_gz({"package/x": b""}),
            "another name in package.json": make_tarball("evil", version),
            "another version in package.json": make_tarball(name, "7.0.0"),
            "a member that leaves the directory": make_tar_gz({"package/package.json": manifest, "../x": b""}),
            "an absolute member": make_tar_gz({"package/package.json": manifest, "/etc/x": b""}),
            "package.json twice": make_tar_gz({"package/package.json": manifest, "other/package.json": manifest}),
            "a tarball that unpacks a thousandfold": make_tar_gz(
                {"package/package.json": manifest, "package/zeros": bytes(256 << 20)}
            ),
            "a cut archive": make_tarball(name, version, bytes(range(256)) * 10)[:-20],
            "bytes behind the archive": make_tarball(name, version) + b"more",
        }
        asks = {what: publish(name, version, tarball) for what, tarball in tarballs.items()}
        good = make_tarball(name, version)
        for odd in ({"name": "evil"}, {"version": "7.0.0"}, {"name": ".."}, {"scripts": {"install": "evil"}}):
            asks[f"a manifest with {odd}"] = publish(name, version, good, odd)
        for odd_version in ("", "1", "v1.0.0", "1.0.0/../..", "0" * 50_000, "1.0.0\n", "latest", "__proto__"):
            asks[f"the version {odd_version[:30]!r}"] = publish(name, odd_version, make_tarball(name, odd_version))
        for odd_name in (
            "../x",
            "@a/../b",
            "-rf",
            "node_modules",
            "Demo",
            "a b",
            "dеmo",
            "a" * 300,
            "__proto__",
            "@a/b/c",
            "%2e",
        ):
            ask = publish(odd_name, version, make_tarball(odd_name, version))
            asks[f"the name {odd_name[:30]!r}"] = ask
            asks[f"the name {odd_name[:30]!r} in the body"] = ask.having(path=self.index())
        for tag in ("1.0.0", "x", "*", "__proto__", "v1", ">=1"):
            asks[f"the tag {tag!r}"] = publish(name, version, good, tag=tag)
        return {what: [ask] for what, ask in asks.items()}


def make_tarball(name: str, version: str, content: bytes = b"") -> bytes:
    """A package with its package.json and one file."""
    manifest = json.dumps({"name": name, "version": version}).encode()
    return make_tar_gz({"package/package.json": manifest, "package/index.js": content})


def integrity_of(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def hex_of(integrity: str) -> str:
    return base64.b64decode(integrity.removeprefix("sha512-")).hex()


def publish(
    name: str, version: str, tarball: bytes, odd: Mapping[str, Any] | None = None, *, tag: str = "latest"
) -> Ask:
    """A publication as npm sends it, with `odd` parts in the manifest."""
    dist = {"integrity": integrity_of(tarball), "shasum": hashlib.sha1(tarball, usedforsecurity=False).hexdigest()}
    manifest = {"name": name, "version": version, "_id": f"{name}@{version}", "dist": dist, **(odd or {})}
    attachment = {
        "content_type": "application/octet-stream",
        "data": base64.b64encode(tarball).decode(),
        "length": len(tarball),
    }
    document = {
        "_id": name,
        "name": name,
        "dist-tags": {tag: version},
        "versions": {version: manifest},
        "access": None,
        "_attachments": {f"{name}-{version}.tgz": attachment},
    }
    return Ask("PUT", f"/npm/{quote(name, safe='@')}", json.dumps(document).encode(), JSON)


ADAPTER = NpmAdapter()
