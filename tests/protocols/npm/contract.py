"""What the suites over all protocols need to know of npm's."""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tests.builders.archives import TAR_END, base256, tar_header, tar_member
from tests.builders.asking import Answer, Ask
from tests.builders.npm import make_document, make_manifest, make_tarball
from tests.contracts.adapter import JSON, Adapter, Offer, Read

BODIES: Final[Mapping[tuple[str, str], Any]] = {
    ("/-/package/{package}/dist-tags", "PUT"): {"beta": "1.0.0"},
    ("/-/package/{package}/dist-tags", "POST"): {"beta": "1.0.0"},
    ("/-/package/{package}/dist-tags/{tag}", "PUT"): "1.0.0",
    ("/-/package/{package}/dist-tags/{tag}", "POST"): "1.0.0",
    ("/-/package/{package}/access", "POST"): {"access": "public"},
    ("/-/package/{package}/owners", "PUT"): {"user": "stranger"},
    ("/-/package/{package}/owners", "DELETE"): {"user": "owner"},
    ("/-/user/v1/star", "PUT"): {"package": "demo"},
    ("/-/user/v1/star", "DELETE"): {"package": "demo"},
    ("/-/org/{scope}/user", "PUT"): {"user": "stranger", "role": "owner"},
    ("/-/org/{scope}/user", "DELETE"): {"user": "owner"},
    ("/-/org/{scope}/team", "PUT"): {"name": "devs"},
    ("/org/{scope}/team", "PUT"): {"name": "devs"},
    ("/-/team/{scope}/{team}/user", "PUT"): {"user": "stranger"},
    ("/-/team/{scope}/{team}/user", "DELETE"): {"user": "stranger"},
    ("/team/{scope}/{team}/user", "PUT"): {"user": "stranger"},
    ("/team/{scope}/{team}/user", "DELETE"): {"user": "stranger"},
    ("/-/team/{scope}/{team}/package", "PUT"): {"package": "@acme/demo", "permissions": "read-write"},
    ("/-/team/{scope}/{team}/package", "DELETE"): {"package": "@acme/demo"},
    ("/{package}/-rev/{rev}", "PUT"): {"versions": {}},
}


