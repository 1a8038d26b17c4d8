"""Alignment of two copies, character by character, with each placeholder as one token.

Levenshtein alignment (by rapidfuzz, bit-parallel, Hyyrö 2003) inside the matching passages that the search for duplicates has
found, so that moved paragraphs are aligned where they are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import cast

from pipeline.codes import codes_of, text_of
from pipeline.duplicates import Span
from pipeline.twins.data import Mark

HOLDER = "\ue000"
"""What stands for a placeholder: a private-use character, which texts lose before (`compact`)."""

_GAP = 100  # code points between two passages that are aligned together: longer than the words that may be lost
_EDGE = 200  # code points at the ends of texts, outside of all passages, that are aligned too
_HINT = 128  # edits in a passage that rapidfuzz expects: a narrower band of its matrix; with more of them it starts again
_PIECE = 1000  # tokens from which on a passage is cut
_ANCHOR, _DRIFT = 16, 500  # tokens that are the same where it is cut, and how far from the diagonal they may be
_FULL, _LAST, _STEP = ord("！"), ord("～"), ord("！") - ord("!")  # full-width forms of ASCII's characters


@dataclass(frozen=True, slots=True)
class Row:
    """A text ready for alignment: width folded, each placeholder with a width one HOLDER, a line break at either end.

    starts: for each token where it starts in the text. places: the token of each placeholder; of an elision the one behind.
    holes: the tokens before which an elision lies. number_at: the placeholder that a token stands for, by its number, where no
    elision lies before it as well. beside: for each token 1 if it is a placeholder or right behind one or an elision, else 0.
    """

    tokens: str
    starts: array[int]
    places: tuple[int, ...]
    holes: frozenset[int]
    number_at: dict[int, int]
    beside: bytes

    def is_held(self, start: int, end: int) -> bool:
        """Whether a placeholder lies in the tokens [start, end) or beside them."""
        return self.beside.find(1, start, end + 1) >= 0


def compact(text: str, marks: Sequence[Mark]) -> Row:
    """A text as a row.

    >>> row = compact("20xx年（共xx户）", [Mark(0, 4, "20xx", "mask", "year", None), Mark(7, 9, "xx", "mask", "count", None)])
    >>> row.tokens.replace(HOLDER, "#"), row.places
    ('\\n#年(共#户)\\n', (1, 5))
    """
    pieces, starts, places, holes, done = ["\n"], array("I", [0]), [], [], 0
    narrow = _narrow(text)
    for mark in marks:
        pieces.append(narrow[done : mark.start])
        starts.extend(range(done, mark.start))
        places.append(len(starts))
        if mark.end > mark.start:
            pieces.append(HOLDER)
            starts.append(mark.start)
        if not mark.surface:
            holes.append(places[-1])
        done = mark.end
    pieces += (narrow[done:], "\n")
    starts.extend((*range(done, len(text)), len(text), len(text)))
    tokens, gaps = "".join(pieces), frozenset(holes)
    number_at = {place: number for number, place in enumerate(places) if tokens[place] == HOLDER and place not in gaps}
    beside = bytearray(len(starts))
    for place in places:
        beside[place] = 1
        if tokens[place] == HOLDER:
            beside[place + 1] = 1
    return Row(tokens, starts, tuple(places), gaps, number_at, bytes(beside))


def _narrow(text: str) -> str:
    """The text with ASCII's characters for their full-width forms, and without `HOLDER`.

    >>> _narrow("１２％，好～\ue000𠀀") == "12%,好~\ufffd𠀀"
    True
    """
    import numpy as np  # here, since it takes longer to import than the whole package

    codes = codes_of(text).copy()
    codes[(codes >= _FULL) & (codes <= _LAST)] -= np.uint32(_STEP)
    codes[codes == ord(HOLDER)] = ord("\ufffd")
    return text_of(codes)


Code = tuple[str, int, int, int, int]
"""What is done with a stretch of tokens (equal, replace, insert or delete); its start and end in one row, and in the other."""


class Matching:
    """The codes of an alignment, of one matching passage after the other, and what they come to when somebody asks.

    sizes: of the two rows, in tokens. ascending: no passage reaches over another one, in either row.
    """

    def __init__(self, codes: Sequence[Code], sizes: tuple[int, int], *, ascending: bool) -> None:
        self.codes, self._sizes, self._ascending = codes, sizes, ascending

    @cached_property
    def partners(self) -> tuple[list[int], list[int]]:
        """For each token of the first row its partner in the second or -1, and the reverse; of two the first counts."""
        to, back = ([-1] * size for size in self._sizes)
        for tag, start, end, b_start, b_end in self.codes:
            if tag == "equal" and to[start] < 0 and back[b_start] < 0:
                to[start:end] = range(b_start, b_end)
                back[b_start:b_end] = range(start, end)
        return to, back

    def partner(self, place: int, side: int) -> int:
        """The partner of one token of the row on a side (0 or 1), or -1: for a few places, without all the others."""
        if not self._ascending:
            return self.partners[side][place]
        at = bisect_right(self._starts[side], place) - 1
        if at < 0 or self.codes[at][0] != "equal":
            return -1
        _, start, end, b_start, b_end = self.codes[at]
        if side:
            start, end, b_start = b_start, b_end, start
        return b_start + place - start if place < end else -1

    @cached_property
    def _starts(self) -> tuple[list[int], list[int]]:
        return [code[1] for code in self.codes], [code[3] for code in self.codes]


@dataclass(frozen=True)
class Alignment:
    """Two rows, and which of their tokens stand for each other. side: of the matching on which a is."""

    a: Row
    b: Row
    matching: Matching
    side: int = 0

    @property
    def to(self) -> list[int]:
        """For each of a's tokens the place of its partner in b, or -1."""
        return self.matching.partners[self.side]

    @property
    def back(self) -> list[int]:
        """For each of b's tokens the place of its partner in a, or -1."""
        return self.matching.partners[1 - self.side]

    @cached_property
    def inserted(self) -> list[tuple[int, int, int]]:
        """(place in a, start in b, end in b) of what only b has."""
        if self.side:
            return [(b_start, start, end) for tag, start, end, b_start, _ in self.matching.codes if tag == "delete"]
        return [(start, b_start, b_end) for tag, start, _, b_start, b_end in self.matching.codes if tag == "insert"]

    @cached_property
    def edits(self) -> int:
        """How many stretches differ that no placeholder lies in or beside."""
        one, two = (self.b, self.a) if self.side else (self.a, self.b)
        return sum(
            not (one.is_held(start, end) or two.is_held(b_start, b_end))
            for tag, start, end, b_start, b_end in self.matching.codes
            if tag != "equal"
        )

    def turned(self) -> Alignment:
        """The same with the sides changed."""
        return Alignment(self.b, self.a, self.matching, 1 - self.side)

    def linked(self) -> dict[int, int]:
        """The placeholders of a that stand for one of b, by their numbers; only those with a width."""
        pairs = ((number, self.b.number_at.get(self._partner(place))) for place, number in self.a.number_at.items())
        return {number: other for number, other in pairs if other is not None}

    def is_lost(self, number: int) -> bool:
        """Whether a's elision of that number is one in b as well."""
        place = self.a.places[number]
        return place in self.a.holes and self._partner(place) in self.b.holes

    def _partner(self, place: int) -> int:
        return self.matching.partner(place, self.side)

    @cached_property
    def partners(self) -> list[int]:
        """As ``to``, with placeholders as if they had a partner."""
        partners = self.to[:]
        for place in self.a.places:
            if self.a.tokens[place] == HOLDER:
                partners[place] = 0
        return partners

    def agreement(self, low: int, high: int) -> int:
        """How many of a's tokens [low, high) have a partner; what lies beyond an end of the text counts as if it had."""
        return high - low - self.partners[max(low, 0) : max(high, 0)].count(-1)

    def run(self, place: int, step: int, most: int = 3) -> int:
        """How many of a's tokens from a place on, in steps of 1 or -1, have partners side by side; placeholders count."""
        at = self.to[place]
        for number in range(most):
            here = place + number * step
            if not 0 <= here < len(self.to) or (number and self.a.tokens[here] == HOLDER):
                return most
            if self.to[here] < 0 or self.to[here] != at + number * step:
                return number
        return most


