"""Sketches: a bitmap of each text's 4-grams, to estimate what two texts have in common, and a hash of each paragraph.

A candidate pair costs some 40 µs to verify and well under 1 µs to compare by sketch, and most pairs that share a few shingles
share no more than a sentence that everybody uses. With n and m grams in the smaller and the larger text, bits b, and fill
q = m' / b, about n' * q of the smaller one's bits are set in the larger one's by chance; what exceeds that is common.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Pairs
from pipeline.duplicates.settings import Settings
from pipeline.duplicates.verify import GRAM, Grams, grams
from pipeline.duplicates.view import Offsets, Views

_TEXTS = 256  # texts sketched at once
_PAIRS = 512  # pairs compared at once
_FULL = 0.9  # of a sketch: above, it says nothing, and the pair is left to verification
_FACTORS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


class Sketches(NamedTuple):
    """bits: a row of 64-bit words for each text. paragraphs: (hash, text) of each paragraph that is long enough, ordered."""

    bits: NDArray[np.uint64]
    paragraphs: tuple[Grams, NDArray[np.int64]]


def sketches(views: Views, settings: Settings, *, skip: NDArray[np.bool_]) -> Sketches:
    """The sketches of many texts. skip: texts whose paragraphs take no part."""
    count = len(views.bounds) - 1
    size = settings.sketch
    bits = np.zeros((count, size // 64), np.uint64)
    shift = np.uint64(64 - (size.bit_length() - 1))
    hashes, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for first in range(0, count, _TEXTS):
        last = min(count, first + _TEXTS)
        bounds = views.bounds[first : last + 1]
        mixed = grams(views.tokens[bounds[0] : bounds[-1]]) * _FACTORS[0]
        rows = np.repeat(np.arange(last - first) * size, np.diff(bounds))[: len(mixed)]
        places = rows + (mixed >> shift).view(np.int64)
        over = (bounds[1:, None] - bounds[0] - np.arange(1, GRAM)).ravel()
        places[over[(over >= 0) & (over < len(places))]] = (last - first) * size  # grams that reach over a text's end
        marks = np.zeros((last - first) * size + 1, bool)
        marks[places] = True
        bits[first:last] = np.packbits(marks[:-1]).view(np.uint64).reshape(last - first, -1)
        lines = views.lines[np.searchsorted(views.lines, bounds[0]) : np.searchsorted(views.lines, bounds[-1], "right")]
        one, starts = _paragraphs(mixed, lines - bounds[0], settings.paragraph)
        hashes.append(one)
        owners.append(np.searchsorted(bounds, starts + bounds[0], "right") - 1 + first)
    return Sketches(bits, _ordered(np.concatenate(hashes), np.concatenate(owners), skip))


def estimates(found: Sketches, pairs: Pairs) -> NDArray[np.float64]:
    """For each pair the estimated share of the smaller text's 4-grams that stand in the other; 1 where it cannot be told."""
    total = found.bits.shape[1] * 64
    filled = np.bitwise_count(found.bits).sum(axis=1, dtype=np.int64)
    common = np.zeros(len(pairs), np.int64)
    for first in range(0, len(pairs), _PAIRS):
        a, b = pairs[first : first + _PAIRS].T
        common[first : first + _PAIRS] = np.bitwise_count(found.bits[a] & found.bits[b]).sum(axis=1, dtype=np.int64)
    a_filled, b_filled = filled[pairs[:, 0]], filled[pairs[:, 1]]
    smaller, fill = np.maximum(np.minimum(a_filled, b_filled), 1), np.maximum(a_filled, b_filled) / total
    return np.where(fill > _FULL, 1.0, (common - smaller * fill) / (smaller * np.maximum(1 - fill, 1 - _FULL)))


def _paragraphs(mixed: Grams, lines: Offsets, least: int) -> tuple[Grams, Offsets]:
    """A hash for each paragraph of at least so many tokens, and where it starts. lines: where they start, and the end."""
    if len(lines) < 2 or not len(mixed):
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    inside = mixed * _FACTORS[1]
    inside ^= inside >> np.uint64(31)
    inside *= _FACTORS[0]
    over = (lines[1:, None] - np.arange(1, GRAM)).ravel()  # grams that reach over a paragraph's end
    inside[over[(over >= 0) & (over < len(inside))]] = 0
    starts, lengths = lines[:-1], np.diff(lines)
    long = lengths >= max(least, GRAM)
    sums = np.add.reduceat(inside, np.minimum(starts, len(inside) - 1))
    return sums[long], starts[long]


def _ordered(hashes: Grams, owners: NDArray[np.int64], skip: NDArray[np.bool_]) -> tuple[Grams, NDArray[np.int64]]:
    """(hash, text) ordered, each once, without the texts to be skipped."""
    kept = ~skip[owners]
    order = np.lexsort((owners[kept], hashes[kept]))
    hashes, owners = hashes[kept][order], owners[kept][order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    return hashes[new], owners[new]
