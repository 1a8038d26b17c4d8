"""Alignment of two copies, character by character, with each placeholder as one token.

Levenshtein alignment (by rapidfuzz, bit-parallel, Hyyrö 2003) inside the matching passages that the search for duplicates has
found, so that moved paragraphs are aligned where they are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from pipeline.codes import codes_of, text_of
from pipeline.duplicates import Span
from pipeline.twins.data import Mark

HOLDER = "\ue000"
"""What stands for a placeholder: a private-use character, which texts lose before (`compact`)."""

_GAP = 100  # code points between two passages that are aligned together: longer than the words that may be lost
_EDGE = 200  # code points at the ends of texts, outside of all passages, that are aligned too
_HINT = 128  # edits in a passage that rapidfuzz expects: a narrower band of its matrix; with more of them it starts again
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


@dataclass(frozen=True)
class Alignment:
    """Two rows with the tokens that stand for each other: to[i] is the place in b of a's token i, or -1; back the reverse.

    inserted: (place in a, start in b, end in b) of what only b has; deleted: (place in b, start in a, end in a).
    edits: how many stretches differ that no placeholder lies in or beside.
    """

    a: Row
    b: Row
    to: list[int]
    back: list[int]
    inserted: tuple[tuple[int, int, int], ...]
    deleted: tuple[tuple[int, int, int], ...]
    edits: int

    def turned(self) -> Alignment:
        """The same with the sides changed."""
        return Alignment(self.b, self.a, self.back, self.to, self.deleted, self.inserted, self.edits)

    def linked(self) -> dict[int, int]:
        """The placeholders of a that stand for one of b, by their numbers; only those with a width."""
        pairs = ((number, self.b.number_at.get(self.to[place])) for place, number in self.a.number_at.items())
        return {number: other for number, other in pairs if other is not None}

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

    to, back = [-1] * len(a.tokens), [-1] * len(b.tokens)
    inserted: list[tuple[int, int, int]] = []
    deleted: list[tuple[int, int, int]] = []
    edits = 0
    for low, high, b_low, b_high in _ranges(a, b, sorted(spans)):
        codes = Levenshtein.opcodes(a.tokens[low:high], b.tokens[b_low:b_high], score_hint=_HINT).as_list()
        for tag, source, source_end, target, target_end in cast("list[tuple[str, int, int, int, int]]", codes):
            start, end, b_start, b_end = source + low, source_end + low, target + b_low, target_end + b_low
            if tag == "equal":
                if to[start] < 0 and back[b_start] < 0:
                    to[start:end] = range(b_start, b_end)
                    back[b_start:b_end] = range(start, end)
                continue
            if tag == "insert":
                inserted.append((start, b_start, b_end))
            elif tag == "delete":
                deleted.append((b_start, start, end))
            edits += not (a.is_held(start, end) or b.is_held(b_start, b_end))
    return Alignment(a, b, to, back, tuple(inserted), tuple(deleted), edits)


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
