"""Lines of a page, and the folded view of it in which rules look.

A rule should not have to know whether a site writes ``（篇1）`` or ``(篇1)``, ``同志们：`` or ``同誌們:``. So rules of the
label, boilerplate, link and paragraph stages match a view of the text in which full-width ASCII is half-width, every kind of
space is a space and traditional characters are simplified. The view has the text's length, so that places in it are the text's.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import regex

from pipeline.codes import codes_of, text_of
from pipeline.patterns import compiled
from pipeline.rulebook import Rule, StageRules

_SPACES = (
    "\t\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u200b\ufeff"
)
_SMALL = tuple(zip("﹐﹑﹔﹕﹖﹗﹙﹚", ",、;:?!()", strict=True))
"""Small form variants (Unicode's U+FE50 to U+FE5A), which pages from Taiwan and Hong Kong have, and what they stand for."""
_BLANK = _SPACES + " \n"
_BLANKS = frozenset(_BLANK)

SENTENCE_ENDS = frozenset("。!?;:…—~")
"""What a paragraph or a list item may end with, in the view; closing quotes and brackets may follow."""
_CLOSERS = "”’\"')」』】》〉]"
_OPEN_TO_DOUBT = frozenset(_CLOSERS + ".")
_HEARD = compiled(r"(?: *\([^()\n]{0,8}(?:掌声|鼓掌|笑声|欢呼)[^()\n]{0,2}\))+$")
"""What was heard behind a paragraph; it says nothing of the line."""
_NOT_LETTER = compiled(r"[^\p{L}\p{N}]+")


class Line(NamedTuple):
    """One line, or the part of a line on one side of a border: places of the whole of it and of its visible part.

    What was heard (（掌声）) behind the line is not of that part.
    """

    start: int
    end: int
    left: int
    right: int

    @property
    def size(self) -> int:
        """Code points between the first and the last visible character."""
        return self.right - self.left


@lru_cache(maxsize=4)
def _folder(pairs: tuple[tuple[str, str], ...]) -> Callable[[str], str]:
    """What folds a text: every character looked up in one table, at ten times the speed of `str.translate`."""
    import numpy as np  # here, since it takes longer to import than the whole package

    table = np.arange(sys.maxunicode + 1, dtype="<u4")
    table[0xFF01 : 0xFF01 + 94] = np.arange(0x21, 0x21 + 94)
    for space in _SPACES:
        table[ord(space)] = ord(" ")
    for old, new in (*pairs, *_SMALL):
        table[ord(old)] = ord(new)

    def folded(text: str) -> str:
        return text_of(table.take(codes_of(text)))

    return folded


def view_of(text: str, rules: StageRules) -> str:
    """The view of a text with the characters exchanged that the rules' settings ``traditional`` and ``simplified`` pair off.

    rules: those of the stage ``labels``.

    >>> from pipeline.rulebook import rules_for
    >>> view_of("（篇１）　同誌們：", rules_for("labels", None))
    '(篇1) 同志们:'
    """
    folder: Callable[[str], str] | None = rules.derived.get("fold")
    if folder is None:
        settings = rules.settings
        pairs = zip(settings.get("traditional", ""), settings.get("simplified", ""), strict=True)
        folder = rules.derived["fold"] = _folder(tuple(pairs))
    return folder(text)


def lines_of(view: str, cuts: Iterable[int] = ()) -> list[Line]:
    """Every non-empty line of a view, cut further at ``cuts``.

    >>> [(line.start, line.end, line.left) for line in lines_of("甲\\n\\n 乙丙", [5])]
    [(0, 1, 0), (3, 5, 4), (5, 6, 5)]
    """
    inner = [*sorted(cuts), len(view)]
    lines, start, at = [], 0, 0
    for piece in view.split("\n"):
        end = start + len(piece)
        if piece and piece[0] != " " != piece[-1] != ")" and end <= inner[at]:
            lines.append(Line(start, end, start, end))
        elif piece:
            begin = start
            while inner[at] < end:
                if inner[at] > begin:
                    lines.append(_line(view, begin, inner[at]))
                    begin = inner[at]
                at += 1
            lines.append(_line(view, begin, end))
        start = end + 1
    return lines


def _line(view: str, start: int, end: int) -> Line:
    part = view[start:end]
    bare = part.strip()
    left = start + len(part) - len(part.lstrip()) if bare else end
    right = left + len(bare)
    heard = _HEARD.search(view, left, right) if bare.endswith(")") else None
    return Line(start, end, left, heard.start() if heard and heard.start() > left else right)


def visible(text: str, start: int, end: int) -> tuple[int, int]:
    """The places of the first and behind the last visible character of text[start:end]; (end, end) where there is none.

    >>> visible("  甲 ", 0, 4)
    (2, 3)
    """
    if start < end and text[start] not in _BLANKS and text[end - 1] not in _BLANKS:
        return start, end
    part = text[start:end]
    bare = part.strip(_BLANK)
    if not bare:
        return end, end
    left = start + len(part) - len(part.lstrip(_BLANK))
    return left, left + len(bare)


def is_closed(view: str, left: int, right: int) -> bool:
    """Whether view[left:right] ends as a sentence, a clause or an announcement does, closing quotes and brackets aside."""
    if left == right:
        return False
    last = view[right - 1]
    if last not in _OPEN_TO_DOUBT:
        return last in SENTENCE_ENDS
    tail = view[max(left, right - 4) : right]
    bare = tail.rstrip(_CLOSERS)
    if not bare:
        return True
    return bare[-1] in SENTENCE_ENDS or (bare[-1] == "." and not bare[-2:-1].isascii())


def letters(text: str) -> str:
    """Only the letters and figures of a text, to compare lines that differ in punctuation and spaces.

    >>> letters("讲话稿 (一)!")
    '讲话稿一'
    """
    return _NOT_LETTER.sub("", text)


class Scan:
    """What rules see of the lines of one page: pieces joined into one text, whose line breaks are the pieces' borders.

    ``where`` of a rule says which pieces it sees: ``line`` (whole lines of up to ``whole`` code points), ``head`` (the
    beginnings of all lines), ``tail`` (their ends), ``ends`` (both) or ``text`` (the whole page instead).
    text: first the short lines, then the heads of the others, then their tails. starts: where each piece begins in it.
    """

    def __init__(self, view: str, lines: Sequence[Line], whole: int = 100, head: int = 48, tail: int = 40) -> None:
        self.view = view
        self.lines = lines
        short: list[tuple[int, int, int]] = []
        heads: list[tuple[int, int, int]] = []
        tails: list[tuple[int, int, int]] = []
        for number, (_, _, left, right) in enumerate(lines):
            if right - left > whole:
                heads.append((number, left, left + head))
                tails.append((number, right - tail, right))
            elif right > left:
                short.append((number, left, right))
        self._pieces = short + heads + tails
        self.text = "\n".join([view[start:end] for _, start, end in self._pieces])
        self.starts = list(accumulate([end - start + 1 for _, start, end in self._pieces], initial=0))
        first, second, last = len(short), len(short) + len(heads), len(self._pieces)
        self._sections = {
            "line": (range(first),),
            "head": (range(second),),
            "tail": (range(first), range(second, last)),
            "ends": (range(last),),
        }

    def find(self, rule: Rule, among: Sequence[int] | None = None) -> Iterator[tuple[int, int, regex.Match[str]]]:
        """A rule's first match in each piece: (number of the line, what to add to its places to get the view's, the match).

        among: the only pieces in which the rule can match, as `LiteralIndex` tells; None where it is to be tried on all.
        """
        if rule.where == "text":
            yield from self._in_view(rule)
            return
        search = rule.regex.match if rule.anchored else rule.regex.search  # a piece is one line
        text, starts = self.text, self.starts
        for section in self._sections[rule.where or "line"]:
            if among is None:
                yield from self._in_section(rule, section)
                continue
            for piece in among[bisect_left(among, section.start) : bisect_left(among, section.stop)]:
                match = search(text, starts[piece], starts[piece + 1] - 1, False)  # as in `pipeline.patterns.matches_at`
                if match is not None:
                    number, origin, _ = self._pieces[piece]
                    yield number, origin - starts[piece], match

    def _in_section(self, rule: Rule, section: range) -> Iterator[tuple[int, int, regex.Match[str]]]:
        if not section:
            return
        starts, seen = self.starts, -1
        for match in rule.regex.finditer(self.text, starts[section.start], starts[section.stop] - 1):
            piece = bisect_right(starts, match.start()) - 1
            if piece != seen:
                seen = piece
                number, origin, _ = self._pieces[piece]
                yield number, origin - starts[piece], match

    def _in_view(self, rule: Rule) -> Iterator[tuple[int, int, regex.Match[str]]]:
        starts = [line.start for line in self.lines]
        for match in rule.finditer(self.view):
            number = bisect_right(starts, match.start()) - 1
            if number >= 0:
                yield number, 0, match


FIGURES = 16
"""Code points of the longest number that may be torn out of a sentence."""
_FIGURES = compiled(r"\d{1,8}(?:[.,]\d{1,4})*[%‰]?")
_UNIT = compiled(
    r"[年月日号秒位个件户家元万亿千百十项条起次届期岁度倍辆台套座所处份篇亩吨米里斤天周余多%‰,。、;:)]|时(?!间)|点(?![击赞评此阅])|分(?!享)|人(?!气)|名(?!称)|公[里斤顷]|平方|立方|世纪|小时"
)


def is_torn(text: str, below: str) -> bool:
    """Whether a line is a number whose unit stands at the beginning of the next line.

    >>> is_torn("37", "件，走了又来。"), is_torn("2", "一位老人没有走。"), is_torn("第2", "件")
    (True, False, False)
    """
    return _FIGURES.fullmatch(text) is not None and _UNIT.match(below) is not None


def is_figure(text: str) -> bool:
    """Whether a line is nothing but a number.

    >>> is_figure("98.6%"), is_figure("一")
    (True, False)
    """
    return _FIGURES.fullmatch(text) is not None
