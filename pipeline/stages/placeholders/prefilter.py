"""Tells which patterns can match a text at all, from the pairs of neighbouring characters that stand in it.

Hundreds of formulas are sought and a speech holds few of them. Each formula begins with a literal; if one of the literal's
pairs of characters is not in the text, the formula need not be tried. A hash of pairs may say yes wrongly, never no.

>>> Prefilter(["人民公社", "同富裕", "年"]).passing("走同富裕的路")
[1, 2]
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_BITS = 18
_FACTOR = 40503


class Prefilter:
    """A compiled list of literals of the basic plane; a literal of fewer than two characters always passes."""

    def __init__(self, literals: Sequence[str]) -> None:
        import numpy as np  # here, since it takes longer to import than the whole package

        pairs = [[_pair(a, b) for a, b in pairwise(literal)] for literal in literals]
        self._always = [number for number, wanted in enumerate(pairs) if not wanted]
        self._numbers = np.array([number for number, wanted in enumerate(pairs) if wanted], dtype=np.int64)
        self._pairs = np.array([pair for wanted in pairs for pair in wanted], dtype=np.int64)
        sizes = [len(wanted) for wanted in pairs if wanted]
        self._starts = np.cumsum([0, *sizes[:-1]]) if sizes else np.array([], dtype=np.int64)

    def passing(self, text: str) -> list[int]:
        """The numbers of the literals that may stand in the text, ascending."""
        import numpy as np

        if not len(self._numbers):
            return self._always
        codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2").astype(np.int64)
        seen = np.zeros(1 << _BITS, dtype=np.bool_)
        seen[(codes[:-1] * _FACTOR + codes[1:]) & ((1 << _BITS) - 1)] = True
        found = np.logical_and.reduceat(seen[self._pairs], self._starts)
        return sorted([*self._always, *self._numbers[found].tolist()])


def _pair(first: str, second: str) -> int:
    """The hash of two neighbouring characters of the basic plane."""
    return (ord(first) * _FACTOR + ord(second)) & ((1 << _BITS) - 1)
