"""Compiles the stage's rules, once for each rulebook.

Signs that the rules' patterns use, besides ``{{set}}``:

- in a ``type`` rule ``▣`` is the mask whose type is told, and ``▢`` any other mask in its context; ``▤`` is only a year-shaped
  mask (20xx, xxxx), ``▧`` one with a kept century (20xx), ``▥`` one with a colon (8:xx), ``▦`` a long number (138****5678),
  ``▨`` one with Chinese tens (四十×);
- in a ``mark`` rule for elisions ``∅`` is the hole; in one for masks or corruptions the groups ``span``, or ``left`` and
  ``right``, say where the token begins and ends if it is not the whole match;
- a ``mark`` rule's further patterns stand in ``more``: a pattern that begins with a literal and looks back from there is
  scanned ten times as fast as one that begins with a choice;
- a ``complete`` rule's literals are formulas with the words that get lost in brackets: ``“三个[代表]”重要思想``; their marks
  stand for the ASCII ones too;
- a ``protect`` rule with ``where = "sign"`` begins with a mask character and is tried only where a mask stands.

Many speeches are searched as one text, with a line `BETWEEN` around each; no class of a pattern holds its noncharacter, so that
no pattern reaches from one speech into the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from pipeline.errors import RulesError
from pipeline.patterns import compiled
from pipeline.rulebook import Rule, StageRules, alternation
from pipeline.stages.placeholders.openings import alternatives
from pipeline.stages.placeholders.searches import Choice, Formula, Mark, Searches, compile_mark

ANY_MASK = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd7"
"""Noncharacters for masks in the view that type rules see: any, kept century, with a colon, long number, four alike, tens."""
BREAK = "\ufdd6"
BETWEEN = f"\n{BREAK}\n"
"""What stands before, between and behind the speeches of a page where they are searched together."""
_OWN = {"▣": f"[{ANY_MASK}]", "▤": "[\ufdd1\ufdd4]", "▥": "\ufdd2", "▦": "\ufdd3", "▧": "\ufdd1", "▨": "\ufdd7"}
_FORMULA = compiled(r"(?P<before>[^\[\]]*)\[(?P<lost>[^\[\]]+)\](?P<after>[^\[\]]*)")


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything compiled.

    plain: what makes sure behind x and × that no look-alike stands there. signs: look-alikes that begin with a mask character;
    protect: those that begin elsewhere. searches: special masks and corruptions, then holes. straight_holes: for texts with
    straight quotes (``"``). late_holes: rules that act only after others have found something, each with what a speech must
    have. dating: for each word that the searches look for, its entry of ``settings.dating``. clear: what the clear form of a
    masked name may be.
    """

    masks: str
    plain: frozenset[str]
    signs: Choice
    protect: tuple[tuple[Rule, regex.Pattern[str]], ...]
    searches: Searches
    straight_holes: Searches
    late_holes: tuple[tuple[Mark, regex.Pattern[str], str], ...]
    dating: tuple[int, ...]
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
    straight = list(_straight(rules))
    dating = list(_dating(rules))
    formulas = [formula for rule in rules.of("complete") for formula in _formulas(rule, straight=False)]
    signs = [rule for rule in rules.of("protect") if rule.where == "sign"]
    types = [rule for rule in rules.of("type") if rule.where != "host"]
    return Plan(
        masks="".join(families),
        plain=frozenset("".join(rules.sets.get("plain-units", ()))),
        signs=Choice(Mark(rule, _source(rule)) for rule in reversed(signs)),
        protect=tuple((rule, compile_mark(Mark(rule, _source(rule)))) for rule in rules.of("protect") if rule.where != "sign"),
        searches=Searches(
            _different(formulas),
            sorted([mark for mark in marks if not _waits(mark.rule)], key=is_hole),
            (word for _, word in dating),
        ),
        straight_holes=Searches(_different(_straight_formulas(rules)), (mark for mark in straight if not _waits(mark.rule))),
        late_holes=tuple(
            (mark, compile_mark(mark), sign)
            for sign, some in (("", marks), ('"', straight))
            for mark in some
            if _waits(mark.rule)
        ),
        dating=tuple(entry for entry, _ in dating),
        types=Choice((mark for rule in types for mark in _types(rule)), split=False),
        clear=next((rule for rule in rules.of("code") if rule.id == "clear-name"), None),
        host=next((rule for rule in rules.of("type") if rule.where == "host"), None),
        families={character: rule for characters, rule in families.items() for character in characters},
        settings=dict(rules.settings),
    )


def _dating(rules: StageRules) -> Iterator[tuple[int, str]]:
    """Each word by which a speech is dated, with the number of its entry."""
    for number, entry in enumerate(rules.settings.get("dating", ())):
        for word in entry["words"]:
            if len(word) < 3:
                raise RulesError(f"{rules.stage}: settings.dating: {word!r} is too short; let it have three characters or more")
            yield number, word


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


_NEGATED = compiled(rf"(?<!\\)\[\^(?!{BREAK})")


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
    """A rule's formulas, also with ASCII marks for their full-width ones."""
    for formula in _listed(rule):
        yield formula
        if (narrow := formula.translate(_TO_ASCII)) != formula:
            yield narrow


_TO_ASCII = str.maketrans("，；：！？", ",;:!?")


def _listed(rule: Rule) -> Iterator[str]:
    """The formulas as listed; with ``data.drop = 1`` each inner character of one in turn is the one that gets lost."""
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


def is_hole(mark: Mark) -> bool:
    """Whether a mark finds places where something was deleted."""
    return bool(mark.rule.params["kind"] == "elision")


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
