"""Groups: texts with the same comparison view. The smallest of them, by its rank, stands for all where they are compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Keys, Numbers, Pairs, as_pairs, pair_keys


def grouped(digests: Keys, wanted: Numbers) -> Numbers:
    """A group's number for each text, -1 for those that are not wanted; groups are numbered as they come.

    digests: two numbers a text.

    >>> grouped(np.array([[3, 1], [2, 1], [3, 1], [0, 0]], np.uint64), np.array([0, 1, 2])).tolist()
    [0, 1, 0, -1]
    """
    low, high = digests[wanted].T
    order = np.lexsort((wanted, low, high))
    new = np.ones(len(order), bool)
    new[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
    first = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    opener = np.empty(len(order), np.int64)
    opener[order] = order[first]
    groups = np.full(len(digests), -1, np.int64)
    nth = np.cumsum(opener == np.arange(len(order))) - 1
    groups[wanted] = nth[opener]
    return groups


def as_names(digests: Keys) -> NDArray[np.bytes_]:
    """Digests of two numbers as one string each, which can be sorted and looked up."""
    return np.ascontiguousarray(digests).view("S16").ravel()


class Groups:
    """Groups of texts with the same view. Texts are named by their ranks, in the order of their ids.

    best: the smallest rank of each group.
    """

    def __init__(self, groups: Numbers, ranks: Numbers, link_above: int) -> None:
        """groups: of each text, -1 for none. ranks: of each text. link_above: see `rules/duplicates.toml`."""
        order = np.lexsort((ranks, groups))
        order = order[np.searchsorted(groups[order], 0) :]
        self._ranks, self._owners = ranks[order], groups[order]
        self._bounds = np.flatnonzero(np.diff(self._owners, prepend=-1, append=-1))
        self._count = len(ranks)
        self._link_above = link_above
        self.best: Numbers = self._ranks[self._bounds[:-1]]

    def inside(self) -> Pairs:
        """The pairs inside groups; in a large group those with the smallest member alone."""
        keys = pair_keys(self._owners.view(np.uint64), self._ranks, self._count, self._link_above)
        keys.sort()
        return as_pairs(keys, self._count)

    def across(self, pairs: Pairs) -> Pairs:
        """The pairs of the other members of groups whose smallest members are these pairs."""
        group_of = np.full(self._count, -1, np.int64)
        group_of[self.best] = np.arange(len(self.best))
        sizes = np.diff(self._bounds)
        sizes = np.where(sizes <= self._link_above, sizes, 1)
        known = (group_of[pairs] >= 0).all(axis=1)
        a, b = group_of[pairs[known]].T
        many = sizes[a] * sizes[b]
        row = np.repeat(np.arange(len(a)), many)
        within = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
        row, within = row[within > 0], within[within > 0]
        a, b, size = a[row], b[row], sizes[b[row]]
        ranks = self._ranks[np.stack((self._bounds[a] + within // size, self._bounds[b] + within % size), axis=1)]
        ranks.sort(axis=1)
        found: Pairs = ranks[np.lexsort((ranks[:, 1], ranks[:, 0]))]
        return found
