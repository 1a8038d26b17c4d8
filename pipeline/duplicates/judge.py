"""Judgement: the relation of two texts, out of what they have in common, and the evidence for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.align import Passages, Runs, aligned_values, any_of, inside, passages, runs, shared_paragraphs
from pipeline.duplicates.candidates import Pairs
from pipeline.duplicates.records import Relation, Span
from pipeline.duplicates.settings import Settings
from pipeline.duplicates.structure import replaced_shares
from pipeline.duplicates.values import agree, is_enumerator, mask_pattern
from pipeline.duplicates.verify import GRAM, Batch, Figures, Verifier, differences, edit_similarity
from pipeline.duplicates.view import VALUE, Offsets, Views

Flags = NDArray[np.bool_]

_SENTENCE_ENDS = re.compile("[。！？!?\\n]")
_LONGEST_MASKED = 12  # tokens that one mask may stand for


class Verdict(NamedTuple):
    """What was found of two texts, by their numbers; else as `pipeline.duplicates.records.Pair`."""

    a: int
    b: int
    relation: Relation
    jaccard: float
    containment_a: float
    containment_b: float
    edit_similarity: float | None
    spans: tuple[Span, ...]
    conflicts: tuple[Span, ...]


class Decision(NamedTuple):
    """What the figures of a batch of pairs say.

    edit, sequences: NaN where it was not asked. sequences: see `Judge.sequences`. replaced: see `replaced_shares`.
    """

    near: Flags
    contains: Flags
    shares: Flags
    edit: NDArray[np.float64]
    sequences: NDArray[np.float64]
    replaced: NDArray[np.float64]


class Judge:
    """Judges pairs of some texts."""

    def __init__(self, texts: Sequence[str], views: Views, settings: Settings) -> None:
        self.texts = texts
        self.views = views
        self.settings = settings
        self.verifier = Verifier(views)

    def verdicts(self, pairs: Pairs) -> list[Verdict]:
        """The verdicts on pairs of texts with different views, a ascending; none for those with too little in common."""
        batch = self.verifier.batch(pairs[:, 0], pairs[:, 1])
        figures, found = self.verifier.figures(batch), runs(batch.a_places, batch.b_places)
        decision = self.decide(batch, figures, found)
        related = decision.near | decision.contains | decision.shares
        kept = related[np.searchsorted(batch.b.bounds, found.b_starts, "right") - 1]
        found = Runs(*(column[kept] for column in found))
        rows = passages(found, batch, self.settings)
        spans, conflicts = self.spans(batch, rows), self.conflicts(batch, inside(found, rows))
        verdicts = []
        for number in np.flatnonzero(related).tolist():
            relation: Relation = "near" if decision.near[number] else "contains" if decision.contains[number] else "shares"
            a, b, edit = int(pairs[number, 0]), int(pairs[number, 1]), float(decision.edit[number])
            if relation == "near" and not conflicts[number] and figures.jaccard[number] >= self.settings.near_jaccard:
                least = min(int(count) - int(batch.common[number]) for count in self.verifier.distinct(pairs[number]))
                relation = "normalized" if self.only_masks_differ(a, b, least) else relation
            jaccard, a_share, b_share = (float(column[number]) for column in figures)
            asked = None if np.isnan(edit) else edit
            verdicts.append(Verdict(a, b, relation, jaccard, a_share, b_share, asked, spans[number], conflicts[number]))
        return verdicts

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
        for number in np.flatnonzero(~alike & ~held & (figures.jaccard >= settings.edit_floor)).tolist():
            a, b = self.views(int(batch.a.texts[number])), self.views(int(batch.b.texts[number]))
            if max(len(a), len(b)) <= settings.edit_longest:
                edit[number] = edit_similarity(a, b, settings.near_edit)
        alike |= edit >= settings.near_edit
        whole &= ~loose & (most * size >= settings.least_match)
        replaced = replaced_shares(batch, found, alike | whole, settings)
        long = size >= settings.shingle
        copy = long & (replaced < settings.template_share)
        shares = any_of(batch.a, shared_paragraphs(batch.a, found.a_starts, found.lengths, settings))
        shares |= any_of(batch.b, shared_paragraphs(batch.b, found.b_starts, found.lengths, settings))
        return Decision(
            alike & copy, whole & ~alike & copy, shares & long & ~((alike | whole) & copy), edit, sequences, replaced
        )

    def sequences(self, batch: Batch, found: Runs, numbers: Offsets) -> NDArray[np.float64]:
        """For some pairs the share of the shorter text in passages that are more than one sentence of a longer text."""
        pair = np.searchsorted(batch.b.bounds, found.b_starts, "right") - 1
        kept = np.isin(pair, numbers)
        rows = passages(Runs(*(column[kept] for column in found)), batch, self.settings)
        pair = np.searchsorted(batch.b.bounds, rows[:, 2], "right") - 1
        shorter = np.minimum(np.diff(batch.a.bounds), np.diff(batch.b.bounds))
        spans = self._points(batch, pair, *rows.T)
        lengths = rows[:, 3] - rows[:, 2]
        counts = lengths >= np.minimum(self.settings.block, self.settings.paragraph_share * shorter[pair])
        for number in np.flatnonzero(~counts).tolist():
            start, end = spans[number][2:]
            pieces = _SENTENCE_ENDS.split(self.texts[int(batch.b.texts[pair[number]])][start:end])
            counts[number] = sum(len(piece.strip()) >= self.settings.passage for piece in pieces) > 1
        covered = np.bincount(pair[counts], weights=lengths[counts], minlength=len(shorter))
        return covered[numbers] / shorter[numbers]

    def spans(self, batch: Batch, rows: Passages) -> list[tuple[Span, ...]]:
        """The matching passages of each pair of a batch, in code points of the two texts, ascending in a."""
        rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
        pair = np.searchsorted(batch.a.bounds, rows[:, 0], "right") - 1
        return self._split(self._points(batch, pair, *rows.T), pair, len(batch.a.texts))

    def conflicts(self, batch: Batch, found: Runs) -> list[tuple[Span, ...]]:
        """The places of each pair where the texts have different filled values in the same passage."""
        a_places, b_places = aligned_values(found, batch, self.settings)
        pair = np.searchsorted(batch.b.bounds, b_places, "right") - 1
        a, b = batch.a.texts[pair], batch.b.texts[pair]
        a_global = a_places - batch.a.bounds[pair] + self.views.bounds[a]
        b_global = b_places - batch.b.bounds[pair] + self.views.bounds[b]
        differ = np.flatnonzero(self._digests(a_global) != self._digests(b_global))
        pair, a_places, b_places = pair[differ], a_places[differ], b_places[differ]
        spans = self._points(batch, pair, a_places, a_places + 1, b_places, b_places + 1)
        clash = [not self._agree(int(one), int(two), span) for one, two, span in zip(a[differ], b[differ], spans, strict=True)]
        kept = np.flatnonzero(clash)
        return self._split([spans[number] for number in kept.tolist()], pair[kept], len(batch.a.texts))

    def only_masks_differ(self, a: int, b: int, least: int) -> bool:
        """Whether two texts are the same but for masks in one where the other has a word (××市, 青石市).

        least: how many different grams at least one of them has that the other lacks.
        """
        one, two = self.views(a), self.views(b)
        values = np.count_nonzero(one == VALUE), np.count_nonzero(two == VALUE)
        if values[0] == values[1] or least > GRAM * max(values):
            return False  # a mask for a word is a value more, and breaks no more grams than it has places in
        if max(len(one), len(two)) > self.settings.edit_longest or abs(len(one) - len(two)) > _LONGEST_MASKED * max(values):
            return False
        for a_start, a_end, b_start, b_end in differences(one, two):
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

    def same_view(self, pairs: Pairs) -> list[Verdict]:
        """The verdicts on pairs of texts with the same view: near where values are in conflict, none where too short for it."""
        a, b = pairs.T
        last = np.diff(self.views.bounds)[a] - 1
        columns = (
            self.views.starts(a, np.zeros_like(a)), self.views.ends(a, last),
            self.views.starts(b, np.zeros_like(b)), self.views.ends(b, last),
        )  # fmt: skip
        spans = zip(*(column.tolist() for column in columns), strict=True)
        verdicts = []
        for (one, two), size, span in zip(pairs.tolist(), (last + 1).tolist(), spans, strict=True):
            if self.texts[one] == self.texts[two]:
                whole = (0, len(self.texts[one]), 0, len(self.texts[two]))
                verdicts.append(Verdict(one, two, "exact", 1.0, 1.0, 1.0, 1.0, (whole,), ()))
                continue
            differ = self._same_view_conflicts(one, two)
            if not differ or size >= self.settings.shingle:
                verdicts.append(Verdict(one, two, "near" if differ else "normalized", 1.0, 1.0, 1.0, 1.0, (span,), differ))
        return verdicts

    def measured(self, a: int, b: int) -> tuple[Relation, float, float | None]:
        """Relation, Jaccard and edit similarity of two members of one cluster, whatever they have in common."""
        one, two = self.views(a), self.views(b)
        if len(one) == len(two) and bool((one == two).all()):
            return next((one.relation for one in self.same_view(np.array([[a, b]]))), "near"), 1.0, 1.0
        figures = self.verifier.figures(self.verifier.batch(np.array([a]), np.array([b])))
        short = max(len(one), len(two)) <= self.settings.edit_longest
        return "near", float(figures.jaccard[0]), edit_similarity(one, two) if short else None

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

    def _agree(self, a: int, b: int, span: Span) -> bool:
        """Whether two aligned values are no conflict: they can stand for the same, or count the items of a list."""
        one, two = self.texts[a], self.texts[b]
        if agree(one[span[0] : span[1]], two[span[2] : span[3]]):
            return True
        return is_enumerator(one, span[0], span[1]) or is_enumerator(two, span[2], span[3])

    def _points(
        self, batch: Batch, pair: Offsets, a_starts: Offsets, a_ends: Offsets, b_starts: Offsets, b_ends: Offsets
    ) -> list[Span]:
        """Places in the rows of a batch as spans in code points of the texts."""
        a, b = batch.a.texts[pair], batch.b.texts[pair]
        a_base, b_base = batch.a.bounds[pair], batch.b.bounds[pair]
        columns = (
            self.views.starts(a, a_starts - a_base), self.views.ends(a, a_ends - 1 - a_base),
            self.views.starts(b, b_starts - b_base), self.views.ends(b, b_ends - 1 - b_base),
        )  # fmt: skip
        return list(zip(*(column.tolist() for column in columns), strict=True))

    @staticmethod
    def _split(spans: list[Span], pair: Offsets, count: int) -> list[tuple[Span, ...]]:
        """Spans ordered by their pairs as a tuple for each pair."""
        cuts = np.searchsorted(pair, np.arange(count + 1)).tolist()
        return [tuple(spans[low:high]) for low, high in pairwise(cuts)]
