"""Tells by three neighbouring characters which of hundreds of patterns can match at a place at all.

Nearly all patterns of the stage begin with a common character (年, 会, 人), go on with one of few and look back to one of few.
So of every pair of characters it is asked once which patterns can go with it, the answers are kept in two tables, and after
that one pass of NumPy over a text finds the few places where a pattern is worth a try.

A pattern is asked by partial matching: without what it asks on the other side it either matches the pair or could go on to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import regex

from pipeline.codes import BEYOND, basic_codes
from pipeline.patterns import INSIDE, choices, compiled, is_anchored

_NOT_AHEAD = compiled(INSIDE + r"\(\?(?:<[=!]|!)(?&inside)\)", regex.DOTALL)
"""A lookbehind or a negative lookahead: without them a pattern asks less."""
_AROUND = compiled(INSIDE + r"\(\?<?[=!](?&inside)\)", regex.DOTALL)
_HEAD = compiled(
    INSIDE + r"\^?(?:(?P<literal>(?:[^\\\[\](){}.*+?^$|\s](?![?*+{]))+)|\[(?!\^)(?:[^\]\\]|\\[\\\[\]^\-])+\](?![?*+{]))"
    r"(?:\((?:\?<=(?P<behind>(?&inside))|\?(?:[=!]|<!)(?&inside))\))*+",
    regex.DOTALL,
)
"""The literal or class that a pattern begins with, and the lookarounds right behind it."""
_FIRST = compiled(
    r"\^?(?:(?P<one>[^\\\[\](){}.*+?^$|\s]| |\\[?*+.|()\[\]{}$^])"
    r"|\[(?P<any>(?:[^\^\\\[\]\-]|\\[\\\[\]^\-])(?:[^\\\[\]\-]|\\[\\\[\]^\-])*+)\]"
    r"|\(\?:(?P<some>[^\\\[\](){}.*+?^$\s]++)\))(?![?*]|\{0?,)"
)
_HEADED = compiled(
    INSIDE + r"(?P<head>(?:[^\\\[\](){}.*+?^$|\s](?![?*+{]))+|\[(?!\^)[^\]\\]+\])"
    r"\(\?:(?P<choice>(?&inside))\)(?![?*+{])(?P<rest>(?&inside))",
    regex.DOTALL,
)
"""A literal or class and right behind it a group to choose from."""
_HOLE = "(?P<hole>)"
_BEYOND = chr(BEYOND)


def firsts(source: str) -> frozenset[str] | None:
    """The characters that a match can begin with where the pattern says so plainly, else None.

    >>> [sorted(firsts(source) or "") for source in ("(?<!今)年度?", "^月(?=日)", "[x×](?=年)", r"\\?{2}", "(?:年|月份)底")]
    [['年'], ['月'], ['x', '×'], ['?'], ['年', '月']]
    >>> sorted(firsts(r"[)\\]](?=年)") or "")
    [')', ']']
    >>> firsts("年|月"), firsts("年?月"), firsts("(?:年)?月")
    (None, None, None)
    """
    plain = _NOT_AHEAD.sub("", source.replace(_HOLE, ""))
    match = _FIRST.match(plain)
    if match is None or len(choices(plain)) > 1:
        return None
    if match["some"]:
        words = match["some"].split("|")
        return frozenset(word[0] for word in words) if all(words) else None
    return frozenset(match["one"][-1] if match["one"] else match["any"].replace("\\", ""))


def alternatives(source: str) -> list[str]:
    """The patterns that a pattern lets choose from at its top, or behind the literal or class that it begins with.

    Of each alone more can be told by what stands beside a place.

    >>> alternatives("人(?:(?=[，。])(?<=有人)|(?=们))(?!民)")
    ['人(?=[，。])(?<=有人)(?!民)', '人(?=们)(?!民)']
    >>> alternatives("[x|]年|(?:a|b)月|日(?:前|后)")
    ['[x|]年', '(?:a|b)月', '日前', '日后']
    """
    if "(?x)" in source:
        return [source]
    chosen = choices(source)
    if len(chosen) == 1:
        headed = _HEADED.fullmatch(source)
        if headed is None:
            return [source]
        chosen = tuple(headed["head"] + choice + headed["rest"] for choice in choices(headed["choice"]))
    return [part for one in chosen for part in alternatives(one)]


def can_begin(source: str, start: str) -> bool:
    """Whether a match of the pattern can begin with these characters, as far as they tell.

    >>> can_begin("年(?=[，,]全)(?<=今年)(?!度)", "年，"), can_begin("年(?=[，,]全)", "年全")
    (True, False)
    """
    literal = _literal(source)
    if len(start) <= len(literal):
        return literal.startswith(start)
    if not start.startswith(literal):
        return False
    pattern = _opening(source)
    return pattern is None or pattern.match(start, partial=True) is not None


def can_follow(source: str, before: str, first: str) -> bool:
    """Whether a match of the pattern can begin with the character ``first`` behind the character ``before``.

    >>> can_follow("年(?=[，,]全)(?<=[今去]年)", "今", "年"), can_follow("年(?=[，,]全)(?<=[今去]年)", "少", "年")
    (True, False)
    >>> can_follow("^年", "\\n", "年"), can_follow("^年", "今", "年")
    (True, False)
    """
    if before != "\n" and is_anchored(source):
        return False
    around = before + (_literal(source) or first)
    return all(pattern.match(around, partial=True) is not None for pattern in _closings(source))


def literal_of(source: str) -> str:
    """The characters that a pattern begins with plainly; none where it begins with a class or is several to choose from.

    >>> literal_of("同志(?=们)"), literal_of("年度?"), literal_of("[年月]底")
    ('同志', '年', '')
    """
    return _literal(source)


def lead_of(source: str) -> int:
    """Where in the literal that a pattern begins with its neighbours tell most about the pattern, in code points.

    At the literal's end, where the pattern goes on, or at its start if it goes on by looking back.

    >>> [lead_of(source) for source in ("同志(?=们)", "同志(?<=[，。]同志)(?=们)", "同(?=志)", "[同男]志")]
    [1, 0, 0, 0]
    """
    literal = _literal(source)
    back = len(literal) < 2 or source.replace(_HOLE, "").startswith("(?<=", source.startswith("^") + len(literal))
    return 0 if back else len(literal) - 1


@lru_cache(maxsize=2048)
def _opening(source: str) -> regex.Pattern[str] | None:
    """The pattern without what it asks of the text before a place."""
    return _compiled(_NOT_AHEAD.sub("", source))


@lru_cache(maxsize=2048)
def _closings(source: str) -> tuple[regex.Pattern[str], ...]:
    """As reversed patterns the lookbehinds that stand at once behind what the pattern begins with."""
    head = _head(source)
    behind = head.captures("behind") if head is not None else ()
    reversed_ = (_compiled(f"(?r)(?:{_AROUND.sub('', part)})") for part in behind)
    return tuple(pattern for pattern in reversed_ if pattern is not None)


@lru_cache(maxsize=2048)
def _literal(source: str) -> str:
    """The characters that a pattern begins with plainly, none where it begins with a class."""
    head = _head(source)
    return (head["literal"] or "") if head is not None else ""


def _head(source: str) -> regex.Match[str] | None:
    return None if len(choices(source)) > 1 else _HEAD.match(source.replace(_HOLE, ""))


def _compiled(source: str) -> regex.Pattern[str] | None:
    """The pattern, or None where what is left of it is none: then it can say nothing."""
    if "(?x)" in source:
        return None
    try:
        return compiled(source, regex.MULTILINE)
    except regex.error:
        return None


class Neighbours:
    """Who may stand at which places of a text, as a place's character tells together with the one behind and the one before.

    firsts: the characters that somebody looks for. begins: who can begin with a character and the one behind it. follows: who
    can stand behind the first of two characters and begin with the second. Both are asked for the character alone where the
    other is beyond the Basic Multilingual Plane or the text, and each pair is asked for once.

    >>> ours = Neighbours("年", lambda pair: (7, 8) if pair == "年底" else (), lambda pair: (7,) if pair == "今年" else (8,))
    >>> list(ours.places("到今年底，到去年底，到年初"))
    [(2, (7,)), (7, (8,))]
    """

    def __init__(
        self,
        firsts: Iterable[str],
        begins: Callable[[str], tuple[int, ...]],
        follows: Callable[[str], tuple[int, ...]],
    ) -> None:
        import numpy as np  # here, since it takes longer to import than the whole package

        known = sorted(first for first in set(firsts) if first < _BEYOND)
        self._rows = np.zeros(1 << 16, dtype=np.uint16)
        for row, first in enumerate(known, 1):
            self._rows[ord(first)] = row
        self._columns = _Columns()
        self._begins = _Table(len(known), begins)
        self._follows = _Table(len(known), follows)
        self._both = _Both()

    def places(self, text: str) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The places of a text at which somebody may stand, ascending, and who: ascending numbers, never none."""
        codes = basic_codes(f"{_BEYOND}{text}{_BEYOND}")
        columns = self._columns.of(codes)
        rows = self._rows.take(codes)
        at = (rows != 0).nonzero()[0]
        own = rows.take(at)
        behind = self._begins.look(own, columns.take(at + 1), at, text, 0)
        able = (behind > _NOBODY).nonzero()[0]
        at, own, behind = (array.take(able) for array in (at, own, behind))
        before = self._follows.look(own, columns.take(at - 1), at, text, 1)
        both = self._both.look(behind, before, self._begins.answers, self._follows.answers)
        some = (both > _NOBODY).nonzero()[0]
        places, numbers = (at.take(some) - 1).tolist(), both.take(some).tolist()
        return ((place, self._both.answers[number]) for place, number in zip(places, numbers, strict=True))


