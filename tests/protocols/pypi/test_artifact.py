import io
import tarfile
import zipfile
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.digests import MultiHash
from registry.core.limits import ArchiveInvalid
from registry.errors import DigestMismatch, Gone, Invalid, RegistryError
from registry.protocols.pypi.artifact import (
    DIGEST_FIELDS,
    Distribution,
    DistributionInvalid,
    FormInvalid,
    check_digests,
    parse_form,
    read_distribution,
)
from registry.protocols.pypi.metadata import MAX_METADATA, MetadataInvalid
from registry.protocols.pypi.names import FilenameInvalid, Filetype, NameInvalid
from registry.protocols.pypi.versions import VersionInvalid
from tests.builders.pypi import (
    make_form,
    make_metadata,
    make_sdist,
    make_tar_gz,
    make_wheel,
    make_zip,
    sdist_filename,
    wheel_filename,
)


def read_wheel(data: bytes, filename: str = "", **form: Any) -> Distribution:
    return read_distribution(io.BytesIO(data), filename or wheel_filename(), parse_form(make_form(data, **form)))


def read_sdist(data: bytes, filename: str = "", **form: Any) -> Distribution:
    form = {"filetype": "sdist", "pyversion": "source", **form}
    return read_distribution(io.BytesIO(data), filename or sdist_filename(), parse_form(make_form(data, **form)))


def test_a_wheel_tells_its_metadata() -> None:
    metadata = make_metadata("Demo.App", "1.0", "text", requires_python=">=3.8")
    data = make_wheel("Demo.App", metadata=metadata)
    distribution = read_wheel(data, "demo_app-1.0-py3-none-any.whl", name="demo-app")
    assert distribution.version == "1.0"
    assert distribution.metadata == metadata
    assert distribution.core is not None
    assert distribution.core.fields["requires_python"] == ">=3.8"
    assert (distribution.filename.filetype, distribution.filename.python) == (Filetype.WHEEL, "py3")


def test_an_sdist_tells_its_metadata() -> None:
    distribution = read_sdist(make_sdist(summary="A demo"))
    assert distribution.metadata == make_metadata(summary="A demo")
    assert (distribution.filename.filetype, distribution.filename.python) == (Filetype.SDIST, "source")


def test_an_sdist_may_be_a_zip_file() -> None:
    data = make_zip({"demo-1.0/PKG-INFO": make_metadata(), "demo-1.0/setup.py": b""})
    assert read_sdist(data, "demo-1.0.zip").metadata == make_metadata()


def test_an_old_sdist_without_metadata_is_known_by_its_name() -> None:
    distribution = read_sdist(make_sdist(omit=["PKG-INFO"]))
    assert (distribution.version, distribution.metadata, distribution.core) == ("1.0", None, None)


def test_only_the_pkg_info_at_the_top_counts() -> None:
    nested = {"demo-1.0/demo.egg-info/PKG-INFO": make_metadata("other", "2.0")}
    assert read_sdist(make_sdist(files=nested)).metadata == make_metadata()


@pytest.mark.parametrize("version", ["1", "1.0.0", "v1.0"])
def test_the_form_may_spell_the_version_in_another_way(version: str) -> None:
    assert read_wheel(make_wheel(), version=version).version == "1.0"


def test_old_tools_spell_the_dist_info_directory_in_another_way() -> None:
    data = make_wheel("Demo.App", directory="Demo.App-1.0.dist-info")
    assert read_wheel(data, "Demo.App-1.0-py3-none-any.whl", name="demo.app").metadata == make_metadata("Demo.App")


@pytest.mark.parametrize(
    "data",
    [
        make_wheel(metadata=make_metadata("other")),
        make_wheel(metadata=make_metadata(version="1.1")),
        make_wheel(directory="other-1.0.dist-info"),
        make_wheel(directory="demo-1.1.dist-info"),
        make_wheel(directory="demo.dist-info"),
        make_wheel(directory=".dist-info"),
        make_wheel(files={"other-1.0.dist-info/METADATA": b""}),
        make_wheel(files={"DEMO-1.0.DIST-INFO/METADATA": b""}),
        make_wheel(omit=["METADATA"]),
        make_wheel(omit=["WHEEL"]),
        make_wheel(omit=["RECORD"]),
        make_zip({"demo.py": b""}),
    ],
)
def test_a_wheel_that_contradicts_itself_is_refused(data: bytes) -> None:
    with pytest.raises(DistributionInvalid):
        read_wheel(data)


@pytest.mark.parametrize(
    "data",
    [
        make_sdist(metadata=make_metadata("other")),
        make_sdist(metadata=make_metadata(version="1.1")),
        make_sdist(files={"other-1.0/setup.py": b""}),
        make_sdist(files={"setup.py": b""}),
        make_tar_gz({"PKG-INFO": make_metadata()}),
        make_tar_gz({}),
    ],
)
def test_an_sdist_that_contradicts_itself_is_refused(data: bytes) -> None:
    with pytest.raises(DistributionInvalid):
        read_sdist(data)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"name": "other"}, FilenameInvalid),
        ({"version": "1.1"}, DistributionInvalid),
        ({"filetype": "sdist"}, DistributionInvalid),
    ],
)
def test_a_form_that_contradicts_the_file_is_refused(form: dict[str, str], error: type[Invalid]) -> None:
    with pytest.raises(error):
        read_wheel(make_wheel(), **form)


