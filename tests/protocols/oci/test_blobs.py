import random
from pathlib import Path

import pytest

from registry.config import MountSettings, StorageSettings
from registry.storage.tombstones import State
from tests.builders.oci import Pusher, digest_of, make_image, refused
from tests.builders.registry import READER, Registry

DATA = random.Random(4).randbytes(2048)
DIGEST = digest_of(DATA)


@pytest.fixture
def pushed(pusher: Pusher) -> Pusher:
    pusher.push_blob(DATA)
    return pusher


def test_a_blob_is_pulled_with_all_that_caches_need(pushed: Pusher) -> None:
    answer = pushed.get(f"blobs/{DIGEST}")
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["docker-content-digest"] == DIGEST
    assert answer.headers["etag"] == f'"{DIGEST}"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "immutable" in answer.headers["cache-control"]
    assert pushed.get(f"blobs/{DIGEST}", Accept_Encoding="gzip").body == DATA


def test_head_says_what_get_would(pushed: Pusher) -> None:
    got, head = pushed.get(f"blobs/{DIGEST}"), pushed.ask("HEAD", f"blobs/{DIGEST}")
    assert (head.status, head.body) == (200, b"")
    for name in ("content-length", "content-type", "docker-content-digest", "etag"):
        assert head.headers[name] == got.headers[name]
    missing = pushed.ask("HEAD", f"blobs/{digest_of(b'')}")
    assert (missing.status, missing.body) == (404, b"")


@pytest.mark.parametrize(
    ("asked", "expected", "shown"),
    [
        ("500-1499", DATA[500:1500], "500-1499"),
        ("500-", DATA[500:], "500-2047"),
        ("-500", DATA[-500:], "1548-2047"),
        ("2000-5000", DATA[2000:], "2000-2047"),
    ],
)
def test_ranges(pushed: Pusher, asked: str, expected: bytes, shown: str) -> None:
    answer = pushed.get(f"blobs/{DIGEST}", Range=f"bytes={asked}")
    assert (answer.status, answer.body) == (206, expected)
    assert answer.headers["content-range"] == f"bytes {shown}/2048"
    assert answer.headers["content-length"] == str(len(expected))
    assert answer.headers["docker-content-digest"] == DIGEST


@pytest.mark.parametrize("asked", ["500-0", "2048-", "5000-10000", "-0"])
def test_ranges_outside_are_refused_with_the_length_of_the_refusal(pushed: Pusher, asked: str) -> None:
    answer = pushed.get(f"blobs/{DIGEST}", Range=f"bytes={asked}")
    refused(answer, 416, "SIZE_INVALID")
    assert answer.headers["content-range"] == "bytes */2048"
    assert answer.headers["content-length"] == str(len(answer.body))


def test_many_ranges_are_the_whole(pushed: Pusher) -> None:
    for asked in ["0-1,3-4", ",".join(f"{at}-{at}" for at in range(0, 2000, 2)), "x", "1"]:
        assert pushed.get(f"blobs/{DIGEST}", Range=f"bytes={asked}").body == DATA


def test_a_blob_belongs_to_the_repository_it_was_pushed_to(pushed: Pusher) -> None:
    other = pushed.elsewhere("team/other")
    for method in ("GET", "HEAD", "DELETE"):
        assert other.ask(method, f"blobs/{DIGEST}").status == 404
    image = make_image(DATA)
    other.push_blob(image.blobs[0])
    refused(other.put(image), 400, "MANIFEST_BLOB_UNKNOWN")
    other.push_blob(DATA)
    assert other.get(f"blobs/{DIGEST}").body == DATA


def test_a_deleted_blob_is_gone_from_its_repository_only(pushed: Pusher) -> None:
    other = pushed.elsewhere("team/other")
    other.push_blob(DATA)
    assert pushed.get(f"blobs/{DIGEST}").status == 200
    assert pushed.ask("DELETE", f"blobs/{DIGEST}").status == 202
    for method in ("GET", "HEAD", "DELETE"):
        assert pushed.ask(method, f"blobs/{DIGEST}").status == 404
    assert other.get(f"blobs/{DIGEST}").body == DATA
    assert pushed.get(f"blobs/{DIGEST}").status == 404


def test_the_digest_has_to_be_one(pushed: Pusher) -> None:
    for digest in ["sha256:abc", "md5:abc", "latest", DIGEST.upper()]:
        refused(pushed.get(f"blobs/{digest}"), 400, "DIGEST_INVALID")


def test_a_manifest_is_no_blob(pusher: Pusher) -> None:
    image = pusher.push(make_image(DATA), tag="v1")
    refused(pusher.get(f"blobs/{image.digest}"), 404, "BLOB_UNKNOWN")


def test_the_bytes_of_a_link_may_be_gone(pushed: Pusher) -> None:
    pushed.registry.services.storage.blobs.delete(DIGEST)
    for method in ("GET", "HEAD"):
        assert pushed.ask(method, f"blobs/{DIGEST}").status == 404
    image = make_image(DATA)
    pushed.push_blob(image.blobs[0])
    refused(pushed.put(image), 400, "MANIFEST_BLOB_UNKNOWN")
    pushed.push_blob(DATA)
    assert pushed.put(image).status == 201


