"""From one look at a text to a settled one: pass after pass until no rule finds anything."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import regex

from pipeline.ledger import Kind, Ledger
from pipeline.rulebook import Rule
from pipeline.stages.punctuation.draft import Draft
from pipeline.stages.punctuation.plan import CODE, Plan, Step
from pipeline.stages.punctuation.quotes import OPENERS, head_of
from pipeline.stages.punctuation.seen import Seen

PASSES = 8
"""After so many passes a line that still changes is left as it came; real text settles in two or three."""

Groups = dict[Kind, list[int]]


@dataclass(frozen=True)
class Outcome:
    """A settled text, the edits that lead to it grouped as `Ledger` has them, and the names of the rules that acted."""

    text: str
    groups: Groups = field(default_factory=dict)
    acted: set[str] = field(default_factory=set)


def settle(text: str, plan: Plan, protect: Sequence[tuple[int, int]] = ()) -> Outcome:
    """Apply the plan until nothing changes. Lines that never settle come out as they came."""
    return _settle(text, plan, [span for span in protect if not any("א" <= char <= "ת" for char in text[slice(*span)])])


def _settle(text: str, plan: Plan, protect: Sequence[tuple[int, int]]) -> Outcome:
    now, spans, acted = text, protect, set[str]()
    groups: Groups = {}
    lines: Sequence[tuple[int, int]] | None = None
    for _ in range(PASSES):
        edits, names, opened = _look_at(now, plan, spans, lines)
        acted |= names
        if not edits:
            return Outcome(now, groups, acted)
        spans = _moved(spans, edits)
        later = _apply(now, edits)
        groups = _composed(text, groups, now, edits) if groups else edits
        lines = None if opened else _restless(now, later, edits, plan)
        unsettled, now = edits, later
    return _settle(text, plan, sorted([*protect, *_lines(text, now, unsettled)]))


def _look_at(
    text: str, plan: Plan, protect: Sequence[tuple[int, int]], lines: Sequence[tuple[int, int]] | None
) -> tuple[Groups, set[str], bool]:
    """The edits of one pass over the text, or over some of its lines: in these alone edits are made, but the line behind one
    that begins with a quotation mark is looked at too, since the quotation may go on there. Also the names of the rules that
    acted, and whether they were those alone that act before all others.
    """
    if lines is None:
        draft = look(text, plan, protect)
        return draft.edits(), draft.acted, draft.opened
    pieces = [(start, end, _next_line_end(text, end) if _opens(text, end) else end) for start, end in lines]
    starts = [0, *accumulate(behind - start + 1 for start, _, behind in pieces)]
    inside = [
        (max(s, start) - start + at, min(e, behind) - start + at)
        for at, (start, _, behind) in zip(starts, pieces, strict=False)
        for s, e in protect
        if s < behind and e > start
    ]
    draft = look("\n".join(text[start:behind] for start, _, behind in pieces), plan, inside)
    edits: Groups = {}
    for kind, at in draft.edits().items():
        for place in at:
            number = bisect_right(starts, place) - 1
            start, end, _ = pieces[number]
            if (moved := place - starts[number] + start) < end:
                edits.setdefault(kind, []).append(moved)
    return edits, draft.acted, draft.opened


def _restless(text: str, later: str, edits: Groups, plan: Plan) -> Sequence[tuple[int, int]] | None:
    """Spans of the lines that need a second look after the edits that made ``later`` of ``text``; None for all of them.

    A rule sees no more than the line that it acts in, and of the line behind that whether a quotation goes on there. So these
    are the lines in which a rule acted that is not calm, and the line before one that has, or had, a quotation mark at its
    beginning. Neighbours make one span.
    """
    if "```" in later:
        return None
    places = [place for kind, at in edits.items() if not _calm(kind, plan) for place in at]
    if len(places) > later.count("\n") // 2:
        return None
    spans: list[tuple[int, int]] = []
    for place in _shifted(sorted(places), edits):
        if spans and place <= spans[-1][1]:
            continue
        end = later.find("\n", place)
        end = len(later) if end < 0 else end
        start = later.rfind("\n", 0, place) + 1
        head = head_of(later, start, end)
        if place <= head or later[head] in OPENERS:
            start = _previous_line_start(later, start)
        if spans and start <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _opens(text: str, end: int) -> bool:
    """Whether the line that ends there begins with a quotation mark."""
    head = head_of(text, text.rfind("\n", 0, end) + 1, end)
    return head < end and text[head] in OPENERS


def _previous_line_start(text: str, start: int) -> int:
    """The start of the line before the one that starts there; empty lines between the two are passed over."""
    before = start - 1
    while before > 0 and text[before - 1] == "\n":
        before -= 1
    return text.rfind("\n", 0, before) + 1 if before > 0 else 0


def _shifted(places: Sequence[int], edits: Groups) -> Iterator[int]:
    """Places in ascending order, each where the edits before it have moved it."""
    steps = _steps(edits)
    shift = number = 0
    for place in places:
        while number < len(steps) and steps[number][0] < place:
            shift += steps[number][1]
            number += 1
        yield place + shift


def _steps(edits: Mapping[Kind, list[int]]) -> list[tuple[int, int]]:
    """Where edits change the length of the text and by how much, in the order of the text."""
    return sorted(
        (place, len(kind.after) - len(kind.before))
        for kind, at in edits.items()
        if len(kind.before) != len(kind.after)
        for place in at
    )


def _calm(kind: Kind, plan: Plan) -> bool:
    return len(kind.before) == len(kind.after) and plan.calm.issuperset(kind.rules)


def _next_line_end(text: str, end: int) -> int:
    """The end of the next line that is not empty."""
    while end < len(text) and text[end] == "\n":
        end += 1
    behind = text.find("\n", end)
    return len(text) if behind < 0 else behind


def look(text: str, plan: Plan, protect: Sequence[tuple[int, int]]) -> Draft:
    """One pass: every rule in turn claims its places in the text; or those alone that act before all others, if they do."""
    draft = Draft(text, protect)
    seen = Seen(draft.text)
    if any(seen.may_match(step) for step in plan.opening if step.rule.params.get("first")):
        _act_all(plan.opening, draft, seen, plan)
        if draft.edits():
            draft.opened = True
            return draft
        draft = Draft(text, protect)
    _act_all(plan.steps, draft, seen, plan)
    return draft


def _act_all(steps: Sequence[Step], draft: Draft, seen: Seen, plan: Plan) -> None:
    for step in steps:
        if seen.may_match(step):
            draft.barred = step.barred
            _act(step, draft, seen, plan)


def _act(step: Step, draft: Draft, seen: Seen, plan: Plan) -> None:
    rule = step.rule
    name = rule.name
    if rule.action == "code":
        CODE[rule.id](draft, rule, plan.rules, seen.places(step.at))
    elif step.literal:
        draft.edit_all(seen.places(step.at), rule.pattern or "", rule.params["replacement"], name)
    else:
        claim = CLAIMS[rule.action]
        for match in _matches(step, draft.text, seen):
            claim(draft, match, rule, name)


def _matches(step: Step, text: str, seen: Seen) -> Iterator[regex.Match[str]]:
    if not step.at:
        yield from step.rule.regex.finditer(text)
        return
    match_at = step.rule.regex.match
    for place in seen.places(step.at):
        match = match_at(text, place, None, False)  # as in `pipeline.patterns.matches_at`
        if match is not None:
            yield match


def _protect(draft: Draft, match: regex.Match[str], rule: Rule, name: str) -> None:
    draft.protect(*match.span(), name)


def _replace(draft: Draft, match: regex.Match[str], rule: Rule, name: str) -> None:
    draft.edit(*match.span(), rule.params["replacement"], name)


def _map(draft: Draft, match: regex.Match[str], rule: Rule, name: str) -> None:
    draft.edit(*match.span(), rule.params["table"].get(match[0], match[0]), name)


def _narrow(draft: Draft, match: regex.Match[str], rule: Rule, name: str) -> None:
    draft.edit(*match.span(), "".join(" " if char == "\u3000" else chr(ord(char) - 0xFEE0) for char in match[0]), name)


CLAIMS = {"protect": _protect, "replace": _replace, "map": _map, "narrow": _narrow}


def _apply(text: str, edits: Mapping[Kind, list[int]]) -> str:
    """The text with the edits made; as `Ledger.apply`, but for edits that are known to agree with the text.

    Nearly all edits are one character for one, and these need no order: they are written into the text's code points.
    """
    codes = array("I", text.encode("utf-32-le", "surrogatepass"))
    others = []
    for (before, after, _), at in edits.items():
        if len(before) == len(after) == 1:
            code = ord(after)
            for place in at:
                codes[place] = code
        else:
            others += [(place, len(before), after) for place in at]
    text = codes.tobytes().decode("utf-32-le", "surrogatepass")
    if not others:
        return text
    pieces, done = [], 0
    for place, width, after in sorted(others):
        pieces.append(text[done:place])
        pieces.append(after)
        done = place + width
    pieces.append(text[done:])
    return "".join(pieces)


def _moved(spans: Sequence[tuple[int, int]], edits: Mapping[Kind, list[int]]) -> Sequence[tuple[int, int]]:
    """Protected spans after the edits; no edit lies inside one."""
    if not spans:
        return spans
    steps = _steps(edits)
    places = [place for place, _ in steps]
    shifts = [0, *accumulate(shift for _, shift in steps)]
    return [(start + (shift := shifts[bisect_left(places, start)]), end + shift) for start, end in spans]


def _composed(source: str, first: Groups, middle: str, later: Groups) -> Groups:
    """First and later edits as one, line by line: only lines with later edits are looked at. No edit reaches over a line."""
    source_lines, middle_lines = _line_starts(source), _line_starts(middle)
    touched = sorted({bisect_right(middle_lines, place) - 1 for at in later.values() for place in at})
    kept = {kind: list(at) for kind, at in first.items()}
    composed: dict[Kind, list[int]] = {}
    for line in touched:
        start, end = source_lines[line], source_lines[line + 1]
        earlier = {kind: _cut(at, start, end) for kind, at in kept.items()}
        after = {kind: _between(at, middle_lines[line], middle_lines[line + 1]) for kind, at in later.items()}
        both = Ledger({k: at for k, at in earlier.items() if at}).then(Ledger({k: at for k, at in after.items() if at}))
        for kind, at in both.groups.items():
            composed.setdefault(kind, []).extend(place + start for place in at)
    for kind, at in kept.items():
        if at:
            composed[kind] = sorted([*composed.get(kind, ()), *at])
    return {kind: sorted(at) for kind, at in composed.items()}


def _between(at: list[int], start: int, end: int) -> list[int]:
    at = sorted(at)
    return [place - start for place in at[bisect_left(at, start) : bisect_left(at, end)]]


def _cut(at: list[int], start: int, end: int) -> list[int]:
    """Take the places from start to end out of a sorted list, counted from start."""
    low, high = bisect_left(at, start), bisect_left(at, end)
    inside = [place - start for place in at[low:high]]
    del at[low:high]
    return inside


def _line_starts(text: str) -> list[int]:
    """Offsets of the lines' starts, and one behind the last line's end."""
    return [0, *accumulate(len(line) + 1 for line in text.split("\n"))]


def _lines(source: str, now: str, edits: Groups) -> list[tuple[int, int]]:
    """Spans in the source of the lines that the edits touch."""
    source_lines, lines = _line_starts(source), _line_starts(now)
    numbers = {min(bisect_right(lines, place), len(lines) - 1) - 1 for at in edits.values() for place in at}
    return [(source_lines[number], source_lines[number + 1] - 1) for number in numbers]
