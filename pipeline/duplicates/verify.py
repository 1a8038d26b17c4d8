"""Verification: which 4-grams pairs of texts have in common, exactly, for many pairs at once.

A 4-gram is four tokens of the comparison view packed into one 64-bit number, so its comparison is exact. The grams of the first
texts of some pairs are put into a direct-address table, in which those of the second texts are looked up.

The texts of a batch of pairs are laid out side by side: all first texts (a) in the order of the pairs, and all second ones (b).
Places in these two rows of tokens are enough to say everything; no place of one pair is next to one of another, as a gram never
reaches over the end of a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.view import Offsets, Tokens, Views

GRAM = 4
"""Tokens of a gram: four of two bytes fill a 64-bit number."""

Grams = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_FACTOR = 0x9E3779B97F4A7C15
_MOST_BITS = 24  # of a table


class Row(NamedTuple):
    """Texts side by side. texts: their numbers. bounds: where each starts, with the end. lines: where paragraphs start."""

    texts: Numbers
    tokens: Tokens
    bounds: Offsets
    lines: Offsets


@dataclass(frozen=True, slots=True)
class Batch:
    """The grams that pairs of texts have in common.

    a, b: the texts, a pair a place. a_places, b_places: for each gram of b that is in a, its place in the row of second texts,
    ascending, and the first place of the same gram in the row of first texts. common: different grams in both, a pair.
    """

    a: Row
    b: Row
    a_places: Offsets
    b_places: Offsets
    common: Numbers


class Parts(NamedTuple):
    """How a table is divided: by how much each owner's hashes are shifted, and where its part starts."""

    shifts: NDArray[np.uint64]
    starts: Offsets


class Figures(NamedTuple):
    """How alike the texts of each pair are; see `pipeline.duplicates.records.Pair`."""

    jaccard: NDArray[np.float64]
    containment_a: NDArray[np.float64]
    containment_b: NDArray[np.float64]


def grams(tokens: Tokens) -> Grams:
    """The 4-grams of a view, in the order of the text.

    >>> [hex(gram) for gram in grams(np.array([1, 2, 3, 4, 5], np.uint16))]
    ['0x1000200030004', '0x2000300040005']
    """
    if len(tokens) < GRAM:
        return np.zeros(0, np.uint64)
    two = tokens[:-1].astype(np.uint32)
    two <<= np.uint32(16)
    two |= tokens[1:]
    four = two[:-2].astype(np.uint64)
    four <<= np.uint64(32)
    four |= two[2:]
    return four


def row(views: Views, texts: Numbers) -> Row:
    """Texts side by side; a text may stand in it more than once."""
    tokens, bounds = _side_by_side(views, texts)
    starts = views.bounds[texts]
    first, last = np.searchsorted(views.lines, starts), np.searchsorted(views.lines, views.bounds[texts + 1])
    lines = views.lines[_ranges(first, last - first)] + np.repeat(bounds[:-1] - starts, last - first)
    return Row(texts, tokens, bounds, np.append(lines, bounds[-1]))


def _side_by_side(views: Views, texts: Numbers) -> tuple[Tokens, Offsets]:
    """The tokens of texts, and where each text starts, with the end."""
    starts, ends = views.bounds[texts], views.bounds[texts + 1]
    pieces = [views.tokens[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return np.concatenate(pieces), np.concatenate(([0], np.cumsum(ends - starts)))


def _owned_grams(tokens: Tokens, bounds: Offsets) -> tuple[Grams, Numbers]:
    """The grams of texts side by side; for each its text's place among them, or their number where it reaches over an end."""
    keys = grams(tokens)
    owners = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))[: len(keys)]
    over = (bounds[1:, None] - np.arange(1, GRAM)).ravel()
    owners[over[(over >= 0) & (over < len(keys))]] = len(bounds) - 1
    return keys, owners


