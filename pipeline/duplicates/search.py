"""The search: comparison views → sampled shingles → candidates → verification → relations, passages, clusters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.duplicates.candidates import Pairs, pairs_of
from pipeline.duplicates.clusters import MERGING, canonical, cluster_id, components
from pipeline.duplicates.judge import Judge, Verdict
from pipeline.duplicates.records import Found, Membership, Pair, Span
from pipeline.duplicates.settings import Settings, read_settings
from pipeline.duplicates.shingles import postings
from pipeline.duplicates.sketch import estimates, sketches
from pipeline.duplicates.values import mask_count
from pipeline.duplicates.view import views
from pipeline.errors import JinggaoError

_BATCH = 500_000  # tokens of a batch of pairs: enough to keep NumPy busy, little enough for the processor's cache


class DocumentsError(JinggaoError, ValueError):
    """Documents that cannot be compared: an id that stands twice."""


def find(documents: Sequence[tuple[str, str]], settings: Mapping[str, Any] | None = None) -> Found:
    """All duplicates among documents; see `pipeline.duplicates.find`."""
    return _Search(documents, read_settings(settings)).run()


class _Search:
    """One search. Texts are numbered in the order of their ids, so that nothing depends on the order of the input."""

    def __init__(self, documents: Sequence[tuple[str, str]], settings: Settings) -> None:
        ordered = sorted(documents)
        self.ids = [one for one, _ in ordered]
        self.texts = [text for _, text in ordered]
        for one, two in zip(self.ids, self.ids[1:], strict=False):
            if one == two:
                raise DocumentsError(f"the id {one!r} stands twice; give each document an id of its own")
        self.settings = settings
        self.views = views(self.texts)
        self.judge = Judge(self.texts, self.views, settings)
        self.groups = self._groups()

    def run(self) -> Found:
        """The whole search."""
        verdicts = self._group_verdicts()
        verdicts += self._verdicts(self._candidates())
        verdicts += self._verdicts(self._transferred(verdicts))
        pairs = [self._pair(verdict) for verdict in verdicts]
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
        found = postings(self.views, self.settings, skip=skip)
        link_above = self.settings.link_above
        pairs = pairs_of(*found, count=count, least=self.settings.candidate_shingles, link_above=link_above)
        sketched = sketches(self.views, self.settings, skip=skip)
        pairs = pairs[estimates(sketched, pairs) >= self.settings.candidate_share]
        more = pairs_of(*sketched.paragraphs, count=count, least=1, link_above=link_above)
        keys = np.unique(np.concatenate((pairs, more)) @ np.array([count, 1]))
        return np.stack(np.divmod(keys, max(count, 1)), axis=1)

    def _verdicts(self, candidates: Pairs) -> Iterator[Verdict]:
        """The verdicts on candidates, in batches whose texts are about so many tokens long."""
        lengths = np.diff(self.views.bounds)
        done = np.cumsum(lengths[candidates].sum(axis=1))
        first = 0
        while first < len(candidates):
            last = max(first + 1, int(np.searchsorted(done, (done[first - 1] if first else 0) + _BATCH, "right")))
            yield from self.judge.verdicts(candidates[first:last])
            first = last

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

    def _pair(self, verdict: Verdict) -> Pair:
        a, b, relation, jaccard, containment_a, containment_b, edit, spans, conflicts = verdict
        if a < b:
            return Pair(self.ids[a], self.ids[b], relation, jaccard, containment_a, containment_b, edit, spans, conflicts)
        turned, differ = _turned(spans), _turned(conflicts)
        return Pair(self.ids[b], self.ids[a], relation, jaccard, containment_b, containment_a, edit, turned, differ)

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


def _turned(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans with the sides changed, ordered by the new first side."""
    return tuple(sorted((c, d, a, b) for a, b, c, d in spans))
