"""Judgement: the relation of two texts, out of what they have in common, and the evidence for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.align import (
    Passages,
    Runs,
    aligned_values,
    any_of,
    ascending,
    inside,
    passages,
    runs,
    shared_paragraphs,
)
from pipeline.duplicates.candidates import Pairs
from pipeline.duplicates.records import RELATIONS, Pair, Span
from pipeline.duplicates.settings import Settings
from pipeline.duplicates.structure import Structure, structure
from pipeline.duplicates.values import agree, is_enumerator, mask_pattern
from pipeline.duplicates.verify import GRAM, Batch, Figures, Verifier, differences, edit_similarity, ranges
from pipeline.duplicates.view import VALUE, Offsets, Views, views

Flags = NDArray[np.bool_]
Places = NDArray[np.int32]
"""Spans, one a row."""

BATCH = 1 << 19
"""Tokens of the texts of pairs that are best judged at once: NumPy is kept busy, and most stays in the processor's cache."""

_LOW = (1 << 32) - 1
_SENTENCE_ENDS = re.compile("[。！？!?\\n]")
_EXACT, _NORMALIZED, _NEAR, _CONTAINS, _SHARES = range(len(RELATIONS))
_LONGEST_MASKED = 12  # tokens that one mask may stand for


class Verdicts(NamedTuple):
    """What was found of pairs of texts, a row a pair that has a relation.

    pairs: their numbers. relations: places in `RELATIONS`. figures: Jaccard, containment of a, of b, edit similarity (NaN where
    it was not asked). spans, conflicts: as `pipeline.duplicates.records.Pair` has them, those of one pair after those of
    another; span_counts, conflict_counts: how many each pair has.
    """

    pairs: Pairs
    relations: NDArray[np.uint8]
    figures: NDArray[np.float64]
    spans: Places
    span_counts: Offsets
    conflicts: Places
    conflict_counts: Offsets

    def take(self, order: Offsets) -> Verdicts:
        """Some rows, in this order."""
        return Verdicts(
            self.pairs[order], self.relations[order], self.figures[order],
            self.spans[_rows(self.span_counts, order)], self.span_counts[order],
            self.conflicts[_rows(self.conflict_counts, order)], self.conflict_counts[order],
        )  # fmt: skip

    def named(self, ids: Sequence[str]) -> Iterator[Pair]:
        """The pairs under the ids of their texts."""
        spans, conflicts = _split(self.spans, self.span_counts), _split(self.conflicts, self.conflict_counts)
        rows = zip(self.pairs.tolist(), self.relations.tolist(), self.figures.tolist(), spans, conflicts, strict=True)
        for (a, b), relation, (jaccard, a_share, b_share, edit), found, clashes in rows:
            asked = None if isnan(edit) else edit
            yield Pair(ids[a], ids[b], RELATIONS[relation], jaccard, a_share, b_share, asked, found, clashes)


def joined(parts: Iterable[Verdicts]) -> Verdicts:
    """Verdicts of several parts, one after the other."""
    return Verdicts(*map(np.concatenate, zip(_NONE, *parts, strict=True)))


_NO_PLACES = np.zeros((0, 4), np.int32)
_NO_COUNTS = np.zeros(0, np.int64)
_NONE = Verdicts(
    np.zeros((0, 2), np.int64), np.zeros(0, np.uint8), np.zeros((0, 4)), _NO_PLACES, _NO_COUNTS, _NO_PLACES, _NO_COUNTS
)


def verdicts(texts: Sequence[str], pairs: Pairs, settings: Settings) -> Verdicts:
    """The verdicts on pairs of some texts, ascending; the texts of a pair may have the same view. None is of no relation.

    >>> from pipeline.duplicates.settings import read_settings
    >>> found = verdicts(["统一思想。", "统一思想！", "明确目标"], np.array([[0, 1], [0, 2]]), read_settings())
    >>> [(pair.a, pair.b, pair.relation) for pair in found.named("甲乙丙")]
    [('甲', '乙', 'normalized')]
    """
    return _each_once(texts, pairs, Judge.related, settings)


def likeness(texts: Sequence[str], pairs: Pairs, settings: Settings) -> Verdicts:
    """Relation, Jaccard and edit similarity of texts that are in one cluster, whatever they have in common; no spans."""
    return _each_once(texts, pairs, Judge.measured, settings)


