"""Sketches: what is kept of each text to find those that are worth a comparison. One pass over the comparison views makes

- a digest of each view, to find texts that are the same;
- a sample of its shingles (FracMinHash, Irber et al., "Lightweight compositional analysis of metagenomes with FracMinHash and
  minimum metagenome covers", 2022): the runs of ``shingle`` tokens whose first four tokens hash below a threshold. Two texts
  that share a stretch share its sampled shingles, whatever stands around it, so one sample serves similarity and containment;
- a bitmap of its 4-grams, to estimate what two texts have in common. A candidate pair costs some 100 µs to verify and well
  under 1 µs to compare by bitmap, and most pairs that share a few shingles share no more than a sentence that everybody uses;
- a hash of each paragraph.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.candidates import Pairs
from pipeline.duplicates.settings import Settings
from pipeline.duplicates.verify import GRAM, Grams, grams
from pipeline.duplicates.view import Offsets, Views, views

Numbers = NDArray[np.int64]
Bits = NDArray[np.uint64]

_BATCH = 1 << 19  # characters whose views are made at once
_BLOCK = 1 << 15  # tokens hashed at once: all arrays of a block stay in the processor's cache
_PAIRS = 512  # pairs compared at once
_FULL = 0.9  # of a bitmap: above, it says nothing, and the pair is left to verification
_FACTORS = tuple(np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD))
_SHIFT = np.uint64(29)


class Sketches(NamedTuple):
    """The sketches of some texts, numbered from 0.

    lengths: tokens of each view. digests: two numbers for each view. firsts: the texts that are the first with their view;
    those without any token are none. bits: a row of 64-bit words for each of these. hashes, hash_texts: their sampled shingles,
    ordered by text, not each once. paragraphs, paragraph_texts: the hashes of their paragraphs that are long enough, likewise.
    """

    lengths: Numbers
    digests: Bits
    firsts: Numbers
    bits: Bits
    hashes: Grams
    hash_texts: Numbers
    paragraphs: Grams
    paragraph_texts: Numbers


def sketches(texts: Sequence[str], settings: Settings) -> Sketches:
    """The sketches of some texts.

    >>> from pipeline.duplicates.settings import read_settings
    >>> found = sketches(["统一思想。", "统一思想！", "", "明确目标"], read_settings())
    >>> found.lengths.tolist(), found.firsts.tolist(), bool((found.digests[0] == found.digests[1]).all())
    ([4, 4, 0, 4], [0, 3], True)
    """
    place_of: dict[str, int] = {}
    original = np.fromiter((place_of.setdefault(text, len(place_of)) for text in texts), np.int64, len(texts))
    different = list(place_of)
    numbers = np.unique(original, return_index=True)[1]
    seen: dict[bytes, int] = {}
    lengths, digests, firsts = [np.zeros(0, np.int64)], [np.zeros((0, 2), np.uint64)], [numbers[:0]]
    bits, hashes, paragraphs = [np.zeros((0, settings.sketch // 64), np.uint64)], list[_Owned](), list[_Owned]()
    for first, last in _batches(different):
        made = views(different[first:last])
        data, ends, sizes = memoryview(made.tokens.tobytes()), (2 * made.bounds).tolist(), np.diff(made.bounds)
        names = [hashlib.sha256(data[start:end]).digest()[:16] for start, end in pairwise(ends)]
        mine = np.array([seen.setdefault(one, at) == at for at, one in enumerate(names, first)], bool) & (sizes > 0)
        lengths.append(sizes)
        digests.append(np.frombuffer(b"".join(names), "<u8").reshape(-1, 2))
        firsts.append(numbers[first:last][mine])
        for block in _blocks(made, settings):
            own = mine[block.start : block.stop]
            bits.append(block.bits[own])
            for found, one in ((hashes, block.hashes), (paragraphs, block.paragraphs)):
                kept = own[one.texts - block.start]
                found.append(_Owned(one.hashes[kept], numbers[one.texts[kept] + first]))
    return Sketches(
        np.concatenate(lengths)[original], np.concatenate(digests)[original], np.concatenate(firsts), np.concatenate(bits),
        *_joined(hashes), *_joined(paragraphs),
    )  # fmt: skip


def estimates(bits: Bits, pairs: Pairs) -> NDArray[np.float64]:
    """For each pair of rows the estimated share of the smaller text's 4-grams that stand in the other; 1 if it cannot be told.

    With n' bits of a bitmap set, of b, and q = m' / b of the other one, about n' * q of them are set in both by chance; what
    exceeds that is common.
    """
    total = bits.shape[1] * 64
    found = np.empty(len(pairs))
    for first in range(0, len(pairs), _PAIRS):
        a, b = (bits[column] for column in pairs[first : first + _PAIRS].T)
        a_set, b_set, common = (np.bitwise_count(one).sum(axis=1, dtype=np.int64) for one in (a, b, a & b))
        smaller, fill = np.maximum(np.minimum(a_set, b_set), 1), np.maximum(a_set, b_set) / total
        exceeds = (common - smaller * fill) / (smaller * np.maximum(1 - fill, 1 - _FULL))
        found[first : first + _PAIRS] = np.where(fill > _FULL, 1.0, exceeds)
    return found


class _Owned(NamedTuple):
    """Hashes, and the text of each."""

    hashes: Grams
    texts: Numbers


class _Block(NamedTuple):
    """The sketches of texts [start, stop) of some views."""

    start: int
    stop: int
    bits: Bits
    hashes: _Owned
    paragraphs: _Owned


def _joined(parts: Sequence[_Owned]) -> _Owned:
    hashes, texts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    return _Owned(np.concatenate(hashes + [one.hashes for one in parts]), np.concatenate(texts + [one.texts for one in parts]))


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where to cut a list of texts so that each part is about a batch long."""
    first = size = 0
    for last, text in enumerate(texts, 1):
        size += len(text)
        if size >= _BATCH or last == len(texts):
            yield first, last
            first, size = last, 0


