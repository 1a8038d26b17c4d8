"""Numbers alone in their lines: of speeches, of a document's pages, of a field, or torn out of a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pipeline.stages._evidence import APART, HEAD, Evidence
from pipeline.stages._lines import FIGURES, is_torn
from pipeline.stages._titles import heads_speech, is_over

_FIGURES = "零一二三四五六七八九十"
_SIGNS = "【】()[]、. "
"""What stands around the number of a speech."""


def by_torn_numbers(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """A number alone in its line above a unit, below a line that breaks off, stands inside a sentence or a title.

    Converters of documents put each run of figures into a line of its own.
    """
    view = evidence.view
    for number, (_, _, left, right) in enumerate(evidence.lines[:-1]):
        if not (number and 0 < right - left <= FIGURES and view[left].isdecimal()):
            continue
        above, below = number - 1, number + 1
        if not is_torn(evidence.text(number), evidence.text(below)):
            continue
        if evidence.closed[above] or evidence.set_apart(above) or not evidence.lines[above].size or " " in evidence.text(above):
            continue
        titled = evidence.ruled(below, "speech_title") >= 1.5
        if titled or evidence.ruled(above, "speech_title", "salutation") < 1.5:
            evidence.withdraw(number, "speech_title", "mark", "intro", "list")
            if titled:
                for part in (above, number):
                    evidence.add(part, "speech_title", settings["torn"], "labels/split-title")
                continue
            evidence.add(number, "body", settings["torn"], "labels/torn-number")
            for part in (above, below):
                scores = evidence.scores[part]
                scores["body"] = max(scores.get("body", 0.0), settings["torn"] / 2)


def by_numbers(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Numbers alone in their lines that count up from one number speeches, if the line above each of them is over.

    One above two whose predecessor is nowhere is a page's. Those of which the first stands inside a speech divide it.
    """
    lone = evidence.led_by("speech_title", "labels/title-number")
    pages = _page_numbers(evidence, lone)
    for number in pages:
        evidence.withdraw(number, "speech_title")
    lone = [n for n in lone if n not in pages]
    counted: dict[str, list[int]] = {}
    values = {evidence.text(n) for n in lone}
    for number in lone:
        text = evidence.text(number)
        if text.isdecimal() and int(text) > 2 and str(int(text) - 1) not in values and not heads_speech(evidence, number + 1):
            evidence.scores[number]["speech_title"] += settings["continued"]
        figure = text.strip(_SIGNS)
        line = counted.setdefault("1" if figure.isdecimal() else "一", [])
        if figure in (str(len(line) + 1), _FIGURES[(len(line) + 1) % 11]):
            line.append(number)
    for line in counted.values():
        if len(line) >= 2 and _divides(evidence, line):
            for number in line:
                evidence.withdraw(number, "speech_title")
                evidence.add(number, "heading", settings["section"], "labels/title-number")
        elif len(line) >= 2 and all(is_over(evidence, n - 1) for n in line[1:]):
            for number in line:
                evidence.add(number, "speech_title", settings["numbered"], "labels/title-number")


def _divides(evidence: Evidence, numbers: list[int]) -> bool:
    """Whether some numbers divide a speech: the first stands below a salutation and a paragraph, none above a salutation."""
    if any(evidence.ruled(n + 1, "salutation") >= 3.0 for n in numbers if n + 1 < len(evidence.lines)):
        return False
    spoken = False
    for number in range(numbers[0] - 1, -1, -1):
        if evidence.ruled(number, "salutation") >= 3.0:
            return spoken
        if evidence.ruled(number, "speech_title", "closing", *APART) >= 3.0:
            return False
        spoken = spoken or (evidence.lines[number].size >= 15 and evidence.closed[number])
    return False


def _page_numbers(evidence: Evidence, lone: list[int]) -> list[int]:
    """Those of some numbers alone in their lines that count pages: they ascend, and one stands inside a sentence."""
    digits = [n for n in lone if evidence.text(n).isdecimal()]
    values = [int(evidence.text(n)) for n in digits]
    ascending = len(values) > 1 and all(one < two for one, two in pairwise(values))
    inside = any(n and not is_over(evidence, n - 1) and not heads_speech(evidence, n + 1) for n in digits)
    return digits if ascending and inside else []


def is_only_number(evidence: Evidence, number: int) -> bool:
    """Whether a number alone in its line is the page's only one: speeches are never numbered with one number."""
    return all(n == number for n in evidence.led_by("speech_title", "labels/title-number"))


def by_fields(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """A number alone below the name of its field (浏览) is a meta line."""
    for number in range(1, min(len(evidence.lines), HEAD)):
        field = evidence.text(number - 1)
        named = len(field) <= 6 and not any(map(str.isdecimal, field)) and evidence.ruled(number - 1, "page_meta") >= 3.0
        if named and evidence.text(number).isdecimal():
            evidence.add(number, "page_meta", settings["meta_count"], "labels/meta-count")
