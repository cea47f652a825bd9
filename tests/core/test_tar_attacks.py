"""Tar: sizes (S10), bombs (S11), names, links and special members (S12), and what programs read differently (S13)."""

import gzip
import time
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest

from registry.core.gunzip import iter_gunzip
from registry.core.limits import MIB, ArchiveInvalid, ArchiveLimits, ArchiveTooLarge
from registry.core.tar import iter_tar
from tests.builders.archives import (
    BLOCK,
    GNU,
    TAR_END,
    V7,
    base256,
    gnu_long,
    padded,
    pax_header,
    pax_record,
    tar_archive,
    tar_header,
    tar_member,
)
from tests.core.test_tar import FILE, first, walk


def refused(data: bytes, match: str, **options: Any) -> None:
    with pytest.raises(ArchiveInvalid, match=match):
        walk(data, **options)


@pytest.mark.parametrize("size", [base256(-512), base256(-1), b"\xff" * 12])
def test_a_negative_size_is_refused_at_once(size: bytes) -> None:
    """CVE-2025-8194: tarfile of 3.11.7 steps back and reads the same two kilobytes for ever."""
    begun = time.process_time()
    refused(tar_archive(tar_header(size=size), bytes(BLOCK)), "negative")
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "size", [b"0x00000001f\0", b"0o000000017\0", b"00_00000017\0", b"+0000000017\0", b"-0000000512\0", b"99999999999\0"]
)
def test_a_size_that_is_not_octal_is_refused(size: bytes) -> None:
    refused(tar_archive(tar_header(size=size), FILE), "not a number")


@pytest.mark.parametrize("size", [bytes(12), b" " * 12, b"7\0 junk here", b"7 7         "])
def test_a_size_without_digits_or_with_more_than_digits_is_refused(size: bytes) -> None:
    refused(tar_archive(tar_header(size=size), FILE), "not a number")


@pytest.mark.parametrize("size", [b"7           ", b"          7\0", b"7" + bytes(11), b"000000000007"])
def test_a_size_may_be_filled_up_in_any_of_the_usual_ways(size: bytes) -> None:
    assert walk(tar_archive(tar_header(size=size), padded(b"content")))[0][2] == b"content"


def test_a_size_beyond_the_limit_is_refused_before_the_data() -> None:
    with pytest.raises(ArchiveTooLarge):
        first(tar_header(size=base256(2**40)))


@pytest.mark.parametrize("pax", [b"0", b"512", b"1024", b"7.0"])
def test_a_pax_size_that_contradicts_the_header_is_refused(pax: bytes) -> None:
    """CVE-2025-62518: programs that step by the one and read by the other find members inside a member."""
    inner = tar_archive(tar_member(b"hidden"))
    refused(tar_archive(pax_header({"size": pax}), tar_member(b"outer", inner)), "two sizes|not a number")


def test_a_pax_size_beyond_octal_digits_counts_as_the_size() -> None:
    header = pax_header({"size": str(2**33).encode()}) + tar_header(size=0)
    with pytest.raises(ArchiveTooLarge):
        first(header)
    assert first(header, limits=ArchiveLimits(max_unpacked=2**34)).size == 2**33


@pytest.mark.parametrize("size", [b"", b"-1", b" 7", b"7\n", b"1e3", "٧".encode()])
def test_a_pax_size_that_is_no_number_is_refused(size: bytes) -> None:
    refused(tar_archive(pax_header({"size": size}), FILE), "not a number")


def test_more_members_than_the_limit_are_refused() -> None:
    limits = ArchiveLimits(max_entries=10)
    assert len(walk(tar_archive(*[pax_header({"mtime": b"1.5"}) + FILE] * 10), limits=limits)) == 10
    refused(tar_archive(*[FILE] * 11), "more than 10 members", limits=limits)


def test_global_headers_without_end_are_refused() -> None:
    comment = pax_header({"comment": b"x"}, kind=b"g")
    begun = time.process_time()
    with pytest.raises(ArchiveInvalid, match="more than"):
        list(iter_tar(repeat(comment)))
    assert time.process_time() - begun < 10


