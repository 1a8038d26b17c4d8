"""The search in shards finds what the search on one machine finds, however it is cut, and in whatever order blocks come."""

import random
from collections.abc import Sequence

import pytest

from pipeline.duplicates import find
from pipeline.duplicates.search import DocumentsError
from pipeline.duplicates.shards import Limits, ShardedSearch, Texts, gathered
from tests.duplicates.generator import corpus
from tests.rounds import Here

COPIES = corpus(3, 40, 6).documents
MANY = [(f"same{number}", COPIES[0][1]) for number in range(30)]  # more than are paired with one another


def searched(documents: Sequence[tuple[str, str]], shards: int, limits: Limits | None = None, seed: int = 1) -> ShardedSearch:
    homes = random.Random(seed)
    engine = Here(seed=seed)
    blocks = ((homes.randrange(shards), Texts([name], [f"{at:04}"], [text])) for at, (name, text) in enumerate(documents))
    return ShardedSearch(engine, engine.put("texts", blocks), shards, limits=limits)


@pytest.mark.parametrize(
    ("shards", "limits"), [(1, Limits()), (5, Limits(64, 7, 3000)), (9, Limits(1000, 1, 1)), (200, Limits(texts=1000))]
)
def test_it_finds_what_one_process_finds(shards: int, limits: Limits) -> None:
    documents = COPIES + MANY
    here, there = find(documents), searched(documents, shards, limits, seed=shards).found()
    assert here.pairs == there.pairs
    assert here.clusters == there.clusters
    assert here.contained_in == there.contained_in
    assert {pair.relation for pair in there.pairs} == {"exact", "normalized", "near", "contains", "shares"}


def test_texts_that_have_nothing_to_compare_are_no_trouble() -> None:
    for documents in ([("a", ""), ("b", "。"), ("c", "")], [("a", "同志们：")]):
        found = searched(documents, 2).found()
        assert found == find(documents)
    assert searched([], 2).found() == find([])


def test_the_corpus_keeps_its_order() -> None:
    search = searched(COPIES, 4)
    assert [search.ids[rank] for rank in search.in_order()] == [name for name, _ in COPIES]


def test_an_id_that_stands_twice_is_refused_or_renamed() -> None:
    twice = [("a", "同志们：今天开会。"), ("a", "同志们：今天开会。")]
    with pytest.raises(DocumentsError, match="'a' stands twice"):
        searched(twice, 2)
    engine = Here()
    texts = engine.put("texts", ((0, Texts([name], [place], [text])) for place, (name, text) in zip("yx", twice, strict=True)))
    assert ShardedSearch(engine, texts, 1, rename=True).ids == ["a", "a-2"]


def test_copies_are_numbered_in_the_order_of_their_places() -> None:
    blocks = [Texts(["b", "b"], ["2", "1"], ["late", "early"]), Texts(["b"], ["3"], ["last"])]
    assert gathered(blocks, rename=True) == (["b", "b-2", "b-3"], ["1", "2", "3"], ["early", "late", "last"])
