"""Zip: one end, where it has to be, and one directory in front of it (S13)."""

import pytest

from tests.builders.archives import (
    STORED,
    ZipBody,
    ZipPart,
    zip_archive,
    zip_body,
    zip_end,
    zip_end64,
)
from tests.core.test_zip import opened
from tests.core.test_zip_attacks import BODY, PART, WIDE, refused


@pytest.mark.parametrize("before", [b"\0", b"#!/usr/bin/env python3\n", zip_archive(ZipPart(b"other"))])
def test_anything_before_the_first_entry_is_refused(before: bytes) -> None:
    refused(before + zip_archive(PART), "not where the archive says")
    refused(zip_body([PART], before).closed(), "precedes")


@pytest.mark.parametrize("behind", [b"\0", b"x" * 100_000, zip_archive(ZipPart(b"other")), zip_end(0, 0, 0)])
def test_anything_behind_the_end_is_refused(behind: bytes) -> None:
    refused(zip_archive(PART) + behind, "follows its end|no end|not where")


def test_anything_between_directory_and_end_is_refused() -> None:
    end = zip_end(1, BODY.size, BODY.offset)
    refused(BODY.data + b"x" + end, "not where the archive says")
    refused(BODY.data + zip_end64(1, BODY.size, BODY.offset)[:56] + end, "not where the archive says")


def test_two_ends_are_refused() -> None:
    """The comment of the outer archive's end holds another archive's end: which counts depends on where one starts."""
    inner = zip_archive(ZipPart(b"other"))
    refused(zip_archive(PART, comment=inner), "two ends")
    refused(zip_archive(PART, comment=zip_end(1, BODY.size, BODY.offset)), "two ends")


def test_an_end_inside_an_entry_that_reaches_the_end_of_the_file_is_refused() -> None:
    inner = zip_body([ZipPart(b"inner")])
    reach = 300
    nested = inner.data + zip_end(1, inner.size, inner.offset, bytes(reach))[:22]
    outer = zip_body([ZipPart(b"nested", nested, STORED)])
    rest = len(outer.closed()) - outer.data.index(nested) - len(nested)
    assert rest < reach
    refused(outer.closed(bytes(reach - rest)), "two ends")


def test_a_comment_that_announces_more_than_there_is_is_refused() -> None:
    refused(zip_archive(PART, comment=b"comment")[:-1], "follows its end")


@pytest.mark.parametrize("entries", [0, 2, 0xFFFF])
def test_a_wrong_number_of_entries_is_refused(entries: int) -> None:
    refused(BODY.data + zip_end(entries, BODY.size, BODY.offset), "central directory")


def test_several_disks_are_refused() -> None:
    for at, number in [(4, 1), (6, 1), (8, 0)]:
        end = bytearray(zip_end(1, BODY.size, BODY.offset))
        end[at] = number
        refused(BODY.data + bytes(end), "several disks")
    refused(zip_archive(ZipPart(in_central={"disk": 1})), "another disk")


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_directory_elsewhere_than_told_is_refused(shift: int) -> None:
    refused(BODY.data + zip_end(1, BODY.size, BODY.offset + shift), "not where the archive says")
    refused(BODY.data + zip_end(1, BODY.size + shift, BODY.offset - shift), "central directory")


def test_a_second_directory_is_refused() -> None:
    second = zip_body([ZipPart(b"b.txt")])
    directory = second.data[second.offset :]
    end = zip_end(1, len(directory), len(BODY.data))
    refused(BODY.data + directory + end, "gap|another name")


def end64(body: ZipBody = BODY, **told: int) -> bytes:
    return body.data + zip_end64(1, body.size, body.offset, **told) + zip_end(0xFFFF, WIDE, WIDE)


def test_zip64_ends_that_lie_are_refused() -> None:
    opened(end64())
    refused(end64(located=0), "not where its locator says")
    refused(end64(located=len(BODY.data) - 1), "not where its locator says")
    refused(end64(length=45), "not where its locator says")
    refused(end64().replace(b"PK\x06\x06", b"PK\x06\x05"), "not where its locator says")
    refused(zip_end64(0, 0, 0)[56:] + zip_end(0, 0, 0), "no zip64 end")
    refused(BODY.data + zip_end64(1, BODY.size, BODY.offset)[56:] + zip_end(0xFFFF, WIDE, WIDE), "locator|zip64")


@pytest.mark.parametrize("told", [(2, BODY.size, BODY.offset), (1, 1, BODY.offset), (1, BODY.size, 1)])
def test_two_ends_that_contradict_each_other_are_refused(told: tuple[int, int, int]) -> None:
    """CVE-2025-8291: programs that do not look at the locator read the other end."""
    refused(BODY.data + zip_end64(1, BODY.size, BODY.offset) + zip_end(*told), "contradict")


@pytest.mark.parametrize("length", range(len(zip_archive(PART))))
def test_a_truncated_archive_is_refused(length: int) -> None:
    refused(zip_archive(PART)[:length], "no end|cut")


@pytest.mark.parametrize(
    "other", [b"", b"\x1f\x8b" + bytes(100), b"PK\x05\x06", bytes(100_000), b"PK\x05\x06" * 20_000]
)
def test_other_formats_are_refused(other: bytes) -> None:
    refused(other, "zip")
