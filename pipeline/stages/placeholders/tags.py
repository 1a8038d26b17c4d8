"""Placeholders written into the text as tags, and back.

A tag is ``⟦kind:type|surface⟧``: the brackets are U+27E6 and U+27E7, which no text of the genre has, kind and type are those
of the record, and the surface is the raw text, empty for an elision. Suggestions are not part of a tag.

>>> untag("党的⟦elision:term|⟧以来,⟦mask:year|20xx⟧年")
'党的以来,20xx年'
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.ledger import Ledger
from pipeline.patterns import compiled
from pipeline.speech import TYPES, Placeholder

_KINDS = "|".join(f"(?P<kind>{kind}):(?P<type>{'|'.join(types)})" for kind, types in TYPES.items())
_TAG = compiled(rf"⟦(?:{_KINDS})\|(?P<surface>[^⟦⟧|\n]{{0,80}})⟧")


def tag_of(placeholder: Placeholder) -> str:
    """The tag of one placeholder.

    >>> tag_of(Placeholder(0, 4, "20xx", "mask", "year", None, "r"))
    '⟦mask:year|20xx⟧'
    """
    return f"⟦{placeholder.kind}:{placeholder.type}|{placeholder.surface}⟧"


def untag(text: str) -> str:
    """The text with every tag turned back into its surface."""
    return _TAG.sub(lambda match: match["surface"], text) if "⟦" in text else text


def tagged(text: str) -> tuple[Placeholder, ...]:
    """The tags that stand in a text, as placeholders that cover them; their ``rule`` is ``""``."""
    if "⟦" not in text:
        return ()
    return tuple(
        Placeholder(match.start(), match.end(), match["surface"], match["kind"], match["type"], None, "")  # type: ignore[arg-type]
        for match in _TAG.finditer(text)
    )


def write(text: str, placeholders: Iterable[Placeholder]) -> tuple[str, Ledger, tuple[Placeholder, ...]]:
    """The text with its placeholders as tags, the edits that lead there, and the placeholders at their new places.

    ``placeholders`` are sorted and disjoint; those that are tags already (their rule is ``""``) stay as they are.
    """
    edits, moved, shift = [], [], 0
    for item in placeholders:
        start = item.start + shift
        if item.rule:
            tag = tag_of(item)
            edits.append((item.start, item.surface, tag, (item.rule,)))
            shift += len(tag) - len(item.surface)
            moved.append(item._replace(start=start, end=start + len(tag)))
        else:
            moved.append(item._replace(start=start, end=item.end + shift))
    ledger = Ledger.of(edits)
    return ledger.apply(text), ledger, tuple(moved)
