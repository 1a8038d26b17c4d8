"""Which rules act, in which order, and the indexes that they share: built once for a stage's rules and a profile."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import regex

from pipeline.errors import RulesError
from pipeline.patterns import compiled
from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation import english, names, pairs, quotes, words
from pipeline.stages.punctuation.draft import SCOPES, Draft

PROFILE = "standard"

COMMON = frozenset("，。、“”\n0123456789" + string.ascii_letters)
"""Characters that nearly every text has, besides hanzi: that a rule begins with one says nothing."""

MARKS = frozenset(COMMON - set(string.digits + string.ascii_letters))
"""The marks among them."""

ODD = r"(?![㐀-鿿“”\n])"
"""What a place's source has behind its lead where that stands before no hanzi, no quotation mark and no line's end."""

CODE: Mapping[str, Callable[[Draft, Rule, StageRules, Sequence[int]], None]] = {
    "english-clause": english.clauses,
    "foreign-name": names.foreign,
    "injected-behind": words.behind,
    "injected-in-word": words.injected,
    "brackets": pairs.brackets,
    "title-marks": pairs.title_marks,
    "quotes": quotes.quotes,
}
"""What no pattern can say: rules with action "code", by id."""


@dataclass(frozen=True)
class Place:
    """A pattern for places where a rule may match.

    source: its source. leads: the characters it begins with, none if that cannot be said. rare: none of them is a hanzi or
    common. plain: it is one of them and no more, but for `ODD`. bare: it is a class with ranges of characters that are neither
    hanzi nor common, and no more. odd: its source says by `ODD` behind the lead that no character of plain text stands there.
    """

    source: str
    leads: tuple[str, ...]
    rare: bool
    plain: bool
    bare: bool
    odd: bool

    @cached_property
    def pattern(self) -> re.Pattern[str] | regex.Pattern[str]:
        """The compiled source; regex finds a range of characters ten times faster than re, which finds a plain one faster.

        `ODD` is left out, since such a place is tried only where it is known to hold, and takes long to compile.
        """
        if self.rare or self.odd or not self.source.startswith("["):
            return re.compile(self.source.replace(ODD, "", 1) if self.odd else self.source)
        return compiled(self.source)


@dataclass(frozen=True)
class Step:
    """A rule with all that its application needs at hand.

    gate: the rule is tried only in a text in which this matches. at: where its pattern is tried; anywhere if empty.
    literal: its pattern is one plain character. barred: marks of places that it must leave (``draft.SCOPES``). leads: a text
    without any of these characters has no place for it; None where that cannot be said.
    """

    rule: Rule
    gate: re.Pattern[str] | None
    at: tuple[Place, ...]
    literal: bool
    barred: int
    leads: frozenset[str] | None


@dataclass(frozen=True)
class Plan:
    """The steps of a profile, in their right of way.

    calm: names of the rules whose lines need no second look. opening: the rules that act before all others, in a pass of their
    own, and those of the group "code", which keep places from them.
    """

    steps: tuple[Step, ...]
    rules: StageRules
    calm: frozenset[str]
    opening: tuple[Step, ...]


def plan(rules: StageRules, profile: str = PROFILE) -> Plan:
    """The plan of a profile, built at its first use. Raises RulesError where there is no such profile."""
    key = f"plan {profile}"
    if key not in rules.derived:
        steps = tuple(_step(rule) for rule in rules if _acts(rule, _profile(rules, profile)))
        opening = tuple(step for step in steps if step.rule.params.get("first") or step.rule.group == "code")
        rules.derived[key] = Plan(steps, rules, _calm(rules), opening)
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
    known = bool(at) and rule.gate is None and all(place.rare for place in at)
    leads = frozenset(lead for place in at for lead in place.leads) if known else None
    scope = rule.params.get("scope", "")
    if scope not in SCOPES:
        raise RulesError(
            f"{rule.file}: rule {rule.id!r}: no scope {scope!r}; use {' or '.join(filter(None, SCOPES))}, or leave it out"
        )
    return Step(rule, rule.gate, at, literal, SCOPES[scope], leads)


def _place(source: str) -> Place:
    leads, rest = _leads(source)
    rare = bool(leads) and not any(lead in COMMON or "㐀" <= lead <= "鿿" for lead in leads)
    bare = not leads and bool(re.fullmatch(r"\[[^\]㐀-鿿，。、“”\n^0-9A-Za-z]*\]", source))
    odd = bool(leads) and rest.startswith(ODD)
    return Place(source, leads, rare, rest in ("", ODD), bare, odd)


def _leads(source: str) -> tuple[tuple[str, ...], str]:
    """The characters that a pattern begins with, and what stands behind them in it.

    >>> _leads("。(?=[0-9])"), _leads(r"\\.x"), _leads("[ab]c")
    ((('。',), '(?=[0-9])'), (('.',), 'x'), (('a', 'b'), 'c'))
    >>> _leads("[0-9]"), _leads("(ab)")
    (((), '[0-9]'), ((), '(ab)'))
    """
    found = _CLASS.match(source)
    if found is not None:
        return tuple(_unescaped(char) for char in _CHAR.findall(found[1])), source[found.end() :]
    if source[0] in "[(^":
        return (), source
    lead = _CHAR.match(source)
    assert lead is not None, "a pattern is not empty"
    return (_unescaped(lead[0]),), source[lead.end() :]


_CHAR = re.compile(r"\\?.", re.DOTALL)
_CLASS = re.compile(r"\[((?:\\[^wdsWDSbB]|[^\]\\^-])+)\]")
"""A class that names each of its characters."""


def _unescaped(char: str) -> str:
    return "\n" if char == r"\n" else char[-1]
