"""What the labelling makes out of its rules once, instead of at every page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

from regex import Match

from pipeline.codes import codes_of
from pipeline.rulebook import Rule, Rulebook, StageRules
from pipeline.stages._index import LiteralIndex

LABEL_STAGES = ("labels", "boilerplate", "links", "paragraphs")
"""Stages whose rules may label lines."""

FURNITURE = ("intro", "mark", "list")
"""States that all mean boilerplate: before a speech, one line inside one, below one."""


class Hit(NamedTuple):
    """The first match of a rule in a line.

    rule: its number among a plan's voices and then its cues. place: code points from the line's first visible character to the
    match. one: whether the pattern's group ``one`` has matched.
    """

    rule: int
    place: int
    one: bool


class Voice(NamedTuple):
    """A rule that labels lines: its full name, the states that it speaks for and its score."""

    rule: Rule
    name: str
    states: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of the labelling, with the literals that they need.

    index: of ``voices`` and then ``cues``, which look at pieces of lines. page_index: of ``splits`` and then ``flags``, which
    look at whole lines, one after the other. titles: what takes a title's marks away. fields: what reads a page's meta.
    sizes: how much of a line rules see (``whole``, ``head`` and ``tail``). remembers: whether what rules find in a short line
    depends on the line alone, since none looks at the whole page. remembered: what they have found in such lines.
    """

    stages: tuple[StageRules, ...]
    voices: tuple[Voice, ...]
    cues: tuple[Rule, ...]
    splits: tuple[Rule, ...]
    flags: tuple[Rule, ...]
    titles: tuple[Rule, ...]
    fields: tuple[Rule, ...]
    index: LiteralIndex
    page_index: LiteralIndex
    sizes: tuple[int, int, int]
    remembers: bool
    remembered: dict[str, Sequence[Hit]] = field(default_factory=dict)


class PageLines:
    """The lines of a view as they stand, with those in which rules of a page's whole text can match.

    starts: where each line begins, and at last where one more would. places: for rules of ``page_index`` the numbers of the
    lines in which they can match.
    """

    def __init__(self, view: str, starts: list[int], places: Mapping[int, Sequence[int]]) -> None:
        self._view, self.starts, self._places = view, starts, places

    def find(self, number: int, rule: Rule, limit: int | None = None) -> Iterator[Match[str]]:
        """A rule's matches, each within one line. number: the rule's in ``page_index``. limit: how much of a line it sees."""
        starts = self.starts
        if not rule.needs and limit is None:
            yield from rule.regex.finditer(self._view)
            return
        for line in self._places.get(number, ()) if rule.needs else range(len(starts) - 1):
            end = starts[line + 1] - 1
            yield from rule.regex.finditer(self._view, starts[line], end if limit is None else min(end, starts[line] + limit))


def page_lines(views: Sequence[str], plan: Plan) -> list[PageLines]:
    """The lines of each of several pages, looked through in one pass."""
    import numpy as np  # here, since it takes longer to import than the whole package

    codes = codes_of("\n".join(views))
    starts = np.concatenate(([0], (codes == ord("\n")).nonzero()[0] + 1))
    begins = [*accumulate((len(view) + 1 for view in views), initial=0)]
    firsts = starts.searchsorted(begins).tolist()
    places: list[dict[int, list[int]]] = [{} for _ in views]
    for rule, lines in plan.page_index.places_in(codes, starts).items():
        page = 0
        for line in lines:
            while line >= firsts[page + 1]:
                page += 1
            places[page].setdefault(rule, []).append(line - firsts[page])
    return [
        PageLines(view, [*(starts[first:last] - begin).tolist(), len(view) + 1], own)
        for view, begin, (first, last), own in zip(views, begins, pairwise(firsts), places, strict=False)
    ]


def plan_of(book: Rulebook) -> Plan:
    """The plan of a rulebook; made again only where one of the four stages' rules is not the one of last time."""
    stages = tuple(book[stage] for stage in LABEL_STAGES)
    kept = stages[0].derived
    plan: Plan | None = kept.get("plan")
    if plan is None or any(old is not new for old, new in zip(plan.stages, stages, strict=True)):
        plan = kept["plan"] = _made(stages)
    return plan


def _made(stages: tuple[StageRules, ...]) -> Plan:
    own = stages[0]
    rules = [rule for stage in stages for rule in stage.of("label")]
    cues, splits, flags = own.of("cue"), own.of("split"), own.of("flag")
    return Plan(
        stages,
        tuple(Voice(rule, rule.name, _states(rule), rule.params["score"]) for rule in rules),
        cues,
        splits,
        flags,
        tuple(rule for rule in own.of("drop") if rule.where == "title"),
        own.of("field"),
        LiteralIndex([rule.needs for rule in (*rules, *cues)]),
        LiteralIndex([rule.needs for rule in (*splits, *flags)]),
        (own.settings["whole"], own.settings["head"], own.settings["tail"]),
        not any(rule.where == "text" for rule in (*rules, *cues)),
    )


def _states(rule: Rule) -> tuple[str, ...]:
    if rule.params["label"] != "boilerplate":
        return (rule.params["label"],)
    return (rule.params["state"],) if "state" in rule.params else FURNITURE