def _each_once(texts: Sequence[str], pairs: Pairs, call: Callable[[Judge, Pairs], Verdicts], settings: Settings) -> Verdicts:
    """What a judge finds of pairs, in their order; texts that are the same, and pairs of such, are looked at once."""
    place_of: dict[str, int] = {}
    numbers = np.fromiter((place_of.setdefault(text, len(place_of)) for text in texts), np.int64, len(texts))
    different = list(place_of)
    keys = _keys(numbers[pairs])
    wanted = np.unique(keys)
    made = call(Judge(different, views(different), settings), np.stack((wanted >> 32, wanted & _LOW), axis=1))
    found = _keys(made.pairs)
    order = np.argsort(found)
    places = np.searchsorted(found[order], keys)
    hits = np.flatnonzero(np.isin(keys, found))
    return made.take(order[places[hits]])._replace(pairs=pairs[hits])


class Decision(NamedTuple):
    """What the figures of a batch of pairs say.

    edit, sequences: NaN where it was not asked. sequences: see `Judge.sequences`.
    """

    near: Flags
    contains: Flags
    shares: Flags
    edit: NDArray[np.float64]
    sequences: NDArray[np.float64]
    structure: Structure


class Judge:
    """Judges pairs of some texts."""

    def __init__(self, texts: Sequence[str], views: Views, settings: Settings) -> None:
        self.texts = texts
        self.views = views
        self.settings = settings
        self.verifier = Verifier(views)

    def related(self, pairs: Pairs) -> Verdicts:
        """See `verdicts`."""
        same = self.same_views(pairs)
        return joined((self.same_view(pairs[same]), self.verdicts(pairs[~same])))

    def same_views(self, pairs: Pairs) -> Flags:
        """Which pairs are of texts with the same view."""
        sizes = np.diff(self.views.bounds)
        same: Flags = sizes[pairs[:, 0]] == sizes[pairs[:, 1]]
        for number in np.flatnonzero(same).tolist():
            a, b = pairs[number].tolist()
            same[number] = np.array_equal(self.views(a), self.views(b))
        return same

    def verdicts(self, pairs: Pairs) -> Verdicts:
        """The verdicts on pairs of texts with different views, a ascending; none for those with too little in common."""
        if not len(pairs):
            return _NONE
        batch = self.verifier.batch(pairs[:, 0], pairs[:, 1])
        figures, found = self.verifier.figures(batch), runs(batch.a_places, batch.b_places)
        decision = self.decide(batch, figures, found)
        related = decision.near | decision.contains | decision.shares
        kept = related[np.searchsorted(batch.b.bounds, found.b_starts, "right") - 1]
        found = Runs(*(column[kept] for column in found))
        rows = passages(found, batch, self.settings)
        relations = np.where(decision.near, _NEAR, np.where(decision.contains, _CONTAINS, _SHARES)).astype(np.uint8)
        (spans, span_counts), (conflicts, conflict_counts) = self.spans(batch, rows), self.conflicts(batch, inside(found, rows))
        closest = decision.near & (conflict_counts == 0) & (figures.jaccard >= self.settings.near_jaccard)
        relations[self.only_masks_differ(batch, np.flatnonzero(closest))] = _NORMALIZED
        numbers = np.stack((*figures, decision.edit), axis=1)
        mine = np.flatnonzero(related)
        return Verdicts(pairs[mine], relations[mine], numbers[mine], spans, span_counts[mine], conflicts, conflict_counts[mine])

    def decide(self, batch: Batch, figures: Figures, found: Runs) -> Decision:
        """The relations of pairs out of their figures. Views shorter than a shingle have none."""
        settings = self.settings
        most = np.maximum(figures.containment_a, figures.containment_b)
        whole = most >= settings.contains
        held = most >= settings.whole
        size = np.minimum(np.diff(batch.a.bounds), np.diff(batch.b.bounds))
        parts = ~whole & (size >= settings.near_parts_tokens)
        needed = np.where(held, settings.near_whole, np.where(parts, settings.near_parts, settings.near_jaccard))
        alike = figures.jaccard >= needed
        weak = (parts & alike & (figures.jaccard < settings.near_alone)) | (whole & ~alike & ~held)
        sequences = np.full(len(most), np.nan)
        sequences[weak] = self.sequences(batch, found, np.flatnonzero(weak))
        loose = sequences < settings.sequence_share
        alike &= ~loose
        alike |= loose & whole & (size >= settings.near_parts_tokens) & (figures.jaccard >= settings.near_alone)
        edit = np.full(len(most), np.nan)
        longer = np.maximum(np.diff(batch.a.bounds), np.diff(batch.b.bounds))
        asked = ~alike & ~held & (figures.jaccard >= settings.edit_floor) & (longer <= settings.edit_longest)
        edit[asked] = 0.0
        for number in np.flatnonzero(asked & (likely_similarity(batch, found) >= settings.near_edit)).tolist():
            a, b = self.views(int(batch.a.texts[number])), self.views(int(batch.b.texts[number]))
            edit[number] = edit_similarity(a, b, settings.near_edit, figures.jaccard[number])
        alike |= edit >= settings.near_edit
        whole &= ~loose & (most * size >= settings.least_match)
        built = structure(batch, found, alike | whole, settings)
        long = size >= settings.shingle
        copy = long & ~built.templates(settings)
        shares = any_of(batch.a, shared_paragraphs(batch.a, found.a_starts, found.lengths, settings))
        shares |= any_of(batch.b, shared_paragraphs(batch.b, found.b_starts, found.lengths, settings))
        return Decision(alike & copy, whole & ~alike & copy, shares & long & ~((alike | whole) & copy), edit, sequences, built)

    def sequences(self, batch: Batch, found: Runs, numbers: Offsets) -> NDArray[np.float64]:
        """For some pairs the share of the shorter text in passages that are in sequence in both texts.

        Those are passages of more than one sentence, and several in a row, whatever stands between them.
        """
        pair = np.searchsorted(batch.b.bounds, found.b_starts, "right") - 1
        kept = np.isin(pair, numbers)
        rows = passages(Runs(*(column[kept] for column in found)), batch, self.settings)
        pair = np.searchsorted(batch.b.bounds, rows[:, 2], "right") - 1
        shorter = np.minimum(np.diff(batch.a.bounds), np.diff(batch.b.bounds))
        spans = self._points(batch, pair, *rows.T)
        lengths = rows[:, 3] - rows[:, 2]
        counts = lengths >= np.minimum(self.settings.block, self.settings.paragraph_share * shorter[pair])
        for number in np.flatnonzero(~counts).tolist():
            start, end = spans[number, 2:].tolist()
            pieces = _SENTENCE_ENDS.split(self.texts[int(batch.b.texts[pair[number]])][start:end])
            counts[number] = sum(len(piece.strip()) >= self.settings.passage for piece in pieces) > 1
        counts |= self._in_row(rows, pair)
        covered = np.bincount(pair[counts], weights=lengths[counts], minlength=len(shorter))
        return covered[numbers] / shorter[numbers]

    def _in_row(self, rows: Passages, pair: Offsets) -> Flags:
        """Which passages are in the same order in both texts, where these are several of a pair, and hardly any is not."""
        found = np.zeros(len(rows), bool)
        order = np.lexsort((rows[:, 2], rows[:, 0], pair))
        for mine in np.split(order, np.flatnonzero(np.diff(pair[order])) + 1):
            if len(mine) >= self.settings.row_passages:
                kept = ascending(list(enumerate(rows[mine, 2].tolist())))
                if len(kept) >= max(self.settings.row_passages, self.settings.row_share * len(mine)):
                    found[mine[[place for place, _ in kept]]] = True
        return found

    def spans(self, batch: Batch, rows: Passages) -> tuple[Places, Offsets]:
        """The matching passages of a batch, in code points of the two texts, ascending in a; how many each pair has."""
        rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
        pair = np.searchsorted(batch.a.bounds, rows[:, 0], "right") - 1
        return self._points(batch, pair, *rows.T), np.bincount(pair, minlength=len(batch.a.texts))

    def conflicts(self, batch: Batch, found: Runs) -> tuple[Places, Offsets]:
        """The places where the texts have different filled values in the same passage; how many each pair has."""
        a_places, b_places = aligned_values(found, batch, self.settings)
        pair = np.searchsorted(batch.b.bounds, b_places, "right") - 1
        a, b = batch.a.texts[pair], batch.b.texts[pair]
        a_global = a_places - batch.a.bounds[pair] + self.views.bounds[a]
        b_global = b_places - batch.b.bounds[pair] + self.views.bounds[b]
        differ = np.flatnonzero(self._digests(a_global) != self._digests(b_global))
        pair, a_places, b_places = pair[differ], a_places[differ], b_places[differ]
        spans = self._points(batch, pair, a_places, a_places + 1, b_places, b_places + 1)
        rows = zip(a[differ].tolist(), b[differ].tolist(), spans.tolist(), strict=True)
        clash = np.array([not self._agree(one, two, span) for one, two, span in rows], bool)
        return spans[clash], np.bincount(pair[clash], minlength=len(batch.a.texts))

    def only_masks_differ(self, batch: Batch, numbers: Offsets) -> Offsets:
        """Which of some pairs are the same but for masks in one text where the other has a word (××市, 青石市)."""
        a, b = batch.a.texts[numbers], batch.b.texts[numbers]
        values = np.diff(np.searchsorted(self.views.values, self.views.bounds))
        sizes = np.diff(self.views.bounds)
        most = np.maximum(values[a], values[b])
        least = np.minimum(self.verifier.distinct(a), self.verifier.distinct(b)) - batch.common[numbers]
        # a mask for a word is a value more, and breaks no more grams than it has places in
        kept = (values[a] != values[b]) & (least <= GRAM * most) & (np.abs(sizes[a] - sizes[b]) <= _LONGEST_MASKED * most)
        kept &= np.maximum(sizes[a], sizes[b]) <= self.settings.edit_longest
        mine = numbers[kept]
        pairs = zip(batch.a.texts[mine].tolist(), batch.b.texts[mine].tolist(), strict=True)
        found: Offsets = mine[np.array([self._only_masks_differ(a, b) for a, b in pairs], bool)]
        return found

    def _only_masks_differ(self, a: int, b: int) -> bool:
        for a_start, a_end, b_start, b_end in differences(self.views(a), self.views(b)):
            a_size, b_size = a_end - a_start, b_end - b_start
            if not min(a_size, b_size) or max(a_size, b_size) > _LONGEST_MASKED:
                return False
            if not self._is_mask(a, a_start, a_end) and not self._is_mask(b, b_start, b_end):
                return False
        return True

    def _is_mask(self, text: int, start: int, end: int) -> bool:
        """Whether one token of a view, alone, is a mask."""
        if end - start != 1 or self.views(text)[start] != VALUE:
            return False
        number, place = np.array([text]), np.array([start])
        surface = self.texts[text][int(self.views.starts(number, place)[0]) : int(self.views.ends(number, place)[0])]
        return mask_pattern().search(surface) is not None

    def same_view(self, pairs: Pairs) -> Verdicts:
        """The verdicts on pairs of texts with the same view: near where values are in conflict, none where too short for it."""
        a, b = pairs.T
        sizes = np.diff(self.views.bounds)[a]
        columns = (
            self.views.starts(a, np.zeros_like(a)), self.views.ends(a, sizes - 1),
            self.views.starts(b, np.zeros_like(b)), self.views.ends(b, sizes - 1),
        )  # fmt: skip
        spans = np.stack(columns, axis=1).astype(np.int32)
        relations = np.full(len(pairs), _NORMALIZED, np.uint8)
        found: list[tuple[Span, ...]] = []
        for number, (one, two) in enumerate(pairs.tolist()):
            if self.texts[one] == self.texts[two]:
                relations[number] = _EXACT
                spans[number] = (0, len(self.texts[one]), 0, len(self.texts[two]))
                found.append(())
                continue
            found.append(self._same_view_conflicts(one, two))
            if found[-1]:
                relations[number] = _NEAR
        kept = np.flatnonzero((relations != _NEAR) | (sizes >= self.settings.shingle))
        clashes = [found[number] for number in kept.tolist()]
        return Verdicts(
            pairs[kept], relations[kept], np.ones((len(kept), 4)), spans[kept], np.ones(len(kept), np.int64),
            np.array([span for spans in clashes for span in spans], np.int32).reshape(-1, 4),
            np.fromiter(map(len, clashes), np.int64, len(clashes)),
        )  # fmt: skip

    def measured(self, pairs: Pairs) -> Verdicts:
        """See `likeness`."""
        same = self.same_views(pairs)
        found = self.same_view(pairs[same])
        short = pairs[same][np.isin(_keys(pairs[same]), _keys(found.pairs), invert=True)]  # near, but too short to be told
        rest = pairs[~same]
        sizes = np.diff(self.views.bounds)[rest].max(axis=1, initial=0)
        if len(rest):
            figures = np.stack((*self.verifier.figures(self.verifier.batch(*rest.T)), np.full(len(rest), np.nan)), axis=1)
        else:
            figures = np.zeros((0, 4))
        for number in np.flatnonzero(sizes <= self.settings.edit_longest).tolist():
            a, b = rest[number].tolist()
            figures[number, 3] = edit_similarity(self.views(a), self.views(b), jaccard=figures[number, 0])
        more = np.concatenate((short, rest))
        figures = np.concatenate((np.ones((len(short), 4)), figures))
        near = Verdicts(
            more, np.full(len(more), _NEAR, np.uint8), figures, _NO_PLACES, np.zeros(len(more), np.int64),
            _NO_PLACES, np.zeros(len(more), np.int64),
        )  # fmt: skip
        return joined((found, near))

    def _same_view_conflicts(self, a: int, b: int) -> tuple[Span, ...]:
        values = self.views.values
        (a_low, a_high), (b_low, b_high) = (
            np.searchsorted(values, self.views.bounds[one : one + 2]).tolist() for one in (a, b)
        )
        differ = np.flatnonzero(self.views.digests[a_low:a_high] != self.views.digests[b_low:b_high])
        if not len(differ):
            return ()
        places = values[a_low + differ] - self.views.bounds[a]
        ones, twos = np.full(len(places), a), np.full(len(places), b)
        columns = (
            self.views.starts(ones, places), self.views.ends(ones, places),
            self.views.starts(twos, places), self.views.ends(twos, places),
        )  # fmt: skip
        spans = zip(*(column.tolist() for column in columns), strict=True)
        return tuple(span for span in spans if not self._agree(a, b, span))

    def _digests(self, places: Offsets) -> NDArray[np.uint64]:
        return self.views.digests[np.searchsorted(self.views.values, places)]

    def _agree(self, a: int, b: int, span: Sequence[int]) -> bool:
        """Whether two aligned values are no conflict: they can stand for the same, or count the items of a list."""
        one, two = self.texts[a], self.texts[b]
        if agree(one[span[0] : span[1]], two[span[2] : span[3]]):
            return True
        return is_enumerator(one, span[0], span[1]) or is_enumerator(two, span[2], span[3])

    def _points(
        self, batch: Batch, pair: Offsets, a_starts: Offsets, a_ends: Offsets, b_starts: Offsets, b_ends: Offsets
    ) -> Places:
        """Places in the rows of a batch as spans in code points of the texts."""
        a, b = batch.a.texts[pair], batch.b.texts[pair]
        a_base, b_base = batch.a.bounds[pair], batch.b.bounds[pair]
        columns = (
            self.views.starts(a, a_starts - a_base), self.views.ends(a, a_ends - 1 - a_base),
            self.views.starts(b, b_starts - b_base), self.views.ends(b, b_ends - 1 - b_base),
        )  # fmt: skip
        return np.stack(columns, axis=1).astype(np.int32)


