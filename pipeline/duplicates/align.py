"""Alignment: which passages of two texts are the same, by seed, extension and filter; for a batch of pairs at once.

Seeds are 4-grams in both texts; seeds side by side on one diagonal make a run of equal tokens; runs that follow each other in
both texts with only a few tokens between them make a passage (the scheme of text-reuse detection, Potthast et al., PAN 2014).
Moved paragraphs are found where they are: nothing asks for the same order in both texts.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.settings import Settings
from pipeline.duplicates.verify import GRAM, Batch, Row
from pipeline.duplicates.view import VALUE, Offsets

_RUN = 5  # 4-grams in a row that make a run: as many tokens as a shingle has
_REACH, _FAR_REACH = 32, 1024  # tokens that are compared at once where a passage goes on at its ends: first, and at most

Passages = NDArray[np.int64]
"""(a_start, a_end, b_start, b_end) a row: places in the rows of first and of second texts."""


class Runs(NamedTuple):
    """Runs of equal tokens: a[a_starts + i] == b[b_starts + i] for i below the length; ascending in b."""

    a_starts: Offsets
    b_starts: Offsets
    lengths: Offsets

    def rows(self) -> Passages:
        """The runs as passages."""
        return np.stack((self.a_starts, self.a_starts + self.lengths, self.b_starts, self.b_starts + self.lengths), axis=1)


def runs(a_places: Offsets, b_places: Offsets) -> Runs:
    """The runs of at least eight equal tokens that grams in common make."""
    new = np.ones(len(a_places) + 1, bool)
    new[1:-1] = (a_places[1:] - a_places[:-1] != 1) | (b_places[1:] - b_places[:-1] != 1)
    edges = np.flatnonzero(new)
    counts = np.diff(edges)
    long = counts >= _RUN
    first = edges[:-1][long]
    return Runs(a_places[first], b_places[first], counts[long] + (GRAM - 1))


def paragraph_cover(side: Row, starts: Offsets, lengths: Offsets) -> tuple[Offsets, Offsets]:
    """For each paragraph of a row of texts how many of its tokens lie in runs, and how many it has."""
    sizes = np.diff(side.lines)
    if not len(starts):
        return np.zeros_like(sizes), sizes
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate((starts + lengths)[order])
    opens = np.flatnonzero(np.concatenate(([True], starts[1:] > ends[:-1])))  # runs that no run before reaches
    firsts, lasts = starts[opens], ends[np.append(opens[1:], len(ends)) - 1]
    totals = np.concatenate(([0], np.cumsum(lasts - firsts)))
    at = np.maximum(np.searchsorted(firsts, side.lines, "right") - 1, 0)
    before = totals[at] + np.clip(side.lines - firsts[at], 0, lasts[at] - firsts[at])  # covered tokens before each line
    return np.diff(before), sizes


def shared_paragraphs(side: Row, starts: Offsets, lengths: Offsets, settings: Settings) -> NDArray[np.bool_]:
    """Which paragraphs of a row of texts runs cover well enough to be shared."""
    cover, sizes = paragraph_cover(side, starts, lengths)
    return (cover >= settings.paragraph_share * sizes) & (sizes >= settings.paragraph)


def any_of(side: Row, paragraphs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which texts of a row have any of these paragraphs."""
    return np.add.reduceat(paragraphs, np.searchsorted(side.lines, side.bounds[:-1]), dtype=np.int64) > 0


def passages(found: Runs, batch: Batch, settings: Settings) -> Passages:
    """The passages that runs make, pair by pair, ascending in b.

    Runs on their own that are shorter than a passage are left out. A passage goes on at both ends as long as the tokens are
    the same; one that then lies inside another's part of b is text that a has in another place as well, and is left out unless
    it is a run as long as a paragraph.
    """
    joined = join(found.rows(), batch, settings.passage_gap)
    joined = join(joined[joined[:, 1] - joined[:, 0] >= settings.passage], batch, settings.passage_gap)
    before = _extent(batch, joined[:, 0] - 1, joined[:, 2] - 1, -1)
    after = _extent(batch, joined[:, 1], joined[:, 3], 1)
    joined += np.stack((-before, after, -before, after), axis=1)
    joined = joined[np.lexsort((-joined[:, 3], joined[:, 2]))]
    outer = join(joined[_outer(joined)], batch, settings.passage_gap)
    long = Runs(*(column[found.lengths >= settings.paragraph] for column in found))
    rest = np.isin(long.b_starts, inside(long, outer).b_starts, invert=True)
    joined = np.concatenate((outer, long.rows()[rest]))
    return joined[np.lexsort((-joined[:, 3], joined[:, 2]))]


