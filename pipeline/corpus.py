"""Duplicate detection on any JSONL corpus, as lines of JSON.

>>> texts = read([b'{"id": "a", "text": "x"}', b'{"id": "b", "text": "y"}'], "corpus.jsonl")
>>> texts
[('a', 'x'), ('b', 'y')]
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.jsonl import Corpus, LineError, documents, dumps

if TYPE_CHECKING:
    from pipeline.duplicates.index import Index
    from pipeline.duplicates.search import Documents, Search
    from pipeline.rulebook import Rulebook
    from pipeline.run import Progress

Document = tuple[str, str]
"""(id, text)."""

read = documents


@contextlib.contextmanager
def search(
    texts: Documents,
    rules: Rulebook | None = None,
    *,
    memory: int | None = None,
    work: str | Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Iterator[Search]:
    """A search of a corpus for `pairs` and `clusters`, for the length of the block; options as `duplicates.find` has them.

    A work folder is removed when the block ends without an error.
    """
    from pipeline.duplicates.search import DocumentsError, search  # numpy is heavy to import: only where there is a corpus

    try:
        with search(texts, _settings(rules), memory=memory, work=work, jobs=jobs, progress=progress) as one:
            yield one
    except DocumentsError as error:
        raise (texts.twice(*error.places) if isinstance(texts, Corpus) else error) from None


def pairs(found: Search) -> Iterator[str]:
    """The verified pairs, as records of duplicates.jsonl, ordered by (a, b)."""
    return (dumps(pair.as_record()) for pair in found.pairs())


def clusters(found: Search) -> Iterator[str]:
    """One {id, cluster, canonical} a document, in the order of the corpus; cluster is null where it has no copy."""
    from pipeline.duplicates.clusters import placed

    return map(dumps, placed(found.clusters(), found.ids, found.in_order().tolist()))


def explain(texts: Sequence[Document], one: str, two: str, rules: Rulebook | None = None) -> str:
    """Why two documents of a corpus are copies, or are not. Raises LineError where an id is not there."""
    from pipeline import duplicates

    known = dict(texts)
    for name in (one, two):
        if name not in known:
            raise LineError(f"no document {name!r} in the corpus; give the ids of two of its {len(known)} documents")
    said: str = duplicates.explain(known[one], known[two], _settings(rules))
    return said


def index_build(path: str | Path, texts: Sequence[Document], rules: Rulebook | None = None) -> int:
    """A new index on the disk; the number of its texts. Raises JinggaoError where the folder holds something already."""
    return len(_index().build(path, texts, _settings(rules)))


def index_add(path: str | Path, texts: Sequence[Document], rules: Rulebook | None = None) -> int:
    """Add texts to an index; how many it has then. Raises JinggaoError for an id that it has, or where it cannot be used."""
    index = _index()(path, _settings(rules))
    index.refresh()
    index.add(texts)
    return len(index)


def index_query(
    path: str | Path,
    raw: Iterable[bytes],
    source: str,
    *,
    key: str = "id",
    field: str = "text",
    rules: Rulebook | None = None,
) -> Iterator[str]:
    """The pairs of each document of a JSONL corpus with texts of an index: a is the document, b the text of the index."""
    index = _index()(path, _settings(rules))
    for name, text in read(raw, source, key=key, field=field):
        for pair in index.query(text, name):
            yield dumps(pair.as_record())


def index_lines(path: str | Path, what: Literal["pairs", "clusters"], rules: Rulebook | None = None) -> Iterator[str]:
    """The pairs of an index, ordered by (a, b), or its clusters, ordered by id."""
    index = _index()(path, _settings(rules))
    return index.pairs() if what == "pairs" else index.clusters()


def _index() -> type[Index]:
    from pipeline.duplicates.index import Index

    return Index


def _settings(rules: Rulebook | None) -> Mapping[str, Any] | None:
    return rules["duplicates"].settings if rules else None
