"""The collation of the copies of a corpus: offers from each pair, brought together for each placeholder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pipeline.duplicates import Found, Pair
from pipeline.duplicates.clusters import MERGING, components
from pipeline.twins.alignment import HOLDER, Alignment, Row, align, compact
from pipeline.twins.data import Collated, Conflict, Copy, Evidence, Finding, Lost, Mark
from pipeline.twins.lost import lost_words
from pipeline.twins.values import NUMERIC, figure, has_numeral, has_particle, is_figure, is_word, likely, same

CONTEXT = 10
"""Tokens on each side of a placeholder that are compared with the other copy."""
AGREE, AGREE_FIGURE = 5, 4
"""Of them at least so many must have a partner, around words and around figures: a figure is known by its form besides. With
5% of the characters edited in each of two copies nine have a partner on average, but an edit beside a value takes several."""
REACH = 6
"""Edited tokens between a placeholder and its nearest neighbour with a partner that a figure may be sought behind."""
FEW, EDITED = 2, 0.003
"""A copy counts as edited with more differences than FEW and EDITED for each token: stray words may then stand beside a name.
One with 5% of its characters edited has some 0.02 for each token."""
DISAGREE = 0.1
"""Share of figures in which two copies may differ; above it, one was filled in for another occasion and is no witness."""
RUNS = 4
"""Tokens side by side, of at most three on each side, that a name's neighbours must go on with."""
LONGEST = 40
"""Tokens of the longest value."""

WITNESSES = 8
"""Copies that each copy chooses to be compared with, half of them the most alike and half from all others: so the cost of a
speech that stands on a thousand sites grows with the number of its copies and not with the square of it."""
ROWS = 256
"""Copies that are kept as rows: each copy of a text is compared with many others."""


class Offer(NamedTuple):
    """A value that a copy has for a placeholder. sure: not a name beside which a stray word may stand."""

    value: str
    evidence: Evidence
    sure: bool


Node = tuple[int, int]
"""A placeholder: the numbers of its copy and of its mark."""


def collate(copies: Iterable[Copy], pairs: Iterable[Pair]) -> dict[str, Collated]:
    """What the copies of each text say about it; texts about which nothing is said are left out.

    copies: those of all clusters, in any order. pairs: as `pipeline.duplicates.find` made them of the same texts; of a large
    group of equal texts each is paired with one alone, so values are handed on from copy to copy.
    """
    ordered = sorted(copies, key=lambda copy: copy.id)
    numbers = {copy.id: number for number, copy in enumerate(ordered)}
    seen = _Seen()
    row = lru_cache(maxsize=ROWS)(lambda number: compact(ordered[number].text, ordered[number].marks))
    between = (pair for pair in pairs if pair.relation in MERGING and pair.a in numbers and pair.b in numbers)
    for pair in chosen(between):
        _compare(pair, ordered, row, (numbers[pair.a], numbers[pair.b]), seen)
    shared = _shared(seen.offers, seen.links)
    made: dict[str, Collated] = {}
    for number, copy in enumerate(ordered):
        told = ((place, _finding(copy, mark, shared.get((number, place), ()))) for place, mark in enumerate(copy.marks))
        findings = {place: finding for place, finding in told if finding}
        gone = _agreed_losses(seen.lost.get(number, ()))
        if findings or gone:
            made[copy.id] = Collated(findings, gone)
    return made


def with_news(found: Found) -> set[str]:
    """The texts whose cluster holds texts that differ: equal ones have nothing to tell each other.

    >>> from pipeline.duplicates import find
    >>> said = "今年全县完成投资{}亿元，比上年增长百分之九，大家都很辛苦。下面我就抓好冬修水利、保障春耕生产讲三点意见。"
    >>> sorted(with_news(find([("a", said), ("b", said)])))
    []
    >>> sorted(with_news(find([("a", said), ("b", said), ("c", said.format(12))])))
    ['a', 'b', 'c']
    """
    differing = {
        found.clusters[pair.a].cluster for pair in found.pairs if pair.relation in MERGING and pair.relation != "exact"
    }
    return {text for text, member in found.clusters.items() if member.cluster in differing}


@dataclass(slots=True)
class _Seen:
    """What the pairs say: offers and losses of each copy, and which placeholders of two copies stand for each other."""

    offers: dict[Node, list[Offer]] = field(default_factory=lambda: defaultdict(list))
    links: list[tuple[Node, Node]] = field(default_factory=list)
    lost: dict[int, list[Lost]] = field(default_factory=lambda: defaultdict(list))