class Verifier:
    """Looks pairs of texts up; keeps a table and the number of different grams of each text that it has met."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self._table = np.full(1, -1, np.int32)
        self._distinct = np.full(len(views.bounds) - 1, -1, np.int64)

    def batch(self, a: Numbers, b: Numbers) -> Batch:
        """The common grams of pairs; a ascending."""
        new = np.flatnonzero(np.diff(a, prepend=-1))
        loaded = a[new]
        unknown = np.setdiff1d(b[self._distinct[b] < 0], loaded)
        loads = np.concatenate((loaded, unknown))
        a_row, b_row = row(self.views, a), row(self.views, b)
        tokens, bounds = _side_by_side(self.views, loads)
        keys, owners = _owned_grams(tokens, bounds)
        wanted, pairs = _owned_grams(b_row.tokens, b_row.bounds)
        place_of = np.repeat(np.arange(len(new)), np.diff(new, append=len(a)))  # for each pair the place of a among the loaded
        wanted_owners = np.append(place_of, len(loads) + 1)[pairs]
        found, first = self._look_up(keys, owners, wanted, wanted_owners, np.append(np.diff(bounds), (GRAM * len(loads), 1)))
        self._distinct[loads] = np.bincount(owners[first], minlength=len(loads) + 1)[:-1]
        b_places = np.flatnonzero(found >= 0)
        mine = pairs[b_places]
        a_places = found[b_places] - bounds[place_of[mine]] + a_row.bounds[mine]
        seen = np.zeros(int(a_row.bounds[-1]), bool)
        seen[a_places] = True
        return Batch(a_row, b_row, a_places, b_places, np.add.reduceat(seen, a_row.bounds[:-1], dtype=np.int64))

    def distinct(self, texts: Numbers) -> Numbers:
        """The numbers of different grams of texts that were in a batch."""
        return self._distinct[texts]

    def figures(self, batch: Batch) -> Figures:
        """Jaccard and both containments, out of the numbers of different grams; 0 where a text has none."""
        a, b = self.distinct(batch.a.texts), self.distinct(batch.b.texts)
        total = np.maximum(a + b - batch.common, 1)
        return Figures(batch.common / total, batch.common / np.maximum(a, 1), batch.common / np.maximum(b, 1))

    def _look_up(
        self, keys: Grams, owners: Numbers, wanted: Grams, wanted_owners: Numbers, sizes: Numbers
    ) -> tuple[Offsets, Offsets]:
        """For each wanted gram the first place of the same gram with the same owner, -1 for none; and all first places.

        sizes: how many grams each owner has at most; each has a part of the table to itself. The last two owners are for what
        nobody is to find. Grams that find their slot taken by another go round again with another hash.
        """
        bits = np.clip(np.ceil(np.log2(np.maximum(sizes, 1))).astype(np.int64) + 2, 4, _MOST_BITS)
        starts = np.cumsum(1 << bits)
        parts = Parts((64 - bits).astype(np.uint64), starts - (1 << bits))
        if len(self._table) < starts[-1]:
            self._table = np.full(int(starts[-1]), -1, np.int32)
        all_keys = keys
        found = np.full(len(wanted), -1, np.int64)
        left, sought = np.arange(len(keys)), np.arange(len(wanted))
        firsts, factor = [left[:0]], _FACTOR
        while len(left):
            slots = _slots(keys, owners, factor, parts)
            self._table[slots[::-1]] = left[::-1]  # of several writes the last one stays: the first place
            held = self._table.take(slots, mode="clip")
            firsts.append(left[held == left])
            answers = self._table.take(_slots(wanted, wanted_owners, factor, parts), mode="clip")
            self._table[slots] = -1
            taken = np.flatnonzero(answers >= 0)
            answers = answers.take(taken, mode="clip")
            equal = all_keys.take(answers, mode="clip") == wanted.take(taken, mode="clip")
            sought = sought.take(taken, mode="clip")
            found[sought[equal]] = answers[equal]
            again, left_over = taken[~equal], np.flatnonzero(all_keys.take(held, mode="clip") != keys)
            sought, wanted, wanted_owners = sought[~equal], wanted[again], wanted_owners[again]
            left, keys, owners = left[left_over], keys[left_over], owners[left_over]
            factor = factor * _FACTOR % (1 << 64)
        return found, np.concatenate(firsts)


def edit_similarity(a: Tokens, b: Tokens, cutoff: float = 0.0) -> float:
    """1 - Levenshtein distance / length of the longer view; 0 where that is below the cutoff.

    Bit-parallel (Hyyrö 2003), by rapidfuzz.

    >>> edit_similarity(np.array([1, 2, 3, 4], np.uint16), np.array([1, 2, 9, 4], np.uint16))
    0.75
    """
    from rapidfuzz.distance import Levenshtein

    if not len(a) and not len(b):
        return 1.0
    return Levenshtein.normalized_similarity(_symbols(a), _symbols(b), score_cutoff=cutoff)


def differences(a: Tokens, b: Tokens) -> Iterator[tuple[int, int, int, int]]:
    """The stretches (a_start, a_end, b_start, b_end) in which two views differ, in an alignment with the fewest edits.

    >>> list(differences(np.array([1, 2, 3], np.uint16), np.array([1, 8, 9, 3], np.uint16)))
    [(1, 2, 1, 3)]
    """
    from rapidfuzz.distance import Levenshtein

    a_done = b_done = 0
    for block in Levenshtein.opcodes(_symbols(a), _symbols(b)).as_matching_blocks():
        if block.a > a_done or block.b > b_done:
            yield a_done, block.a, b_done, block.b
        a_done, b_done = block.a + block.size, block.b + block.size


def _symbols(tokens: Tokens) -> str:
    """A view as a text of one character a token, surrogates too, for string algorithms."""
    return tokens.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _slots(wanted: Grams, owners: Numbers, factor: int, parts: Parts) -> Numbers:
    slots = wanted * np.uint64(factor)
    slots >>= parts.shifts.take(owners, mode="clip")
    places = slots.view(np.int64)
    places += parts.starts.take(owners, mode="clip")
    return places


def _ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """The ranges [start, start + length) one after the other.

    >>> _ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
