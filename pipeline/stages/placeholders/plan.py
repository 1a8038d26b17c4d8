"""Compiles the stage's rules, once for each rulebook.

Signs that the rules' patterns use, besides ``{{set}}``:

- in a ``type`` rule ``▣`` is the mask whose type is told, and ``▢`` any other mask in its context; ``▤`` is only a year-shaped
  mask (20xx, xxxx), ``▧`` one with a kept century (20xx), ``▥`` one with a colon (8:xx), ``▦`` a long number (138****5678),
  ``▨`` one with Chinese tens (四十×);
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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import regex

from pipeline.errors import RulesError
from pipeline.patterns import compiled
from pipeline.rulebook import Rule, StageRules, alternation
from pipeline.stages.placeholders.anchors import Anchors
from pipeline.stages.placeholders.openings import Neighbours, alternatives, can_begin, can_follow, firsts, fits, literal_of

ANY_MASK = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd7"
"""Noncharacters for masks in the view that type rules see: any, kept century, with a colon, long number, four alike, tens."""
BREAK = "\ufdd6"
BETWEEN = f"\n{BREAK}\n"
"""What stands before, between and behind the speeches of a page where they are searched together."""
_OWN = {"▣": f"[{ANY_MASK}]", "▤": "[\ufdd1\ufdd4]", "▥": "\ufdd2", "▦": "\ufdd3", "▧": "\ufdd1", "▨": "\ufdd7"}
_FORMULA = regex.compile(r"(?P<before>[^\[\]]*)\[(?P<lost>[^\[\]]+)\](?P<after>[^\[\]]*)")


@dataclass(frozen=True, slots=True)
class Mark:
    """One pattern of a rule. gives: for a formula, what it has lost; else None."""

    rule: Rule
    source: str
    gives: str | None = None


_MOST = 10_000
"""Neighbourhoods that a scan remembers."""


class Scan:
    """A mark's pattern, compiled at first use, and where it can match if it begins with a longer literal."""

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self._size = len(literal_of(mark.source))
        self._known: dict[str, bool] = {}

    def hopes(self, text: str, place: int) -> bool:
        """Whether the pattern may match at a place, as far as its literal and the characters beside it tell."""
        if self._size < 2 or not place:
            return True
        around = text[place - 1 : place + self._size + 1]
        known = self._known.get(around)
        if known is None:
            if len(self._known) > _MOST:
                self._known.clear()
            known = self._known[around] = fits(self.mark.source, around[0], around[1:])
        return known

    @cached_property
    def pattern(self) -> regex.Pattern[str]:
        """The compiled pattern. Raises RulesError naming the rule where it is none."""
        return _regex(self.mark)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula with a hole. edge: what the formula's own words would be where the hole is at its start or end."""

    mark: Mark
    literal: str
    hole: int
    edge: str = ""

    @property
    def anchor(self) -> int:
        """The place in the literal of the three characters at the hole: one before it and two behind, as far as there are."""
        return max(0, min(self.hole - 1, len(self.literal) - 3))

    def holds(self, text: str, start: int) -> bool:
        """Whether the formula that stands at ``start`` has its hole, and is not whole."""
        if self.hole == 0:
            return not text.endswith(self.edge, 0, start)
        return not (self.edge and text.startswith(self.edge, start + self.hole))


Hit = tuple[Mark, regex.Match[str]]
Found = tuple[list[tuple[Formula, int]], Iterator[Hit]]


