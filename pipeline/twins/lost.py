"""Lost words (脱文): what one copy lost and another kept.

That two copies differ does not say which of them was changed: one may have been shortened, or headings put into the other. So
words count as lost only where both copies are the same on either side, and what is left shows the damage:

- a numbered heading or opening is gone, and its neighbours in the same numbering are still there: 一、 三、 without 二、; or
  all of them are gone with their paragraphs left, one of which now begins with a word that points back (这, 其, 对此);
- the sentence begins with a stop, ends with a dangling 的, has empty quotes or a unit without its number;
- a bracket or quotation mark has lost its partner.

>>> from pipeline.twins.alignment import align, compact
>>> from pipeline.twins.data import Copy
>>> whole = "同志们，今年的工作有三件事，大家要听清楚。第一件是修渠。全县共有12个乡镇参加了这项工程，投入的劳力是历年最多的。"
>>> cut = whole.replace("12个乡镇参加", "个乡镇参加")
>>> way = align(compact(cut, ()), compact(whole, ()), [(0, len(cut), 0, len(whole))])
>>> [(one.place, one.type, one.words) for one in lost_words(way, Copy("b", whole))]
[(32, 'count', '12')]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.twins.alignment import HOLDER, Alignment
from pipeline.twins.data import Copy, Evidence, Lost
from pipeline.twins.values import is_figure

CONTEXT = 10
"""Tokens on each side that must be the same in both copies."""
LONGEST = 60
"""Code points of the longest words that are taken for lost: longer ones are an abridgement."""

_COUNT = "一二三四五六七八九十"
_OUTLINE = re.compile(
    rf"(?P<han>[{_COUNT}]{{1,3}})[、.:]|\((?P<round>[{_COUNT}]{{1,3}})\)|第(?P<nth>[{_COUNT}]{{1,3}})[,、:]|(?P<item>[{_COUNT}])(?:是|要)"
    r"|(?P<digit>\d{1,2})[、.](?!\d)|\((?P<small>\d{1,2})\)"
)
_LEVELS = {"han": 1, "round": 2, "digit": 3, "small": 4}
_BACK = re.compile(r"[这此其它该]|对此|为此|因此|[,、;:。!?）)》”]|以及|并且?|而且|也[是要]")
_STOPS = frozenset(",、;:。!?")
_BEFORE_STOP = frozenset("\n,、;:。!?“《(‘")
_PAIRS = {"“": "”", "‘": "’", "《": "》", "(": ")"}
_UNITS = frozenset("年月日号届次名个户元万亿%％人家项件")
_NUMBERS = frozenset("0123456789〇零一二三四五六七八九十百千万亿两几数多余某每各全xX×*")


class _Gap(NamedTuple):
    """Words that only the other copy has: the place here, and their start and end there, in tokens."""

    place: int
    start: int
    end: int


def lost_words(way: Alignment, other: Copy) -> list[Lost]:
    """The words that the first copy of an alignment lost; ``other`` is the second."""
    settled = (_settled(way, _Gap(*one)) for one in way.inserted)
    gaps = [gap for gap in settled if gap and _clear(way, gap)]
    proven = set(_numbered(way, gaps)) | {gap for gap in gaps if _damaged(way, gap)}
    return [_lost(way, gap, other) for gap in gaps if gap in proven]


def _settled(way: Alignment, gap: _Gap) -> _Gap | None:
    """The gap at the best of the places where it could as well be: at a line's start, or a sentence's, or where it is.

    None where the surroundings differ. In 自控。[四、改进。] and 自控[。四、改进]。 the same words are gone.
    """
    a, b = way.a.tokens, way.b.tokens
    place, start, end = gap
    choices = [gap]
    for step in range(1, CONTEXT + 1):
        if start - step < 0 or b[start - step] != b[end - step] or a[place - step : place - step + 1] != b[start - step]:
            break
        choices.append(_Gap(place - step, start - step, end - step))
    for step in range(CONTEXT):
        if end + step >= len(b) or b[start + step] != b[end + step] or a[place + step : place + step + 1] != b[end + step]:
            break
        choices.append(_Gap(place + step + 1, start + step + 1, end + step + 1))
    best = min(choices, key=lambda one: (_rank(b, one.start), abs(one.place - place)))
    before, behind = a[max(0, best.place - CONTEXT) : best.place], a[best.place : best.place + CONTEXT]
    if not b.endswith(before, 0, best.start) or not b.startswith(behind, best.end) or len(before) + len(behind) < CONTEXT:
        return None
    return best


def _rank(tokens: str, start: int) -> int:
    before, first = tokens[start - 1 : start], tokens[start : start + 1]
    if first == "\n":
        return 4
    return 0 if before == "\n" else 1 if before in ("。", "!", "?") else 2 if first not in _STOPS else 3


def _clear(way: Alignment, gap: _Gap) -> bool:
    """Whether a gap's words are short and clear, and no placeholder of this copy is there already."""
    words = way.b.tokens[gap.start : gap.end].strip("\n")
    if not 0 < len(words) <= LONGEST or "\n" in words or HOLDER in words:
        return False
    if any(gap.start <= at <= gap.end for at in way.b.holes):
        return False
    return not any(gap.place - 2 <= at <= gap.place + 2 for at in way.a.places)


# --- numbering --------------------------------------------------------------------------------------------------------


