import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.strict_json import parse_json, render_json
from registry.errors import Invalid, TooLarge

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))


@given(VALUES)
def test_what_was_rendered_is_parsed(value: Any) -> None:
    assert parse_json(render_json(value)) == value


@given(VALUES, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_json_as_python_writes_it_is_parsed(value: Any, ascii_only: bool, indent: Any) -> None:
    document = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert parse_json(document) == value


@given(st.text(alphabet='[]{}",:\\ua1-.eE \n', max_size=12).map(str.encode))
def test_nothing_is_taken_that_python_refuses(document: bytes) -> None:
    try:
        value = parse_json(document, max_depth=3)
    except Invalid:
        return
    assert value == json.loads(document)


@given(VALUES)
def test_depth_is_counted_in_containers(value: Any) -> None:
    def depth(of: Any) -> int:
        if isinstance(of, dict):
            return 1 + max(map(depth, of.values()), default=0)
        return 1 + max(map(depth, of), default=0) if isinstance(of, list) else 0

    document = render_json(value)
    assert parse_json(document, max_depth=depth(value)) == value
    if depth(value):
        with pytest.raises(Invalid):
            parse_json(document, max_depth=depth(value) - 1)


@pytest.mark.parametrize("quoted", ['"[[[["', r'"\"[[[["', r'"\\","[[[["', r'"\\\"[[[[\\"', '"","[","","]["'])
def test_brackets_in_strings_do_not_count_as_depth(quoted: str) -> None:
    document = f"[[{quoted}]]"
    assert parse_json(document.encode(), max_depth=2) == json.loads(document)


def test_members_keep_their_order() -> None:
    assert render_json(parse_json(b'{"b": 1, "a": [2, 3]}')) == b'{"b":1,"a":[2,3]}'


def test_text_is_rendered_as_utf8() -> None:
    assert render_json({"näme": "🎁\u2028"}) == '{"näme":"🎁\u2028"}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [-float("inf")]}, "\ud800", {"\udc00": 1}])
def test_what_is_not_json_is_not_rendered(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json names none of its own
        render_json(value)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b'{"a":1,}',
        b"{} {}",
        b"{}x",
        b"{'a':1}",
        b"{a:1}",
        b"[01]",
        b"[+1]",
        b"[.5]",
        b"[1.]",
        b"[0x1]",
        b"[1_000]",
        b"// c\n1",
        b'"a\nb"',
        b'"\x00"',
        b'"\\x41"',
        b'"\\u12"',
        b'"\\u 123"',
        b'"a',
        b"\x0b1",
        b"\xc2\xa01",
        b"True",
    ],
)
def test_what_is_not_json_is_refused(document: bytes) -> None:
    with pytest.raises(Invalid):
        parse_json(document)


@pytest.mark.parametrize(
    "document",
    [b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'[{"x":{"__proto__":1,"__proto__":2}}]', b'{"":0,"":0}'],
)
def test_a_key_twice_is_refused(document: bytes) -> None:
    with pytest.raises(Invalid, match="twice"):
        parse_json(document)


@pytest.mark.parametrize(
    "document", [b"NaN", b"[Infinity]", b"-Infinity", b"1e400", b"[-1e400]", b"1" * 400 + b".0", b"9" * 5000]
)
def test_numbers_without_a_value_are_refused(document: bytes) -> None:
    with pytest.raises(Invalid):
        parse_json(document)


def test_large_numbers_keep_their_value() -> None:
    assert parse_json(b"[18446744073709551616,1e308,-0.0,5e-324]") == [2**64, 1e308, -0.0, 5e-324]
    assert parse_json(b"9" * 4300) == 10**4300 - 1


@pytest.mark.parametrize(
    "document", [b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0", "{}".encode("utf-16"), "{}".encode("utf-32-be"), b"{\0}\0"]
)
def test_a_byte_order_mark_or_another_encoding_is_refused(document: bytes) -> None:
    with pytest.raises(Invalid):
        parse_json(document)


@pytest.mark.parametrize("raw", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xc1\xbf"])
def test_invalid_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        parse_json(b'"' + raw + b'"')


@pytest.mark.parametrize(
    "document",
    [rb'"\ud800"', rb'"\uDC00x"', rb'"\ud800A"', rb'{"\uDFff":1}', rb'"\udc00\ud800"', rb'["\ud83d", "\ude00"]'],
)
def test_lone_surrogates_are_refused(document: bytes) -> None:
    with pytest.raises(Invalid, match="surrogate"):
        parse_json(document)


def test_surrogate_pairs_are_one_character() -> None:
    assert parse_json(rb'["\ud83c\udf81", "\uD83C\uDF81", "\\ud800"]') == ["🎁", "🎁", r"\ud800"]


def test_a_document_past_the_limit_is_too_large() -> None:
    assert parse_json(b'"ab"', max_bytes=4) == "ab"
    with pytest.raises(TooLarge):
        parse_json(b'"abc"', max_bytes=4)


@pytest.mark.parametrize(
    "document",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'[{"a":' * 100_000 + b"1" + b"}]" * 100_000,
        b"[" * 65 + b'"' * 1_000_000,
        b"[" * 65 + b'"' + b"\\" * 1_000_000,
        b"]" * 1_000_000,
        b"9" * 1_000_000,
    ],
)
def test_hostile_documents_are_refused_without_much_work(document: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Invalid):
        parse_json(document)
    assert time.process_time() - started < 0.5
