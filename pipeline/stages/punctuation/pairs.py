"""Brackets and title marks: marks whose form depends on what they enclose."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence

from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation.draft import Draft, scanner

_HAN = re.compile("[㐀-鿿]")
_NAME = re.compile(r"[A-Za-z0-9_]*\Z")
_TERM = r"(?:[A-Za-z]{1,2}\d?|\d+)(?:[+*/^.\-]?(?:[A-Za-z]|\d+))*"
_ARGUMENTS = re.compile(rf"{_TERM}(?:, ?{_TERM})*|[A-Za-z] log [A-Za-z]|")
_TYPE = r"(?:const )?(?:int|char|float|double|long|short|bool|string|str|void|auto|let|var)\b[ ]?[*&]{0,2}"
_PARAMETER = rf"(?:{_TYPE})?[a-z0-9_]+(?:\[\d*\])?"
_CALL = re.compile(rf"(?:{_PARAMETER}(?:, ?{_PARAMETER})*|void)?")
_FORMULA = re.compile(r"[A-Za-z0-9.,^_ ]*[+*/=×÷−^<>\-][A-Za-z0-9.,+*/=×÷−^_<>\- ]*")
_CHEMICAL = re.compile(r"(?:[A-Z][a-z]?\d*)+")
_POINTS = ("区间", "坐标", "坐标为", "坐标是", "向量", "点", "数对", "有序对", "元组", "=", "∈")
_VALUE = r"(?:[+-]?(?:\d+(?:\.\d+)?|∞)|[a-z])"
_VALUES = re.compile(rf"{_VALUE}(?:, ?{_VALUE})+")
_TO_CLOSED, _FROM_CLOSED = (re.compile(form) for form in (rf"\({_VALUE}, ?{_VALUE}\]", rf"\[{_VALUE}, ?{_VALUE}\)"))
"""Half-open intervals."""
_OPERATOR = "+*/=×÷−^-∈"
_BESIDE_FORMULA = frozenset(_OPERATOR + "()（）" + string.digits + string.ascii_letters)
_WIDE = {"(": "（", ")": "）"}


def brackets(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Make ASCII brackets of Chinese sentences full-width, pair by pair; one without a partner follows its neighbour."""
    text, end = draft.text, 0
    waiting: list[int] = []
    for at in places:
        if at >= end:
            end = text.index("\n", at)
            _leave(draft, waiting, rule.name)
        if not draft.free(at, at + 1):
            continue
        if (interval := _half_open(text, at)) is not None:
            draft.take(*interval.span())
            continue
        if text[at] in "(（":
            waiting.append(at)
        elif waiting:
            _pair(draft, waiting.pop(), at, rule.name)
        else:
            _single(draft, at, rule.name)
    _leave(draft, waiting, rule.name)


def _half_open(text: str, at: int) -> re.Match[str] | None:
    """The half-open interval that a bracket opens or closes."""
    if text[at] == "(":
        return _TO_CLOSED.match(text, at)
    opening = text.rfind("[", max(0, at - 20), at) if text[at] == ")" else -1
    found = _FROM_CLOSED.match(text, opening) if opening >= 0 else None
    return found if found is not None and found.end() == at + 1 else None


def _leave(draft: Draft, waiting: list[int], rule: str) -> None:
    """Let opening brackets go that no closing one of their line answers."""
    for at in waiting:
        _single(draft, at, rule)
    waiting.clear()


def _pair(draft: Draft, opening: int, closing: int, rule: str) -> None:
    text = draft.text
    if text[opening] == "(" and text[closing] == ")" and (_tuple(draft, opening, closing) or _formula(text, opening, closing)):
        draft.take(opening, closing + 1)
        return
    for at in (opening, closing):
        if text[at] in _WIDE:
            draft.edit(at, at + 1, _WIDE[text[at]], rule)


def _single(draft: Draft, at: int, rule: str) -> None:
    text = draft.text
    if text[at] in _WIDE and (_HAN.match(text[at - 1]) or _HAN.match(text[at + 1])):
        draft.edit(at, at + 1, _WIDE[text[at]], rule)


def _tuple(draft: Draft, opening: int, closing: int) -> bool:
    """A point, an interval or the like: its name or a place in it says so, or another one that it is joined to."""
    text = draft.text
    if not _VALUES.fullmatch(text, opening + 1, closing):
        return False
    before, behind = text[opening - 1], text[closing + 1]
    joined = before in "与和、,，" and text[opening - 2] == ")" and not draft.free(opening - 2, opening - 1)
    row = text.count(", ", opening, closing) > 1 and before not in "第件表图式例题" and behind not in "项条款题组班号"
    return joined or row or text.endswith(_POINTS, 0, opening) or (before == "在" and behind in "上内处中")


