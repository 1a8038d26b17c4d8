"""Which rules act, in which order, and the indexes that they share: built once for a stage's rules and a profile."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from pipeline.errors import RulesError
from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation import english, pairs, quotes, words
from pipeline.stages.punctuation.draft import Draft

PROFILE = "standard"

COMMON = frozenset("，。、“”\n0123456789" + string.ascii_letters)
"""Characters that nearly every text has, besides hanzi: that a rule begins with one says nothing."""

MARKS = frozenset(COMMON - set(string.digits + string.ascii_letters))
"""The marks among them."""

ODD = r"(?![㐀-鿿“”\n])"
"""What a place's source has behind its lead where that stands before no hanzi, no quotation mark and no line's end."""

CODE: Mapping[str, Callable[[Draft, Rule, StageRules, Sequence[int]], None]] = {
    "english-clause": english.clauses,
    "injected-in-word": words.injected,
    "brackets": pairs.brackets,
    "title-marks": pairs.title_marks,
    "quotes": quotes.quotes,
}
"""What no pattern can say: rules with action "code", by id."""


@dataclass(frozen=True)
class Place:
    """A pattern for places where a rule may match.

    source: its source. lead: the character it begins with, "" if that is not one character. rare: that is neither a hanzi nor
    common. plain: it is that character and no more. bare: it is a class of characters that are neither hanzi nor common, and
    no more. odd: its source says by `ODD` behind the lead that no character of plain text stands there.
    """

    pattern: re.Pattern[str] | regex.Pattern[str]
    source: str
    lead: str
    rare: bool
    plain: bool
    bare: bool
    odd: bool


@dataclass(frozen=True)
class Step:
    """A rule with all that its application needs at hand.

    gate: the rule is tried only in a text in which this matches. at: where its pattern is tried; anywhere if empty.
    literal: its pattern is one plain character. everywhere: it acts in lines without hanzi too. leads: a text without any of
    these characters has no place for it; None where that cannot be said.
    """

    rule: Rule
    gate: re.Pattern[str] | None
    at: tuple[Place, ...]
    literal: bool
    everywhere: bool
    leads: frozenset[str] | None


@dataclass(frozen=True)
class Plan:
    """The steps of a profile, in their right of way. calm: names of the rules whose lines need no second look."""

    steps: tuple[Step, ...]
    rules: StageRules
    calm: frozenset[str]


def plan(rules: StageRules, profile: str = PROFILE) -> Plan:
    """The plan of a profile, built at its first use. Raises RulesError where there is no such profile."""
    key = f"plan {profile}"
    if key not in rules.derived:
        steps = tuple(_step(rule) for rule in rules if _acts(rule, _profile(rules, profile)))
        rules.derived[key] = Plan(steps, rules, _calm(rules))
    built: Plan = rules.derived[key]
    return built


def _calm(rules: StageRules) -> frozenset[str]:
    """Names of the calm rules: none where rules of a user stand among ours, since those may want to see what ours write."""
    if len({rule.file for rule in rules}) > 1:
        return frozenset()
    return frozenset(rule.name for rule in rules if rule.params.get("calm"))


def _profile(rules: StageRules, name: str) -> Mapping[str, Any]:
    profiles: Mapping[str, Mapping[str, Any]] = rules.settings.get("profiles", {PROFILE: {}})
    if name not in profiles:
        raise RulesError(f"no punctuation profile {name!r}: use one of {', '.join(profiles)}")
    return profiles[name]


def _acts(rule: Rule, profile: Mapping[str, Any]) -> bool:
    if rule.safety == "unsafe" and not profile.get("unsafe"):
        return False
    if rule.action == "code" and rule.id not in CODE:
        raise RulesError(f'{rule.file}: rule {rule.id!r}: action "code" is only for {", ".join(CODE)}; use replace or map')
    return rule.group not in profile.get("without", ()) and rule.group in profile.get("groups", (rule.group,))


def _step(rule: Rule) -> Step:
    literal = rule.action == "replace" and rule.pattern is not None and len(rule.pattern) == 1
    sources = rule.params.get("at", (rule.pattern,) if literal else ())
    at = tuple(_place(source) for source in sources)
    leads = frozenset(place.lead for place in at) if at and rule.gate is None and all(place.rare for place in at) else None
    return Step(rule, rule.gate, at, literal, rule.params.get("scope") == "all", leads)


def _place(source: str) -> Place:
    """A place; regex finds a range of characters ten times faster than re, which finds a plain character faster."""
    lead = _lead(source)
    rare = lead != "" and lead not in COMMON and not "㐀" <= lead <= "鿿"
    bare = bool(re.fullmatch(r"\[[^\]㐀-鿿，。、“”\n^0-9A-Za-z]*\]", source))
    pattern = (regex if source.startswith("[") else re).compile(source)
    odd = lead != "" and source.removeprefix("\\").startswith((lead + ODD, "n" + ODD))
    return Place(pattern, source, lead, rare, source in (lead, "\\" + lead), bare, odd)


def _lead(source: str) -> str:
    """The character that a pattern begins with.

    >>> _lead("。(?=[0-9])"), _lead(r"\\.x"), _lead("[ab]")
    ('。', '.', '')
    """
    if source.startswith("\\"):
        return "\n" if source[1] == "n" else source[1]
    return "" if source[0] in "[(^" else source[0]
