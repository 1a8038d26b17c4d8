"""Clusters: the connected components of exact, normalized and near pairs, each with its canonical copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

MERGING = frozenset({"exact", "normalized", "near"})
"""Relations that put two texts into one cluster; containment and shared paragraphs never do."""


def components(edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of a graph, each in order, ordered by their smallest members.

    >>> components([(5, 3), (1, 2), (3, 4)])
    [[1, 2], [3, 4, 5]]
    """
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        top = node
        while (above := parent.setdefault(top, top)) != top:
            top = above
        while parent[node] != top:
            parent[node], node = top, parent[node]
        return top

    for a, b in edges:
        a, b = root(a), root(b)
        parent[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for node in sorted(parent):
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())


def cluster_id(texts: Iterable[str]) -> str:
    """A cluster's id out of its members' texts alone: 16 hexadecimal digits of a SHA-256.

    The same members give the same id whatever their ids, their order and the rest of the corpus.

    >>> cluster_id(["甲", "乙"]) == cluster_id(["乙", "甲"])
    True
    """
    return cluster_id_of(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts)


def cluster_id_of(digests: Iterable[bytes]) -> str:
    """`cluster_id` out of the SHA-256 digests of the members' UTF-8."""
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()[:16]


def canonical(members: Sequence[int], texts: Sequence[str], masks: Sequence[int], ids: Sequence[str]) -> int:
    """The copy to keep: fewest masks, then the longest text, then the smallest id. masks: in the order of the members.

    >>> canonical([0, 1, 2], ["20xx年", "2016年", "2016年。"], [1, 0, 0], ["a", "b", "c"])
    2
    """
    return min(zip(masks, members, strict=True), key=lambda one: (one[0], -len(texts[one[1]]), ids[one[1]]))[1]
