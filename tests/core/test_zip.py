"""Zip: what zipfile gives for honest archives, however they were written."""

import io
import random
import struct
import time
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.limits import ArchiveInvalid, ArchiveTooLarge
from registry.core.zip import ZipArchive, open_zip
from tests.builders.archives import (
    DEFLATED,
    STORED,
    ZipPart,
    streamed_part,
    zip64_extra,
    zip_archive,
    zip_body,
    zip_end,
    zip_end64,
)

CONTENT = b"some content, some content"


def opened(data: bytes, **options: Any) -> ZipArchive:
    return open_zip(io.BytesIO(data), **options)


def contents(data: bytes) -> dict[str, bytes]:
    archive = opened(data)
    return {entry.name: archive.read(entry.name, 10**6) for entry in archive.entries if entry.kind != "dir"}


class Pipe(io.RawIOBase):
    """A file that cannot seek: zipfile writes data descriptors to it."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += bytes(data)
        return len(data)


PARTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="/\\"), min_size=1)
NAMES = st.lists(PARTS.filter(lambda part: part not in (".", "..") and part[1:2] != ":"), min_size=1, max_size=5)
FILES = st.dictionaries(NAMES.map("/".join), st.tuples(st.binary(max_size=1000), st.booleans()), max_size=8)


@given(FILES, st.binary(max_size=60).filter(lambda comment: b"PK" not in comment))
def test_what_zipfile_writes_is_read(files: dict[str, tuple[bytes, bool]], comment: bytes) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for name, (content, deflate) in files.items():
            archive.writestr(name, content, zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED)
    assert contents(file.getvalue()) == {name: content for name, (content, _) in files.items()}


@given(FILES)
def test_what_zipfile_writes_to_a_pipe_is_read(files: dict[str, tuple[bytes, bool]]) -> None:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (content, wide) in files.items():
            with archive.open(name, "w", force_zip64=wide) as entry:
                entry.write(content)
    assert contents(pipe.written) == {name: content for name, (content, _) in files.items()}


def test_the_entries_are_told_in_order() -> None:
    parts = [ZipPart(b"b/"), ZipPart(b"b/a", attributes=0o100755 << 16), ZipPart(b"a", method=STORED)]
    parts[0] = ZipPart(b"b/", b"", STORED, attributes=0o40755 << 16 | 0x10)
    found = opened(zip_archive(*parts)).entries
    assert [(entry.name, entry.kind, entry.mode & 0o777) for entry in found] == [
        ("b", "dir", 0o755),
        ("b/a", "file", 0o755),
        ("a", "file", 0),
    ]
    assert [(entry.size, entry.compressed, entry.method) for entry in found] == [
        (0, 0, STORED),
        (26, len(parts[1].data), DEFLATED),
        (26, 26, STORED),
    ]


def test_an_entry_is_found_by_its_name_in_one_form() -> None:
    archive = opened(zip_archive(ZipPart(b"./a//b")))
    assert "a/b" in archive
    assert archive.read("a/b", 100) == CONTENT


def test_entries_may_lie_in_another_order_than_the_directory_tells() -> None:
    body = zip_body([ZipPart(b"a", b"1"), ZipPart(b"b", b"2")])
    directory = body.data[body.offset :]
    half = len(directory) // 2
    swapped = body.data[: body.offset] + directory[half:] + directory[:half]
    assert contents(swapped + zip_end(2, body.size, body.offset)) == {"b": b"2", "a": b"1"}


@pytest.mark.parametrize("missing", ["", "nothing", "d", "d/"])
def test_a_missing_file_is_refused(missing: str) -> None:
    archive = opened(zip_archive(ZipPart(), ZipPart(b"d/", b"", STORED)))
    with pytest.raises(ArchiveInvalid, match="no file"):
        archive.read(missing, 100)


def test_an_entry_that_exceeds_the_limit_of_the_reader_is_refused() -> None:
    archive = opened(zip_archive(ZipPart()))
    assert archive.read("a.txt", 26) == CONTENT
    with pytest.raises(ArchiveTooLarge, match="exceeds 25 bytes"):
        archive.read("a.txt", 25)


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_an_entry_of_many_blocks_is_read(method: int) -> None:
    content = random.Random(1).randbytes(300_000)
    part = ZipPart(content=content, method=method)
    assert contents(zip_archive(part, streamed_part(ZipPart(b"b", content)))) == {"a.txt": content, "b": content}


def test_an_archive_without_entries_is_good() -> None:
    assert opened(zip_archive()).entries == ()
    assert opened(zip_archive(comment=b"nothing here")).entries == ()


@pytest.mark.parametrize("layout", ["<4sLLL", "<LLL"])
def test_a_data_descriptor_behind_deflated_data_is_good(layout: str) -> None:
    assert contents(zip_archive(streamed_part(ZipPart(), layout), ZipPart(b"b"))) == {"a.txt": CONTENT, "b": CONTENT}


def test_a_data_descriptor_may_repeat_what_the_local_header_told() -> None:
    part = ZipPart()
    assert contents(zip_archive(streamed_part(ZipPart(in_local=part.fields | {"flags": 8})))) == {"a.txt": CONTENT}


@pytest.mark.parametrize("layout", ["<4sLQQ", "<LQQ"])
def test_a_wide_data_descriptor_goes_with_zip64(layout: str) -> None:
    part = streamed_part(ZipPart(local_extra=zip64_extra(0, 0)), layout)
    assert contents(zip_archive(part)) == {"a.txt": CONTENT}


def test_an_empty_entry_may_be_stored_with_a_data_descriptor() -> None:
    """As zipfile writes a directory to a pipe."""
    assert opened(zip_archive(streamed_part(ZipPart(b"d/", b"", STORED)))).entries[0].kind == "dir"


@pytest.mark.parametrize("which", ["local", "central", "both"])
def test_zip64_sizes_are_read(which: str) -> None:
    part = ZipPart()
    size, compressed = len(part.content), len(part.data)
    extra = zip64_extra(size, compressed)
    marks: dict[str, int | bytes] = {"size": 0xFFFFFFFF, "compressed": 0xFFFFFFFF}
    wide = ZipPart(
        local_extra=b"" if which == "central" else extra,
        central_extra=b"" if which == "local" else extra,
        in_local={} if which == "central" else marks,
        in_central={} if which == "local" else marks,
    )
    assert contents(zip_archive(wide)) == {"a.txt": CONTENT}


@pytest.mark.parametrize("numbers", [(26,), (26, len(ZipPart().data)), (26, len(ZipPart().data), 0), ()])
def test_a_zip64_field_may_repeat_the_first_numbers_of_its_header(numbers: tuple[int, ...]) -> None:
    part = ZipPart(central_extra=zip64_extra(*numbers), local_extra=zip64_extra(*numbers[:2]))
    assert contents(zip_archive(part)) == {"a.txt": CONTENT}


def test_a_zip64_offset_is_read() -> None:
    first = ZipPart(b"a")
    offset = zip_body([first]).offset
    second = ZipPart(b"b", in_central={"offset": 0xFFFFFFFF}, central_extra=zip64_extra(offset))
    assert contents(zip_archive(first, second)) == {"a": CONTENT, "b": CONTENT}


@pytest.mark.parametrize("marked", [True, False])
def test_a_zip64_end_is_read(*, marked: bool) -> None:
    body = zip_body([ZipPart()])
    end = zip_end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) if marked else zip_end(1, body.size, body.offset)
    assert contents(body.data + zip_end64(1, body.size, body.offset) + end) == {"a.txt": CONTENT}


def test_an_archive_inside_an_archive_is_good() -> None:
    inner = zip_archive(ZipPart(b"inner"))
    assert contents(zip_archive(ZipPart(b"inner.zip", inner, STORED))) == {"inner.zip": inner}


def test_the_comment_of_git_archive_is_good() -> None:
    assert contents(zip_archive(ZipPart(), comment=b"0123456789abcdef" * 2 + b"01234567"))


@pytest.mark.parametrize("size", [65_535, 40_000])
def test_the_longest_comment_is_good(size: int) -> None:
    assert contents(zip_archive(ZipPart(), comment=b"x" * size))


def test_a_name_in_utf8_is_good_with_or_without_the_flag() -> None:
    """Info-ZIP and the archiver of macOS leave the flag out."""
    for flags in (0, 0x0800):
        assert "né" in opened(zip_archive(ZipPart("né".encode(), flags=flags)))


def test_other_extra_fields_are_passed_over() -> None:
    stamp = struct.pack("<HHBL", 0x5455, 5, 1, 0)
    assert contents(zip_archive(ZipPart(local_extra=stamp + stamp, central_extra=stamp)))


def test_a_unicode_path_that_repeats_the_name_is_good() -> None:
    name = "né".encode()
    extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, 0) + name
    assert "né" in opened(zip_archive(ZipPart(name, local_extra=extra, central_extra=extra)))


def test_a_symbolic_link_inside_is_told() -> None:
    parts = [ZipPart(b"p/a"), ZipPart(b"p/l", b"./a", attributes=0o120777 << 16)]
    assert [entry.kind for entry in opened(zip_archive(*parts)).entries] == ["file", "symlink"]


VARIED = zip_archive(
    ZipPart(b"d/", b"", STORED, attributes=0o40755 << 16),
    ZipPart(b"d/a", b"a" * 300),
    streamed_part(ZipPart(b"d/b")),
    ZipPart(
        b"c", b"stored", STORED, local_extra=zip64_extra(6, 6), in_local={"size": 0xFFFFFFFF, "compressed": 0xFFFFFFFF}
    ),
    ZipPart(b"l", b"c", STORED, attributes=0o120777 << 16),
    comment=b"comment",
)


@given(st.integers(0, len(VARIED) - 1), st.integers(1, 255))
def test_damage_is_refused_or_changes_no_content(at: int, change: int) -> None:
    damaged = bytearray(VARIED)
    damaged[at] ^= change
    try:
        found = contents(bytes(damaged))
    except ArchiveInvalid:
        return
    assert found == contents(VARIED)


@given(st.integers(0, len(VARIED)), st.integers(0, len(VARIED)), st.binary(max_size=50))
def test_a_cut_or_an_insertion_is_refused_or_changes_no_content(start: int, end: int, between: bytes) -> None:
    changed = VARIED[:start] + between + VARIED[end:]
    try:
        found = contents(changed)
    except ArchiveInvalid:
        return
    assert found == contents(VARIED)


def test_twenty_thousand_entries_are_checked_at_once() -> None:
    body = zip_body(ZipPart(b"p/%d" % number, b"", STORED) for number in range(20_000))
    begun = time.process_time()
    assert len(opened(body.closed()).entries) == 20_000
    assert time.process_time() - begun < 5


def test_opening_reads_no_content() -> None:
    class Counted(io.BytesIO):
        got = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            Counted.got += len(data)
            return data

    file = Counted(zip_archive(*[ZipPart(b"%d" % number, bytes(10**6), STORED) for number in range(5)]))
    archive = open_zip(file)
    assert Counted.got < 200_000
    assert archive.read("4", 10**6) == bytes(10**6)
