"""Rules tested by what they say of themselves: every example comes out as written, and no rule acts on its ``keeps``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from pipeline.filters import stage_module
from pipeline.rulebook import Rule, Rulebook, load_rulebook, rules_folder
from pipeline.stages import ORDER


class Demonstrate(Protocol):
    """What a stage module offers for its rules' tests: the result, and the full names of the rules that acted."""

    def __call__(self, text: str, rules: Rulebook, /) -> tuple[str, set[str]]:
        """(the stage's result, full names of the rules that acted)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that does not do what it says of itself.

    rule: full name. file: where it stands. text: the example or the kept text. problem: what came out instead.
    """

    rule: str
    file: str
    text: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: rule {self.rule!r}: {self.text!r}: {self.problem}"


def rule_faults(rule: Rule, book: Rulebook) -> Iterator[Fault]:
    """The faults of one rule, within all the rules of ``book``; none where it does what it says.

    >>> from pipeline.rulebook import default_rulebook
    >>> book = default_rulebook()
    >>> list(rule_faults(book.find("repair/invisible"), book))
    []
    """
    demonstrate = _demonstration(rule.stage)
    for example in rule.examples:
        after, acted = demonstrate(example.before, book)
        if after != example.after:
            others = f" (acted: {', '.join(sorted(acted)) or 'no rule'})"
            yield Fault(rule.name, rule.file, example.before, f"becomes {after!r}, the example says {example.after!r}{others}")
        elif rule.name not in acted:
            yield Fault(
                rule.name, rule.file, example.before, f"comes out right, but by {', '.join(sorted(acted)) or 'no rule'}"
            )
    for text in rule.keeps:
        after, acted = demonstrate(text, book)
        if rule.name in acted:
            yield Fault(rule.name, rule.file, text, f"must not act here, but does: {after!r}")


def find_faults(book: Rulebook, rules: Iterable[Rule] | None = None) -> list[Fault]:
    """The faults of some rules, or of all, in the order of the rules."""
    return [fault for rule in (book if rules is None else rules) for fault in rule_faults(rule, book)]


def load_for_test(files: Sequence[str | Path] = (), folders: Sequence[str | Path] = ()) -> tuple[Rulebook, list[Rule]]:
    """A rulebook with some rule files laid over it, and the rules to test: those of ``files``, or all where there are none.

    Raises RulesError where a rule file cannot be used.
    """
    own = {path.resolve() for path in rules_folder().glob("*.toml")}
    book = load_rulebook(*folders, *(file for file in files if Path(file).resolve() not in own))
    book.compile()
    wanted = {Path(file).resolve() for file in files}
    return book, [rule for rule in book if not files or Path(rule.file).resolve() in wanted]


@cache
def _demonstration(stage: str) -> Demonstrate:
    if stage not in ORDER:
        raise ValueError(f"the stage {stage!r} has settings and no rules that could be tested")
    return cast("Demonstrate", stage_module(stage).demonstrate)
