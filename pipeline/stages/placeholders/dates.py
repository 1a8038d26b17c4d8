"""When a speech was given, as far as it says so itself; and what the dated formulas were then.

A speech's formulas bound its time (``settings.dating``: who speaks of 系列重要讲话 speaks between the 18th and the 19th
congress); years that it names and the page's date narrow it down. ``settings.eras`` says what held when.
Months are counted as 12 × year + month.

>>> table = {"congress": [["十七大", "2007-10", "2012-11"], ["十八大", "2012-11", "2017-10"]]}
>>> era(table, "congress", Period(month_number("2015-01"), month_number("2015-12")))
'十八大'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import regex

from pipeline.patterns import compiled

_YEAR = compiled(
    r"年(?!底?前|代)(?<=(?<![0-9.])(?P<year>(?:199|20[0-3])[0-9])年)(?<!(?:[到至]|力争|确保|前)(?:199|20[0-3])[0-9]年)"
)
_THIS_YEAR = compiled(r"今年[是(（]?(20[0-3][0-9])(?=年)")
LONG_AGO, FAR_OFF = 0, 12 * 9999


class Period(NamedTuple):
    """First and last month in which a speech may have been given, both inclusive."""

    first: int
    last: int

    def meet(self, other: Period) -> Period:
        """The months that both allow; where there are none, this period alone."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Period(first, last) if first <= last else self


ALWAYS = Period(LONG_AGO, FAR_OFF)


def month_number(date: str) -> int:
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` as a number of months; a year alone is its January."""
    year, _, rest = date.partition("-")
    return 12 * int(year) + int(rest[:2] or 1)


def _year(year: int) -> Period:
    return Period(12 * year + 1, 12 * year + 12)


def period(text: str, said: Iterable[Mapping[str, Any]], published: str | None = None) -> Period:
    """When a speech was given, from its formulas, its years and the page's ISO date, in that order of trust.

    said: the entries {words, since, until} of ``settings.dating`` of which the text has a word; ``until`` may be absent. Years
    that a text names as a goal (到2020年) don't count.
    """
    found = ALWAYS
    if published and regex.match(r"\d{4}", published):
        found = Period(LONG_AGO, month_number(published))
    for entry in said:
        last = month_number(entry["until"]) if "until" in entry else FAR_OFF
        found = found.meet(Period(month_number(entry["since"]), last))
    if match := _THIS_YEAR.search(text):
        return found.meet(_year(int(match[1])))
    if years := [int(match["year"]) for match in _YEAR.finditer(text)]:
        return found.meet(_year(max(years)))
    return found


def era(eras: Mapping[str, Sequence[Sequence[str]]], name: str, when: Period) -> str | None:
    """What held throughout the period, or None where more than one did or none is known."""
    held = [what for what, since, until in eras[name] if month_number(since) <= when.last and when.first < month_number(until)]
    return held[0] if len(held) == 1 else None
