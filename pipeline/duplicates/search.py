"""The search: comparison views → sampled shingles → candidates → verification → relations, passages, clusters."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Pairs, as_pairs, pair_keys, pairs_of
from pipeline.duplicates.clusters import MERGING, canonical, cluster_id, components
from pipeline.duplicates.judge import Judge, Verdict
from pipeline.duplicates.records import Found, Membership, Pair, Span
from pipeline.duplicates.settings import Settings, read_settings
from pipeline.duplicates.shingles import Packer, samples
from pipeline.duplicates.sketch import estimates, sketches
from pipeline.duplicates.spill import Sorter, spill_folder
from pipeline.duplicates.values import mask_count
from pipeline.duplicates.view import views
from pipeline.errors import JinggaoError

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, and how much of how much of it is done."""

_UNLIMITED = 1 << 62
_BATCH = 500_000  # tokens of a batch of pairs: enough to keep NumPy busy, little enough for the processor's cache


class DocumentsError(JinggaoError, ValueError):
    """Documents that cannot be compared: an id that stands twice."""


def find(
    documents: Sequence[tuple[str, str]],
    settings: Mapping[str, Any] | None = None,
    *,
    memory: int | None = None,
    progress: Progress | None = None,
) -> Found:
    """All duplicates among documents; see `pipeline.duplicates.find`."""
    with contextlib.nullcontext() if memory is None else spill_folder() as folder:
        return _Search(documents, read_settings(settings), folder, memory or _UNLIMITED, progress or _silent).run()


def _silent(step: str, done: int, total: int) -> None:
    pass


