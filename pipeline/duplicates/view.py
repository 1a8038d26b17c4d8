"""The comparison view (比对视图): a text reduced to what copies of it keep.

Width, case and script are folded; punctuation, white space and other signs are dropped; a run of digits and mask characters
is one token, so that ``20xx年`` and ``2016年`` are the same. A view is an array of UTF-16 code units (a token is a unit; the
rare characters outside the basic plane are two tokens), which makes a token two bytes and a shingle of four tokens one 64-bit
number.

>>> view_text("第１章, ２０ＸＸ年：ＡＢ") == view_text("第12章2016年ab")
True
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.settings import mask_characters
from pipeline.stages.script import is_traditional, to_simplified

Tokens = NDArray[np.uint16]
Offsets = NDArray[np.int64]

VALUE = ord("#")
"""The token for a run of digits and mask characters."""

_LINE = ord("\n")
_RARE = np.uint32(1 << 16)
_BETWEEN = "\ue000"
"""A character for private use, which no other one decomposes to."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Views:
    """The views of some texts, one after the other: text i's is ``tokens[bounds[i]:bounds[i + 1]]``.

    What places in the texts need is worked out when it is first asked for.
    """

    def __init__(self, texts: Sequence[str], units: Tokens, folded: Tokens, ends: Offsets) -> None:
        """units: of all texts. folded: the token of each, 0 where it is dropped. ends: of each text."""
        self._texts, self._units = texts, units
        self._kept = folded != 0
        dropped = np.flatnonzero(~self._kept)
        values = np.flatnonzero(folded == VALUE)
        goes_on = np.diff(values - np.searchsorted(dropped, values)) == 1  # nothing but dropped units since the value before
        goes_on &= np.diff(np.searchsorted(ends, values, "right")) == 0
        self._goes_on = np.concatenate((np.zeros(min(1, len(values)), bool), goes_on))
        self._values = values
        follows = values[self._goes_on]
        self._kept[follows] = False

        def token(places: Offsets) -> Offsets:
            return places - np.searchsorted(dropped, places) - np.searchsorted(follows, places)

        self.tokens: Tokens = folded[self._kept]
        self.bounds: Offsets = np.concatenate(([0], token(ends)))
        self.unit_bounds: Offsets = np.concatenate(([0], ends))
        self._token = token

    def __len__(self) -> int:
        return len(self._texts)

    def __call__(self, number: int) -> Tokens:
        """The view of one text."""
        return self.tokens[self.bounds[number] : self.bounds[number + 1]]

    @cached_property
    def lines(self) -> Offsets:
        """Where in ``tokens`` a line starts that has tokens, with the number of all tokens at the end."""
        found = np.concatenate((self.bounds, self._token(np.flatnonzero(self._units == _LINE))))
        found.sort()
        return found[np.concatenate(([True], found[1:] != found[:-1]))]

    @cached_property
    def values(self) -> Offsets:
        """The places of all value tokens in ``tokens``."""
        return self._token(self._values[~self._goes_on])

    @cached_property
    def digests(self) -> NDArray[np.uint64]:
        """A hash of what each value token stands for."""
        return _digests(self._units[self._values], np.flatnonzero(~self._goes_on))

    def starts(self, texts: NDArray[np.int64], places: Offsets) -> Offsets:
        """Where in their texts tokens start, in code points. places: counted in each text's view."""
        return self._points(texts, self._firsts[self.bounds[texts] + places] - self.unit_bounds[texts])

    def ends(self, texts: NDArray[np.int64], places: Offsets) -> Offsets:
        """Where in their texts tokens end, in code points, exclusive."""
        return self._points(texts, self._lasts[self.bounds[texts] + places] - self.unit_bounds[texts]) + 1

    @cached_property
    def _firsts(self) -> Offsets:
        """The first UTF-16 unit of each token."""
        return np.flatnonzero(self._kept)

    @cached_property
    def _lasts(self) -> Offsets:
        """The last UTF-16 unit of each token."""
        kept = self._kept.copy()
        kept[self._values] = True
        kept[self._values[:-1][self._goes_on[1:]]] = False
        return np.flatnonzero(kept)

    @cached_property
    def _odd(self) -> dict[int, Offsets]:
        """For the texts whose units are not their code points, the code point that each unit belongs to."""
        odd = np.flatnonzero(np.diff(self.unit_bounds) != _lengths(self._texts))
        bounds = self.unit_bounds
        return {one: _code_points(self._units[bounds[one] : bounds[one + 1]]) for one in odd.tolist()}

    def _points(self, texts: NDArray[np.int64], units: Offsets) -> Offsets:
        for number in sorted(self._odd.keys() & set(texts.tolist())) if self._odd else ():
            mine = texts == number
            units[mine] = self._odd[number][units[mine]]
        return units


