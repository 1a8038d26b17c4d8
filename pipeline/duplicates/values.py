"""Values (数值) and masks: what stands behind a value token, and whether two of them can be the same.

A value token is a run of digits and mask characters. A mask is a wildcard, but only for what the other text says in its place:
``20xx`` agrees with ``2016`` and with ``20××``, not with ``1998``, and ``2016`` does not agree with ``2017``.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

from pipeline.duplicates.settings import mask_characters
from pipeline.patterns import compiled

_ENUMERATORS = frozenset(".．、)）")


@lru_cache(maxsize=1)
def mask_pattern() -> regex.Pattern[str]:
    """A run of mask characters, half or full width; of Latin letters only where no other letter stands beside them.

    >>> [match[0] for match in mask_pattern().finditer("20xx年，××市，text")]
    ['xx', '××']
    """
    wide = {mask: mask + (chr(ord(mask) + 0xFEE0) if "!" <= mask <= "~" else "") for mask in mask_characters()}
    letters = "".join(wide[mask] + wide[mask].upper() for mask in sorted(wide) if mask.isascii() and mask.isalpha())
    signs = "".join(wide[mask] for mask in sorted(wide) if not (mask.isascii() and mask.isalpha()))
    parts = [f"[{regex.escape(signs)}]+"] if signs else []
    if letters:
        parts.append(f"(?<![a-wyzA-WYZ])[{letters}]+(?![a-wyzA-WYZ])")
    return compiled("|".join(parts) or r"(?!)")


def mask_count(text: str) -> int:
    """How many masks a text has, each run counted once.

    >>> mask_count("20xx年，××市某某局")
    3
    """
    return len(mask_pattern().findall(text)) if any(char in text for char in _mask_forms()) else 0


@lru_cache(maxsize=1)
def _mask_forms() -> tuple[str, ...]:
    """The mask characters in both cases and widths."""
    both = {form for mask in mask_characters() for form in (mask, mask.upper())}
    return tuple(sorted(both | {chr(ord(form) + 0xFEE0) for form in both if "!" <= form <= "~"}))


def agree(one: str, other: str) -> bool:
    """Whether two values can stand for the same.

    >>> agree("2016", "20xx"), agree("1998", "20xx"), agree("12,345", "12345"), agree("2016", "2017")
    (True, False, True, False)
    """
    first, second = _numbers(one), _numbers(other)
    return len(first) != len(second) or all(map(_agree, first, second))


def is_enumerator(text: str, start: int, end: int) -> bool:
    """Whether a value counts the items of a list: first in its line, a sign of enumeration behind it.

    >>> is_enumerator("1、认真学习", 0, 1), is_enumerator("2016年", 0, 4)
    (True, False)
    """
    if text[end : end + 1] not in _ENUMERATORS or text[end + 1 : end + 2].isdigit():
        return False
    line = text.rfind("\n", 0, start) + 1
    return start - line < 16 and not any(map(str.isalnum, text[line:start]))


@lru_cache(maxsize=1 << 12)
def _numbers(value: str) -> tuple[str, ...]:
    """The numbers of a value, each mask in them one ``?``."""
    folded = _marks().sub("?", unicodedata.normalize("NFKC", value).casefold())
    return tuple(map(str, _NUMBER.findall(_THOUSANDS.sub("", folded))))


_THOUSANDS = compiled(r"(?<=[0-9?]),(?=[0-9?])")
_NUMBER = compiled(r"[0-9?]+(?:\.[0-9?]+)?")


@lru_cache(maxsize=1)
def _marks() -> regex.Pattern[str]:
    return compiled(f"[{regex.escape(''.join(mask_characters()))}]+")


def _agree(one: str, other: str) -> bool:
    if "?" in one and "?" in other:
        head = min(one.index("?"), other.index("?"))
        tail = min(one[::-1].index("?"), other[::-1].index("?"))
        return one[:head] == other[:head] and one[len(one) - tail :] == other[len(other) - tail :]
    if "?" in other:
        one, other = other, one
    if "?" not in one:
        return one == other
    first, *parts, last = one.split("?")
    if len(other) < len(first) + len(last) or not (other.startswith(first) and other.endswith(last)):
        return False
    place, end = len(first), len(other) - len(last)
    for part in parts:
        place = other.find(part, place, end) + len(part)
        if place < len(part):
            return False
    return True
