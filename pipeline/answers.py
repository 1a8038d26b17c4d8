"""Answers that depend on the patterns of rules alone, each worked out once for all runs.

To work out pair by pair which of hundreds of patterns can match beside two characters takes as long as to clean ten pages (see
`pipeline.stages.placeholders.openings`). The answers are kept in the `pipeline.cache`, for each list of patterns apart.

>>> answers = Answers(["年底", "年初"], lambda pair: (0,) if pair == "年底" else ())
>>> answers["年底"], answers["年中"]
((0,), ())
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

import regex

from pipeline import cache

MOST = 40_000
"""Questions that the file holds at most; of a fuller one only what this process asks is kept. The package asks some 10,000."""
SHARE = 8
"""The file is written where more than one in so many questions to the same patterns is new: what is rare can be worked out."""

_FILE = "answers.json"
_LOGIC = "4"
"""To be raised when the same question to the same patterns gets another answer than before."""

_Table = dict[str, tuple[int, ...]]


class _Known:
    """The answers of this process, by the digests of those who gave them: those of the cache file, and those given since.

    used: the digests of those who were asked.
    """

    def __init__(self) -> None:
        self.tables: dict[str, _Table] = _read()
        self.used: set[str] = set()
        self.kept = {digest: len(table) for digest, table in self.tables.items()}


_known: list[_Known] = []


class Answers:
    """Answers of ``ask`` to short texts: numbers of patterns, below the number of ``patterns``.

    name: tells apart what is asked of the same patterns.
    """

    def __init__(self, patterns: Sequence[str], ask: Callable[[str], tuple[int, ...]], name: str = "") -> None:
        parts = (_LOGIC, regex.__version__, name, *patterns)
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        if not _known:
            _known.append(_Known())
        self._table = _known[0].tables.setdefault(digest, {})
        _known[0].used.add(digest)
        self._ask = ask

    def __getitem__(self, question: str) -> tuple[int, ...]:
        answer = self._table.get(question)
        if answer is None:
            answer = self._table[question] = self._ask(question)
        return answer


@cache.saved_by
def save() -> None:
    """Write the answers into the cache where many are new."""
    if not _known:
        return
    known = _known[0]
    sizes = {digest: len(table) for digest, table in known.tables.items()}
    if not any((size - known.kept.get(digest, 0)) * SHARE > size for digest, size in sizes.items()):
        return
    known.kept = sizes
    tables = {digest: table | known.tables.get(digest, {}) for digest, table in (known.tables | _read()).items()}
    if _size(tables) > MOST:
        tables = {digest: tables[digest] for digest in known.used}
    body = json.dumps({digest: _packed(table) for digest, table in tables.items()} if _size(tables) <= MOST else {}).encode()
    cache.write_sealed(_FILE, body)


def _size(tables: Mapping[str, _Table]) -> int:
    return sum(map(len, tables.values()))


def _packed(table: _Table) -> tuple[list[tuple[int, ...]], dict[str, int]]:
    """A table as its different answers, which are few, and for each question the number of its answer among them."""
    given: dict[tuple[int, ...], int] = {}
    asked = {question: given.setdefault(answer, len(given)) for question, answer in table.items()}
    return list(given), asked


def _read() -> dict[str, _Table]:
    """The answers of the cache file; none where there is no such file or it is damaged."""
    body = cache.read_sealed(_FILE)
    if body is None:
        return {}
    tables: dict[str, _Table] = {}
    for digest, (given, asked) in json.loads(body).items():
        answers = [tuple(answer) for answer in given]
        tables[digest] = {question: answers[number] for question, number in asked.items()}
    return tables