def view_text(text: str) -> str:
    """The comparison view as a text, for people.

    >>> view_text("《決議》，２０ＸＸ年。")
    '决议#年'
    """
    return as_text(views([text]).tokens)


def as_text(tokens: Tokens) -> str:
    """A view's tokens as a text; a lone surrogate stays what it is."""
    return tokens.tobytes().decode("utf-16-le", "surrogatepass")


def views(texts: Sequence[str]) -> Views:
    """The comparison views of some texts. A list of a million characters is folded fastest.

    >>> made = views(["（20xx年）\\n好！"])
    >>> number = np.zeros(3, np.int64)
    >>> made.starts(number, np.arange(3)).tolist(), made.ends(number, np.arange(3)).tolist(), made.lines.tolist()
    ([1, 5, 8], [5, 6, 9], [0, 2, 3])
    """
    units, ends = _units(texts)
    looked_up = np.take(_table(), units, mode="clip")
    rare = np.flatnonzero(looked_up >= _RARE)
    if len(rare) >= 2:
        owners, counts = np.unique(np.searchsorted(ends, rare, "right"), return_counts=True)
        traditional = [number for number in owners[counts >= 2].tolist() if is_traditional(texts[number])]
        if traditional:
            simplified = list(texts)
            for number in traditional:
                simplified[number] = to_simplified(texts[number])
            units, ends = _units(simplified)
            looked_up = np.take(_table(), units, mode="clip")
    return Views(texts, units, looked_up.astype(np.uint16), ends)


def _units(texts: Sequence[str]) -> tuple[Tokens, Offsets]:
    """The UTF-16 units of texts, joined, and where each text ends in them."""
    units = np.frombuffer("".join(texts).encode("utf-16-le", "surrogatepass"), "<u2")
    lengths = _lengths(texts)
    if lengths.sum() != len(units):
        lengths = np.fromiter((len(text.encode("utf-16-le", "surrogatepass")) // 2 for text in texts), np.int64, len(texts))
    return units, np.cumsum(lengths)


def _lengths(texts: Sequence[str]) -> Offsets:
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _digests(units: Tokens, starts: Offsets) -> NDArray[np.uint64]:
    """A hash for each value, out of the units of all values. starts: where each begins."""
    if not len(starts):
        return np.zeros(0, np.uint64)
    within = np.arange(len(units)) - np.repeat(starts, np.diff(starts, append=len(units)))
    mixed = (units.astype(np.uint64) + np.uint64(1)) * (within.astype(np.uint64) * np.uint64(2) + np.uint64(1)) * _FACTOR
    mixed ^= mixed >> np.uint64(32)
    return np.add.reduceat(mixed * _FACTOR, starts)


def _code_points(units: NDArray[np.uint16]) -> Offsets:
    """For each UTF-16 unit the number of the code point that it belongs to."""
    second = np.zeros(len(units), bool)
    second[1:] = (units[1:] >> 10 == 0x37) & (units[:-1] >> 10 == 0x36)
    return np.cumsum(~second) - 1


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint32]:
    """For each UTF-16 unit its token, 0 where it is dropped; `_RARE` more for a hanzi that GB 2312 lacks.

    A text without two of these cannot be in traditional script.
    """
    masks = set(mask_characters())
    table = np.arange(1 << 16, dtype=np.uint32)
    for low, high in ((0, 0x3400), (0x4DC0, 0x4E00), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xF900, 1 << 16)):
        chars = [chr(code) for code in range(low, high)]
        table[low:high] = [_token(char, folded, masks) for char, folded in zip(chars, _folded(chars), strict=True)]
    table[0xE000:0xF900] = 0  # private use
    for mask in masks:
        table[ord(mask)] = VALUE
    rare = np.zeros(1 << 16, bool)
    rare[0x4E00:0xA000] = True
    codes = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    known = b"\n".join(codes).decode("gb2312", "ignore")  # with a line end between, a code without a hanzi harms no other
    rare[np.frombuffer(known.encode("utf-16-le"), "<u2")] = False
    table[rare] += _RARE
    return table


def _folded(chars: Sequence[str]) -> list[str]:
    """The compatibility decomposition of each character without case; of all at once, which takes a third of the time."""
    return unicodedata.normalize("NFKD", _BETWEEN.join(chars)).casefold().split(_BETWEEN)


def _token(char: str, folded: str, masks: set[str]) -> int:
    if folded != char:
        folded = "".join(c for c in folded if not "\u0300" <= c <= "\u036f")
    single = folded if len(folded) == 1 and folded < "\U00010000" else char
    category = unicodedata.category(single)
    if single in masks or (category[0] == "N" and folded.isdigit()):
        return VALUE
    if category[0] in "LN" or category == "Mc":
        return ord(single)
    return 0
