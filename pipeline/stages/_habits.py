"""How a stretch of text writes its commas and its masks: speeches that a page strings together come from different hands.

>>> changed("今年,我们修了xx公里路,架了xx座桥,", "去年，我县种了××亩树，挖了××口井，"), changed("今年,去年,前年,", "明年，")
(True, False)
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

LEAST_COMMAS: Final = 3
"""Commas from which on a stretch has a habit."""
LEAST_MASKS: Final = 2
"""Masks from which on a stretch has a habit."""
_MASKS = {
    "xXｘＸ": re.compile("(?<![A-Za-zＡ-Ｚａ-ｚ])[xXｘＸ]{2,}(?![A-Za-z])"),
    "×": re.compile("×+"),
    "*＊": re.compile(r"[*＊]{2,}"),
    "某": re.compile("某某+"),
    "○〇": re.compile("[○〇]{2,}"),
}
"""Kinds of masks by their characters."""


def changed(before: str, after: str) -> bool:
    """Whether two stretches of text, each long enough to have a habit, write their commas or their masks in different ways."""
    pairs = (_commas(before), _commas(after)), (_masks(before), _masks(after))
    return any(one is not None and other is not None and one != other for one, other in pairs)


def _commas(text: str) -> str | None:
    """The comma that a text uses throughout, or None where it has few or both."""
    half, full = text.count(","), text.count("，")
    if max(half, full) < LEAST_COMMAS or min(half, full):
        return None
    return "," if half else "，"


def _masks(text: str) -> str | None:
    """The kind of mask that a text uses throughout, or None where it has few or several."""
    counts = {
        signs: sum(1 for _ in islice(pattern.finditer(text), LEAST_MASKS))
        for signs, pattern in _MASKS.items()
        if any(sign in text for sign in signs)
    }
    used = [signs for signs, count in counts.items() if count]
    return used[0] if len(used) == 1 and counts[used[0]] >= LEAST_MASKS else None
