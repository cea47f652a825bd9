"""Zip: bombs (S11), names and links (S12), and every ambiguity between one reader and another (S13)."""

import io
import struct
import time
import zipfile
from dataclasses import replace

import pytest

from registry.core.limits import MIB, ArchiveInvalid, ArchiveLimits, ArchiveTooLarge
from registry.core.zip import open_zip
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
from tests.core.test_zip import CONTENT, opened

WIDE = 0xFFFFFFFF
LINK = 0o120777 << 16
PART = ZipPart()
BODY = zip_body([PART])


def refused(data: bytes, match: str, limits: ArchiveLimits = ArchiveLimits()) -> None:  # noqa: B008
    with pytest.raises(ArchiveInvalid, match=match):
        opened(data, limits=limits)


def unreadable(part: ZipPart, match: str) -> None:
    archive = opened(zip_archive(part))
    with pytest.raises(ArchiveInvalid, match=match):
        archive.read("a.txt", 10 * MIB)


def test_overlapping_entries_are_refused() -> None:
    """CVE-2024-0450: two hundred names for one piece of data; zipfile of 3.11.7 reads each of them."""
    kernel = zip_body([ZipPart(b"kernel", bytes(1_500_000))])
    record = kernel.data[kernel.offset :]
    directory = b"".join(record.replace(b"kernel", b"%06d" % number) for number in range(200))
    data = kernel.data[: kernel.offset] + directory + zip_end(200, len(directory), kernel.offset)
    refused(data, "200 times")
    refused(data, "another name", ArchiveLimits(max_ratio=10**6))


def test_entries_of_the_same_name_and_data_are_refused() -> None:
    directory = BODY.data[BODY.offset :] * 2
    refused(BODY.data[: BODY.offset] + directory + zip_end(2, len(directory), BODY.offset), "overlaps")


def test_an_entry_inside_the_data_of_another_is_refused() -> None:
    inner = zip_body([ZipPart(b"inner")])
    local = inner.data[: inner.offset]
    outer = zip_body([ZipPart(b"outer", local, STORED)])
    at = outer.data.index(local)
    hidden = inner.data[inner.offset : -4] + struct.pack("<L", at)
    directory = outer.data[outer.offset :] + hidden
    refused(outer.data[: outer.offset] + directory + zip_end(2, len(directory), outer.offset), "overlaps")


def test_sizes_that_add_up_beyond_the_limit_are_refused() -> None:
    parts = [ZipPart(b"%d" % number, bytes(1000)) for number in range(10)]
    opened(zip_archive(*parts), limits=ArchiveLimits(max_unpacked=10_000))
    with pytest.raises(ArchiveTooLarge):
        opened(zip_archive(*parts), limits=ArchiveLimits(max_unpacked=9_999))


def test_an_archive_that_unpacks_to_many_times_its_size_is_refused_past_the_slack() -> None:
    bomb = zip_archive(ZipPart(content=bytes(10 * MIB)))
    opened(bomb)
    refused(bomb, "200 times", ArchiveLimits(ratio_slack=MIB))


def test_a_size_that_lies_is_found_out_without_unpacking_it_all() -> None:
    lies: dict[str, int | bytes] = {"size": 5}
    part = ZipPart(content=bytes(5 * MIB), in_local=lies, in_central=lies)
    unreadable(part, "larger than the directory says")


@pytest.mark.parametrize("size", [25, 27])
@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_a_size_that_is_one_off_is_refused(size: int, method: int) -> None:
    lies: dict[str, int | bytes] = {"size": size}
    part = ZipPart(method=method, in_local=lies, in_central=lies)
    if method == STORED:
        refused(zip_archive(part), "two sizes")
    else:
        unreadable(part, "larger|not what")


def test_content_with_another_checksum_is_refused() -> None:
    lies: dict[str, int | bytes] = {"crc": 1}
    unreadable(ZipPart(in_local=lies, in_central=lies), "not what the directory says")
    unreadable(ZipPart(method=STORED, in_local=lies, in_central=lies), "not what the directory says")


