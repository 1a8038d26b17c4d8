"""Tables of contents: their lines, and the titles that they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.patterns import compiled
from pipeline.stages._evidence import HEAD, Evidence
from pipeline.stages._lines import is_torn, letters

_HEADED, _SHORTEST, _ENTRY, _ENTRIES = 12, 2, 60, 60
"""Code points of a table of contents' heading, of its shortest and its longest line, and the lines that it has at most."""
_ENUMERATED = compiled(
    r"^(?:\d{1,2} ?[.、]|[一二三四五六七八九十]{1,3} ?、|\([一二三四五六七八九十\d]{1,3}\)|"
    r"第[一二三四五六七八九十\d]{1,3}篇 ?[:、]) ?(?=\S)"
)
_COUNTER = compiled(r"\d{1,3} ?[.、]?")
"""The number of an entry of a table of contents, or of its page, where it has a line of its own."""
_PAGED = compiled(r"[ .·…_-]*\d{1,4}$")


def by_contents(evidence: Evidence, settings: Mapping[str, Any], collection: int | None) -> None:
    """The lines of a table of contents, each of which stands once more below it, and the titles that they name.

    A speech may have a table of its own headings, which have outline numbers below it too, or name no kind of speech: above the
    first salutation it is furniture as well.
    """
    head = _contents_head(evidence, collection)
    if head is None:
        return
    texts = [evidence.text(n) if line.size <= _ENTRY else "" for n, line in enumerate(evidence.lines)]
    places = {letters(text): n for n, text in enumerate(texts)}
    for number, (one, two, three) in enumerate(zip(texts, texts[1:], texts[2:], strict=False), 2):
        if is_torn(two, three):
            places[letters(one + two + three)] = number
    above = all(evidence.ruled(n, "salutation") < 3.0 for n in range(head))
    listed, named = _listed(evidence, texts, places, head, own=above)
    outlined = above and len(listed) > len(named) + 2
    if not outlined and (len(named) < 2 or min(named) in listed or not any(_entitles(evidence, n) for n in named)):
        return
    for number in listed:
        evidence.withdraw(number, "speech_title", "page_title", "heading")
        evidence.add(number, "intro", settings["preview"], "boilerplate/contents")
    for place in named:
        if evidence.ruled(place, "speech_title") < settings["again"]:
            evidence.add(place, "speech_title", settings["again"], "labels/title-again")


def _listed(
    evidence: Evidence, texts: list[str], places: Mapping[str, int], head: int, *, own: bool
) -> tuple[list[int], list[int]]:
    """The lines of a table of contents, and the titles that they name.

    places: of each line's letters, the last line with them. own: whether a speech's own headings are listed too.
    """
    listed: list[int] = []
    named: list[int] = []
    for number in range(head + 1, min(head + 1 + _ENTRIES, len(texts))):
        entry = texts[number]
        if _COUNTER.fullmatch(entry):
            listed.append(number)
            continue
        place = places.get(letters(entry), number) if entry else number
        if entry and place == number:
            place = places.get(letters(_PAGED.sub("", entry)), number)
        heading = place != number and evidence.ruled(number, "heading") >= 3.0
        if heading and own and evidence.ruled(place, "heading") >= 3.0:
            listed.append(number)
            continue
        if entry and place == number:
            place = places.get(letters(_PAGED.sub("", _ENUMERATED.sub("", entry, count=1))), number)
        if place == number or heading or len(entry) < _SHORTEST:
            break
        listed.append(number)
        named.append(place)
    return listed, named


def _contents_head(evidence: Evidence, collection: int | None) -> int | None:
    """The line above a table of contents: its heading, or a collection's title with numbered lines right below it.

    collection: the line of the collection's title.
    """
    head = first_by(evidence, "intro", "boilerplate/contents")
    if head is not None:
        return head if evidence.lines[head].size <= _HEADED else None
    if collection is None or collection + 2 >= len(evidence.lines):
        return None
    return collection if all(_ENUMERATED.match(evidence.text(n)) for n in (collection + 1, collection + 2)) else None


def _entitles(evidence: Evidence, number: int) -> bool:
    """Whether a line is a speech's title for some rule, or the motto above one that begins with a dash."""
    if evidence.ruled(number, "speech_title") >= 3.0:
        return True
    below = number + 1
    return below < len(evidence.lines) and evidence.ruled(below, "speech_title") >= 1.5 and evidence.text(below)[0] == "—"


def first_by(evidence: Evidence, state: str, rule: str) -> int | None:
    """The first line at the page's top for which a rule is the one that says most for a state."""
    return next((number for number in range(min(HEAD, len(evidence.lines))) if evidence.rule(number, state) == rule), None)