def _blocks(made: Views, settings: Settings) -> Iterator[_Block]:
    """The sketches of all texts of some views, block by block."""
    thresholds = _thresholds(np.diff(made.bounds), settings)
    cuts = np.unique(np.searchsorted(made.bounds, np.arange(_BLOCK, made.bounds[-1] + _BLOCK, _BLOCK), "left"))
    start = 0
    for stop in np.minimum(cuts, len(made)).tolist():
        if stop > start:
            yield _block(made, start, stop, thresholds[start:stop], settings)
        start = stop


def _block(made: Views, start: int, stop: int, thresholds: Grams, settings: Settings) -> _Block:
    bounds = made.bounds[start : stop + 1] - made.bounds[start]
    tokens = made.tokens[made.bounds[start] : made.bounds[stop]]
    four = grams(tokens)
    mixed = four * _FACTORS[0]
    hashes, owners = _sampled(four, mixed, bounds, thresholds, settings.shingle)
    lines = made.lines[np.searchsorted(made.lines, made.bounds[start]) : np.searchsorted(made.lines, made.bounds[stop]) + 1]
    paragraphs, places = _paragraphs(mixed, lines - made.bounds[start], settings.paragraph)
    return _Block(
        start, stop, _bitmaps(mixed, bounds, settings.sketch), _Owned(hashes, owners + start),
        _Owned(paragraphs, np.searchsorted(bounds, places, "right") - 1 + start),
    )  # fmt: skip


def _bitmaps(mixed: Grams, bounds: Offsets, size: int) -> Bits:
    """A bitmap for each text."""
    count = len(bounds) - 1
    places = (mixed >> np.uint64(64 - (size.bit_length() - 1))).view(np.int64)
    places += np.repeat(np.arange(count) * size, np.diff(bounds))[: len(places)]
    places[_over(bounds[1:], len(places))] = count * size
    marks = np.zeros(count * size + 1, bool)
    marks[places] = True
    return np.packbits(marks[:-1]).view(np.uint64).reshape(count, -1)


def _sampled(four: Grams, mixed: Grams, bounds: Offsets, thresholds: Grams, width: int) -> tuple[Grams, Numbers]:
    """The hashes of the sampled shingles, and the text of each."""
    places = np.flatnonzero(mixed < thresholds.max())
    texts = np.searchsorted(bounds, places, "right") - 1
    kept = (mixed[places] < thresholds[texts]) & (places + width <= bounds[texts + 1])
    places, texts = places[kept], texts[kept]
    return shingle_hashes(four, places, width), texts


def shingle_hashes(four: Grams, places: Offsets, width: int) -> Grams:
    """The hashes of the shingles of ``width`` tokens that start in these places, out of all runs of four tokens.

    >>> four = grams(np.array([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8], np.uint16))
    >>> hashes = shingle_hashes(four, np.array([0, 8]), 8)
    >>> bool(hashes[0] == hashes[1])
    True
    """
    total = np.zeros(len(places), np.uint64)
    for done in range(0, width, GRAM):  # the last runs of four may overlap
        total *= _FACTORS[1]
        total += four[places + min(done, width - GRAM)] * _FACTORS[0]
    total ^= total >> _SHIFT
    total *= _FACTORS[2]
    return total


def _paragraphs(mixed: Grams, lines: Offsets, least: int) -> tuple[Grams, Offsets]:
    """A hash for each paragraph of at least so many tokens, and where it starts. lines: where they start, and the end."""
    if len(lines) < 2 or not len(mixed):
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    inside = mixed * _FACTORS[1]
    inside ^= inside >> np.uint64(31)
    inside[_over(lines[1:], len(inside))] = 0
    starts, lengths = lines[:-1], np.diff(lines)
    long = lengths >= max(least, GRAM)
    sums = np.add.reduceat(inside, np.minimum(starts, len(inside) - 1))
    return sums[long] * _FACTORS[0], starts[long]


def _over(ends: Offsets, size: int) -> Offsets:
    """The places of grams that reach over one of these ends."""
    over = (ends[:, None] - np.arange(1, GRAM)).ravel()
    return over[(over >= 0) & (over < size)]


def _thresholds(lengths: Numbers, settings: Settings) -> Grams:
    """The hash below which a shingle of each text is sampled; short texts are sampled more densely, by powers of two."""
    wanted = settings.sample * settings.sample_floor / np.maximum(lengths, 1)
    exponents = np.ceil(np.log2(np.maximum(wanted, 1))).astype(np.int64)
    plain = (1 << 64) // settings.sample
    return np.array([min(plain << exponent, (1 << 64) - 1) for exponent in range(64)], np.uint64)[np.minimum(exponents, 63)]
