"""Tells in one pass which classes of characters a text has at all, several times faster than a search for each.

>>> signs = Signs(["５６７", "abc"])
>>> signs.seen("第５章"), signs.seen("cab"), signs.seen("好")
(frozenset({0}), frozenset({1}), frozenset())
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache

from pipeline.codes import BEYOND, basic_codes, codes_of


def members(pattern: re.Pattern[str]) -> str:
    """The characters of the Basic Multilingual Plane that a pattern of single characters matches.

    >>> members(re.compile("[０-３]"))
    '０１２３'
    """
    return "".join(pattern.findall(_every()))


@lru_cache(maxsize=1)
def _every() -> str:
    """Every character of the Basic Multilingual Plane that is no surrogate."""
    codes = [*range(0xD800), *range(0xE000, BEYOND)]
    return array("H", codes).tobytes().decode(f"utf-16-{sys.byteorder[0]}e")


class Signs:
    """A table of up to `MOST` classes, each given by its characters. Raises ValueError for more.

    What lies beyond the Basic Multilingual Plane is in no class.
    """

    MOST = 8

    def __init__(self, classes: Sequence[str]) -> None:
        import numpy as np  # here, since it takes longer to import than the whole package

        if len(classes) > self.MOST:
            raise ValueError(f"{len(classes)} classes, a table holds {self.MOST}")
        self._table = np.zeros(BEYOND + 1, dtype=np.uint8)
        for number, characters in enumerate(classes):
            codes = codes_of(characters)
            self._table[codes[codes < BEYOND]] |= np.uint8(1 << number)
        self._exact = self._table.copy()
        self._table[0xD800:0xE000] = self._table[BEYOND] = (1 << len(classes)) - 1
        self._size = len(classes)

    def places(self, text: str, number: int) -> list[int]:
        """The places of one class's characters in the Basic Multilingual Plane, ascending.

        >>> Signs(["５６"]).places("第５章第６节", 0)
        [1, 4]
        """
        flags = self._exact.take(basic_codes(text))
        found: list[int] = ((flags & (1 << number)) != 0).nonzero()[0].tolist()  # of bools it finds them faster
        return found

    def spots(self, text: str) -> list[list[int]]:
        """For each class the places at which one of its characters may stand, ascending: in the sense of `seen`.

        >>> Signs(["５６", "abc"]).spots("第５章b")
        [[1], [3]]
        """
        flags = self._table.take(basic_codes(text))
        at = (flags != 0).nonzero()[0]
        flags = flags.take(at)
        return [at[(flags & (1 << number)) != 0].tolist() for number in range(self._size)]

    def seen(self, text: str) -> frozenset[int]:
        """The numbers of the classes of which a character may stand in the text; one too many only where it has characters
        beyond the Basic Multilingual Plane or lone surrogates.
        """
        import numpy as np

        found = int(np.bitwise_or.reduce(self._table.take(basic_codes(text))))
        return frozenset(number for number in range(self._size) if found >> number & 1)
