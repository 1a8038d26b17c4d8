"""Picks for each of many literals the three neighbouring characters by which it is found.

Hundreds of broken formulas (``三个重要思想`` without 代表) are sought and a speech holds few of them. Each is known by its
*anchor*, a run of three of its characters that is as rare as can be; where the anchor stands the whole literal is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod

COMMON = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得"
    "经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社"
    "义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已"
    "通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指"
    "几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共"
)
"""The commonest characters of written Chinese, in about the order of their frequency: only speed depends on it."""
_RANK = {character: number for number, character in enumerate(COMMON)} | dict.fromkeys("，。、“”", 20)
_RARE = 900


def anchors(literals: Sequence[str]) -> dict[str, tuple[tuple[int, int], ...]]:
    """The anchors of literals of three characters or more: each with the numbers of its literals and its place in them.

    The anchors begin with few different characters, so that a search has few to look for.

    >>> anchors(["人民公社", "同富裕", "办公社"])
    {'民公社': ((0, 1),), '同富裕': ((1, 0),), '办公社': ((2, 0),)}
    """
    first = _cover(literals)
    counts = Counter(triple for literal in literals for _, triple in _triples(literal))
    found: dict[str, list[tuple[int, int]]] = {}
    for number, literal in enumerate(literals):
        able = ((counts[triple] * prod(map(_cost, triple)), at) for at, triple in _triples(literal) if triple[0] in first)
        place = min(able)[1]
        found.setdefault(literal[place : place + 3], []).append((number, place))
    return {triple: tuple(own) for triple, own in found.items()}


def _triples(literal: str) -> Iterator[tuple[int, str]]:
    """The places and runs of three neighbouring characters."""
    return ((place, literal[place : place + 3]) for place in range(len(literal) - 2))


def _cost(character: str) -> float:
    """About how often a character stands in a text, on a scale of its own."""
    return 1 / (_RANK.get(character, _RARE) + 8)


def _cover(literals: Sequence[str]) -> set[str]:
    """Few and rare characters of which every literal has one that begins a run of three: the greedy cover."""
    left = {literal[:-2] for literal in literals}
    chosen: set[str] = set()
    while left:
        counts: dict[str, int] = {}
        for literal in sorted(left):
            for character in dict.fromkeys(literal):
                counts[character] = counts.get(character, 0) + 1
        best = max(counts, key=lambda character: (counts[character] / _cost(character), character))
        chosen.add(best)
        left = {literal for literal in left if best not in literal}
    return chosen
