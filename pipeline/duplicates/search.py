"""The search: sketches → groups of equal views → candidates → verdicts → pairs, clusters, containment.

All heavy work is in two functions of some texts, `sketch.sketches` and `judge.verdicts`, which know nothing of the rest of the
corpus. Here they are called part by part, and texts are named by their ranks in the order of their ids, so that nothing depends
on the order of the input, the size of the parts, or who does them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from pipeline.duplicates.candidates import Keys, Numbers, Packer, Pairs, as_pairs, cuts, distinct, frequent, pair_keys
from pipeline.duplicates.clusters import Cluster, Traits, by_component, clusters, merging, traits_of
from pipeline.duplicates.groups import Groups, grouped
from pipeline.duplicates.judge import BATCH, Verdicts, joined, likeness, verdicts
from pipeline.duplicates.parts import Parts, Task, Texts, ready
from pipeline.duplicates.records import RELATIONS, Found, Membership, Pair
from pipeline.duplicates.settings import Settings, read_settings
from pipeline.duplicates.sketch import Bits, Sketches, estimates, sketches
from pipeline.duplicates.spill import Sorter, spill_folder, work_folder
from pipeline.duplicates.store import FORMAT, parameters
from pipeline.duplicates.view import views
from pipeline.errors import JinggaoError
from pipeline.workers import Workers

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, and how much of how much of it is done; 0 where that is not known."""

_UNLIMITED = 1 << 62
_PART = 1 << 20  # characters of the texts of a part


class DocumentsError(JinggaoError, ValueError):
    """Documents that cannot be compared: an id that stands twice. places: which two documents have it, from 0."""

    def __init__(self, message: str, places: tuple[int, int]) -> None:
        super().__init__(message)
        self.places = places


class Documents(Protocol):
    """Texts with their ids, in memory or elsewhere: all are read once in their order, and later some in any order."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(id, text) of each."""

    def __getitem__(self, number: int, /) -> tuple[str, str]:
        """(id, text) of one that was read, counted from 0."""


class _Candidates(NamedTuple):
    pairs: Pairs


