"""Titles that are broken over two lines or that only their number tells, and whether a line heads a speech or ends one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.patterns import compiled
from pipeline.stages._evidence import APART, HEAD, Evidence, titled

PUNCTUATED = compiled(r"[;。!?:]|^[\[(【*<>|-]")
"""What no title that only its place tells has."""
NAMED = compiled(r"\p{Han}[\p{Han} ·、]{3,23}")
"""A line that may name a speaker, with his office, or a body."""
_REPORT = compiled(r"的(?:报告|说明|汇报)$")
_OPEN_OCCASION = compiled(r"^在|(?:同志|书记|[县市区镇乡局院校部]长|主任|主席)在[^\n,上中]{1,20}$")
_OPEN_TITLE = "的上会式礼动议"
SESSION = compiled(r"^第[\d一二三四五六七八九十]{1,3}[次届]")
"""What a title begins with that the name of a body stands above: 第六次代表大会开幕词."""
_COUNTED = compiled(r"^(?:\([一二三四五六七八九十\d]{1,3}\)|[一二三四五六七八九十]{1,3}、) ?(?=\p{Han})")
"""The number of a speech before its motto."""
_TEXTS = compiled(r"(?<number>\d{1,2}|[二三四五六七八九十]) ?[篇则份]")
FIGURES = "一二三四五六七八九十"
"""The figures from one to ten, in their order."""
_BARE = compiled(r"\p{Han}{2,4}(?: ?[(【]?(?:篇|第)?[\d一二三四五六七八九十]{1,3}篇?[)】]?)?")


def is_split(evidence: Evidence, number: int) -> bool:
    """Whether a line and the next one are one title.

    A motto above 「——在…上的讲话」, 「在…」 above 「…会议上的讲话」, or the name of a body above 「第六次大会开幕词」.
    """
    entitled = "speech_title" in evidence.rules[number + 1] or _REPORT.search(evidence.text(number + 1)) is not None
    if not entitled or evidence.closed[number] or evidence.lines[number].size < 4:
        return False
    text, below = _COUNTED.sub("", evidence.text(number)), evidence.text(number + 1)
    if PUNCTUATED.search(text) or evidence.set_apart(number):
        return False
    if not (
        evidence.opens(number + 2)
        or (number + 2 < len(evidence.lines) and evidence.ruled(number + 2, "page_meta") >= 3.0)
        or (below[0] == "—" and _may_sign(evidence, number + 2))
    ):
        return False
    if not (number == 0 or evidence.closed[number - 1] or evidence.ruled(number - 1, "speech_title", *APART) >= 1.5):
        return False
    if below[0] == "—":
        return evidence.lines[number + 1].size <= 40 and evidence.ruled(number, "speech_title") < 5.0
    if _OPEN_OCCASION.search(text) and below[0] != "在" and evidence.ruled(number, "speech_title") < 1.5:
        return evidence.is_title(number + 1)
    if text.startswith("关于") and below[0] in "和及与":
        return _REPORT.search(below) is not None
    if SESSION.match(below) and NAMED.fullmatch(text):
        return evidence.is_title(number + 1)
    return text[-1] in _OPEN_TITLE and _BARE.fullmatch(below) is not None


def _may_sign(evidence: Evidence, number: int) -> bool:
    """Whether a line below a subtitle may name the speaker or whom he speaks for: it is short and no rule knows it."""
    if number >= len(evidence.lines) or evidence.rules[number]:
        return False
    return evidence.lines[number].size <= 24 and NAMED.fullmatch(evidence.text(number)) is not None


def heads_subtitle(evidence: Evidence, number: int) -> bool:
    """Whether a line at the page's head is the upper half of a title with its subtitle (——在…上的讲话) below a meta line."""
    if number > HEAD or number + 2 >= len(evidence.lines) or not 4 <= evidence.lines[number].size <= 40:
        return False
    if evidence.closed[number] or evidence.set_apart(number) or PUNCTUATED.search(evidence.text(number)):
        return False
    below = evidence.ruled(number + 1, "page_meta") >= 3.0 and evidence.text(number + 2)[0] == "—"
    return below and "speech_title" in evidence.rules[number + 2]


def heads_speech(evidence: Evidence, number: int) -> bool:
    """Whether a line is a title or a salutation for some rule, or the upper line of a title."""
    if number >= len(evidence.lines):
        return False
    return evidence.ruled(number, "speech_title", "salutation") >= 1.5 or (
        number + 1 < len(evidence.lines) and evidence.lines[number].size > 0 and is_split(evidence, number)
    )


def is_over(evidence: Evidence, number: int) -> bool:
    """Whether a line may be the last one above a new speech: it does not break off in the middle of a sentence."""
    return evidence.closed[number] or titled(evidence.scores[number]) or evidence.ruled(number, "closing") >= 3.0


def by_count_of_texts(evidence: Evidence, settings: Mapping[str, Any], head: int | None) -> None:
    """As many short lines as the collection's title counts texts are their titles where nothing else marks them."""
    found = None if head is None else _TEXTS.search(evidence.text(head))
    if head is None or found is None:
        return
    figure, below = found["number"], range(head + 1, len(evidence.lines))
    count = int(figure) if figure.isdecimal() else FIGURES.find(figure) + 1
    if count < 2 or any(evidence.ruled(n, "speech_title") >= 1.5 for n in below):
        return
    alone = [n for n in below if _may_head_text(evidence, n)]
    for number in alone if len(alone) == count else ():
        evidence.add(number, "speech_title", settings["title_count"], "labels/title-count")


def _may_head_text(evidence: Evidence, number: int) -> bool:
    """Whether a short line that no rule knows stands between what is over and a text's first line."""
    if not 3 <= evidence.lines[number].size <= 24 or evidence.closed[number] or number + 1 >= len(evidence.lines):
        return False
    text, below = evidence.text(number), evidence.lines[number + 1]
    if evidence.rules[number] or PUNCTUATED.search(text) or text[-1] in ",、":
        return False
    if not (evidence.set_apart(number - 1) or is_over(evidence, number - 1)):
        return False
    opened = below.size >= 15 and evidence.closed[number + 1] and evidence.opens(number + 1)
    return opened or evidence.ruled(number + 1, "salutation") >= 3.0