@pytest.mark.parametrize("packed", [PART.data + b"more", PART.data + bytes(100_000), PART.data[:-1]])
def test_data_that_ends_elsewhere_than_told_is_refused(packed: bytes) -> None:
    unreadable(ZipPart(packed=packed), "does not end where")


def test_data_behind_a_stream_that_ends_with_a_block_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.core.zip._FED", len(PART.data))
    unreadable(ZipPart(packed=PART.data * 2), "does not end where")


def test_damaged_data_is_refused() -> None:
    unreadable(ZipPart(packed=b"\xff" * 20), "damaged")


def test_more_entries_than_the_limit_are_refused() -> None:
    parts = [ZipPart(b"%d" % number) for number in range(11)]
    opened(zip_archive(*parts[:10]), limits=ArchiveLimits(max_entries=10))
    refused(zip_archive(*parts), "more than 10 entries", ArchiveLimits(max_entries=10))


def test_a_directory_beyond_the_limit_is_refused() -> None:
    refused(zip_archive(PART), "central directory exceeds", ArchiveLimits(max_metadata=40))


def test_a_million_entries_are_refused_at_once() -> None:
    body = zip_body([PART])
    begun = time.process_time()
    many = zip_end64(10**6, body.size, body.offset) + zip_end(0xFFFF, WIDE, WIDE)
    refused(body.data + many, "more than 100000 entries")
    assert time.process_time() - begun < 0.5


BAD_NAMES = [
    b"",
    b"/a",
    b"../a",
    b"a/../b",
    b"a\\b",
    b"C:/a",
    b"a\nb",
    b"a\0b",
    b"a\0",
    b"a\x7f",
    b"\xff",
    b"a/" * 2100,
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused(name: bytes) -> None:
    refused(zip_archive(ZipPart(name)), "name")


@pytest.mark.parametrize("name", [b".", b"./", b"./."])
def test_a_name_of_the_tree_itself_is_refused(name: bytes) -> None:
    refused(zip_archive(ZipPart(name, b"", STORED)), "no name")


@pytest.mark.parametrize("names", [(b"a", b"a"), (b"a", b"./a"), (b"a/b", b"a//b"), (b"a/", b"a"), (b"a/", b"a/")])
def test_a_name_that_comes_twice_is_refused(names: tuple[bytes, bytes]) -> None:
    refused(zip_archive(*[ZipPart(name, b"", STORED) for name in names]), "that of another entry")


@pytest.mark.parametrize("target", [b"..", b"../a", b"/etc/passwd", b"a/../../b", b"", b"..\\a", b"x" * 5000])
@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_a_symbolic_link_out_of_the_tree_is_refused(target: bytes, method: int) -> None:
    with pytest.raises((ArchiveInvalid, ArchiveTooLarge), match=r"leaves|name|exceeds"):
        opened(zip_archive(ZipPart(b"p/l", target, method, attributes=LINK)))


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_that_leads_through_a_link_is_refused_in_any_order(order: int) -> None:
    parts = [ZipPart(b"p/d/l", b"..", attributes=LINK), ZipPart(b"p/d/l/a")]
    refused(zip_archive(*parts[::order]), "through a symbolic link")


@pytest.mark.parametrize("kind", [0o010000, 0o020000, 0o040000, 0o060000, 0o140000])
def test_devices_and_misnamed_directories_are_refused(kind: int) -> None:
    refused(zip_archive(ZipPart(attributes=kind << 16)), "neither file, directory nor link")


@pytest.mark.parametrize("part", [ZipPart(b"d/"), ZipPart(b"d/", b"", STORED, attributes=LINK)])
def test_a_directory_that_is_something_else_is_refused(part: ZipPart) -> None:
    refused(zip_archive(part), "something else by content")


@pytest.mark.parametrize("flag", [0x0001, 0x0020, 0x0040, 0x2000])
def test_encrypted_and_patched_entries_are_refused(flag: int) -> None:
    refused(zip_archive(ZipPart(flags=flag)), "encrypted")


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 93, 99])
def test_other_methods_than_deflate_are_refused(method: int) -> None:
    refused(zip_archive(ZipPart(method=method)), "another method")