class Searches:
    """Formulas and marks that are sought together, each tried only where the characters of the text let it hope.

    A formula is known by three characters at its hole, since these stand side by side nowhere else; a mark by those that its
    pattern can begin with and look back to.
    """

    def __init__(self, formulas: Sequence[Formula], marks: Iterable[Mark]) -> None:
        self._formulas = tuple(formulas)
        self._anchors = Anchors([(formula.literal, formula.anchor) for formula in self._formulas])
        self.marks = tuple(part for mark in marks for part in _parts(mark))
        self._scans = tuple(map(Scan, self.marks))
        beginnings = [firsts(scan.mark.source) for scan in self._scans]
        self._everywhere = tuple(number for number, signs in enumerate(beginnings) if signs is None)
        self._begin: dict[str, list[int]] = {}
        for number, signs in enumerate(beginnings):
            for sign in signs or ():
                self._begin.setdefault(sign, []).append(number)
        self._neighbours = Neighbours(self._begin, self._begins, self._follows)

    def _begins(self, start: str) -> tuple[int, ...]:
        """The marks that can begin with a pair, or with a character alone."""
        return tuple(n for n in self._begin.get(start[0], ()) if can_begin(self._scans[n].mark.source, start))

    def _follows(self, pair: str) -> tuple[int, ...]:
        """The marks that can begin with the second of two characters behind the first, or with a character alone."""
        begun = self._begin.get(pair[-1], ())
        if len(pair) == 1:
            return tuple(begun)
        return tuple(n for n in begun if can_follow(self._scans[n].mark.source, pair[0], pair[1]))

    def of(self, text: str, low: int = 0, high: int | None = None) -> Found:
        """The formulas in text[low:high] with their starts and the marks with their matches, both in the order of the rules."""
        part = text[low:high]
        hits = sorted((number, low + start) for number, start in self._anchors.places(part))
        formulas = [(self._formulas[number], start) for number, start in hits if self._formulas[number].holds(text, start)]
        places: dict[int, list[int]] = {number: [] for number in self._everywhere}
        for place, numbers in self._neighbours.places(part):
            for number in numbers:
                places.setdefault(number, []).append(low + place)
        return formulas, self._match(text, places, low, high)

    def _match(self, text: str, places: Mapping[int, list[int]], low: int, high: int | None) -> Iterator[Hit]:
        for number in sorted(places):
            scan, done = self._scans[number], 0
            if not places[number]:
                if scan.mark.rule.params.get("more") or scan.mark.rule.might_match(text):
                    yield from ((scan.mark, match) for match in scan.pattern.finditer(text, low, high))
                continue
            for place in places[number]:
                match = scan.pattern.match(text, place) if place >= done and scan.hopes(text, place) else None
                if match is not None:
                    done = match.end()
                    yield scan.mark, match


_FEW = 2


class Choice:
    """Rules of which the first that matches at a place is wanted; only those are tried that the characters there let hope.

    Of a pattern that lets choose, only what may match is tried, or the whole where that is more than `_FEW`.
    """

    def __init__(self, marks: Iterable[Mark]) -> None:
        self._wholes = tuple((Scan(mark), tuple(map(Scan, _parts(mark)))) for mark in marks)
        self._scans = tuple(part for _, parts in self._wholes for part in parts)
        self._begin: dict[str, frozenset[Scan]] = {}
        self._follow: dict[str, frozenset[Scan]] = {}
        self._able: dict[tuple[frozenset[Scan], frozenset[Scan]], tuple[Scan, ...]] = {}

    def asleep(self, text: str) -> frozenset[str]:
        """The ids of the rules that need a word which the text does not hold."""
        rules = {whole.mark.rule.id: whole.mark.rule for whole, _ in self._wholes if whole.mark.rule.needs}
        return frozenset(name for name, rule in rules.items() if not rule.might_match(text))

    def match(self, text: str, place: int, asleep: AbstractSet[str] = frozenset()) -> tuple[Rule, regex.Match[str]] | None:
        """The first rule that matches at a place, and its match. asleep: ids of rules that are not to be tried."""
        begin = self._begins(text[place : place + 2])
        follow = self._follows(text[max(place - 1, 0) : place + 1])
        able = self._able.get((begin, follow))
        if able is None:
            able = self._able[begin, follow] = tuple(self._hopeful(begin & follow))
        for scan in able:
            match = scan.pattern.match(text, place) if scan.mark.rule.id not in asleep else None
            if match is not None:
                return scan.mark.rule, match
        return None

    def _hopeful(self, able: frozenset[Scan]) -> Iterator[Scan]:
        for whole, parts in self._wholes:
            some = [part for part in parts if part in able]
            yield from some if len(some) <= _FEW else (whole,)

    def _begins(self, pair: str) -> frozenset[Scan]:
        if pair not in self._begin:
            self._begin[pair] = frozenset(scan for scan in self._scans if can_begin(scan.mark.source, pair))
        return self._begin[pair]

    def _follows(self, pair: str) -> frozenset[Scan]:
        if pair not in self._follow:
            first = pair[-1]
            self._follow[pair] = frozenset(
                scan for scan in self._scans if len(pair) == 1 or can_follow(scan.mark.source, pair[0], first)
            )
        return self._follow[pair]


