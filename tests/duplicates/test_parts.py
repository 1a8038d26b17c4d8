"""The parts of the search, each against a plain way to say the same."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.duplicates.candidates import pairs_of
from pipeline.duplicates.clusters import components
from pipeline.duplicates.groups import Groups, grouped
from pipeline.duplicates.settings import read_settings
from pipeline.duplicates.sketch import shingle_hashes, sketches
from pipeline.duplicates.values import agree, is_enumerator, mask_count
from pipeline.duplicates.verify import Verifier, differences, grams
from pipeline.duplicates.view import as_text, view_text, views

TEXT = st.text(alphabet=st.one_of(st.sampled_from("天地人年xX×*20，。\n 　某Ａb會們😀𠀀"), st.characters()), max_size=80)
REPETITIVE = st.text(alphabet="天地人年20x\n", max_size=120).map("天".__add__)


@given(st.lists(TEXT, max_size=6))
def test_a_view_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    made = views(texts)
    for number, text in enumerate(texts):
        alone = views([text])
        assert made(number).tolist() == alone.tokens.tolist()
        size = len(alone.tokens)
        places, owner = np.arange(size), np.full(size, number)
        starts, ends = made.starts(owner, places).tolist(), made.ends(owner, places).tolist()
        assert starts == alone.starts(np.zeros(size, np.int64), places).tolist()
        assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
        assert starts == sorted(starts)


@given(TEXT)
def test_a_view_of_a_view_is_the_same(text: str) -> None:
    once = view_text(text)
    assert view_text(once.replace("#", "0")) == once


@pytest.mark.parametrize(("one", "other"), [
    ("第一，（二）", "第一,(二)"), ("ＡＢＣ", "abc"), ("20xx年", "2016 年"), ("12,345.6元", "12345元"), ("××市", "某某市"),
    ("開會時間", "开会时间"),
])  # fmt: skip
def test_views_fold_what_copies_change(one: str, other: str) -> None:
    assert view_text(one) == view_text(other)


@settings(deadline=None)
@given(st.lists(REPETITIVE, min_size=2, max_size=5), st.data())
def test_common_grams_are_counted_exactly(texts: list[str], data: st.DataObject) -> None:
    made = views(texts)
    number = st.integers(0, len(texts) - 1)
    pairs = sorted(data.draw(st.lists(st.tuples(number, number), min_size=1, max_size=5)))
    batch = (verifier := Verifier(made)).batch(*np.array(pairs).T)
    figures = verifier.figures(batch)
    for place, (a, b) in enumerate(pairs):
        ours, theirs = ({text[at : at + 4] for at in range(len(text) - 3)} for text in (as_text(made(a)), as_text(made(b))))
        assert batch.common[place] == len(ours & theirs)
        assert figures.jaccard[place] == len(ours & theirs) / max(1, len(ours | theirs))
        assert figures.containment_a[place] == len(ours & theirs) / max(1, len(ours))
    a_grams, b_grams = batch.a.tokens, batch.b.tokens
    for one, two in zip(batch.a_places.tolist(), batch.b_places.tolist(), strict=True):
        assert a_grams[one : one + 4].tolist() == b_grams[two : two + 4].tolist()


@given(TEXT, TEXT)
def test_differences_lead_from_one_view_to_the_other(one: str, other: str) -> None:
    a, b = views([one]).tokens, views([other]).tokens
    made, done = [], 0
    for a_start, a_end, b_start, b_end in differences(a, b):
        made += [*a[done:a_start].tolist(), *b[b_start:b_end].tolist()]
        done = a_end
    assert [*made, *a[done:].tolist()] == b.tolist()


def test_a_shingles_hash_depends_on_its_tokens_alone() -> None:
    tokens = np.array([*range(50), *range(20, 40)], np.uint16)
    for width in (4, 5, 8, 11):
        hashes = shingle_hashes(grams(tokens), np.arange(len(tokens) - width + 1), width)
        assert hashes[20 : 40 - width].tolist() == hashes[50 : 70 - width].tolist()
        assert len(set(hashes[:20].tolist())) == 20


def test_a_sample_is_a_share_of_the_shingles_and_denser_in_short_texts() -> None:
    chosen = np.random.default_rng(1).integers(0x4E00, 0x9000, 40_000).astype(np.uint16)
    text = as_text(chosen)
    found = sketches([text, text[:300], text[:7]], read_settings())
    sizes = np.bincount(found.hash_texts, minlength=3)
    assert 0.9 * 40_000 / 16 < sizes[0] < 1.1 * 40_000 / 16
    assert 45 < sizes[1] < 120
    assert sizes[2] == 0


@settings(deadline=None)
@given(st.lists(REPETITIVE, max_size=6), st.data())
def test_a_sketch_does_not_depend_on_its_neighbours(texts: list[str], data: st.DataObject) -> None:
    made = sketches(texts, read_settings())
    assert made.firsts.tolist() == [
        number for number, text in enumerate(texts) if view_text(text) and view_text(text) not in map(view_text, texts[:number])
    ]
    for row, number in enumerate(made.firsts.tolist()):
        alone = sketches([texts[number]], read_settings())
        assert made.digests[number].tolist() == alone.digests[0].tolist()
        assert made.bits[row].tolist() == alone.bits[0].tolist()
        assert made.hashes[made.hash_texts == number].tolist() == alone.hashes.tolist()
        assert made.paragraphs[made.paragraph_texts == number].tolist() == alone.paragraphs.tolist()


@given(st.lists(st.sampled_from(["天", "地", "天地", "。", ""]), max_size=12), st.randoms(use_true_random=False))
def test_groups_are_texts_with_the_same_view(texts: list[str], chance: random.Random) -> None:
    made = sketches(texts, read_settings())
    groups = grouped(made.digests, np.flatnonzero(made.lengths))
    assert [groups[one] == groups[two] >= 0 for one in range(len(texts)) for two in range(len(texts))] == [
        view_text(one) == view_text(two) != "" for one in texts for two in texts
    ]
    ranks = np.array(chance.sample(range(len(texts)), len(texts)), np.int64)
    by_rank = {rank: texts[number] for number, rank in enumerate(ranks.tolist())}
    for link_above in (1, 2, 20):
        found = Groups(groups, ranks, link_above)
        members: dict[str, list[int]] = {}
        for rank in sorted(by_rank):
            if view_text(by_rank[rank]):
                members.setdefault(view_text(by_rank[rank]), []).append(rank)
        linked = {view: mine if len(mine) <= link_above else mine[:1] for view, mine in members.items()}
        assert sorted(found.best.tolist()) == sorted(mine[0] for mine in members.values())
        assert found.inside().tolist() == sorted(
            [a, b] for view, mine in members.items() for a in linked[view] for b in mine if a < b
        )
        pairs = [(min(a[0], b[0]), max(a[0], b[0])) for x, a in members.items() for y, b in members.items() if x < y]
        wanted = sorted(
            sorted(pair)
            for x, a in linked.items()
            for y, b in linked.items()
            if x < y
            for pair in itertools.product(a, b)
            if pair != (a[0], b[0])
        )
        assert found.across(np.array(sorted(pairs), np.int64).reshape(-1, 2)).tolist() == wanted


def test_a_hash_of_many_texts_is_linked_to_the_smallest() -> None:
    hashes, texts = np.repeat(np.array([3, 5], np.uint64), 4), np.array([0, 1, 2, 3, 1, 4, 5, 6])
    few = pairs_of(hashes, texts, count=7, least=1, link_above=3)
    assert few.tolist() == [[0, 1], [0, 2], [0, 3], [1, 4], [1, 5], [1, 6]]
    assert len(pairs_of(hashes, texts, count=7, least=1, link_above=4)) == 12
    assert pairs_of(hashes[:0], texts[:0], count=0, least=1, link_above=4).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30))
def test_components_are_a_partition_that_keeps_edges_together(edges: list[tuple[int, int]]) -> None:
    groups = components(edges)
    members = [member for group in groups for member in group]
    assert sorted(members) == sorted({node for edge in edges for node in edge})
    assert all(any(a in group and b in group for group in groups) for a, b in edges)
    assert components(list(reversed(edges))) == groups


@pytest.mark.parametrize(("one", "other", "same"), [
    ("2016", "20xx", True), ("2016", "××××", True), ("2017", "2016", False), ("19xx", "2016", False), ("12,345", "12345", True),
    ("１２", "12", True), ("20xx", "19xx", False), ("20xx", "xx16", True), ("3.5", "35", False), ("xx", "某某", True),
])  # fmt: skip
def test_values_agree_where_they_can_be_the_same(one: str, other: str, same: bool) -> None:
    assert agree(one, other) is same
    assert agree(other, one) is same


def test_enumerators_stand_first_in_their_line() -> None:
    text = "1、学习\n  2. 调研\n实现增长3、5个点\n3.5亿元"
    assert [is_enumerator(text, text.index(mark), text.index(mark) + 1) for mark in ("1、", "2.", "3、", "3.5")] == [
        True,
        True,
        False,
        False,
    ]


def test_masks_are_counted_but_not_letters_of_words() -> None:
    assert mask_count("20xx年×月，ＸＸ市某某局与Excel表、taxi") == 4
    assert mask_count("没有隐去的内容") == 0
