"""What is known of a text before the rules look at it: which characters it has, and where."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.stages.punctuation.plan import COMMON, Place, Step

_RARE = re.compile(f"[^㐀-鿿{''.join(sorted(COMMON))}]")
"""All but hanzi and the commonest characters: one scan finds every place at which most rules may begin."""

MANY = 150
"""Places of one character from which on a search of the whole text is faster than a look at each."""


class Seen:
    """Answers about one text that many rules ask for, each found once. rare: the places of its rarer characters."""

    __slots__ = ("_gates", "_places", "_present", "_text", "rare")

    def __init__(self, text: str) -> None:
        self._text = text
        self._present: dict[str, bool] = {}
        self._gates: dict[str, bool] = {}
        self._places: dict[str, list[int]] = {}
        self.rare: dict[str, list[int]] = {}
        rare = self.rare
        for match in _RARE.finditer(text):
            char = match[0]
            if char in rare:
                rare[char].append(match.start())
            else:
                rare[char] = [match.start()]

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
        text, lead = self._text, place.lead
        if place.rare:
            places = self.rare.get(lead, [])
            if not places or place.plain:
                return places
            if len(places) <= MANY:
                matches = place.pattern.match
                return [at for at in places if matches(text, at)]
        elif place.bare and not any(map(place.pattern.match, self.rare)):
            return []
        return [match.start() for match in place.pattern.finditer(text)]
