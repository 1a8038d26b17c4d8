"""What a page says of itself: date, author, source, editor, views, address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.page import no_meta
from pipeline.patterns import compiled
from pipeline.rulebook import Rule

_DATE = compiled(r"(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})(?:\D{1,4}(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def iso_date(text: str) -> str | None:
    """A date, perhaps with a time, as ISO 8601; None where there is no such day.

    >>> iso_date("2023年1月6日 8:05"), iso_date("2023-13-01")
    ('2023-01-06T08:05', None)
    """
    match = _DATE.search(text)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups()[:3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    date = f"{year:04}-{month:02}-{day:02}"
    if match[4] is None or int(match[4]) > 23:
        return date
    return f"{date}T{int(match[4]):02}:{match[5]}" + (f":{match[6]}" if match[6] else "")


def read_meta(lines: Sequence[tuple[str, str]], fields: Iterable[Rule]) -> dict[str, str | None]:
    """The meta of a page. lines: text and view of each line that may speak of the page; the first value of a field stands."""
    meta: dict[str, str | None] = no_meta()
    text, view = ("\n".join(side) for side in zip(*lines, strict=True)) if lines else ("", "")
    for rule in fields:
        name = rule.params["field"]
        match = rule.regex.search(view)
        while match is not None and meta.get(name) is None:
            meta[name] = _value(name, text, view, *match.span("value"))
            below = view.find("\n", match.end())
            match = rule.regex.search(view, below) if below >= 0 else None
    return meta


def _value(name: str, text: str, view: str, start: int, end: int) -> str | None:
    if name == "published":
        return iso_date(view[start:end])
    return (view[start:end].replace(",", "") if name == "views" else text[start:end].strip()) or None
