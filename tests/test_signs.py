"""The table of classes says what searches say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.signs import Signs, members

CLASSES = [re.compile("[０-９]"), re.compile("[^\x00-\uffff]|[a-z]"), re.compile("[\ue000-\uffff]")]
TABLE = Signs([*map(members, CLASSES)])


@given(st.text())
def test_no_class_is_overlooked(text: str) -> None:
    found = frozenset(number for number, pattern in enumerate(CLASSES) if pattern.search(text))
    assert found <= TABLE.seen(text)
    if all("\0" <= char < "\ud800" or "\ue000" <= char < "\uffff" for char in text):
        assert found == TABLE.seen(text)


def test_a_lone_surrogate_may_be_anything() -> None:
    assert TABLE.seen("\ud800") == frozenset(range(len(CLASSES)))


def test_a_table_holds_eight_classes() -> None:
    assert Signs([]).seen("a") == frozenset()
    with pytest.raises(ValueError, match="9 classes, a table holds 8"):
        Signs(["a"] * 9)


@given(st.text())
def test_spots_are_where_a_class_may_stand(text: str) -> None:
    spots = TABLE.spots(text)
    assert frozenset(number for number, places in enumerate(spots) if places) == TABLE.seen(text)
    for pattern, places in zip(CLASSES, spots, strict=True):
        assert {match.start() for match in pattern.finditer(text)} <= set(places)