def test_an_archive_longer_than_the_limit_is_refused() -> None:
    data = tar_archive(FILE, FILE)
    assert len(walk(data, limits=ArchiveLimits(max_unpacked=len(data)))) == 2
    with pytest.raises(ArchiveTooLarge):
        walk(data, limits=ArchiveLimits(max_unpacked=len(data) - 1))


def test_zeros_without_end_are_refused() -> None:
    with pytest.raises(ArchiveTooLarge):
        list(iter_tar(repeat(bytes(MIB)), ArchiveLimits(max_unpacked=64 * MIB)))


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
@pytest.mark.parametrize("size", [2 * MIB, 1024 * MIB])
def test_an_extension_header_of_megabytes_is_refused_before_its_data(kind: bytes, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield tar_header(size=size, kind=kind)
        pytest.fail("read on")

    with pytest.raises(ArchiveInvalid, match="too large"):
        list(iter_tar(chunks()))


def test_extension_headers_that_add_up_are_refused() -> None:
    long = gnu_long(b"d/" * 1000 + b"a") + tar_member()
    limits = ArchiveLimits(max_metadata=10_000)
    assert len(walk(tar_archive(*[long] * 4), limits=limits)) == 4
    refused(tar_archive(*[long] * 5), "too large", limits=limits)


def test_a_bomb_of_zeros_inside_gzip_is_refused() -> None:
    bomb = gzip.compress(tar_archive(tar_member(b"a", bytes(100 * MIB))), 9)
    unpacked = iter_gunzip([bomb], max_output=1024 * MIB, max_ratio=200, ratio_slack=MIB)
    with pytest.raises(ArchiveInvalid, match="200 times"):
        list(iter_tar(unpacked))


# Names, links, special members (S12)

BAD_NAMES = [
    b"",
    b"/etc/passwd",
    b"//etc/passwd",
    b"..",
    b"../a",
    b"a/../b",
    b"a/..",
    b"./../a",
    b"a\\b",
    b"..\\a",
    b"C:/windows",
    b"c:a",
    b"a\nb",
    b"a\x1bb",
    b"a\x7fb",
    "a\x85b".encode(),
    b"\xff\xfe",
    b"\xc0\xae\xc0\xae/a",
    b"\xed\xa0\x80",
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("form", ["ustar", "pax", "gnu"])
def test_a_bad_name_is_refused_in_every_form(name: bytes, form: str) -> None:
    forms = {
        "ustar": tar_member(name),
        "pax": pax_header({"path": name}) + tar_member(),
        "gnu": gnu_long(name) + tar_member(magic=GNU),
    }
    refused(tar_archive(forms[form]), "name")


@pytest.mark.parametrize("extension", [pax_header({"path": b"a\0b"}), gnu_long(b"a\0b")])
def test_a_name_with_nul_is_refused(extension: bytes) -> None:
    refused(tar_archive(extension, tar_member()), "control")


def test_a_name_longer_than_a_path_may_be_is_refused() -> None:
    refused(tar_archive(gnu_long(b"a/" * 2100), tar_member()), "exceeds")


def test_a_parent_in_the_ustar_prefix_is_refused() -> None:
    refused(tar_archive(tar_header(b"a", prefix=b"..")), r"'\.\.' part")


def test_a_file_or_link_in_place_of_the_tree_is_refused() -> None:
    refused(tar_archive(tar_member(b".")), "place of the tree")
    refused(tar_archive(tar_member(b"./.", kind=b"2", link=b"a")), "place of the tree")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (b"l", b"a"),
        (b"p/l", b"a"),
        (b"p/l", b"./a//b"),
        (b"p/l", b"."),
        (b"p/d/l", b"../a"),
        (b"p/d/l", b".."),
        (b"p/d/e/l", b"../../a/b"),
    ],
)
def test_a_symbolic_link_may_stay_below_the_top_directory(name: bytes, target: bytes) -> None:
    assert walk(tar_archive(tar_member(name, kind=b"2", link=target)))[0][3] == target.decode()


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (b"l", b".."),
        (b"l", b"../a"),
        (b"l", b"/etc/passwd"),
        (b"l", b""),
        (b"p/l", b".."),
        (b"p/l", b"../q/a"),
        (b"p/d/l", b"../../a"),
        (b"p/d/l", b"a/../../../b"),
        (b"p/d/l", b"a/.."),
        (b"p/l", b"C:\\a"),
        (b"p/l", b"c:/a"),
        (b"p/l", b"..\\a"),
        (b"p/l", b"\xff"),
    ],
)
def test_a_symbolic_link_out_of_its_tree_is_refused(name: bytes, target: bytes) -> None:
    refused(tar_archive(tar_member(name, kind=b"2", link=target)), "leaves the archive|name")


