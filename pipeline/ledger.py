"""The ledger: every change between two texts, with its rule and its place.

An edit replaces the characters ``before`` at one place by ``after``, for one or more rules. A page has an edit every 20
characters and nearly all of them are alike (``,`` to ``，`` by one rule), so a ledger keeps one `Kind` for all edits that
are alike and only an integer for each place. That is also how a ledger is written (``pages.jsonl``, field ``edits``).

>>> ledger = Ledger.of([(1, ",", "，", ("width/comma",)), (3, "..", "……", ("dots",))])
>>> ledger.apply("好,的..")
'好，的……'
>>> ledger.inverse().apply("好，的……")
'好,的..'
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple


class Kind(NamedTuple):
    """What all edits of one group share.

    before: the source's characters; ``""`` for an insertion. after: what stands there afterwards; ``""`` for a deletion.
    rules: ids of the rules that made it so, in the order in which they acted.
    """

    before: str
    after: str
    rules: tuple[str, ...]


Place = tuple[int, str, str, tuple[str, ...]]
"""One edit alone: (start in the source, before, after, rules)."""


Span = tuple[int, int]
"""Start and end of a stretch of text."""


class LedgerError(ValueError):
    """Edits that overlap, or that do not agree with the text they are applied to."""


class Ledger:
    """An immutable set of edits on one source text, none overlapping another.

    groups: for each `Kind` the places (code points in the source, ascending) where it applies.

    >>> Ledger({Kind("a", "b", ("r",)): [0, 2]}).apply("aca")
    'bcb'
    """

    __slots__ = ("__dict__", "groups")

    groups: Mapping[Kind, list[int]]

    def __init__(self, groups: Mapping[Kind, list[int]] | None = None) -> None:
        self.groups = groups or {}

    @classmethod
    def of(cls, edits: Iterable[Place]) -> Ledger:
        """Group single edits; they may come in any order.

        >>> Ledger.of([(4, "x", "y", ("r",)), (0, "x", "y", ("r",))]).groups
        {Kind(before='x', after='y', rules=('r',)): [0, 4]}
        """
        return _grouped(sorted(edits))  # "" sorts before any other ``before``, so insertions come first

    def __bool__(self) -> bool:
        return bool(self.groups)

    def __len__(self) -> int:
        return sum(map(len, self.groups.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and dict(self.groups) == dict(other.groups)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Ledger({dict(self.groups)!r})"

    def __getstate__(self) -> Mapping[Kind, list[int]]:
        return self.groups

    def __setstate__(self, groups: Mapping[Kind, list[int]]) -> None:
        self.groups = groups

    @cached_property
    def _codes(self) -> list[int]:
        """One integer for an edit, in the order of the text: its place, whether it has width, and its kind's number."""
        codes: list[int] = []
        for number, (kind, at) in enumerate(self.groups.items()):
            low = (bool(kind.before) << 31) | number
            codes += [(start << 32) | low for start in at]
        codes.sort()
        return codes

    def __iter__(self) -> Iterator[Place]:
        """The edits one by one, in the order of the text; an insertion comes before a replacement at the same place."""
        kinds = list(self.groups)
        for code in self._codes:
            kind = kinds[code & 0x7FFFFFFF]
            yield code >> 32, kind.before, kind.after, kind.rules

    def apply(self, text: str) -> str:
        """The text with every edit done.

        Raises LedgerError where an edit's ``before`` is not what stands in the text, or where edits overlap.

        >>> Ledger.of([(0, "a", "", ("r",))]).apply("b")
        Traceback (most recent call last):
            ...
        pipeline.ledger.LedgerError: edit at 0 by r expects 'a', the text has 'b'
        """
        kinds, pieces, done = list(self.groups), [], 0
        for code in self._codes:
            start = code >> 32
            before, after, rules = kinds[code & 0x7FFFFFFF]
            end = start + len(before)
            if start < done:
                raise LedgerError(f"edit at {start} by {', '.join(rules)} overlaps the edit before it")
            if text[start:end] != before:
                raise LedgerError(f"edit at {start} by {', '.join(rules)} expects {before!r}, the text has {text[start:end]!r}")
            pieces.append(text[done:start])
            pieces.append(after)
            done = end
        pieces.append(text[done:])
        return "".join(pieces)

    def inverse(self) -> Ledger:
        """The ledger that turns the edited text back into the source.

        >>> Ledger.of([(1, "", "xy", ("r",)), (2, "b", "", ("r",))]).inverse().apply("axyc")
        'acb'
        """
        edits, shift = [], 0
        for start, before, after, rules in self:
            edits.append((start + shift, after, before, rules))
            shift += len(after) - len(before)
        return _grouped(_joined(edits))

    def shifted(self, distance: int) -> Ledger:
        """The same edits, ``distance`` code points further on (negative: further back)."""
        if not distance:
            return self
        return Ledger({kind: [start + distance for start in at] for kind, at in self.groups.items()})

    def within(self, start: int, end: int) -> Ledger:
        """The edits inside source[start:end], with places counted from ``start``; insertions at the two ends are outside.

        Raises LedgerError where an edit reaches over one of the ends.
        """
        groups: dict[Kind, list[int]] = {}
        for kind, at in self.groups.items():
            width = len(kind.before)
            low = bisect_left(at, start) if width else bisect_right(at, start)
            high = bisect_left(at, end)
            if (low < high and at[high - 1] + width > end) or (width and low and at[low - 1] + width > start):
                raise LedgerError(f"an edit by {', '.join(kind.rules)} reaches over the cut {start}:{end}")
            if low < high:
                groups[kind] = [place - start for place in at[low:high]]
        return Ledger(groups)

    def anchored(self, source: str) -> Ledger:
        """The same change, with insertions at the two ends of ``source`` made replacements of the character beside them.

        Ledgers of neighbouring spans can then be thrown together and taken apart again (`within`).

        >>> list(Ledger.of([(0, "", "“", ("r",)), (2, "", "。", ("s",))]).anchored("甲乙"))
        [(0, '甲', '“甲', ('r',)), (1, '乙', '乙。', ('s',))]
        """
        ends = (0, len(source))
        if not source or not any(at[0] in ends or at[-1] in ends for kind, at in self.groups.items() if not kind.before):
            return self
        edits = list(self)
        first, last = edits[0], edits[-1]
        if not first[1] and first[0] == 0:
            other = edits[1] if len(edits) > 1 and edits[1][0] == 0 else (0, source[0], source[0], ())
            edits[: 2 if other[3] else 1] = [(0, other[1], first[2] + other[2], _both(first[3], other[3]))]
        if not last[1] and last[0] == len(source):
            before = edits[-2] if len(edits) > 1 and edits[-2][0] + len(edits[-2][1]) == len(source) else None
            place, old, new, rules = before or (len(source) - 1, source[-1], source[-1], ())
            edits[-2 if before else -1 :] = [(place, old, new + last[2], _both(rules, last[3]))]
        return Ledger.of(edits)

    def then(self, later: Ledger) -> Ledger:
        """This ledger and, on its result, a later one, as a single ledger on this one's source.

        Where a later edit touches characters that an earlier one wrote, the two become one edit with the rules of both.

        >>> first = Ledger.of([(0, "&ldquo;", "“", ("entity",))])
        >>> list(first.then(Ledger.of([(0, "“", "”", ("quote",))])))
        [(0, '&ldquo;', '”', ('entity', 'quote'))]
        """
        if not self:
            return later
        if not later:
            return self
        if all(len(kind.before) == len(kind.after) == 1 for kind in self.groups):
            first, near, far = _beside(self, later)
        else:
            first = list(self)
            near, far = _parted(first, later)
            if not near:
                return Ledger(_together(far, self.groups))
        return Ledger(_together(far, _grouped(_compose(first, near)).groups))

    @cached_property
    def _steps(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """Edits that change the length: their starts and ends in the source, and their starts and ends in the result."""
        sources, source_ends, targets, target_ends, shift = [], [], [], [], 0
        changing: list[tuple[int, bool, int, int]] = []
        for kind, at in self.groups.items():
            before, after = len(kind.before), len(kind.after)
            if before != after:
                changing += [(start, before > 0, before, after) for start in at]
        changing.sort(key=itemgetter(0, 1))
        for start, _, before, after in changing:
            sources.append(start)
            source_ends.append(start + before)
            targets.append(start + shift)
            target_ends.append(start + shift + after)
            shift += after - before
        return sources, source_ends, targets, target_ends

    def to_source(self, offset: int, *, end: bool = False) -> int:
        """The place in the source of an offset in the result.

        Inside or at the edge of an edit that changed the length, the answer is the edit's edge: its start, or with
        ``end=True`` its end; give ``end=True`` for the exclusive end of a span, so that the span covers the whole edit.

        >>> ledger = Ledger.of([(2, "&amp;", "&", ("entity",))])
        >>> ledger.to_source(2), ledger.to_source(3), ledger.to_source(3, end=True)
        (2, 7, 7)
        """
        sources, source_ends, targets, target_ends = self._steps
        return _move(offset, targets, target_ends, sources, source_ends, end)

    def to_result(self, offset: int, *, end: bool = False) -> int:
        """The place in the result of an offset in the source; the counterpart of `to_source`.

        >>> Ledger.of([(2, "&amp;", "&", ("entity",))]).to_result(7)
        3
        """
        sources, source_ends, targets, target_ends = self._steps
        return _move(offset, sources, source_ends, targets, target_ends, end)

    def spans_to_source(self, spans: Iterable[Span]) -> list[Span]:
        """The places in the source of spans of the result, as `to_source` has their starts and ends; one of no width stays one.

        >>> Ledger.of([(2, "&amp;", "&", ("entity",))]).spans_to_source([(2, 3), (3, 3)])
        [(2, 7), (7, 7)]
        """
        sources, source_ends, targets, target_ends = self._steps
        return _moved(spans, targets, target_ends, sources, source_ends)

    def spans_to_result(self, spans: Iterable[Span]) -> list[Span]:
        """The places in the result of spans of the source; the counterpart of `spans_to_source`.

        >>> Ledger.of([(2, "&amp;", "&", ("entity",))]).spans_to_result([(2, 7), (7, 7)])
        [(2, 3), (3, 3)]
        """
        sources, source_ends, targets, target_ends = self._steps
        return _moved(spans, sources, source_ends, targets, target_ends)


EMPTY = Ledger()


def _grouped(edits: Iterable[Place]) -> Ledger:
    """Edits in the order of the text as a ledger."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    for edit in edits:
        key = edit[1:]
        at = groups.get(key)
        if at is None:
            groups[Kind(*key)] = [edit[0]]
        else:
            at.append(edit[0])
    return Ledger(groups)  # type: ignore[arg-type]  # every key is a Kind; a plain tuple finds it faster than it is made


def _together(some: dict[Kind, list[int]], others: Mapping[Kind, list[int]]) -> dict[Kind, list[int]]:
    """The groups of two ledgers on one source as those of one; ``some`` becomes it."""
    for kind, at in others.items():
        some[kind] = sorted((*some[kind], *at)) if kind in some else at
    return some


def _moved(spans: Iterable[Span], froms: list[int], from_ends: list[int], tos: list[int], to_ends: list[int]) -> list[Span]:
    """Carry spans over the edits that change the length as `_move` does with offsets."""
    if not froms:
        return list(spans)
    moved = []
    for start, end in spans:
        low = _move(start, froms, from_ends, tos, to_ends, False)
        moved.append((low, _move(end, froms, from_ends, tos, to_ends, True) if end > start else low))
    return moved


def _move(offset: int, froms: list[int], from_ends: list[int], tos: list[int], to_ends: list[int], end: bool) -> int:
    """Carry an offset over the length-changing edits that lie before it.

    ``end`` decides on which side of an edit of no width the offset stands: an exclusive end stands before what was inserted
    at it only if nothing else precedes it, a start stands behind.
    """
    if end:
        last = bisect_left(froms, offset) - 1
        if last < 0:
            return offset
        return to_ends[last] if offset < from_ends[last] else to_ends[last] + offset - from_ends[last]
    last = bisect_right(froms, offset) - 1
    if last < 0:
        return offset
    return tos[last] if offset < from_ends[last] else to_ends[last] + offset - from_ends[last]


def _joined(edits: list[Place]) -> list[Place]:
    """Edits in the order of the text, with insertions at one place made into one, so that their order is never in doubt."""
    out: list[Place] = []
    for start, before, after, rules in edits:
        if out and not before and not out[-1][1] and out[-1][0] == start:
            out[-1] = (start, "", out[-1][2] + after, _both(out[-1][3], rules))
        else:
            out.append((start, before, after, rules))
    return out


def _both(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return first if first == second else first + tuple(rule for rule in second if rule not in first)


def _parted(first: list[Place], later: Ledger) -> tuple[list[Place], dict[Kind, list[int]]]:
    """Later edits that may touch one of the first, one by one; and the groups of all others, moved to the source.

    A page has thousands of later edits, and few of them touch one of the first.
    """
    starts: list[int] = []
    ends: list[int] = []
    shifts = [0]  # before the first edit, and behind each
    for start, before, after, _ in first:
        starts.append(start + shifts[-1])
        ends.append(starts[-1] + len(after))
        shifts.append(shifts[-1] + len(after) - len(before))
    near: list[Place] = []
    far: dict[Kind, list[int]] = {}
    for kind, at in later.groups.items():
        cut = _cut_by_edits if len(first) * _SLICES < len(at) else _cut_by_places
        moved, touched = cut(at, len(kind.before), starts, ends, shifts)
        near += [(place, *kind) for place in touched]
        if moved:
            far[kind] = moved
    return sorted(near), far


_SLICES = 4
"""How many places there must be for an edit before it pays to move them a slice at a time."""


def _cut_by_edits(
    at: list[int], width: int, starts: list[int], ends: list[int], shifts: list[int]
) -> tuple[list[int], list[int]]:
    """Places moved to the source, and those that touch an edit: between two edits a slice of them moves at once."""
    moved: list[int] = []
    touched: list[int] = []
    done = 0
    for start, end, shift in zip(starts, ends, shifts, strict=False):
        low = max(done, bisect_left(at, start - width))
        high = max(low, bisect_right(at, end))
        moved += [place - shift for place in at[done:low]] if shift else at[done:low]
        touched += at[low:high]
        done = high
    moved += [place - shifts[-1] for place in at[done:]]
    return moved, touched


def _cut_by_places(
    at: list[int], width: int, starts: list[int], ends: list[int], shifts: list[int]
) -> tuple[list[int], list[int]]:
    """As `_cut_by_edits`, with a look for each place at the last edit that begins before its end."""
    moved: list[int] = []
    touched: list[int] = []
    for place in at:
        behind = bisect_right(starts, place + width)
        if behind and ends[behind - 1] >= place:
            touched.append(place)
        else:
            moved.append(place - shifts[behind])
    return moved, touched


def _beside(one: Ledger, later: Ledger) -> tuple[list[Place], list[Place], dict[Kind, list[int]]]:
    """The edits of two ledgers that touch each other, one by one, and the groups of all others of both.

    one: single characters for single characters, so that no place moves and only an edit of the same character touches one.
    A script conversion is thousands of them, of which the punctuation touches none.
    """
    taken: set[int] = set().union(*one.groups.values())
    near: list[Place] = []
    met: set[int] = set()
    far: dict[Kind, list[int]] = {}
    for kind, at in later.groups.items():
        width = len(kind.before)
        touched = (
            [place for place in at if not taken.isdisjoint(range(place, place + width))]
            if width != 1
            else taken.intersection(at)
        )
        near += [(place, *kind) for place in touched]
        met.update(spot for place in touched for spot in range(place, place + width))
        if len(touched) < len(at):
            known = set(touched)
            far[kind] = [place for place in at if place not in known] if known else at
    first: list[Place] = []
    for kind, at in one.groups.items():
        first += [(place, *kind) for place in at if place in met] if met else ()
        rest = [place for place in at if place not in met] if met else at
        if rest:
            far[kind] = sorted((*far[kind], *rest)) if kind in far else rest
    return sorted(first), sorted(near), far


def _compose(first: list[Place], second: list[Place]) -> list[Place]:
    """Edits A→B and edits B→C as edits A→C. Both lists, and the answer, are in the order of their texts."""
    out: list[Place] = []
    i = j = shift = 0  # shift: place in B minus place in A, behind first[:i]
    while i < len(first) and j < len(second):
        if _touch(first[i], shift, second[j]):
            i_end, j_end, later_shift = _cluster(first, second, i, j, shift)
            merged = _merge(first[i:i_end], second[j:j_end], shift)
            if merged[1] != merged[2]:
                out.append(merged)
            i, j, shift = i_end, j_end, later_shift
        elif first[i][0] + shift + len(first[i][2]) <= second[j][0]:
            out.append(first[i])
            shift += len(first[i][2]) - len(first[i][1])
            i += 1
        else:
            start, before, after, rules = second[j]
            out.append((start - shift, before, after, rules))
            j += 1
    out.extend(first[i:])
    out.extend((start - shift, before, after, rules) for start, before, after, rules in second[j:])
    return out


def _touch(one: Place, shift: int, two: Place) -> bool:
    """Whether an edit A→B and an edit B→C share characters of B, or would both insert at one place."""
    b_start, b_end = one[0] + shift, one[0] + shift + len(one[2])
    start, end = two[0], two[0] + len(two[1])
    if start < b_end and b_start < end:
        return True
    return start == end and b_start <= start <= b_end and not (one[1] and one[2])


def _cluster(first: list[Place], second: list[Place], i: int, j: int, shift: int) -> tuple[int, int, int]:
    """Ends of the run of edits that hang together with first[i] and second[j], and the shift behind them."""
    i_end, j_end = i + 1, j + 1
    last_shift, shift = shift, shift + len(first[i][2]) - len(first[i][1])
    while True:
        if i_end < len(first) and _touch(first[i_end], shift, second[j_end - 1]):
            last_shift, shift = shift, shift + len(first[i_end][2]) - len(first[i_end][1])
            i_end += 1
        elif j_end < len(second) and _touch(first[i_end - 1], last_shift, second[j_end]):
            j_end += 1
        else:
            return i_end, j_end, shift


def _merge(first: list[Place], second: list[Place], shift: int) -> Place:
    """One edit A→C out of edits that hang together; between them they know every character of B that they span."""
    low = min(first[0][0] + shift, second[0][0])
    inner = Ledger.of((start + shift - low, before, after, rules) for start, before, after, rules in first)
    outer = Ledger.of((start - low, before, after, rules) for start, before, after, rules in second)
    known: dict[int, str] = {}
    for ledger in (inner.inverse(), outer):
        for start, before, _, _ in ledger:
            known.update(enumerate(before, start))
    text = "".join(char for _, char in sorted(known.items()))
    rules: tuple[str, ...] = ()
    for edit in (*first, *second):
        rules = _both(rules, edit[3])
    return low - shift, inner.inverse().apply(text), outer.apply(text), rules