@pytest.mark.parametrize(
    "told",
    [
        {"name": b"b.txt"},
        {"name": b"a.txt\0"},
        {"name": b"a.tx"},
        {"name": b"A.txt"},
        {"method": STORED},
        {"size": 25},
        {"compressed": len(PART.data) - 1},
        {"crc": 0},
        {"flags": 0x0008},
        {"flags": 0x0001},
        {"flags": 0x0800},
        {"size": 0, "compressed": 0, "crc": 0},
        {"size": WIDE, "compressed": WIDE},
    ],
)
def test_a_local_header_that_differs_from_the_directory_is_refused(told: dict[str, int | bytes]) -> None:
    refused(zip_archive(ZipPart(in_local=told)), "another name|differs from the directory|extra field")


@pytest.mark.parametrize("at", [0, BODY.offset])
@pytest.mark.parametrize("byte", range(4))
def test_a_header_without_its_signature_is_refused(at: int, byte: int) -> None:
    data = bytearray(zip_archive(PART))
    data[at + byte] ^= 1
    refused(bytes(data), "no local header|malformed central directory")


@pytest.mark.parametrize("cut", [4, 45])
def test_a_directory_cut_in_a_header_is_refused(cut: int) -> None:
    directory = BODY.data[BODY.offset :]
    directory += directory[:cut]
    refused(
        BODY.data[: BODY.offset] + directory + zip_end(2, len(directory), BODY.offset), "malformed central directory"
    )


def test_a_name_that_reaches_out_of_the_directory_is_refused() -> None:
    longer = ZipPart(in_central={"name": b"a.txtx"})
    directory = zip_body([longer]).data[BODY.offset : -1]
    refused(BODY.data[: BODY.offset] + directory + zip_end(1, len(directory), BODY.offset), "does not end with")


@pytest.mark.parametrize("told", [{"crc": 1}, {"size": 1}, {"compressed": 1}])
def test_a_local_header_before_a_data_descriptor_tells_nothing_else(told: dict[str, int | bytes]) -> None:
    refused(zip_archive(streamed_part(ZipPart(in_local=told))), "differs from the directory")


def test_stored_data_with_a_data_descriptor_are_refused() -> None:
    refused(zip_archive(streamed_part(ZipPart(method=STORED))), "matter of opinion")


@pytest.mark.parametrize("layout", ["<4sLQQ", "<LQQ"])
def test_a_wide_data_descriptor_without_zip64_is_refused(layout: str) -> None:
    refused(zip_archive(streamed_part(PART, layout)), "data descriptor")


@pytest.mark.parametrize("layout", ["<4sLLL", "<LLL"])
def test_a_narrow_data_descriptor_with_zip64_is_refused(layout: str) -> None:
    refused(zip_archive(streamed_part(ZipPart(local_extra=zip64_extra(0, 0)), layout)), "data descriptor")


def test_an_entry_hidden_behind_the_data_in_front_of_a_data_descriptor_is_refused() -> None:
    """CVE-2025-54368: from the start, the deflated data end early, and the next header is the hidden one's."""
    early = zip_body([streamed_part(PART), ZipPart(b"hidden")])
    hidden = early.data[early.data.index(PART.data) : early.offset]
    part = streamed_part(ZipPart(packed=hidden))
    refused(zip_archive(part), "does not end where")


def test_content_in_front_of_a_data_descriptor_is_verified_at_once() -> None:
    crc: dict[str, int | bytes] = {"crc": 1}
    part = streamed_part(ZipPart(in_central=crc))
    data = bytearray(zip_archive(part))
    at = data.index(b"PK\x07\x08") + 4
    data[at : at + 4] = b"\1\0\0\0"
    refused(bytes(data), "not what the directory says")


def test_a_missing_data_descriptor_is_refused() -> None:
    refused(zip_archive(replace(streamed_part(PART), descriptor=None)), "gap")


def test_a_data_descriptor_that_lies_is_refused() -> None:
    data = bytearray(zip_archive(streamed_part(PART)))
    data[data.index(b"PK\x07\x08") + 5] ^= 1
    refused(bytes(data), "data descriptor")


def test_a_second_data_descriptor_is_refused() -> None:
    refused(zip_archive(replace(streamed_part(PART), gap=b"PK\x07\x08" + bytes(12))), "gap")


