import base64
import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.core.base64_stream import Base64Sink, Sink
from registry.core.json_stream import SPILLED, KeyPath, read_json_stream
from registry.core.strict_json import parse_json
from registry.errors import Invalid, TooLarge

KEYS = st.sampled_from(["a", "b", "", "a/b", 'q"', "\\", "é", "🎁", "\n", "[", "{"])
TEXT = st.text(st.sampled_from('ab"\\/\n\x7f[]{},:é€🎁\u2028'), max_size=6)
VALUES = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
CUTS = st.lists(st.integers(0, 40), max_size=8)
EVERYTHING = st.just(lambda path: True)
SOME = st.sets(KEYS).map(lambda wanted: lambda path: path[-1] in wanted)


def cut(data: bytes, lengths: list[int]) -> Iterator[bytes]:
    rest = iter(data)
    for length in lengths:
        yield bytes(itertools.islice(rest, length))
    yield bytes(rest)


def by_step(data: bytes, step: int) -> Iterator[bytes]:
    return (data[at : at + step] for at in range(0, len(data), step))


class Spills:
    """Sinks for the paths wanted; what they got, by path."""

    def __init__(self, wanted: Callable[[KeyPath], bool]) -> None:
        self.wanted = wanted
        self.got: dict[KeyPath, io.BytesIO] = {}

    def __call__(self, path: KeyPath) -> Sink | None:
        return self.got.setdefault(path, io.BytesIO()) if self.wanted(path) else None


def spilled(value: Any, wanted: Callable[[KeyPath], bool], path: KeyPath = ()) -> tuple[Any, dict[KeyPath, bytes]]:
    """What should be left of the value, and what the sinks should have got."""
    if isinstance(value, str) and path and wanted(path):
        return SPILLED, {path: value.encode()}
    if not isinstance(value, dict):
        return value, {}
    members = {key: spilled(member, wanted, (*path, key)) for key, member in value.items()}
    texts = {where: text for _, below in members.values() for where, text in below.items()}
    return {key: left for key, (left, _) in members.items()}, texts


@given(VALUES, st.booleans(), CUTS, EVERYTHING | SOME)
def test_strings_are_passed_on_however_the_document_is_cut(
    value: Any, ascii_only: bool, cuts: list[int], wanted: Callable[[KeyPath], bool]
) -> None:
    document = json.dumps(value, ensure_ascii=ascii_only).encode()
    spills = Spills(wanted)
    left = read_json_stream(cut(document, cuts), spills)
    assert (left, {path: sink.getvalue() for path, sink in spills.got.items()}) == spilled(value, wanted)


@given(VALUES, CUTS, st.lists(KEYS, max_size=3).map(tuple))
def test_nothing_outside_of_the_chosen_member_is_asked_about(value: Any, cuts: list[int], within: KeyPath) -> None:
    document = json.dumps(value).encode()
    spills = Spills(lambda path: True)
    left = read_json_stream(cut(document, cuts), spills, within=within)
    assert (left, {path: sink.getvalue() for path, sink in spills.got.items()}) == spilled(
        value, lambda path: path[: len(within)] == within
    )


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    document = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans())).encode()
    at = draw(st.integers(0, len(document)))
    junk = [b"", b'"', b"\\", b",", b":", b"{", b"}", b"[", b"]", b"1", b"\x00", b"\xff", b"\xc3", b"\\ud800", b'"a":']
    return document[:at] + draw(st.sampled_from(junk)) + document[at + draw(st.integers(0, 2)) :]


@settings(max_examples=400)
@given(damaged(), CUTS, st.sampled_from([(), ("a",)]))
@example(b'{"a":"\\ud83c","b":"\\udf81"}', [], ())
@example(b'{"a":"\xc3","b":"\xa9"}', [], ())
def test_a_document_is_refused_exactly_when_it_is_refused_whole(data: bytes, cuts: list[int], within: KeyPath) -> None:
    try:
        value = parse_json(data, max_depth=4)
    except Invalid:
        with pytest.raises(Invalid):
            read_json_stream(cut(data, cuts), Spills(lambda path: True), max_depth=4, within=within)
    else:
        left = read_json_stream(cut(data, cuts), Spills(lambda path: True), max_depth=4, within=within)
        assert left == spilled(value, lambda path: path[: len(within)] == within)[0]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 11, 13, 100])
def test_escapes_survive_every_cut(step: int) -> None:
    text = '{"a":"\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0000 \\u00e9 \\ud83c\\udf81 \\uD83C\\uDF81 \\\\ud83c \\\\\\"é€🎁"}'
    spills = Spills(lambda path: True)
    assert read_json_stream(by_step(text.encode(), step), spills) == {"a": SPILLED}
    assert spills.got[("a",)].getvalue().decode() == json.loads(text)["a"]