class NpmAdapter(Adapter):
    """Packages, published as npm does."""

    protocol = "npm"
    owned = True
    unowned = frozenset({("/-/user/package/{package}/star", "PUT"), ("/-/user/package/{package}/star", "DELETE")})
    public = frozenset(
        {
            ("/-/ping", "GET"),
            ("/-/v1/login", "POST"),
            *(("/-/v1/done", method) for method in ("GET", "PUT", "POST", "DELETE")),
            ("/-/user/org.couchdb.user:{user}", "PUT"),
            ("/-/user/org.couchdb.user:{user}/-rev/{rev}", "PUT"),
            ("/-/user/token/{token}", "DELETE"),
            ("/-/npm/v1/keys", "GET"),
            ("/-/npm/v1/security/advisories/bulk", "POST"),
            ("/-/npm/v1/security/audits/quick", "POST"),
            ("/-/npm/v1/security/audits", "POST"),
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
            ("/-/user/org.couchdb.user:{user}", "GET"),
            ("/-/user/org.couchdb.user:{user}/-rev/{rev}", "GET"),
        }
    )
    administrative = frozenset(
        {("/-/org/{scope}/user", "PUT"), ("/-/org/{scope}/team", "PUT"), ("/org/{scope}/team", "PUT")}
    )

    def publish(self, version: str = "1.0.0", content: bytes = b"", package: str = "") -> Sequence[Ask]:
        name = package or self.package
        tarball = make_tarball(make_manifest(name, version), files={"package/content": content})
        return [put(make_document(name, version, tarball=tarball))]

    def mismatched(self, version: str = "1.0.0") -> Sequence[Ask]:
        return [put(make_document(self.package, version, dist={"integrity": None, "shasum": "0" * 40}))]

    def index(self, package: str = "") -> str:
        return f"/npm/{package or self.package}"

    def offers(self, read: Read, package: str = "") -> Mapping[str, Offer]:
        answer = read(self.index(package))
        if answer.status == 404:
            return {}
        versions = answer.json["versions"]
        dists = {version: manifest["dist"] for version, manifest in versions.items()}
        return {
            version: Offer(urlsplit(dist["tarball"]).path, "sha1", dist["shasum"]) for version, dist in dists.items()
        }

    def listed(self, read: Read) -> set[str]:
        answer = read("/npm/-/v1/search?text=&size=250")
        return {each["package"]["name"] for each in answer.json["objects"]}

    def check_refusal(self, answer: Answer) -> None:
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json) == {"error", "code"}

    def samples(self, version: str = "1.0.0", content: bytes = b"") -> Mapping[str, str]:
        return {
            "package": self.package,
            "version": version,
            "filename": f"{self.package}-{version}.tgz",
            "/{package}/-/{filename:alias} filename": f"@acme/{self.package}-{version}.tgz",
            "/{package}/-/{filename:alias}/-rev/{rev} filename": f"@acme/{self.package}-{version}.tgz",
            "rev": "1-0",
            "tag": "beta",
            "user": "owner",
            "token": hashlib.sha256(b"token").hexdigest()[:16],
            "scope": "acme",
            "team": "devs",
        }

    def request(self, template: str, method: str, path: str) -> Ask:
        if (template, method) == ("/{package}", "PUT"):
            return self.publish("2.0.0")[0].having(path=path)
        if template == "/-/_view/starredByUser":
            return Ask(method, f"{path}?key=%22owner%22")
        body = BODIES.get((template, method))
        if body is not None:
            return Ask(method, path, json.dumps(body).encode(), JSON)
        return super().request(template, method, path)

    def hostile(self) -> Mapping[str, Sequence[Ask]]:
        name, version = self.package, "6.6.6"
        good = make_manifest(name, version)
        members = {"package/package.json": json.dumps(good).encode()}
        tarballs = {
            "a file that unpacks a thousandfold": make_tarball(good, files={"package/zeros": bytes(128 << 20)}),
            "a member that leaves the directory": make_tarball(good, files={"package/../../x": b""}),
            "an absolute member": make_tarball(good, files={"/etc/x": b""}),
            "a second package.json": make_tarball(good, files={"package//package.json": b"{}"}),
            "a negative size": gzip_of(
                tar_member(b"package/package.json", members["package/package.json"]), negative()
            ),
            "a link that leaves the directory": gzip_of(
                tar_member(b"package/package.json", members["package/package.json"]),
                tar_member(b"package/x", kind=b"2", link=b"../../etc/passwd"),
            ),
            "bytes behind the archive": make_tarball(good) + b"more",
            "two archives in one": make_tarball(good) * 2,
            "no archive at all": b"MZ" + bytes(100),
            "another name in package.json": make_tarball(make_manifest("evil", version)),
            "another version in package.json": make_tarball(make_manifest(name, "7.0.0")),
            "other dependencies in package.json": make_tarball({**good, "dependencies": {"evil": "1"}}),
        }
        documents = {what: make_document(name, version, tarball=tarball) for what, tarball in tarballs.items()}
        for odd in ("..", "../../etc/passwd", "-rf", "a\nb", "dеmo", "a" * 50_000, "%2e%2e", "", "__proto__", "evil"):
            documents[f"the name {odd[:40]!r}"] = {**make_document(name, version), "name": odd}
            documents[f"the _id {odd[:40]!r}"] = {**make_document(name, version), "_id": odd}
        for odd in ("", "1.0", "1.0.0/../..", "0" * 50_000, "1.0.0\r\nX: y", "x", "__proto__"):
            documents[f"the version {odd[:40]!r}"] = make_document(name, odd)
        for odd in ("1", "__proto__", "a/b", "a\r\nX-Evil: 1", "x" * 1000):
            documents[f"the tag {odd[:40]!r}"] = make_document(name, version, tag=odd)
        for odd in ("../x.tgz", "x\r\ny.zip", "readme"):
            attachment = make_document(name, version)["_attachments"][f"{name}-{version}.tgz"]
            documents[f"two attachments, one {odd!r}"] = make_document(
                name, version, _attachments={f"{name}-{version}.tgz": attachment, odd: attachment}
            )
        asks = {what: [put(document, name)] for what, document in documents.items()}
        for odd in ("UPPER", "node_modules", "con", "a b", "..", "@acme", "@acme/..", "-x"):
            asks[f"a new package {odd!r}"] = [put(make_document(odd, version))]
        return asks


def put(document: Mapping[str, Any], package: str = "") -> Ask:
    """The document PUT to the URL of the package, by default that which it names."""
    name = quote(package or str(document["name"]), safe="@")
    return Ask("PUT", f"/npm/{name}", json.dumps(document).encode(), JSON)


def negative() -> bytes:
    """A member of a tar archive whose size is less than nothing."""
    return tar_header(b"package/x", size=base256(-512))


def gzip_of(*members: bytes) -> bytes:
    return gzip.compress(b"".join(members) + TAR_END, mtime=0)


ADAPTER = NpmAdapter()
