"""Duplicate detection on any JSONL corpus, as lines of JSON.

>>> texts = read([b'{"id": "a", "text": "x"}', b'{"id": "b", "text": "y"}'], "corpus.jsonl")
>>> texts
[('a', 'x'), ('b', 'y')]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.jsonl import LineError, documents
from pipeline.records import dumps
from pipeline.rulebook import Rulebook, default_rulebook

Document = tuple[str, str]
"""(id, text)."""

read = documents


def pairs(texts: Sequence[Document], rules: Rulebook | None = None) -> Iterator[str]:
    """The verified pairs, as records of duplicates.jsonl, ordered by (a, b)."""
    for pair in _find(texts, rules).pairs:
        yield dumps(pair.as_record())


def clusters(texts: Sequence[Document], rules: Rulebook | None = None) -> Iterator[str]:
    """One {id, cluster, canonical} a document, in the order of the corpus; cluster is null where it has no copy."""
    found = _find(texts, rules).clusters
    for name, _ in texts:
        member = found.get(name)
        yield dumps(
            {"id": name, "cluster": member.cluster if member else None, "canonical": member.canonical if member else True}
        )


def explain(texts: Sequence[Document], one: str, two: str, rules: Rulebook | None = None) -> str:
    """Why two documents of a corpus are copies, or are not. Raises LineError where an id is not there."""
    from pipeline import duplicates

    known = dict(texts)
    for name in (one, two):
        if name not in known:
            raise LineError(f"no document {name!r} in the corpus; give the ids of two of its {len(known)} documents")
    said: str = duplicates.explain(known[one], known[two], (rules or default_rulebook())["duplicates"].settings)
    return said


def _find(texts: Sequence[Document], rules: Rulebook | None) -> Any:
    from pipeline import duplicates  # numpy is heavy to import: only where there is a corpus

    return duplicates.find(texts, (rules or default_rulebook())["duplicates"].settings)
