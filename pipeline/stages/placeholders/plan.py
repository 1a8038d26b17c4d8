"""Compiles the stage's rules, once for each rulebook.

Signs that the rules' patterns use, besides ``{{set}}``:

- in a ``type`` rule ``▣`` is the mask whose type is told, and ``▢`` any other mask in its context; ``▤`` is only a year-shaped
  mask (20xx, xxxx), ``▧`` one with a kept century (20xx), ``▥`` one with a colon (8:xx), ``▦`` a long number (138****5678);
- in a ``mark`` rule for elisions ``∅`` is the hole; in one for masks or corruptions the groups ``span``, or ``left`` and
  ``right``, say where the token begins and ends if it is not the whole match;
- a ``mark`` rule's further patterns stand in ``more``: a pattern that begins with a literal and looks back from there is
  scanned ten times as fast as one that begins with a choice;
- a ``complete`` rule's literals are formulas with the words that get lost in brackets: ``“三个[代表]”重要思想``;
- a ``protect`` rule with ``where = "sign"`` begins with a mask character and is tried only where a mask stands.

Many speeches are searched as one text, with a line `BETWEEN` around each; no class of a pattern holds its noncharacter, so that
no pattern reaches from one speech into the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import regex

from pipeline.errors import RulesError
from pipeline.rulebook import Rule, StageRules, alternation
from pipeline.stages.placeholders.anchors import Anchors

ANY_MASK = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4"
"""Noncharacters for masks in the view that type rules see: any, kept century, with a colon, long number, four alike."""
BREAK = "\ufdd6"
BETWEEN = f"\n{BREAK}\n"
"""What stands before, between and behind the speeches of a page where they are searched together."""
_OWN = {"▣": f"[{ANY_MASK}]", "▤": "[\ufdd1\ufdd4]", "▥": "\ufdd2", "▦": "\ufdd3", "▧": "\ufdd1"}
LONG = 3
"""From how many characters on a literal is rare enough that a scan for it waits until it is met, in code points."""
_SIGNS = frozenset("xXｘＸ×✕✖*＊_＿#＃$＄○〇◯□■●△某")
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
class Formula:
    """A formula with a hole. edge: what the formula's own words would be where the hole is at its start or end."""

    mark: Mark
    literal: str
    hole: int
    edge: str = ""

    def holds(self, text: str, start: int) -> bool:
        """Whether the formula that stands at ``start`` has its hole, and is not whole."""
        if self.hole == 0:
            return not text.endswith(self.edge, 0, start)
        return not (self.edge and text.startswith(self.edge, start + self.hole))


@dataclass(frozen=True, slots=True)
class Holes:
    """All patterns for holes: formulas, and scans of which some are tried only where their long literal stands in the text."""

    formulas: tuple[Formula, ...]
    always: tuple[Scan, ...]
    rare: tuple[Scan, ...]
    anchors: Anchors

    def of(self, text: str) -> tuple[list[tuple[Formula, int]], Iterator[Scan]]:
        """The formulas of a text with their starts, in the order of the rules, and the scans that may find something."""
        hits: list[tuple[int, int]] = []
        awake: set[int] = set()
        count = len(self.formulas)
        for number, start in self.anchors.places(text):
            if number >= count:
                awake.add(number - count)
            elif self.formulas[number].holds(text, start):
                hits.append((number, start))
        hits.sort()
        return [(self.formulas[number], start) for number, start in hits], chain(
            self.always, (scan for number, scan in enumerate(self.rare) if number in awake)
        )