def _parts(mark: Mark) -> list[Mark]:
    """A mark as one mark for each pattern that its own lets choose from."""
    return [replace(mark, source=source) for source in alternatives(mark.source)]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything compiled.

    plain: what makes sure behind x and × that no look-alike stands there. signs: look-alikes that begin with a mask character;
    protect: those that begin elsewhere. straight_holes: for texts with straight quotes (``"``). late_holes: rules that act only
    after others have found something. clear: what the clear form of a masked name may be.
    """

    masks: str
    plain: frozenset[str]
    signs: Choice
    protect: tuple[tuple[Rule, regex.Pattern[str]], ...]
    marks: Searches
    holes: Searches
    straight_holes: Searches
    late_holes: tuple[tuple[Mark, regex.Pattern[str]], ...]
    types: Choice
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
        signs=Choice(Mark(rule, _source(rule)) for rule in reversed(signs)),
        protect=tuple((rule, _regex(Mark(rule, _source(rule)))) for rule in rules.of("protect") if rule.where != "sign"),
        marks=Searches((), [mark for mark in marks if mark.rule.params["kind"] != "elision"]),
        holes=Searches(_different(formulas), [mark for mark in holes if not _waits(mark.rule)]),
        straight_holes=Searches(_different(_straight_formulas(rules)), _straight(rules)),
        late_holes=tuple((mark, _regex(mark)) for mark in holes if _waits(mark.rule)),
        types=Choice(mark for rule in types for mark in _types(rule)),
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


def _regex(mark: Mark) -> regex.Pattern[str]:
    try:
        return compiled(mark.source, regex.MULTILINE)
    except regex.error as error:
        problem = f"its pattern does not compile: {error}; mend the pattern"
        raise RulesError(f"{mark.rule.file}: rule {mark.rule.id!r}: {problem}") from None


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
        if len(before + after) < 3:
            raise RulesError(f"{rule.file}: rule {rule.id!r}: {formula!r} leaves too few words; let three characters stay")
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


def _different(formulas: Iterable[Formula]) -> list[Formula]:
    """Formulas of which no two have the same words left: the first of each."""
    return list({formula.literal: formula for formula in reversed(list(formulas))}.values())[::-1]


def _types(rule: Rule) -> Iterator[Mark]:
    """A type rule's choices as patterns to be matched at a mask in the view that has one sign for each."""
    for source in alternatives(_source(rule)):
        own = next((sign for sign in source if sign in _OWN), None)
        if own is None or source.count(own) > 1:
            mend = "put ▣ once into each choice, where the mask stands"
            raise RulesError(f"{rule.file}: rule {rule.id!r}: its pattern has no ▣, or several: {source}; {mend}")
        before, after = (part.replace("▢", f"[{ANY_MASK}]") for part in source.split(own))
        ahead = f"(?={after})" if after else ""
        behind = f"(?<=(?:{before}){_OWN[own]})" if before else ""
        yield Mark(rule, f"{_OWN[own]}{ahead}{behind}")
