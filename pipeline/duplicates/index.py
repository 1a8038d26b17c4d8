"""An index on the disk: texts are added in batches, and each new one is compared with all before it.

After every batch the pairs and clusters are those of one search over all texts, whatever the batches were; only pairs that were
never judged are. What follows from all texts together (which text of a group of copies stands for it, which shingles are in too
many texts) is worked out anew from the sorted postings, which is cheap beside the verification that is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Keys, Numbers, Pairs, cuts, pairs_of
from pipeline.duplicates.clusters import Traits, clusters, merging, placed, traits_of
from pipeline.duplicates.groups import Groups, as_names, grouped
from pipeline.duplicates.judge import BATCH, verdicts
from pipeline.duplicates.records import Pair
from pipeline.duplicates.search import DocumentsError
from pipeline.duplicates.settings import Settings, read_settings
from pipeline.duplicates.sketch import estimates, sketches
from pipeline.duplicates.store import (
    IndexFolderError,
    Rows,
    Store,
    Strings,
    read_array,
    read_manifest,
    write_array,
    write_manifest,
    write_strings,
)
from pipeline.jsonl import dumps

_TRIES = 20  # of a reader that a writer overtakes


class Index:
    """An index of texts; see `build`, `add`, `query`, `pairs` and `clusters`.

    Open, it shows the state that it found; `refresh` goes to the newest one.
    """

    def __init__(self, path: str | Path, settings: Mapping[str, Any] | None = None) -> None:
        self.settings = read_settings(settings)
        self.store = Store(path, self.settings)
        self._state: _State | None = None

    @classmethod
    def build(cls, path: str | Path, documents: Sequence[tuple[str, str]], settings: Mapping[str, Any] | None = None) -> Index:
        """A new index of documents, each (id, text). Raises IndexFolderError where the folder holds something already."""
        Store.create(path, read_settings(settings))
        made = cls(path, settings)
        made.add(documents)
        return made

    def refresh(self) -> None:
        """Go to the newest state. Raises IndexFolderError where there is none."""
        for attempt in range(_TRIES):
            number = self.store.current()
            if number is None:
                raise IndexFolderError(f"{self.store.path}: its build did not end; start it again: jinggao index build")
            try:
                self._state = _State.read(self.store, number)
                return
            except FileNotFoundError as error:  # a writer has replaced the state meanwhile
                if attempt == _TRIES - 1:
                    raise IndexFolderError(f"{error.filename}: missing; build the index anew") from None

    @property
    def state(self) -> _State:
        """The state that is open."""
        if self._state is None:
            self.refresh()
        assert self._state is not None
        return self._state

    def __len__(self) -> int:
        return len(self.state.ids)

    def add(self, documents: Sequence[tuple[str, str]]) -> None:
        """Add documents, each (id, text): all or, after an error or a crash, none.

        Raises DocumentsError for an id that stands twice or is in the index, IndexFolderError where another process writes.
        """
        with self.store.writing():
            number = self.store.current()
            before = _State.empty() if number is None else _State.read(self.store, number)
            if documents or number is None:
                _Addition(self.store, self.settings, before, documents).write()
        self._state = None

    def pairs(self) -> Iterator[str]:
        """The verified pairs, as records of duplicates.jsonl, ordered by (a, b)."""
        lines = self.state.lines
        return (lines[number] for number in range(len(lines)))

    def clusters(self) -> Iterator[str]:
        """One {id, cluster, canonical} a text, as JSON, ordered by id."""
        lines = self.state.clusters
        return (lines[number] for number in range(len(lines)))

    def query(self, text: str, name: str = "") -> list[Pair]:
        """The texts of the index that a text has a relation to, ordered by id; a is the text (under ``name``), b the other.

        Of a group of more than ``link_above`` copies of one text only the smallest id is named.
        """
        return sorted(_Query(self.state, self.settings, text, name).run(), key=lambda pair: pair.b)


@dataclass(frozen=True, slots=True)
class _State:
    """A state, mapped into memory.

    Texts are numbered as they came, and so are groups of texts with the same view. order: the numbers of the texts by their
    ids. groups: each text's group, -1 without. best, reps: each group's smallest rank by id, and its text. views, view-groups:
    the groups' digests in order. hashes, hash-groups; paragraphs, paragraph-groups: postings, ordered. judged: pairs that need
    no verdict any more; dismissed: those that the sketches told apart. keys, relations, lines: pairs with a relation.
    """

    segments: tuple[int, ...]
    ids: Any
    texts: Any
    lengths: Rows
    masks: Rows
    digests: Rows
    sketches: Rows
    arrays: Mapping[str, NDArray[Any]]
    lines: Sequence[str]
    clusters: Sequence[str]

    @classmethod
    def read(cls, store: Store, number: int) -> _State:
        """The state of this number. Raises FileNotFoundError where a file is missing."""
        state = store.state(number)
        segments = tuple(read_manifest(state)["segments"])
        folders = [store.segment(one) for one in segments]
        lengths, masks, digests, sketched = (
            Rows([read_array(folder, name) for folder in folders]) for name in ("lengths", "masks", "digests", "sketches")
        )
        return cls(
            segments,
            _Joined([Strings(folder, "ids") for folder in folders]),
            _Joined([Strings(folder, "texts") for folder in folders]),
            lengths,
            masks,
            digests,
            sketched,
            {name: read_array(state, name) for name in _ARRAYS},
            Strings(state, "lines"),
            Strings(state, "clusters"),
        )

    @classmethod
    def empty(cls) -> _State:
        """The state before the first."""
        none = Rows([])
        arrays = {name: np.zeros(0, kind) for name, kind in _ARRAYS.items()}
        return cls((), [], [], none, none, none, none, arrays, [], [])


_ARRAYS: dict[str, Any] = {
    "order": np.int64, "groups": np.int64, "best": np.int64, "reps": np.int64, "views": "S16", "view-groups": np.int64,
    "hashes": np.uint64, "hash-groups": np.int64, "paragraphs": np.uint64, "paragraph-groups": np.int64,
    "judged": np.uint64, "dismissed": np.uint64, "keys": np.uint64, "relations": np.uint8,
}  # fmt: skip


class _Joined(Sequence[str]):
    """Texts of several segments, one behind the other."""

    def __init__(self, parts: Sequence[Strings]) -> None:
        self._rows = Rows(parts)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._rows.one(number)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._rows.parts)


class _Addition:
    """A batch being added: the new state, worked out in memory."""

    def __init__(self, store: Store, settings: Settings, before: _State, documents: Sequence[tuple[str, str]]) -> None:
        self.store = store
        self.settings = settings
        self.before = before
        self.old = len(before.ids)
        self.new_texts = [text for _, text in documents]
        self.ids = [*before.ids, *(name for name, _ in documents)]
        order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        for one, two in pairwise(order):
            if self.ids[one] == self.ids[two]:
                where = "is in the index already" if min(one, two) < self.old else "stands twice"
                raise DocumentsError(
                    f"the id {self.ids[one]!r} {where}; give each document an id of its own", (min(one, two), max(one, two))
                )
        self.order = np.array(order, np.int64)
        self.ranks = np.empty(len(order), np.int64)
        self.ranks[self.order] = np.arange(len(order))
        self.arrays: dict[str, NDArray[Any]] = {"order": self.order}
        self.lines: dict[int, tuple[int, str]] = {}

    def write(self) -> None:
        """Work the state out, write it and make it the valid one."""
        number, segment, state = self.store.fresh()
        self._sketch(segment)
        write_strings(segment, "ids", self.ids[self.old :])
        write_strings(segment, "texts", self.new_texts)
        traits = [traits_of(text) for text in self.new_texts]
        write_array(segment, "lengths", np.array([one.length for one in traits], np.int64))
        write_array(segment, "masks", np.array([one.masks for one in traits], np.int64))
        write_array(segment, "digests", np.frombuffer(b"".join(one.digest for one in traits), np.uint8).reshape(-1, 32))
        self.columns = {
            name: Rows([*getattr(self.before, name).parts, read_array(segment, name)])
            for name in ("lengths", "masks", "digests", "sketches")
        }
        self._judge()
        keys, relations, lines = self._related()
        self.arrays |= {"keys": keys, "relations": relations}
        for name in _ARRAYS:
            write_array(state, name, self.arrays[name])
        write_strings(state, "lines", lines)
        write_strings(state, "clusters", self._clusters(keys, relations))
        write_manifest(state, {"segments": [*self.before.segments, number], "texts": len(self.ids)})
        self.store.commit(number)

    def _sketch(self, segment: Path) -> None:
        """Sketch the new texts, and put what they have in common with all others where it is looked for."""
        made = sketches(self.new_texts, self.settings)
        before = self.before.arrays
        names = as_names(made.digests)
        filled = np.flatnonzero(made.lengths)
        places = np.minimum(np.searchsorted(before["views"], names[filled]), max(0, len(before["views"]) - 1))
        there = np.zeros(len(filled), bool) if not len(before["views"]) else before["views"][places] == names[filled]
        count = len(before["reps"])
        groups = grouped(made.digests, filled[~there])
        groups[groups >= 0] += count
        groups[filled[there]] = before["view-groups"][places[there]]
        opens = np.isin(made.firsts, filled[~there])
        founders = made.firsts[opens]
        views = np.concatenate((before["views"], names[founders]))
        order = np.argsort(views, kind="stable")
        self.arrays |= {"views": views[order], "view-groups": np.concatenate((before["view-groups"], groups[founders]))[order]}
        self.arrays["groups"] = np.concatenate((before["groups"], groups))
        self.groups = Groups(self.arrays["groups"], self.ranks, self.settings.link_above)
        self.arrays |= {"best": self.groups.best, "reps": self.order[self.groups.best]}
        write_array(segment, "sketches", made.bits[opens])
        opened = np.zeros(len(groups), bool)
        opened[founders] = True
        for name, hashes, texts in (
            ("hashes", made.hashes, made.hash_texts), ("paragraphs", made.paragraphs, made.paragraph_texts),
        ):  # fmt: skip
            mine = opened[texts]
            self._merge(name, hashes[mine], groups[texts[mine]])

    def _merge(self, name: str, hashes: Keys, groups: Numbers) -> None:
        """Postings before and new ones, ordered by (hash, group), each once."""
        owners = _OWNERS[name]
        order = np.lexsort((groups, hashes))
        hashes, groups = hashes[order], groups[order]
        new = np.ones(len(hashes), bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (groups[1:] != groups[:-1])
        before, before_groups = self.before.arrays[name], self.before.arrays[owners]
        places = np.searchsorted(before, hashes[new], "right")  # a new group's number is above those before
        self.arrays[name] = np.insert(before, places, hashes[new])
        self.arrays[owners] = np.insert(before_groups, places, groups[new])

    def _pairs(self, name: str, least: int) -> Keys:
        """Pairs of groups that have at least so many postings in common."""
        hashes, ranks = self.arrays[name], self.groups.best[self.arrays[_OWNERS[name]]]
        order = np.lexsort((ranks, hashes))
        link_above = self.settings.link_above
        return self._keys(pairs_of(hashes[order], ranks[order], count=len(self.ids), least=least, link_above=link_above))

    def _judge(self) -> None:
        """Find all pairs that one search over all texts judges, and judge those that never were."""
        keys, dismissed = self._pairs("hashes", self.settings.candidate_shingles), self.before.arrays["dismissed"]
        apart = np.isin(keys, dismissed)
        open_ = np.flatnonzero(~apart & np.isin(keys, self.before.arrays["judged"], invert=True))
        apart[open_] = self._estimates(keys[open_]) < self.settings.candidate_share
        self.arrays["dismissed"] = np.sort(keys[apart])
        across = np.union1d(keys[~apart], self._pairs("paragraphs", 1))
        inside = self._keys(self.groups.inside())
        self._verdicts(np.concatenate((inside, across)))
        known = np.fromiter(self.lines, np.uint64, len(self.lines))
        related = across[np.isin(across, self.before.arrays["keys"]) | np.isin(across, known)]
        transferred = self._keys(self.groups.across(self._ranked(related)))
        self._verdicts(transferred)
        self.arrays["judged"] = np.unique(np.concatenate((inside, across, transferred)))

    def _keys(self, ranks: Pairs) -> Keys:
        """Pairs of ranks as one number each: the texts' numbers side by side, which stay the same, as does their order."""
        texts = self.order[ranks].astype(np.uint64)
        keys: Keys = texts[:, 0] << np.uint64(32) | texts[:, 1]
        return keys

    def _ranked(self, keys: Keys) -> Pairs:
        """The pairs of ranks of these numbers."""
        return self.ranks[_texts(keys)]

    def _estimates(self, keys: Keys) -> NDArray[np.float64]:
        wanted, places = np.unique(self.arrays["groups"][_texts(keys)], return_inverse=True)
        return estimates(self.columns["sketches"].take(wanted), places.reshape(-1, 2)) if len(wanted) else np.zeros(0)

    def _verdicts(self, keys: Keys) -> None:
        """Judge pairs that never were, and keep the lines of those with a relation."""
        pairs = self._ranked(keys[~np.isin(keys, self.before.arrays["judged"])])
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        lengths = self.columns["lengths"].all() if len(pairs) else np.zeros(0, np.int64)
        names = [self.ids[number] for number in self.order.tolist()] if len(pairs) else []
        for start, end in pairwise([0, *cuts(lengths[self.order[pairs]].sum(axis=1), BATCH)]):
            ranks = np.unique(pairs[start:end])
            texts = [self._text(number) for number in self.order[ranks].tolist()]
            made = verdicts(texts, np.searchsorted(ranks, pairs[start:end]), self.settings)
            made = made._replace(pairs=ranks[made.pairs])
            rows = zip(self._keys(made.pairs).tolist(), made.relations.tolist(), made.named(names), strict=True)
            self.lines |= {key: (relation, dumps(pair.as_record())) for key, relation, pair in rows}

    def _text(self, number: int) -> str:
        text: str = self.before.texts[number] if number < self.old else self.new_texts[number - self.old]
        return text

    def _related(self) -> tuple[Keys, NDArray[np.uint8], list[str]]:
        """The pairs with a relation, ordered by (a, b): keys, relations, lines."""
        before, live = self.before.arrays, self.arrays["judged"]
        place_of = {key: place for place, key in enumerate(before["keys"].tolist())} if len(before["keys"]) else {}
        known = np.fromiter(self.lines, np.uint64, len(self.lines))
        keys = live[np.isin(live, before["keys"]) | np.isin(live, known)]
        a, b = self._ranked(keys).T
        keys = keys[np.lexsort((b, a))]
        relations, lines = np.zeros(len(keys), np.uint8), []
        for place, key in enumerate(keys.tolist()):
            if key in self.lines:
                relations[place], line = self.lines[key]
            else:
                relations[place] = before["relations"][place_of[key]]
                line = self.before.lines[place_of[key]]
            lines.append(line)
        return keys, relations, lines

    def _clusters(self, keys: Keys, relations: NDArray[np.uint8]) -> list[str]:
        """One line a text, ordered by id."""
        digests, masks, lengths = (self.columns[name].all() for name in ("digests", "masks", "lengths"))

        def traits(rank: int) -> Traits:
            number = int(self.order[rank])
            return Traits(digests[number].tobytes(), int(masks[number]), int(lengths[number]))

        names = [self.ids[number] for number in self.order.tolist()]
        found = clusters(self._ranked(keys[merging(relations)]), traits)
        return [dumps(place) for place in placed(found, names, range(len(names)))]