@dataclass(frozen=True, slots=True)
class Signs:
    """The look-alikes that begin with one mask character, as one pattern whose last group ``rN`` tells the rule."""

    pattern: regex.Pattern[str]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything compiled.

    plain: what makes sure behind x and × that no look-alike stands there. signs: by mask character; protect: look-alikes that
    begin elsewhere. straight_holes: for texts with straight quotes (``"``). late_holes: rules that act only after others have
    found something. clear: what the clear form of a masked name may be.
    """

    masks: str
    plain: frozenset[str]
    signs: dict[str, Signs]
    protect: tuple[tuple[Rule, regex.Pattern[str]], ...]
    marks: tuple[tuple[Mark, regex.Pattern[str]], ...]
    holes: Holes
    straight_holes: Holes
    late_holes: tuple[tuple[Mark, regex.Pattern[str]], ...]
    types: regex.Pattern[str]
    type_rules: tuple[Rule, ...]
    host: Rule | None
    clear: Rule | None
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
    holes = [mark for mark in marks if mark.rule.params["kind"] == "elision"]
    formulas = [formula for rule in rules.of("complete") for formula in _formulas(rule, straight=False)]
    signs = [rule for rule in rules.of("protect") if rule.where == "sign"]
    types = [rule for rule in rules.of("type") if rule.where != "host"]
    return Plan(
        masks="".join(families),
        plain=frozenset("".join(rules.sets.get("plain-units", ()))),
        signs={character: _signs(signs, character) for characters in families for character in characters},
        protect=tuple((rule, _regex(Mark(rule, _source(rule)))) for rule in rules.of("protect") if rule.where != "sign"),
        marks=tuple((mark, _regex(mark)) for mark in marks if mark.rule.params["kind"] != "elision"),
        holes=_holes(formulas, [mark for mark in holes if not _waits(mark.rule)]),
        straight_holes=_holes(list(_straight_formulas(rules)), list(_straight(rules))),
        late_holes=tuple((mark, _regex(mark)) for mark in holes if _waits(mark.rule)),
        types=_types(types),
        type_rules=tuple(types),
        clear=next((rule for rule in rules.of("code") if rule.id == "clear-name"), None),
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


def _straight_formulas(rules: StageRules) -> Iterator[Formula]:
    return (formula for rule in rules.of("complete") for formula in _formulas(rule, straight=True))


def _to_straight(pattern: str) -> str:
    return pattern.replace("“", '"').replace("”", '"')


def _sources(rule: Rule) -> list[str]:
    """A mark rule's patterns: its own and those of its ``more``, each scanned alone so that each can begin with a literal."""
    return [_apart(source.replace("∅", "(?P<hole>)")) for source in (_source(rule), *rule.params.get("more", ()))]


def _source(rule: Rule) -> str:
    return _apart(rule.pattern if rule.pattern is not None else alternation(rule.literals))


def _apart(source: str) -> str:
    """The pattern with the noncharacter between speeches kept out of its negated classes."""
    return _NEGATED.sub(rf"[^{BREAK}", source)


_NEGATED = regex.compile(rf"(?<!\\)\[\^(?!{BREAK})")


def _signs(rules: list[Rule], character: str) -> Signs:
    """The rules that may match at a mask character: their needs, where these are single signs, name the characters."""
    own = [rule for rule in reversed(rules) if character in rule.needs or not rule.needs or not set(rule.needs) <= _SIGNS]
    sources = (f"(?:{_source(rule)})(?P<r{number}>)" for number, rule in enumerate(own))
    return Signs(_joined("|".join(sources) or r"(?!)", [Mark(rule, _source(rule)) for rule in own]), tuple(own))


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


def _formulas(rule: Rule, *, straight: bool) -> Iterator[Formula]:
    """One for each formula: the whole formula without its lost words, with the hole where they were."""
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
        edge = "" if before and after else lost[0] if before else lost[-1]
        yield Formula(Mark(rule, before + after, lost), before + after, len(before), edge)


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


def _holes(formulas: list[Formula], marks: list[Mark]) -> Holes:
    """Formulas of which no two have the same words left, and one scan for all marks that begin with the same character."""
    whole = tuple({formula.literal: formula for formula in reversed(formulas)}.values())[::-1]
    groups: dict[str, list[Mark]] = {}
    for number, mark in enumerate(marks):
        literal = _prefix(mark.source)
        alone = len(literal) != 1 or not mark.source.startswith(literal)
        groups.setdefault(f"{literal}{number}" if alone else literal, []).append(mark)
    scans = []
    for members in groups.values():
        sources = [mark.source.replace("(?P<hole>)", f"(?P<h{number}>)") for number, mark in enumerate(members)]
        literal = _prefix(members[0].source)
        source = sources[0] if len(sources) == 1 else f"{literal}(?:{'|'.join(each[1:] for each in sources)})"
        scans.append(Scan(source, tuple(members), literal))
    literals = [formula.literal for formula in whole]
    rare = []
    for scan in scans:
        if len(scan.literal) >= LONG and scan.literal not in literals:
            rare.append(scan)
            literals.append(scan.literal)
    return Holes(whole, tuple(scan for scan in scans if scan not in rare), tuple(rare), Anchors(literals))


def _prefix(source: str) -> str:
    """The plain characters that every match of a pattern begins with, a hole between them left out.

    >>> [_prefix(source) for source in ("人大(?P<hole>)会(?!议)", "年度?", "年|月", "[年]月", "月(?=日)")]
    ['人大会', '年', '', '', '月']
    """
    source = source.replace("(?P<hole>)", "")
    if not _literal_first(source):
        return ""
    literal = _PLAIN.match(source)
    return literal[0] if literal else ""


def _literal_first(source: str) -> bool:
    """Whether a pattern begins with a plain character that every match begins with.

    >>> [_literal_first(source) for source in ("年(?=a|b)", "年|月", "年?月", "(?:年)", "[年]月", "年[|]月")]
    [True, False, False, False, False, True]
    """
    if source[0] in _META or source[1:2] in tuple("?*+{"):
        return False
    return "|" not in _INNER.sub("", _INNERMOST.sub("", source))


_PLAIN = regex.compile(r"(?:[\p{Han}“”、《》%％\"](?![?*+{]))+")
_META = frozenset("\\[](){}.*+?^$|")
_INNERMOST = regex.compile(r"\\.|\[(?:\\.|[^\]\\])*\]")
_INNER = regex.compile(r"\((?:[^()]|(?R))*\)")


def _types(rules: list[Rule]) -> regex.Pattern[str]:
    """All type rules as one pattern to be matched at a mask; the first that fits has its number as last group."""
    alternatives, marks = [], []
    for number, rule in enumerate(rules):
        source = _source(rule)
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
