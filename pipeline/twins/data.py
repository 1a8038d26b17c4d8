"""The data of the collation of copies: what goes in, and what it finds. All offsets are code points in a copy's text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

LOST_WORDS = "twins/lost-words"
"""The rule of an elision that only another copy gives away."""
WHAT: dict[str, tuple[str, str]] = {
    LOST_WORDS: (
        "Another copy of the speech has words here that this one has lost.",
        "Both copies agree on either side, and what is left shows the loss: a hole in its numbering, or a damaged sentence.",
    ),
}
"""Of each rule of this package what it says and why, for people."""


class Mark(NamedTuple):
    """A placeholder in a copy: its place in the text, what stood there, its kind and type, and the suggestion of its rule."""

    start: int
    end: int
    surface: str
    kind: str
    type: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a speech with its placeholders, ordered by their places and disjoint."""

    id: str
    text: str
    marks: tuple[Mark, ...] = ()


class Evidence(NamedTuple):
    """Where a value stands in clear: text[span[0]:span[1]] of the speech with this id."""

    speech: str
    span: tuple[int, int]


class Conflict(NamedTuple):
    """One of several values that copies, or a rule, have for one place; evidence is None for the rule's."""

    value: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What copies say about one placeholder: a suggestion with its evidence, or conflicting values and no suggestion."""

    suggestion: str | None
    evidence: Evidence | None
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """Words that a copy lost at a place of its text.

    type: of the elision. tail: what must follow the words if they are written back ("\\n\\n" behind a whole line).
    """

    place: int
    type: str
    words: str
    evidence: Evidence
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Collated:
    """What the other copies say about one: findings by the number of the mark, and lost words in the order of the text."""

    findings: dict[int, Finding] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()