def align(a: Row, b: Row, spans: Iterable[Span]) -> Alignment:
    """Align two rows inside matching passages (a_start, a_end, b_start, b_end), code points in the texts."""
    from rapidfuzz.distance import Levenshtein

    ranges = list(_ranges(a, b, sorted(spans)))
    codes: list[Code] = []
    for low, high, b_low, b_high in (piece for one in ranges for piece in _pieces(a.tokens, b.tokens, one)):
        found = Levenshtein.opcodes(a.tokens[low:high], b.tokens[b_low:b_high], score_hint=_HINT).as_list()
        codes += _shifted(cast("list[Code]", found), low, b_low)
    ascending = all(one[1] <= two[0] and one[3] <= two[2] for one, two in pairwise(ranges))
    return Alignment(a, b, Matching(codes, (len(a.tokens), len(b.tokens)), ascending=ascending))


def _shifted(codes: list[Code], low: int, b_low: int) -> list[Code]:
    if not (low or b_low):
        return codes
    return [(tag, start + low, end + low, b_start + b_low, b_end + b_low) for tag, start, end, b_start, b_end in codes]


def _pieces(a: str, b: str, passage: Span) -> Iterator[Span]:
    """A long passage cut where both have the same tokens, since the time of an alignment grows with the square of its length.

    >>> from pipeline.twins.alignment import _pieces
    >>> one = "".join(chr(0x4E00 + number) for number in range(2500))
    >>> list(_pieces(one, one[:5] + one[9:], (0, 2500, 0, 2496)))
    [(0, 1000, 0, 996), (1000, 2500, 996, 2496)]
    """
    low, high, b_low, b_high = passage
    while high - low >= 2 * _PIECE:
        cut = _cut(a, b, (low, high, b_low, b_high))
        if cut is None:
            break
        yield low, cut[0], b_low, cut[1]
        low, b_low = cut
    yield low, high, b_low, b_high


