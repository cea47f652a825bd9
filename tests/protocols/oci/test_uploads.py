"""Pushing blobs over HTTP."""

import hashlib
import random
from pathlib import Path

import pytest

from registry.config import LimitSettings, StorageSettings
from tests.builders.oci import Pusher, digest_of, refused
from tests.builders.registry import READER, Registry

DATA = random.Random(1).randbytes(50_000)
DIGEST = digest_of(DATA)
SHA512 = digest_of(DATA, "sha512")


def check_pushed(pusher: Pusher, digest: str = DIGEST, data: bytes = DATA) -> None:
    answer = pusher.get(f"blobs/{digest}")
    assert answer.status == 200, answer.everything()
    assert answer.body == data
    assert pusher.registry.scratch() == []


@pytest.fixture(params=["memory", "filesystem"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    return Registry(tmp_path / "data", StorageSettings(driver=request.param, data_dir=tmp_path / "data"))


def leftovers(registry: Registry) -> list[str]:
    """What unfinished uploads hold, in the store and beside it."""
    parts = getattr(registry.services.storage.driver, "_parts", {})
    names = parts if isinstance(parts, dict) else parts_on_disk(registry.settings.storage.data_dir)
    return [*map(str, names), *(key for key in registry.stored() if key.startswith(("oci/uploads/", "blobs/uploads/")))]


def parts_on_disk(data: Path) -> list[Path]:
    return [path for path in (data / "store" / "uploads").rglob("*") if path.is_file()]


def test_post_with_digest_and_body_pushes_at_once(pusher: Pusher) -> None:
    answer = pusher.ask("POST", f"blobs/uploads/?digest={DIGEST}", DATA)
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/team/app/blobs/{DIGEST}"
    assert answer.headers["docker-content-digest"] == DIGEST
    check_pushed(pusher)
    assert leftovers(pusher.registry) == []


@pytest.mark.parametrize("path", ["blobs/uploads/", "blobs/uploads"])
def test_a_session_begins_without_bytes(pusher: Pusher, path: str) -> None:
    answer = pusher.ask("POST", path, b"")
    assert answer.status == 202
    name = answer.headers["docker-upload-uuid"]
    assert answer.headers["location"] == f"/v2/team/app/blobs/uploads/{name}"
    assert answer.headers["range"] == "0-0"
    assert "oci-chunk-min-length" not in answer.headers
    status = pusher.get(answer.headers["location"])
    assert (status.status, status.headers["range"]) == (204, "0-0")
    assert status.headers["location"] == answer.headers["location"]


def test_one_put_with_the_whole_body(pusher: Pusher) -> None:
    answer = pusher.finish(pusher.open(), DIGEST, DATA)
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/team/app/blobs/{DIGEST}"
    check_pushed(pusher)
    assert leftovers(pusher.registry) == []


def test_one_streamed_patch_and_an_empty_put(pusher: Pusher) -> None:
    location = pusher.open()
    answer = pusher.patch(location, DATA)
    assert (answer.status, answer.headers["range"]) == (202, f"0-{len(DATA) - 1}")
    assert pusher.finish(answer.headers["location"], DIGEST).status == 201
    check_pushed(pusher)
    assert leftovers(pusher.registry) == []


@pytest.mark.parametrize("last", ["patch", "put"])
def test_chunks_with_offsets(pusher: Pusher, last: str) -> None:
    location = pusher.open()
    for start, end in [(0, 1), (1, 20_000), (20_000, 20_001)]:
        answer = pusher.patch(location, DATA[start:end], start)
        assert (answer.status, answer.headers["range"]) == (202, f"0-{end - 1}")
        assert pusher.get(location).headers["range"] == f"0-{end - 1}"
    if last == "patch":
        assert pusher.patch(location, DATA[20_001:], 20_001).status == 202
        assert pusher.finish(location, DIGEST).status == 201
    else:
        span = {"Content-Range": f"20001-{len(DATA) - 1}"}
        assert pusher.ask("PUT", f"{location}?digest={DIGEST}", DATA[20_001:], span).status == 201
    check_pushed(pusher)
    assert leftovers(pusher.registry) == []


@pytest.mark.parametrize("start", [0, 9_999, 10_001, 60_000])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_chunk_out_of_order_is_refused_with_the_true_offset(pusher: Pusher, method: str, start: int) -> None:
    location = pusher.open()
    pusher.patch(location, DATA[:10_000], 0)
    chunk = DATA[start : start + 100] or b"x" * 100
    span = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
    answer = pusher.ask(method, f"{location}?digest={DIGEST}", chunk, span)
    refused(answer, 416, "BLOB_UPLOAD_INVALID")
    assert answer.headers["range"] == "0-9999"
    assert answer.headers["location"] == location
    assert pusher.patch(location, DATA[10_000:], 10_000).status == 202
    assert pusher.finish(location, DIGEST).status == 201
    check_pushed(pusher)


def test_a_first_chunk_begins_at_zero(pusher: Pusher) -> None:
    location = pusher.open()
    refused(pusher.patch(location, DATA, 5), 416, "BLOB_UPLOAD_INVALID")
    assert pusher.ask("PUT", f"{location}?digest={DIGEST}", DATA, {"Content-Range": f"5-{len(DATA) + 4}"}).status == 416
    assert pusher.patch(location, DATA, 0).status == 202


def test_a_chunk_of_another_length_than_its_range_is_refused(pusher: Pusher) -> None:
    location = pusher.open()
    for span in ["0-10", f"0-{len(DATA)}", "9-0"]:
        answer = pusher.ask("PATCH", location, DATA, {"Content-Range": span})
        refused(answer, 416, "BLOB_UPLOAD_INVALID")
    assert pusher.patch(location, DATA, 0).status == 202


@pytest.mark.parametrize("span", ["bytes 0-49999", "bytes=0-49999", "bytes 0-49999/50000", "bytes 0-49999/*"])
def test_other_spellings_of_a_range_are_understood(pusher: Pusher, span: str) -> None:
    assert pusher.ask("PATCH", pusher.open(), DATA, {"Content-Range": span}).status == 202


@pytest.mark.parametrize("span", ["0", "-5", "a-b", "0-1-2", "", "0-" + "9" * 30])
def test_what_is_no_range_is_refused(pusher: Pusher, span: str) -> None:
    refused(pusher.ask("PATCH", pusher.open(), DATA, {"Content-Range": span}), 400, "BLOB_UPLOAD_INVALID")


def test_the_size_of_no_bytes_and_of_one_byte_are_told_apart(pusher: Pusher) -> None:
    location = pusher.open()
    assert pusher.patch(location, b"").headers["range"] == "0-0"
    answer = pusher.patch(location, DATA[:1], 0)
    assert answer.headers["range"] == "0-0"
    assert pusher.patch(location, DATA[1:], 1).status == 202
    assert pusher.finish(location, DIGEST).status == 201


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"{}"])
def test_well_known_blobs(pusher: Pusher, data: bytes, algorithm: str) -> None:
    digest = digest_of(data, algorithm)
    assert pusher.ask("POST", f"blobs/uploads/?digest={digest}", data).status == 201
    assert pusher.finish(pusher.open(), digest, data).status == 201
    location = pusher.open()
    assert pusher.patch(location, data).status == 202
    assert pusher.finish(location, digest).status == 201
    check_pushed(pusher, digest, data)


