"""An index on the disk: texts are added in batches, and each new one is compared with all before it.

After every batch the pairs and clusters are those of one search over all texts, whatever the batches were; only pairs that were
never judged are. What follows from all texts together (which text of a group of copies stands for it, which shingles are in too
many texts) is worked out anew from the sorted postings, which is cheap beside the verification that is saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Pairs, pairs_of
from pipeline.duplicates.clusters import MERGING, cluster_id_of, components
from pipeline.duplicates.judge import Judge, Verdict
from pipeline.duplicates.records import RELATIONS, Pair
from pipeline.duplicates.search import DocumentsError, as_pair, judged
from pipeline.duplicates.settings import Settings, read_settings
from pipeline.duplicates.shingles import samples
from pipeline.duplicates.sketch import Sketches, estimates, sketches
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
from pipeline.duplicates.values import mask_count
from pipeline.duplicates.view import views
from pipeline.records import dumps

Numbers = NDArray[np.int64]
Keys = NDArray[np.uint64]

_CHUNK = 4000  # pairs whose texts are in memory at once
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
    "order": np.int64, "groups": np.int64, "best": np.int64, "reps": np.int64, "views": "S32", "view-groups": np.int64,
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
                raise DocumentsError(f"the id {self.ids[one]!r} {where}; give each document an id of its own")
        self.order = np.array(order, np.int64)
        self.ranks = np.empty(len(order), np.int64)
        self.ranks[self.order] = np.arange(len(order))
        self.views = views(self.new_texts)
        self.arrays: dict[str, NDArray[Any]] = {"order": self.order}
        self.lines: dict[int, tuple[str, str]] = {}

    def write(self) -> None:
        """Work the state out, write it and make it the valid one."""
        number, segment, state = self.store.fresh()
        founders = self._group()
        self._post(segment, founders)
        write_strings(segment, "ids", self.ids[self.old :])
        write_strings(segment, "texts", self.new_texts)
        write_array(segment, "lengths", np.array([len(text) for text in self.new_texts], np.int64))
        write_array(segment, "masks", np.array([mask_count(text) for text in self.new_texts], np.int64))
        digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in self.new_texts]
        write_array(segment, "digests", np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))
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

    def _group(self) -> Numbers:
        """Put texts with the same view into groups; the numbers of the new texts that open one."""
        before = self.before.arrays
        data = [self.views(number).tobytes() for number in range(len(self.new_texts))]
        digests = np.array([hashlib.sha256(one).digest() if one else b"" for one in data], "S32")
        groups = np.full(len(data), -1, np.int64)
        filled = np.array([bool(one) for one in data], bool)
        places = np.searchsorted(before["views"], digests)
        there = filled & (places < len(before["views"]))
        there[there] = before["views"][places[there]] == digests[there]
        groups[there] = before["view-groups"][places[there]]
        fresh = np.flatnonzero(filled & ~there)
        _, first, again = np.unique(digests[fresh], return_index=True, return_inverse=True)
        nth = np.empty(len(first), np.int64)
        nth[np.argsort(first)] = np.arange(len(first))  # groups are numbered as they came
        groups[fresh] = len(before["reps"]) + nth[again]
        founders: Numbers = fresh[np.sort(first)]
        names = np.concatenate((before["views"], digests[founders]))
        order = np.argsort(names, kind="stable")
        count = len(before["reps"]) + len(founders)
        self.arrays |= {"views": names[order], "view-groups": np.concatenate((before["view-groups"], groups[founders]))[order]}
        self.arrays["groups"] = np.concatenate((before["groups"], groups))
        best = np.full(count, len(self.ids), np.int64)
        member = np.flatnonzero(self.arrays["groups"] >= 0)
        np.minimum.at(best, self.arrays["groups"][member], self.ranks[member])
        self.arrays |= {"best": best, "reps": self.order[best]}
        return founders

    def _post(self, segment: Path, founders: Numbers) -> None:
        """Write the founders' sketches, and merge their postings with those before."""
        skip = np.ones(len(self.new_texts), bool)
        skip[founders] = False
        group_of = self.arrays["groups"][self.old :]
        found = list(samples(self.views, self.settings, skip=skip))
        hashes = np.concatenate([np.zeros(0, np.uint64), *(one for one, _ in found)])
        texts = np.concatenate([np.zeros(0, np.int64), *(one for _, one in found)])
        sketched = sketches(self.views, self.settings, skip=skip)
        write_array(segment, "sketches", sketched.bits[founders])
        self._merge("hashes", "hash-groups", hashes, group_of[texts])
        self._merge("paragraphs", "paragraph-groups", sketched.paragraphs[0], group_of[sketched.paragraphs[1]])

    def _merge(self, name: str, group_name: str, hashes: Keys, groups: Numbers) -> None:
        """Postings before and new ones, ordered by (hash, group), each once."""
        order = np.lexsort((groups, hashes))
        hashes, groups = hashes[order], groups[order]
        new = np.ones(len(hashes), bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (groups[1:] != groups[:-1])
        before, before_groups = self.before.arrays[name], self.before.arrays[group_name]
        places = np.searchsorted(before, hashes[new], "right")  # a new group's number is above those before
        self.arrays[name] = np.insert(before, places, hashes[new])
        self.arrays[group_name] = np.insert(before_groups, places, groups[new])

    def _pairs(self, name: str, group_name: str, least: int) -> Pairs:
        """Pairs of groups that have at least so many postings in common, as ranks of the groups' texts."""
        hashes, ranks = self.arrays[name], self.arrays["best"][self.arrays[group_name]]
        order = np.lexsort((ranks, hashes))
        link_above = self.settings.link_above
        return pairs_of(hashes[order], ranks[order], count=len(self.ids), least=least, link_above=link_above)

    def _judge(self) -> None:
        """Find all pairs that one search over all texts judges, and judge those that never were."""
        pairs = self._pairs("hashes", "hash-groups", self.settings.candidate_shingles)
        keys = self._keys(pairs)
        settled = np.isin(keys, self.before.arrays["judged"]) | np.isin(keys, self.before.arrays["dismissed"])
        apart = np.zeros(len(pairs), bool)
        apart[~settled] = self._estimates(pairs[~settled]) < self.settings.candidate_share
        apart |= np.isin(keys, self.before.arrays["dismissed"])
        self.arrays["dismissed"] = np.sort(keys[apart])
        more = self._keys(self._pairs("paragraphs", "paragraph-groups", 1))
        self.members = self._members()
        inside = self._keys(np.array(list(self._inside()), np.int64).reshape(-1, 2))
        across = np.union1d(keys[~apart], more)
        self._verdicts(self._unknown(inside), same_view=True)
        self._verdicts(self._unknown(across), same_view=False)
        transferred = self._keys(self._transferred(across))
        self._verdicts(self._unknown(transferred), same_view=False)
        self.arrays["judged"] = np.unique(np.concatenate((inside, across, transferred)))

    def _keys(self, ranks: Pairs) -> Keys:
        """Pairs of ranks as one number each: the texts' numbers side by side, which stay the same."""
        texts = self.order[ranks].astype(np.uint64)
        keys: Keys = texts[:, 0] << np.uint64(32) | texts[:, 1]
        return keys

    def _unknown(self, keys: Keys) -> Keys:
        return keys[~np.isin(keys, self.before.arrays["judged"])]

    def _estimates(self, pairs: Pairs) -> NDArray[np.float64]:
        groups = self.arrays["groups"][self.order[pairs]]
        wanted, places = np.unique(groups, return_inverse=True)
        if not len(wanted):
            return np.zeros(0)
        bits = self.columns["sketches"].take(wanted)
        return estimates(Sketches(bits, (np.zeros(0, np.uint64), wanted[:0])), places.reshape(-1, 2))

    def _members(self) -> dict[int, list[int]]:
        """The ranks of the texts of each group of several, in order, by the first."""
        groups = self.arrays["groups"]
        several = np.flatnonzero(np.bincount(groups[groups >= 0], minlength=1) > 1)
        mine = np.flatnonzero(np.isin(groups, several))
        mine = mine[np.lexsort((self.ranks[mine], groups[mine]))]
        cuts = np.flatnonzero(np.diff(groups[mine])) + 1
        return {int(part[0]): part.tolist() for part in np.split(self.ranks[mine], cuts) if len(part)}

    def _linked(self, first: int) -> list[int]:
        group = self.members.get(first, [first])
        return group if len(group) <= self.settings.link_above else group[:1]

    def _inside(self) -> Iterator[tuple[int, int]]:
        for first, group in self.members.items():
            for place, a in enumerate(self._linked(first)):
                for b in group[place + 1 :]:
                    yield a, b

    def _transferred(self, across: Keys) -> Pairs:
        """The pairs of the other members of groups whose first members have a relation, as ranks."""
        known = np.fromiter(self.lines, np.uint64, len(self.lines))
        related = across[np.isin(across, self.before.arrays["keys"]) | np.isin(across, known)]
        ranks = self.ranks[np.stack((related >> np.uint64(32), related & _LOW), axis=1).astype(np.int64)]
        large = np.isin(ranks, np.fromiter(self.members, np.int64, len(self.members))).any(axis=1)
        found = [(x, y) for a, b in ranks[large].tolist() for x in self._linked(a) for y in self._linked(b) if (x, y) != (a, b)]
        return np.array(sorted(found), np.int64).reshape(-1, 2)

    def _verdicts(self, keys: Keys, *, same_view: bool) -> None:
        """Judge pairs and keep the lines of those with a relation."""
        texts = np.stack((keys >> np.uint64(32), keys & _LOW), axis=1).astype(np.int64)
        fresh = (texts >= self.old).all(axis=1)
        judge = Judge(self.new_texts, self.views, self.settings)
        self._keep(judge, texts[fresh] - self.old, np.arange(self.old, len(self.ids)), same_view)
        rest = texts[~fresh]
        for first in range(0, len(rest), _CHUNK):
            numbers, places = np.unique(rest[first : first + _CHUNK], return_inverse=True)
            mine = [self._text(number) for number in numbers.tolist()]
            made = views(mine)
            self._keep(Judge(mine, made, self.settings), places.reshape(-1, 2), numbers, same_view)

    def _keep(self, judge: Judge, pairs: Pairs, numbers: Numbers, same_view: bool) -> None:
        ordered = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        for verdict in judge.same_view(ordered) if same_view else judged(judge, ordered):
            a, b = int(numbers[verdict.a]), int(numbers[verdict.b])
            pair = as_pair(verdict, self.ids[a], self.ids[b])
            self.lines[a << 32 | b] = pair.relation, dumps(pair.as_record())

    def _text(self, number: int) -> str:
        text: str = self.before.texts[number] if number < self.old else self.new_texts[number - self.old]
        return text

    def _related(self) -> tuple[Keys, NDArray[np.uint8], list[str]]:
        """The pairs with a relation, ordered by (a, b): keys, numbers of relations, lines."""
        before = self.before.arrays
        live = self.arrays["judged"]
        place_of = {key: place for place, key in enumerate(before["keys"].tolist())} if len(before["keys"]) else {}
        known = np.fromiter(self.lines, np.uint64, len(self.lines))
        keys = live[np.isin(live, before["keys"]) | np.isin(live, known)]
        ranks = self.ranks[np.stack((keys >> np.uint64(32), keys & _LOW), axis=1).astype(np.int64)]
        keys = keys[np.lexsort((ranks.max(axis=1), ranks.min(axis=1)))]
        relations, lines = np.zeros(len(keys), np.uint8), []
        for place, key in enumerate(keys.tolist()):
            if key in self.lines:
                relation, line = self.lines[key]
                relations[place] = RELATIONS.index(relation)
            else:
                relations[place] = before["relations"][place_of[key]]
                line = self.before.lines[place_of[key]]
            lines.append(line)
        return keys, relations, lines

    def _clusters(self, keys: Keys, relations: NDArray[np.uint8]) -> list[str]:
        """One line a text, ordered by id."""
        merging = keys[np.isin(relations, [RELATIONS.index(one) for one in RELATIONS if one in MERGING])]
        edges = np.stack((merging >> np.uint64(32), merging & _LOW), axis=1).astype(np.int64).tolist()
        digests, masks, lengths = (self.columns[name].all() for name in ("digests", "masks", "lengths"))
        clusters: dict[int, tuple[str, int]] = {}
        for members in components((a, b) for a, b in edges):
            name = cluster_id_of(digests[member].tobytes() for member in members)
            rows = zip(masks[members].tolist(), lengths[members].tolist(), members, strict=True)
            kept = min(rows, key=lambda row: (row[0], -row[1], self.ranks[row[2]]))[2]
            clusters |= dict.fromkeys(members, (name, kept))
        lines = []
        for number in self.order.tolist():
            cluster, kept = clusters.get(number, (None, number))
            lines.append(dumps({"id": self.ids[number], "cluster": cluster, "canonical": kept == number}))
        return lines


_LOW = np.uint64((1 << 32) - 1)


class _Query:
    """One text being looked up, as if it were the last of all."""

    def __init__(self, state: _State, settings: Settings, text: str, name: str) -> None:
        self.state = state
        self.settings = settings
        self.text = text
        self.name = name
        self.views = views([text])

    def run(self) -> list[Pair]:
        """The pairs of the text with others, the text first."""
        data = self.views(0).tobytes()
        if not data:
            return []
        arrays = self.state.arrays
        digest = np.array([hashlib.sha256(data).digest()], "S32")
        place = int(np.searchsorted(arrays["views"], digest)[0])
        same = place < len(arrays["views"]) and arrays["views"][place] == digest[0]
        group = int(arrays["view-groups"][place]) if same else -1
        found = self._judge(self._linked([group]), same_view=True) if group >= 0 else []
        related = self._judge(arrays["reps"][self._groups(group)], same_view=False)
        groups = sorted({int(arrays["groups"][number]) for number, _ in related})
        others = np.setdiff1d(self._linked(groups), [number for number, _ in related])
        return [pair for _, pair in found + related + self._judge(others, same_view=False)]

    def _groups(self, own: int) -> Numbers:
        """The groups that are worth a verification."""
        skip = np.zeros(1, bool)
        hashes = np.unique(np.concatenate([np.zeros(0, np.uint64), *(one for one, _ in samples(self.views, self.settings))]))
        groups, shared = np.unique(self._posted("hashes", "hash-groups", hashes), return_counts=True)
        groups = groups[shared >= self.settings.candidate_shingles]
        sketched = sketches(self.views, self.settings, skip=skip)
        if len(groups):
            bits = np.concatenate((sketched.bits, self.state.sketches.take(groups)))
            pairs = np.stack((np.zeros(len(groups), np.int64), np.arange(1, len(groups) + 1)), axis=1)
            groups = groups[estimates(Sketches(bits, sketched.paragraphs), pairs) >= self.settings.candidate_share]
        more = self._posted("paragraphs", "paragraph-groups", sketched.paragraphs[0])
        return np.setdiff1d(np.concatenate((groups, more)), [own]) if len(groups) + len(more) else groups

    def _posted(self, name: str, group_name: str, hashes: Keys) -> Numbers:
        """The groups of postings of some hashes, one for each posting; of an overfull one the one with the smallest id."""
        arrays = self.state.arrays
        starts, ends = np.searchsorted(arrays[name], hashes), np.searchsorted(arrays[name], hashes, "right")
        found = [np.zeros(0, np.int64)]
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            groups = arrays[group_name][start:end]
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

    def _judge(self, numbers: Numbers, *, same_view: bool) -> list[tuple[int, Pair]]:
        if not len(numbers):
            return []
        texts = [self.text, *(self.state.texts[number] for number in numbers.tolist())]
        judge = Judge(texts, views(texts), self.settings)
        pairs = np.stack((np.zeros(len(numbers), np.int64), np.arange(1, len(texts))), axis=1)
        verdicts: Iterable[Verdict] = judge.same_view(pairs) if same_view else judged(judge, pairs)
        return [(int(numbers[one.b - 1]), self._pair(one, int(numbers[one.b - 1]))) for one in verdicts]

    def _pair(self, verdict: Verdict, number: int) -> Pair:
        return Pair(self.name, self.state.ids[number], *verdict[2:])
