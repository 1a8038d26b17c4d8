"""The data of a cleaned speech."""

from __future__ import annotations

from typing import Literal, NamedTuple

PlaceholderKind = Literal["mask", "corruption", "elision"]
MASK_TYPES = (
    "year", "month", "day", "hour", "duration", "ordinal", "count", "amount", "percent", "person", "place", "org", "docno",
    "name", "other",
)  # fmt: skip
CORRUPTION_TYPES = ("number", "word", "mojibake")
ELISION_TYPES = ("year", "month", "ordinal", "count", "percent", "person", "term", "name", "other")
TYPES: dict[str, tuple[str, ...]] = {"mask": MASK_TYPES, "corruption": CORRUPTION_TYPES, "elision": ELISION_TYPES}


class Placeholder(NamedTuple):
    """A place where information is hidden, damaged or silently deleted.

    start, end: code points in the text that was searched (start == end for an elision). surface: text[start:end].
    suggestion: what certainly or most plausibly stood there, or None. rule: full name of the rule that found it.
    """

    start: int
    end: int
    surface: str
    kind: PlaceholderKind
    type: str
    suggestion: str | None
    rule: str


class Heading(NamedTuple):
    """A heading's place in a speech's text; level 1 for 一、 2 for (一) 3 for 1. and so on."""

    level: int
    start: int
    end: int
