"""One look at a text: which places are taken, and the edits so far."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import regex

from pipeline.ledger import Kind
from pipeline.patterns import compiled

_FOREIGN = re.compile(r"\n[^㐀-鿿\n]+(?=\n)")
_WORD = re.compile("[A-Za-z]{4}|(?<![0-9])[A-Za-z]")
TAKEN, FOREIGN, FIGURES = 1, 2, 4
"""Marks of a place: a rule claimed it; its line has no hanzi; nor has it Latin words, but figures and signs alone."""

SCOPES = {"": TAKEN | FOREIGN | FIGURES, "figures": TAKEN | FOREIGN, "all": TAKEN}
"""Scopes of rules: which marks of a place keep a rule away. Lines with hanzi, those of figures too, all."""


@lru_cache(maxsize=64)
def scanner(pattern: str) -> re.Pattern[str] | regex.Pattern[str]:
    """A pattern for scans over whole lines: re finds classes of characters several times faster than regex.

    One that only regex understands is regex's.
    """
    try:
        return re.compile(pattern)
    except re.error:
        return compiled(pattern)


class Draft:
    """A text with a line feed before and behind it, so that ``\\n`` is a line's start and end, and what is decided about it.

    text: the padded text; its offsets are one more than the text's own. acted: full names of the rules that claimed a place.
    barred: marks of places that the rule whose turn it is must leave. opened: whether only the rules that act before all others
    had a turn.
    """

    __slots__ = ("_edits", "_taken", "acted", "barred", "opened", "text")

    def __init__(self, text: str, protect: Iterable[tuple[int, int]] = ()) -> None:
        self.text = f"\n{text}\n"
        self._edits: dict[tuple[str, str, str], list[int]] = {}
        self.acted: set[str] = set()
        self.barred = SCOPES[""]
        self.opened = False
        self._taken = bytearray(len(self.text))
        for match in _FOREIGN.finditer(self.text):
            start, end = match.span()
            kind = FOREIGN if _WORD.search(match[0]) else FIGURES
            self._taken[start:end] = bytes((kind,)) * (end - start)
        for start, end in protect:
            self.take(start + 1, end + 1)

    def take(self, start: int, end: int) -> None:
        """Claim a span, whoever had it."""
        if end - start == 1:
            self._taken[start] = TAKEN
        else:
            self._taken[start:end] = b"\x01" * (end - start)

    def free(self, start: int, end: int) -> bool:
        """Whether no rule claimed any of the span, and the scope of the rule whose turn it is has it."""
        taken, barred = self._taken, self.barred
        return not any(kind & barred for kind in taken[start:end]) if end - start > 1 else not taken[start] & barred

    def foreign(self, offset: int) -> bool:
        """Whether the place is in a line without hanzi."""
        return bool(self._taken[offset] & (FOREIGN | FIGURES))

    def protect(self, start: int, end: int, rule: str) -> None:
        """Leave a span as it is; edits that rules before this one made in it stand."""
        if start < end:
            self.take(start, end)
            self.acted.add(rule)

    def edit(self, start: int, end: int, after: str, rule: str) -> None:
        """Put ``after`` in the span's place, unless it is taken, empty, or holds a line feed."""
        if start >= end or not self.free(start, end):
            return
        before = self.text[start:end]
        if "\n" in before:
            return
        self.take(start, end)
        if before != after:
            self._places(before, after, rule).append(start)

    def edit_all(self, starts: list[int], before: str, after: str, rule: str) -> None:
        """`edit` for many places of one and the same character."""
        taken, barred = self._taken, self.barred
        free = [start for start in starts if not taken[start] & barred]
        if not free:
            return
        for start in free:
            taken[start] = TAKEN
        self._places(before, after, rule).extend(free)

    def edits(self) -> dict[Kind, list[int]]:
        """The edits so far: for each kind its places in the text without the padding, in ascending order."""
        return {
            Kind(before, after, (rule,)): sorted([place - 1 for place in at])
            for (before, after, rule), at in self._edits.items()
        }

    def _places(self, before: str, after: str, rule: str) -> list[int]:
        key = before, after, rule
        if key not in self._edits:
            self._edits[key] = []
            self.acted.add(rule)
        return self._edits[key]
