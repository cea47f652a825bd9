import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.ledger import (
    Entry,
    Header,
    LedgerDamaged,
    LedgerTooNew,
    Lines,
    SegmentRef,
    compacted,
    iter_pieces,
    order_keys,
    parse_head,
    parse_lines,
    render_entry,
    render_head,
)
from registry.errors import Invalid, Unavailable

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.sampled_from(["1.0.0", "2.0.0", 'quo"te', "back\\slash", "ünï", "line\nend", " "])
VALUES = st.dictionaries(TEXTS.filter(lambda name: name not in ("key", "removed")), TEXTS | st.integers(), max_size=3)
ENTRIES = st.builds(lambda key, values: {"key": key, **values}, KEYS, VALUES)
REMOVALS = st.builds(lambda key: {"key": key, "removed": True}, KEYS)
HISTORIES = st.lists(st.lists(ENTRIES | REMOVALS, max_size=6), max_size=5)


def replay(history: Sequence[Sequence[Entry]]) -> list[Entry]:
    """What a dictionary makes of the same entries."""
    model: dict[str, Entry] = {}
    for run in history:
        for entry in run:
            if entry.get("removed"):
                model.pop(entry["key"], None)
            else:
                model[entry["key"]] = entry
    return list(model.values())


def winners(runs: Sequence[Lines]) -> list[Entry]:
    return [runs[index].entry(key) for key, index in order_keys(runs).items()]


@given(HISTORIES)
def test_the_last_entry_of_a_key_wins_in_the_place_of_the_first(history: list[list[Entry]]) -> None:
    assert winners([Lines().extended(run) for run in history]) == replay(history)


@given(HISTORIES)
def test_it_does_not_matter_where_entries_were_frozen(history: list[list[Entry]]) -> None:
    whole = Lines()
    for run in history:
        whole = whole.extended(run)
    assert winners([whole]) == replay(history)


@given(HISTORIES)
def test_lines_read_back_are_the_lines_written(history: list[list[Entry]]) -> None:
    for run in history:
        written = Lines().extended(run)
        read = parse_lines(written.data)
        assert list(read.after(0)) == run
        assert read.count == written.count == len(run)
        assert list(read.items()) == list(written.items())
        assert read.removed == written.removed


@given(HISTORIES)
def test_compaction_says_the_same_without_overruled_lines(history: list[list[Entry]]) -> None:
    packed = compacted([Lines().extended(run) for run in history])
    assert list(packed.after(0)) == winners([packed]) == replay(history)
    assert not packed.removed


@given(HISTORIES, st.integers(1, 400))
def test_pieces_are_whole_lines_of_bounded_size(history: list[list[Entry]], size: int) -> None:
    data = Lines().extended([entry for run in history for entry in run]).data
    pieces = list(iter_pieces(data, size))
    assert b"".join(pieces) == data
    assert all(piece.endswith(b"\n") and (len(piece) <= size or piece.count(b"\n") == 1) for piece in pieces)


def test_a_line_starts_with_its_key_and_the_removal() -> None:
    line = render_entry({"size": 1, "removed": True, "key": "1.0"})
    assert line == b'{"key":"1.0","removed":true,"size":1}'


def test_lines_of_another_spelling_are_read() -> None:
    lines = parse_lines(b'{ "key": "1.0" }\n{"a":1,"key":"2.0"}\n{"removed":true,"key":"1.0"}\n')
    assert list(lines.keys()) == ["2.0"]
    assert lines.removed == {"1.0"}


def test_a_changed_entry_does_not_change_the_ledger() -> None:
    lines = Lines().extended([{"key": "1.0", "tags": ["a"]}])
    lines.entry("1.0")["tags"].append("b")
    assert lines.entry("1.0") == {"key": "1.0", "tags": ["a"]}


def test_extending_leaves_the_older_view_as_it_was() -> None:
    older = Lines().extended([{"key": "1.0"}])
    newer = older.extended([{"key": "1.0", "removed": True}, {"key": "2.0"}])
    assert list(older.keys()) == ["1.0"]
    assert list(newer.keys()) == ["2.0"]


def test_a_head_reads_back() -> None:
    header = Header(
        name="@acme/left-pad",
        revision=7,
        created=1,
        modified=9,
        history=True,
        state={"tags": {"latest": "1.0"}},
        segments=(SegmentRef("sha256:ab", 3, 99),),
        events=({"revision": 7, "action": "publish"},),
    )
    lines = Lines().extended([{"key": "1.0"}])
    read, newest = parse_head(render_head(header, lines))
    assert read == header
    assert newest.data == lines.data


def test_fields_that_a_later_release_adds_survive() -> None:
    fields = json.loads(render_head(Header("x"), Lines()))
    header, lines = parse_head(json.dumps({**fields, "colour": "red"}).encode() + b"\n")
    assert json.loads(render_head(header, lines))["colour"] == "red"


def test_a_newer_format_is_refused_clearly() -> None:
    with pytest.raises(LedgerTooNew, match="newer release wrote this ledger") as caught:
        parse_head(b'{"ledger":2,"whatever":[]}\nsomething else\n')
    assert isinstance(caught.value, Unavailable)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b'{"ledger":1}\n',
        b"[]\n",
        b"\xff\n",
        b'{"ledger":"1"}\n',
        render_head(Header("x"), Lines())[:-1],
        render_head(Header("x"), Lines()) + b'{"key":"1.0"}',
        render_head(Header("x"), Lines()) + b'{"key":"1',
        render_head(Header("x"), Lines()) + b'{"keys":"1.0"}\n',
        render_head(Header("x"), Lines()) + b"\n",
        render_head(Header("x"), Lines()) + b'{"key":"\xff"}\n',
    ],
)
def test_damage_is_noticed(data: bytes) -> None:
    with pytest.raises(LedgerDamaged):
        parse_head(data)


@pytest.mark.parametrize(
    "entry", [{}, {"key": ""}, {"key": 1}, {"key": "a", "n": float("nan")}, {"key": "a", "n": b""}, {"key": "\ud800"}]
)
def test_what_json_cannot_hold_is_refused(entry: Entry) -> None:
    with pytest.raises(Invalid):
        Lines().extended([entry])
