"""Finds hundreds of literals in a text by one pass of NumPy.

Each literal is known by an *anchor*, three neighbouring characters of it. A table of hashes tells where an anchor may stand,
a dictionary which literals it belongs to, and the whole literal is compared there.

>>> found = Anchors([("人民公社", 1), ("同富裕", 0), ("办公社", 0)]).places("走同富裕的路，办公社")
>>> sorted(found)
[(1, 1), (2, 7)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.codes import PIECE, codes_of

_FACTORS = (2654435761, 2246822519, 3266489917)
"""Odd numbers of 32 bits with no pattern in them: the primes of xxHash32."""
_SHIFT = 14
"""What is left of 32 bits are 18: with a thousand anchors one place in 250 is looked at in vain."""


class Anchors:
    """A list of literals, each with the place of its anchor in it, in code points."""

    def __init__(self, literals: Sequence[tuple[str, int]]) -> None:
        import numpy as np  # here, since it takes longer to import than the whole package

        self._known: dict[str, list[tuple[int, str, int]]] = {}
        for number, (literal, at) in enumerate(literals):
            self._known.setdefault(literal[at : at + 3], []).append((number, literal, at))
        self._table = np.zeros(1 << (32 - _SHIFT), dtype=np.bool_)
        codes = codes_of("".join(self._known))
        self._table[_hashes(codes)[::3]] = True  # each anchor's own, without those that lie over the seam of two

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Every place where a literal stands: its number and the place's start, in the order of the anchors' places."""
        if not self._known:
            return
        for start in range(0, len(text) - 2, PIECE):
            hashes = _hashes(codes_of(text[start : start + PIECE + 2]))
            for place in (self._table.take(hashes).nonzero()[0] + start).tolist():
                for number, literal, at in self._known.get(text[place : place + 3], ()):
                    if place >= at and text.startswith(literal, place - at):
                        yield number, place - at


def _hashes(codes: Any) -> Any:
    import numpy as np

    first, second, third = (np.uint32(factor) for factor in _FACTORS)
    return (codes[:-2] * first + codes[1:-1] * second + codes[2:] * third) >> np.uint32(_SHIFT)