class _Search:
    """One search. Texts are numbered in the order of their ids, so that nothing depends on the order of the input."""

    def __init__(
        self,
        documents: Sequence[tuple[str, str]],
        settings: Settings,
        folder: Path | None,
        memory: int,
        progress: Progress,
    ) -> None:
        self.folder, self.memory, self.progress = folder, memory, progress
        ordered = sorted(documents)
        self.ids = [one for one, _ in ordered]
        self.texts = [text for _, text in ordered]
        for one, two in zip(self.ids, self.ids[1:], strict=False):
            if one == two:
                raise DocumentsError(f"the id {one!r} stands twice; give each document an id of its own")
        self.settings = settings
        progress("comparison views", 0, len(self.texts))
        self.views = views(self.texts)
        self.judge = Judge(self.texts, self.views, settings)
        self.groups = self._groups()

    def run(self) -> Found:
        """The whole search."""
        verdicts = self._group_verdicts()
        verdicts += judged(self.judge, self._candidates(), self.progress)
        verdicts += judged(self.judge, self._transferred(verdicts))
        pairs = [as_pair(verdict, self.ids[verdict.a], self.ids[verdict.b]) for verdict in verdicts]
        pairs.sort(key=lambda pair: (pair.a, pair.b))
        return Found(pairs, self._clusters(pairs), self._contained(pairs))

    def _groups(self) -> dict[int, list[int]]:
        """Texts with the same view, under the smallest of them. Texts without any token are in no group."""
        by_view: dict[bytes, int] = {}
        groups: dict[int, list[int]] = {}
        for number in range(len(self.texts)):
            data = self.views(number).tobytes()
            if data:
                first = by_view.setdefault(hashlib.sha256(data).digest(), number)
                groups.setdefault(first, []).append(number)
        return groups

    def _candidates(self) -> Pairs:
        """Pairs of texts, each the first of its group, that are worth a verification."""
        count = len(self.texts)
        skip = np.ones(count, bool)
        skip[list(self.groups)] = False
        link_above = self.settings.link_above
        self.progress("sketches", 0, count)
        sketched = sketches(self.views, self.settings, skip=skip)
        kept = [np.zeros((0, 2), np.int64)]
        for pairs in self._sharing(skip):
            kept.append(pairs[estimates(sketched, pairs) >= self.settings.candidate_share])
        more = pairs_of(*sketched.paragraphs, count=count, least=1, link_above=link_above)
        keys = np.unique(np.concatenate((*kept, more)) @ np.array([count, 1]))
        return as_pairs(keys, count)

    def _sharing(self, skip: NDArray[np.bool_]) -> Iterator[Pairs]:
        """The pairs of texts that share enough shingles, in parts; half of the memory is for postings, half for pairs."""
        count = len(self.texts)
        packer = Packer(count)
        postings = Sorter(self.folder, self.memory // 2, "postings")
        for number, one in enumerate(samples(self.views, self.settings, skip=skip)):
            postings.add(packer.pack(*one))
            self.progress("shingles", min(number << 15, len(self.views.tokens)), len(self.views.tokens))
        pairs = Sorter(self.folder, self.memory // 2, "pairs")
        for block in postings.blocks(packer.shift):
            keys = pair_keys(*packer.unpack(block), count, self.settings.link_above)
            pairs.add(keys.view(np.uint64))
        for block in pairs.blocks():
            new = np.flatnonzero(np.diff(block, prepend=~block[:1]))
            shared = np.diff(new, append=len(block))
            yield as_pairs(block[new[shared >= self.settings.candidate_shingles]].view(np.int64), count)

    def _linked(self, group: list[int]) -> list[int]:
        """The members of a group of copies that are paired with others: all of a small one, of a large one the smallest."""
        return group if len(group) <= self.settings.link_above else group[:1]

    def _group_verdicts(self) -> list[Verdict]:
        """The verdicts inside groups of texts with the same view; in a large group only those with the smallest member."""
        found = [
            (a, b) for group in self.groups.values() for place, a in enumerate(self._linked(group)) for b in group[place + 1 :]
        ]
        return self.judge.same_view(np.array(found, np.int64).reshape(-1, 2))

    def _transferred(self, verdicts: Iterable[Verdict]) -> Pairs:
        """The pairs of the other members of groups whose first members have a relation."""
        found = [
            (a, b)
            for one in verdicts
            if one.a in self.groups and one.b in self.groups
            for a in self._linked(self.groups[one.a])
            for b in self._linked(self.groups[one.b])
            if (a, b) != (one.a, one.b)
        ]
        return np.array(sorted(found), np.int64).reshape(-1, 2)

    def _clusters(self, pairs: Sequence[Pair]) -> dict[str, Membership]:
        numbers = {one: number for number, one in enumerate(self.ids)}
        known = {(numbers[pair.a], numbers[pair.b]): pair for pair in pairs if pair.relation in MERGING}
        memberships = {}
        for members in components(known):
            name = cluster_id(self.texts[member] for member in members)
            kept = canonical(members, self.texts, [mask_count(self.texts[member]) for member in members], self.ids)
            for member in members:
                memberships[member] = self._membership(member, kept, name, known)
        return {self.ids[number]: memberships[number] for number in sorted(memberships)}

    def _membership(self, member: int, kept: int, name: str, known: Mapping[tuple[int, int], Pair]) -> Membership:
        if member == kept:
            return Membership(name, True, None, "exact", 1.0)
        key = (min(member, kept), max(member, kept))
        pair = known.get(key)
        relation, jaccard, edit = (pair.relation, pair.jaccard, pair.edit_similarity) if pair else self.judge.measured(*key)
        return Membership(name, False, self.ids[kept], relation, max(jaccard, edit or 0.0))

    def _contained(self, pairs: Sequence[Pair]) -> dict[str, list[str]]:
        holders: dict[str, list[str]] = {}
        for pair in pairs:
            if pair.relation == "contains":
                inner, outer = (pair.a, pair.b) if pair.containment_a >= pair.containment_b else (pair.b, pair.a)
                holders.setdefault(inner, []).append(outer)
        return {one: sorted(holders[one]) for one in sorted(holders)}


def judged(judge: Judge, pairs: Pairs, progress: Progress = _silent) -> Iterator[Verdict]:
    """The verdicts on pairs of texts, a ascending, in batches whose texts are about so many tokens long."""
    lengths = np.diff(judge.views.bounds)
    done = np.cumsum(lengths[pairs].sum(axis=1))
    first = 0
    while first < len(pairs):
        last = max(first + 1, int(np.searchsorted(done, (done[first - 1] if first else 0) + _BATCH, "right")))
        yield from judge.verdicts(pairs[first:last])
        first = last
        progress("verification", first, len(pairs))


def as_pair(verdict: Verdict, a_id: str, b_id: str) -> Pair:
    """A verdict as a pair of ids, the smaller one first."""
    _, _, relation, jaccard, containment_a, containment_b, edit, spans, conflicts = verdict
    if a_id < b_id:
        return Pair(a_id, b_id, relation, jaccard, containment_a, containment_b, edit, spans, conflicts)
    return Pair(b_id, a_id, relation, jaccard, containment_b, containment_a, edit, _turned(spans), _turned(conflicts))


def _turned(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans with the sides changed, ordered by the new first side."""
    return tuple(sorted((c, d, a, b) for a, b, c, d in spans))