def chosen(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs to compare: of equal texts all, of others those that either side chooses (`WITNESSES`), in the order of ids.

    The most alike alone would be the copies made from one another, which have the same masks; so half are drawn evenly from
    the rest.
    """
    by_name = sorted(pairs, key=lambda pair: (pair.a, pair.b))
    taken = {number for number, pair in enumerate(by_name) if pair.relation == "exact"}
    partners: dict[str, list[int]] = defaultdict(list)
    for number, pair in enumerate(by_name):
        if number not in taken:
            partners[pair.a].append(number)
            partners[pair.b].append(number)
    for mine in partners.values():
        mine.sort(key=lambda number: (-by_name[number].jaccard, number))
        taken.update(_spread(mine))
    return [by_name[number] for number in sorted(taken)]


def _spread(ranked: Sequence[int]) -> Sequence[int]:
    """At most `WITNESSES` of these: half of them from the front, half at even steps from the rest.

    >>> _spread(range(8)), _spread(range(40))
    (range(0, 8), [0, 1, 2, 3, 4, 13, 22, 31])
    """
    if len(ranked) <= WITNESSES:
        return ranked
    front = WITNESSES // 2
    rest = ranked[front:]
    back = WITNESSES - front
    return [*ranked[:front], *(rest[number * len(rest) // back] for number in range(back))]


def _compare(pair: Pair, copies: Sequence[Copy], row: Callable[[int], Row], numbers: tuple[int, int], seen: _Seen) -> None:
    one, two = numbers
    a, b = copies[one], copies[two]
    if a.text == b.text:
        if a.marks == b.marks:
            seen.links += (((one, place), (two, place)) for place in range(len(a.marks)))
        return
    if _disagree(pair, a):
        return
    found = align(row(one), row(two), pair.spans)
    linked = found.linked()
    seen.links += (((one, number), (two, other)) for number, other in linked.items())
    for here, there, way, masked in ((one, two, found, linked.keys()), (two, one, found.turned(), {*linked.values()})):
        for number, mark in enumerate(copies[here].marks):
            if number not in masked and not way.is_lost(number) and (offer := _offer(way, number, mark, copies[there])):
                seen.offers[here, number].append(offer)
        seen.lost[here] += lost_words(way, copies[there])


def _disagree(pair: Pair, copy: Copy) -> bool:
    """Whether two copies have so many different figures that they tell of different occasions."""
    if not pair.conflicts:
        return False
    return len(pair.conflicts) > DISAGREE * len(re.findall("[0-9]+", copy.text))


def _offer(way: Alignment, number: int, mark: Mark, other: Copy) -> Offer | None:
    """What the other copy has in clear where this one has a placeholder, if the surroundings prove it."""
    place = way.a.places[number]
    end = place + (mark.end > mark.start)
    least = AGREE_FIGURE if _is_figure(mark) else AGREE
    if way.agreement(place - CONTEXT, place) < least or way.agreement(end, end + CONTEXT) < least:
        return None
    left = next((at for at in range(place - 1, max(place - 2 - REACH, -1), -1) if way.to[at] >= 0), None)
    right = next((at for at in range(end, min(end + REACH + 1, len(way.to))) if way.to[at] >= 0), None)
    if left is None or right is None:
        return None
    low, high = way.to[left] + 1, way.to[right]
    if not 0 < high - low <= LONGEST or HOLDER in way.b.tokens[low:high] or any(low <= at <= high for at in way.b.holes):
        return None
    close = left == place - 1, right == end
    words = other.text[way.b.starts[low] : way.b.starts[high]]
    as_figure = _is_figure(mark) or (mark.kind == "mask" and mark.type != "person" and any(map(str.isdigit, words)))
    span = _figure_span(words, mark, close) if as_figure else None
    if span is None and not _is_figure(mark):
        span = _word_span(way, words, mark, (left, right), close)
    if span is None:
        return None
    first = way.b.starts[low] + span[0]
    value = words[span[0] : span[1]]
    unit = way.a.tokens[end]
    behind = other.text[first + len(value) : first + len(value) + 1]
    if as_figure and len(value) > 1 and (value[-1] == unit or (value[-1] in "万亿" and behind == "元")):
        value = value[:-1]  # 12万 for xx of xx万元, where one of the units was edited
    sure = is_figure(value) or value == mark.suggestion or not _edited(way) or likely(value, mark.type, mark.surface)
    return Offer(value, Evidence(other.id, (first, first + len(value))), sure or _recurs(value, other.text))


def _recurs(value: str, text: str) -> bool:
    """Whether a value stands in a text more than once, with different neighbours on both sides: then it is a name by itself."""
    places = [match.start() for match in re.finditer(re.escape(value), text)]
    before, behind = ({text[at + step : at + step + 1] for at in places} for step in (-1, len(value)))
    return len(before) > 1 and len(behind) > 1


def _is_figure(mark: Mark) -> bool:
    return mark.kind != "elision" and mark.type in NUMERIC


def _figure_span(words: str, mark: Mark, close: tuple[bool, bool]) -> tuple[int, int] | None:
    type_ = mark.type if mark.type in NUMERIC else "other"  # an edited unit can make a figure's mask look like a name's
    return figure(words, type_, mark.surface, left=close[0], right=close[1])


def _word_span(
    way: Alignment, words: str, mark: Mark, near: tuple[int, int], close: tuple[bool, bool]
) -> tuple[int, int] | None:
    """All of the words, where both neighbours are the placeholder's own and go on, and the words can be a value.

    A word of a name's commonest form needs less: one token less that goes on, and on its left nothing in the other copy instead
    of the neighbour. On its right a unit or title would stand there.
    """
    runs = way.run(near[0], -1), way.run(near[1], 1)
    usual = mark.kind == "mask" and likely(words, mark.type, mark.surface) and not has_particle(words)
    if not (all(close) or (usual and close[1])) or min(runs) < 1 or sum(runs) < RUNS - usual:
        return None
    if mark.kind == "corruption":
        return (0, len(words)) if words != mark.surface and "\n" not in words else None
    if mark.kind == "elision" and mark.type in NUMERIC | {"percent"} and not has_numeral(words):
        return None
    behind = way.a.tokens[near[1] : near[1] + 2]
    if not is_word(words) or words.endswith(behind[:1]) or behind in words or (_edited(way) and has_particle(words)):
        return None
    return 0, len(words)


def _edited(way: Alignment) -> bool:
    return way.edits > FEW + EDITED * len(way.a.tokens)


def _shared(offers: Mapping[Node, list[Offer]], links: Sequence[tuple[Node, Node]]) -> dict[Node, tuple[Offer, ...]]:
    """The offers for each placeholder, with those for the placeholders that stand for it in other copies."""
    nodes = sorted({*offers, *(node for link in links for node in link)})
    places = {node: number for number, node in enumerate(nodes)}
    groups = components([*((places[one], places[two]) for one, two in links), *((n, n) for n in range(len(nodes)))])
    shared: dict[Node, tuple[Offer, ...]] = {}
    for group in groups:
        mine = tuple(sorted({offer for number in group for offer in offers.get(nodes[number], ())}))
        shared.update((nodes[number], mine) for number in group if mine)
    return shared


def _finding(copy: Copy, mark: Mark, offers: Iterable[Offer]) -> Finding | None:
    """What the offers come to: one value, or a conflict. An unsure value counts only where two copies have it."""
    values: list[list[Offer]] = []
    for offer in offers:
        if offer.evidence.speech == copy.id or not _fits(copy, mark, offer.value):
            continue
        group = next((group for group in values if same(group[0].value, offer.value)), None)
        if group is None:
            values.append(group := [])
        group.append(offer)
    certain = [group for group in values if any(one.sure for one in group) or (mark.type != "person" and _seconded(group))]
    conflicts = [Conflict(group[0].value, group[0].evidence) for group in certain]
    if mark.suggestion is not None and not all(same(mark.suggestion, one.value) for one in conflicts):
        conflicts.append(Conflict(mark.suggestion, None))
    if not certain:
        return None
    if len(conflicts) > 1:
        return Finding(None, None, tuple(conflicts))
    return Finding(conflicts[0].value, conflicts[0].evidence)


def _seconded(group: Sequence[Offer]) -> bool:
    return len({one.evidence.speech for one in group}) > 1


def _fits(copy: Copy, mark: Mark, value: str) -> bool:
    """Whether a value, which may have come by way of another copy, can stand in this copy's place."""
    if _is_figure(mark):
        return _figure_span(value, mark, (True, True)) is not None
    beside = copy.text[max(0, mark.start - 2) : mark.start], copy.text[mark.end : mark.end + 2]
    return not any(len(one) == 2 and one in value for one in beside)


def _agreed_losses(found: Iterable[Lost]) -> tuple[Lost, ...]:
    """The losses in the order of the text; where copies have different words for one place, none."""
    by_place: dict[int, list[Lost]] = defaultdict(list)
    for one in found:
        by_place[one.place].append(one)
    return tuple(
        min(group, key=lambda one: one.evidence)
        for _, group in sorted(by_place.items())
        if len({(one.words, one.tail) for one in group}) == 1
    )