class _Head(NamedTuple):
    """A line's number in its outline: where the line starts there, its style and its number."""

    start: int
    style: str
    number: int


def _numbered(way: Alignment, gaps: Iterable[_Gap]) -> Iterator[_Gap]:
    """The gaps that are numbered and leave a hole in their numbering."""
    by_start = {gap.start: gap for gap in gaps if way.b.tokens[gap.start - 1 : gap.start] == "\n"}
    if not by_start:
        return
    for line in _sequences(_heads(way.b.tokens)):
        gone = [head for head in line if head.start in by_start]
        kept = {head.number for head in line if way.back[head.start] >= 0 and head.start not in by_start}
        last = line[-1].number
        for head in gone:
            hole = any(number > head.number for number in kept)
            if hole or (kept and head.number == last and _points_back(way, by_start[head.start])):
                yield by_start[head.start]
        if len(gone) == len(line) >= 3 and any(_points_back(way, by_start[head.start]) for head in gone):
            yield from (by_start[head.start] for head in gone)


def _heads(tokens: str) -> Iterator[_Head]:
    for line in re.finditer(r"(?<=\n)[^\n]", tokens):
        match = _OUTLINE.match(tokens, line.start())
        if match and match.lastgroup:
            yield _Head(line.start(), match.lastgroup, _number(match[match.lastgroup]))


def _number(figure: str) -> int:
    """A number up to 99.

    >>> _number("12"), _number("十二"), _number("二十"), _number("九")
    (12, 12, 20, 9)
    """
    if figure.isascii():
        return int(figure)
    tens, ten, ones = figure.rpartition("十")
    value = _COUNT.find(ones) + 1 if ones else 0
    return value + (10 * (_COUNT.find(tens) + 1 if tens else 1) if ten else 0)


def _sequences(heads: Iterable[_Head]) -> list[list[_Head]]:
    """The heads of one style that count on from each other, from 1."""
    running: dict[str, list[_Head]] = {}
    found: list[list[_Head]] = []
    for head in heads:
        line = running.get(head.style)
        if line and head.number == line[-1].number + 1:
            line.append(head)
        elif head.number == 1:
            found.append([head])
            running[head.style] = found[-1]
        else:
            running.pop(head.style, None)
    return [line for line in found if len(line) > 1]


def _points_back(way: Alignment, gap: _Gap) -> bool:
    return bool(_BACK.match(way.a.tokens, gap.place))


# --- sentences --------------------------------------------------------------------------------------------------------


def _damaged(way: Alignment, gap: _Gap) -> bool:
    """Whether the sentence around a gap is damaged without its words, and whole with them."""
    tokens = way.a.tokens
    before, behind = tokens[gap.place - 1 : gap.place], tokens[gap.place : gap.place + 1]
    words = way.b.tokens[gap.start : gap.end]
    if before in _PAIRS and behind == _PAIRS[before]:
        return True
    if behind in _STOPS and before in _BEFORE_STOP and words[:1] not in _STOPS:
        return True
    if before == "的" and behind in _STOPS | {"的", "\n"} and words[-1:] != "的":
        return True
    if behind in _UNITS and before not in _NUMBERS and is_figure(words) and words != "一":  # 干个月 is good Chinese
        return True
    first, last = tokens.rfind("\n", 0, gap.place) + 1, tokens.find("\n", gap.place)
    line, rest = tokens[first : gap.place], tokens[gap.place : last if last >= 0 else len(tokens)]
    return not _balanced(words) and not _balanced(line + rest) and _balanced(line + words + rest)


def _balanced(line: str) -> bool:
    return all(line.count(one) == line.count(other) for one, other in _PAIRS.items())


# --- what was lost ----------------------------------------------------------------------------------------------------


def _lost(way: Alignment, gap: _Gap, other: Copy) -> Lost:
    low, high = way.b.starts[gap.start], way.b.starts[gap.end]
    text = other.text[low:high]
    words = text.strip("\n")
    first = low + len(text) - len(text.lstrip("\n"))
    tail = "\n\n" if text.endswith("\n") else ""
    behind = way.a.tokens[gap.place : gap.place + 1]
    before = way.a.tokens[gap.place - 1 : gap.place]
    place = way.a.starts[gap.place]
    return Lost(place, _type(before, words, behind), words, Evidence(other.id, (first, first + len(words))), tail)


def _type(before: str, words: str, behind: str) -> str:
    """The type of an elision, by what was lost.

    >>> _type("共", "12", "名"), _type("“", "十三五", "”"), _type("《", "防汛条例", "》"), _type("\\n", "一、抓好落实。", "要")
    ('count', 'term', 'name', 'other')
    """
    if before == "“" and behind == "”":
        return "term"
    if is_figure(words):
        if before == "第" or behind in ("届", "次"):
            return "ordinal"
        return {"年": "year", "月": "month", "%": "percent", "％": "percent"}.get(behind, "count")
    if before == "《":
        return "name"
    return "other"


def level_of(words: str) -> int:
    """The level of a heading by its outline number, 0 where it has none.

    >>> level_of("（二）抓落实"), level_of("抓落实")
    (2, 0)
    """
    match = _OUTLINE.match(words.replace("（", "(").replace("）", ")").replace("：", ":"))
    return _LEVELS.get(match.lastgroup or "", 0) if match else 0
