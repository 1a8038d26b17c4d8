"""Which rules can match in which pieces of a text at all: one pass finds the literals that all the rules need.

A page has a few dozen short lines and the stages that label them have some seventy rules. Most rules can match only where one
of their literals stands (``needs``), so a rule is tried on the few pieces that hold one, and on no others. A literal is known
by the two neighbouring characters of it that fewest of the literals share: that may name a piece too many, never one too few.

>>> LiteralIndex([["小编"], ["上一篇", "下一篇"]]).places("网站首页\\n下面是小编找来的\\n下一篇", [0, 5, 14])
{0: [1], 1: [2]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

_FACTOR = 40503
_SIZE = 1 << 16


class LiteralIndex:
    """For each of several lists of literals the pieces of a text in which one of them may stand.

    An empty list is never found: its owner has to look everywhere.
    """

    def __init__(self, needs: Sequence[Sequence[str]]) -> None:
        import numpy as np  # here, since it takes longer to import than the whole package

        shared = Counter(pair for words in needs for word in words for pair in _pairs(word))
        pairs: dict[int, set[int]] = {}
        singles: dict[int, set[int]] = {}
        for owner, words in enumerate(needs):
            for word in words:
                if len(word) > 1:
                    pairs.setdefault(min(_pairs(word), key=shared.__getitem__), set()).add(owner)
                else:
                    singles.setdefault(ord(word) % _SIZE, set()).add(owner)
        groups = list({frozenset(owners): None for known in (pairs, singles) for owners in known.values()})
        numbers = {owners: number for number, owners in enumerate(groups, 1)}
        self._pairs, self._singles = (np.zeros(_SIZE, dtype=np.uint16) for _ in range(2))
        for table, known in ((self._pairs, pairs), (self._singles, singles)):
            for key, found in known.items():
                table[key] = numbers[frozenset(found)]
        self._size = len(needs)
        width = max(map(len, groups), default=0)
        self._owners = np.array(
            [sorted(owners) + [self._size] * (width - len(owners)) for owners in ((), *groups)], dtype=np.intp
        )

    def places(self, text: str, starts: Sequence[int]) -> dict[int, list[int]]:
        """For the lists of which a literal may stand in the text: the numbers of the pieces in which it may, ascending.

        starts: where each piece of the text begins, ascending, the first at 0.
        """
        import numpy as np

        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint16)
        keys = codes[:-1] * np.uint16(_FACTOR) + codes[1:]
        seen = np.zeros((self._size + 1, len(starts)), dtype=np.bool_)  # the last row is nobody's
        groups = np.concatenate((self._pairs.take(keys), self._singles.take(codes)))
        hits = (groups != 0).nonzero()[0]
        at = np.where(hits < len(keys), hits, hits - len(keys))
        pieces = np.searchsorted(starts, at, side="right") - 1
        seen[self._owners[groups[hits]], pieces[:, None]] = True
        owners, found = seen[:-1].nonzero()
        ends = np.searchsorted(owners, np.arange(self._size + 1)).tolist()
        places = found.tolist()
        return {owner: places[low:high] for owner, (low, high) in enumerate(pairwise(ends)) if low < high}


def _pairs(word: str) -> list[int]:
    return [(ord(first) * _FACTOR + ord(second)) % _SIZE for first, second in pairwise(word)]
