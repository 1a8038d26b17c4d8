"""What each line of a page looks like by itself: the states that it may have, their scores and the rules that gave them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import regex

from pipeline.stages._lines import Line, is_closed, letters
from pipeline.stages._plan import FURNITURE, Hit, Voice


class Evidence:
    """Scores of one page's lines, gathered rule by rule."""

    def __init__(self, lines: list[Line], view: str) -> None:
        self.lines = lines
        self.view = view
        self.scores: list[dict[str, float]] = [{} for _ in lines]
        self.rules: list[dict[str, tuple[float, str]]] = [{} for _ in lines]

    def add(self, number: int, state: str, score: float, rule: str) -> None:
        scores, rules = self.scores[number], self.rules[number]
        scores[state] = scores.get(state, 0.0) + score
        if state not in rules or rules[state][0] < score:
            rules[state] = (score, rule)


def score_lines(
    view: str, lines: list[Line], hits: Sequence[Sequence[Hit]], voices: Sequence[Voice], settings: Mapping[str, Any]
) -> Evidence:
    """Every line's score for every state that something speaks for.

    Rules speak first; then the line's form (size, end), its likeness to other lines and its place among marked titles.
    hits: what the rules found in each line. settings: the table ``score`` of the labels' settings.
    """
    evidence = Evidence(lines, view)
    _by_rules(evidence, hits, voices, settings)
    closed = [is_closed(view, line.left, line.right) for line in lines]
    _by_form(evidence, closed, settings)
    _by_preview(evidence, settings)
    _by_preamble(evidence, settings)
    _by_repetition(evidence, settings)
    _by_continuation(evidence, closed, settings)
    _limit_page_titles(evidence)
    return evidence


def _by_rules(evidence: Evidence, hits: Sequence[Sequence[Hit]], voices: Sequence[Voice], settings: Mapping[str, Any]) -> None:
    for number, found in enumerate(hits):
        left = evidence.lines[number].left
        for index, place, _ in found:
            if index >= len(voices):
                break
            rule, name, states, score = voices[index]
            glued = states[0] in FURNITURE and place > 6 and _behind_sentence(evidence.view, left, left + place)
            if glued and not states[0] == rule.group == "intro":
                score *= settings["late"]
            for state in states:
                if score > 0 or state in evidence.rules[number]:
                    evidence.add(number, state, score, name)
            if glued and "body" not in evidence.scores[number]:
                evidence.scores[number]["body"] = settings["glued"]


def _behind_sentence(view: str, left: int, place: int) -> bool:
    """Whether a whole sentence stands in a line before a place."""
    return any(view.find(stop, left, place) >= 0 for stop in "。!?")


def _by_form(evidence: Evidence, closed: list[bool], settings: Mapping[str, Any]) -> None:
    """What the size and the end of each line say."""
    for number, (line, scores) in enumerate(zip(evidence.lines, evidence.scores, strict=True)):
        size = line.right - line.left
        if not size:
            evidence.add(number, "mark", 9.0, "labels/blank")
            continue
        scores["body"] = scores.get("body", 0.0) + _body(size, closed[number], settings)
        loose = size <= settings["loose_size"]
        if loose or "mark" in scores:
            sentence = closed[number] and size >= settings["sentence_size"] and _ends_sentence(evidence, number)
            if sentence and "mark" in scores:
                scores["mark"] *= settings["sentence"]
            if loose:
                _loose(evidence, number, closed[number], sentence, settings)
    _by_neighbours(evidence, closed, settings)
    _by_first(evidence, closed, settings)


def _body(size: int, closed: bool, settings: Mapping[str, Any]) -> float:
    score = settings["body_closed"] if closed else 0.0
    for step, more in settings["body_steps"]:
        if size < step:
            break
        score += more
    return float(score)


def _loose(evidence: Evidence, number: int, closed: bool, sentence: bool, settings: Mapping[str, Any]) -> None:
    """A short line may be furniture by its neighbours alone, or a title; a sentence hardly."""
    scores, inner = evidence.scores[number], _in_sentence(evidence, number)
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


def _by_first(evidence: Evidence, closed: list[bool], settings: Mapping[str, Any]) -> None:
    """The page's first line is its title, or its only speech's if a salutation follows."""
    first = next((number for number, line in enumerate(evidence.lines) if line.size), None)
    if first is None or closed[first] or evidence.lines[first].size > settings["first_size"]:
        return
    if not _in_sentence(evidence, first):
        evidence.add(first, "page_title", settings["first_line"], "labels/first-line")
    elif first + 1 < len(evidence.lines) and evidence.scores[first + 1].get("salutation", 0.0) >= 3.0:
        evidence.add(first, "speech_title", settings["above_salutation"], "labels/above-salutation")