def test_a_file_name_that_contradicts_the_file_is_refused() -> None:
    with pytest.raises(DistributionInvalid):
        read_wheel(make_wheel(), wheel_filename(version="1.1"))
    with pytest.raises(ArchiveInvalid):
        read_sdist(make_sdist(), "demo-1.0.zip")


@pytest.mark.parametrize("read", [read_wheel, read_sdist])
def test_bad_metadata_is_refused(read: Any) -> None:
    make = make_wheel if read is read_wheel else make_sdist
    with pytest.raises(MetadataInvalid):
        read(make(metadata=b"Metadata-Version: 3.0\nName: demo\nVersion: 1.0\n"))
    with pytest.raises(ArchiveInvalid):
        read(make(metadata=make_metadata(body="x" * MAX_METADATA)))


@pytest.mark.parametrize("make", [make_wheel, make_sdist])
@pytest.mark.parametrize("damage", [lambda data: data[:-10], lambda data: data + b"PK", lambda data: b"", bytes.upper])
def test_a_damaged_archive_is_refused(make: Any, damage: Any) -> None:
    with pytest.raises(Invalid):
        (read_wheel if make is make_wheel else read_sdist)(damage(make()))


def test_a_wheel_with_two_entries_of_one_name_is_refused() -> None:
    out = io.BytesIO(make_wheel())
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("demo-1.0.dist-info/METADATA", make_metadata(version="2.0"))
    with pytest.raises(ArchiveInvalid):
        read_wheel(out.getvalue())


def test_a_wheel_that_unpacks_to_far_more_than_its_size_is_refused() -> None:
    with pytest.raises(ArchiveInvalid):
        read_wheel(make_wheel(files={"demo/zeros": bytes(80 * 2**20)}))


def test_an_sdist_with_a_link_for_metadata_is_refused() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        link = tarfile.TarInfo("demo-1.0/PKG-INFO")
        link.type, link.linkname = tarfile.SYMTYPE, "other"
        archive.addfile(link)
    with pytest.raises(DistributionInvalid):
        read_sdist(out.getvalue())


def test_an_sdist_that_pip_would_unpack_as_a_zip_file_is_refused() -> None:
    sdist = make_sdist()
    end = b"PK\x05\x06" + bytes(16)
    header = sdist[:3] + b"\x04" + sdist[4:10]  # FEXTRA: the end record of a zip file, whose comment is all the rest
    extra = end + (len(sdist) - 10).to_bytes(2, "little")
    polyglot = header + len(extra).to_bytes(2, "little") + extra + sdist[10:]
    assert zipfile.is_zipfile(io.BytesIO(polyglot))
    with pytest.raises(DistributionInvalid):
        read_sdist(polyglot)


def test_the_file_is_left_open() -> None:
    file = io.BytesIO(make_wheel())
    read_distribution(file, wheel_filename(), parse_form(make_form(make_wheel())))
    assert not file.closed


@given(st.integers(0, 4000), st.integers(0, 255))
def test_a_changed_byte_never_breaks_the_reader(position: int, value: int) -> None:
    for make, read in ((make_wheel, read_wheel), (make_sdist, read_sdist)):
        data = bytearray(make())
        data[position % len(data)] = value
        try:
            assert read(bytes(data)).version == "1.0"
        except RegistryError as error:
            assert error.status < 500  # noqa: PT017


def test_the_form_says_what_is_sent() -> None:
    form = parse_form(make_form(b"", "Demo_App", "1.0.0", comment="c", attestations="[]"))
    assert (form.project, form.release, form.filetype) == ("demo-app", "1", "bdist_wheel")
    assert (form.comment, form.attestations) == ("c", "[]")


@pytest.mark.parametrize("field", [":action", "name", "version", "filetype", "sha256_digest"])
def test_a_form_without_a_necessary_field_is_refused(field: str) -> None:
    with pytest.raises(FormInvalid):
        parse_form(make_form(b"", **{field: ""}))


@pytest.mark.parametrize(
    ("odd", "error"),
    [
        ({":action": "publish"}, FormInvalid),
        ({":action": "submit"}, Gone),
        ({":action": "remove_pkg"}, Gone),
        ({"protocol_version": "2"}, FormInvalid),
        ({"filetype": "bdist_egg"}, FormInvalid),
        ({"name": "../demo"}, NameInvalid),
        ({"version": "one"}, VersionInvalid),
        ({"name": ["demo", "other"]}, FormInvalid),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused(odd: dict[str, Any], error: type[RegistryError]) -> None:
    with pytest.raises(error):
        parse_form(make_form(b"", **odd))


def test_unknown_stands_for_an_absent_field_of_the_form() -> None:
    assert parse_form(make_form(b"", comment="UNKNOWN", protocol_version="UNKNOWN")).comment == ""


@pytest.mark.parametrize("fields", [["sha256_digest"], ["md5_digest", "blake2_256_digest"]])
def test_all_digests_of_the_form_must_be_those_of_the_file(fields: Collection[str]) -> None:
    hashes = MultiHash(("sha256", "md5", "blake2b_256"))
    hashes.update(b"bytes")
    computed = hashes.hexdigests()
    right = {field: computed[algorithm] for algorithm, field in DIGEST_FIELDS.items()}
    given_ = {"sha256_digest": "", **{field: right[field].upper() for field in fields}}
    check_digests(parse_form(make_form(b"", **given_)), computed)
    for field in fields:
        with pytest.raises(DigestMismatch):
            check_digests(parse_form(make_form(b"", **{**given_, field: right[field][:-1]})), computed)
