"""Duplicates (重复): copies of a text among many, whole or in part, with the evidence.

For any texts, not only for speeches of this pipeline:

>>> speech = "同志们：今天我们在这里召开动员大会，主要任务是统一思想、明确目标、落实责任。" * 2
>>> found = find([("a", speech), ("b", speech.replace("，", ",")), ("c", "明天的天气预报说，北方大部分地区晴转多云。")])
>>> [(pair.a, pair.b, pair.relation) for pair in found.pairs]
[('a', 'b', 'normalized')]
>>> found.clusters["b"].of
'a'

Importing this package is cheap; NumPy is imported with the first search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.duplicates.records import RELATIONS, Found, Membership, Pair, Relation, Span

if TYPE_CHECKING:
    from pipeline.duplicates.search import Documents

__all__ = ["RELATIONS", "Found", "Membership", "Pair", "Relation", "Span", "explain", "find", "repeated"]


def find(
    documents: Documents,
    settings: Mapping[str, Any] | None = None,
    *,
    memory: int | None = None,
    work: str | Path | None = None,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Found:
    """All duplicates among documents, each (id, text); the same whatever their order.

    Of a group of more than ``link_above`` texts that are the same (but for punctuation, width, script and placeholders) each
    is paired with the group's smallest id alone, and only that one with texts outside, so that a text with 10,000 copies
    makes 10,000 pairs and not 50 million; the cluster holds them all.

    documents: a list, or anything that gives all in their order and later some of them again by their numbers. settings:
    changes of single thresholds, see ``rules/duplicates.toml``. jobs: worker processes. progress: called with each stage's
    name, and how much of how much is done (0 where that is not known).

    memory: bytes for what is sorted to find candidates; what is above, and what is worked out of each text, goes through files
    in a temporary folder, which does not outlive the call. None keeps all in memory. work: a folder for these files that
    stays when the call does not come to its end; the same call goes on from there, and removes the folder when it has ended. A
    part of the documents that has changed meanwhile is done anew. The result is the same with any of these.

    Raises JinggaoError for an id that stands twice or a work folder that cannot be used, and RulesError for a setting that
    cannot be.
    """
    from pipeline.duplicates.search import find

    return find(documents, settings, memory=memory, work=work, jobs=jobs, progress=progress)


def repeated(text: str, settings: Mapping[str, Any] | None = None) -> list[Span]:
    """Paragraphs that stand in one text more than once: (first_start, first_end, again_start, again_end), in code points.

    >>> line = "我们要坚持问题导向，深入基层一线开展调查研究，把群众的意见一条一条地听进来、记下来、办下去，办一件成一件。"
    >>> repeated(f"{line}\\n\\n同志们！\\n\\n{line}")
    [(0, 52, 61, 113)]
    """
    from pipeline.duplicates.passages import repeated

    return repeated(text, settings)


def explain(a_text: str, b_text: str, settings: Mapping[str, Any] | None = None) -> str:
    """Why two texts are duplicates or are not, for people: figures with their thresholds, passages, differences, masks."""
    from pipeline.duplicates.explanation import explain

    return explain(a_text, b_text, settings)
