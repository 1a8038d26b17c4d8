"""What is known of a text before the rules look at it: which characters it has, and where."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, pairwise

from pipeline.codes import BEYOND, PIECE, codes_of
from pipeline.patterns import SPARSE
from pipeline.stages.punctuation.plan import COMMON, MARKS, ODD, Place, Step

_RARE = re.compile(f"[^㐀-鿿{''.join(sorted(COMMON))}]")
"""All but hanzi and the commonest characters: one scan finds every place at which most rules may begin."""

LONG, VERY_LONG = 10_000, 100_000
"""Code points from which on a text is worth numpy where that is imported already, and where it is not: the import takes as
long as a look at 10 MB.
"""


Places = dict[str, list[int]]


class Seen:
    """Answers about one text, which ends with a line feed, that many rules ask for, each found once.

    rare: the places of its rarer characters. odd: the places of all its marks that are odd in the sense of `ODD`.
    """

    __slots__ = ("_gates", "_places", "_present", "_text", "odd", "rare")

    def __init__(self, text: str) -> None:
        self._text = text
        self._present: dict[str, bool] = {}
        self._gates: dict[str, bool] = {}
        self._places: Places = {}
        worth = len(text) >= (LONG if "numpy" in sys.modules else VERY_LONG)
        self.rare, self.odd = counted(text) if worth else searched(text)

    def has(self, word: str) -> bool:
        """Whether the word is in the text; a text that lacks one of its characters is not searched."""
        if word not in self._present:
            known = all(char in COMMON or char in self.rare or "㐀" <= char <= "鿿" for char in word)
            self._present[word] = known and word in self._text
        return self._present[word]

    def may_match(self, step: Step) -> bool:
        """False only where the rule cannot match in this text."""
        if step.leads is not None and step.leads.isdisjoint(self.rare):
            return False
        for word in step.rule.needs:
            if self.has(word):
                break
        else:
            if step.rule.needs:
                return False
        if step.gate is not None:
            return self._gate(step.gate)
        return not step.at or any(map(self._at, step.at))

    def places(self, at: Sequence[Place]) -> list[int]:
        """Where a rule's pattern is to be tried, in the order of the text."""
        found = [places for places in map(self._at, at) if places]
        if len(found) == 1:
            return found[0]
        return sorted({place for places in found for place in places})

    def _gate(self, gate: re.Pattern[str]) -> bool:
        if gate.pattern not in self._gates:
            self._gates[gate.pattern] = gate.search(self._text) is not None
        return self._gates[gate.pattern]

    def _at(self, place: Place) -> list[int]:
        source = place.source
        if source not in self._places:
            self._places[source] = self._find(place)
        return self._places[source]

    def _find(self, place: Place) -> list[int]:
        text = self._text
        if place.odd or place.rare:
            known = self.odd if place.odd else self.rare
            found = [known[lead] for lead in place.leads if lead in known]
            places = found[0] if len(found) == 1 else sorted(chain.from_iterable(found))
            if not places or place.plain:
                return places
            if place.odd or len(place.leads) > 1 or len(places) * SPARSE <= len(text):
                matches = place.pattern.match
                return [at for at in places if matches(text, at)]
        elif place.bare and not any(map(place.pattern.match, self.rare)):
            return []
        return [match.start() for match in place.pattern.finditer(text)]


def searched(text: str) -> tuple[Places, Places]:
    """What `Seen` has as rare and odd, found by searches.

    >>> searched("甲，乙，；\\n")
    ({'；': [4]}, {'，': [3]})
    """
    rare: Places = {}
    for match in _RARE.finditer(text):
        rare.setdefault(match[0], []).append(match.start())
    odd = {char: [at for at in places if not _is_plain(text[at + 1])] for char, places in rare.items()}
    for mark in MARKS:
        if mark in text:
            odd[mark] = [match.start() for match in _odd(mark).finditer(text) if match.end() < len(text)]
    return rare, {char: places for char, places in odd.items() if places}


def _is_plain(char: str) -> bool:
    """Whether a mark before the character is not odd."""
    return "㐀" <= char <= "鿿" or char in "“”\n"


@lru_cache(maxsize=len(MARKS))
def _odd(mark: str) -> re.Pattern[str]:
    return re.compile(re.escape(mark) + ODD)


def counted(text: str) -> tuple[Places, Places]:
    """The same as `searched`, found three times as fast in a long text: every character is looked up in one table.

    >>> text = "甲，乙，；\\n"
    >>> counted(text) == searched(text)
    True
    """
    return _counter()(text)


_PLAIN, _MARK, _LOUD = 1, 2, 4
"""Kinds of characters: what makes a mark before it not odd, common marks, rare characters."""


@lru_cache(maxsize=1)
def _counter() -> Callable[[str], tuple[Places, Places]]:
    import numpy as np  # here, since it takes longer to import than the whole package
    from numpy.typing import NDArray

    kinds = np.full(sys.maxunicode + 1, _LOUD, dtype=np.uint8)
    kinds[ord("㐀") : ord("鿿") + 1] = _PLAIN
    for char in COMMON:
        kinds[ord(char)] = _MARK * (char in MARKS) + _PLAIN * (char in "“”\n")

    def count(text: str) -> tuple[Places, Places]:
        rare, odd = [], []
        for start in range(0, len(text) - 1, PIECE):
            codes = codes_of(text[start : start + PIECE + 1])  # one more, for what stands behind the last
            kind = kinds.take(codes)
            at = np.flatnonzero(kind[:-1] == _LOUD)
            rare.append((at + start, codes[at]))
            at = np.flatnonzero((kind[:-1] & (_MARK | _LOUD) != 0) & (kind[1:] & _PLAIN == 0))
            odd.append((at + start, codes[at]))
        return grouped(rare), grouped(odd)

    def grouped(pieces: list[tuple[NDArray[np.intp], NDArray[np.uint32]]]) -> Places:
        at, codes = (np.concatenate([piece[part] for piece in pieces]) for part in (0, 1))
        basic = codes.max(initial=0) <= BEYOND
        order = np.argsort(codes.astype(np.uint16) if basic else codes, kind="stable")  # of 16 bits it sorts in linear time
        codes = codes[order]
        bounds = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
        places = at[order].tolist()
        return {chr(codes[start]): places[start:end] for start, end in pairwise(bounds) if start < end}

    return count
