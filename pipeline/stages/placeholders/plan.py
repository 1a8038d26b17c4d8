"""Compiles the stage's rules, once for each rulebook.

Signs that the rules' patterns use, besides ``{{set}}``:

- in a ``type`` rule ``▣`` is the mask whose type is told, and ``▢`` any other mask in its context; ``▤`` is only a year-shaped
  mask (20xx, xxxx), ``▧`` one with a kept century (20xx), ``▥`` one with a colon (8:xx), ``▦`` a long number (138****5678);
- in a ``mark`` rule for elisions ``∅`` is the hole; in one for masks or corruptions the groups ``span``, or ``left`` and
  ``right``, say where the token begins and ends if it is not the whole match;
- a ``mark`` rule's further patterns stand in ``more``: a pattern that begins with a literal and looks back from there is
  scanned ten times as fast as one that begins with a choice;
- a ``complete`` rule's literals are formulas with the words that get lost in brackets: ``“三个[代表]”重要思想``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import regex

from pipeline.errors import RulesError
from pipeline.rulebook import Rule, StageRules
from pipeline.stages.placeholders.prefilter import Prefilter

ANY_MASK = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4"
"""Noncharacters for masks in the view that type rules see: any, kept century, with a colon, long number, four alike."""
_OWN = {"▣": f"[{ANY_MASK}]", "▤": "[\ufdd1\ufdd4]", "▥": "\ufdd2", "▦": "\ufdd3", "▧": "\ufdd1"}
_FORMULA = regex.compile(r"(?P<before>[^\[\]]*)\[(?P<lost>[^\[\]]+)\](?P<after>[^\[\]]*)")


@dataclass(frozen=True, slots=True)
class Mark:
    """One pattern of a rule. gives: for a formula, what it has lost; else None."""

    rule: Rule
    source: str
    gives: str | None = None


@dataclass(frozen=True)
class Scan:
    """Marks as one pattern, compiled at first use; the hole of the n-th mark is its group ``hn``.

    literal: what every match begins with, so that a text without it need not be scanned.
    """

    source: str
    marks: tuple[Mark, ...]
    literal: str

    @cached_property
    def pattern(self) -> regex.Pattern[str]:
        """The compiled pattern. Raises RulesError naming the rule where it is none."""
        return _joined(self.source, self.marks)


@dataclass(frozen=True, slots=True)
class Scans:
    """Scans with the filter that tells which of them a text needs."""

    scans: tuple[Scan, ...]
    filter: Prefilter

    def of(self, text: str) -> Iterator[Scan]:
        """The scans that may find something in the text."""
        return (self.scans[number] for number in self.filter.passing(text))


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything compiled.

    straight_holes: for texts with straight quotes (``"``). late_holes: rules that act only after others have found something.
    """

    masks: str
    protect: tuple[tuple[Rule, regex.Pattern[str]], ...]
    marks: tuple[tuple[Mark, regex.Pattern[str]], ...]
    holes: Scans
    straight_holes: Scans
    late_holes: tuple[tuple[Mark, regex.Pattern[str]], ...]
    types: regex.Pattern[str]
    type_rules: tuple[Rule, ...]
    host: Rule | None
    families: dict[str, Rule]
    settings: dict[str, Any]


@lru_cache(maxsize=8)
def _cached(rules: _ById) -> Plan:
    return _compile(rules.rules)


class _ById:
    """Rules compared by identity, since they hold dictionaries; keeps them alive while the plan is cached."""

    def __init__(self, rules: StageRules) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.rules is self.rules


def plan_of(rules: StageRules) -> Plan:
    """The compiled rules. Raises RulesError where a pattern or a formula is not one."""
    return _cached(_ById(rules))


def _compile(rules: StageRules) -> Plan:
    masks = [rule for rule in rules.of("mark") if "characters" in rule.params.get("data", {})]
    families = {rule.params["data"]["characters"]: rule for rule in masks}
    others = [rule for rule in rules.of("mark") if rule not in masks]
    marks = [Mark(rule, source) for rule in others for source in _sources(rule)]
    holes = [mark for rule in rules.of("complete") for mark in _formulas(rule, straight=False)]
    holes += [mark for mark in marks if mark.rule.params["kind"] == "elision"]
    types = [rule for rule in rules.of("type") if rule.where != "host"]
    return Plan(
        masks="".join(families),
        protect=tuple((rule, rule.regex) for rule in rules.of("protect")),
        marks=tuple((mark, _regex(mark)) for mark in marks if mark.rule.params["kind"] != "elision"),
        holes=_merged([mark for mark in holes if not _waits(mark.rule)]),
        straight_holes=_merged(list(_straight(rules))),
        late_holes=tuple((mark, _regex(mark)) for mark in holes if _waits(mark.rule)),
        types=_types(types),
        type_rules=tuple(types),
        host=next((rule for rule in rules.of("type") if rule.where == "host"), None),
        families={character: rule for characters, rule in families.items() for character in characters},
        settings=dict(rules.settings),
    )


def _straight(rules: StageRules) -> Iterator[Mark]:
    for rule in rules.of("mark"):
        if rule.params["kind"] == "elision":
            for source in _sources(rule):
                if _to_straight(source) != source:
                    yield Mark(rule, _to_straight(source))
    for rule in rules.of("complete"):
        yield from _formulas(rule, straight=True)


def _to_straight(pattern: str) -> str:
    return pattern.replace("“", '"').replace("”", '"')


