"""Twins (孪生稿): what one copy of a speech says where another is masked, damaged or cut.

Copies of one cluster are aligned pair by pair. Where one has a placeholder and the other clear words between the same
neighbours, the words are offered as the placeholder's suggestion, with the place where they stand as evidence; where copies
disagree, all values are reported and none is chosen. Words that one copy lost and another kept become new elisions, under
strict conditions (see `pipeline.twins.lost`).

>>> from pipeline.duplicates import find
>>> said = "同志们：{}年全县完成投资{}亿元，比上年增长百分之九，大家都很辛苦。下面我就抓好冬修水利、保障春耕生产讲三点意见。"
>>> masked = Copy("a", said.format("20xx", 12), (Mark(4, 8, "20xx", "mask", "year", None),))
>>> clear = Copy("b", said.format(2016, 12))
>>> texts = [(copy.id, copy.text) for copy in (masked, clear)]
>>> made = collate([masked, clear], find(texts).pairs)
>>> made["a"].findings[0]
Finding(suggestion='2016', evidence=Evidence(speech='b', span=(4, 8)), conflicts=())
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.rulebook import Rulebook
from pipeline.twins.collation import collate, with_news
from pipeline.twins.data import LOST_WORDS, WHAT, Collated, Conflict, Copy, Evidence, Finding, Lost, Mark
from pipeline.twins.records import Certain, Told, copy_of, moved_pair, own_ledger, settle, tell, with_edits

__all__ = [
    "LOST_WORDS", "WHAT", "Certain", "Collated", "Conflict", "Copy", "Evidence", "Finding", "Lost", "Mark", "Told",
    "certain", "collate", "copy_of", "moved_pair", "own_ledger", "settle", "tell", "with_edits", "with_news",
]  # fmt: skip


def certain(book: Rulebook) -> Certain:
    """What counts as certain: what another speech has in clear, and the suggestion of a rule that is safe.

    >>> from pipeline.rulebook import default_rulebook
    >>> one = {"suggestion": "12", "evidence": {"speech": "b", "span": [0, 2]}, "conflicts": [], "rule": ""}
    >>> certain(default_rulebook())(one), certain(default_rulebook())({**one, "evidence": None})
    (True, False)
    """
    safe = {rule.name for rule in book if rule.safety == "safe"}

    def is_certain(one: Mapping[str, Any]) -> bool:
        return not one["conflicts"] and (one["evidence"] is not None or one["rule"] in safe)

    return is_certain