_LOW = np.uint64((1 << 32) - 1)
_OWNERS = {"hashes": "hash-groups", "paragraphs": "paragraph-groups"}


def _texts(keys: Keys) -> Numbers:
    """The numbers of the texts of pairs, one a row."""
    return np.stack((keys >> np.uint64(32), keys & _LOW), axis=1).astype(np.int64)


class _Query:
    """One text being looked up, as if it were the last of all."""

    def __init__(self, state: _State, settings: Settings, text: str, name: str) -> None:
        self.state = state
        self.settings = settings
        self.text = text
        self.name = name
        self.made = sketches([text], settings)

    def run(self) -> list[Pair]:
        """The pairs of the text with others, the text first."""
        if not self.made.lengths[0]:
            return []
        arrays = self.state.arrays
        name = as_names(self.made.digests)
        place = int(np.searchsorted(arrays["views"], name)[0])
        same = place < len(arrays["views"]) and arrays["views"][place] == name[0]
        group = int(arrays["view-groups"][place]) if same else -1
        found = self._judge(self._linked([group]) if same else np.zeros(0, np.int64))
        related = self._judge(arrays["reps"][self._groups(group)])
        groups = sorted({int(arrays["groups"][number]) for number, _ in related})
        others = np.setdiff1d(self._linked(groups), [number for number, _ in related])
        return [pair for _, pair in found + related + self._judge(others)]

    def _groups(self, own: int) -> Numbers:
        """The groups that are worth a verification."""
        groups, shared = np.unique(self._posted("hashes", np.unique(self.made.hashes)), return_counts=True)
        groups = groups[shared >= self.settings.candidate_shingles]
        if len(groups):
            bits = np.concatenate((self.made.bits, self.state.sketches.take(groups)))
            pairs = np.stack((np.zeros(len(groups), np.int64), np.arange(1, len(groups) + 1)), axis=1)
            groups = groups[estimates(bits, pairs) >= self.settings.candidate_share]
        more = self._posted("paragraphs", np.unique(self.made.paragraphs))
        return np.setdiff1d(np.concatenate((groups, more)), [own]) if len(groups) + len(more) else groups

    def _posted(self, name: str, hashes: Keys) -> Numbers:
        """The groups of postings of some hashes, one for each posting; of an overfull one the one with the smallest id."""
        arrays = self.state.arrays
        starts, ends = np.searchsorted(arrays[name], hashes), np.searchsorted(arrays[name], hashes, "right")
        found = [np.zeros(0, np.int64)]
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            groups = arrays[_OWNERS[name]][start:end]
            if end - start >= self.settings.link_above:
                groups = groups[np.argmin(arrays["best"][groups])][None]
            found.append(groups)
        return np.concatenate(found)

    def _linked(self, groups: Sequence[int]) -> Numbers:
        """The members of groups that are paired with others."""
        arrays = self.state.arrays
        found = [np.zeros(0, np.int64)]
        for group in groups:
            members = np.flatnonzero(arrays["groups"] == group)
            whole = len(members) <= self.settings.link_above
            found.append(members if whole else np.array([int(arrays["reps"][group])]))
        return np.concatenate(found)

    def _judge(self, numbers: Numbers) -> list[tuple[int, Pair]]:
        if not len(numbers):
            return []
        texts = [self.text, *(self.state.texts[number] for number in numbers.tolist())]
        names = [self.name, *(self.state.ids[number] for number in numbers.tolist())]
        pairs = np.stack((np.zeros(len(numbers), np.int64), np.arange(1, len(texts))), axis=1)
        made = verdicts(texts, pairs, self.settings)
        return list(zip(numbers[made.pairs[:, 1] - 1].tolist(), made.named(names), strict=True))
