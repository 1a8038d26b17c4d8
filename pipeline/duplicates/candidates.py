"""Candidates: pairs of texts that share enough to be looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.int64]
"""Pairs of text numbers, one a row, the smaller first, ordered, each once."""

Numbers = NDArray[np.int64]
Keys = NDArray[np.uint64]
"""Sorted numbers, or pairs of numbers as one."""


class Packer:
    """A hash and its text in one number: the leading bits of the hash, then the text's number."""

    def __init__(self, count: int) -> None:
        self.shift = max(1, count.bit_length())
        self._bits = np.uint64(self.shift)

    def pack(self, hashes: Keys, texts: Numbers) -> Keys:
        """One number a hash. Their order is that of (hash, text)."""
        return hashes >> self._bits << self._bits | texts.astype(np.uint64)

    def unpack(self, packed: Keys) -> tuple[Keys, Numbers]:
        """The leading bits of the hashes, and the texts, out of sorted numbers; each once."""
        packed = distinct(packed)
        return packed >> self._bits, (packed & ((np.uint64(1) << self._bits) - np.uint64(1))).astype(np.int64)


def distinct(ordered: Keys) -> Keys:
    """Sorted numbers, each once.

    >>> distinct(np.array([1, 1, 2], np.uint64)).tolist()
    [1, 2]
    """
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return ordered[new]


def pairs_of(hashes: Keys, texts: Numbers, *, count: int, least: int, link_above: int) -> Pairs:
    """The pairs of texts that have at least ``least`` hashes in common.

    hashes, texts: postings ordered by (hash, text), each once. count: number of all texts. A hash of more than ``link_above``
    texts counts only for pairs with the smallest of them: all pairs would be n² of them, and none would lose what was copied
    most.

    >>> pairs_of(np.array([7, 7, 7, 9, 9], np.uint64), np.array([0, 1, 2, 0, 2]), count=3, least=2, link_above=20).tolist()
    [[0, 2]]
    """
    keys = pair_keys(hashes, texts, count, link_above)
    keys.sort()
    return as_pairs(frequent(keys, least), count)


def frequent(ordered: Keys, least: int) -> Keys:
    """The numbers that stand at least so often in sorted ones, each once.

    >>> frequent(np.array([1, 1, 2, 5, 5, 5], np.uint64), 2).tolist()
    [1, 5]
    """
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    places = np.flatnonzero(new)
    return ordered[places[np.diff(places, append=len(ordered)) >= least]]


def as_pairs(keys: Keys, count: int) -> Pairs:
    """The pairs that `pair_keys` gave one number each."""
    return np.stack(np.divmod(keys.view(np.int64), max(count, 1)), axis=1)


def pair_keys(hashes: Keys, texts: Numbers, count: int, link_above: int) -> Keys:
    """One number, a * count + b, for each pair of each hash."""
    edges = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1], [True])))
    sizes = np.diff(edges) if len(hashes) else np.zeros(0, np.int64)
    keys = [np.zeros(0, np.int64)]
    group = np.repeat(np.arange(len(sizes)), sizes)
    starts, large = edges[group], sizes[group] > link_above
    linked = np.flatnonzero(large & (np.arange(len(texts)) > starts))
    keys.append(texts[starts[linked]] * count + texts[linked])
    left = starts + sizes[group] - np.arange(len(texts))  # postings from here to the end of the group
    places = np.flatnonzero(~large & (left > 1))
    step = 1
    while len(places):
        keys.append(texts[places] * count + texts[places + step])
        step += 1
        places = places[left[places] > step]
    return np.concatenate(keys).view(np.uint64)


def cuts(sizes: Numbers, most: int) -> list[int]:
    """Where to cut a list of things of these sizes so that each part is at most so large, or one thing: the parts' ends.

    >>> cuts(np.array([3, 3, 9, 1]), 6)
    [2, 3, 4]
    """
    done = np.cumsum(sizes)
    ends: list[int] = []
    while (start := ends[-1] if ends else 0) < len(sizes):
        reached = int(np.searchsorted(done, (done[start - 1] if start else 0) + most, "right"))
        ends.append(max(start + 1, reached))
    return ends
