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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.settings import mask_characters
from pipeline.stages.script import is_traditional, to_simplified

Tokens = NDArray[np.uint16]
Offsets = NDArray[np.int64]

VALUE = ord("#")
"""The token for a run of digits and mask characters."""

_LINE = ord("\n")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_BATCH = 1 << 19  # characters folded at once


class Ranks(NamedTuple):
    """A set of places in a long text, as bits: 64 places a word. before: how many are in the words before each word."""

    words: NDArray[np.uint64]
    before: Offsets

    @classmethod
    def of(cls, bits: NDArray[np.uint8]) -> Ranks:
        """From one bit a place, packed, the first place in the lowest bit."""
        words = np.concatenate((bits, np.zeros(-len(bits) % 8, np.uint8))).view("<u8")
        return cls(words, np.cumsum(np.bitwise_count(words), dtype=np.int64) - np.bitwise_count(words))

    def select(self, ranks: Offsets) -> Offsets:
        """The places of the members with these ranks, counted from 0.

        >>> Ranks.of(np.packbits([0, 1, 0, 1, 1], bitorder="little")).select(np.array([0, 2])).tolist()
        [1, 4]
        """
        word = np.searchsorted(self.before, ranks, "right") - 1
        bits = np.unpackbits(self.words[word, None].view(np.uint8), axis=1, bitorder="little")
        within = np.cumsum(bits, axis=1, dtype=np.uint8) <= (ranks - self.before[word])[:, None]
        places: Offsets = word * 64 + np.count_nonzero(within, axis=1)
        return places


@dataclass(frozen=True, slots=True)
class Views:
    """The views of many texts, one after the other: text i's is ``tokens[bounds[i]:bounds[i + 1]]``.

    lines: where in ``tokens`` a line starts that has tokens, with the number of all tokens at the end. values, digests: the
    places of all value tokens in ``tokens``, and a hash of what each stands for. firsts, lasts: the first and the last UTF-16
    unit of each token. units: where each text starts in the units. odd: for the texts whose units are not their code points,
    the code point that each unit belongs to.
    """

    tokens: Tokens
    bounds: Offsets
    lines: Offsets
    values: Offsets
    digests: NDArray[np.uint64]
    firsts: Ranks
    lasts: Ranks
    units: Offsets
    odd: dict[int, Offsets]

    def __call__(self, number: int) -> Tokens:
        """The view of one text."""
        return self.tokens[self.bounds[number] : self.bounds[number + 1]]

    def starts(self, texts: NDArray[np.int64], places: Offsets) -> Offsets:
        """Where in their texts tokens start, in code points. places: counted in each text's view."""
        return self._points(texts, self.firsts.select(self.bounds[texts] + places) - self.units[texts])

    def ends(self, texts: NDArray[np.int64], places: Offsets) -> Offsets:
        """Where in their texts tokens end, in code points, exclusive."""
        return self._points(texts, self.lasts.select(self.bounds[texts] + places) - self.units[texts]) + 1

    def _points(self, texts: NDArray[np.int64], units: Offsets) -> Offsets:
        for number in sorted(self.odd.keys() & set(texts.tolist())) if self.odd else ():
            mine = texts == number
            units[mine] = self.odd[number][units[mine]]
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
    """The comparison views of many texts, made in batches.

    >>> made = views(["（20xx年）\\n好！"])
    >>> number = np.zeros(3, np.int64)
    >>> made.starts(number, np.arange(3)).tolist(), made.ends(number, np.arange(3)).tolist(), made.lines.tolist()
    ([1, 5, 8], [5, 6, 9], [0, 2, 3])
    """
    tokens = _Growing(np.uint16, sum(map(len, texts)))
    firsts, lasts = _Bits(), _Bits()
    ends, lines, values, digests, units = ([np.zeros(0, np.int64)] for _ in range(5))
    first, all_units = 0, 0
    for last in _batches(texts):
        part = _fold(texts[first:last])
        base = tokens.add(part.tokens)
        firsts.add(part.firsts)
        lasts.add(part.lasts)
        ends.append(part.ends + base)
        lines.append(part.lines + base)
        values.append(part.values + base)
        digests.append(part.digests.view(np.int64))
        units.append(part.units + all_units)
        first, all_units = last, all_units + len(part.firsts)
    bounds, unit_bounds = (np.concatenate(([0], *one)) for one in (ends, units))
    odd = np.flatnonzero(np.diff(unit_bounds) != np.fromiter(map(len, texts), np.int64, len(texts)))
    return Views(
        tokens.all(),
        bounds,
        np.unique(np.concatenate((bounds, *lines))),
        np.concatenate(values),
        np.concatenate(digests).view(np.uint64),
        firsts.ranks(),
        lasts.ranks(),
        unit_bounds,
        {number: _code_points(_units([texts[number]])[0]) for number in odd.tolist()},
    )


