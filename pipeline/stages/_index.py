"""Which rules can match in which pieces of a text at all: one pass finds the literals that all the rules need.

A page has a few dozen short lines and the stages that label them have some seventy rules. Most rules can match only where one
of their literals stands (``needs``), so a rule is tried on the few pieces that hold one, and on no others. A literal is known
by the two neighbouring characters of it that stand in fewest other places (`_rarest`): that may name a piece too many, never
one too few.

>>> LiteralIndex([["小编"], ["上一篇", "下一篇"]]).places("网站首页\\n下面是小编找来的\\n下一篇", [0, 5, 14])
{0: [1], 1: [2]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

_FACTOR, _OTHER = 40503, 52711
"""Odd numbers with no pattern in them: two neighbours have a number by each, and must be known by both."""
_SIZE = 1 << 16
_FEW = 4
"""Single characters up to which a look for each of them is faster than a look into a table."""
_PIECE = 24_000
"""Code points that are looked at in one go: arrays of that size are had from memory that is at hand."""


class LiteralIndex:
    """For each of several lists of literals the pieces of a text in which one of them may stand.

    An empty list is never found: its owner has to look everywhere.
    """

    def __init__(self, needs: Sequence[Sequence[str]]) -> None:
        import numpy as np  # here, since it takes longer to import than the whole package

        shared = Counter(pair for words in needs for word in words for pair in pairwise(word))
        pairs: dict[int, set[int]] = {}
        singles: dict[int, set[int]] = {}
        self._others = np.zeros(_SIZE, dtype=np.bool_)
        for owner, words in enumerate(needs):
            for word in words:
                if len(word) > 1:
                    pair = _rarest(word, shared)
                    pairs.setdefault(_key(pair, _FACTOR), set()).add(owner)
                    self._others[_key(pair, _OTHER)] = True
                else:
                    singles.setdefault(ord(word) % _SIZE, set()).add(owner)
        groups = list({frozenset(owners): None for known in (pairs, singles) for owners in known.values()})
        numbers = {owners: number for number, owners in enumerate(groups, 1)}
        self._pairs, self._singles = (np.zeros(_SIZE, dtype=np.uint16) for _ in range(2))
        for table, known in ((self._pairs, pairs), (self._singles, singles)):
            for key, found in known.items():
                table[key] = numbers[frozenset(found)]
        self._few = sorted((key, numbers[frozenset(found)]) for key, found in singles.items()) if len(singles) <= _FEW else None
        self._size = len(needs)
        width = max(map(len, groups), default=0)
        self._owners = np.array(
            [sorted(owners) + [self._size] * (width - len(owners)) for owners in ((), *groups)], dtype=np.intp
        )

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
        for start in range(0, len(text), _PIECE):
            for at, groups in self._hits(text[start : start + _PIECE + 1].astype(np.uint16)):
                pieces = np.searchsorted(begins, at + start, side="right") - 1
                seen[self._owners[groups], pieces[:, None]] = True
        found = seen[:-1].ravel().nonzero()[0]  # ten times as fast as by rows and columns
        ends = np.searchsorted(found, np.arange(self._size + 1) * len(begins)).tolist()
        places = (found % max(1, len(begins))).tolist()
        return {owner: places[low:high] for owner, (low, high) in enumerate(pairwise(ends)) if low < high}

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


def codes_of(text: str) -> Any:
    """A text's code points as an array of numpy."""
    import numpy as np  # as above

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _rarest(word: str, shared: Mapping[tuple[str, str], int]) -> tuple[str, str]:
    """The pair of neighbours by which a word is known. shared: how many of the literals have a pair.

    One without the commonest character; then the one that fewest literals share; then the second, for most words have two
    characters, and a pair across their border (话稿 of 讲话稿) is rare elsewhere.
    """
    return min([*pairwise(word[1:]), (word[0], word[1])], key=lambda pair: ("的" in pair, shared[pair]))


def _key(pair: tuple[str, str], factor: int) -> int:
    return (ord(pair[0]) * factor + ord(pair[1])) % _SIZE
