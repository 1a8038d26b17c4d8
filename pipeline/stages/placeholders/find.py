"""The search itself: corruptions and special masks first, then mask tokens and their types, then holes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain
from typing import cast

import regex

from pipeline.rulebook import Rule
from pipeline.speech import Placeholder, PlaceholderKind
from pipeline.stages.placeholders.dates import Period, era, period
from pipeline.stages.placeholders.masks import Span, is_year_shaped, tokens
from pipeline.stages.placeholders.plan import ANY_MASK, Mark, Plan
from pipeline.stages.placeholders.tags import tagged

_LONG = regex.compile(r"[0-9]{2,}[^0-9.]{2,}[0-9]{2,}|0[^0-9.]{2,3}-[^0-9.]{6,8}|[0-9]{4,}[^0-9.]{4}|[^0-9.]{7,}[0-9]{0,4}")


class Clock:
    """When the speech was given; worked out only when a dated formula asks."""

    def __init__(self, text: str, plan: Plan, published: str | None) -> None:
        self._text, self._plan, self._published = text, plan, published
        self._period: Period | None = None

    def says(self, name: str) -> str | None:
        """What the era table ``name`` has for the speech's time, or None where that is not certain."""
        if self._period is None:
            self._period = period(self._text, self._plan.settings.get("dating", ()), self._published)
        return era(self._plan.settings["eras"], name, self._period)


def find(text: str, plan: Plan, published: str | None) -> tuple[tuple[Placeholder, ...], set[str]]:
    """All placeholders of a text, sorted and disjoint, and the full names of the rules that acted."""
    clock = Clock(text, plan, published)
    acted: set[str] = set()
    taken = list(tagged(text))
    covered = {place for tag in taken for place in range(tag.start, tag.end)}
    for mark, pattern in plan.marks:
        for match in pattern.finditer(text):
            start, end = _span(match)
            if start < end and covered.isdisjoint(range(start, end)):
                covered.update(range(start, end))
                taken.append(_placeholder(text, (start, end), mark, match, clock))
    masks = _masks(text, plan, covered, acted)
    named = [item for item in taken if item.type or not item.rule]
    untyped = [(item.start, item.end) for item in taken if item.rule and not item.type]
    rule_of = {(item.start, item.end): item.rule for item in taken if not item.type}
    spans = sorted(masks + untyped)
    found = named + _typed(text, spans, plan, clock, rule_of)
    for start, end in spans:
        covered.update(range(start, end))
    found += _holes(text, plan, covered, clock)
    found.sort(key=lambda item: (item.start, item.end))
    acted.update(item.rule for item in found if item.rule)
    acted.update(rule_of.values())
    acted.update(plan.families[text[start:end].strip(_KEPT)[0]].name for start, end in masks)
    return tuple(found), acted


_KEPT = "0123456789０１２３４５６７８９一二三四五六七八九十百零.．:：- \u3000"


def _span(match: regex.Match[str]) -> Span:
    """Where the token stands that a mark rule found: its groups ``left``, ``span``, ``right``, or the whole match."""
    groups = match.re.groupindex
    start, end = match.span("span") if "span" in groups and match.start("span") >= 0 else match.span()
    if "left" in groups and match.start("left") >= 0:
        start = match.start("left")
    if "right" in groups and match.end("right") >= 0:
        end = match.end("right")
    return start, end


def _placeholder(text: str, span: Span, mark: Mark, match: regex.Match[str], clock: Clock) -> Placeholder:
    start, end = span
    params = mark.rule.params
    kind = cast("PlaceholderKind", params.get("kind", "elision"))
    surface = text[start:end]
    return Placeholder(start, end, surface, kind, params["type"], _suggestion(surface, mark, match, clock), mark.rule.name)


def _suggestion(surface: str, mark: Mark, match: regex.Match[str], clock: Clock) -> str | None:
    if mark.gives is not None:
        return mark.gives
    params = mark.rule.params
    data = params.get("data", {})
    if "gives" in match.re.groupindex and match["gives"]:
        return match["gives"]
    if "era" in data:
        name = clock.says(data["era"])
        return name + data.get("tail", "") if name else None
    if "words" in data:
        return _word(surface, data["words"])
    if "gives" in data:
        return cast("str | None", data["gives"].get(surface))
    return cast("str | None", params.get("suggestion"))


def _word(damaged: str, words: Iterable[str]) -> str | None:
    """The one word of a list that a damaged word can have been: digits stand for one to three letters of it."""
    head, tail = regex.split(r"\d[0-9xX*×]*", damaged.lower(), maxsplit=1)
    around = [word for word in words if word.startswith(head) and word.endswith(tail)]
    fits = [word for word in around if 0 < len(word) - len(head) - len(tail) <= 3]
    return fits[0] if len(fits) == 1 else None


def _masks(text: str, plan: Plan, covered: set[int], acted: set[str]) -> list[Span]:
    """The mask tokens that no other rule has taken and that are no look-alikes."""
    spans = tokens(text, plan.masks) if plan.masks else []
    if covered:
        spans = [span for span in spans if covered.isdisjoint(range(*span))]
    if not spans:
        return spans
    aside = _aside(text, spans, plan)
    kept = []
    for start, end in spans:
        rule = next((aside[place] for place in range(start, end) if place in aside), None)
        if rule is None:
            kept.append((start, end))
        else:
            acted.add(rule.name)
    return kept


