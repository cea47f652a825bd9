import time

import pytest

from registry.protocols.pypi.metadata import MetadataInvalid, parse_metadata
from registry.protocols.pypi.names import NameInvalid
from registry.protocols.pypi.versions import VersionInvalid
from tests.builders.pypi import make_metadata


def test_metadata_is_read_with_its_description() -> None:
    core = parse_metadata(
        make_metadata("Demo.App", "1.0.0", "# Demo\n\nÜber\n", summary="Été", requires_dist=["a", "b"])
    )
    assert (core.name, core.version) == ("Demo.App", "1.0.0")
    assert core.fields["summary"] == "Été"
    assert core.fields["requires_dist"] == ["a", "b"]
    assert core.fields["description"] == "# Demo\n\nÜber\n"


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
def test_metadata_may_end_its_lines_in_any_way(newline: bytes) -> None:
    core = parse_metadata(make_metadata(body="text").replace(b"\n", newline))
    assert (core.name, core.fields["description"]) == ("demo", "text")


@pytest.mark.parametrize("version", ["1.0", "1.2", "2.1", "2.6", "2.99"])
def test_every_1_x_and_2_x_of_the_format_is_read(version: str) -> None:
    assert parse_metadata(make_metadata().replace(b"2.1", version.encode())).name == "demo"


@pytest.mark.parametrize("version", ["0.9", "3.0", "2", "x", ""])
def test_another_version_of_the_format_is_refused(version: str) -> None:
    with pytest.raises(MetadataInvalid):
        parse_metadata(make_metadata().replace(b"2.1", version.encode()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Name: demo\nVersion: 1.0\n",
        b"Metadata-Version: 2.1\nVersion: 1.0\n",
        b"Metadata-Version: 2.1\nName: demo\n",
        b"Metadata-Version: 2.1\nName: demo\nName: other\nVersion: 1.0\n",
        b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nVersion: 2.0\n",
        b"Metadata-Version: 2.1\nName: UNKNOWN\nVersion: 1.0\n",
        b"Metadata-Version: 2.1\nName: d\xe9mo\nVersion: 1.0\n",
        b"\nMetadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
    ],
)
def test_metadata_without_exactly_one_name_and_version_is_refused(data: bytes) -> None:
    with pytest.raises(MetadataInvalid):
        parse_metadata(data)


def test_a_bad_name_or_version_in_metadata_is_refused() -> None:
    with pytest.raises(NameInvalid):
        parse_metadata(make_metadata(name="../demo"))
    with pytest.raises(VersionInvalid):
        parse_metadata(make_metadata(version="one"))


def test_unknown_stands_for_an_absent_field() -> None:
    assert "author" not in parse_metadata(make_metadata(author="UNKNOWN")).fields


def test_a_header_that_calls_the_metadata_a_mail_changes_nothing() -> None:
    core = parse_metadata(make_metadata(content_type="multipart/mixed; boundary=x", body="--x\n\ntext\n--x--\n"))
    assert core.fields["description"] == "--x\n\ntext\n--x--\n"


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Type: message/rfc822\n\r\n" * 100_000,
        b"Content-Type: message/rfc822\nx\n" * 30_000,
        b"".join(b"X-%d: y\n" % number for number in range(60_000)),
        b":" * 1_000_000,
        b"Name: " + b"a" * 2_000_000,
    ],
)
def test_no_metadata_takes_long_to_refuse(data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(MetadataInvalid):
        parse_metadata(data)
    assert time.process_time() - started < 1
