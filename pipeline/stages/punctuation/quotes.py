"""Quotation marks: form, direction and nesting, paragraph by paragraph."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation.draft import Draft, scanner

DOUBLE, SINGLE = 0, 1
_MARKS: dict[str, tuple[int, int]] = {
    "“": (DOUBLE, 1), "”": (DOUBLE, -1), '"': (DOUBLE, 0), "＂": (DOUBLE, 0), "「": (DOUBLE, 1), "」": (DOUBLE, -1),
    "〝": (DOUBLE, 1), "〞": (DOUBLE, -1), "〟": (DOUBLE, -1),
    "‘‘": (DOUBLE, 1), "’’": (DOUBLE, -1), "''": (DOUBLE, 0), "``": (DOUBLE, 1),
    "‘": (SINGLE, 1), "’": (SINGLE, -1), "'": (SINGLE, 0), "＇": (SINGLE, 0), "『": (SINGLE, 1), "』": (SINGLE, -1),
}  # fmt: skip
"""Each mark's level, and the direction it says it has: 1 opens, -1 closes, 0 says nothing."""
FORMS = (("“", "”"), ("‘", "’"))
OPENERS = '“"「＂〝”'
"""Marks that may open a quotation at the beginning of a line."""

FLIP, SKIP, AGAINST, BOUND, SOFT, NEST, NEST_SAID, NEST_ODD = 1.0, 2.2, 2.5, 3.4, 0.2, 0.8, 1.2, 2.6
"""What it costs to turn a mark round, to leave it without a partner, to open before a pause or close behind an opening bracket,
to open before 的, to stand where the other direction is usual, and to nest a level in itself: behind a pause, where both marks
of the inner pair say so, and elsewhere.

Two marks that are turned (2.0 and a little) are cheaper than two that are left alone (4.4); one that is left alone is cheaper
than three that are turned.
"""

_BETWEEN = frozenset(
    ("以及", "或者", "并且", "还有", "还是", "而不是", "变成", "成为", "转为", "转向", "走向", "不是", "就是", "也是")
)
"""What stands between two quotations rather than in one."""
_STRESSED = re.compile("(?!以及|或者|并且|还有|而不是)[㐀-鿿]{2,8}(?<![和与及或说道问答对是到成向为了])")
"""A few words of hanzi that do not join two quotations."""
_GOES_ON = frozenset("的把将被在对从向以用叫搞")
"""Words behind which a quotation does not end."""
_PAUSES = tuple("，。、；：！？,;:!?")
_BEFORE_OPEN = frozenset("\n 　：:，,、。；;！!？?（(《【—…”’“‘「『")
_BEHIND_CLOSE = frozenset("\n 　，,、。；;：:！!？?）)》】—…“‘.的")
_NEVER_BEHIND_OPEN = frozenset("\n，,、。；;：:！!？?）)》】")
_OF = "的"
"""What ends a phrase: words that begin with it are no quotation."""
_NAMED = frozenset("”’\"'、，,/字地得确士")
"""What stands behind 的 where it is spoken of, or begins another word."""
_QUOTED_BY = frozenset("”\"’'」")
_SENTENCE_ENDS = frozenset("。！？…!?.")
_NEVER_BEFORE_CLOSE = frozenset("\n：:（(《【")


class Mark(NamedTuple):
    """A quotation mark: its place, what it says of its direction, the characters beside it, and its level.

    right: empty where 的 or a mark stands there that is spoken of.

    encloses: it says that it opens and the next one of its level that it closes, and what is between them may be a quotation.
    """

    at: int
    end: int
    says: int
    left: str
    right: str
    double: bool
    encloses: bool = False