def _ends_sentence(evidence: Evidence, number: int) -> bool:
    line = evidence.lines[number]
    return _AS_SENTENCE.search(evidence.view, max(line.left, line.right - 2), line.right) is not None


def _in_sentence(evidence: Evidence, number: int) -> bool:
    """Whether a line has a sentence's punctuation inside, so that it is hardly a title."""
    line = evidence.lines[number]
    return _SENTENCE.search(evidence.view, line.left, line.right) is not None


def _by_neighbours(evidence: Evidence, closed: list[bool], settings: Mapping[str, Any]) -> None:
    """What the lines next to a short line say: numbers of speeches, names of speakers, headings without a number."""
    for number in range(1, len(evidence.lines) - 1):
        line, rules, below = evidence.lines[number], evidence.rules[number], evidence.scores[number + 1]
        if rules.get("speech_title", (0.0, ""))[1] == "labels/title-number":
            if _set_apart(evidence.rules[number + 1]):
                evidence.scores[number]["speech_title"] += settings["continued"]
            elif max(below.get("speech_title", 0.0), below.get("salutation", 0.0)) >= 1.5:
                evidence.add(number, "speech_title", settings["numbered"], "labels/title-number")
        if rules:
            continue
        if 2 <= line.size <= settings["name_size"] and below.get("salutation", 0.0) >= 3.0:
            evidence.add(number, "body", settings["name"], "")
        elif not closed[number] and _between_paragraphs(evidence, closed, number, settings["subheading_size"]):
            evidence.scores[number]["heading"] = evidence.scores[number].get("heading", 0.0) + settings["subheading"]


def _between_paragraphs(evidence: Evidence, closed: list[bool], number: int, limit: int) -> bool:
    """Whether a short line stands between two longer ones that are not furniture, the upper one closed."""
    lines = evidence.lines
    if not 3 <= lines[number].size <= limit <= lines[number + 1].size or _set_apart(evidence.rules[number + 1]):
        return False
    above = next((n for n in range(number - 1, max(-1, number - 4), -1) if evidence.scores[n].get("mark", 0.0) < 3.0), None)
    return above is not None and closed[above] and lines[above].size >= limit


