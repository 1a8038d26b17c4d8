"""Finds the clear form of a masked name where masking was incomplete: the same frame, once masked and once not.

A frame is the two characters before and the two behind the mask. Only a value that is the same wherever the frame stands in the
clear counts, and only within one speech.

>>> import regex
>>> clear_form("我代表×县人民来看望大家。我代表青禾县人民谢谢大家。", 3, 4, compiled(r"\\p{Han}{2,4}"))
'青禾'
"""

from __future__ import annotations

from typing import Final

import regex

from pipeline.patterns import compiled

FRAME: Final = 2
"""Characters of the frame on each side, in code points."""
_LONGEST = 4
_HAN = compiled(r"\p{Han}+")
_NAMED = compiled(r"[\p{Han}\p{P}\n]\p{Han}")
_ONE_FOR_EACH = frozenset("×○〇□")


def clear_form(text: str, start: int, end: int, value: regex.Pattern[str], *, named: bool = False) -> str | None:
    """The one value that stands in the mask's frame elsewhere in the text, or None.

    text: one speech. start, end: the mask's span. value: what a value must be as a whole. named: the character before the mask
    is a kept surname, which is frame enough behind punctuation.
    """
    if start < FRAME:
        return None
    left, right = text[start - FRAME : start], text[end : end + FRAME]
    if len(right) < FRAME or not _HAN.fullmatch(right) or not (_NAMED if named else _HAN).fullmatch(left):
        return None
    sign = text[start:end]
    sizes = range(1, _LONGEST + 1)
    if len(sign) > 1 and _ONE_FOR_EACH.issuperset(sign):
        sizes = range(len(sign), len(sign) + 1)
    values: set[str] = set()
    place = text.find(left)
    while place >= 0:
        at = place + FRAME
        for size in sizes:
            found = text[at : at + size]
            if at != start and text.startswith(right, at + size) and value.fullmatch(found):
                values.add(found)
        place = text.find(left, place + 1)
    return values.pop() if len(values) == 1 else None
