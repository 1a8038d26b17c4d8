"""Compiles the patterns of rules, each of them once for all runs.

To compile the several hundred patterns that a page needs takes longer than to clean a hundred pages. A compiled pattern can be
pickled, and is read back forty times faster than it is compiled; so compiled patterns are kept in the `pipeline.cache`, for
each version of the regex package and of Python apart, and are read one by one. Of a cache file nothing is taken but patterns.

>>> compiled("年(?=底)").findall("年底、年初")
['年']
"""

from __future__ import annotations

import io
import pickle
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import regex

from pipeline import cache

SPARSE = 400
"""Code points a place from which on a look at each place is faster than a search of the whole text."""
MOST = 20_000
"""Patterns that a cache file holds at most; one that is fuller is begun anew. The package's own rules have about 800."""

_FILE = f"patterns2-{sys.implementation.cache_tag}-{regex.__version__}.pickle"
_Key = tuple[str, int]


class _Known:
    """The patterns of this process. kept: those of the cache file, pickled, read at first use. fresh: those compiled since."""

    def __init__(self) -> None:
        self.kept: dict[_Key, bytes] | None = None
        self.patterns: dict[_Key, regex.Pattern[str]] = {}
        self.fresh: dict[_Key, regex.Pattern[str]] = {}

    def get(self, key: _Key) -> regex.Pattern[str] | None:
        if key not in self.patterns:
            if self.kept is None:
                self.kept = _read()
            pattern = _unpickled(self.kept[key], regex.Pattern) if key in self.kept else None
            if pattern is None:
                return None
            self.patterns[key] = pattern
        return self.patterns[key]

    def add(self, key: _Key, pattern: regex.Pattern[str]) -> None:
        self.patterns[key] = self.fresh[key] = pattern


_known = _Known()


def compiled(source: str, flags: int = 0) -> regex.Pattern[str]:
    """A pattern of the regex package, compiled with ``flags`` as `regex.compile` takes them.

    Raises regex.error where the source is no pattern.
    """
    key = source, int(flags)
    pattern = _known.get(key)
    if pattern is None:
        pattern = regex.compile(source, flags)
        _known.add(key, pattern)
    return pattern


INSIDE = r"(?(DEFINE)(?P<inside>(?:\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]|[^()\[\\]|\((?&inside)\))*+))"
"""Defines ``(?&inside)``: what may stand inside a group of a pattern."""
_BAR = INSIDE + r"(?:\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]|\((?&inside)\))(*SKIP)(*FAIL)|\|"
_CLASS = re.compile(r"\[\^?\]?[^\]\\]*(?:\\.[^\]\\]*)*\](?![?*{])")
_ANCHOR = re.compile(r"\^(?![?*{])")


@lru_cache(maxsize=1 << 12)
def choices(source: str) -> tuple[str, ...]:
    """The patterns that a pattern lets choose from at its top.

    >>> choices("[x|]年|(?:a|b)月")
    ('[x|]年', '(?:a|b)月')
    """
    if "|" not in source:
        return (source,)
    bars = [match.start() for match in compiled(_BAR, regex.DOTALL).finditer(source)]
    return tuple(source[low:high] for low, high in zip([0, *(bar + 1 for bar in bars)], [*bars, None], strict=True))


@lru_cache(maxsize=1 << 12)
def is_anchored(source: str) -> bool:
    """Whether a pattern can match only at the beginning of a line: each of its alternatives begins with ``^``.

    Where it does so inside a group the answer is False, too.

    >>> is_anchored("^(?:年|月)|^[|]"), is_anchored("^年|月"), is_anchored("年")
    (True, False, False)
    """
    return all(_ANCHOR.match(choice) is not None for choice in choices(source))


def leading_class(source: str) -> str | None:
    """The class of characters with one of which every match of a pattern begins; None where it begins otherwise.

    >>> leading_class("[年月](?:初|底)+"), leading_class("[年月]?底"), leading_class("[年月]|底")
    ('[年月]', None, None)
    """
    found = _CLASS.match(source)
    return found[0] if found and len(choices(source)) == 1 else None


def matches_at(pattern: regex.Pattern[str], text: str, places: Iterable[int]) -> Iterator[regex.Match[str]]:
    """A pattern's matches that begin at some places of a text, which ascend; none overlaps the one before.

    The last argument of each match is ``concurrent``: to let other threads run meanwhile takes a third of a short match.

    >>> [match.span() for match in matches_at(compiled("年+"), "年年，年", [0, 1, 3])]
    [(0, 2), (3, 4)]
    """
    done, match_at = 0, pattern.match
    for place in places:
        match = match_at(text, place, None, False) if place >= done else None
        if match is not None:
            done = match.end()
            yield match


@cache.saved_by
def save() -> None:
    """Write the patterns that were compiled since the last time into the cache."""
    if _known.fresh:
        fresh = {key: pickle.dumps(pattern) for key, pattern in _known.fresh.items()}
        patterns = _read() | fresh
        cache.write(_FILE, pickle.dumps(fresh if len(patterns) > MOST else patterns))
        _known.fresh = {}


def _read() -> dict[_Key, bytes]:
    """The pickled patterns of the cache file; none where there is no such file or it is damaged."""
    found: dict[_Key, bytes] | None = _unpickled(cache.read(_FILE) or b"", dict)
    return found if found and all(isinstance(one, bytes) for one in found.values()) else {}


def _unpickled(data: bytes, kind: type) -> Any:
    """What was pickled, or None where it is damaged or of another kind."""
    try:
        found = _Patterns(io.BytesIO(data)).load()
    except Exception:  # whatever a damaged file makes of itself
        return None
    return found if isinstance(found, kind) else None


class _Patterns(pickle.Unpickler):
    """Unpickles nothing but compiled patterns and what holds them."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("regex._regex", "compile"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no pattern")
