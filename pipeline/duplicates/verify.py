"""Verification: which 4-grams pairs of texts have in common, exactly, for many pairs at once.

A 4-gram is four tokens of the comparison view packed into one 64-bit number, so its comparison is exact. A hash table over all
texts gives the grams that are the same one number, the place of one of them; after that a pair costs a few reads of an array,
however many pairs a text is in.

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

from pipeline.codes import text_of
from pipeline.duplicates.view import Offsets, Tokens, Views

GRAM = 4
"""Tokens of a gram: four of two bytes fill a 64-bit number."""

Grams = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_FACTORS = tuple(np.uint64(pow(0x9E3779B97F4A7C15, power, 1 << 64)) for power in range(1, 65))


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
    ascending, and the first place of the same gram in the row of first texts. a_once: these first places, ascending, each once.
    common: different grams in both, a pair.
    """

    a: Row
    b: Row
    a_places: Offsets
    b_places: Offsets
    a_once: Offsets
    common: Numbers


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
    lines = views.lines[ranges(first, last - first)] + np.repeat(bounds[:-1] - starts, last - first)
    return Row(texts, tokens, bounds, np.append(lines, bounds[-1]))


def _side_by_side(views: Views, texts: Numbers) -> tuple[Tokens, Offsets]:
    """The tokens of texts, and where each text starts, with the end."""
    starts, ends = views.bounds[texts], views.bounds[texts + 1]
    pieces = [views.tokens[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return np.concatenate(pieces), np.concatenate(([0], np.cumsum(ends - starts)))


def _same_grams(keys: Grams) -> Numbers:
    """For each gram a place of the same gram: one place for all that are the same.

    >>> _same_grams(np.array([7, 9, 7], np.uint64)).tolist() in ([0, 1, 0], [2, 1, 2])
    True
    """
    bits = max(1, len(keys).bit_length())
    table = np.empty(1 << bits, np.int32)  # not cleared: only slots that were written are read
    slots = _slots(keys, 0, bits)
    table[slots] = np.arange(len(keys), dtype=np.int32)
    found = table.take(slots, mode="clip").astype(np.int64)
    rest = (keys.take(found, mode="clip") != keys).nonzero()[0]
    level = 0
    while len(rest):  # those that find their slot taken by another gram go on with another hash
        level += 1
        left = keys.take(rest)
        slots = _slots(left, level, bits)
        table[slots] = rest
        found[rest] = held = table.take(slots, mode="clip")
        rest = rest[keys.take(held, mode="clip") != left]
    return found


def _slots(keys: Grams, level: int, bits: int) -> Numbers:
    slots = keys * _FACTORS[level]
    slots >>= np.uint64(64 - bits)
    return slots.view(np.int64)


class Verifier:
    """Looks up what pairs of some texts have in common."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self._same = _same_grams(grams(views.tokens))
        sizes = np.maximum(np.diff(views.bounds) - (GRAM - 1), 0)
        self._starts, self._sizes = views.bounds[:-1].tolist(), sizes.tolist()
        self._down = np.arange(sizes.max(initial=0), dtype=np.int32)[::-1].copy()
        self._table = np.zeros(len(self._same), np.int32)  # for each gram its first place in the text that was put in last
        self._distinct = np.full(len(views), -1, np.int64)

    def batch(self, a: Numbers, b: Numbers) -> Batch:
        """The common grams of pairs; best with a ascending."""
        a_row, b_row = row(self.views, a), row(self.views, b)
        found = np.full(int(b_row.bounds[-1]), -1, np.int32)
        loaded, mine = -1, self._of(0)
        for one, other, start in zip(a.tolist(), b.tolist(), b_row.bounds.tolist(), strict=False):
            if one != loaded:
                loaded, mine = one, self._load(one)
            if not len(mine):
                continue
            wanted = self._of(other)
            held = self._table.take(wanted, mode="clip")
            there = mine.take(held, mode="clip") == wanted
            np.copyto(found[start : start + len(wanted)], held, where=there)
        for text in b[self._distinct[b] < 0].tolist():
            if self._distinct[text] < 0:
                self._load(text)
        b_places = np.flatnonzero(found >= 0)
        a_places = found.take(b_places).astype(np.int64)
        a_places += np.repeat(a_row.bounds[:-1], np.diff(np.searchsorted(b_places, b_row.bounds)))
        seen = np.zeros(int(a_row.bounds[-1]), bool)
        seen[a_places] = True
        a_once = np.flatnonzero(seen)
        common = np.diff(np.searchsorted(a_once, a_row.bounds))
        return Batch(a_row, b_row, a_places, b_places, a_once, common)

    def _load(self, text: int) -> Numbers:
        """Put a text's grams into the table, which is never cleared: what it says is compared with the gram itself."""
        mine = self._of(text)
        places = self._down[len(self._down) - len(mine) :]
        backwards = mine[::-1]
        self._table[backwards] = places  # of several writes the last one stays: the first place
        if self._distinct[text] < 0:
            self._distinct[text] = np.count_nonzero(self._table.take(backwards, mode="clip") == places)
        return mine

    def _of(self, text: int) -> Numbers:
        start = self._starts[text]
        return self._same[start : start + self._sizes[text]]

    def distinct(self, texts: Numbers) -> Numbers:
        """The numbers of different grams of texts that were in a batch."""
        return self._distinct[texts]

    def figures(self, batch: Batch) -> Figures:
        """Jaccard and both containments, out of the numbers of different grams; 0 where a text has none."""
        a, b = self.distinct(batch.a.texts), self.distinct(batch.b.texts)
        total = np.maximum(a + b - batch.common, 1)
        return Figures(batch.common / total, batch.common / np.maximum(a, 1), batch.common / np.maximum(b, 1))


def edit_similarity(a: Tokens, b: Tokens, cutoff: float = 0.0, jaccard: float = 0.0) -> float:
    """1 - Levenshtein distance / length of the longer view; 0 where that is below the cutoff.

    Bit-parallel (Hyyrö 2003), by rapidfuzz. jaccard: that of the grams; it lets expect a similarity, which does not change the
    result, but a good guess takes a fraction of the time.

    >>> edit_similarity(np.array([1, 2, 3, 4], np.uint16), np.array([1, 2, 9, 4], np.uint16))
    0.75
    """
    from rapidfuzz.distance import Levenshtein

    if not len(a) and not len(b):
        return 1.0
    if min(len(a), len(b)) < cutoff * max(len(a), len(b)):
        return 0.0
    expected = (2 * jaccard / (1 + jaccard)) ** (1 / GRAM)  # the share of equal tokens that leaves this share of equal grams
    return Levenshtein.normalized_similarity(_symbols(a), _symbols(b), score_cutoff=cutoff, score_hint=expected)


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
    return text_of(tokens.astype("<u4"))


def ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """The ranges [start, start + length) one after the other.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
