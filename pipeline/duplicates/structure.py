"""Structure: whether two texts differ as copies do or as speeches from one template (套话, 模板) do.

A copy is edited here and there, and loses or gains paragraphs. A speech written from another's template keeps whole paragraphs
and has others, on another subject, in the places of the rest. Figures over the whole text cannot tell the two apart: both can
have half of their text in common. So paragraphs that were replaced as a whole, in their place, are counted.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.align import Runs
from pipeline.duplicates.settings import Settings
from pipeline.duplicates.verify import Batch, Row
from pipeline.duplicates.view import Offsets

Flags = NDArray[np.bool_]


def replaced_shares(batch: Batch, found: Runs, wanted: Flags, settings: Settings) -> NDArray[np.float64]:
    """For each wanted pair the share of the shorter text that is paragraphs of one text in the place of others of the other.

    A very long paragraph counts as several. Where the share is below ``template_share`` it may be too high; 0 for other pairs.
    """
    a, b = _blocks(batch.a, settings.block), _blocks(batch.b, settings.block)
    a_lost, b_lost = _lost(a, batch.a_places, settings), _lost(b, batch.b_places, settings)
    most = np.minimum(_totals(a, a_lost), _totals(b, b_lost))
    shorter = np.minimum(np.diff(a.bounds), np.diff(b.bounds))
    shares: NDArray[np.float64] = np.where(wanted, most / shorter, 0.0)
    for pair in np.flatnonzero(shares >= settings.template_share).tolist():
        shares[pair] = min(_replaced(a, b, a_lost, b_lost, found, pair), int(most[pair])) / shorter[pair]
    return shares


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


def _lost(side: Row, places: Offsets, settings: Settings) -> Flags:
    """Which paragraphs have nearly nothing in the other text; those too short to tell are not lost."""
    seen = np.zeros(int(side.bounds[-1]), bool)
    seen[places] = True
    sizes = np.diff(side.lines)
    kept = np.add.reduceat(seen, side.lines[:-1], dtype=np.int64)
    return (kept < settings.kept_share * sizes) & (sizes >= settings.passage)


def _totals(side: Row, lost: Flags) -> Offsets:
    """The tokens of lost paragraphs, a text."""
    first = np.searchsorted(side.lines, side.bounds[:-1])
    return np.add.reduceat(np.where(lost, np.diff(side.lines), 0), first)


def _replaced(a: Row, b: Row, a_lost: Flags, b_lost: Flags, found: Runs, pair: int) -> int:
    """Tokens of a's paragraphs that were replaced, of one pair."""
    (a_first, a_last), (b_first, b_last) = (
        np.searchsorted(side.lines, side.bounds[pair : pair + 2]).tolist() for side in (a, b)
    )
    a_sizes, b_sizes = np.diff(a.lines[a_first : a_last + 1]), np.diff(b.lines[b_first : b_last + 1])
    mine = slice(*np.searchsorted(found.b_starts, b.bounds[pair : pair + 2]).tolist())
    a_numbers = np.searchsorted(a.lines, found.a_starts[mine], "right") - 1 - a_first
    b_numbers = np.searchsorted(b.lines, found.b_starts[mine], "right") - 1 - b_first
    partners = _partners(a_numbers.tolist(), b_numbers.tolist(), found.lengths[mine].tolist())
    b_gone = np.where(b_lost[b_first:b_last], b_sizes, 0).tolist()
    edges = np.flatnonzero(np.diff(np.concatenate(([0], a_lost[a_first:a_last].astype(np.int8), [0]))))
    total = 0
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        total += min(int(a_sizes[first:last].sum()), _opposite(partners, first, last, len(a_sizes), b_gone))
    return total


def _partners(a_numbers: list[int], b_numbers: list[int], lengths: list[int]) -> dict[int, int]:
    """For each paragraph of a that has one, the paragraph of b that holds most of it."""
    votes: Counter[tuple[int, int]] = Counter()
    for a, b, length in zip(a_numbers, b_numbers, lengths, strict=True):
        votes[a, b] += length
    partners: dict[int, int] = {}
    for (a, b), _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0])):
        partners.setdefault(a, b)
    return partners


def _opposite(partners: dict[int, int], first: int, last: int, count: int, gone: list[int]) -> int:
    """Tokens of lost paragraphs of b that stand where a's paragraphs [first, last) would: behind the partner of the kept
    paragraph before them, or in front of the partner of the one after them, whichever is more. gone: b's lost tokens, a
    paragraph.
    """
    before = next((partners[number] for number in range(first - 1, -1, -1) if number in partners), -1)
    after = next((partners[number] for number in range(last, count) if number in partners), len(gone))
    behind, ahead = before + 1, after - 1
    while behind < len(gone) and gone[behind]:
        behind += 1
    while ahead >= 0 and gone[ahead]:
        ahead -= 1
    return max(sum(gone[before + 1 : behind]), sum(gone[ahead + 1 : after]))
