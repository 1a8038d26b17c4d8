"""What each line of a page looks like by itself: the states that it may have, their scores and the rules that gave them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from pipeline.patterns import compiled
from pipeline.stages._evidence import Evidence, titled
from pipeline.stages._lines import Line
from pipeline.stages._neighbours import weigh_neighbours
from pipeline.stages._plan import FURNITURE, Hit, Voice
from pipeline.stages._regions import limit_page_titles, weigh_places


def score_lines(
    view: str, lines: list[Line], hits: Sequence[Sequence[Hit]], voices: Sequence[Voice], settings: Mapping[str, Any]
) -> Evidence:
    """Every line's score for every state that something speaks for.

    Rules speak first; then the line's form (size, end), its likeness to other lines and its place among marked titles.
    hits: what the rules found in each line. settings: the table ``score`` of the labels' settings.
    """
    evidence = Evidence(lines, view)
    _by_rules(evidence, hits, voices, settings)
    _by_form(evidence, settings)
    weigh_neighbours(evidence, settings)
    weigh_places(evidence, settings)
    _by_continuation(evidence, settings)
    limit_page_titles(evidence)
    return evidence


def _by_rules(evidence: Evidence, hits: Sequence[Sequence[Hit]], voices: Sequence[Voice], settings: Mapping[str, Any]) -> None:
    for number, found in enumerate(hits):
        line = evidence.lines[number]
        for index, place, _ in found:
            if index >= len(voices):
                break
            rule, name, states, score = voices[index]
            furniture = states[0] in FURNITURE
            glued = furniture and place > 6 and _behind_sentence(evidence.view, line.left, line.left + place)
            early = furniture and line.size >= settings["long"] and place < line.size - settings["long_tail"]
            if early or (glued and not states[0] == rule.group == "intro"):
                score *= settings["late"]
            for state in states:
                if score > 0 or state in evidence.rules[number]:
                    evidence.add(number, state, score, name)
            if glued and score > 0 and "body" not in evidence.scores[number]:
                evidence.scores[number]["body"] = settings["glued"]


def _behind_sentence(view: str, left: int, place: int) -> bool:
    """Whether a whole sentence stands in a line before a place."""
    return any(view.find(stop, left, place) >= 0 for stop in "。!?")


def _by_form(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """What the size and the end of each line say."""
    steps = settings["body_steps"]
    sizes = list(accumulate((step for step, _ in steps), max))
    bodies = [list(accumulate((more for _, more in steps), initial=first)) for first in (0.0, settings["body_closed"])]
    loose_size = settings["loose_size"]
    for number, ((_, _, left, right), closed, scores) in enumerate(
        zip(evidence.lines, evidence.closed, evidence.scores, strict=True)
    ):
        size = right - left
        if not size:
            evidence.add(number, "mark", 9.0, "labels/blank")
            continue
        scores["body"] = scores.get("body", 0.0) + bodies[closed][bisect_right(sizes, size)]
        loose = size <= loose_size
        if loose or "mark" in scores:
            sentence = closed and size >= settings["sentence_size"] and _ends_sentence(evidence, number)
            if sentence and "mark" in scores:
                scores["mark"] *= settings["sentence"]
            if loose:
                _loose(evidence, number, sentence, settings)


def _loose(evidence: Evidence, number: int, sentence: bool, settings: Mapping[str, Any]) -> None:
    """A short line may be furniture by its neighbours alone, or a title; a sentence hardly."""
    scores, inner, closed = evidence.scores[number], evidence.inner(number), evidence.closed[number]
    if "list" not in scores:
        kind = "loose_closed" if closed or inner else "loose_open"
        if sentence:
            named = _NAMED.match(evidence.view, evidence.lines[number].left)
            kind = "named_in_list" if named else "sentence_in_list"
        scores["list"] = settings[kind]
    if evidence.rules[number].get("speech_title", (9.0, ""))[0] < 5.0:
        scores["list"] += settings["listed"]
    if closed:
        return
    if number or not inner:
        guess = settings["token"] if evidence.lines[number].size <= settings["token_size"] else settings["loose_intro"]
        scores["intro"] = scores.get("intro", 0.0) + guess * (2 if inner else 1)
    if "speech_title" not in scores and not inner:
        scores["speech_title"] = settings["untitled"]


def _ends_sentence(evidence: Evidence, number: int) -> bool:
    line = evidence.lines[number]
    return _AS_SENTENCE.search(evidence.view, max(line.left, line.right - 2), line.right) is not None


_NAMING, _NAMES_LEAST = "是叫为", 8
"""Ends of a line that names what stands in the next one, and the code points that it has at least."""
_NAMED = compiled(r"[^\n。!?,;:、(]{2,14}:")
_AS_SENTENCE = compiled(r"[。!?][”’)]?$")


def _by_continuation(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """A line whose predecessor breaks off in the middle of a sentence begins nothing, nor one that it names (…，题目是)."""
    limit = settings["wrap_limit"]
    for number, ((_, _, left, right), over) in enumerate(zip(evidence.lines[:-1], evidence.closed, strict=False), 1):
        size = right - left
        if over or size > limit or (size < 20 and (size < _NAMES_LEAST or evidence.view[right - 1] not in _NAMING)):
            continue
        if titled(evidence.scores[number - 1]):
            continue
        if evidence.view[evidence.lines[number].left : evidence.lines[number].left + 1] in ("[", "(", "【", "*", "<"):
            continue
        scores, line = evidence.scores[number], evidence.lines[number]
        if evidence.rule(number, "speech_title") == "labels/title-number" and not evidence.view[line.left].isdigit():
            continue
        for state in ("speech_title", "salutation", "heading", "closing", "page_title", "list"):
            if state in scores and scores[state] < 5.0:
                scores[state] += settings["continued"]
