"""Gzip: what zlib gives, within bounds, and nothing else in the stream (S11, S13)."""

import gzip
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.gunzip import iter_gunzip
from registry.core.limits import MIB, ArchiveInvalid, ArchiveTooLarge
from registry.errors import Invalid, TooLarge
from tests.builders.archives import in_chunks

CONTENT = b"some content, " * 1000
PACKED = gzip.compress(CONTENT, mtime=0)


def gunzip(packed: bytes, chunk: int = 1000, *, max_output: int = 64 * MIB, max_members: int = 1) -> bytes:
    return b"".join(iter_gunzip(in_chunks(packed, chunk), max_output=max_output, max_members=max_members))


@given(st.binary(max_size=3000), st.integers(1, 4000), st.integers(0, 9))
def test_any_split_of_the_stream_gives_the_content(content: bytes, chunk: int, level: int) -> None:
    assert gunzip(gzip.compress(content, level), chunk) == content


@given(st.lists(st.binary(max_size=500), min_size=1, max_size=5), st.integers(1, 600), st.integers(0, 700))
def test_as_many_members_as_allowed_and_padding_are_read(contents: list[bytes], chunk: int, padding: int) -> None:
    packed = b"".join(map(gzip.compress, contents)) + bytes(padding)
    assert gunzip(packed, chunk, max_members=5) == b"".join(contents)


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_one_member_more_than_allowed_is_refused(chunk: int) -> None:
    packed = PACKED + gzip.compress(b"second")
    assert gunzip(packed, chunk, max_members=2) == CONTENT + b"second"
    with pytest.raises(ArchiveInvalid, match="follows"):
        gunzip(packed, chunk)


def test_a_million_empty_members_are_refused_at_once() -> None:
    begun = time.process_time()
    with pytest.raises(ArchiveInvalid, match="follows"):
        gunzip(gzip.compress(b"") * 1_000_000, MIB, max_members=64)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("tail", [b"x", b"\0\0x", b"\x1f\x8b", PACKED[:20], bytes(600) + PACKED])
@pytest.mark.parametrize("chunk", [1, 10_000])
def test_what_follows_the_last_member_is_refused(tail: bytes, chunk: int) -> None:
    with pytest.raises(ArchiveInvalid):
        gunzip(PACKED + tail, chunk)


@pytest.mark.parametrize("chunk", [1, 10_000])
def test_a_member_behind_padding_is_refused(chunk: int) -> None:
    with pytest.raises(ArchiveInvalid, match="padding"):
        gunzip(PACKED + bytes(8) + PACKED, chunk, max_members=2)


@pytest.mark.parametrize("length", range(len(PACKED)))
def test_a_truncated_stream_is_refused(length: int) -> None:
    with pytest.raises(ArchiveInvalid, match="truncated"):
        gunzip(PACKED[:length])


@pytest.mark.parametrize("at", [-8, -1])
def test_a_wrong_checksum_or_length_is_refused(at: int) -> None:
    damaged = bytearray(PACKED)
    damaged[at] ^= 1
    with pytest.raises(ArchiveInvalid, match="damaged"):
        gunzip(bytes(damaged))


@pytest.mark.parametrize("other", [b"PK\x03\x04" + bytes(40), zlib.compress(CONTENT), bytes(512), b"plain text"])
def test_other_formats_are_refused(other: bytes) -> None:
    with pytest.raises(ArchiveInvalid, match="damaged"):
        gunzip(other)


def test_the_output_may_reach_the_limit_and_not_pass_it() -> None:
    assert len(gunzip(PACKED, max_output=len(CONTENT))) == len(CONTENT)
    with pytest.raises(ArchiveTooLarge) as refusal:
        gunzip(PACKED, max_output=len(CONTENT) - 1)
    assert refusal.value.status == 413
    assert refusal.value.limit == len(CONTENT) - 1
    assert isinstance(refusal.value, Invalid)
    assert isinstance(refusal.value, TooLarge)


def test_a_bomb_is_refused_when_the_slack_is_used_up() -> None:
    produced: list[int] = []
    bomb = in_chunks(gzip.compress(bytes(64 * MIB)), 1024)
    pieces = iter_gunzip(bomb, max_output=1024 * MIB, max_ratio=200, ratio_slack=MIB)
    with pytest.raises(ArchiveInvalid, match="200 times"):
        produced.extend(map(len, pieces))
    assert MIB <= sum(produced) < 2 * MIB


def test_pieces_stay_small_however_large_the_chunk() -> None:
    pieces = iter_gunzip([gzip.compress(bytes(20 * MIB))], max_output=20 * MIB)
    assert max(map(len, pieces)) <= 256 * 1024


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_damage_is_refused_or_harmless(at: int, change: int) -> None:
    damaged = bytearray(PACKED)
    damaged[at] ^= change
    try:
        content = gunzip(bytes(damaged))
    except ArchiveInvalid:
        return
    assert content == CONTENT  # the header's time, program and system are free
