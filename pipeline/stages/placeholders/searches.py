"""Searches for hundreds of patterns at once: formulas with holes, marks, and look-alikes or types at a given place.

Every pattern is tried only where the characters of the text let it hope (see `pipeline.stages.placeholders.openings`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import regex

from pipeline.answers import Answers
from pipeline.errors import RulesError
from pipeline.patterns import compiled, matches_at
from pipeline.rulebook import Rule
from pipeline.stages._index import LiteralIndex
from pipeline.stages.placeholders.anchors import Anchors
from pipeline.stages.placeholders.openings import (
    Neighbours,
    alternatives,
    can_begin,
    can_follow,
    firsts,
    lead_of,
    literal_of,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One pattern of a rule. gives: for a formula, what it has lost; else None."""

    rule: Rule
    source: str
    gives: str | None = None


class Scan:
    """A mark's pattern, compiled at first use. needy: the id of its rule if that needs words, else empty."""

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.needy = mark.rule.id if mark.rule.needs else ""

    @cached_property
    def pattern(self) -> regex.Pattern[str]:
        """The compiled pattern. Raises RulesError naming the rule where it is none."""
        return compile_mark(self.mark)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula with a hole. edge: what the formula's own words would be where the hole is at its start or end."""

    mark: Mark
    literal: str
    hole: int
    edge: str = ""

    @property
    def anchor(self) -> int:
        """The place in the literal of the three characters at the hole: one before it and two behind, as far as there are."""
        return max(0, min(self.hole - 1, len(self.literal) - 3))

    def holds(self, text: str, start: int) -> bool:
        """Whether the formula that stands at ``start`` has its hole, and is not whole."""
        if self.hole == 0:
            return not text.endswith(self.edge, 0, start)
        return not (self.edge and text.startswith(self.edge, start + self.hole))


Hit = tuple[Mark, regex.Match[str]]


class Found(NamedTuple):
    """Formulas with their starts and marks with their matches, both in the order of the rules; numbers of words with theirs."""

    formulas: list[tuple[Formula, int]]
    marks: Iterable[Hit]
    words: list[tuple[int, int]]


class Searches:
    """Formulas and marks that are sought together, each tried only where the characters of the text let it hope.

    A formula is known by three characters at its hole, since these stand side by side nowhere else; a mark by those that its
    pattern can begin with and look back to, at its lead (see `lead_of`). words: of three and more characters, sought as well.
    """

    def __init__(self, formulas: Sequence[Formula], marks: Iterable[Mark], words: Iterable[str] = ()) -> None:
        self._formulas = tuple(formulas)
        sought = [(formula.literal, formula.anchor) for formula in self._formulas]
        self._anchors = Anchors([*sought, *((word, 0) for word in words)])
        self.marks = tuple(part for mark in marks for part in _parts(mark))
        self._scans = tuple(map(Scan, self.marks))
        self._leads = [lead_of(mark.source) for mark in self.marks]
        self._everywhere: list[int] = []
        self._begin: dict[str, list[int]] = {}
        for number, (mark, lead) in enumerate(zip(self.marks, self._leads, strict=True)):
            signs = firsts(mark.source)
            if signs is None:
                self._everywhere.append(number)
            for sign in literal_of(mark.source)[lead] if lead else signs or ():
                self._begin.setdefault(sign, []).append(number)
        sources = [mark.source for mark in self.marks]
        begins, follows = Answers(sources, self._begins, "leads"), Answers(sources, self._follows, "behind leads")
        self._neighbours = Neighbours(self._begin, begins.__getitem__, follows.__getitem__)

    def _begins(self, pair: str) -> tuple[int, ...]:
        """The marks whose lead can be the first of two characters with the other behind it, or a character alone."""
        return tuple(number for number in self._begin.get(pair[0], ()) if self._can_begin(number, pair))

    def _can_begin(self, number: int, pair: str) -> bool:
        source, lead = self.marks[number].source, self._leads[number]
        return can_begin(source, literal_of(source)[:lead] + pair)

    def _follows(self, pair: str) -> tuple[int, ...]:
        """The marks whose lead can be the second of two characters behind the first, or a character alone."""
        able = self._begin.get(pair[-1], ())
        return tuple(number for number in able if self._can_follow(number, pair))

    def _can_follow(self, number: int, pair: str) -> bool:
        source, lead = self.marks[number].source, self._leads[number]
        if lead:
            return literal_of(source)[lead - 1 : lead + 1] == pair
        return len(pair) == 1 or can_follow(source, pair[0], pair[1])

    def of(self, text: str, low: int = 0, high: int | None = None) -> Found:
        """What stands in text[low:high]."""
        part, known = text[low:high], len(self._formulas)
        hits = sorted((number, low + start) for number, start in self._anchors.places(part))
        border = bisect_left(hits, (known, 0))
        formulas = [(self._formulas[n], start) for n, start in hits[:border] if self._formulas[n].holds(text, start)]
        places: dict[int, list[int]] = {number: [] for number in self._everywhere}
        for place, numbers in self._neighbours.places(part):
            for number in numbers:
                start = low + place - self._leads[number]
                if start >= 0:
                    places.setdefault(number, []).append(start)
        return Found(formulas, self._match(text, places, low, high), [(n - known, start) for n, start in hits[border:]])

    def _match(self, text: str, places: Mapping[int, list[int]], low: int, high: int | None) -> Iterator[Hit]:
        for number in sorted(places):
            scan = self._scans[number]
            if not places[number]:
                if scan.mark.rule.params.get("more") or scan.mark.rule.might_match(text):
                    yield from ((scan.mark, match) for match in scan.pattern.finditer(text, low, high))
                continue
            yield from ((scan.mark, match) for match in matches_at(scan.pattern, text, places[number]))