def test_a_long_target_is_checked_too() -> None:
    for extension in (pax_header({"linkpath": b"../../a"}), gnu_long(b"../../a", b"K")):
        refused(tar_archive(extension, tar_member(b"p/l", kind=b"2", link=b"a")), "leaves")


@pytest.mark.parametrize("target", [b"../a", b"/a", b"a/../../b", b""])
def test_a_hard_link_out_of_the_tree_is_refused(target: bytes) -> None:
    refused(tar_archive(tar_member(b"p/l", kind=b"1", link=target)), "name")


def test_a_name_that_leads_through_a_link_is_refused() -> None:
    link = tar_member(b"p/d/l", kind=b"2", link=b"..")
    refused(tar_archive(link, tar_member(b"p/d/l/a")), "through a symbolic link")
    refused(tar_archive(link, tar_member(b"p/d/l/e/f", kind=b"2", link=b"../..")), "through a symbolic link")
    assert len(walk(tar_archive(link, tar_member(b"p/d/lx/a")))) == 2


@pytest.mark.parametrize("kind", [b"3", b"4", b"6", b"S", b"D", b"M", b"N", b"V", b"X", b"8", b"\x01"])
def test_devices_sparse_files_and_other_special_members_are_refused(kind: bytes) -> None:
    refused(tar_archive(tar_member(kind=kind)), "neither file, directory nor link")


@pytest.mark.parametrize("key", ["GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.realsize"])
@pytest.mark.parametrize("kind", [b"x", b"g"])
def test_a_sparse_file_told_by_pax_is_refused(key: str, kind: bytes) -> None:
    refused(tar_archive(pax_header({key: b"1"}, kind), FILE), "sparse")


@pytest.mark.parametrize("kind", [b"1", b"2", b"5"])
def test_content_of_a_link_or_directory_is_refused(kind: bytes) -> None:
    refused(tar_archive(tar_member(b"p/a", bytes(BLOCK), kind=kind, link=b"b")), "has content")


@pytest.mark.parametrize("kind", [b"0", b"\0"])
def test_a_file_whose_name_ends_like_a_directory_is_one_or_is_refused(kind: bytes) -> None:
    assert walk(tar_archive(tar_member(b"p/d/", kind=kind)))[0][:2] == ("dir", "p/d")
    refused(tar_archive(tar_member(b"p/d/", b"content", kind=kind)), "has content")


def test_a_name_that_comes_twice_is_seen_twice_or_refused() -> None:
    data = tar_archive(FILE, tar_member(b"./package//a.txt", b"other"))
    assert [content for _, _, content, _ in walk(data)] == [b"content", b"other"]
    refused(data, "two members are named 'package/a.txt'", unique=True)


def test_a_directory_may_come_twice_and_not_as_a_file() -> None:
    directory = tar_member(b"package/a.txt", kind=b"5")
    assert len(walk(tar_archive(directory, directory), unique=True)) == 2
    refused(tar_archive(directory, FILE), "two members", unique=True)
    refused(tar_archive(FILE, directory), "two members", unique=True)


@pytest.mark.parametrize("at", [0, 100, 124, 150, 156, 300, 511])
def test_a_wrong_checksum_is_refused(at: int) -> None:
    damaged = bytearray(tar_archive(FILE, FILE))
    damaged[2 * BLOCK + at] ^= 1
    refused(bytes(damaged), "checksum")


@pytest.mark.parametrize("magic", [b"ustar 00", b"USTAR\x0000", b"tar\0\0\0\0\0", b"\0\0\0\0\0\0\0x"])
def test_an_unknown_format_is_refused(magic: bytes) -> None:
    refused(tar_archive(tar_member(magic=magic)), "no known format")


