"""The search in shards: the same kernels as in `pipeline.duplicates.search`, cut into rounds for an engine.

    texts, sharded by their content
     → sketch     sketches of each shard                                        to the one process: ids, lengths, digests
     → post       postings of each shard, sharded by hash; bitmaps by text      from it: ranks, and the first text of each view
     → pair       pairs of texts that share a hash, sharded by their second text
     → ask        those that share enough, with the second text's bitmap, sharded by the first text
     → estimate   those whose bitmaps have enough in common                     to it: candidates
     → ship       the texts of each shard to the lots of pairs that need them   from it: which pairs are in which lot
     → judge      verdicts                                                      to it: verdicts, traits

One process numbers the texts, groups those with the same view, deals the candidates into lots (a connected component into one,
if it is not too large, so that a text is shipped once) and works out the clusters. It never sees a text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Keys, Numbers, Packer, Pairs, as_pairs, cuts, distinct, pair_keys
from pipeline.duplicates.clusters import Traits, by_component, merging, traits_of
from pipeline.duplicates.judge import BATCH, Verdicts, joined, likeness, verdicts
from pipeline.duplicates.search import Progress, Search, silent
from pipeline.duplicates.settings import Settings, read_settings
from pipeline.duplicates.sketch import Bits, Sketches, estimates, sketches
from pipeline.records import unique_name
from pipeline.rounds import Block, Call, Engine, Keyed, Rows, made

_One = TypeVar("_One", bound=Block)

_POSTINGS = 1 << 22
"""Hashes that one call makes pairs of, about: 32 MB."""
_TEXTS = 1 << 18
"""Texts whose bitmaps one call compares: at 4,096 bits, 128 MB."""
_LOT = 1 << 23
"""Tokens of the texts of one lot of pairs, each counted as often as it stands in a pair: 16 MB."""

_AT_ONCE = 64
"""Keys whose blocks the one process fetches at a time."""


class Limits(NamedTuple):
    """How large the parts of rounds are; they do not change what is found. Tests make them small."""

    postings: int = _POSTINGS
    texts: int = _TEXTS
    lot: int = _LOT


# --- blocks -----------------------------------------------------------------------------------------------------------


class Texts(NamedTuple):
    """Documents of a shard. places: where each comes from; those with the same id are told apart in the order of these."""

    names: list[str]
    places: list[str]
    texts: list[str]


class Listing(NamedTuple):
    """What the one process knows of a shard's texts; lengths and digests as `Sketches` has them.

    places: see `Texts`; none where the ids say it all.
    """

    names: list[str]
    places: NDArray[np.bytes_]
    lengths: Numbers
    digests: Bits


class Sketched(NamedTuple):
    """The sketches of a shard."""

    sketches: Sketches


class Chosen(NamedTuple):
    """Texts of a shard, by their places in it, that stand for all with the same view, and the rank that they are known by."""

    places: Numbers
    ranks: Numbers


class Postings(NamedTuple):
    """Packed shingle hashes and ranks, sorted."""

    packed: Keys


class Paragraphs(NamedTuple):
    """Packed paragraph hashes and ranks, sorted."""

    packed: Keys


class Bitmaps(NamedTuple):
    """Bitmaps of texts."""

    ranks: Numbers
    bits: Bits


class Shared(NamedTuple):
    """Pairs of texts, one number each, and how many hashes they share here."""

    keys: Keys
    counts: Numbers


class Asked(NamedTuple):
    """Pairs of texts that share enough hashes, and the bitmaps of the second ones."""

    keys: Keys
    ranks: Numbers
    bits: Bits


class Likely(NamedTuple):
    """Pairs of texts that are worth a verification."""

    keys: Keys


class Wanted(NamedTuple):
    """Texts of a shard, by their places in it, and the lots that they are shipped to; a text may be wanted by several."""

    places: Numbers
    ranks: Numbers
    lots: Numbers


class Lot(NamedTuple):
    """Pairs of texts to be judged together, by ranks."""

    pairs: Pairs


class Shipped(NamedTuple):
    """Texts on their way to a lot."""

    ranks: Numbers
    texts: list[str]


class Judged(NamedTuple):
    """Verdicts on pairs, by ranks."""

    verdicts: Verdicts


class Trait(NamedTuple):
    """Traits of texts that are in a cluster; see `Traits`."""

    ranks: Numbers
    traits: list[Traits]


def _of(kind: type[_One], blocks: Sequence[Block]) -> list[_One]:
    return [block for block in blocks if isinstance(block, kind)]


def _joined_keys(blocks: Sequence[Postings | Paragraphs]) -> Keys:
    found = np.concatenate([np.zeros(0, np.uint64), *(block.packed for block in blocks)])
    found.sort()
    return found


# --- rounds -----------------------------------------------------------------------------------------------------------


def gathered(blocks: Sequence[Block], *, rename: bool = False) -> tuple[list[str], list[str], list[str]]:
    """The ids, places and texts of a shard, ordered by id and place.

    rename: texts with the same id get different ones, as `pipeline.run` gives them to pages with the same bytes.

    >>> gathered([Texts(["a"], ["2"], ["y"]), Texts(["b", "a"], ["1", "1"], ["z", "x"])], rename=True)
    (['a', 'a-2', 'b'], ['1', '2', '1'], ['x', 'y', 'z'])
    """
    found = sorted(row for block in _of(Texts, blocks) for row in zip(*block, strict=True))
    names = [name for name, _, _ in found]
    if rename:
        names = list(numbered(names))
    return names, [place for _, place, _ in found], [text for _, _, text in found]


def numbered(names: Iterable[str]) -> Iterator[str]:
    """Each name, and what tells it from earlier ones that are the same."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield unique_name(name, seen[name])