def test_a_condemned_blob_is_read_but_not_relied_on(pushed: Pusher) -> None:
    tombstones = pushed.registry.services.storage.blobs.tombstones
    assert tombstones.write(DIGEST, State.CONDEMNED, None)
    assert pushed.get(f"blobs/{DIGEST}").body == DATA
    assert pushed.ask("HEAD", f"blobs/{DIGEST}").status == 404
    pushed.push_blob(DATA)
    assert pushed.ask("HEAD", f"blobs/{DIGEST}").status == 200
    spared = tombstones.read(DIGEST)
    assert spared
    assert spared.state is State.SPARED


def test_a_manifest_spares_the_blobs_it_names(pushed: Pusher) -> None:
    tombstones = pushed.registry.services.storage.blobs.tombstones
    image = make_image(DATA)
    pushed.push_blob(image.blobs[0])
    assert tombstones.write(DIGEST, State.CONDEMNED, None)
    assert pushed.put(image).status == 201
    spared = tombstones.read(DIGEST)
    assert spared
    assert spared.state is State.SPARED


def test_a_mounted_blob_is_one_of_the_repository(pushed: Pusher) -> None:
    other = pushed.elsewhere("team/other")
    answer = other.ask("POST", f"blobs/uploads/?mount={DIGEST}&from=team%2Fapp&origin=somewhere", b"")
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/team/other/blobs/{DIGEST}"
    assert answer.headers["docker-content-digest"] == DIGEST
    assert other.get(f"blobs/{DIGEST}").body == DATA


def test_a_mount_without_a_source_looks_where_the_caller_may_pull(pushed: Pusher) -> None:
    other = pushed.elsewhere("team/other")
    assert other.ask("POST", f"blobs/uploads/?mount={DIGEST}", b"").status == 201
    assert other.get(f"blobs/{DIGEST}").body == DATA


@pytest.mark.parametrize("query", ["&from=team/missing", "&from=../evil", "&from="])
def test_a_mount_of_what_is_not_there_is_an_ordinary_session(pushed: Pusher, query: str) -> None:
    other = pushed.elsewhere("team/other")
    missing = digest_of(b"missing")
    answer = other.ask("POST", f"blobs/uploads/?mount={missing}{query}", b"")
    assert answer.status == 202
    assert other.finish(answer.headers["location"], missing, b"missing").status == 201


def test_a_mount_beats_a_digest(pushed: Pusher) -> None:
    other = pushed.elsewhere("team/other")
    answer = other.ask("POST", f"blobs/uploads/?mount={DIGEST}&from=team/app&digest={digest_of(b'x')}", b"x")
    assert (answer.status, answer.headers["docker-content-digest"]) == (201, DIGEST)
    refused(other.ask("POST", "blobs/uploads/?mount=sha256:abc&from=team/app", b""), 400, "DIGEST_INVALID")


def test_a_condemned_blob_can_be_mounted_and_stays(pushed: Pusher) -> None:
    assert pushed.registry.services.storage.blobs.tombstones.write(DIGEST, State.CONDEMNED, None)
    other = pushed.elsewhere("team/other")
    assert other.ask("POST", f"blobs/uploads/?mount={DIGEST}&from=team/app", b"").status == 201
    assert other.ask("HEAD", f"blobs/{DIGEST}").status == 200


def test_a_reader_pulls_and_does_nothing_else(pushed: Pusher) -> None:
    reader = Pusher(pushed.registry, who=READER)
    assert reader.get(f"blobs/{DIGEST}").body == DATA
    refused(reader.ask("DELETE", f"blobs/{DIGEST}"), 403, "DENIED")
    refused(reader.ask("POST", "blobs/uploads/", b""), 403, "DENIED")


def test_large_blobs_come_from_a_bucket_that_clients_can_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = StorageSettings(driver="memory", presign=True)
    registry = Registry(tmp_path, storage, mounts={"oci": MountSettings(features={"redirect_from": len(DATA)})})
    pusher = Pusher(registry)
    pusher.push_blob(DATA)
    pusher.push_blob(b"small")
    assert pusher.get(f"blobs/{DIGEST}").body == DATA

    def url(key: str, seconds: int, filename: str = "", content_type: str = "") -> str:
        assert seconds >= 1200
        assert content_type == "application/octet-stream"
        return f"https://bucket.example.com/{key}?signature=1"

    monkeypatch.setattr(registry.services.storage.driver, "url", url)
    for headers in ({}, {"Range": "bytes=0-9"}):
        answer = pusher.ask("GET", f"blobs/{DIGEST}", None, headers)
        assert answer.status == 307
        assert answer.headers["location"].startswith("https://bucket.example.com/blobs/sha256/")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.body == b""
    assert pusher.ask("HEAD", f"blobs/{DIGEST}").headers["content-length"] == str(len(DATA))
    assert pusher.get(f"blobs/{digest_of(b'small')}").body == b"small"
    assert pusher.elsewhere("team/other").get(f"blobs/{DIGEST}").status == 404
    image = pusher.push(make_image(DATA), tag="v1")
    assert pusher.get("manifests/v1").body == image.body
