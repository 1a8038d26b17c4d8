"""What is known of a text before the rules look at it: which characters it has, and where."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.stages.punctuation.plan import Place, Step

COMMON = frozenset("，。、“”\n")
_RARE = re.compile("[^㐀-鿿，。、“”\n]")
"""All but hanzi and the commonest marks: one scan finds every place at which most rules may begin."""


MANY = 150
"""Places of one character from which on a search of the whole text is faster than a look at each."""


class Seen:
    """Answers about one text that many rules ask for, each found once."""

    __slots__ = ("_gates", "_places", "_present", "_rare", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._present: dict[str, bool] = {}
        self._gates: dict[str, bool] = {}
        self._places: dict[str, list[int]] = {}
        self._rare: dict[str, list[int]] = {}
        rare = self._rare
        for match in _RARE.finditer(text):
            char = match[0]
            if char in rare:
                rare[char].append(match.start())
            else:
                rare[char] = [match.start()]

    def has(self, word: str) -> bool:
        """Whether the word is in the text; a text that lacks one of its characters is not searched."""
        if word not in self._present:
            known = all(char in COMMON or char in self._rare or "㐀" <= char <= "鿿" for char in word)
            self._present[word] = known and word in self._text
        return self._present[word]

    def may_match(self, step: Step) -> bool:
        """False only where the rule cannot match in this text."""
        needs = step.rule.needs
        if needs and not any(map(self.has, needs)):
            return False
        if step.gate is None:
            return not step.at or any(map(self._at, step.at))
        gate = step.gate.pattern
        if gate not in self._gates:
            self._gates[gate] = step.gate.search(self._text) is not None
        return self._gates[gate]

    def places(self, at: Sequence[Place]) -> list[int]:
        """Where a rule's pattern is to be tried, in the order of the text."""
        found = [places for places in map(self._at, at) if places]
        if len(found) == 1:
            return found[0]
        return sorted({place for places in found for place in places})

    def _at(self, place: Place) -> list[int]:
        source = place.pattern.pattern
        if source not in self._places:
            self._places[source] = self._find(place)
        return self._places[source]

    def _find(self, place: Place) -> list[int]:
        text, lead = self._text, place.lead
        if not lead or lead in COMMON or "㐀" <= lead <= "鿿":
            return [match.start() for match in place.pattern.finditer(text)] if self._may_hold(place) else []
        places = self._rare.get(lead, [])
        if not places or place.plain:
            return places
        if len(places) > MANY:
            return [match.start() for match in place.pattern.finditer(text)]
        matches = place.pattern.match
        return [at for at in places if matches(text, at)]

    def _may_hold(self, place: Place) -> bool:
        """Whether a text with these characters can hold the place; only a bare class of characters is looked at closer."""
        return not place.bare or any(map(place.pattern.match, self._rare))
