"""Documentation made from the rules: one rule for a terminal, or all of them as a page in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from pipeline.rulebook import Rule, Rulebook, StageRules, alternation

HEAD = """# The rules

This page is made from `rules/*.toml` by `make docs`. A rule's examples and its counter-examples are its tests too
(`jinggao rules test`). Add your own rules, or change these, in a folder of your own: `jinggao run … --rules DIR`.
"""


def list_rules(rules: Iterable[Rule]) -> Iterator[str]:
    """One line a rule: name, action, safety and what it does, with tabs between.

    >>> from pipeline.rulebook import default_rulebook
    >>> next(list_rules(default_rulebook()["script"])).split("\\t")[:3]
    ['script/traditional', 'replace', 'safe']
    """
    for rule in rules:
        yield f"{rule.name}\t{rule.action}\t{rule.safety}\t{rule.what}"


def written_pattern(rule: Rule, sets: StageRules) -> str:
    """A rule's pattern as its file has it, a set's words as ``{{name}}`` again; its literals joined by | where it has those.

    >>> stage = StageRules("links", sets={"numeral": ("一", "十二")})
    >>> written_pattern(Rule("x", "links", "", "", "drop", pattern="第(?:十二|一)篇"), stage)
    '第{{numeral}}篇'
    """
    pattern = rule.pattern if rule.pattern is not None else " | ".join(rule.literals)
    for name, words in sorted(sets.sets.items(), key=lambda one: -len(alternation(one[1]))):
        pattern = pattern.replace(alternation(words), "{{" + name + "}}")
    return pattern


def show_rule(rule: Rule, book: Rulebook) -> str:
    """All that is known of one rule, for a terminal; no line end after the last line."""
    lines = [rule.name, f"what: {rule.what}", f"why: {rule.why}", f"file: {rule.file}"]
    facts = {"group": rule.group, "action": rule.action, "where": rule.where, "safety": rule.safety, **rule.params}
    lines += [f"{key}: {_plain(value)}" for key, value in facts.items() if value != ""]
    lines.append(f"{'pattern' if rule.pattern is not None else 'literals'}: {written_pattern(rule, book[rule.stage])}")
    if rule.needs and rule.needs != rule.literals:
        lines.append(f"needs: {' | '.join(rule.needs)}")
    lines += [f"example: {_one_line(one.before)} → {_one_line(one.after)}" for one in rule.examples]
    lines += [f"keeps: {_one_line(text)}" for text in rule.keeps]
    return "\n".join(lines)


def rules_page(book: Rulebook) -> str:
    """The documentation page of all rules, in Markdown."""
    parts = [HEAD, "| stage | rules |\n| --- | --- |\n" + "".join(_row(stage) for stage in book.stages.values() if stage.rules)]
    for stage in book.stages.values():
        if stage.rules:
            parts.append(f"## {stage.stage}\n")
            parts += _groups(stage)
    return "\n".join(parts)


def _row(stage: StageRules) -> str:
    return f"| [{stage.stage}](#{stage.stage}) | {len(stage.rules)} |\n"


def _groups(stage: StageRules) -> Iterator[str]:
    groups = dict.fromkeys(rule.group for rule in stage)
    order = {name: number for number, name in enumerate(groups)}
    for _, rules in groupby(sorted(stage, key=lambda rule: order[rule.group]), key=lambda rule: rule.group):
        yield from (_section(rule, stage) for rule in rules)


def _section(rule: Rule, stage: StageRules) -> str:
    facts = [f"{key} `{_plain(value)}`" for key, value in {"action": rule.action, **rule.params}.items() if _plain(value)]
    facts += [f"{key} `{value}`" for key, value in (("where", rule.where), ("group", rule.group)) if value]
    lines = [
        f"### {rule.name}\n",
        f"{_text(rule.what)}\n",
        f"**Why.** {_text(rule.why)}\n",
        f"{', '.join(facts)}; {_safety(rule)}.\n",
    ]
    lines.append(_code(written_pattern(rule, stage)))
    if rule.examples:
        rows = "".join(f"| {_cell(one.before)} | {_cell(one.after)} |\n" for one in rule.examples)
        lines.append(f"| before | after |\n| --- | --- |\n{rows}")
    if rule.keeps:
        lines.append("It leaves alone:\n\n" + "".join(f"- {_cell(text)}\n" for text in rule.keeps))
    return "\n".join(lines)


def _safety(rule: Rule) -> str:
    return "safe" if rule.safety == "safe" else "unsafe: it only flags unless it is asked to do more"


def _code(pattern: str) -> str:
    return "".join(f"    {line}\n" for line in pattern.split("\n"))


def _cell(text: str) -> str:
    """Any text inside a table's cell or a list's item, as code."""
    shown = _one_line(text).replace("|", "\\|")
    ticks = "``" if "`" in shown else "`"
    pad = " " if ticks == "``" else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def _text(text: str) -> str:
    """Running text in which Markdown must see no tags and no emphasis of ours."""
    text = text.replace("&", "&amp;")
    for sign in ("\\", "*", "_", "<", "[", "`"):
        text = text.replace(sign, "\\" + sign)
    return text


def _one_line(text: str) -> str:
    return text.replace("\n", "⏎")


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " | ".join(map(_plain, value))
    return _one_line(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
