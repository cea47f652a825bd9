import base64
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.base64_stream import Base64Sink
from registry.errors import Invalid


def decoded(*pieces: bytes) -> bytes:
    out = io.BytesIO()
    sink = Base64Sink(out)
    for piece in pieces:
        sink.write(piece)
    sink.close()
    return out.getvalue()


def cut(text: bytes, lengths: list[int]) -> list[bytes]:
    rest = iter(text)
    return [*(bytes(itertools.islice(rest, length)) for length in lengths), bytes(rest)]


@given(st.binary(max_size=60), st.lists(st.integers(0, 9)))
def test_bytes_come_back_however_the_text_is_cut(data: bytes, lengths: list[int]) -> None:
    assert decoded(*cut(base64.b64encode(data), lengths)) == data


@given(st.text(alphabet="AB8+/==- \n", max_size=9).map(str.encode), st.lists(st.integers(0, 9)))
def test_only_the_canonical_spelling_of_some_bytes_is_taken(text: bytes, lengths: list[int]) -> None:
    try:
        data = decoded(*cut(text, lengths))
    except Invalid:
        with pytest.raises(Invalid):
            decoded(text)
        return
    assert base64.b64encode(data) == text


@pytest.mark.parametrize(
    "text",
    [
        b"A",
        b"AA",
        b"AAA",
        b"AAAAA",
        b"=",
        b"====",
        b"A===",
        b"AA=A",
        b"AA==AAAA",
        b"AA===",
        b"AAA==",
        b"QR==",
        b"QUJ=",
        b"AA-_",
        b"AAAA\n",
        b"AA AA",
        b" AAAA",
        b"AAA\0",
        b"AAA\xff",
    ],
)
@pytest.mark.parametrize("step", [1, 2, 4, 100])
def test_anything_else_is_refused_however_it_is_cut(text: bytes, step: int) -> None:
    with pytest.raises(Invalid):
        decoded(*(text[at : at + step] for at in range(0, len(text), step)))


def test_empty_pieces_after_the_padding_are_nothing() -> None:
    assert decoded(b"QQ==", b"", b"") == b"A"


def test_whole_groups_are_passed_on_before_the_end() -> None:
    out = io.BytesIO()
    sink = Base64Sink(out)
    sink.write(b"QUJDRE")
    assert out.getvalue() == b"ABC"
