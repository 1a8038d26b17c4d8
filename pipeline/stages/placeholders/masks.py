"""Finds mask tokens: runs of mask characters with the kept digits of the same number.

The characters come from the rules (``settings.mask_characters``), look-alikes are put aside by the rules' ``protect``
patterns; this module only knows how a token is built.

>>> tokens("全县xx.x万人,20**.**.**,138****5678", "xX×*")
[(2, 6), (9, 13), (14, 16), (17, 19), (20, 31)]
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import regex

from pipeline.codes import BEYOND
from pipeline.patterns import compiled
from pipeline.signs import Signs

Span = tuple[int, int]
"""Start and exclusive end in the text, in code points."""

DIGITS = "0123456789０１２３４５６７８９"
HAN_DIGITS = "一二三四五六七八九十百千〇○零"
_UNIT = "年月日届大岁周个名户家次天点时号人项元万亿多余"
_BEHIND_DECIMAL = "%％‰万亿元多余个倍亩吨米公平立度"
"""What stands behind a decimal number of which only the whole part is hidden."""
_SPOILED = "统唯之同单专万第划归合"
"""Characters behind which a Chinese digit belongs to a word (统一, 唯一, 之一, 万一) and not to the mask behind it."""


@lru_cache(maxsize=8)
def token_pattern(characters: str) -> regex.Pattern[str]:
    """The pattern of a token from its first mask character on; ``characters`` are the mask characters."""
    mask = f"[{regex.escape(characters)}]"
    digits = f"[{DIGITS}]"
    spaced = rf"({mask})(?:[ \u3000]\1)++(?!{mask})"
    date = f"(?<={mask}{{2}})(?:(?:19|20){digits}{{2}}年|{digits}{{1,2}}[月日])"  # no part of a name before it: 张xx2015年
    rest = rf"(?:(?<!(?:19|20){mask}{{1,2}})[.．]{digits}{{1,2}}(?=[{_BEHIND_DECIMAL}]))?"  # xx.5%, but not the month of 20xx.5
    end = rf"{rest}(?:(?<=(?<!{mask}){mask}{{1,2}})[:：]{mask}{{2}}(?!{mask}))?"
    return compiled(
        rf"{spaced}|{mask}+(?:(?<!{mask}{{4}}),{mask}{{3}}(?!{mask}))*+(?:[.．]{mask}+)*+(?:(?!{date}){digits}+{mask}*)?{end}"
    )


@lru_cache(maxsize=8)
def _signs(characters: str) -> Signs:
    return Signs([characters])


def _places(text: str, characters: str) -> list[int]:
    """Where the mask characters stand, ascending."""
    if max(characters) < chr(BEYOND):
        return _signs(characters).places(text, 0)
    return [place for place, char in enumerate(text) if char in characters]


def _runs(places: list[int]) -> Iterator[Span]:
    """Stretches of neighbouring places."""
    start = end = -1
    for place in places:
        if place != end:
            if end > 0:
                yield start, end
            start = place
        end = place + 1
    if end > 0:
        yield start, end


_GOES_ON = frozenset(f" \u3000,.．:：{DIGITS}")
"""What a token can go on with behind its first run of mask characters."""
_LEFT = compiled(rf"(?r)(?:[{DIGITS}]+[.．:：])?[{DIGITS}]+|(?:[{DIGITS}]+[.．:：])")
_DATE = compiled(rf"(?r)[^\s\p{{P}}][{DIGITS}]?[.．][{DIGITS}]{{1,2}}[.．]")
_LEFT_HAN = compiled(rf"(?r)(?:两(?=[百千]))?[{HAN_DIGITS}]{{1,4}}")
_CENTURY = compiled(r"(?:19|20|１９|２０)[^0-9]{2}$")
_YEAR = compiled(rf"(?:19|20|１９|２０)[^.．:：]{{1,2}}|(?:二[〇○零]|一九)..?|([^{DIGITS}.．:：])\1{{3}}")


def is_year_shaped(token: str) -> bool:
    """Whether a token looks like a year of four digits.

    >>> [is_year_shaped(token) for token in ("20xx", "201x", "xxxx", "xx", "二〇一×", "20xx.5")]
    [True, True, True, False, True, False]
    """
    return _YEAR.fullmatch(token) is not None


def tokens(text: str, characters: str) -> list[Span]:
    """All mask tokens of a text, in its order, disjoint; look-alikes are among them."""
    spans: list[Span] = []
    done = 0
    match_at = token_pattern(characters).match
    for first, end in _runs(_places(text, characters)):
        start = max(first, done)
        if start >= end:
            continue
        if text[end : end + 1] in _GOES_ON:
            end = match_at(text, start).end()  # type: ignore[union-attr]  # it matches any mask character
        if text[start] in "$＄" and text[start + 1 : start + 2] in _LETTERS:  # a sum in dollars
            start += 1
        before = text[start - 1] if start else ""
        if before and before in _BEFORE:
            start = _left(text, start, end, done)
        done = end
        if "." in text[start:end] or "．" in text[start:end]:
            spans.extend(_parts(text, start, end))
        else:
            spans.append((start, end))
    return spans


_LETTERS = frozenset("xXｘＸ×")
_BEFORE = frozenset(DIGITS + HAN_DIGITS + ".．:：")


def _left(text: str, start: int, end: int, floor: int) -> int:
    """The token's start with the digits that were kept in front of its first mask character."""
    if text[start - 1] in HAN_DIGITS:
        match = _LEFT_HAN.match(text, floor, start)
        if match and _belongs(text, match.start(), end):
            return match.start()
        return start
    match = _LEFT.match(text, floor, start)
    if match is None or _DATE.match(text, floor, start):
        return start
    colon = max(text.rfind(":", match.start(), start), text.rfind("：", match.start(), start))
    before = text[max(match.start() - 2, 0) : match.start()].rstrip()[-1:]
    if colon >= 0 and before.isascii() and before.isalpha():  # the standard ISO 9001:20xx has a year, and no clock
        return colon + 1
    return match.start()


def _belongs(text: str, start: int, end: int) -> bool:
    """Whether Chinese digits are part of the number that the mask hides: 二×日, 五十×个, but not 统一××标准."""
    before = text[start - 1 : start]
    if text[max(0, start - 3) : start] == "百分之":
        return True
    if text[start] == "零":  # 两年零×个月
        return False
    return before in _NUMBERED or (text[end : end + 1] in _UNIT_SET and before not in _SPOILED_SET)


_NUMBERED = frozenset("月第")
_UNIT_SET = frozenset(_UNIT) | {"那"}
_SPOILED_SET = frozenset(_SPOILED)


def _parts(text: str, start: int, end: int) -> list[Span]:
    """A dotted token: one decimal number, or a date of three parts, which are three tokens."""
    token = text[start:end].replace("．", ".")
    pieces = token.split(".")
    if len(pieces) == 2 and not _CENTURY.match(pieces[0]):
        return [(start, end)]
    spans, place = [], start
    for piece in pieces:
        if piece and not piece.isdigit():
            spans.append((place, place + len(piece)))
        place += len(piece) + 1
    return spans
