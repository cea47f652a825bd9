"""OCI: manifests, and blobs of 1 MiB and 1 GiB, beside Debian's docker-registry and distribution 3."""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

from bench import servers
from bench.contests import Case, Contest, Work
from bench.load import BLOCK, Answer, Client, Load, Request, ask, run_through
from bench.options import Options
from bench.reading import get
from bench.servers import Server

REPOSITORY = "bench/app"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
SIZES = {"1 MiB": BLOCK, "1 GiB": 1 << 30}
AT_ONCE = {"1 MiB": 50, "1 GiB": 1}
LIFETIME = "7200"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that no other blob has: a block of its own, repeated."""

    block: bytes
    size: int
    digest: str

    def chunks(self) -> Iterator[bytes]:
        """The bytes, block by block."""
        return (self.block for _ in range(self.size // len(self.block)))


@contextmanager
def contest(place: Path, options: Options) -> Iterator[Contest]:
    """The registry and its peers with the same image."""
    starts = [("", partial(_registry, place / "registry"))]
    starts += [("docker-registry", partial(servers.docker_registry, place / "docker-registry"))]
    starts += [("distribution", partial(servers.distribution, place / "distribution"))]
    with ExitStack() as stack:
        running = [stack.enter_context(start()) for program, start in starts if not program or options.has(program)]
        layers = {name: _blob(size) for name, size in SIZES.items()}
        for server in running:
            _push_image(server, list(layers.values()))
        yield Contest("OCI", running, list(_cases(layers, options)))


@contextmanager
def _registry(data: Path) -> Iterator[Server]:
    """The registry; requests carry a token as docker gets one."""
    with servers.registry(data, environ={"REGISTRY_AUTH__JWT_LIFETIME": LIFETIME}) as server:
        url = f"{server.url}/v2/token?service=registry&scope=repository:{REPOSITORY}:pull,push"
        token = json.loads(ask(Request("GET", url, server.headers)).body)["token"]
        yield replace(server, headers={"Authorization": f"Bearer {token}"})


def _cases(layers: dict[str, Blob], options: Options) -> Iterator[Case]:
    accept = {"Accept": MANIFEST}
    manifest = get(lambda _: f"/v2/{REPOSITORY}/manifests/latest", accept, options.seconds)
    yield Case("manifest by tag", manifest)
    small, large = layers.values()
    yield Case("blob of 1 MiB", get(lambda _: f"/v2/{REPOSITORY}/blobs/{small.digest}", {}, options.seconds))
    yield Case("blob of 1 GiB", partial(_download, large, options.seconds), bulk=True)
    for name, size in SIZES.items():
        yield Case(f"push of {name}", partial(_upload, size, AT_ONCE[name], options.seconds), bulk=size > BLOCK)


def _download(blob: Blob, seconds: float, server: Server) -> Work:
    requests = [Request("GET", f"{server.url}/v2/{REPOSITORY}/blobs/{blob.digest}", server.headers)] * 10
    return lambda: run_through(requests, seconds=seconds)


def _upload(size: int, count: int, seconds: float, server: Server) -> Work:
    blobs = [_blob(size) for _ in range(count)]

    def work() -> Load:
        client = Client(server.url)
        started, done = time.perf_counter(), 0
        for blob in blobs:
            _push_blob(client, server, blob)
            done += 1
            if time.perf_counter() - started > seconds:
                break
        elapsed = time.perf_counter() - started
        client.close()
        return Load(done, done * size, elapsed)

    return work


def _blob(size: int) -> Blob:
    block = os.urandom(BLOCK)
    digest = hashlib.sha256()
    for _ in range(size // BLOCK):
        digest.update(block)
    return Blob(block, size, f"sha256:{digest.hexdigest()}")


def _push_image(server: Server, layers: list[Blob]) -> None:
    client = Client(server.url)
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    described = Blob(config, len(config), f"sha256:{hashlib.sha256(config).hexdigest()}")
    for blob in (described, *layers):
        _push_blob(client, server, blob)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": described.digest, "size": described.size},
        "layers": [{"mediaType": LAYER, "digest": blob.digest, "size": blob.size} for blob in layers],
    }
    headers = {**server.headers, "Content-Type": MANIFEST}
    url = f"{server.url}/v2/{REPOSITORY}/manifests/latest"
    _expect(201, client.ask(Request("PUT", url, headers, json.dumps(manifest).encode())))
    client.close()


def _push_blob(client: Client, server: Server, blob: Blob) -> None:
    """As container clients do: begin an upload, then send all the bytes with the digest."""
    url = f"{server.url}/v2/{REPOSITORY}/blobs/uploads/"
    place = urljoin(url, _expect(202, client.ask(Request("POST", url, server.headers))).headers["location"])
    target = f"{place}{'&' if '?' in place else '?'}digest={blob.digest}"
    headers = {**server.headers, "Content-Type": "application/octet-stream"}
    _expect(201, client.ask(Request("PUT", target, headers, blob.chunks, blob.size)))


def _expect(status: int, answer: Answer) -> Answer:
    if answer.status != status:
        raise RuntimeError(f"{answer.status} instead of {status}: {answer.body[:200]!r}")
    return answer
