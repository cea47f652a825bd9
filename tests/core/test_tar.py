"""Tar: what tarfile gives for honest archives; the hostile ones of S10 to S13 are refused."""

import io
import tarfile
import time
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.limits import MIB, ArchiveInvalid, ArchiveTooLarge
from registry.core.tar import Member, iter_tar
from tests.builders.archives import (
    BLOCK,
    GNU,
    TAR_END,
    USTAR,
    V7,
    base256,
    gnu_long,
    in_chunks,
    padded,
    pax_header,
    tar_archive,
    tar_header,
    tar_member,
)

FILE = tar_member(b"package/a.txt", b"content")


def walk(data: bytes, chunk: int = 10_000, **options: Any) -> list[tuple[str, str, bytes, str]]:
    members = iter_tar(in_chunks(data, chunk), **options)
    return [(member.kind, member.name, member.read(10 * MIB), member.link) for member in members]


def first(data: bytes, **options: Any) -> Member:
    return next(iter_tar([data], **options))


PARTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="/\\"), min_size=1
).filter(lambda part: part not in (".", "..") and part[1:2] != ":")
NAMES = st.lists(PARTS, min_size=1, max_size=30).map("/".join)


@given(
    st.dictionaries(NAMES, st.binary(max_size=1500), max_size=6),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.integers(1, 3000),
)
def test_any_split_of_an_archive_gives_its_members(files: dict[str, bytes], form: int, chunk: int) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(content), 1.5, 0o755
            archive.addfile(info, io.BytesIO(content))
    assert walk(packed.getvalue(), chunk, unique=True) == [("file", *item, "") for item in files.items()]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("name", ["p/a", "p/" + "d" * 90 + "/" + "n" * 90])