_BY_CHANCE = 0.3
"""Edit similarity of Chinese texts that have nothing in common, at the most."""


def likely_similarity(batch: Batch, found: Runs) -> NDArray[np.float64]:
    """What the edit similarity of pairs comes to, out of what they have in common; the exact one costs a hundred times as much.

    Runs count whole. For the rest of the longer text the share of its grams that are left tells the share of its tokens, as if
    edits were scattered. Texts that share sentences are far below copies that were edited all over and have as many in common.
    """
    pair = np.searchsorted(batch.b.bounds, found.b_starts, "right") - 1
    longer = np.maximum(np.diff(batch.a.bounds), np.diff(batch.b.bounds))
    covered = np.minimum(np.bincount(pair, found.lengths, len(longer)), longer)
    grams = np.maximum(batch.common - np.bincount(pair, found.lengths - (GRAM - 1), len(longer)), 0)
    rest = longer - covered
    kept = np.maximum((grams / np.maximum(rest, 1)) ** (1 / GRAM), _BY_CHANCE)
    likely: NDArray[np.float64] = (covered + rest * kept) / np.maximum(longer, 1)
    return likely


def _keys(pairs: Pairs) -> Offsets:
    """One number for each pair of a few texts."""
    return pairs[:, 0] << 32 | pairs[:, 1]


def _rows(counts: Offsets, order: Offsets) -> Offsets:
    """Where the items of some owners stand. counts: how many each has, one owner after the other."""
    ends = np.cumsum(counts)
    return ranges(ends[order] - counts[order], counts[order])


def as_spans(rows: Places) -> list[Span]:
    """The rows as plain tuples."""
    return list(map(tuple, rows.tolist()))


def _split(rows: Places, counts: Offsets) -> Iterator[tuple[Span, ...]]:
    """The items of each owner."""
    items = iter(as_spans(rows))
    return (tuple(islice(items, count)) for count in counts.tolist())