@pytest.mark.parametrize("first", ["_attachments", "name"])
def test_a_publish_of_npm_is_taken_apart_in_any_order(first: str) -> None:
    tarball = bytes(range(256)) * 10
    bundle = json.dumps({"mediaType": "application/vnd.dev.sigstore.bundle+json", "π": ['"\\']})
    body: dict[str, Any] = {
        "name": "@acme/pad",
        "_attachments": {
            "@acme/pad-1.0.0.tgz": {"data": base64.b64encode(tarball).decode(), "length": len(tarball)},
            "@acme/pad-1.0.0.sigstore": {"content_type": "x", "data": bundle},
        },
        "versions": {"1.0.0": {"data": "kept"}},
    }
    got: dict[KeyPath, io.BytesIO] = {}
    decoders: list[Base64Sink] = []

    def spill(path: KeyPath) -> Sink | None:
        if len(path) != 3 or path[2] != "data":
            return None
        out = got[path] = io.BytesIO()
        if not path[1].endswith(".tgz"):
            return out
        decoders.append(Base64Sink(out))
        return decoders[-1]

    document = json.dumps({first: body[first]} | body).encode()
    value = read_json_stream(by_step(document, 100), spill, within=("_attachments",))
    for decoder in decoders:
        decoder.close()
    assert value["_attachments"]["@acme/pad-1.0.0.tgz"] == {"data": SPILLED, "length": len(tarball)}
    assert value["versions"] == body["versions"]
    assert [out.getvalue() for out in got.values()] == [tarball, bundle.encode()]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b'{"a":"',
        b'{"a":"b',
        b'{"a":"b"',
        b'{"a":"b"}}',
        b'{"a":"b"} x',
        b'{"a":"b"}{"c":"d"}',
        b'\xef\xbb\xbf{"a":"b"}',
        b'{"a":"b","a":"c"}',
        b'{"a":"b","\\u0061":"c"}',
        b'{"a":"b","a":1}',
        b'{"a":{"b":"c"},"a":{"d":"e"}}',
        b'{"a":"b" "c"}',
        b'{"a" "b"}',
        b'{"a":"b":"c"}',
        b'{{"a":"b"}:1}',
        b'{"a":"b"]',
        b"]",
        b",",
        b'{"a":"\n"}',
        b'{"a":"\\x"}',
        b'{"a":"\\u12"}',
        b'{"a":"\\u12g4"}',
        b'{"a":"\\ud83c"}',
        b'{"a":"\\ud83c\\n\\udf81 and some more text"}',
        b'{"a":"\\udf81 and some more text"}',
        b'{"a":"\\ud83c\\ud83c\\udf81"}',
        b'{"a":"\xff"}',
        b'{"a":"\xc3"}',
        b'{"a":"\xed\xa0\xbc\xed\xbe\x81"}',
        b'{"\xff":"a"}',
        b'{"a":"b","c":NaN}',
        b'{"a":"b","c":1e400}',
        b'["\\ud800"]',
    ],
)
@pytest.mark.parametrize("step", [1, 3, 100])
def test_what_is_not_strict_json_is_refused(document: bytes, step: int) -> None:
    with pytest.raises(Invalid):
        read_json_stream(by_step(document, step), Spills(lambda path: True))


@pytest.mark.parametrize("document", [b'"text"', b'["text",{"a":"text"}]', b'{"a":["text",{"b":"text"}]}'])
def test_strings_at_the_top_and_in_arrays_are_kept(document: bytes) -> None:
    assert read_json_stream([document], Spills(lambda path: True)) == json.loads(document)


def test_only_what_is_kept_counts_against_the_limit() -> None:
    document = b'{"a":"%b"}' % (b"x" * 10_000)
    assert read_json_stream(by_step(document, 99), Spills(lambda path: True), max_document=8) == {"a": SPILLED}
    with pytest.raises(TooLarge):
        read_json_stream(by_step(document, 99), Spills(lambda path: False), max_document=9_999)


@pytest.mark.parametrize("flood", [b" ", b"[", b"1", b'{"a":', b'[{"a":1},', b'"', b'{"a', b"[]"])
def test_a_flood_is_refused_before_it_is_read(flood: bytes) -> None:
    left = itertools.count()

    def endless() -> Iterator[bytes]:
        while next(left) < 1000:
            yield flood * 100

    with pytest.raises((TooLarge, Invalid)):
        read_json_stream(endless(), lambda path: None, max_document=10_000)
    assert next(left) < 1000


def test_depth_is_refused_before_the_end() -> None:
    pieces = itertools.chain([b'{"a":' * 3, b'[{"a":'], iter(lambda: pytest.fail("read on"), b""))
    with pytest.raises(Invalid, match="deeper"):
        read_json_stream(pieces, lambda path: None, max_depth=4)


def test_what_a_sink_raises_is_raised() -> None:
    with pytest.raises(Invalid, match="base64"):
        read_json_stream([b'{"a":"****"}'], lambda path: Base64Sink(io.BytesIO()))


def test_a_long_string_is_passed_on_fast() -> None:
    class Count:
        size = 0

        def write(self, data: bytes) -> None:
            self.size += len(data)

    counts = Count()
    block = b"QUJD" * 65_536
    pieces = itertools.chain([b'{"a":"'], itertools.repeat(block, 100), [b'"}'])
    started = time.process_time()
    read_json_stream(pieces, lambda path: counts)
    assert counts.size == 100 * len(block)
    assert time.process_time() - started < 0.5
