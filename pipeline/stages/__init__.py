"""The stages, in the order in which text flows through them.

Each stage is a module with one function, ``run``: text and its rules in, `Staged` out. It reads and writes nothing, knows no
clock and no chance, and is usable alone:

    >>> from pipeline.stages import punctuation
    >>> punctuation.run("好,很好!").text
    '好，很好！'
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.ledger import EMPTY, Ledger
from pipeline.speech import Placeholder

ORDER = ("decode", "repair", "labels", "boilerplate", "links", "paragraphs", "script", "placeholders", "punctuation")
"""The order in which a page's text flows; duplicates come after, over all pages."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a stage made of a text: the new text, the edits that lead to it, and what it found.

    ledger: edits from the stage's input to ``text``. placeholders: with places in ``text``. flags: quality flags.
    """

    text: str
    ledger: Ledger = EMPTY
    placeholders: tuple[Placeholder, ...] = ()
    flags: tuple[str, ...] = ()
