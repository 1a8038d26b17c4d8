"""The ledger's algebra: applying, inverting, composing and mapping offsets."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ledger import EMPTY, Kind, Ledger, LedgerError, _compose, _grouped

TEXT = st.text(alphabet="甲乙,。x", max_size=12)


@st.composite
def edited(draw: st.DrawFn, text: str) -> Ledger:
    """Random edits on a text: replacements, deletions and insertions, some of them touching."""
    edits, place = [], 0
    while place <= len(text):
        width = draw(st.integers(0, min(3, len(text) - place)))
        after = draw(st.text(alphabet="，！y", max_size=2))
        rule = draw(st.sampled_from(["s/one", "s/two"]))
        if draw(st.booleans()) and (width or after):
            edits.append((place, text[place : place + width], after, (rule,)))
        place += max(width, 1)
    return Ledger.of(edits)


@given(st.data(), TEXT)
def test_inverse_gives_the_source_back(data: st.DataObject, text: str) -> None:
    ledger = data.draw(edited(text))
    assert ledger.inverse().apply(ledger.apply(text)) == text


@given(st.data(), TEXT)
def test_composition_is_one_after_the_other(data: st.DataObject, text: str) -> None:
    first = data.draw(edited(text))
    middle = first.apply(text)
    second = data.draw(edited(middle))
    both = first.then(second)
    assert both.apply(text) == second.apply(middle)
    assert both.inverse().apply(second.apply(middle)) == text


@given(st.data(), TEXT)
def test_single_characters_for_single_ones_compose_as_any_edits_do(data: st.DataObject, text: str) -> None:
    places = data.draw(st.sets(st.integers(0, max(len(text) - 1, 0)), max_size=len(text)))
    first = Ledger.of((place, text[place], data.draw(st.sampled_from("，x丙")), ("s/one",)) for place in places)
    second = data.draw(edited(first.apply(text)))
    expected = {kind: places for kind, places in _grouped(_compose(list(first), list(second))).groups.items() if places}
    assert dict(first.then(second).groups) == expected


@given(st.data(), TEXT)
def test_composition_is_associative_in_its_effect(data: st.DataObject, text: str) -> None:
    one = data.draw(edited(text))
    two = data.draw(edited(one.apply(text)))
    three = data.draw(edited(two.apply(one.apply(text))))
    assert one.then(two).then(three).apply(text) == one.then(two.then(three)).apply(text)


@given(st.data(), TEXT)
def test_anchoring_changes_no_effect_and_leaves_no_insertion_at_the_ends(data: st.DataObject, text: str) -> None:
    ledger = data.draw(edited(text))
    anchored = ledger.anchored(text)
    assert anchored.apply(text) == ledger.apply(text)
    if text:
        assert all(before or 0 < start < len(text) for start, before, _, _ in anchored)


@given(st.data(), TEXT)
def test_offsets_outside_edits_map_both_ways(data: st.DataObject, text: str) -> None:
    ledger = data.draw(edited(text))
    result = ledger.apply(text)
    changed = {place for start, before, _, _ in ledger for place in range(start, start + len(before))}
    for place in set(range(len(text))) - changed:
        there = ledger.to_result(place)
        assert result[there] == text[place]
        assert ledger.to_source(there) == place


@given(st.data(), TEXT)
def test_offsets_stay_inside_and_in_order(data: st.DataObject, text: str) -> None:
    ledger = data.draw(edited(text))
    result = ledger.apply(text)
    sources = [ledger.to_source(place) for place in range(len(result) + 1)]
    assert sources == sorted(sources)
    assert all(0 <= place <= len(text) for place in sources)
    targets = [ledger.to_result(place) for place in range(len(text) + 1)]
    assert targets == sorted(targets)
    assert all(0 <= place <= len(result) for place in targets)


def test_edits_that_cancel_each_other_vanish() -> None:
    there = Ledger.of([(1, "a", "b", ("s/one",))])
    assert there.then(there.inverse()) == EMPTY


def test_rules_of_both_edits_are_named() -> None:
    first = Ledger.of([(0, "..", "……", ("s/dots",))])
    second = Ledger.of([(1, "…", "", ("s/half",))])
    assert list(first.then(second)) == [(0, "..", "…", ("s/dots", "s/half"))]


def test_a_deletion_beside_a_replacement_stays_an_edit_of_its_own() -> None:
    first = Ledger.of([(0, "　　", "", ("s/indent",))])
    second = Ledger.of([(0, "(", "（", ("s/width",))])
    assert list(first.then(second)) == [(0, "　　", "", ("s/indent",)), (2, "(", "（", ("s/width",))]


def test_a_span_over_an_edit_covers_it_whole() -> None:
    ledger = Ledger.of([(2, "&ldquo;", "“", ("s/entity",))])
    assert (ledger.to_source(2), ledger.to_source(3, end=True)) == (2, 9)


def test_within_cuts_out_a_span() -> None:
    ledger = Ledger({Kind(",", "，", ("s/comma",)): [1, 5, 9]})
    assert ledger.within(4, 8) == Ledger({Kind(",", "，", ("s/comma",)): [1]})


def test_within_refuses_to_cut_an_edit() -> None:
    ledger = Ledger.of([(3, "abc", "x", ("s/one",))])
    with pytest.raises(LedgerError, match="s/one reaches over the cut 0:4"):
        ledger.within(0, 4)
    with pytest.raises(LedgerError, match="s/one reaches over the cut 4:9"):
        ledger.within(4, 9)


def test_apply_names_the_edit_that_does_not_fit() -> None:
    with pytest.raises(LedgerError, match=r"edit at 1 by s/one expects 'x', the text has 'b'"):
        Ledger.of([(1, "x", "", ("s/one",))]).apply("abc")


def test_apply_refuses_overlaps() -> None:
    with pytest.raises(LedgerError, match="overlaps"):
        Ledger.of([(0, "ab", "", ("s/one",)), (1, "b", "", ("s/two",))]).apply("abc")


def test_a_ledger_survives_pickling() -> None:
    ledger = Ledger.of([(0, "a", "b", ("s/one",)), (3, "", "c", ("s/two",))])
    assert pickle.loads(pickle.dumps(ledger)) == ledger
    assert len(ledger) == 2
    assert hash(ledger) == hash(pickle.loads(pickle.dumps(ledger)))
