"""JSON Lines of other people: one field changes, every other byte stays."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.filters import filter_jsonl
from pipeline.jsonl import LineError, documents, members, read_field, replace_field, utf8_lines

quick = settings(deadline=None, max_examples=150, derandomize=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(st.text(max_size=6), values, max_size=6)
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])


@quick
@given(records, st.booleans(), separators, st.text(max_size=6), st.text())
def test_one_field_changes_and_the_others_keep_their_bytes(
    record: dict[str, object], ascii_only: bool, between: tuple[str, str], key: str, text: str
) -> None:
    line = json.dumps(record, ensure_ascii=ascii_only, separators=between)
    changed = replace_field(line, {key: text})
    assert json.loads(changed) == {**record, key: text}
    assert list(json.loads(changed)) == list({**record, key: text})
    before = {name: line[start:end] for name, start, end, _ in members(line) if name != key}
    after = {name: changed[start:end] for name, start, end, _ in members(changed) if name != key}
    assert before == after


@quick
@given(st.text(max_size=30))
def test_a_line_is_an_object_or_refused(line: str) -> None:
    try:
        parsed = json.loads(line)
    except ValueError:
        parsed = None
    try:
        found = {key: value for key, _, _, value in members(line)}
    except ValueError:
        found = None
    assert found == (parsed if isinstance(parsed, dict) else None)


@pytest.mark.parametrize("line", ["", "[1]", '{"a" 1}', '{"a": 1,}', '{"a": 1} x', "{1: 2}", '{"a": 1'])
def test_what_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        members(line)


def test_deep_nesting_is_an_error_of_the_line() -> None:
    with pytest.raises(LineError, match=r"a\.jsonl:9: not JSON"):
        read_field("[" * 100_000, "text", "a.jsonl", 9)


def test_blank_lines_and_a_byte_order_mark_are_passed_over() -> None:
    assert list(utf8_lines([b"\xef\xbb\xbf{}\r\n", b"\n", b" \t\n", b"[]"], "a")) == [(1, "{}"), (4, "[]")]


def test_ids_may_be_numbers_but_not_twice() -> None:
    assert documents([b'{"id": 1, "text": "a"}', b'{"id": "b", "text": ""}'], "a") == [("1", "a"), ("b", "")]
    with pytest.raises(LineError, match="the id '1' stands on line 1 already"):
        documents([b'{"id": 1, "text": "a"}', b'{"id": "1", "text": "b"}'], "a")


def test_a_lone_surrogate_survives() -> None:
    (line,) = filter_jsonl("repair", [b'{"text": "a\\ud800&amp;b"}'], "a")
    assert json.loads(line.encode("utf-8", "backslashreplace")) == {"text": "a\ud800&b"}
