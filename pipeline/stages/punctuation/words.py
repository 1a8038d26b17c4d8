"""Dots and stops that were thrown into a word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation.draft import Draft

LONGEST = 5
"""Hanzi on either side of a dot that are looked at."""


def injected(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Remove a dot between two halves of a word of the set ``words``."""
    index = _index(rules)
    text = draft.text
    for dot in index.dots:
        for match in dot.finditer(text):
            at = match.start()
            if text[at - 1] + text[at + 1] in index.seams and rule.regex.match(text, at) and _splits(text, at, index):
                draft.edit(at, at + 1, "", rule.name)


class _Index(NamedTuple):
    """The words; every pair of neighbours in them (seams); what sentences and words (heads) begin with; dots in seams."""

    known: frozenset[str]
    seams: frozenset[str]
    openers: frozenset[str]
    heads: frozenset[str]
    dots: tuple[re.Pattern[str], ...]


def _index(rules: StageRules) -> _Index:
    if "words" not in rules.derived:
        known = frozenset(rules.sets.get("words", ()))
        seams = frozenset(word[i : i + 2] for word in known for i in range(len(word) - 1))
        openers = frozenset(rules.sets.get("openers", ()))
        left, right = ("".join(sorted({seam[side] for seam in seams})) for side in (0, 1))
        dots = tuple(re.compile(f"{dot}(?<=[{left}].)(?=[{right}])") for dot in ("\\.", "．", "。") if seams)
        rules.derived["words"] = _Index(known, seams, openers, frozenset(word[0] for word in known), dots)
    built: _Index = rules.derived["words"]
    return built


def _splits(text: str, at: int, index: _Index) -> bool:
    """Whether a word is split at ``at``, and nothing speaks for two words or two sentences.

    Where the left half ends with a word of its own, or the right half begins with one, only a dot inside a longer word can be
    wrong. Where the right half can begin a word or a sentence, a word of two hanzi proves nothing.
    """
    left, right = text[max(0, at - LONGEST) : at], text[at + 1 : at + 1 + LONGEST]
    whole_words = left[-2:] in index.known or right[:2] in index.known
    opens = right[:1] in index.openers or right[:2] in index.openers
    if text[at] == "。":
        if whole_words or opens:
            return False
        return _longest(left, right, index.known) >= (3 if right[:1] in index.heads else 2)
    return _longest(left, right, index.known) >= (4 if whole_words or opens else 2)


def _longest(left: str, right: str, known: frozenset[str]) -> int:
    """Length of the longest known word that has its seam between left and right."""
    found = (i + k for i in range(1, len(left) + 1) for k in range(1, len(right) + 1) if left[-i:] + right[:k] in known)
    return max(found, default=0)