_FEW = 6
_MOST = 10_000
"""Neighbourhoods that a choice remembers."""


class Choice:
    """Rules of which the first that matches at a place is wanted; only those are tried that the characters there let hope.

    Of a pattern that lets choose, only what may match is tried, or the whole where that is more than `_FEW`. split: False where
    no pattern lets choose.
    """

    def __init__(self, marks: Iterable[Mark], *, split: bool = True) -> None:
        self._wholes = tuple(map(Scan, marks))
        parts = [
            (whole, part)
            for whole, scan in enumerate(self._wholes)
            for part in (map(Scan, _parts(scan.mark)) if split else (scan,))
        ]
        self._scans = tuple(scan for _, scan in parts)
        self._whole_of = tuple(whole for whole, _ in parts)
        self._needy = tuple({scan.mark.rule.id: scan.mark.rule for scan in self._wholes if scan.mark.rule.needs}.values())
        self._needed = LiteralIndex([rule.needs for rule in self._needy])
        sources = [scan.mark.source for scan in self._scans]
        self._beginners, self._followers = Answers(sources, self._can_begin), Answers(sources, self._can_follow, "behind")
        self._able: dict[str, tuple[Scan, ...]] = {}

    def awake(self, text: str, starts: Sequence[int]) -> list[set[str]]:
        """For each piece of a text the ids of the rules that find a word which they need in it.

        starts: where each piece begins, ascending, the first at 0.
        """
        awake: list[set[str]] = [set() for _ in starts]
        for number, pieces in self._needed.places(text, starts).items():
            for piece in pieces:
                awake[piece].add(self._needy[number].id)
        return awake

    def match(self, text: str, place: int, awake: AbstractSet[str] | None = None) -> tuple[Rule, regex.Match[str]] | None:
        """The first rule that matches at a place, and its match. awake: of the rules that need words, those to be tried."""
        around = text[place - 1 : place + 2] if place else ""
        able = self._able.get(around)
        for scan in self._look(text, place, around) if able is None else able:
            if scan.needy and awake is not None and scan.needy not in awake:
                continue
            match = scan.pattern.match(text, place, None, False)  # as in `pipeline.patterns.matches_at`
            if match is not None:
                return scan.mark.rule, match
        return None

    def _look(self, text: str, place: int, around: str) -> tuple[Scan, ...]:
        """The scans to be tried at a place, and with the same character on each side the next time."""
        begin, follow = self._beginners[text[place : place + 2]], self._followers[text[max(place - 1, 0) : place + 1]]
        scans = tuple(self._hopeful(set(begin).intersection(follow)))
        if len(around) == 3:
            if len(self._able) > _MOST:
                self._able.clear()
            self._able[around] = scans
        return scans

    def _hopeful(self, able: Iterable[int]) -> Iterator[Scan]:
        for whole, parts in groupby(sorted(able), key=self._whole_of.__getitem__):
            some = [self._scans[number] for number in parts]
            yield from some if len(some) <= _FEW else (self._wholes[whole],)

    def _can_begin(self, pair: str) -> tuple[int, ...]:
        return tuple(number for number, scan in enumerate(self._scans) if can_begin(scan.mark.source, pair))

    def _can_follow(self, pair: str) -> tuple[int, ...]:
        return tuple(
            number
            for number, scan in enumerate(self._scans)
            if len(pair) == 1 or can_follow(scan.mark.source, pair[0], pair[1])
        )


def _parts(mark: Mark) -> list[Mark]:
    """A mark as one mark for each pattern that its own lets choose from."""
    return [Mark(mark.rule, source, mark.gives) for source in alternatives(mark.source)]


def compile_mark(mark: Mark) -> regex.Pattern[str]:
    """A mark's compiled pattern. Raises RulesError naming the rule where it is none."""
    try:
        return compiled(mark.source, regex.MULTILINE)
    except regex.error as error:
        problem = f"its pattern does not compile: {error}; mend the pattern"
        raise RulesError(f"{mark.rule.file}: rule {mark.rule.id!r}: {problem}") from None