@contextlib.contextmanager
def search(
    documents: Documents,
    settings: Mapping[str, Any] | None = None,
    *,
    memory: int | None = None,
    work: str | Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Iterator[Search]:
    """A search for the length of the block; its parts are removed at the end, those in a work folder after a success alone.

    See `pipeline.duplicates.find`.
    """
    with contextlib.ExitStack() as stack:
        if work is not None:
            folder: Path | None = stack.enter_context(work_folder(Path(work)))
        else:
            folder = None if memory is None else stack.enter_context(spill_folder())
        workers = stack.enter_context(Workers(jobs, ready))
        parts = Parts(folder, durable=work is not None, workers=workers)
        if jobs > 1:
            views([""])  # the tables that it makes come to worker processes with a fork
        yield Search(documents, read_settings(settings), parts, memory or _UNLIMITED, progress or silent)


def find(documents: Documents, settings: Mapping[str, Any] | None = None, **options: Any) -> Found:
    """All duplicates among documents; see `pipeline.duplicates.find`."""
    with search(documents, settings, **options) as one:
        return one.found()


def silent(step: str, done: int, total: int) -> None:
    """The progress of those who do not want to hear of it."""


class Search:
    """One search. What is found is worked out when it is first asked for.

    ids: of all texts, by their ranks. ranks: of all texts, in the order of the documents.
    """

    def __init__(self, documents: Documents, settings: Settings, parts: Parts, memory: int, progress: Progress) -> None:
        self.documents, self.settings, self.parts = documents, settings, parts
        self.memory, self.progress = memory, progress
        self._base = hashlib.sha256(json.dumps([FORMAT, parameters(settings)], sort_keys=True).encode()).hexdigest()
        self._names: list[str] = []
        self._kept: list[Sketches] = []
        names: list[str] = []
        lengths, digests = [np.zeros(0, np.int64)], [np.zeros((0, 2), np.uint64)]
        for one in parts.make(Sketches, sketches, self._read(names)):
            lengths.append(one.lengths)
            digests.append(one.digests)
            if parts.folder is None:
                self._kept.append(one)
        self._number(names, np.concatenate(lengths), np.concatenate(digests))

    def _number(self, names: Sequence[str], lengths: Numbers, digests: Bits) -> None:
        """Rank all texts by their ids, and group those with the same view. lengths, digests: as sketches have them."""
        order = sorted(range(len(names)), key=names.__getitem__)
        for first, second in pairwise(order):
            if names[first] == names[second]:
                raise DocumentsError(
                    f"the id {names[first]!r} stands twice; give each document an id of its own", (first, second)
                )
        self.ids = [names[number] for number in order]
        self._numbers: Numbers = np.array(order, np.int64)
        self.ranks: Numbers = np.empty(len(order), np.int64)
        self.ranks[self._numbers] = np.arange(len(order))
        self._lengths = lengths[self._numbers]
        self._owners = grouped(digests, np.flatnonzero(lengths))
        self.groups = Groups(self._owners, self.ranks, self.settings.link_above)

    @cached_property
    def verdicts(self) -> Verdicts:
        """All pairs with a relation, by ranks, ordered."""
        inside, across = self.groups.inside(), self._candidates()
        found = self._judged(_merged(inside, across, len(self.ids)), "verification")
        more = self._judged(self.groups.across(found.pairs), "copies of copies")
        found = joined((found, more))
        return found.take(np.lexsort((found.pairs[:, 1], found.pairs[:, 0])))

    def pairs(self) -> Iterator[Pair]:
        """All pairs with a relation, ordered by (a, b)."""
        return self.verdicts.named(self.ids)

    def in_order(self) -> Numbers:
        """The ranks of all texts, in the order of the corpus."""
        return self.ranks

    def clusters(self) -> Iterator[Cluster]:
        """The clusters, by ranks, ordered by their smallest members."""
        return clusters(self.verdicts.pairs[merging(self.verdicts.relations)], self._traits)

    def found(self) -> Found:
        """All that was found."""
        return Found(list(self.pairs()), self._memberships(list(self.clusters())), self._contained())

    def _read(self, names: list[str]) -> Iterator[Task]:
        """The documents as parts to be sketched; names: where their ids are put."""
        texts = Texts()
        size, total = 0, operator.length_hint(self.documents)
        for name, text in self.documents:
            names.append(name)
            texts.append(text)
            size += len(text)
            if size >= _PART:
                yield self._part(texts, names)
                texts, size = Texts(), 0
                self.progress("sketches", len(names), total)
        if texts:
            yield self._part(texts, names)

    def _part(self, texts: Texts, names: Sequence[str]) -> Task:
        number = len(self._names)
        digest = self._digest([self._base, *names[-len(texts) :], *texts]) if self.parts.durable else ""
        self._names.append(f"sketches-{number:06d}-{digest}")
        return Task(self._names[-1], partial(tuple, (texts, self.settings)))

    @staticmethod
    def _digest(values: Iterable[str]) -> str:
        return hashlib.sha256("\0".join(values).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _again(self) -> Iterator[Sketches]:
        """The sketches of all parts once more."""
        tasks = (Task(name, tuple) for name in self._names)
        return iter(self._kept) if self.parts.folder is None else self.parts.make(Sketches, sketches, tasks, here=True)

    def _candidates(self) -> Pairs:
        """Pairs of texts, each the smallest of its group, that are worth a verification."""
        task = Task(f"candidates-{self._digest([self._base, *self._names])}", tuple)
        (found,) = self.parts.make(_Candidates, self._find_candidates, [task], here=True)
        return found.pairs

    def _find_candidates(self) -> _Candidates:
        count, settings, folder = len(self.ids), self.settings, self.parts.folder
        best = self.groups.best
        opener = np.full(len(best), len(self._owners), np.int64)
        wanted = np.flatnonzero(self._owners >= 0)
        np.minimum.at(opener, self._owners[wanted], wanted)
        packer = Packer(count)
        postings, paragraphs, pairs = (Sorter(folder, self.memory // 3, name) for name in ("postings", "paragraphs", "pairs"))
        bits = _table(folder, len(best), settings.sketch // 64)
        base = 0
        for done, part in enumerate(self._again()):
            self.progress("candidates", done, 2 * len(self._names))
            owners = self._owners[base : base + len(part.lengths)]
            first = np.zeros(len(owners), bool)
            first[part.firsts] = opener[owners[part.firsts]] == part.firsts + base
            mine = first[part.firsts]
            bits[owners[part.firsts[mine]]] = part.bits[mine]
            for sorter, hashes, texts in (
                (postings, part.hashes, part.hash_texts), (paragraphs, part.paragraphs, part.paragraph_texts),
            ):  # fmt: skip
                kept = first[texts]
                sorter.add(packer.pack(hashes[kept], best[owners[texts[kept]]]))
            base += len(owners)
        self._kept.clear()
        for block in postings.blocks(packer.shift):
            pairs.add(pair_keys(*packer.unpack(block), count, settings.link_above))
        group_of = np.zeros(count, np.int64)
        group_of[best] = np.arange(len(best))
        found = [np.zeros(0, np.uint64)]
        for block in pairs.blocks():
            keys = frequent(block, settings.candidate_shingles)
            found.append(keys[estimates(bits, group_of[as_pairs(keys, count)]) >= settings.candidate_share])
        for block in paragraphs.blocks(packer.shift):
            found.append(pair_keys(*packer.unpack(block), count, settings.link_above))
        return _Candidates(as_pairs(_ordered(found), count))

    def _judged(self, pairs: Pairs, step: str) -> Verdicts:
        """The verdicts on pairs of texts, by ranks; those of one family come together, as they are about the same texts.

        step: what they are, for people; no two steps have one name.
        """
        name = f"{step.replace(' ', '-')}-{self._digest([self._base, *self._names])}"
        pairs = pairs[by_component(pairs)]
        ends = [0, *self._cuts(pairs)]
        chunks = [pairs[start:end] for start, end in pairwise(ends)]
        numbers = [np.unique(chunk) for chunk in chunks]
        tasks = (
            Task(f"{name}-{at:06d}", partial(self._given, mine, chunk))
            for at, (mine, chunk) in enumerate(zip(numbers, chunks, strict=True))
        )
        found = []
        for at, made in enumerate(self.parts.make(Verdicts, verdicts, tasks)):
            found.append(made._replace(pairs=numbers[at][made.pairs]))
            self.progress(step, ends[at + 1], len(pairs))
        return joined(found)

    def _given(self, numbers: Numbers, pairs: Pairs) -> tuple[Texts, Pairs, Settings]:
        """The texts of some pairs, and the pairs by their places among them."""
        return Texts(map(self._text, numbers.tolist())), np.searchsorted(numbers, pairs), self.settings

    def _measured(self, pairs: Pairs) -> Verdicts:
        """How alike pairs of texts are that are in one cluster without a relation, by ranks, ascending."""
        parts = []
        for start, end in pairwise([0, *self._cuts(pairs)]):
            numbers = np.unique(pairs[start:end])
            made = likeness(*self._given(numbers, pairs[start:end]))
            parts.append(made._replace(pairs=numbers[made.pairs]))
        return joined(parts)

    def _traits(self, rank: int) -> Traits:
        return traits_of(self._text(rank))

    def _text(self, rank: int) -> str:
        return self.documents[int(self._numbers[rank])][1]

    def _cuts(self, pairs: Pairs) -> list[int]:
        """Where to cut a list of pairs into batches."""
        return cuts(self._lengths[pairs].sum(axis=1), BATCH)

    def _memberships(self, found: Sequence[Cluster]) -> dict[str, Membership]:
        count = len(self.ids)
        wanted = sorted(
            (min(member, one.canonical), max(member, one.canonical))
            for one in found
            for member in one.members
            if member != one.canonical
        )
        pairs = np.array(wanted, np.int64).reshape(-1, 2)
        known = self.verdicts
        keys, merged = _keys(known.pairs, count), merging(known.relations)
        rest = pairs[np.isin(_keys(pairs, count), keys[merged], invert=True)]
        told = joined((known.take(np.flatnonzero(merged & np.isin(keys, _keys(pairs, count)))), self._measured(rest)))
        likenesses = np.fmax(told.figures[:, 0], told.figures[:, 3]).tolist()
        said = {
            (a, b): (RELATIONS[relation], likeness)
            for (a, b), relation, likeness in zip(told.pairs.tolist(), told.relations.tolist(), likenesses, strict=True)
        }
        members = {}
        for one in found:
            for member in one.members:
                if member == one.canonical:
                    members[member] = Membership(one.name, True, None, "exact", 1.0)
                    continue
                relation, similarity = said[min(member, one.canonical), max(member, one.canonical)]
                members[member] = Membership(one.name, False, self.ids[one.canonical], relation, similarity)
        return {self.ids[rank]: members[rank] for rank in sorted(members)}

    def _contained(self) -> dict[str, list[str]]:
        """For each text that others hold whole, these."""
        mine = self.verdicts.take(np.flatnonzero(self.verdicts.relations == RELATIONS.index("contains")))
        inner = mine.figures[:, 1] >= mine.figures[:, 2]
        holders: dict[str, list[str]] = {}
        for (a, b), first in zip(mine.pairs.tolist(), inner.tolist(), strict=True):
            holders.setdefault(self.ids[a if first else b], []).append(self.ids[b if first else a])
        return {one: sorted(holders[one]) for one in sorted(holders)}


def _keys(pairs: Pairs, count: int) -> Numbers:
    keys: Numbers = pairs @ np.array([count, 1])
    return keys


def _ordered(parts: Sequence[Keys]) -> Keys:
    """All numbers in order, each once."""
    found = np.concatenate(parts)
    found.sort()
    return distinct(found)


def _merged(one: Pairs, other: Pairs, count: int) -> Pairs:
    """The pairs of two lists, ordered, each once."""
    return as_pairs(_ordered([_keys(pairs, count).view(np.uint64) for pairs in (one, other)]), count)


def _table(folder: Path | None, rows: int, words: int) -> Bits:
    """Room for bitmaps, on the disk where there is a folder."""
    if folder is None or not rows:
        return np.zeros((rows, words), np.uint64)
    return np.lib.format.open_memmap(folder / "bits.npy", mode="w+", dtype=np.uint64, shape=(rows, words))
