"""Pull and push with the programs that people use."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.asking import Ask, as_token, send
from tests.clients.oci import Containers
from tests.clients.programs import Desk, require_program
from tests.clients.server import Server, serving

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture
def containers(desk: Desk, server: Server) -> Iterator[Containers]:
    with tempfile.TemporaryDirectory() as short:
        yield Containers(desk, server, Path(short))


@pytest.mark.client("skopeo", "umoci")
def test_skopeo_copies_lists_inspects_and_deletes(containers: Containers) -> None:
    host, layout = containers.server.host, containers.make_layout()
    containers.log_in("skopeo", "--tls-verify=false")
    containers.run("skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:v1", f"docker://{host}/sk/one:v1")
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    containers.run("skopeo", "copy", *plain, f"docker://{host}/sk/one:v1", f"docker://{host}/sk/two:v2")
    containers.run("skopeo", "copy", "--src-tls-verify=false", f"docker://{host}/sk/two:v2", "oci:back:v1")
    assert containers.manifest("sk/one") == containers.manifest("sk/two", "v2")
    tags = json.loads(containers.run("skopeo", "list-tags", "--tls-verify=false", f"docker://{host}/sk/two"))
    assert tags["Tags"] == ["v2"]
    digest = json.loads(containers.run("skopeo", "inspect", "--tls-verify=false", f"docker://{host}/sk/one:v1"))[
        "Digest"
    ]
    assert containers.ask("HEAD", f"/v2/sk/one/manifests/{digest}").status == 200
    containers.run("skopeo", "delete", "--tls-verify=false", f"docker://{host}/sk/one:v1")
    assert containers.ask("HEAD", f"/v2/sk/one/manifests/{digest}").status == 404
    assert containers.ask("HEAD", "/v2/sk/two/manifests/v2").status == 200
    for blob in [each["digest"] for each in containers.manifest("sk/two", "v2")["layers"]]:
        assert f'"path": "/v2/sk/two/blobs/uploads/?from=sk%2Fone&mount={blob.replace(":", "%3A")}", "status": 201' in (
            containers.server.log
        )


@pytest.mark.client("skopeo", "umoci")
def test_skopeo_pushes_docker_manifests(containers: Containers) -> None:
    host, layout = containers.server.host, containers.make_layout()
    containers.log_in("skopeo", "--tls-verify=false")
    archive = containers.desk.home / "image.tar"
    containers.run("skopeo", "copy", f"oci:{layout}:v1", f"docker-archive:{archive}:some:v1")
    containers.run(
        "skopeo", "copy", "--dest-tls-verify=false", f"docker-archive:{archive}", f"docker://{host}/sk/docker:v1"
    )
    assert containers.manifest("sk/docker")["mediaType"] == DOCKER_MANIFEST


@pytest.mark.client("skopeo", "umoci")
def test_skopeo_pulls_without_an_account(containers: Containers) -> None:
    host, layout = containers.server.host, containers.make_layout()
    credentials = f"--dest-creds=__token__:{containers.server.token}"
    containers.run(
        "skopeo", "copy", "--dest-tls-verify=false", credentials, f"oci:{layout}:v1", f"docker://{host}/open:v1"
    )
    containers.run("skopeo", "copy", "--src-tls-verify=false", f"docker://{host}/open:v1", "oci:back:v1")
    refused = containers.desk.run(
        "skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:v1", f"docker://{host}/open:v2", status=None
    )
    assert refused.returncode != 0
    assert containers.ask("HEAD", "/v2/open/manifests/v2").status == 404


@pytest.mark.client("buildah", "podman", "umoci", "skopeo")
def test_buildah_pushes_what_podman_pulls(containers: Containers) -> None:
    host, layout = containers.server.host, containers.make_layout()
    containers.log_in("podman", "--tls-verify=false")
    containers.store("podman", "pull", f"oci:{layout}:v1")
    (image,) = set(containers.store("podman", "images", "--quiet").split())
    containers.store("buildah", "push", "--tls-verify=false", image, f"docker://{host}/pod/built:v1")
    containers.store("podman", "push", "--tls-verify=false", image, f"{host}/pod/pushed:v1")
    containers.store("podman", "rmi", "--all", "--force")
    for name in ("pod/built", "pod/pushed"):
        containers.store("podman", "pull", "--tls-verify=false", f"{host}/{name}:v1")
    assert image in containers.store("podman", "images", "--quiet").split()


@pytest.mark.client("crane", "skopeo", "umoci")
def test_crane_copies_lists_and_deletes(containers: Containers) -> None:
    host, layout = containers.server.host, containers.make_layout()
    containers.run("crane", "auth", "login", host, "-u", "__token__", "--password-stdin", stdin=containers.server.token)
    containers.run("crane", "push", layout, f"{host}/cr/one:v1")
    containers.run("crane", "copy", f"{host}/cr/one:v1", f"{host}/cr/two:v2")
    assert containers.run("crane", "ls", f"{host}/cr/two").split() == ["v2"]
    assert {"cr/one", "cr/two"} <= set(containers.run("crane", "catalog", host).split())
    digest = containers.run("crane", "digest", f"{host}/cr/two:v2").strip()
    containers.run("crane", "tag", f"{host}/cr/two:v2", "v3")
    containers.run("crane", "delete", f"{host}/cr/two:v2")
    assert containers.run("crane", "ls", f"{host}/cr/two").split() == ["v3"]
    containers.run("crane", "validate", "--remote", f"{host}/cr/two:v3")
    containers.run("crane", "delete", f"{host}/cr/two@{digest}")
    assert containers.run("crane", "ls", f"{host}/cr/two").split() == []


@pytest.mark.client("oras")
def test_oras_attaches_and_discovers(containers: Containers) -> None:
    host = containers.server.host
    containers.log_in("oras", "--plain-http")
    (containers.desk.home / "hello.txt").write_text("hello")
    containers.run("oras", "push", "--plain-http", f"{host}/art/x:v1", "hello.txt:text/plain")
    containers.run(
        "oras", "attach", "--plain-http", "--artifact-type", "application/vnd.sbom", f"{host}/art/x:v1", "hello.txt"
    )
    assert "application/vnd.sbom" in containers.run("oras", "discover", "--plain-http", f"{host}/art/x:v1")
    digest = containers.ask("HEAD", "/v2/art/x/manifests/v1").headers["docker-content-digest"]
    (referrer,) = containers.ask("GET", f"/v2/art/x/referrers/{digest}").json["manifests"]
    assert referrer["artifactType"] == "application/vnd.sbom"
    assert containers.run("oras", "repo", "tags", "--plain-http", f"{host}/art/x").split() == ["v1"]
    containers.run("oras", "copy", "--from-plain-http", "--to-plain-http", "-r", f"{host}/art/x:v1", f"{host}/art/y:v1")
    assert containers.ask("GET", f"/v2/art/y/referrers/{digest}").json["manifests"] == [referrer]
    back = containers.desk.home / "back"
    containers.run("oras", "pull", "--plain-http", f"{host}/art/y:v1", "-o", back)
    assert (back / "hello.txt").read_text() == "hello"


@pytest.mark.client("helm")
def test_helm_pushes_and_pulls_charts(containers: Containers) -> None:
    host = containers.server.host
    containers.log_in("helm", "--plain-http")
    containers.run("helm", "create", "demo")
    containers.run("helm", "package", "demo")
    containers.run("helm", "push", "--plain-http", "demo-0.1.0.tgz", f"oci://{host}/charts")
    assert "name: demo" in containers.run("helm", "show", "chart", "--plain-http", f"oci://{host}/charts/demo")
    (containers.desk.home / "back").mkdir()
    containers.run("helm", "pull", "--plain-http", f"oci://{host}/charts/demo", "--version", "0.1.0", "-d", "back")
    home = containers.desk.home
    assert (home / "back" / "demo-0.1.0.tgz").read_bytes() == (home / "demo-0.1.0.tgz").read_bytes()


@pytest.mark.client("regctl")
def test_regctl_pushes_in_many_chunks(containers: Containers) -> None:
    host, data = containers.server.host, bytes(range(256)) * 20_000
    (containers.desk.home / "big").write_bytes(data)
    containers.run(
        "regctl", "registry", "set", "--tls", "disabled", "--blob-chunk", "1000000", "--blob-max", "1000000", host
    )
    containers.log_in("regctl")
    containers.run("regctl", "artifact", "put", "--artifact-type", "application/big", "-f", "big", f"{host}/reg/x:v1")
    layer = containers.manifest("reg/x")["layers"][0]
    assert containers.ask("GET", f"/v2/reg/x/blobs/{layer['digest']}").body == data
    assert containers.server.log.count('"method": "PATCH", "path": "/v2/reg/x/') >= 5
    containers.run("regctl", "image", "copy", f"{host}/reg/x:v1", f"{host}/reg/y:v1")
    containers.run("regctl", "tag", "rm", f"{host}/reg/y:v1")
    assert containers.run("regctl", "tag", "ls", f"{host}/reg/x").split() == ["v1"]
    assert containers.run("regctl", "tag", "ls", f"{host}/reg/y").split() == []


@pytest.mark.client("docker")
def test_docker_logs_in_without_a_daemon(containers: Containers) -> None:
    containers.log_in("docker")
    assert containers.server.host in (containers.desk.home / ".docker" / "config.json").read_text()
    wrong = containers.desk.run(
        "docker", "login", "-u", "__token__", "--password-stdin", containers.server.host, stdin="wrong", status=None
    )
    assert wrong.returncode != 0


@pytest.mark.parametrize("client", ["docker", "podman", "skopeo", "helm", "oras"])
def test_the_commands_of_setup_log_in(containers: Containers, client: str) -> None:
    require_program(client)
    text = containers.server.run("setup", client, "--token", containers.server.token)
    script = text.replace("127.0.0.1:8080", containers.server.host)
    containers.run("sh", "-euc", script)


def test_blobs_are_sent_and_received_by_every_shape_of_body(containers: Containers) -> None:
    data = bytes(range(256)) * 4096
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    location = containers.ask("POST", "/v2/raw/x/blobs/uploads/", b"").headers["location"]
    pieces = (data[at : at + 10_000] for at in range(0, len(data), 10_000))
    chunked = Ask("PATCH", location, pieces, as_token(containers.server.token))  # type: ignore[arg-type]
    assert send(containers.server.url, chunked).headers["range"] == f"0-{len(data) - 1}"
    assert containers.ask("PUT", f"{location}?digest={digest}", b"").status == 201
    assert containers.ask("GET", f"/v2/raw/x/blobs/{digest}").body == data
    part = containers.ask("GET", f"/v2/raw/x/blobs/{digest}", None, {"Range": "bytes=1000-1999"})
    assert (part.status, part.body) == (206, data[1000:2000])
