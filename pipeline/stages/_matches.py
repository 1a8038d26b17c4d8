"""Which rules match in which lines of a page.

The same furniture stands on every page of a site, and many of a speech's short lines are set phrases (同志们: 谢谢大家!).
What the rules find in a short line depends on nothing but the line, so a plan remembers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, islice

from pipeline.stages._lines import Line, Scan
from pipeline.stages._plan import Hit, Plan

_REMEMBERED = 20_000
"""Lines that a plan remembers at most; with up to 100 code points each that is a few megabytes."""


def hits_of(view: str, lines: Sequence[Line], plan: Plan) -> list[Sequence[Hit]]:
    """For each line what the plan's voices and cues find in it, in the order of the rules."""
    known, limit = plan.remembered, plan.sizes[0] if plan.remembers else 0
    hits: list[Sequence[Hit]] = []
    fresh: list[int] = []
    for number, (_, _, left, right) in enumerate(lines):
        hit = known.get(view[left:right]) if right - left <= limit else None
        if hit is None:
            fresh.append(number)
        hits.append(hit or ())
    found = _search(Scan(view, [lines[number] for number in fresh], *plan.sizes), plan)
    if len(known) + len(fresh) > _REMEMBERED:
        known.clear()
    for number, hit in zip(fresh, found, strict=True):
        line = lines[number]
        hits[number] = hit
        if line.right - line.left <= limit:
            known[view[line.left : line.right]] = hit
    return hits


def hits_of_many(views: Sequence[str], lines: Sequence[Sequence[Line]], plan: Plan) -> list[list[Sequence[Hit]]]:
    """`hits_of` for each of several pages: in one pass, if no rule looks at a whole page."""
    if len(views) == 1 or not plan.remembers:
        return [hits_of(view, own, plan) for view, own in zip(views, lines, strict=True)]
    begins = accumulate((len(view) + 1 for view in views), initial=0)
    joined = [
        Line(start + begin, end + begin, left + begin, right + begin)
        for begin, own in zip(begins, lines, strict=False)
        for start, end, left, right in own
    ]
    hits = iter(hits_of("\n".join(views), joined, plan))
    return [list(islice(hits, len(own))) for own in lines]


def _search(scan: Scan, plan: Plan) -> list[list[Hit]]:
    hits: list[list[Hit]] = [[] for _ in scan.lines]
    places = plan.index.places(scan.text, scan.starts[:-1]) if scan.text else {}
    for index, rule in enumerate(chain((voice.rule for voice in plan.voices), plan.cues)):
        among = places.get(index)
        if among is None and rule.needs:
            continue
        for number, shift, match in scan.find(rule, among):
            own = hits[number]
            if not own or own[-1].rule != index:
                one = index >= len(plan.voices) and match.groupdict().get("one") is not None
                own.append(Hit(index, match.start() + shift - scan.lines[number].left, one))
    return hits
