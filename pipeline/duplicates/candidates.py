"""Candidates: pairs of texts that share enough to be looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.int64]
"""Pairs of text numbers, one a row, the smaller first, ordered, each once."""


def pairs_of(hashes: NDArray[np.uint64], texts: NDArray[np.int64], *, count: int, least: int, link_above: int) -> Pairs:
    """The pairs of texts that have at least ``least`` hashes in common.

    hashes, texts: postings ordered by (hash, text), each once. count: number of all texts. A hash of more than ``link_above``
    texts counts only for pairs with the smallest of them: all pairs would be n² of them, and none would lose what was copied
    most.

    >>> pairs_of(np.array([7, 7, 7, 9, 9], np.uint64), np.array([0, 1, 2, 0, 2]), count=3, least=2, link_above=20).tolist()
    [[0, 2]]
    """
    keys, shared = np.unique(pair_keys(hashes, texts, count, link_above), return_counts=True)
    return as_pairs(keys[shared >= least], count)


def as_pairs(keys: NDArray[np.int64], count: int) -> Pairs:
    """The pairs that `pair_keys` gave one number each."""
    return np.stack(np.divmod(keys, max(count, 1)), axis=1)


def pair_keys(hashes: NDArray[np.uint64], texts: NDArray[np.int64], count: int, link_above: int) -> NDArray[np.int64]:
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
    return np.concatenate(keys)