def inside(found: Runs, rows: Passages) -> Runs:
    """The runs that lie in one of these passages, ascending in b; of passages inside one another in the outer one."""
    if not len(rows):
        return Runs(*(column[:0] for column in found))
    rows = rows[_outer(rows)]
    row = np.searchsorted(rows[:, 2], found.b_starts, "right") - 1
    kept = (row >= 0) & (found.b_starts + found.lengths <= rows[row, 3])
    kept &= (found.a_starts >= rows[row, 0]) & (found.a_starts + found.lengths <= rows[row, 1])
    return Runs(*(column[kept] for column in found))


def _outer(rows: Passages) -> NDArray[np.bool_]:
    """Which passages do not lie inside another's part of b. rows: ascending in b, the longer ones first."""
    outer = np.ones(len(rows), bool)
    outer[1:] = rows[1:, 3] > np.maximum.accumulate(rows[:, 3])[:-1]
    return outer


def ascending(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most of these pairs, ascending in the first, that ascend in the second as well.

    >>> ascending([(1, 9), (2, 2), (3, 3), (4, 1), (5, 5)])
    [(2, 2), (3, 3), (5, 5)]
    """
    tails: list[int] = []
    ends: list[int] = []  # for each length the pair that ends the best row of it
    before: list[int] = []
    for place, (_, second) in enumerate(pairs):
        length = bisect_left(tails, second)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [second]
        ends[length : length + 1] = [place]
    row, place = [], ends[-1] if ends else -1
    while place >= 0:
        row.append(pairs[place])
        place = before[place]
    return row[::-1]


def join(rows: Passages, batch: Batch, gap: int, *, same_diagonal: bool = False) -> Passages:
    """Join each row to the one before where it goes on behind it, or in it, in both texts, at most ``gap`` tokens away."""
    if len(rows) < 2:
        return rows
    pair = np.searchsorted(batch.b.bounds, rows[:, 2], "right")
    a_gap, b_gap = rows[1:, 0] - rows[:-1, 1], rows[1:, 2] - rows[:-1, 3]
    apart = (pair[1:] != pair[:-1]) | (a_gap > gap) | (b_gap > gap) | ((np.minimum(a_gap, b_gap) < -GRAM) & (a_gap != b_gap))
    if same_diagonal:
        apart |= a_gap != b_gap
    first = np.flatnonzero(np.concatenate(([True], apart)))
    last = np.append(first[1:], len(rows)) - 1
    return np.stack((rows[first, 0], rows[last, 1], rows[first, 2], rows[last, 3]), axis=1)


def aligned_values(found: Runs, batch: Batch, settings: Settings) -> tuple[Offsets, Offsets]:
    """The places of value tokens of a and b that stand for each other, in the rows of texts."""
    rows = join(found.rows(), batch, settings.passage_gap, same_diagonal=True)
    b_places = np.flatnonzero(batch.b.tokens == VALUE)
    if not len(rows) or not len(b_places):
        return b_places[:0], b_places[:0]
    at = np.searchsorted(rows[:, 2], b_places, "right") - 1
    within = (at >= 0) & (b_places < rows[at, 3])
    b_places, at = b_places[within], at[within]
    a_places = b_places - rows[at, 2] + rows[at, 0]
    both = batch.a.tokens[a_places] == VALUE
    return a_places[both], b_places[both]


def _extent(batch: Batch, a_places: Offsets, b_places: Offsets, step: int) -> Offsets:
    """How many tokens from these places on, in steps of 1 or -1, are the same in the texts of a pair."""
    pair = np.searchsorted(batch.b.bounds, b_places - step, "right") - 1  # the passage itself is one step back
    total = np.zeros(len(pair), np.int64)
    going, reach = np.arange(len(pair)), _REACH
    while len(going):
        done = total[going] * step
        same = _same(batch, pair[going], a_places[going] + done, b_places[going] + done, np.arange(reach) * step)
        total[going] += same
        going = going[same == reach]
        reach = min(2 * reach, _FAR_REACH)
    return total


def _same(batch: Batch, pair: Offsets, a_places: Offsets, b_places: Offsets, way: Offsets) -> Offsets:
    """The same along a way: as many steps as it has at most."""
    a, b = a_places[:, None] + way, b_places[:, None] + way
    within = (a >= batch.a.bounds[pair, None]) & (a < batch.a.bounds[pair + 1, None])
    within &= (b >= batch.b.bounds[pair, None]) & (b < batch.b.bounds[pair + 1, None])
    differ = batch.a.tokens.take(a, mode="clip") != batch.b.tokens.take(b, mode="clip")
    differ |= ~within
    return np.where(differ.any(axis=1), differ.argmax(axis=1), len(way))
