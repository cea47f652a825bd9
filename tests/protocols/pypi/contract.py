"""What the suites over all protocols need to know of PyPI's."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

from registry.protocols.pypi.index import SIMPLE_JSON
from tests.builders.asking import Answer, Ask
from tests.builders.pypi import (
    make_form,
    make_metadata,
    make_multipart,
    make_sdist,
    make_tar_gz,
    make_wheel,
    sdist_filename,
    wheel_filename,
)
from tests.contracts.adapter import Adapter, Offer, Read


class PypiAdapter(Adapter):
    """Wheels, published as twine does."""

    protocol = "pypi"
    # A page that says where uploads go; never a secret.
    public = frozenset((template, "GET") for template in ("/", "/legacy/", "/legacy"))

    def publish(self, version: str = "1.0.0", content: bytes = b"", package: str = "") -> Sequence[Ask]:
        name = package or self.package
        data = make_wheel(name, version, files={f"{name}/content": content})
        return [upload(data, wheel_filename(name, version), name, version)]

    def mismatched(self, version: str = "1.0.0") -> Sequence[Ask]:
        data = make_wheel(self.package, version)
        digest = hashlib.sha256(data + b"!").hexdigest()
        return [upload(data, wheel_filename(self.package, version), self.package, version, sha256_digest=digest)]

    def index(self, package: str = "") -> str:
        return f"/simple/{package or self.package}/?format={SIMPLE_JSON}"

    def offers(self, read: Read, package: str = "") -> Mapping[str, Offer]:
        path = self.index(package)
        answer = read(path)
        if answer.status == 404:
            return {}
        files = answer.json["files"]
        offers = {
            file["filename"].split("-")[1]: Offer(urljoin(path, file["url"]), "sha256", file["hashes"]["sha256"])
            for file in files
        }
        assert sorted(offers) == sorted(answer.json["versions"])
        return offers

    def listed(self, read: Read) -> set[str]:
        return {project["name"] for project in read(f"/simple/?format={SIMPLE_JSON}").json["projects"]}

    def check_refusal(self, answer: Answer) -> None:
        if answer.headers["content-type"] == "application/json":
            assert set(json.loads(answer.body)) == {"code", "message"}
        else:
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert answer.text.endswith("\n")
            assert answer.text.count("\n") == 1

    def samples(self, version: str = "1.0.0", content: bytes = b"") -> Mapping[str, str]:
        filename = wheel_filename(self.package, version)
        return {
            "project": self.package,
            "version": version,
            "filename": filename,
            "/packages/{project}/{target:filename}/yank target": filename,
            "/{project}/{target:version}/yank target": version,
        }

    def request(self, template: str, method: str, path: str) -> Ask:
        if method == "POST":
            return self.publish("2.0.0")[0].having(path=path)
        if template.endswith("/status"):
            return Ask(method, path, b'{"status": "archived"}', {"Content-Type": "application/json"})
        return super().request(template, method, path)

    def hostile(self) -> Mapping[str, Sequence[Ask]]:
        name, version = self.package, "6.6.6"
        wheel, wheel_name, sdist_name = (
            make_wheel(name, version),
            wheel_filename(name, version),
            sdist_filename(name, version),
        )
        bomb = make_wheel(name, version, metadata=make_metadata(name, version, "x" * (64 << 20)))
        top = f"{name}-{version}"
        files = {
            "metadata that unpacks to 64 MiB": (bomb, wheel_name),
            "a source distribution that unpacks a thousandfold": (
                make_tar_gz({f"{top}/zeros": bytes(256 << 20), f"{top}/PKG-INFO": make_metadata(name, version)}),
                sdist_name,
            ),
            "a member that leaves the directory": (
                make_sdist(name, version, omit=["PKG-INFO"], files={"../PKG-INFO": make_metadata(name, version)}),
                sdist_name,
            ),
            "bytes behind the archive": (wheel + b"more", wheel_name),
            "two archives in one": (wheel + wheel, wheel_name),
            "an entry twice": (twice(wheel), wheel_name),
            "another name in the metadata": (
                make_wheel(name, version, metadata=make_metadata("evil", version)),
                wheel_name,
            ),
            "another version in the metadata": (
                make_wheel(name, version, metadata=make_metadata(name, "7")),
                wheel_name,
            ),
            "another name in the file name": (wheel, wheel_filename("evil", version)),
            "no archive at all": (b"MZ" + bytes(100), wheel_name),
        }
        asks = {what: [upload(data, filename, name, version)] for what, (data, filename) in files.items()}
        for odd in (
            "../" + wheel_name,
            "a/" + wheel_name,
            wheel_name + "\x00",
            wheel_name + "\r\nX-Evil: 1",
            "a" * 9000,
        ):
            asks[f"the file name {odd[:40]!r}"] = [upload(wheel, odd, name, version)]
        for odd in ("..", "../../etc/passwd", "-rf", "a\nb", "dеmo", "a" * 50_000, "con\x00", "%2e%2e", ""):
            asks[f"the name {odd[:40]!r}"] = [upload(wheel, wheel_name, name, version, name=odd)]
        for odd in ("", "1.0/../..", "0" * 50_000, "1.0\r\nX: y", "x"):
            asks[f"the version {odd[:40]!r}"] = [upload(wheel, wheel_name, name, version, version=odd)]
        return asks


def upload(data: bytes, filename: str, project: str, release: str, **odd: str) -> Ask:
    """An upload of the file as twine sends it, `odd` fields replaced."""
    kind = {} if filename.endswith(".whl") else {"filetype": "sdist", "pyversion": "source"}
    fields = {**make_form(data, project, release, **kind), **{name: [value] for name, value in odd.items()}}
    body, content_type = make_multipart(fields, filename, data)
    return Ask("POST", "/pypi/", body, {"Content-Type": content_type})


def twice(archive: bytes) -> bytes:
    """The zip archive with its first entry listed twice."""
    end = archive.rindex(b"PK\x05\x06")
    size, start = struct.unpack("<LL", archive[end + 12 : end + 20])
    names, extra, comment = struct.unpack("<HHH", archive[start + 28 : start + 34])
    entry = archive[start : start + 46 + names + extra + comment]
    count = struct.unpack("<H", archive[end + 10 : end + 12])[0] + 1
    tail = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, size + len(entry), start, 0)
    return archive[:end] + entry + tail


ADAPTER = PypiAdapter()
