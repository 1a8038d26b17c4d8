"""Dots and stops that were thrown into a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pipeline.patterns import compiled
from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation.draft import Draft

_ADVERBS = frozenset("还也都就是能会可不")
"""What stands behind a subject of one hanzi."""

LONGEST = 5
"""Hanzi on either side of a dot that are looked at."""


def injected(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Remove a dot between two halves of a word of the set ``words``."""
    index = _index(rules)
    text = draft.text
    stops: dict[int, list[int]] = {}
    for sign, dot in index.dots.items():
        for match in dot.finditer(text) if sign in text else ():
            at = match.start()
            if text[at - 1] + text[at + 1] in index.seams and rule.regex.match(text, at) and _splits(text, at, index, stops):
                draft.edit(at, at + 1, "", rule.name)


_FREE = (
    "(?<![的地得和与及把被从向将并或在])(?<!不断|更加|为了|切实|大力|必须|非常|由于|随着|因为|但是|而且|如果|应当|能够|正在)"
    "(?<!各[项级类种])(?<!某[些种项])(?<!一系列|越来越|进一步)"
)
"""Not behind a word that cannot end a sentence."""
_STOP = compiled(rf"(?<![.．…]){_FREE}[.．](?![.．0-9A-Za-z])")
_INNER_STOP = compiled(rf"(?<=[㐀-鿿]){_FREE}[.．](?=[㐀-鿿])")


def behind(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Remove a dot behind a word that cannot end a sentence, but not from a line that has dots for its stops.

    Such a line has no Chinese stop, and another dot inside it or two other dots that may be stops, or 是 … 的 before the dot.
    """
    text, end = draft.text, -1
    for at in places:
        if not rule.regex.match(text, at):
            continue
        if at >= end:
            start, end = text.rindex("\n", 0, at) + 1, text.index("\n", at)
            line = text[start:end]
            stopped = "。" in line
            dotted = not stopped and _dotted(line)
        if stopped or not (dotted or _ends(text[max(start, at - _FAR) : at], text[at + 1 : at + 1 + LONGEST])):
            draft.edit(at, at + 1, "", rule.name)


def _dotted(line: str) -> bool:
    """Whether a line has dots that may be its stops, besides one that cannot."""
    return len(_STOP.findall(line)) > 1 or _INNER_STOP.search(line) is not None


_FAR = 32
"""Code points that `_PREDICATE` takes at most."""
_PREDICATE = compiled("是[^，。；！？,;.．]{1,30}的$")
_CLAUSE = compiled("[㐀-鿿]{5}")


def _ends(left: str, right: str) -> bool:
    """Whether 是 … 的 stands before the dot, which may well end a sentence, and more than a noun behind it."""
    return _PREDICATE.search(left) is not None and _CLAUSE.match(right) is not None


class _Index(NamedTuple):
    """The words; every pair of neighbours in them (seams); what sentences begin with (openers), and what hardly any word
    begins with (bound); dots in seams.
    """

    known: frozenset[str]
    seams: frozenset[str]
    openers: frozenset[str]
    bound: frozenset[str]
    dots: Mapping[str, re.Pattern[str]]


def _index(rules: StageRules) -> _Index:
    if "words" not in rules.derived:
        known = frozenset(rules.sets.get("words", ()))
        seams = frozenset(seam for word in known for seam in _seams(word))
        openers = frozenset(rules.sets.get("openers", ()))
        bound = frozenset(rules.sets.get("bound", ()))
        longer = {seam for word in known if len(word) > 2 or word[-1] in bound for seam in _seams(word)}
        stops = {seam for seam in longer if seam[1] not in openers}
        dots = {dot: _between(dot, pairs) for dot, pairs in ((".", seams), ("．", seams), ("。", stops)) if pairs}
        rules.derived["words"] = _Index(known, seams, openers, bound, dots)
    built: _Index = rules.derived["words"]
    return built


def _seams(word: str) -> list[str]:
    return [word[i : i + 2] for i in range(len(word) - 1)]


def _between(dot: str, seams: Iterable[str]) -> re.Pattern[str]:
    """A dot between two characters that stand beside each other in a word."""
    left, right = ("".join(sorted({seam[side] for seam in seams})) for side in (0, 1))
    return re.compile(f"{re.escape(dot)}(?=[{right}])(?<=[{left}].)")  # re finds the dot three times as fast as regex


def _splits(text: str, at: int, index: _Index, stops: dict[int, list[int]]) -> bool:
    """Whether a word is split at ``at``, and nothing speaks for two words or two sentences.

    Where the left half ends with a word of its own, or the right half begins with one, only a dot inside a longer word can be
    wrong. Where the right half can begin a sentence, a word of two hanzi proves nothing; around a stop it proves something
    only where hardly any word begins with the right half.
    """
    left, right = text[max(0, at - LONGEST) : at], text[at + 1 : at + 1 + LONGEST]
    whole_words = left[-2:] in index.known or right[:2] in index.known
    opens = right[:1] in index.openers or right[:2] in index.openers
    if text[at] == "。":
        if whole_words or opens or right[1:2] in _ADVERBS:
            return False
        return _longest(left, right, index.known) >= (2 if right[:1] in index.bound else 3)
    longest = _longest(left, right, index.known)
    return longest >= (4 if whole_words or opens else 2) and (longest > 2 or not _among_stops(text, at, index, stops))


def _among_stops(text: str, at: int, index: _Index, stops: dict[int, list[int]]) -> bool:
    """Whether the line has dots for its stops: one of them stands inside it, and in no word. stops: of the lines so far."""
    start = text.rindex("\n", 0, at) + 1
    if start not in stops:
        end = text.index("\n", at)
        inner = (match.start() for match in _INNER_STOP.finditer(text, start, end)) if "。" not in text[start:end] else ()
        stops[start] = [dot for dot in inner if text[dot - 1] + text[dot + 1] not in index.seams][:2]
    return any(dot != at for dot in stops[start])


def _longest(left: str, right: str, known: frozenset[str]) -> int:
    """Length of the longest known word that has its seam between left and right."""
    found = (i + k for i in range(1, len(left) + 1) for k in range(1, len(right) + 1) if left[-i:] + right[:k] in known)
    return max(found, default=0)
