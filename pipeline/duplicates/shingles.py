"""Sampled shingles: which short stretches of which texts are looked up to find candidates.

Every run of ``shingle`` tokens of a view is hashed to 64 bits; the sample holds the hashes below a threshold (FracMinHash,
Irber et al., "Lightweight compositional analysis of metagenomes with FracMinHash and minimum metagenome covers", 2022). Two
texts that share a stretch share its sampled hashes, whatever stands around it, so one sample serves similarity and containment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.settings import Settings
from pipeline.duplicates.view import Offsets, Tokens, Views

Hashes = NDArray[np.uint64]

_BLOCK = 1 << 15  # tokens hashed at once: all arrays of a block stay in the processor's cache
_ODD = tuple(np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD))
_SHIFT = np.uint64(29)


class Postings(NamedTuple):
    """Sampled shingles with their texts, ordered by (hash, text), each once.

    hashes: the leading bits of each shingle's hash. texts: the text's number.
    """

    hashes: Hashes
    texts: NDArray[np.int64]


def postings(views: Views, settings: Settings, *, skip: NDArray[np.bool_] | None = None) -> Postings:
    """The sampled shingles of many views. skip: texts that take no part.

    A text shorter than a shingle has none.
    """
    packer = Packer(len(views.bounds) - 1)
    packed = np.concatenate([np.zeros(0, np.uint64), *(packer.pack(*one) for one in samples(views, settings, skip=skip))])
    packed.sort()
    return packer.unpack(packed)


class Packer:
    """A sampled shingle and its text in one number: the leading bits of the hash, then the text's number."""

    def __init__(self, count: int) -> None:
        self.shift = max(1, count.bit_length())
        self._bits = np.uint64(self.shift)

    def pack(self, hashes: Hashes, texts: NDArray[np.int64]) -> Hashes:
        """One number a shingle. Their order is that of (hash, text)."""
        return hashes >> self._bits << self._bits | texts.astype(np.uint64)

    def unpack(self, packed: Hashes) -> Postings:
        """The leading bits of the hashes, and the texts, out of sorted numbers; each once."""
        packed = packed[np.diff(packed, prepend=~packed[:1]) != 0]
        return Postings(packed >> self._bits, (packed & ((np.uint64(1) << self._bits) - np.uint64(1))).astype(np.int64))


def samples(
    views: Views, settings: Settings, *, skip: NDArray[np.bool_] | None = None
) -> Iterator[tuple[Hashes, NDArray[np.int64]]]:
    """The hashes of sampled shingles with their texts' numbers, block by block in the order of the texts, not each once."""
    thresholds = _thresholds(np.diff(views.bounds), settings)
    if skip is not None:
        thresholds[skip] = 0
    for start in range(0, len(views.tokens) - settings.shingle + 1, _BLOCK):
        hashes, places = _sampled(views, start, thresholds, settings.shingle)
        texts = np.searchsorted(views.bounds, places, "right") - 1
        whole = places + settings.shingle <= views.bounds[texts + 1]
        yield hashes[whole], texts[whole]


def shingle_hashes(tokens: Tokens, width: int) -> Hashes:
    """The hash of every run of ``width`` tokens.

    >>> len(shingle_hashes(np.arange(10, dtype=np.uint16), 8))
    3
    """
    count = max(0, len(tokens) - width + 1)
    wide = tokens.astype(np.uint64)
    total = np.zeros(count, np.uint64)
    done = 0
    while done < width:  # four tokens are one number; runs of four are added up, the last ones may overlap
        at = min(done, max(0, width - 4))
        total *= _ODD[1]
        total += _four(wide, min(4, width))[at : at + count] * _ODD[0]
        done += 4
    total ^= total >> _SHIFT
    total *= _ODD[2]
    return total


def _four(wide: Hashes, width: int) -> Hashes:
    """Runs of up to four tokens, packed side by side into one number each."""
    packed = wide[: len(wide) - width + 1].copy()
    for step in range(1, width):
        packed <<= np.uint64(16)
        packed |= wide[step : len(wide) - width + 1 + step]
    return packed


def _sampled(views: Views, start: int, thresholds: Hashes, width: int) -> tuple[Hashes, Offsets]:
    """The sampled hashes of the shingles that start in one block, and the places where they start."""
    hashes = shingle_hashes(views.tokens[start : start + _BLOCK + width - 1], width)
    first = int(np.searchsorted(views.bounds, start, "right")) - 1
    last = int(np.searchsorted(views.bounds, start + len(hashes), "left"))
    edges = np.clip(views.bounds[first : last + 1], start, start + len(hashes))
    kept = np.flatnonzero(hashes < np.repeat(thresholds[first:last], edges[1:] - edges[:-1]))
    return hashes[kept], kept + start


def _thresholds(lengths: NDArray[np.int64], settings: Settings) -> Hashes:
    """The hash below which a shingle of each text is sampled; short texts are sampled more densely, by powers of two."""
    wanted = settings.sample * settings.sample_floor / np.maximum(lengths, 1)
    exponents = np.ceil(np.log2(np.maximum(wanted, 1))).astype(np.int64)
    plain = (1 << 64) // settings.sample
    return np.array([min(plain << exponent, (1 << 64) - 1) for exponent in range(64)], np.uint64)[np.minimum(exponents, 63)]