def _cut(a: str, b: str, passage: Span) -> tuple[int, int] | None:
    """The first place behind a piece's length where both have the same tokens, once in b where they are expected."""
    low, high, b_low, b_high = passage
    for at in range(low + _PIECE, high - _ANCHOR, _ANCHOR):
        words, expected = a[at : at + _ANCHOR], b_low + at - low
        first, last = max(b_low, expected - _DRIFT), min(b_high, expected + _DRIFT)
        found = b.find(words, first, last)
        if found >= 0 and b.find(words, found + 1, last) < 0:
            return at, found
    return None


def _ranges(a: Row, b: Row, spans: Sequence[Span]) -> Iterator[Span]:
    """The passages in tokens, those with little between them joined, and drawn out to the ends of the texts."""
    size, b_size = a.starts[-1], b.starts[-1]
    joined: list[list[int]] = []
    for start, end, b_start, b_end in spans:
        if joined and end <= joined[-1][1] and b_end <= joined[-1][3] and b_start >= joined[-1][2]:
            continue
        last = joined[-1] if joined else None
        if last and -_GAP < start - last[1] < _GAP and -_GAP < b_start - last[3] < _GAP and b_start >= last[2]:
            last[1], last[3] = max(last[1], end), max(last[3], b_end)
        else:
            joined.append([start, end, b_start, b_end])
    if joined and joined[0][0] < _EDGE and joined[0][2] < _EDGE:
        joined[0][0] = joined[0][2] = 0
    if joined and size - joined[-1][1] < _EDGE and b_size - joined[-1][3] < _EDGE:
        joined[-1][1], joined[-1][3] = size, b_size
    for start, end, b_start, b_end in joined:
        yield _token(a, start, 0), _token(a, end, 1), _token(b, b_start, 0), _token(b, b_end, 1)


def _token(row: Row, offset: int, end: int) -> int:
    """The token that starts at an offset; the line breaks at the ends belong to a passage that reaches there."""
    if not offset:
        return end
    at = bisect_left(row.starts, offset)
    return len(row.tokens) if end and offset == row.starts[-1] else at