@pytest.mark.parametrize("query", ["", "?digest-algorithm=sha256", "?digest-algorithm=sha512"])
def test_a_blob_is_known_by_the_sha512_it_was_pushed_with(pusher: Pusher, query: str) -> None:
    location = pusher.open(query)
    pusher.patch(location, DATA[:100])
    pusher.patch(location, DATA[100:])
    answer = pusher.finish(location, SHA512)
    assert answer.headers["docker-content-digest"] == SHA512
    check_pushed(pusher, SHA512)
    assert pusher.get(f"blobs/{DIGEST}").status == 404
    assert pusher.push_blob(DATA) == DIGEST
    check_pushed(pusher)
    sizes = [key for key in pusher.registry.stored() if key.startswith("blobs/sha256/")]
    assert len(sizes) == 1


def test_an_unknown_algorithm_is_refused(pusher: Pusher) -> None:
    refused(pusher.ask("POST", "blobs/uploads/?digest-algorithm=md5", b""), 400, "DIGEST_INVALID")


@pytest.mark.parametrize("how", ["post", "put", "patch", "chunks"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_bytes_of_another_digest_are_refused_and_leave_nothing(pusher: Pusher, how: str, algorithm: str) -> None:
    wrong = digest_of(DATA + b"!", algorithm)
    location = ""
    if how == "post":
        answer = pusher.ask("POST", f"blobs/uploads/?digest={wrong}", DATA)
    else:
        location = pusher.open()
        if how == "put":
            answer = pusher.finish(location, wrong, DATA)
        else:
            pusher.patch(location, DATA[:700])
            if how == "patch":
                pusher.patch(location, DATA[700:])
            answer = pusher.finish(location, wrong, b"" if how == "patch" else DATA[700:])
    refused(answer, 400, "DIGEST_INVALID")
    for digest in [wrong, digest_of(DATA, algorithm)]:
        refused(pusher.get(f"blobs/{digest}"), 404, "BLOB_UNKNOWN")
    assert leftovers(pusher.registry) == []
    assert pusher.registry.scratch() == []
    if location:
        refused(pusher.get(location), 404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize(
    "query", ["", f"?digest={DIGEST}&digest={DIGEST}", "?digest=", "?digest=sha256:abc", "?digest=md5:a"]
)
def test_a_put_needs_one_digest(pusher: Pusher, query: str) -> None:
    location = pusher.open()
    refused(pusher.ask("PUT", location + query, DATA), 400, "DIGEST_INVALID")
    assert pusher.finish(location, DIGEST, DATA).status == 201


def test_a_percent_encoded_digest_is_a_digest(pusher: Pusher) -> None:
    assert pusher.finish(pusher.open(), DIGEST.replace(":", "%3A"), DATA).status == 201
    check_pushed(pusher, DIGEST.replace(":", "%3A"))


def test_a_cancelled_upload_is_gone(pusher: Pusher) -> None:
    location = pusher.open()
    pusher.patch(location, DATA)
    assert pusher.ask("DELETE", location).status == 204
    for answer in [
        pusher.get(location),
        pusher.patch(location, DATA),
        pusher.finish(location, DIGEST),
        pusher.ask("DELETE", location),
    ]:
        refused(answer, 404, "BLOB_UPLOAD_UNKNOWN")
    assert leftovers(pusher.registry) == []


def test_a_session_belongs_to_its_repository_and_its_user(pusher: Pusher) -> None:
    registry = pusher.registry
    location = pusher.open()
    pusher.patch(location, DATA)
    elsewhere = pusher.elsewhere("team/other")
    foreign = location.replace("team/app", "team/other")
    registry.services.auth.users.add("rival", email="rival@example.com")
    registry.tokens["rival"] = registry.issue("rival")
    rival = Pusher(registry, who="rival")
    for answer in [
        elsewhere.get(foreign),
        elsewhere.finish(foreign, DIGEST),
        elsewhere.ask("DELETE", foreign),
        rival.get(location),
        rival.patch(location, DATA),
        rival.finish(location, DIGEST),
        rival.ask("DELETE", location),
    ]:
        refused(answer, 404, "BLOB_UPLOAD_UNKNOWN")
    assert Pusher(registry, who=READER).patch(location, DATA).status == 403
    assert pusher.finish(location, DIGEST).status == 201


def test_an_unknown_session_is_refused(pusher: Pusher) -> None:
    location = "/v2/team/app/blobs/uploads/11111111-2222-4333-8444-555555555555"
    refused(pusher.patch(location, DATA), 404, "BLOB_UPLOAD_UNKNOWN")
    assert pusher.patch("/v2/team/app/blobs/uploads/../../../etc/passwd", DATA).status == 400
    assert pusher.patch("/v2/team/app/blobs/uploads/not-a-session", DATA).status == 404


def test_what_arrived_before_the_client_stopped_is_kept(pusher: Pusher) -> None:
    location = pusher.open()
    answer = pusher.ask("PATCH", location, DATA[:30_000], {"Content-Length": str(len(DATA))})
    refused(answer, 400, "SIZE_INVALID")
    assert pusher.get(location).headers["range"] == "0-29999"
    assert pusher.get(f"blobs/{DIGEST}").status == 404
    assert pusher.patch(location, DATA[30_000:], 30_000).status == 202
    assert pusher.finish(location, DIGEST).status == 201
    check_pushed(pusher)


def test_a_cut_off_last_chunk_is_kept_too(pusher: Pusher) -> None:
    location = pusher.open()
    pusher.patch(location, DATA[:10_000])
    span = {"Content-Length": str(len(DATA) - 10_000)}
    refused(pusher.ask("PUT", f"{location}?digest={DIGEST}", DATA[10_000:20_000], span), 400, "SIZE_INVALID")
    assert pusher.get(location).headers["range"] == "0-19999"
    assert pusher.finish(location, DIGEST, DATA[20_000:]).status == 201
    check_pushed(pusher)


@pytest.mark.parametrize("kept", [0, 1, len(DATA) - 1])
def test_a_cut_off_whole_body_is_no_blob(pusher: Pusher, kept: int) -> None:
    location = pusher.open()
    for method, path in [("PUT", f"{location}?digest={DIGEST}"), ("POST", f"blobs/uploads/?digest={DIGEST}")]:
        refused(pusher.ask(method, path, DATA[:kept], {"Content-Length": str(len(DATA))}), 400, "SIZE_INVALID")
        assert pusher.get(f"blobs/{DIGEST}").status == 404
    assert pusher.get(location).status == 204
    assert pusher.registry.scratch() == []


def test_a_layer_has_a_largest_size(tmp_path: Path) -> None:
    pusher = Pusher(Registry(tmp_path, limits=LimitSettings(max_layer=len(DATA))))
    assert pusher.push_blob(DATA) == DIGEST
    larger = DATA + b"!"
    refused(pusher.ask("POST", f"blobs/uploads/?digest={digest_of(larger)}", larger), 413, "SIZE_INVALID")
    location = pusher.open()
    refused(pusher.patch(location, larger), 413, "SIZE_INVALID")
    assert pusher.patch(location, larger[:-5]).status == 202
    refused(pusher.patch(location, larger[-5:] + b"!"), 413, "SIZE_INVALID")
    assert pusher.patch(location, larger[-5:-1]).status == 202
    refused(pusher.patch(location, b"!"), 413, "SIZE_INVALID")
    assert pusher.finish(location, DIGEST).status == 201


def test_pushing_what_is_there_succeeds_and_writes_nothing_twice(pusher: Pusher) -> None:
    pusher.push_blob(DATA)
    before = pusher.registry.stored()
    assert pusher.push_blob(DATA) == DIGEST
    location = pusher.open()
    pusher.patch(location, DATA)
    assert pusher.finish(location, DIGEST).status == 201
    assert pusher.registry.stored() == before


def test_a_session_goes_on_in_another_process(tmp_path: Path) -> None:
    storage = StorageSettings(data_dir=tmp_path)
    pusher = Pusher(Registry(tmp_path, storage))
    other = Pusher(Registry(tmp_path, storage, pusher.registry.tokens))
    location = pusher.open("?digest-algorithm=sha512")
    pusher.patch(location, DATA[:10_000], 0)
    assert other.get(location).headers["range"] == "0-9999"
    other.patch(location, DATA[10_000:40_000], 10_000)
    pusher.patch(location, DATA[40_000:45_000], 40_000)
    assert other.finish(location, SHA512, DATA[45_000:]).status == 201
    check_pushed(pusher, SHA512)


def test_parts_are_bytes_of_one_file_so_that_finishing_moves_none(tmp_path: Path) -> None:
    pusher = Pusher(Registry(tmp_path, StorageSettings(data_dir=tmp_path)))
    location = pusher.open()
    for at in range(0, len(DATA), 10_000):
        assert pusher.patch(location, DATA[at : at + 10_000], at).status == 202
    (part,) = parts_on_disk(tmp_path)
    inode = part.stat().st_ino
    assert pusher.finish(location, DIGEST).status == 201
    blob = tmp_path / "store" / "objects" / "blobs" / "sha256" / DIGEST[7:9] / DIGEST[7:]
    assert blob.stat().st_ino == inode
    assert hashlib.sha256(blob.read_bytes()).hexdigest() == DIGEST[7:]
