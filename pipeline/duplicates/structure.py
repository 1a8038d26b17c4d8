"""Structure: whether two texts differ as copies do or as speeches from one template (套话, 模板) do.

A copy is edited here and there, and loses or gains paragraphs. A speech written from another's template keeps whole paragraphs
word for word and has others, on another subject, in the places of the rest. Figures over the whole text cannot tell the two
apart: both can have most of their text in common. So paragraphs that were replaced as a whole, in their place, are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.align import Runs, ascending
from pipeline.duplicates.settings import Settings
from pipeline.duplicates.verify import GRAM, Batch, Row
from pipeline.duplicates.view import Offsets

Flags = NDArray[np.bool_]
Shares = NDArray[np.float64]


class Structure(NamedTuple):
    """How the texts of each pair differ. A very long paragraph counts as several.

    replaced: the share of the shorter text that is paragraphs of one text in the place of others of the other; where it is
    below all that is asked for, it may be too high. slots: how many paragraphs these are. loose: how many paragraphs one text
    has, and the other has nothing in their place. edited: the share of the text in paragraphs that are neither lost nor
    kept word for word. lost: the share of one of the texts that the other lacks, of the two the larger. lines: how many
    paragraphs the longer text has. 0 for pairs that were not asked.
    """

    replaced: Shares
    slots: Offsets
    loose: Offsets
    edited: Shares
    lost: Shares
    lines: Offsets

    def templates(self, settings: Settings) -> Flags:
        """Which pairs are two speeches from one template, and no copies."""
        filled = self.replaced >= settings.slot_share
        filled |= (self.slots >= settings.slot_lines * self.lines) & (self.lost >= settings.slot_lost)
        filled &= (self.slots >= settings.slots) & (self.loose <= settings.loose_share * self.slots)
        filled &= self.edited < settings.edited_share
        return filled | (self.replaced >= settings.template_share)


class _Side(NamedTuple):
    """The paragraphs of a row of texts. firsts: of each text, with their number. kept: the share of each that the other has.

    lost: which of them the other text lacks. brief: which are too short to tell.
    """

    row: Row
    sizes: Offsets
    firsts: Offsets
    kept: Shares
    lost: Flags
    brief: Flags


def structure(batch: Batch, found: Runs, wanted: Flags, settings: Settings) -> Structure:
    """How the texts of some pairs differ."""
    a, b = (_side(row, places, settings) for row, places in ((batch.a, batch.a_once), (batch.b, batch.b_places)))
    a_lost, b_lost = _totals(a, a.lost), _totals(b, b.lost)
    edited = np.minimum(
        *(_totals(one, (one.kept >= settings.kept_share) & (one.kept < settings.verbatim_share)) for one in (a, b))
    )
    a_sizes, b_sizes = (np.diff(one.row.bounds) for one in (a, b))
    shorter = np.minimum(a_sizes, b_sizes)
    replaced: Shares = np.where(wanted, np.minimum(a_lost, b_lost) / shorter, 0.0)
    lost: Shares = np.where(wanted, np.maximum(a_lost / a_sizes, b_lost / b_sizes), 0.0)
    slots, loose = np.zeros(len(shorter), np.int64), np.zeros(len(shorter), np.int64)
    least = min(settings.slot_share, settings.template_share)
    for pair in np.flatnonzero((replaced >= least) | (lost >= settings.slot_lost)).tolist():
        tokens, slots[pair], loose[pair] = _replaced(a, b, found, pair)
        replaced[pair] = tokens / shorter[pair]
    lines = np.maximum(np.diff(a.firsts), np.diff(b.firsts))
    return Structure(replaced, slots, loose, np.where(wanted, edited / shorter, 0.0), lost, lines)


def _side(row: Row, places: Offsets, settings: Settings) -> _Side:
    """places: of the grams that the other text has, ascending, each once."""
    row = _blocks(row, settings.block)
    sizes = np.diff(row.lines)
    kept = np.diff(np.searchsorted(places, row.lines)) / np.maximum(sizes - (GRAM - 1), 1)
    firsts = np.searchsorted(row.lines, row.bounds)
    brief = sizes < settings.shingle
    return _Side(row, sizes, firsts, kept, (kept < settings.kept_share) & ~brief, brief)


def _blocks(side: Row, block: int) -> Row:
    """The row with paragraphs that are longer than two blocks cut into pieces."""
    sizes = np.diff(side.lines)
    long = np.flatnonzero(sizes > 2 * block)
    if not len(long):
        return side
    pieces = [
        np.arange(start, start + size - block // 2, block) for start, size in zip(side.lines[long], sizes[long], strict=True)
    ]
    return side._replace(lines=np.unique(np.concatenate((side.lines, *pieces))))


def _totals(side: _Side, which: Flags) -> Offsets:
    """The tokens of some paragraphs, a text."""
    return np.add.reduceat(np.where(which, side.sizes, 0), side.firsts[:-1])


def _replaced(a: _Side, b: _Side, found: Runs, pair: int) -> tuple[int, int, int]:
    """Of one pair: tokens and number of paragraphs that were replaced, and the number of those that only one text has.

    Between two paragraphs that both texts have, in the same order, the lost ones of one text stand for those of the other. So
    do those that are too short to tell (同志们:), unless both texts have the same ones there.
    """
    (a_first, a_last), (b_first, b_last) = (side.firsts[pair : pair + 2].tolist() for side in (a, b))
    own = slice(*np.searchsorted(found.b_starts, b.row.bounds[pair : pair + 2]).tolist())
    a_numbers = np.searchsorted(a.row.lines, found.a_starts[own], "right") - 1
    b_numbers = np.searchsorted(b.row.lines, found.b_starts[own], "right") - 1
    partners = _partners(a_numbers.tolist(), b_numbers.tolist(), found.lengths[own].tolist())
    a_gone, b_gone = _gone(a, a_first, a_last), _gone(b, b_first, b_last)
    tokens = slots = loose = 0
    a_done, b_done = a_first, b_first
    for a_next, b_next in (*ascending([(one, partners[one]) for one in sorted(partners)]), (a_last, b_last)):
        mine, other = a_gone[a_done - a_first : a_next - a_first], b_gone[b_done - b_first : b_next - b_first]
        same = Counter(mine) & Counter(other)
        a_lost, b_lost = _sizes(mine, same), _sizes(other, same)
        tokens += min(sum(a_lost), sum(b_lost))
        slots += min(len(a_lost), len(b_lost))
        loose += abs(len(a_lost) - len(b_lost))
        a_done, b_done = a_next + 1, b_next + 1
    return tokens, slots, loose


_Gone = tuple[int, bytes] | None
"""The tokens of a paragraph that is gone: their number, and themselves where it is brief. None: it is not gone."""


def _gone(side: _Side, first: int, last: int) -> list[_Gone]:
    """Which of these paragraphs are gone: the lost ones and the brief ones."""
    gone: list[_Gone] = [None] * (last - first)
    for number in np.flatnonzero(side.lost[first:last] | side.brief[first:last]).tolist():
        size, start = int(side.sizes[first + number]), side.row.lines[first + number]
        gone[number] = size, side.row.tokens[start : start + size].tobytes() if side.brief[first + number] else b""
    return gone


def _sizes(gone: Iterable[_Gone], same: Mapping[_Gone, int]) -> list[int]:
    """The sizes of paragraphs that are gone, without as many brief ones as both texts have."""
    left, sizes = Counter(same), []
    for one in gone:
        if one and one[1] and left[one]:
            left[one] -= 1
        elif one and one[0]:
            sizes.append(one[0])
    return sizes


def _partners(a_numbers: list[int], b_numbers: list[int], lengths: list[int]) -> dict[int, int]:
    """For each paragraph of a that has one, the paragraph of b that holds most of it."""
    votes: Counter[tuple[int, int]] = Counter()
    for a, b, length in zip(a_numbers, b_numbers, lengths, strict=True):
        votes[a, b] += length
    partners: dict[int, int] = {}
    for (a, b), _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0])):
        partners.setdefault(a, b)
    return partners
