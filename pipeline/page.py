"""The data of a raw page: its bytes' encoding, its lines with their labels, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Label = Literal[
    "page_title", "page_meta", "boilerplate", "speech_title", "salutation", "heading", "link_residue", "closing", "body"
]
LABELS: tuple[Label, ...] = (
    "page_title", "page_meta", "boilerplate", "speech_title", "salutation", "heading", "link_residue", "closing", "body",
)  # fmt: skip
SPOKEN: frozenset[Label] = frozenset({"salutation", "heading", "closing", "body"})
"""Labels of lines that are a speech's own words."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a page's bytes became text.

    name: a Python codec name. how: bom, utf-8, declared, detected or fallback. confidence: 0 to 1.
    """

    name: str
    how: Literal["bom", "utf-8", "declared", "detected", "fallback"]
    confidence: float


@dataclass(frozen=True, slots=True)
class Residue:
    """Bytes that do not come back when the decoded page is encoded again.

    data: the raw bytes. text: the decoded text that stands for them. at: its offsets in the decoded page.
    """

    data: bytes
    text: str
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page's bytes as text: without BOM, every line end an LF, with all that is needed to get the bytes back.

    newline: lf, crlf, cr, or mixed (then each line end that is not an LF is in ``residue``).
    """

    text: str
    encoding: Encoding
    bom: bool = False
    newline: Literal["lf", "crlf", "cr", "mixed"] = "lf"
    residue: tuple[Residue, ...] = ()


class Block(NamedTuple):
    """One non-empty line of a page, or the part of a line on one side of a speech's border.

    start, end: code points in the text that was labelled. label: see LABELS. rule: full name of the rule that decided, or "".
    level: of a heading, 1 for 一、 2 for (一) 3 for 1. and so on; else 0.
    """

    start: int
    end: int
    label: Label
    rule: str = ""
    level: int = 0


META_KEYS = ("page_title", "published", "author", "source", "url", "editor", "views")
"""What a page may say of itself; published as ISO 8601, all as text, None where unknown."""


def no_meta() -> dict[str, Any]:
    """A page's ``meta`` with every key unknown."""
    return dict.fromkeys(META_KEYS)


@dataclass(frozen=True, slots=True)
class Draft:
    """A speech as the labelling found it: blocks[first:last] of the page, without its title.

    title: the title's text as it stands in the labelled text, or None. flags: quality flags.
    """

    first: int
    last: int
    title: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labelled:
    """A page's text with its blocks, the speeches among them, and the page's meta.

    view: the text as rules see it (`pipeline.stages._lines.fold`), kept so that it is not made again; "" where it is not known.
    """

    text: str
    blocks: tuple[Block, ...]
    drafts: tuple[Draft, ...]
    meta: dict[str, Any] = field(default_factory=no_meta)
    view: str = field(default="", repr=False, compare=False)