@pytest.mark.parametrize("magic", [GNU, V7])
def test_a_prefix_outside_ustar_is_refused(magic: bytes) -> None:
    refused(tar_archive(tar_header(magic=magic, prefix=b"other")), "no known format")


@pytest.mark.parametrize(
    "extensions",
    [
        pax_header({"path": b"a"}) + pax_header({"path": b"b"}),
        pax_header({"mtime": b"1"}) + pax_header({"path": b"b"}),
        gnu_long(b"a") + gnu_long(b"b"),
        gnu_long(b"a") + pax_header({"path": b"b"}),
        pax_header({"path": b"b"}) + gnu_long(b"a"),
        gnu_long(b"a", b"K") + pax_header({"linkpath": b"b"}),
        pax_header({"path": b"a"}) + pax_header({"comment": b"b"}, b"g"),
        pax_header(pax_record("path", b"a") + pax_record("path", b"b")),
    ],
)
def test_a_member_named_twice_over_is_refused(extensions: bytes) -> None:
    refused(tar_archive(extensions, FILE), "two extension headers|repeated")


def test_a_long_name_and_a_long_target_go_together() -> None:
    data = tar_archive(gnu_long(b"p/l"), gnu_long(b"a", b"K"), tar_member(b"x", kind=b"2", link=b"y", magic=GNU))
    assert walk(data) == [("symlink", "p/l", b"", "a")]


def test_an_extension_header_counts_for_one_member() -> None:
    found = walk(tar_archive(pax_header({"path": b"long"}), FILE, FILE))
    assert [name for _, name, _, _ in found] == ["long", "package/a.txt"]


@pytest.mark.parametrize("key", ["path", "linkpath", "size"])
def test_a_global_header_that_names_members_is_refused(key: str) -> None:
    refused(tar_archive(pax_header({key: b"7"}, b"g"), FILE), f"a global header sets {key}")


def test_names_in_another_character_set_are_refused() -> None:
    assert walk(tar_archive(pax_header({"hdrcharset": b"ISO-IR 10646 2000 UTF-8"}), FILE))
    refused(tar_archive(pax_header({"hdrcharset": b"BINARY"}), FILE), "UTF-8")


@pytest.mark.parametrize(
    "data",
    [
        b"path=a\n",
        b"8 path=a",
        b"9 path=a\nx",
        b"7 path=a\n",
        b"99 path=a\n",
        b"09 path=a\n",
        b"-9 path=a\n",
        b"0 path=a\n",
        b"1 \n",
        b"2 \n",
        b"3 \n",
        b"7 path\n",
        b"9 path=a\n\0\0\0",
        b"999999999999999999999 path=a\n",
    ],
)
def test_a_malformed_pax_record_is_refused(data: bytes) -> None:
    refused(tar_archive(pax_header(data), FILE), "pax")


def test_a_pax_value_may_hold_newlines_and_equals_signs() -> None:
    assert walk(tar_archive(pax_header({"comment": b"a=b\n9 path=x\n", "path": b"a=b"}), FILE))[0][1] == "a=b"


@pytest.mark.parametrize("extension", [pax_header({"path": b"a"}), gnu_long(b"a")])
def test_an_extension_header_without_a_member_is_refused(extension: bytes) -> None:
    refused(tar_archive(FILE, extension), "without a member")


@pytest.mark.parametrize("rest", [FILE, b"x", bytes(700) + b"x" + bytes(323)])
@pytest.mark.parametrize("end", [bytes(BLOCK), TAR_END])
@pytest.mark.parametrize("chunk", [511, 100_000])
def test_what_follows_the_end_is_refused(rest: bytes, end: bytes, chunk: int) -> None:
    refused(tar_archive(FILE, end=end) + rest, "follows the end", chunk=chunk)


@pytest.mark.parametrize("length", range(0, len(tar_archive(FILE, end=b"")) + 1, 64))
def test_a_truncated_archive_is_refused(length: int) -> None:
    refused(tar_archive(FILE)[:length], "truncated")


def test_other_formats_are_refused() -> None:
    refused(b"PK\x03\x04" + bytes(1000), "not a number|checksum")
    refused(b"x" * 2000, "not a number|checksum")