def sketch(settings: Settings, rename: bool, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Texts → Listing, Sketched, under the same key."""
    names, places, texts = gathered(blocks, rename=rename)
    found = sketches(texts, settings)
    yield key, Listing(names, np.array([] if rename else places, bytes), found.lengths, found.digests)
    yield key, Sketched(found._replace(digests=found.digests[:0]))


class Spread(NamedTuple):
    """How postings and bitmaps are spread over calls.

    total: number of all texts. bits: how many leading bits of a hash make a key. texts: whose bitmaps have one key.
    """

    total: int
    bits: int
    texts: int


def post(spread: Spread, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Sketched, Chosen → Postings and Paragraphs by hash, Bitmaps by rank."""
    (chosen,) = _of(Chosen, blocks) or [Chosen(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for block in _of(Sketched, blocks):
        part = block.sketches
        rank_of = np.full(len(part.lengths), -1, np.int64)
        rank_of[chosen.places] = chosen.ranks
        for kind, hashes, texts in (
            (Postings, part.hashes, part.hash_texts), (Paragraphs, part.paragraphs, part.paragraph_texts),
        ):  # fmt: skip
            yield from _posted(kind, hashes, rank_of[texts], spread)
        ranks = rank_of[part.firsts]
        order = np.argsort(ranks)[int((ranks < 0).sum()) :]
        for start, end, home in _runs(ranks[order] // spread.texts):
            mine = order[start:end]
            yield home, Bitmaps(ranks[mine], part.bits[mine])


def _posted(kind: type[Postings] | type[Paragraphs], hashes: Keys, ranks: Numbers, spread: Spread) -> Iterator[Keyed]:
    kept = ranks >= 0
    packed = Packer(spread.total).pack(hashes[kept], ranks[kept])
    packed.sort()
    for start, end, home in _runs((packed >> np.uint64(64 - spread.bits)).view(np.int64)):
        yield home, kind(packed[start:end])


def _runs(homes: Numbers) -> Iterator[tuple[int, int, int]]:
    """(start, end, number) of the runs of equal numbers."""
    edges = np.flatnonzero(np.diff(homes, prepend=-1, append=-1)).tolist()
    for start, end in pairwise(edges):
        yield start, end, int(homes[start])


def pair(spread: Spread, link_above: int, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Postings, Paragraphs → Shared by the second text, Likely for texts that share a paragraph."""
    packer = Packer(spread.total)
    keys = pair_keys(*packer.unpack(_joined_keys(_of(Postings, blocks))), spread.total, link_above)
    found, counts = np.unique(keys, return_counts=True)
    homes = as_pairs(found, spread.total)[:, 1] // spread.texts
    order = np.argsort(homes, kind="stable")
    for start, end, home in _runs(homes[order]):
        yield home, Shared(found[order[start:end]], counts[order[start:end]])
    same = pair_keys(*packer.unpack(_joined_keys(_of(Paragraphs, blocks))), spread.total, link_above)
    same.sort()
    if len(same):
        yield key, Likely(distinct(same))


def ask(spread: Spread, least: int, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Shared, Bitmaps of second texts → Asked by the first text."""
    shared = _of(Shared, blocks)
    if not shared:
        return
    all_keys = np.concatenate([block.keys for block in shared])
    found, places = np.unique(all_keys, return_inverse=True)
    totals = np.bincount(places, weights=np.concatenate([block.counts for block in shared]))
    pairs = as_pairs(found[totals >= least], spread.total)
    ranks, bits = _bitmaps(blocks)
    for start, end, home in _runs(pairs[:, 0] // spread.texts):
        mine = pairs[start:end]
        needed = np.unique(mine[:, 1])
        keys = (mine @ np.array([spread.total, 1])).view(np.uint64)
        yield home, Asked(keys, needed, bits[np.searchsorted(ranks, needed)])


def estimate(spread: Spread, share: float, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Asked, Bitmaps of first texts → Likely."""
    ranks, bits = _bitmaps(blocks)
    for block in _of(Asked, blocks):
        a, b = as_pairs(block.keys, spread.total).T
        places = np.stack((np.searchsorted(ranks, a), np.searchsorted(block.ranks, b) + len(ranks)), axis=1)
        kept = estimates(np.concatenate((bits, block.bits)), places) >= share
        if kept.any():
            yield key, Likely(block.keys[kept])


def _bitmaps(blocks: Sequence[Block]) -> tuple[Numbers, Bits]:
    mine = _of(Bitmaps, blocks)
    ranks = np.concatenate([block.ranks for block in mine])
    order = np.argsort(ranks)
    return ranks[order], np.concatenate([block.bits for block in mine])[order]


def ship(key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Texts, Wanted → Shipped by lot."""
    wanted = _of(Wanted, blocks)
    if not wanted:
        return
    (one,) = wanted
    _, _, texts = gathered(blocks)
    order = np.argsort(one.lots, kind="stable")
    for start, end, lot in _runs(one.lots[order]):
        mine = order[start:end]
        yield lot, Shipped(one.ranks[mine], [texts[place] for place in one.places[mine].tolist()])


Judge = Callable[[Sequence[str], Pairs, Settings], Verdicts]


def judge(call: Judge, settings: Settings, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Lot, Shipped → Judged, and Trait of the texts that have a copy. call: `verdicts` or `likeness`."""
    (lot,) = _of(Lot, blocks)
    known = {
        rank: text for one in _of(Shipped, blocks) for rank, text in zip(one.ranks.tolist(), one.texts, strict=True)
    }  # fmt: skip
    pairs = lot.pairs[np.lexsort((lot.pairs[:, 1], lot.pairs[:, 0]))]
    sizes = np.array([[len(known[rank]) for rank in row] for row in pairs.tolist()]).sum(axis=1)
    parts = []
    for start, end in pairwise([0, *cuts(sizes, BATCH)]):
        ranks = np.unique(pairs[start:end])
        found = call([known[rank] for rank in ranks.tolist()], np.searchsorted(ranks, pairs[start:end]), settings)
        parts.append(found._replace(pairs=ranks[found.pairs]))
    all_found = joined(parts)
    yield key, Judged(all_found)
    copies = np.unique(all_found.pairs[merging(all_found.relations)])
    yield key, Trait(copies, [traits_of(known[rank]) for rank in copies.tolist()])


# --- the search -------------------------------------------------------------------------------------------------------


class ShardedSearch(Search):
    """A search whose texts lie with an engine; else as `pipeline.duplicates.search.Search`. They come shard by shard."""

    def __init__(
        self,
        engine: Engine,
        texts: Rows,
        shards: int,
        settings: Mapping[str, Any] | None = None,
        *,
        rename: bool = False,
        limits: Limits | None = None,
        progress: Progress | None = None,
    ) -> None:
        """texts: `Texts` under the keys of their shards. shards: how many there are. rename: see `gathered`.

        Raises DocumentsError as `Search` does.
        """
        self.engine, self.texts = engine, texts
        self.settings, self.limits, self.progress = read_settings(settings), limits or Limits(), progress or silent
        self._shard_keys: list[int] = []
        self._told: dict[int, Traits] = {}
        places = [np.zeros(0, bytes)]
        names: list[str] = []
        lengths, digests, starts = [np.zeros(0, np.int64)], [np.zeros((0, 2), np.uint64)], [0]
        self._sketched = self._round("sketch", partial(sketch, self.settings, rename), texts, keys=shards)
        for rows in made(self._sketched, Listing):
            for key, block in engine.get(rows, _AT_ONCE):
                (one,) = _of(Listing, [block])
                names += one.names
                places.append(one.places)
                lengths.append(one.lengths)
                digests.append(one.digests)
                self._shard_keys.append(key)
                starts.append(len(names))
        self._starts, self._places = np.array(starts), np.concatenate(places)
        self._number(names, np.concatenate(lengths), np.concatenate(digests))

    def in_order(self) -> Numbers:
        """The ranks of all texts in the order of the corpus; those whose places are not known, in the order of their ids."""
        if not len(self._places):
            return np.sort(self.ranks)
        return self.ranks[np.lexsort((self.ranks, self._places))]

    def _round(self, name: str, call: Call, *given: Rows, keys: int) -> Mapping[type[Block], Rows]:
        self.progress(name, 0, 0)
        return self.engine.round(name, call, *given, keys=keys)

    def _all(self, kind: type[_One], rows: Mapping[type[Block], Rows]) -> list[_One]:
        return [one for some in made(rows, kind) for _, block in self.engine.get(some, _AT_ONCE) for one in _of(kind, [block])]

    def _by_shard(self, numbers: Numbers) -> Iterator[tuple[int, Numbers, int]]:
        """Numbers of texts, ascending, shard by shard: its key, which of them are there, and the number of its first text."""
        for start, end, shard in _runs(np.searchsorted(self._starts, numbers, "right") - 1):
            yield self._shard_keys[shard], np.arange(start, end), int(self._starts[shard])

    def _candidates(self) -> Pairs:
        count, best = len(self.ids), self.groups.best
        if not len(best):
            return np.zeros((0, 2), np.int64)
        wanted = np.flatnonzero(self._owners >= 0)
        opener = np.full(len(best), count, np.int64)
        np.minimum.at(opener, self._owners[wanted], wanted)
        order = np.argsort(opener)
        chosen = [
            (key, Chosen(opener[order[mine]] - base, best[order[mine]])) for key, mine, base in self._by_shard(opener[order])
        ]
        sampled = int(self._lengths.sum()) // self.settings.sample + 1
        bits = max(1, (2 * sampled // self.limits.postings).bit_length(), (self.engine.workers - 1).bit_length())
        spread = Spread(count, bits, self.limits.texts)
        settings = self.settings
        given = *made(self._sketched, Sketched), self.engine.put("chosen", chosen)
        posted = self._round("post", partial(post, spread), *given, keys=len(self._shard_keys))
        postings = made(posted, Postings, Paragraphs)
        paired = self._round("pair", partial(pair, spread, settings.link_above), *postings, keys=1 << bits)
        homes = count // spread.texts + 1
        shared = *made(paired, Shared), *made(posted, Bitmaps)
        asked = self._round("ask", partial(ask, spread, settings.candidate_shingles), *shared, keys=homes)
        likely = self._all(Likely, paired)
        if Asked in asked:
            estimated = partial(estimate, spread, settings.candidate_share)
            likely += self._all(Likely, self._round("estimate", estimated, asked[Asked], posted[Bitmaps], keys=homes))
        keys = np.concatenate([np.zeros(0, np.uint64), *(one.keys for one in likely)])
        keys.sort()
        return as_pairs(distinct(keys), count)

    def _judged(self, pairs: Pairs, step: str) -> Verdicts:
        return self._in_lots(verdicts, pairs, step)

    def _measured(self, pairs: Pairs) -> Verdicts:
        return self._in_lots(likeness, pairs, "likeness")

    def _traits(self, rank: int) -> Traits:
        return self._told[rank]

    def _in_lots(self, call: Judge, pairs: Pairs, step: str) -> Verdicts:
        """The verdicts on pairs, by ranks, ascending."""
        if not len(pairs):
            return joined(())
        pairs = pairs[by_component(pairs)]
        sizes = self._lengths[pairs].sum(axis=1)
        most = min(self.limits.lot, int(sizes.sum()) // self.engine.workers + 1)
        ends = cuts(sizes, most)
        lot_of = np.searchsorted(ends, np.arange(len(pairs)), "right")
        lots = ((lot, Lot(pairs[start:end])) for lot, (start, end) in enumerate(pairwise([0, *ends])))
        given = self.engine.put("lots", lots)
        wanted = self.engine.put("wanted", self._wanted(pairs, lot_of))
        shipped = self._round("ship", ship, self.texts, wanted, keys=len(self._shard_keys))
        found = self._round(step, partial(judge, call, self.settings), given, shipped[Shipped], keys=len(ends))
        for one in self._all(Trait, found):
            self._told.update(zip(one.ranks.tolist(), one.traits, strict=True))
        all_found = joined(one.verdicts for one in self._all(Judged, found))
        return all_found.take(np.lexsort((all_found.pairs[:, 1], all_found.pairs[:, 0])))

    def _wanted(self, pairs: Pairs, lot_of: Numbers) -> Iterator[tuple[int, Wanted]]:
        """Which texts of each shard are wanted by which lots."""
        lots = int(lot_of[-1]) + 1
        numbers = self._numbers[pairs]
        asked = np.unique((numbers * lots + lot_of[:, None]).ravel())
        texts, lot = np.divmod(asked, lots)
        for key, mine, base in self._by_shard(texts):
            yield key, Wanted(texts[mine] - base, self.ranks[texts[mine]], lot[mine])