def _by_repetition(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The page's title again, and lines that stand among the paragraphs again and again."""
    view = evidence.view
    texts = [view[left:right] if 2 <= right - left <= 90 else "" for _, _, left, right in evidence.lines]
    title = next((number for number in range(min(len(texts), 16)) if _is_title(evidence, number)), None)
    if title is not None and not _opens(evidence, title + 1):
        _prefer_page_title(evidence, title, settings["first_title"], "labels/first-title")
        key = _title_key(texts[title])
        for number in range(title + 1, min(len(texts), title + 12)) if len(key) >= 4 else ():
            text = texts[number]
            if key[0] in text and key[-1] in text and _title_key(text) == key:
                _prefer_page_title(evidence, number, settings["title_again"], "labels/title-again")
    counts = Counter(texts)
    often = {text for text, times in counts.items() if text and times >= settings["repeated_times"]}
    for number, text in enumerate(texts) if often else ():
        if text in often and text[-1] not in "。!?:;" and len(text) <= 30:
            scores = evidence.scores[number]
            if max(scores.get(state, 0.0) for state in ("speech_title", "salutation", "closing", "heading", "page_meta")) < 1.0:
                evidence.add(number, "mark", settings["repeated"], "labels/repeated")


def _is_title(evidence: Evidence, number: int) -> bool:
    """Whether a line looks like a title that has no number."""
    rules = evidence.rules[number]
    if max(evidence.scores[number].get("intro", 0.0), evidence.scores[number].get("mark", 0.0)) >= 3.0:
        return False
    return ("page_title" in rules and rules["page_title"][1] != "labels/first-line") or 1.5 <= rules.get(
        "speech_title", (0.0, "")
    )[0] < 5.0


def _opens(evidence: Evidence, number: int) -> bool:
    """Whether a line may begin a speech: it is no title, and nothing says that it is furniture or a meta line."""
    if number >= len(evidence.lines):
        return False
    if evidence.rules[number].get("body", (0.0, ""))[1] == "labels/speech-date-plain":
        return _opens(evidence, number + 1)
    if _set_apart(evidence.rules[number]) or evidence.rules[number].get("speech_title", (0.0, ""))[0] >= 1.5:
        return False
    line, scores = evidence.lines[number], evidence.scores[number]
    return (
        scores.get("salutation", 0.0) >= 3.0
        or "body" in evidence.rules[number]
        or line.size >= 30
        or is_closed(evidence.view, line.left, line.right)
    )


def _set_apart(rules: Mapping[str, tuple[float, str]]) -> bool:
    """Whether a rule says that a line is furniture, a meta line or the page's title."""
    return any(rules.get(state, (0.0, ""))[0] >= 3.0 for state in ("intro", "mark", "list", "page_meta", "page_title"))


def _prefer_page_title(evidence: Evidence, number: int, margin: float, rule: str) -> None:
    """Let page_title lead speech_title by a margin for one line."""
    own = evidence.scores[number]
    evidence.add(number, "page_title", max(0.0, own.get("speech_title", 0.0) + margin - own.get("page_title", 0.0)), rule)


_NAMED = regex.compile(r"[^\n。!?,;:、(]{2,14}:")
_AS_SENTENCE = regex.compile(r"[。!?][”’)]?$")
_SENTENCE = regex.compile(r"[,;。!]|^[\[(【*<>|-]")
_SUFFIX = regex.compile(
    r"(?:[(【\[][^()【】\[\]]{1,10}[)】\]]|\(?全文\d+字\)?|_第\d+页|\.(?:docx?|pdf|txt)|[-_|]{1,2}[^-_|]{2,10}|\{[^}]{0,10}\})+$|^B\d{4,6}-?|^\[标签[^\]]*\]"
)


def _title_key(text: str) -> str:
    return letters(_SUFFIX.sub("", text.replace(" ", "")))


def _by_preview(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The beginning of the page's text printed once before the text: the following lines hold the whole of the line again.

    A title, a salutation or furniture stands between them, else two paragraphs of a speech only begin alike.
    """
    lines, view = evidence.lines, evidence.view
    for number in range(min(len(lines) - 1, 20)):
        line, rules = lines[number], evidence.rules[number]
        if rules.get("salutation", (0.0, ""))[0] >= 3.0 or rules.get("speech_title", (0.0, ""))[0] >= 4.0:
            return
        if 30 <= line.size <= 400:
            if _plain(evidence, number + 1):
                continue
            shown = letters(view[line.left : line.right])[:-2]
            following = view[lines[number + 1].left : lines[number + 1].left + 6 * line.size + 600]
            if len(shown) >= 24 and all(char in following for char in shown) and shown in letters(following):
                for state in ("intro", "mark"):
                    evidence.add(number, state, settings["preview"], "labels/preview")


def _plain(evidence: Evidence, number: int) -> bool:
    """Whether no rule says that a line is a title, a salutation or furniture."""
    rules = evidence.rules[number]
    return not _set_apart(rules) and max(rules.get(state, (0.0, ""))[0] for state in ("speech_title", "salutation")) < 1.5


def _by_preamble(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """What stands between the title of a collection and its first numbered title is an introduction."""
    scores = evidence.scores
    marked = next(
        (n for n, rules in enumerate(evidence.rules) if "speech_title" in rules and rules["speech_title"][0] >= 5.0), None
    )
    title = next((n for n in range(marked or 0) if _is_title(evidence, n)), None)
    if marked is None or title is None or not title < marked <= title + 30:
        return
    if any(scores[n].get("salutation", 0.0) >= 3.0 for n in range(title, marked)):
        return
    for number in range(title + 1, marked):
        own = evidence.scores[number]
        if (
            evidence.lines[number].size <= settings["preamble_size"]
            and max(own.get("page_meta", 0.0), own.get("page_title", 0.0)) < 3.0
        ):
            evidence.add(number, "intro", settings["preamble"], "labels/preamble")


def _by_continuation(evidence: Evidence, closed: list[bool], settings: Mapping[str, Any]) -> None:
    """A line whose predecessor breaks off in the middle of a sentence begins nothing."""
    for number, (before, over) in enumerate(zip(evidence.lines[:-1], closed, strict=False), 1):
        if over or not 20 <= before.size <= settings["wrap_limit"] or _titled(evidence.scores[number - 1]):
            continue
        if evidence.view[evidence.lines[number].left : evidence.lines[number].left + 1] in ("[", "(", "【", "*", "<"):
            continue
        scores, line = evidence.scores[number], evidence.lines[number]
        if (
            evidence.rules[number].get("speech_title", (0.0, ""))[1] == "labels/title-number"
            and not evidence.view[line.left].isdigit()
        ):
            continue
        for state in ("speech_title", "salutation", "heading", "closing", "page_title", "list"):
            if state in scores and scores[state] < 5.0:
                scores[state] += settings["continued"]


def _titled(scores: Mapping[str, float]) -> bool:
    return (
        max(scores.get(state, 0.0) for state in ("speech_title", "page_title", "page_meta", "intro", "mark", "list", "heading"))
        >= 1.5
    )


def _limit_page_titles(evidence: Evidence) -> None:
    """A page's title stands above its text: none below the first salutation, marked title or long paragraph."""
    spoken = False
    for scores in evidence.scores:
        if spoken:
            scores.pop("page_title", None)
        elif scores.get("salutation", 0.0) >= 3.0 or (scores.get("body", 0.0) >= 9.0 and scores.get("intro", 0.0) < 5.0):
            spoken = True
