"""Which rules can match in which pieces of a text at all: one pass finds the literals that all the rules need.

A page has a few dozen short lines and the stages that label them have some seventy rules. Most rules can match only where one
of their literals stands (``needs``), so a rule is tried on the few pieces that hold one, and on no others. A literal is known
by the two neighbouring characters of it that stand in fewest other places (`_rarest`) and by the one beside them: that may name
a piece too many, never one too few.

>>> LiteralIndex([["小编"], ["上一篇", "下一篇"]]).places("网站首页\\n下面是小编找来的\\n下一篇", [0, 5, 14])
{0: [1], 1: [2]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pipeline.codes import PIECE, codes_of

_FACTOR, _OTHER = 40503, 52711
"""Odd numbers with no pattern in them: two neighbours have a number by each, and must be known by both."""
_SIZE = 1 << 16
_FEW = 4
"""Single characters up to which a look for each of them is faster than a look into a table."""


class LiteralIndex:
    """For each of several lists of literals the pieces of a text in which one of them may stand.

    An empty list is never found: its owner has to look everywhere.
    """

    def __init__(self, needs: Sequence[Sequence[str]]) -> None:
        import numpy as np  # here, since it takes longer to import than the whole package

        shared = Counter(pair for words in needs for word in words for pair in pairwise(word))
        pairs: dict[int, set[int]] = {}
        beside: dict[int, set[tuple[int, int]]] = {}
        singles: dict[int, set[int]] = {}
        self._others = np.zeros(_SIZE, dtype=np.bool_)
        for owner, words in enumerate(needs):
            for word in words:
                if len(word) > 1:
                    at = _rarest(word, shared)
                    pair = word[at], word[at + 1]
                    pairs.setdefault(_key(pair, _FACTOR), set()).add(owner)
                    beside.setdefault(_key(pair, _FACTOR), set()).add(_beside(word, at))
                    self._others[_key(pair, _OTHER)] = True
                else:
                    singles.setdefault(ord(word) % _SIZE, set()).add(owner)
        groups: dict[tuple[frozenset[int], tuple[int, int]], int] = {}
        self._pairs, self._singles = (np.zeros(_SIZE, dtype=np.uint16) for _ in range(2))
        for table, known in ((self._pairs, pairs), (self._singles, singles)):
            for key, found in known.items():
                near = beside.get(key, set()) if table is self._pairs else set()
                group = frozenset(found), near.pop() if len(near) == 1 else _ANY
                table[key] = groups.setdefault(group, len(groups) + 1)
        self._few = [(key, self._singles[key]) for key in sorted(singles)] if len(singles) <= _FEW else None
        self._size = len(needs)
        self._rows = np.arange(self._size + 1)
        width = max((len(owners) for owners, _ in groups), default=0)
        self._owners = np.array(
            [[*sorted(owners), *[self._size] * (width - len(owners))] for owners in ((), *(own for own, _ in groups))],
            dtype=np.intp,
        )
        self._far, self._near = np.array([_ANY, *(near for _, near in groups)], dtype=np.intp).T

    def places(self, text: str, starts: Sequence[int]) -> dict[int, list[int]]:
        """For the lists of which a literal may stand in the text: the numbers of the pieces in which it may, ascending.

        starts: where each piece of the text begins, ascending, the first at 0.
        """
        return self.places_in(codes_of(text), starts)

    def places_in(self, text: Any, starts: Any) -> dict[int, list[int]]:
        """As `places`, of a text that is an array of code points. starts: may be an array too."""
        import numpy as np

        begins = np.asarray(starts, dtype=np.intp)
        seen = np.zeros((self._size + 1, len(begins)), dtype=np.bool_)  # the last row is nobody's
        codes = text.astype(np.uint16)
        for start in range(0, len(text), PIECE):
            for places, groups in self._hits(codes[start : start + PIECE + 1]):
                near = self._near.take(groups)
                good = (near < 0) | (codes.take(places + start + self._far.take(groups), mode="clip") == near)
                at, groups = places[good] + start, groups[good]
                pieces = begins.searchsorted(at, side="right") - 1
                seen[self._owners[groups], pieces[:, None]] = True
        found = seen[:-1].ravel().nonzero()[0]  # ten times as fast as by rows and columns
        ends = found.searchsorted(self._rows * len(begins)).tolist()
        numbers = (found % max(1, len(begins))).tolist()
        return {owner: numbers[low:high] for owner, (low, high) in enumerate(pairwise(ends)) if low < high}

    def _hits(self, codes: Any) -> Iterator[tuple[Any, Any]]:
        """Places at which pairs, then single characters may stand, and the numbers of their groups of owners."""
        import numpy as np

        groups = self._pairs.take(codes[:-1] * np.uint16(_FACTOR) + codes[1:])
        at = (groups != 0).nonzero()[0]
        at = at[self._others.take(codes.take(at) * np.uint16(_OTHER) + codes.take(at + 1))]
        yield at, groups.take(at)
        if self._few is not None:
            for code, group in self._few:
                at = (codes == code).nonzero()[0]
                yield at, np.full(len(at), group)
            return
        groups = self._singles.take(codes)
        at = (groups != 0).nonzero()[0]
        yield at, groups.take(at)


_ANY = 0, -1
"""Stands for the character beside a pair where it may be any."""


def _beside(word: str, at: int) -> tuple[int, int]:
    """Where, counted from the pair of neighbours at a place of a word, the next character of the word stands, and its code."""
    step = 2 if at + 2 < len(word) else -1
    return (step, ord(word[at + step]) % _SIZE) if len(word) > 2 else _ANY


def _rarest(word: str, shared: Mapping[tuple[str, str], int]) -> int:
    """Where the pair of neighbours by which a word is known stands in it. shared: how many of the literals have a pair.

    One without the commonest character; then the one that fewest literals share; then the second, for most words have two
    characters, and a pair across their border (话稿 of 讲话稿) is rare elsewhere.
    """
    pairs = list(pairwise(word))
    _, _, at = min(("的" in pair, shared[pair], (at or len(pairs))) for at, pair in enumerate(pairs))
    return at % len(pairs)


def _key(pair: tuple[str, str], factor: int) -> int:
    return (ord(pair[0]) * factor + ord(pair[1])) % _SIZE