def quotes(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Give every quotation mark that has a partner its form and direction; places: the marks that are no “…” within a line."""
    text, end = draft.text, 0
    for place in places:
        if place >= end:
            start, end = text.rfind("\n", 0, place) + 1, text.index("\n", place)
            marks = _marks(draft, rule, start, end)
            if _nested(text, marks):
                continue
            if len(marks[DOUBLE]) > 3:
                _tell(text, marks[DOUBLE])
            stays_open = _opens(draft, start, end) and _opens(draft, *_next_line(text, end))
            lone = [
                mark
                for level in (DOUBLE, SINGLE)
                for mark in _write(draft, marks[level], level, stays_open and level == DOUBLE, rule.name)
            ]
            if len(lone) == 2:
                _match(draft, min(lone), max(lone), rule.name)


def _match(draft: Draft, opening: Mark, closing: Mark, rule: str) -> None:
    """Two marks of different levels that have no partner, the first of which opens and the second closes, are a pair of “”."""
    if opening.double != closing.double and opening.says >= 0 >= closing.says and closing.at > opening.end:
        draft.edit(opening.at, opening.end, FORMS[DOUBLE][0], rule)
        draft.edit(closing.at, closing.end, FORMS[DOUBLE][1], rule)


def _marks(draft: Draft, rule: Rule, start: int, end: int) -> tuple[list[Mark], list[Mark]]:
    """A line's marks by level, without those that another rule claimed."""
    text = draft.text
    marks: tuple[list[Mark], list[Mark]] = ([], [])
    for match in scanner(rule.pattern or "").finditer(text, start, end):
        at, behind = match.span()
        if draft.free(at, behind):
            level, says = _MARKS[match[0]]
            if says < 0 and marks[level] and marks[level][-1].says > 0:
                marks[level][-1] = marks[level][-1]._replace(encloses=_quotable(text[marks[level][-1].end : at]))
            right = "" if _is_named(text, behind) else text[behind]
            marks[level].append(Mark(at, behind, says, text[at - 1], right, level == DOUBLE))
    return marks


def _is_named(text: str, at: int) -> bool:
    """Whether the 的, or the mark, at a place is spoken of."""
    return text[at + 1 : at + 2] in _QUOTED_BY if text[at] in _NEVER_BEHIND_OPEN else text[at] == _OF and text[at + 1] in _NAMED


def _quotable(words: str) -> bool:
    """Whether words between two marks may be a quotation, and are not what joins two."""
    return len(words) > 1 and words not in _BETWEEN and not words.startswith(_PAUSES) and words[-1] not in "，、；："


def _nested(text: str, marks: tuple[list[Mark], list[Mark]]) -> bool:
    """Whether a line's marks have their form, and each pair is closed and of the other level than the pair around it."""
    open_marks: list[bool] = []
    for mark in sorted((*marks[DOUBLE], *marks[SINGLE])):
        if text[mark.at : mark.end] not in "“”‘’":
            return False
        if mark.says > 0:
            if mark.right == _OF or (open_marks and open_marks[-1] == mark.double):
                return False
            open_marks.append(mark.double)
        elif not open_marks or open_marks.pop() != mark.double:
            return False
    return not open_marks


def _tell(text: str, marks: list[Mark]) -> None:
    """Let the inner ones of marks that say nothing say what they are where somebody speaks: pairs around a few words.

    From a colon to a sentence's end there is one quotation if short words without a pause, which join nothing, stand in the
    middle of its clauses: flat, the outer clauses would break off before hanzi and what is stressed would be left outside.
    So there is from a mark that says that it opens to one that says that it closes.
    """
    for first, last in _silent(marks):
        if _one_quotation(text, marks[first : last + 1]):
            for number in range(first + 1, last):
                opens = (number - first) % 2 == 1
                marks[number] = marks[number]._replace(says=1 if opens else -1, encloses=opens)


def _silent(marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """First and last numbers of marks of which the inner ones, two at least, say nothing: all marks, or from “ to ”."""
    said = [number for number, mark in enumerate(marks) if mark.says]
    if not said:
        return [(0, len(marks) - 1)]
    return [(a, b) for a, b in pairwise(said) if b - a > 2 and marks[a].says > 0 > marks[b].says]


def _one_quotation(text: str, marks: Sequence[Mark]) -> bool:
    """Whether the first and the last of some marks enclose the others."""
    first, last = marks[0], marks[-1]
    spoken = first.left in ":：" and last.left in _SENTENCE_ENDS
    if len(marks) % 2 or not (spoken or first.says):
        return False
    inner = [text[a.end : b.at] for a, b in zip(marks[1:-1:2], marks[2:-1:2], strict=True)]
    outer = [text[a.end : b.at] for a, b in zip(marks[::2], marks[1::2], strict=True)]
    ends = outer[-1] in _SENTENCE_ENDS
    paused = spoken and (ends or any("，" in words or "," in words for words in outer))
    if not (paused or outer[0][-1:] in _GOES_ON) or not all(map(_STRESSED.fullmatch, inner)):
        return False
    joints = [*(words[-1:] for words in outer[:-1]), *(words[:1] for words in outer[1 : len(outer) - ends])]
    return all(char > "㐀" for char in joints)


def head_of(text: str, start: int, end: int) -> int:
    """Where the first character of a line stands that is no space, or the line's end.

    >>> head_of("甲\\n　“乙”", 2, 6), head_of("  ", 0, 2)
    (3, 2)
    """
    line = text[start:end]
    return start + len(line) - len(line.lstrip(" 　"))


def _opens(draft: Draft, start: int, end: int) -> bool:
    """Whether a line begins with a mark that may open a quotation."""
    head = head_of(draft.text, start, end)
    return head < end and draft.text[head] in OPENERS and draft.free(head, head + 1)


def _next_line(text: str, end: int) -> tuple[int, int]:
    """The next line that is not empty."""
    start = end
    while start < len(text) and text[start] == "\n":
        start += 1
    return start, max(start, text.find("\n", start))


def _write(draft: Draft, marks: Sequence[Mark], level: int, may_stay_open: bool, rule: str) -> list[Mark]:
    """Write the marks that have a partner; the answer is those that have none."""
    depth, lone = 0, []
    for mark, turn in zip(marks, directions(marks, may_stay_open), strict=True):
        if turn:
            depth -= turn < 0
            form = FORMS[(level + depth) % 2][turn < 0]
            depth += turn > 0
            draft.edit(mark.at, mark.end, form, rule)
        else:
            lone.append(mark)
    return lone


def directions(marks: Sequence[Mark], may_stay_open: bool = False) -> Sequence[int]:
    """The cheapest reading of a paragraph's marks of one level: 1 opens, -1 closes, 0 has no partner.

    A shortest path over depths 0 to 2. ``may_stay_open``: the paragraph begins a quotation that the next one goes on with, so
    its first mark may open without a close. Between a mark behind a colon and one behind a sentence's end somebody speaks:
    there a quotation is nested without a doubt.
    """
    speech, silence = _speech(marks) if len(marks) > 2 else (0, 0)
    costs = tuple([_costs(mark, speech < number < silence) for number, mark in enumerate(marks)])
    return _cheapest(costs, may_stay_open)


class _Costs(NamedTuple):
    """What it costs that a mark opens, by how much more inside another pair, and what it costs that it closes."""

    opens: float
    nests: float
    closes: float


def _costs(mark: Mark, spoken: bool) -> _Costs:
    nests = NEST if spoken or mark.left in _BEFORE_OPEN else NEST_SAID if mark.encloses else NEST_ODD
    return _Costs(_open_cost(mark), nests, _close_cost(mark))


@lru_cache(maxsize=1 << 12)
def _cheapest(marks: tuple[_Costs, ...], may_stay_open: bool) -> tuple[int, ...]:
    best: dict[tuple[int, bool], tuple[float, list[int]]] = {(0, False): (0.0, [])}
    for number, mark in enumerate(marks):
        after: dict[tuple[int, bool], tuple[float, list[int]]] = {}
        for (depth, held), (cost, path) in best.items():
            _offer(after, (depth, held), cost + SKIP, [*path, 0])
            if depth < 2:
                _offer(after, (depth + 1, held), cost + mark.opens + (mark.nests if depth else 0.0), [*path, 1])
            if depth:
                _offer(after, (depth - 1, held), cost + mark.closes, [*path, -1])
            if number == 0 and may_stay_open:
                _offer(after, (depth, True), cost + mark.opens + 3 * SOFT, [*path, 1])
        best = after
    return tuple(min((best[key] for key in best if key[0] == 0), key=lambda item: item[0])[1])


def _speech(marks: Sequence[Mark]) -> tuple[int, int]:
    """Numbers of the first mark behind a colon and of the last one behind a sentence's end."""
    start = next((number for number, mark in enumerate(marks) if mark.left in ":：" and mark.says >= 0), len(marks))
    ends = [number for number, mark in enumerate(marks) if mark.left in _SENTENCE_ENDS and mark.says <= 0]
    return start, max(ends, default=0)


def _offer(best: dict[tuple[int, bool], tuple[float, list[int]]], key: tuple[int, bool], cost: float, path: list[int]) -> None:
    if key not in best or cost < best[key][0]:
        best[key] = cost, path


def _open_cost(mark: Mark) -> float:
    cost = FLIP if mark.says < 0 else 0.0
    if mark.right in _NEVER_BEHIND_OPEN:
        return cost + AGAINST
    if mark.right == _OF:
        return cost + BOUND
    return cost + (0.0 if mark.left in _BEFORE_OPEN else SOFT)


def _close_cost(mark: Mark) -> float:
    cost = FLIP if mark.says > 0 else 0.0
    if mark.left in _NEVER_BEFORE_CLOSE:
        return cost + AGAINST
    return cost + (0.0 if mark.right in _BEHIND_CLOSE else SOFT)