@pytest.mark.parametrize("gap", [b"\0", b"PK\x03\x04" + bytes(26), zip_body([ZipPart(b"hidden")]).data])
@pytest.mark.parametrize("last", [True, False])
def test_anything_between_the_entries_is_refused(gap: bytes, *, last: bool) -> None:
    refused(zip_archive(replace(PART, gap=gap), *([] if last else [ZipPart(b"b")])), "gap")


def test_a_comment_on_an_entry_is_refused() -> None:
    refused(zip_archive(ZipPart(comment=b"x")), "has a comment")


def test_an_offset_beyond_the_entries_is_refused() -> None:
    refused(zip_archive(PART, ZipPart(b"b", in_central={"offset": 10**6})), "gap|overlaps|local header")
    refused(zip_archive(PART, ZipPart(b"b", in_central={"offset": 1})), "local header|overlaps")


def test_a_local_header_cut_by_the_end_of_the_file_is_refused() -> None:
    """Its signature is all there is of it: the end of the archive's comment, where the entry before it ends too."""
    comment = b"PK\x03\x04"
    at = 35 + (46 + 5) + (46 + 1) + 22
    sizes: dict[str, int | bytes] = {"size": at - 35, "compressed": at - 35}
    before = zip_body([ZipPart(b"a.txt", b"", STORED, in_local=sizes, in_central=sizes)])
    cut = zip_body([ZipPart(b"b", b"", STORED, in_central={"offset": at})])
    directory = before.data[before.offset :] + cut.data[cut.offset :]
    data = before.data[: before.offset] + directory + zip_end(2, len(directory), before.offset, comment)
    assert data[at:] == comment
    refused(data, "no local header")


@pytest.mark.parametrize("numbers", [(1,), (1, 2), (26, 1), (26, len(PART.data), 7)])
def test_zip64_numbers_that_contradict_the_header_are_refused(numbers: tuple[int, ...]) -> None:
    extra = zip64_extra(*numbers)
    refused(zip_archive(ZipPart(central_extra=extra)), "contradicts")
    if len(numbers) < 3:
        refused(zip_archive(ZipPart(local_extra=extra)), "contradicts")


@pytest.mark.parametrize("numbers", [(), (26,)])
def test_zip64_numbers_that_are_announced_and_missing_are_refused(numbers: tuple[int, ...]) -> None:
    told: dict[str, int | bytes] = {"size": WIDE, "compressed": WIDE}
    extra = zip64_extra(*numbers)
    refused(zip_archive(ZipPart(local_extra=extra, in_local=told)), "lacks a number")
    refused(zip_archive(ZipPart(central_extra=extra, in_central=told)), "lacks a number")
    refused(zip_archive(ZipPart(in_local=told)), "differs from the directory")


@pytest.mark.parametrize(
    "extra",
    [
        b"\1",
        b"\1\0\0",
        b"\1\0\4\0\0\0\0\0",
        b"\1\0\xff\xff",
        zip64_extra(26, len(PART.data)) * 2,
        zip64_extra() + zip64_extra(26),
        struct.pack("<HH", 0x5455, 9) + b"short",
    ],
)
@pytest.mark.parametrize("where", ["local", "central"])
def test_a_malformed_extra_field_is_refused(extra: bytes, where: str) -> None:
    part = ZipPart(local_extra=extra) if where == "local" else ZipPart(central_extra=extra)
    refused(zip_archive(part), "extra field")


@pytest.mark.parametrize("where", ["local", "central"])
def test_a_second_name_in_an_extra_field_is_refused(where: str) -> None:
    extra = struct.pack("<HHBL", 0x7075, 5 + 5, 1, 0) + b"b.txt"
    part = ZipPart(local_extra=extra) if where == "local" else ZipPart(central_extra=extra)
    refused(zip_archive(part), "second name")


def test_the_forged_archives_are_good_but_for_what_is_odd() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_archive(PART, streamed_part(ZipPart(b"b"))))) as archive:
        assert archive.testzip() is None
        assert archive.read("a.txt") == CONTENT
    assert open_zip(io.BytesIO(zip_archive(PART))).read("a.txt", 100) == CONTENT
