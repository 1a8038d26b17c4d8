"""Loads the placeholder test bed; see placeholders/README.md for its format and policy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "placeholders"
_MARK = re.compile(r"⟦(\w+):(\w+)\|([^|⟧]*)\|([^⟧]*)⟧")


@dataclass(frozen=True, slots=True)
class Expected:
    """A placeholder that a reader would mark. suggestion: None where the fragment doesn't settle it."""

    start: int
    end: int
    kind: str
    type: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One fragment: its raw text and what is to be found in it."""

    id: str
    family: str
    text: str
    expected: tuple[Expected, ...]


def load(name: str) -> Iterator[Case]:
    """The cases of a file (``seen`` to ``seen7``, ``more``, ``former``, ``ordinary``, ``ordinary2``, ``heldout2``)."""
    for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        yield Case(record["id"], record["family"], *parse(record["text"]))


def parse(marked: str) -> tuple[str, tuple[Expected, ...]]:
    """The raw text of a marked one, and its marks."""
    pieces, expected, size, done = [], [], 0, 0
    for match in _MARK.finditer(marked):
        kind, type_, surface, suggestion = match.groups()
        pieces += [marked[done : match.start()], surface]
        size += match.start() - done
        expected.append(Expected(size, size + len(surface), kind, type_, suggestion or None))
        size += len(surface)
        done = match.end()
    return "".join([*pieces, marked[done:]]), tuple(expected)
