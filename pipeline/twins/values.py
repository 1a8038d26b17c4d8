"""Values (数值, 名称): what can stand for a mask of a type, and what of another copy's words does."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pipeline.duplicates.values import agree, mask_pattern
from pipeline.rulebook import read_rule_file, rules_folder

NUMERIC = frozenset({
    "year", "month", "day", "hour", "duration", "ordinal", "count", "amount", "percent", "docno", "number",
})  # fmt: skip
"""Types whose values are figures, which are told from the words around them by their form."""

SHORT = 12
"""Code points of words without a proven neighbour in which a figure is looked for."""

_HAN = "〇零○一二三四五六七八九十百千万亿两几半数"
_LINKED = r"(?:[.,:/~～·\-–—至]{1,2}"
_FIGURE = rf"(?:\d+{_LINKED}\d+)*[十百千万亿]*[多余来]?|[{_HAN}]+{_LINKED}[{_HAN}]+)*[多余来]?)"
_YEAR = "(?:[12][0-9]{3}|[0-9]{2}|[〇零○一二三四五六七八九]{2,4})"
_DIGITS = str.maketrans("〇零○一二三四五六七八九两", "0001234567892")
_TENS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_NUMERAL = re.compile(rf"[\d{_HAN}]")
_OPEN = re.compile(r"[^\s，。；：！？,;:!?…⟦⟧]{1,24}")
_WHOLE = {name: re.compile(_YEAR if name == "year" else _FIGURE) for name in (*NUMERIC, "other")}
_FIRST = {name: re.compile(rf"(?:{one.pattern})(?!\d)") for name, one in _WHOLE.items()}
_LAST = {name: re.compile(rf"(?<!\d)(?:{one.pattern})$") for name, one in _WHOLE.items()}


def surnames() -> frozenset[str]:
    """The commonest surnames, from ``rules/duplicates.toml``.

    >>> "王" in surnames()
    True
    """
    return _set("surnames")


@lru_cache(maxsize=2)
def _set(name: str) -> frozenset[str]:
    return frozenset(read_rule_file(rules_folder() / "duplicates.toml")[1]["sets"][name])


def has_particle(words: str) -> bool:
    """Whether a word that is no part of names stands at either end: then a name has a stray word beside it.

    >>> has_particle("到青石"), has_particle("青石")
    (True, False)
    """
    return not {words[0], words[-1]}.isdisjoint(_set("particles"))


def figure(words: str, type_: str, surface: str, *, left: bool, right: bool) -> tuple[int, int] | None:
    """Where in another copy's words the figure of a type stands, or None.

    left, right: whether the words' neighbours on that side are the placeholder's own. With one of them the figure must touch
    that side; with both the words are mostly the figure and nothing else. With none, or with other words between two true
    neighbours, it must be the only one and in Arabic digits. surface: the placeholder, whose kept digits must agree.

    >>> figure("2016", "year", "20xx", left=True, right=True), figure("达到12", "count", "xx", left=False, right=True)
    ((0, 4), (2, 4))
    >>> figure("1998", "year", "20xx", left=True, right=True)
    """
    match = _WHOLE[type_].fullmatch(words) if left and right else None
    if right and not match:
        match = _LAST[type_].search(words)
    if left and not match:
        match = _FIRST[type_].match(words)
    if match and left and right and match[0] != words and not _alone(match[0], words):
        return None
    if not (left or right):
        match = _FIRST[type_].search(words)
        match = match if match and _alone(match[0], words) else None
    if not match or not match[0] or (type_ != "number" and not agree(surface, match[0])):
        return None
    return match.span()


def _alone(value: str, words: str) -> bool:
    """Whether a value in Arabic digits is the only figure in a few words."""
    rest = words.replace(value, "", 1)
    return value[0].isdigit() and len(words) <= SHORT and not has_numeral(rest)


def is_word(words: str) -> bool:
    """Whether words can be a name or a term: no stops, no white space, no masks, at most 24 characters.

    >>> is_word("青石"), is_word("好，很好"), is_word("青某")
    (True, False, False)
    """
    return bool(_OPEN.fullmatch(words)) and not mask_pattern().search(words)


def has_numeral(words: str) -> bool:
    """Whether there is a figure in the words."""
    return bool(_NUMERAL.search(words))


def is_figure(words: str) -> bool:
    """Whether the words are one figure.

    >>> is_figure("12.5"), is_figure("三百多"), is_figure("三个")
    (True, True, False)
    """
    return bool(_WHOLE["count"].fullmatch(words))


def likely(value: str, type_: str, surface: str) -> bool:
    """Whether a name has the form that is most common for its type: then it is no name with a stray word beside it.

    Names of two and three characters are the commonest, and one sign for each hidden character is a common way to mask.

    >>> likely("王小明", "person", "xx"), likely("的王小明", "person", "xx"), likely("青石", "place", "××")
    (True, False, True)
    """
    if type_ == "person":
        return len(value) in (2, 3) and value[0] in surnames()
    return len(value) in (2, 3) or len(value) == len(surface)


def same(one: str, other: str) -> bool:
    """Whether two values say the same, whatever their width and case, and the script of their numerals.

    >>> same("28", "二十八"), same("2016", "二〇一六"), same("28", "38")
    (True, True, False)
    """
    if one == other or unicodedata.normalize("NFKC", one).casefold() == unicodedata.normalize("NFKC", other).casefold():
        return True
    return is_figure(one) and is_figure(other) and _integer(one) is not None and _integer(one) == _integer(other)


def _integer(figure: str) -> int | None:
    """The number that a figure writes, None where it is no plain whole number.

    >>> _integer("1,200"), _integer("一千二百"), _integer("三万零五十"), _integer("12.5"), _integer("三百多")
    (1200, 1200, 30050, None, None)
    """
    plain = unicodedata.normalize("NFKC", figure).replace(",", "").translate(_DIGITS)
    if plain.isdecimal():
        return int(plain)
    total = part = digit = 0
    for char in plain:
        if char.isdecimal():
            digit = int(char)
        elif char in _TENS:
            part += max(digit, 1) * _TENS[char]
            digit = 0
        elif char in _MYRIADS:
            total = (total + part + digit) * _MYRIADS[char]
            part = digit = 0
        else:
            return None
    return total + part + digit