class _Growing:
    """An array that grows at its end: no second copy of it is made where its length was foreseen."""

    def __init__(self, kind: type[np.uint16], size: int) -> None:
        self._values = np.empty(size, kind)
        self._size = 0

    def add(self, values: Tokens) -> int:
        """Add values; where they start."""
        start, end = self._size, self._size + len(values)
        if end > len(self._values):
            self._values = np.concatenate((self._values[:start], np.empty(len(values) + start // 4, self._values.dtype)))
        self._values[start:end] = values
        self._size = end
        return start

    def all(self) -> Tokens:
        """The whole array."""
        return self._values[: self._size]


class _Bits:
    """Flags that come in parts, packed as they come: 64 places a word take an eighth of the memory."""

    def __init__(self) -> None:
        self._packed: list[NDArray[np.uint8]] = [np.zeros(0, np.uint8)]
        self._rest = np.zeros(0, bool)

    def add(self, flags: NDArray[np.bool_]) -> None:
        """Add flags."""
        flags = np.concatenate((self._rest, flags))
        whole = len(flags) // 8 * 8
        self._packed.append(np.packbits(flags[:whole], bitorder="little"))
        self._rest = flags[whole:]

    def ranks(self) -> Ranks:
        """All of them."""
        return Ranks.of(np.concatenate((*self._packed, np.packbits(self._rest, bitorder="little"))))


class _Folded(NamedTuple):
    """A batch of `views`: each array counts from the batch's start; ends and units say where each text ends."""

    tokens: Tokens
    ends: Offsets
    lines: Offsets
    values: Offsets
    digests: NDArray[np.uint64]
    firsts: NDArray[np.bool_]
    lasts: NDArray[np.bool_]
    units: Offsets


def _batches(texts: Sequence[str]) -> Iterator[int]:
    """Where to cut a list of texts so that each part is about a batch long: the ends of the parts."""
    size = 0
    for number, text in enumerate(texts, 1):
        size += len(text)
        if size >= _BATCH or number == len(texts):
            yield number
            size = 0


def _units(texts: Sequence[str]) -> tuple[Tokens, Offsets]:
    """The UTF-16 units of texts, joined, script folded, and where each text ends in them."""
    data = [text.encode("utf-16-le", "surrogatepass") for text in texts]
    units, ends = _joined(data)
    rare = np.flatnonzero(np.take(_rare(), units, mode="clip"))
    if len(rare) < 2:
        return units, ends
    owners, counts = np.unique(np.searchsorted(ends, rare, "right"), return_counts=True)
    traditional = [number for number in owners[counts >= 2].tolist() if is_traditional(texts[number])]
    for number in traditional:
        data[number] = to_simplified(texts[number]).encode("utf-16-le", "surrogatepass")
    return _joined(data) if traditional else (units, ends)


def _joined(data: Sequence[bytes]) -> tuple[Tokens, Offsets]:
    return np.frombuffer(b"".join(data), "<u2"), np.cumsum([len(one) // 2 for one in data], dtype=np.int64)


def _fold(texts: Sequence[str]) -> _Folded:
    """The views of a batch."""
    units, unit_ends = _units(texts)
    folded = np.take(_table(), units, mode="clip")
    firsts = folded != 0
    dropped = np.flatnonzero(~firsts)
    lasts = firsts.copy()
    values = np.flatnonzero(folded == VALUE)
    goes_on = np.diff(values - np.searchsorted(dropped, values)) == 1  # nothing but dropped units since the value before
    goes_on &= np.diff(np.searchsorted(unit_ends, values, "right")) == 0
    goes_on = np.concatenate((np.zeros(min(1, len(values)), bool), goes_on))
    follows = values[goes_on]
    firsts[follows] = False
    lasts[values[:-1][goes_on[1:]]] = False

    def token(places: Offsets) -> Offsets:
        return places - np.searchsorted(dropped, places) - np.searchsorted(follows, places)

    tokens, ends, lines = folded[firsts], token(unit_ends), token(np.flatnonzero(units == _LINE))
    digests = _digests(units[values], np.flatnonzero(~goes_on))
    return _Folded(tokens, ends, lines, token(values[~goes_on]), digests, firsts, lasts, unit_ends)


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
def _table() -> Tokens:
    """For each UTF-16 unit its token, 0 where it is dropped."""
    masks = set(mask_characters())
    table = np.arange(1 << 16, dtype=np.uint16)
    for low, high in ((0, 0x3400), (0x4DC0, 0x4E00), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xE000, 1 << 16)):
        for code in range(low, high):
            table[code] = _token(chr(code), masks)
    for mask in masks:
        table[ord(mask)] = VALUE
    return table


def _token(char: str, masks: set[str]) -> int:
    folded = "".join(c for c in unicodedata.normalize("NFKD", char).casefold() if not "\u0300" <= c <= "\u036f")
    single = folded if len(folded) == 1 and folded < "\U00010000" else char
    category = unicodedata.category(single)
    if single in masks or (category[0] == "N" and folded.isdigit()):
        return VALUE
    if category[0] in "LN" or category == "Mc":
        return ord(single)
    return 0


@lru_cache(maxsize=1)
def _rare() -> NDArray[np.bool_]:
    """Which units are hanzi that GB 2312 lacks: a text without two of them cannot be in traditional script."""
    table = np.zeros(1 << 16, bool)
    table[0x4E00:0xA000] = [not chr(code).encode("gb2312", "ignore") for code in range(0x4E00, 0xA000)]
    return table
