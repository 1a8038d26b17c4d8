"""Dots in foreign names that are spelled with hanzi."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation.draft import Draft

INTERPUNCT = "·"
_DOTS = ".．·"
LONGEST = 7
"""Hanzi of a part of a name."""


class _Names(NamedTuple):
    """Hanzi that spell foreign names, parts of names that are known whole, and single hanzi that names begin with.

    whole: both parts of names that are known with their interpunct. ends, begins: hanzi that any of them ends or begins with.
    """

    hanzi: frozenset[str]
    parts: tuple[str, ...]
    heads: tuple[str, ...]
    whole: tuple[tuple[str, str], ...]
    ends: frozenset[str]
    begins: frozenset[str]


def foreign(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Make a dot between two parts of a foreign name an interpunct."""
    names, text = _names(rules), draft.text
    for at in places:
        if text[at - 1] in names.ends and text[at + 1] in names.begins and _joins(text, at, names):
            draft.edit(at, at + 1, INTERPUNCT, rule.name)


def _names(rules: StageRules) -> _Names:
    if "names" not in rules.derived:
        hanzi, parts, heads = (tuple(rules.sets.get(name, ())) for name in ("name_hanzi", "name_parts", "name_heads"))
        ends = frozenset(part[-1] for part in (*hanzi, *parts, *heads))
        begins = frozenset(part[0] for part in (*hanzi, *parts))
        whole = tuple((left, right) for left, dot, right in (part.partition(INTERPUNCT) for part in parts) if dot)
        rules.derived["names"] = _Names(frozenset(hanzi), parts, heads, whole, ends, begins)
    built: _Names = rules.derived["names"]
    return built


def _joins(text: str, at: int, names: _Names) -> bool:
    """Whether the dot joins two parts: both are spelled as names are, or known, or one is a single hanzi between two dots.

    Behind a joint of two parts a third one needs less: two of its first three hanzi. A word that comes again is no name.
    """
    left, right = text[max(0, at - 4) : at], text[at + 1 : at + 5]
    if left[-2:] == right[:2]:
        return False
    if any(text.endswith(first, 0, at) and text.startswith(second, at + 1) for first, second in names.whole):
        return True
    ends, begins = names.hanzi.issuperset(left[-2:]), names.hanzi.issuperset(right[:2])
    known = text.endswith(names.parts, 0, at)
    if (ends or known) and (begins or text.startswith(names.parts, at + 1)):
        return True
    if known and right[0] in names.hanzi and not _is_hanzi(right[1:2]):
        return True
    if ends and right[1:2] in _DOTS and names.hanzi.issuperset(right[:1] + right[2:]):
        return True
    if begins and left[-2:-1] in _DOTS and names.hanzi.issuperset(left[:2] + left[-1:]):
        return True
    if begins and any(text.endswith(head, 0, at) and not _is_hanzi(text[at - len(head) - 1]) for head in names.heads):
        return True
    return _goes_on(text, at, names) and right[0] in names.hanzi and not names.hanzi.isdisjoint(right[1:3])


def _goes_on(text: str, at: int, names: _Names) -> bool:
    """Whether what stands before the dot is a second part of a name."""
    start = max(text.rfind(dot, max(0, at - LONGEST - 1), at) for dot in _DOTS)
    part = text[start + 1 : at]
    return (
        start > 1 and len(part) > 1 and all(map(_is_hanzi, part)) and names.hanzi.issuperset(text[start - 2 : start] + part[0])
    )


def _is_hanzi(char: str) -> bool:
    return "㐀" <= char <= "鿿"
