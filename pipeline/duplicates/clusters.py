"""Clusters: the connected components of exact, normalized and near pairs, each with its canonical copy."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Pairs
from pipeline.duplicates.records import RELATIONS
from pipeline.duplicates.values import mask_count

MERGING = frozenset({"exact", "normalized", "near"})
"""Relations that put two texts into one cluster; containment and shared paragraphs never do."""


class Traits(NamedTuple):
    """What a text brings into its cluster: the SHA-256 of its UTF-8, how many masks it has, and its length in code points."""

    digest: bytes
    masks: int
    length: int


class Cluster(NamedTuple):
    """Copies of one text. members: their numbers, in order. canonical: the one to keep."""

    name: str
    members: list[int]
    canonical: int


def clusters(edges: Pairs, traits: Callable[[int], Traits]) -> Iterator[Cluster]:
    """The clusters of texts, numbered in the order of their ids, that merging pairs make; ordered by their smallest members.

    The canonical is the copy with the fewest masks, then the longest, then the one with the smallest id.

    >>> texts = ["20xx年", "2016年", "2016年。"]
    >>> [cluster.canonical for cluster in clusters(np.array([[0, 1], [1, 2]]), lambda number: traits_of(texts[number]))]
    [2]
    """
    for members in components(edges):
        mine = [traits(member) for member in members]
        best = min(range(len(members)), key=lambda place: (mine[place].masks, -mine[place].length, place))
        yield Cluster(cluster_id_of(one.digest for one in mine), members, members[best])


def placed(found: Iterable[Cluster], ids: Sequence[str], ranks: Iterable[int]) -> Iterator[dict[str, Any]]:
    """One {id, cluster, canonical} for each of these ranks; cluster is null where a text has no copy. ids: by rank."""
    member: dict[int, tuple[str, bool]] = {}
    for one in found:
        member |= {rank: (one.name, rank == one.canonical) for rank in one.members}
    for rank in ranks:
        name, canonical = member.get(rank, (None, True))
        yield {"id": ids[rank], "cluster": name, "canonical": canonical}


def merging(relations: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which relations, as places in `RELATIONS`, put two texts into one cluster."""
    return np.array([one in MERGING for one in RELATIONS])[relations]


@lru_cache(maxsize=256)
def traits_of(text: str) -> Traits:
    """The traits of a text."""
    return Traits(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), mask_count(text), len(text))


def components(edges: Pairs | Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of a graph, each in order, ordered by their smallest members. edges: two nodes a row.

    >>> components([(5, 3), (1, 2), (3, 4)])
    [[1, 2], [3, 4, 5]]
    """
    rows = edges if isinstance(edges, np.ndarray) else np.array(list(edges), np.int64).reshape(-1, 2)
    nodes, label, _ = _labelled(rows)
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order], prepend=-1, append=len(nodes))).tolist()
    ordered = nodes[order].tolist()
    return [ordered[start:end] for start, end in pairwise(cuts)]


def component_labels(edges: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The nodes of a graph, ascending, and for each the place among them of the smallest node of its component.

    >>> [one.tolist() for one in component_labels(np.array([[5, 3], [1, 2], [3, 4]]))]
    [[1, 2, 3, 4, 5], [0, 0, 2, 2, 2]]
    """
    return _labelled(edges)[:2]


def by_component(edges: Pairs) -> NDArray[np.int64]:
    """The order of edges that puts those of one component together, otherwise as they were.

    >>> by_component(np.array([[1, 5], [2, 3], [4, 5]])).tolist()
    [0, 2, 1]
    """
    _, label, first = _labelled(edges)
    return np.argsort(label[first], kind="stable")


def _labelled(edges: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The nodes in order, the place of the smallest of each one's component, and the place of each edge's first node."""
    nodes, places = np.unique(edges, return_inverse=True)
    a, b = places.reshape(-1, 2).T
    label = np.arange(len(nodes))
    while not np.array_equal(label[a], label[b]):  # the larger of two labels is put under the smaller, then paths are cut
        low, high = np.minimum(label[a], label[b]), np.maximum(label[a], label[b])
        np.minimum.at(label, high, low)
        while not np.array_equal(above := label[label], label):
            label = above
    return nodes, label, a


def cluster_id_of(digests: Iterable[bytes]) -> str:
    """A cluster's id out of its members' texts alone: 16 hexadecimal digits of a SHA-256 over the digests of their UTF-8.

    The same members give the same id whatever their ids, their order and the rest of the corpus.

    >>> cluster_id_of([b"1", b"2"]) == cluster_id_of([b"2", b"1"])
    True
    """
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()[:16]