def test_directories_and_links_are_told(form: int, name: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        for kind, member, link in [
            (tarfile.DIRTYPE, "p", ""),
            (tarfile.REGTYPE, name, ""),
            (tarfile.SYMTYPE, "p/to", "./a"),
            (tarfile.LNKTYPE, "p/same", name if len(name) < 100 else "p/a"),
        ]:
            info = tarfile.TarInfo(member)
            info.type, info.linkname = kind, link
            archive.addfile(info)
    found = walk(packed.getvalue())
    assert [(kind, member) for kind, member, _, _ in found] == [
        ("dir", "p"),
        ("file", name),
        ("symlink", "p/to"),
        ("hardlink", "p/same"),
    ]
    assert [link for *_, link in found] == ["", "", "./a", name if len(name) < 100 else "p/a"]


def test_names_come_in_one_form_and_the_tree_itself_is_left_out() -> None:
    members = [tar_member(name, kind=b"5") for name in (b"./", b"./p/", b"p//d/.//")]
    found = walk(tar_archive(*members, tar_member(b"./p//d/a"), tar_member(b"a..b/c...d")))
    assert [name for _, name, _, _ in found] == ["p", "p/d", "p/d/a", "a..b/c...d"]


@pytest.mark.parametrize(("mode", "number"), [(b"0000755\0", 0o755), (b"100644 \0", 0o100644), (bytes(8), 0)])
def test_the_mode_is_told(mode: bytes, number: int) -> None:
    assert first(tar_archive(tar_header(b"bin/x", mode=mode))).mode == number


def test_a_link_stays_one_with_a_slash_behind_its_name() -> None:
    assert walk(tar_archive(tar_member(b"p/l/", kind=b"2", link=b"a"))) == [("symlink", "p/l", b"", "a")]


def test_a_ustar_prefix_is_part_of_the_name() -> None:
    assert walk(tar_archive(tar_header(b"a.txt", prefix=b"some/where")))[0][1] == "some/where/a.txt"


@pytest.mark.parametrize("magic", [USTAR, GNU, V7])
def test_all_three_formats_are_read(magic: bytes) -> None:
    assert walk(tar_archive(tar_member(b"a", b"content", magic=magic))) == [("file", "a", b"content", "")]


def test_a_checksum_over_signed_bytes_is_good() -> None:
    assert walk(tar_archive(tar_header("é".encode(), signed=True)))[0][1] == "é"


def test_a_size_in_base_256_is_read() -> None:
    assert walk(tar_archive(tar_header(b"a", size=base256(3)) + padded(b"abc")))[0][2] == b"abc"


def test_a_global_header_that_comments_is_passed_over() -> None:
    """As `git archive` writes it."""
    comment = pax_header({"comment": b"0" * 40}, kind=b"g")
    assert walk(tar_archive(comment, FILE)) == [("file", "package/a.txt", b"content", "")]


def test_a_pax_size_that_agrees_with_the_header_is_good() -> None:
    """As node-tar writes it."""
    assert walk(tar_archive(pax_header({"size": b"7", "mtime": b"1.5"}), FILE))[0][2] == b"content"


@pytest.mark.parametrize("end", [bytes(BLOCK), bytes(2 * BLOCK), bytes(20 * BLOCK), bytes(BLOCK + 100)])
@pytest.mark.parametrize("chunk", [100, 512, 100_000])
def test_an_archive_ends_with_one_block_of_zeros_or_more(end: bytes, chunk: int) -> None:
    assert len(walk(tar_archive(FILE, end=end), chunk)) == 1


def test_an_archive_without_members_is_good() -> None:
    assert walk(TAR_END) == []


def test_a_member_that_exceeds_the_limit_of_the_reader_is_refused() -> None:
    member = first(tar_archive(FILE))
    with pytest.raises(ArchiveTooLarge, match="exceeds 6 bytes"):
        member.read(6)
    assert member.read(7) == b"content"


def test_a_member_not_read_is_passed_over() -> None:
    big = tar_member(b"big", bytes(100_001))
    members = iter_tar(in_chunks(tar_archive(big, FILE), 700))
    assert [member.name for member in members] == ["big", "package/a.txt"]


def test_a_member_read_in_part_is_passed_over() -> None:
    members = iter_tar(in_chunks(tar_archive(tar_member(b"big", b"x" * 5000), FILE), 700))
    assert next(next(members).chunks())
    assert next(members).read(100) == b"content"


@pytest.mark.parametrize("size", [0, 7])
def test_a_member_cannot_be_read_after_the_next_was_asked_for(size: int) -> None:
    members = iter_tar([tar_archive(tar_member(b"a", bytes(size)), FILE)])
    first = next(members)
    next(members)
    with pytest.raises(ValueError, match="passed"):
        first.read(100)


def test_pieces_asked_for_before_cannot_be_read_after_the_next_member_was_asked_for() -> None:
    members = iter_tar([tar_archive(FILE, FILE)])
    pieces = next(members).chunks()
    next(members)
    with pytest.raises(ValueError, match="passed"):
        next(pieces)


def test_a_member_is_read_once() -> None:
    member = first(tar_archive(FILE))
    member.read(100)
    with pytest.raises(ValueError, match="before"):
        member.chunks()


VARIED = tar_archive(
    pax_header({"comment": b"x"}, b"g"),
    pax_header({"path": b"p/long", "size": b"7"}),
    FILE,
    gnu_long(b"p/longer"),
    tar_member(b"x", b"y" * 600, magic=GNU),
    tar_member(b"p/l", kind=b"2", link=b"long"),
    tar_member(b"p/h", kind=b"1", link=b"p/long"),
    tar_member(b"p/d", kind=b"5"),
)
EXPECTED = walk(VARIED)


@given(st.integers(0, len(VARIED) - 1), st.integers(1, 255), st.integers(1, 2000))
def test_damage_is_refused_or_changes_no_header(at: int, change: int, chunk: int) -> None:
    damaged = bytearray(VARIED)
    damaged[at] ^= change
    try:
        found = walk(bytes(damaged), chunk)
    except ArchiveInvalid:
        return
    assert [kind for kind, *_ in found] == [kind for kind, *_ in EXPECTED]


@given(st.lists(st.sampled_from([VARIED[at : at + BLOCK] for at in range(0, len(VARIED), BLOCK)]), max_size=20))
def test_headers_in_any_order_are_read_or_refused(blocks: list[bytes]) -> None:
    try:
        found = walk(b"".join(blocks))
    except ArchiveInvalid:
        return
    assert len(found) <= len(blocks)


def test_twenty_thousand_members_are_read_at_once() -> None:
    begun = time.process_time()
    members = (tar_member(b"p/%d" % number) for number in range(20_000))
    assert sum(1 for _ in iter_tar(chain(members, [TAR_END]), unique=True)) == 20_000
    assert time.process_time() - begun < 5
