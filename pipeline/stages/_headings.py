"""Which lines with an outline number are headings, and of what level."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.patterns import compiled
from pipeline.stages._lines import Line

_MARK = compiled(
    r"(?<a>[一二三四五六七八九十]{1,3} ?[、.．:])|(?<b>\([一二三四五六七八九十]{1,3}\))"
    r"|(?<o>第[一二三四五六七八九十]{1,3}[,、:.部方])|(?<c>\d{1,2} ?[.、．](?!\d))|(?<d>\(\d{1,2}\)|[①-⑳])"
)
_FIRST = frozenset("一二三四五六七八九十(第①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")
"""What an outline number begins with besides a figure."""
_ORDER = {"a": 1, "b": 2, "c": 3, "d": 4}


def outline_style(view: str, left: int, right: int) -> str:
    """The kind of outline number that view[left:right] begins with: a 一、 b (一) c 1. d (1) o 第一, or the empty string.

    >>> outline_style("(二)抓进度。", 0, 7)
    'b'
    """
    if left == right or not (view[left] in _FIRST or view[left].isdecimal()):
        return ""
    match = _MARK.match(view, left, right)
    return match.lastgroup or "" if match else ""


def heading_levels(lines: Sequence[Line], states: Sequence[str], view: str) -> list[int]:
    """For each line with the state ``heading`` its level; 0 for one that is an item of a list and not a heading.

    A heading has text below it. Lines of one style that follow each other without text between are items, unless most of
    their siblings have text below them (the text below a heading is sometimes lost). So is the last of three such lines with
    figures, though the text goes on below it.
    """
    levels = [0] * len(lines)
    if "heading" not in states:
        return levels
    styles = [
        outline_style(view, left, right) if state in ("heading", "body") else ""
        for (_, _, left, right), state in zip(lines, states, strict=True)
    ]
    spoken = [n for n, state in enumerate(states) if state in ("heading", "body", "salutation", "closing", "speech_title")]
    seen_first = False
    for place, number in enumerate(spoken):
        if states[number] == "speech_title":
            seen_first = False
        seen_first = seen_first or styles[number] == "a"
        if states[number] != "heading":
            continue
        style = styles[number]
        levels[number] = _ORDER.get(style, 2 if seen_first else 1)
        following = spoken[place + 1] if place + 1 < len(spoken) else None
        headed = following is not None and _below(number, following, styles, states)
        last_item = style in ("c", "d") and [styles[n] for n in spoken[max(0, place - 2) : place]] == [style, style]
        if (not headed or last_item) and not _siblings_headed(place, spoken, styles, states):
            levels[number] = 0
    return levels


def _below(number: int, following: int, styles: Sequence[str], states: Sequence[str]) -> bool:
    """Whether what follows a heading can stand below it: text, or a heading of another style."""
    if states[following] in ("body", "heading"):
        return (not styles[number] and states[following] == "body") or styles[following] != styles[number]
    return False


def _siblings_headed(place: int, spoken: Sequence[int], styles: Sequence[str], states: Sequence[str]) -> bool:
    """Whether most lines of the same style around the one at a place among the spoken are headings with text below them."""
    number = spoken[place]
    siblings = headed = 0
    for step in (-1, 1):
        at = place
        while 0 <= (at := at + step) < len(spoken):
            other = spoken[at]
            if states[other] in ("speech_title", "salutation") or _higher(styles[other], styles[number]):
                break
            if styles[other] == styles[number]:
                siblings += 1
                following = spoken[at + 1] if at + 1 < len(spoken) else None
                headed += states[other] == "heading" and following is not None and _below(other, following, styles, states)
    return siblings > 0 and headed * 2 > siblings


def _higher(style: str, than: str) -> bool:
    order = {"a": 1, "b": 2, "o": 2, "c": 3, "d": 4}
    return bool(style) and order.get(style, 9) < order.get(than, 9)