def _sources(rule: Rule) -> list[str]:
    """A mark rule's patterns: its own and those of its ``more``, each scanned alone so that each can begin with a literal."""
    first = rule.pattern if rule.pattern is not None else rule.regex.pattern
    return [source.replace("∅", "(?P<hole>)") for source in (first, *rule.params.get("more", ()))]


def _regex(mark: Mark) -> regex.Pattern[str]:
    try:
        return regex.compile(mark.source, regex.MULTILINE)
    except regex.error as error:
        problem = f"its pattern does not compile: {error}; mend the pattern"
        raise RulesError(f"{mark.rule.file}: rule {mark.rule.id!r}: {problem}") from None


def _joined(source: str, marks: Iterable[Mark]) -> regex.Pattern[str]:
    """A pattern made of several; where it does not compile, the rule that is to blame is named."""
    try:
        return regex.compile(source, regex.MULTILINE)
    except regex.error:
        for mark in marks:
            _regex(mark)
        raise


def _formulas(rule: Rule, *, straight: bool) -> Iterator[Mark]:
    """One mark for each formula: the whole formula without its lost words, with the hole where they were."""
    done: set[str] = set()
    for formula in _bracketed(rule):
        match = _FORMULA.fullmatch(formula)
        if match is None:
            mend = "put the words that get lost into [ ] once"
            raise RulesError(f"{rule.file}: rule {rule.id!r}: {formula!r} is no formula; {mend}")
        before, lost, after = match["before"], match["lost"], match["after"]
        if straight:
            if _to_straight(before + after) == before + after:
                continue
            before, after = _to_straight(before), _to_straight(after)
        if before + after in done:
            continue
        done.add(before + after)
        whole_before = "" if before else f"(?<!{regex.escape(lost[-1] + after)})"
        whole_after = "" if after else f"(?!{regex.escape(lost[0])})"
        hole = f"{regex.escape(before)}(?P<hole>){regex.escape(after)}"
        yield Mark(rule, f"{hole}{whole_before}{whole_after}", lost)


def _bracketed(rule: Rule) -> Iterator[str]:
    """A rule's formulas; with ``data.drop = 1`` each inner character of a formula in turn is the one that gets lost."""
    if "drop" not in rule.params.get("data", {}):
        yield from rule.literals
        return
    for formula in rule.literals:
        for place in range(1, len(formula) - 1):
            lost = formula[place]
            if lost != "、" and lost != formula[place - 1]:
                yield f"{formula[:place]}[{lost}]{formula[place + 1 :]}"


def _waits(rule: Rule) -> bool:
    return "after" in rule.params.get("data", {})


def _merged(marks: list[Mark]) -> Scans:
    """One scan for all marks that begin with the same character and no longer literal; one for each of the others."""
    groups: dict[str, list[Mark]] = {}
    for number, mark in enumerate(marks):
        literal = _prefix(mark.source)
        groups.setdefault(literal if len(literal) == 1 else f"{literal}{number}", []).append(mark)
    scans = []
    for members in groups.values():
        sources = [mark.source.replace("(?P<hole>)", f"(?P<h{number}>)") for number, mark in enumerate(members)]
        literal = _prefix(members[0].source)
        source = sources[0] if len(sources) == 1 else f"{literal}(?:{'|'.join(each[1:] for each in sources)})"
        scans.append(Scan(source, tuple(members), literal))
    return Scans(tuple(scans), Prefilter([scan.literal for scan in scans]))


def _prefix(source: str) -> str:
    """The plain characters that every match of a pattern begins with, a hole between them left out.

    >>> [_prefix(source) for source in ("人大(?P<hole>)会(?!议)", "年度?", "年|月", "[年]月", "月(?=日)")]
    ['人大会', '年', '', '', '月']
    """
    if not _literal_first(source):
        return ""
    literal = _PLAIN.match(source.replace("(?P<hole>)", ""))
    return literal[0] if literal else ""


def _literal_first(source: str) -> bool:
    """Whether a pattern begins with a plain character that every match begins with.

    >>> [_literal_first(source) for source in ("年(?=a|b)", "年|月", "年?月", "(?:年)", "[年]月", "年[|]月")]
    [True, False, False, False, False, True]
    """
    if source[0] in _META or source[1:2] in tuple("?*+{"):
        return False
    return "|" not in _INNER.sub("", _INNERMOST.sub("", source))


_PLAIN = regex.compile(r"(?:[\p{Han}“”、《》](?![?*+{]))+")
_META = frozenset("\\[](){}.*+?^$|")
_INNERMOST = regex.compile(r"\\.|\[(?:\\.|[^\]\\])*\]")
_INNER = regex.compile(r"\((?:[^()]|(?R))*\)")


def _types(rules: list[Rule]) -> regex.Pattern[str]:
    """All type rules as one pattern to be matched at a mask; the first that fits has its number as last group."""
    alternatives, marks = [], []
    for number, rule in enumerate(rules):
        source = rule.pattern if rule.pattern is not None else rule.regex.pattern
        own = next((sign for sign in source if sign in _OWN), None)
        if own is None:
            raise RulesError(f"{rule.file}: rule {rule.id!r}: its pattern has no ▣; put ▣ where the mask stands")
        before, after = source.split(own, 1)
        before, after = (part.replace("▢", f"[{ANY_MASK}]") for part in (before, after))
        marks.append(Mark(rule, before + after))
        behind = f"(?<=(?:{before}){_OWN[own]})" if before or own != "▣" else ""
        ahead = f"(?={after})" if after else ""
        alternatives.append(f"{ahead}{behind}(?P<t{number}>)")
    return _joined(f"[{ANY_MASK}](?:{'|'.join(alternatives)})", marks)
