"""The index of needed literals, what a plan remembers, and that the literals which rules need are needed indeed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rulebook import Rule, default_rulebook
from pipeline.stages import decode, labels
from pipeline.stages._index import LiteralIndex
from pipeline.stages._lines import Line, Scan, lines_of, view_of
from pipeline.stages._matches import hits_of
from pipeline.stages._plan import plan_of

RAW = sorted(path for path in (Path(__file__).parents[2] / "raw").rglob("*.txt"))
WORDS = st.text("篇一二上下讲话稿:𠀀", min_size=1, max_size=3)


@given(st.lists(st.lists(WORDS, max_size=4), max_size=6), st.lists(st.text("篇一二上下讲话稿:𠀀", max_size=8), min_size=1))
def test_a_piece_with_a_literal_is_always_named(needs: list[list[str]], pieces: list[str]) -> None:
    starts = [sum(map(len, pieces[:number])) + number for number in range(len(pieces))]
    places = LiteralIndex(needs).places("\n".join(pieces), starts)
    for owner, words in enumerate(needs):
        held = {number for number, piece in enumerate(pieces) if any(word in piece for word in words)}
        assert held <= set(places.get(owner, ()))
        assert places.get(owner, []) == sorted(places.get(owner, []))


def test_a_literal_is_known_by_its_rarest_pair() -> None:
    index = LiteralIndex([["同志:"], ["同志"]])
    assert index.places("同志们\n同志:", [0, 4]) == {0: [1], 1: [0, 1]}


@pytest.mark.parametrize("word", ["年会上", "篇 二", "的格式"])
def test_the_character_beside_a_pair_is_looked_at(word: str) -> None:
    near = [word[:2] + "她", "她" + word[1:], word]
    assert LiteralIndex([[word]]).places("\n".join(near), [0, 4, 8]) == {0: [2]}


def pieces(path: Path) -> tuple[str, list[Line]]:
    view = view_of(decode.run(path.read_bytes()).text, default_rulebook()["labels"])
    return view, lines_of(view)


@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_remembered_lines_are_read_like_new_ones(path: Path) -> None:
    plan = plan_of(default_rulebook())
    view, lines = pieces(path)
    plan.remembered.clear()
    first = [list(hits) for hits in hits_of(view, lines, plan)]
    assert [list(hits) for hits in hits_of(view, lines, plan)] == first
    assert [list(hits_of(view, [line], plan)[0]) for line in lines] == first


@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_a_rule_matches_only_where_a_needed_literal_stands(path: Path) -> None:
    plan = plan_of(default_rulebook())
    view, lines = pieces(path)
    scan = Scan(view, lines, *plan.sizes)
    rules: list[Rule] = [*(voice.rule for voice in plan.voices), *plan.cues]
    for rule in rules:
        for number, _, _ in scan.find(rule):
            line = view[lines[number].left : lines[number].right]
            assert not rule.needs or any(word in line for word in rule.needs), (rule.name, line)


def test_rules_of_another_book_are_planned_anew() -> None:
    book = default_rulebook()
    assert plan_of(book) is plan_of(book)
    assert labels.run("谢谢大家!", book["labels"]).blocks == labels.run("谢谢大家!").blocks
