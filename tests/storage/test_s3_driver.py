"""What is particular to the driver of S3: its client, its memory, its URLs."""

import errno
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from registry.storage.driver import Object, Upload
from registry.storage.s3 import S3Driver, S3Error, S3Settings, writing
from registry.storage.s3.urls import content_disposition
from tests.contracts.storage_races import scratch_file
from tests.simulators.s3_servers import S3Server, run_versitygw

MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with run_versitygw(tmp_path_factory.mktemp("versitygw")) as server:
        yield server


@pytest.fixture
def settings(server: S3Server, tmp_path: Path) -> S3Settings:
    return server.new_bucket(scratch=tmp_path / "scratch", presign=True)


@pytest.fixture
def driver(settings: S3Settings) -> Iterator[S3Driver]:
    driver = S3Driver(settings)
    yield driver
    driver.close()


# The client


def test_importing_the_driver_loads_no_boto3() -> None:
    code = (
        "import sys, registry.storage.s3; sys.exit(any(name.startswith(('boto', 'urllib3')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_process_has_one_client(driver: S3Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.connect()
    client = driver._connection.client
    assert driver._connection.client is client
    monkeypatch.setattr(os, "getpid", lambda: -1)
    child = driver._connection.client
    assert child is not client
    assert driver._connection.client is child
    child.close()


def test_greenlets_share_the_client(settings: S3Settings) -> None:
    code = f"""
from gevent import monkey; monkey.patch_all()
import gevent
from pathlib import Path, PosixPath
from registry.storage.s3 import S3Driver, S3Settings
driver = S3Driver(S3Settings({settings.bucket_name!r}, "127.0.0.1", {settings.port}, False,
                             access_key={settings.access_key!r}, access_secret={settings.access_secret!r}))
def work(number):
    driver.put(f"key/{{number}}", b"x" * number)
    path = driver.scratch() / str(number)
    path.write_bytes(b"y" * number)
    driver.put(f"file/{{number}}", path)
    assert b"".join(driver.open(f"file/{{number}}")) == b"y" * number
    return driver.stat(f"key/{{number}}").size
jobs = [gevent.spawn(work, number) for number in range(0, 400_000, 10_000)]
gevent.joinall(jobs, raise_error=True)
assert [job.value for job in jobs] == list(range(0, 400_000, 10_000))
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (S3Settings("b"), None),
        (S3Settings("b", "s3.example.com"), "https://s3.example.com"),
        (S3Settings("b", "s3.example.com", 9000, use_ssl=False), "http://s3.example.com:9000"),
        (S3Settings("b", "http://s3.example.com/", 9000), "http://s3.example.com:9000"),
        (S3Settings("b", "http://s3.example.com:9000"), "http://s3.example.com:9000"),
    ],
)
def test_the_endpoint_is_a_host_or_a_url(settings: S3Settings, url: str | None) -> None:
    assert settings.url == url


@pytest.mark.parametrize(("prefix", "root"), [("", ""), ("/", ""), ("a", "a/"), ("/a/b/", "a/b/")])
def test_the_prefix_ends_where_the_key_begins(prefix: str, root: str) -> None:
    assert S3Settings("b", prefix=prefix).root == root


def test_a_bucket_of_aws_is_addressed_by_its_host_name() -> None:
    driver = S3Driver(S3Settings("bucket", region="eu-west-1", access_key="k", access_secret="s", presign=True))
    url = driver.url("a/b", 60)
    assert url is not None
    assert url.startswith("https://bucket.s3.eu-west-1.amazonaws.com/a/b?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    driver.close()


# Trust


def test_a_wrong_secret_is_named_as_such(settings: S3Settings, server: S3Server) -> None:
    driver = S3Driver(S3Server(server.port, access_secret="guessed").settings(settings.bucket_name))
    with pytest.raises(S3Error, match=r"SignatureDoesNotMatch \(the secret does not belong to the access key\)"):
        driver.put("key", b"bytes")
    driver.close()


def test_without_credentials_the_error_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(S3Error, match="no access key is set or found"):
        S3Driver(S3Settings("bucket", "127.0.0.1", 9)).stat("key")


def test_an_unreachable_store_is_an_error() -> None:
    driver = S3Driver(S3Server(9).settings("bucket", attempts=1))
    with pytest.raises(S3Error, match="S3 HeadObject: EndpointConnectionError") as caught:
        driver.stat("key")
    assert caught.value.errno == errno.ECONNREFUSED


# Memory


@pytest.mark.parametrize("single", [64 * MIB, 8 * MIB])
def test_a_file_is_sent_in_little_memory(driver: S3Driver, monkeypatch: pytest.MonkeyPatch, single: int) -> None:
    monkeypatch.setattr(writing, "SINGLE", single)
    path = scratch_file(driver, os.urandom(40 * MIB))
    driver.connect()
    tracemalloc.start()
    try:
        driver.put("key", path)
        upload = driver.append(Upload("upload"), path, final=True)
        driver.complete(upload)
        total = sum(len(chunk) for chunk in driver.open("key"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 40 * MIB
    assert peak < 12 * MIB
    for key in ["key", "upload"]:
        found = driver.read(key)
        assert isinstance(found, Object)
        assert found.data == path.read_bytes()


def test_scratch_files_have_a_directory_of_their_own(settings: S3Settings) -> None:
    driver = S3Driver(S3Settings("bucket"))
    scratch = driver.scratch()
    assert scratch == driver.scratch()
    assert list(scratch.iterdir()) == []
    assert scratch.stat().st_mode & 0o777 == 0o700
    del driver
    assert not scratch.exists()


# Presigned URLs


def test_a_url_is_given_only_where_clients_can_use_it(server: S3Server, settings: S3Settings) -> None:
    assert S3Driver(server.settings(settings.bucket_name)).url("key", 60) is None


def test_a_url_can_be_read_by_anyone_who_has_it(driver: S3Driver) -> None:
    driver.put("a/%41", b"0123456789")
    url = driver.url("a/%41", 60, filename="näme 1.tgz", content_type="application/x-test")
    assert url is not None
    with urlopen(Request(url, headers={"Range": "bytes=2-4"})) as answer:
        assert answer.read() == b"234"
        assert answer.headers["Content-Type"] == "application/x-test"
        wanted = "attachment; filename=\"n_me_1.tgz\"; filename*=UTF-8''n%C3%A4me%201.tgz"
        assert answer.headers["Content-Disposition"] == wanted


def test_a_url_opens_one_object_only(driver: S3Driver) -> None:
    driver.put("public", b"1")
    driver.put("secret", b"2")
    url = driver.url("public", 60)
    assert url is not None
    with pytest.raises(HTTPError, match="403") as caught:
        urlopen(url.replace("/public?", "/secret?"))
    caught.value.close()


@pytest.mark.parametrize("filename", ['a"b', "a\r\nSet-Cookie: x", "a;b", "../../etc", "ü", "a b"])
def test_no_filename_breaks_out_of_the_header(filename: str) -> None:
    value = content_disposition(filename)
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    assert "/" not in value
