import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.digests import MultiHash, algorithm_of, hex_of, parse_digest, sha256_digest
from registry.errors import Invalid

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_sha256_digest_is_taken_apart() -> None:
    digest = parse_digest(f"sha256:{EMPTY}")
    assert (algorithm_of(digest), hex_of(digest)) == ("sha256", EMPTY)


def test_a_sha512_digest_is_taken_apart() -> None:
    digest = parse_digest("sha512:" + "0a" * 64)
    assert (algorithm_of(digest), hex_of(digest)) == ("sha512", "0a" * 64)


@pytest.mark.parametrize(
    "text",
    [
        "",
        EMPTY,
        f"sha256:{EMPTY[:-1]}",
        f"sha256:{EMPTY}0",
        f"sha256:{EMPTY}\n",
        f" sha256:{EMPTY}",
        f"sha256:{EMPTY.upper()}",
        f"SHA256:{EMPTY}",
        f"sha512:{EMPTY}",
        f"sha256:{'0' * 128}",
        f"sha256:{'٠' * 64}",
        "sha256:../../../etc/passwd",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        f"sha256+b64:{EMPTY}",
        f"sha256:sha256:{EMPTY}",
    ],
)
def test_anything_but_a_whole_lower_case_digest_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_digest(text)


def test_the_digest_of_bytes_is_a_digest() -> None:
    assert sha256_digest(b"") == parse_digest(f"sha256:{EMPTY}")


@given(st.lists(st.binary()))
def test_every_algorithm_sees_every_chunk(chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    hashes = MultiHash(["md5", "sha1", "sha256", "sha512", "blake2b_256"])
    for chunk in chunks:
        hashes.update(chunk)
    assert hashes.size == len(data)
    assert hashes.hexdigests() == {
        "md5": hashlib.md5(data).hexdigest(),
        "sha1": hashlib.sha1(data).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "sha512": hashlib.sha512(data).hexdigest(),
        "blake2b_256": hashlib.blake2b(data, digest_size=32).hexdigest(),
    }


def test_a_memoryview_is_counted_in_bytes() -> None:
    hashes = MultiHash(["sha256"])
    hashes.update(memoryview(bytes(8)).cast("I"))
    assert hashes.size == 8
    assert hashes.hexdigests() == {"sha256": hex_of(sha256_digest(bytes(8)))}


def test_hexdigests_may_be_asked_before_the_end() -> None:
    hashes = MultiHash(["sha256"])
    assert hashes.hexdigests() == {"sha256": EMPTY}
    hashes.update(b"a")
    assert hashes.hexdigests() == {"sha256": hex_of(sha256_digest(b"a"))}


def test_an_unknown_algorithm_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="crc32"):
        MultiHash(["crc32"])