_REACH = 90
"""How far around a mask look-alikes are sought, in code points; more than any protect pattern reaches."""
_GAP = "\ufdd5"


def _aside(text: str, spans: list[Span], plan: Plan) -> dict[int, Rule]:
    """The places around masks that protect rules match, each with its rule."""
    pieces, starts, shifts, size = [], [], [], 0
    for start, end in _windows(spans, len(text)):
        pieces.append(text[start:end])
        starts.append(size)
        shifts.append(start - size)
        size += end - start + 1
    near = _GAP.join(pieces)
    aside: dict[int, Rule] = {}
    for rule, pattern in plan.protect:
        if rule.might_match(near):
            for match in pattern.finditer(near):
                shift = shifts[bisect_right(starts, match.start()) - 1]
                aside.update(dict.fromkeys(range(match.start() + shift, match.end() + shift), rule))
    return aside


def _windows(spans: list[Span], size: int) -> list[Span]:
    """The stretches of text within reach of a mask, merged where they touch."""
    windows: list[Span] = []
    for start, end in spans:
        low, high = max(0, start - _REACH), min(size, end + _REACH)
        if windows and low <= windows[-1][1] + 1:
            windows[-1] = (windows[-1][0], high)
        else:
            windows.append((low, high))
    return windows


def _view(text: str, spans: list[Span]) -> tuple[str, list[int]]:
    """The text with one noncharacter for each mask, and where these stand."""
    pieces, places, done, size = [], [], 0, 0
    for start, end in spans:
        token = text[start:end]
        pieces.append(text[done:start])
        size += start - done
        places.append(size)
        pieces.append(_sign(token))
        size += 1
        done = end
    pieces.append(text[done:])
    return "".join(pieces), places


def _sign(token: str) -> str:
    if is_year_shaped(token):
        return ANY_MASK[4] if token == 4 * token[0] else ANY_MASK[1]
    if ":" in token or "：" in token:
        return ANY_MASK[2]
    return ANY_MASK[3] if _LONG.fullmatch(token) else ANY_MASK[0]


def _typed(text: str, spans: list[Span], plan: Plan, clock: Clock, rule_of: dict[Span, str]) -> list[Placeholder]:
    """Each mask with the type that its context tells; what no rule types is the host place, or ``other``."""
    if not spans:
        return []
    view, places = _view(text, spans)
    found, open_ = [], []
    place_seen = False
    for span, place in zip(spans, places, strict=True):
        match = plan.types.match(view, place)
        surface = text[span[0] : span[1]]
        if match is None or match.lastgroup is None:
            open_.append(span)
            continue
        rule = plan.type_rules[int(match.lastgroup[1:])]
        type_ = rule.params["type"]
        place_seen = place_seen or type_ == "place"
        data = rule.params.get("data", {})
        suggestion = clock.says(data["era"]) if "era" in data else rule.params.get("suggestion")
        found.append(Placeholder(span[0], span[1], surface, "mask", type_, suggestion, rule.name))
    for span in open_:
        surface = text[span[0] : span[1]]
        if plan.host is not None and place_seen:
            found.append(Placeholder(span[0], span[1], surface, "mask", plan.host.params["type"], None, plan.host.name))
        else:
            name = rule_of.get(span) or plan.families[surface.strip(_KEPT)[0]].name
            found.append(Placeholder(span[0], span[1], surface, "mask", "other", None, name))
    return found


def _holes(text: str, plan: Plan, covered: set[int], clock: Clock) -> list[Placeholder]:
    """The silent deletions, one at a place. Rules with a condition (``data.after``) wait for what the others found."""
    found: dict[int, Placeholder] = {}
    for scan in chain(plan.holes.of(text), plan.straight_holes.of(text) if '"' in text else ()):
        for match in scan.pattern.finditer(text):
            number, place = _hole(match, len(scan.marks))
            _take(text, scan.marks[number], match, place, covered, clock, found)
    for mark, pattern in plan.late_holes:
        data = mark.rule.params["data"]
        lost = sum(item.rule.partition("/")[2] in data["after"] for item in found.values())
        if lost >= data.get("least", 1) and lost > text.count(data["kept"]):
            for match in pattern.finditer(text):
                _take(text, mark, match, match.start("hole"), covered, clock, found)
    return list(found.values())


def _hole(match: regex.Match[str], count: int) -> Span:
    """Which mark of a scan has matched, and where its hole is."""
    places = (match.start(f"h{number}") for number in range(count))
    return next((number, place) for number, place in enumerate(places) if place >= 0)


def _take(
    text: str, mark: Mark, match: regex.Match[str], place: int, covered: set[int], clock: Clock, found: dict[int, Placeholder]
) -> None:
    """Note the hole that a rule found, unless another rule has found one there or it lies inside a mask."""
    if place not in found and not (place in covered and place - 1 in covered):
        found[place] = _placeholder(text, (place, place), mark, match, clock)