def _formula(text: str, opening: int, closing: int) -> bool:
    """A call such as f(x), or a term such as (a+b)÷2."""
    before, behind = text[opening - 1], text[closing + 1]
    if before not in _BESIDE_FORMULA and behind not in _BESIDE_FORMULA:
        return False
    inside = text[opening + 1 : closing]
    called = before.isascii() and before.isalnum()
    if called and (_of_program(text, opening, inside) or (not inside.replace(".", "").isdigit() and _argument(inside))):
        return True
    if _CHEMICAL.fullmatch(inside) and (behind.isdigit() or (called and behind.isascii() and behind.isupper())):
        return True
    factor = (behind in "(（" or before in ")）") and not _HAN.search(inside) and re.search("[A-Za-z]", inside) is not None
    beside = called or factor or before in _OPERATOR or behind in _OPERATOR
    return beside and _FORMULA.fullmatch(inside) is not None


def _argument(inside: str) -> bool:
    return _ARGUMENTS.fullmatch(inside) is not None and not (len(inside) > 1 and inside.isupper() and inside.isalpha())


def _of_program(text: str, opening: int, inside: str) -> bool:
    """A call by a name in small letters."""
    name = _NAME.search(text, max(0, opening - 40), opening)
    return name is not None and name[0].islower() and _CALL.fullmatch(inside) is not None


_OPEN = {"<<": 2, "＜＜": 2, "≪": 2, "«": 2, "〈〈": 2, "《": 2, "〈": 1, "<": 0, "＜": 0}
_CLOSE = {">>": 2, "＞＞": 2, "≫": 2, "»": 2, "〉〉": 2, "》": 2, "〉": 1, ">": 0, "＞": 0}
_SHIFT = re.compile(r"[A-Za-z0-9_)] ?<< ?[A-Za-z0-9_(]")
_HALF = re.compile(r"[^《》〈〉<>＜＞\n]{1,30}》")
"""What stands behind a mark that opens a title and was broken, where the closing one is whole."""
_NO_TITLE = frozenset("、，,。；;=")
_BETWEEN = frozenset(("", "、", "，", ",", "和", "与", "及", "以及"))
"""What stands between two titles of a list."""
_MIRROR = str.maketrans("<＜", ">＞")
_LONGEST = 40
_FORMS = (("《", "》"), ("〈", "〉"))


def title_marks(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Give title marks their form by depth; a line in which they don't pair up is left alone."""
    text = draft.text
    cues, ends = (tuple(rules.sets.get(name, ())) for name in ("title_cues", "title_ends"))
    for start, end in _lines(text, places):
        open_marks: list[tuple[int, int]] = []
        edits: list[tuple[int, int, str]] = []
        done = start
        for match in scanner(rule.pattern or "").finditer(text, start, end):
            at, behind = match.span()
            if match[0] in _OPEN:
                follows = done > start and text[done:at] in _BETWEEN
                sure = (
                    open_marks
                    or _OPEN[match[0]]
                    or follows
                    or _HALF.match(text, behind)
                    or _title(text, at, behind, cues, ends)
                )
                if sure and text[behind] not in _NO_TITLE and not _SHIFT.match(text, at - 1) and draft.free(at, behind):
                    open_marks.append((at, behind))
            elif open_marks and draft.free(at, behind):
                form = _FORMS[(len(open_marks) - 1) % 2]
                if text[slice(*open_marks[0])] == "〈":
                    form = _FORMS[len(open_marks) % 2]
                edits += [(*open_marks.pop(), form[0]), (at, behind, form[1])]
                done = behind
        if not open_marks:
            for at, behind, after in edits:
                draft.edit(at, behind, after, rule.name)


def _title(text: str, at: int, behind: int, cues: tuple[str, ...], ends: tuple[str, ...]) -> bool:
    """Whether a single angle bracket opens a title: something is done with it, or it ends as a law does and hanzi precede."""
    if text.endswith("填写", 0, at):
        return False
    if text.endswith(cues, 0, at) or text.endswith(cues, 0, at - (text[at - 1] in "了过着完")):
        return True
    end = text.find(text[at].translate(_MIRROR), behind, behind + _LONGEST)
    return end > 0 and _HAN.match(text[at - 1]) is not None and text.endswith(ends, behind, end)


def _lines(text: str, places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Spans of the lines that hold one of the places."""
    end = 0
    for place in places:
        if place >= end:
            end = text.index("\n", place)
            yield text.rfind("\n", 0, place) + 1, end