_UNKNOWN, _NOBODY = 0, 1


class _Columns:
    """A number for each character, in the order in which they are met, so that tables hold no more than is asked for."""

    def __init__(self) -> None:
        import numpy as np

        self._known = np.zeros(1 << 16, dtype=np.uint16)
        self._size = 0

    def of(self, codes: Any) -> Any:
        """The numbers of an array's characters, from 1."""
        import numpy as np

        found = self._known.take(codes)
        if not found.all():
            new = sorted({*codes[found == 0].tolist()})
            self._known[new] = np.arange(self._size + 1, self._size + 1 + len(new))
            self._size += len(new)
            found = self._known.take(codes)
        return found


class _Answers:
    """Answers by their numbers; the same answer has one number."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, ...]] = [(), ()]
        self._numbers: dict[tuple[int, ...], int] = {(): _NOBODY}

    def number(self, answer: tuple[int, ...]) -> int:
        if answer not in self._numbers:
            self._numbers[answer] = len(self.answers)
            self.answers.append(answer)
        return self._numbers[answer]


class _Table(_Answers):
    """The answers for pairs of characters, each asked for once: a row for each character that somebody looks for."""

    def __init__(self, rows: int, ask: Callable[[str], tuple[int, ...]]) -> None:
        import numpy as np

        super().__init__()
        self._ask = ask
        self._table = np.zeros((rows + 1, 1 << 11), dtype=np.uint16)

    def look(self, rows: Any, columns: Any, at: Any, text: str, back: int) -> Any:
        """Numbers of answers. at: places of the pairs' characters, counted from 1. back: whether a pair begins one before."""
        import numpy as np

        self._widen(int(columns.max(initial=0)))
        keys = rows.astype(np.uint32) * np.uint32(self._table.shape[1]) + columns
        found = self._table.take(keys)
        new = (found == _UNKNOWN).nonzero()[0]
        if len(new):
            places = dict(zip(keys.take(new).tolist(), (at.take(new) - 1).tolist(), strict=True))
            self._table.put([*places], [self.number(self._ask(_pair(text, place, back))) for place in places.values()])
            found = self._table.take(keys)
        return found

    def _widen(self, column: int) -> None:
        """Make the table as wide as a column needs."""
        import numpy as np

        while column >= self._table.shape[1]:
            self._table = np.pad(self._table, ((0, 0), (0, self._table.shape[1])))


class _Both(_Answers):
    """What two answers have in common, worked out once for each two."""

    def __init__(self) -> None:
        super().__init__()
        self._known: Any = None

    def look(self, first: Any, second: Any, firsts_: list[tuple[int, ...]], seconds: list[tuple[int, ...]]) -> Any:
        """Numbers of answers, for arrays of numbers of the answers that are met."""
        import numpy as np

        if self._known is None or len(firsts_) > self._known.shape[0] or len(seconds) > self._known.shape[1]:
            self._known = np.zeros((2 * len(firsts_), 2 * len(seconds)), dtype=np.uint16)
        found = self._known[first, second]
        for one, other in {*zip(first[found == _UNKNOWN].tolist(), second[found == _UNKNOWN].tolist(), strict=True)}:
            able = set(seconds[other])
            self._known[one, other] = self.number(tuple(number for number in firsts_[one] if number in able))
        return self._known[first, second]


def _pair(text: str, place: int, back: int) -> str:
    """The character at a place with the one behind it, or before it; alone where that is none or is beyond the table."""
    start = place - back
    pair = text[max(start, 0) : start + 2]
    return pair if len(pair) == 2 and pair[1 - back] < _BEYOND else text[place]
