"""Rules as data: loads, validates and explains ``rules/*.toml``.

One file a stage. A file may have ``[sets]`` (named lists of words, for patterns to refer to as ``{{name}}``), ``[settings]``
(numbers and tables that the stage documents) and any number of ``[[rule]]``:

    [[rule]]
    id = "comma"                       # unique in its file; the full name is "punctuation/comma"
    what = "An ASCII comma between Chinese characters is a Chinese comma."
    why = "GB/T 15834-2011 4.4 …"
    group = "width"                    # optional: rules of one family, switched together
    pattern = '(?<=\\p{Han}),'          # or literals = ["…", "…"]; {{name}} stands for any word of the set
    needs = [","]                      # optional: the pattern can only match where one of these stands; {{name}} as above
    action = "replace"                 # see ACTIONS
    replacement = "，"                 # what the action needs
    safety = "safe"                    # or "unsafe": changes the meaning if it is wrong, so it only flags by default
    examples = [{ before = "好,很好", after = "好，很好" }]
    keeps = ["1,200 元"]               # text in which this rule must not act

Examples and keeps are the rule's tests (``jinggao rules test``) and its documentation at once.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

import regex
from regex import Match, Pattern

from pipeline import cache
from pipeline.errors import RulesError
from pipeline.patterns import compiled, is_anchored

STAGES = (
    "repair", "labels", "boilerplate", "links", "paragraphs", "script", "placeholders", "punctuation", "duplicates", "learn",
)  # fmt: skip
"""Names of the stages that rules may be written for; ``rules/NAME.toml``."""

ACTIONS: dict[str, dict[str, type]] = {
    "replace": {"replacement": str},
    "drop": {},
    "label": {"label": str, "score": float},
    "mark": {"kind": str, "type": str},
    "type": {"type": str},
    "complete": {"type": str},
    "flag": {"flag": str},
    "field": {"field": str},
    "split": {},
    "form": {},
    "cue": {"cue": str},
    "protect": {},
    "map": {"table": dict},
    "narrow": {},
    "code": {},
}
"""What a rule may do, with the keys that each action must have besides the common ones."""

OPTIONAL: dict[str, type] = {
    "more": list,
    "suggestion": str,
    "weight": float,
    "side": str,
    "level": int,
    "score": float,
    "since": int,
    "until": int,
    "data": dict,
    "state": str,
    "times": int,
    "at": list,
    "calm": bool,
    "first": bool,
    "gate": str,
    "scope": str,
}
"""Keys that any rule may have; what they mean is said by the stage that reads them."""

_COMMON: dict[str, type] = {
    "id": str, "what": str, "why": str, "group": str, "pattern": str, "literals": list, "needs": list, "action": str,
    "where": str, "safety": str, "examples": list, "keeps": list, "enabled": bool,
}  # fmt: skip
_FILE_KEYS = ("stage", "sets", "settings", "rule")
_SET = compiled(r"\{\{\s*([\w.-]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Example:
    """A rule's example: what goes in and what the stage makes of it."""

    before: str
    after: str


@dataclass(frozen=True)
class Rule:
    """One rule, validated. ``params`` holds what its action and its stage need beyond the common keys."""

    id: str
    stage: str
    what: str
    why: str
    action: str
    pattern: str | None = None
    literals: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    group: str = ""
    where: str = ""
    safety: str = "safe"
    examples: tuple[Example, ...] = ()
    keeps: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""

    @property
    def name(self) -> str:
        """The rule's full name, ``stage/id``, as ledgers record it."""
        return f"{self.stage}/{self.id}"

    @cached_property
    def regex(self) -> Pattern[str]:
        """The compiled pattern; compiled at first use, since a start that compiles every rule is slow.

        Raises RulesError where the pattern is not a regular expression.
        """
        source = self.pattern if self.pattern is not None else alternation(self.literals)
        try:
            return compiled(source, regex.MULTILINE)
        except regex.error as error:
            raise _problem(
                self.file, self.id, f"its pattern does not compile: {error}", "mend the pattern (syntax of the regex package)"
            ) from None

    @cached_property
    def gate(self) -> re.Pattern[str] | None:
        """The optional ``gate``: a pattern of Python's re without a match of which the rule is not tried.

        re looks for a class of characters ten times faster than regex does.
        """
        source = self.params.get("gate")
        return re.compile(source, re.MULTILINE) if source else None

    @cached_property
    def anchored(self) -> bool:
        """Whether the pattern can match only at the beginning of a line, as far as its source says so (`is_anchored`)."""
        return self.pattern is not None and is_anchored(self.pattern)

    def might_match(self, text: str) -> bool:
        """False only where none of the needed literals, or no match of the gate, stands in the text."""
        return self.finds_needed(text) and (self.gate is None or self.gate.search(text) is not None)

    def finds_needed(self, text: str, start: int = 0, end: int = sys.maxsize) -> bool:
        """Whether one of the needed literals stands in text[start:end], or none is needed.

        A character is found ten times as fast as a word, so a word is looked for only where its first and last one are.
        """
        find = text.find
        for word in self.needs:
            if find(word[0], start, end) >= 0 and find(word[-1], start, end) >= 0 and find(word, start, end) >= 0:
                return True
        return not self.needs

    def finditer(self, text: str) -> Iterator[Match[str]]:
        """All matches in the text, or none without a scan where no needed literal stands in it."""
        return iter(self.regex.finditer(text)) if self.might_match(text) else iter(())

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in _DERIVED}


_DERIVED = frozenset(name for name, made in vars(Rule).items() if isinstance(made, cached_property))
"""What a rule's `__dict__` has besides its own, once it was asked for."""


@dataclass(frozen=True)
class StageRules:
    """The rules of one stage, in the order of their file, with its sets and settings."""

    stage: str
    rules: tuple[Rule, ...] = ()
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def of(self, *actions: str) -> tuple[Rule, ...]:
        """The rules with one of these actions."""
        known: dict[tuple[str, ...], tuple[Rule, ...]] = self.derived.setdefault("of", {})
        if actions not in known:
            known[actions] = tuple(rule for rule in self.rules if rule.action in actions)
        return known[actions]

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """The rules by their ids."""
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def derived(self) -> dict[str, Any]:
        """What a stage builds out of its rules, once: indexes, the rules of a profile. Not a part of the rules' value."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        names = ("stage", "rules", "sets", "settings")
        return {key: self.__dict__[key] for key in names}


class Rulebook:
    """All rules of a run.

    >>> book = default_rulebook()
    >>> book["punctuation"].stage
    'punctuation'
    """

    def __init__(self, stages: Mapping[str, StageRules]) -> None:
        self.stages = {name: stages.get(name, StageRules(name)) for name in STAGES}

    def __getitem__(self, stage: str) -> StageRules:
        return self.stages[stage]

    def __iter__(self) -> Iterator[Rule]:
        for stage in self.stages.values():
            yield from stage

    def find(self, name: str) -> Rule:
        """A rule by its full name ``stage/id``, or by its id alone where only one stage has it.

        Raises RulesError with the nearest names where there is no such rule, or more than one.
        """
        found = [rule for rule in self if name in (rule.name, rule.id)]
        if len(found) == 1:
            return found[0]
        if found:
            raise RulesError(f"rule {name!r} is in several stages: ask for {' or '.join(rule.name for rule in found)}")
        near = difflib.get_close_matches(name, [rule.name for rule in self] + [rule.id for rule in self], 3)
        raise RulesError(f"no rule {name!r}" + (f": did you mean {', '.join(near)}?" if near else ": see jinggao rules list"))

    def compile(self) -> None:
        """Compile every pattern now, so that a broken one is found before the work begins. Raises RulesError."""
        for rule in self:
            _ = rule.regex

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that rules say (not over their files' layout or comments)."""
        content = {
            name: [
                {
                    **{
                        k: v
                        for k, v in rule.__dict__.items()
                        if k not in _DERIVED and k not in ("file", "examples", "keeps", "what", "why")
                    }
                }
                for rule in stage
            ]
            + [dict(stage.sets), dict(stage.settings)]
            for name, stage in self.stages.items()
            if name != "learn"  # it changes no page
        }
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True, default=_plain).encode()).hexdigest()


@lru_cache(maxsize=512)
def alternation(words: tuple[str, ...]) -> str:
    """A pattern for any of the words, longest first so that a word never hides a longer one; single characters are a class,
    which compiles ten times faster.

    >>> alternation(("年", "年度", "a.b"))
    '(?:a\\\\.b|年度|年)'
    >>> alternation(("年", "月", "年度"))
    '(?:年度|[年月])'
    """
    ordered = sorted(dict.fromkeys(words), key=lambda word: (-len(word), word))
    parts = [regex.escape(word, special_only=True) for word in ordered]
    single = sum(len(word) == 1 for word in ordered)
    if single > 1:
        parts[-single:] = ["[" + "".join(map(re.escape, ordered[-single:])) + "]"]
    return "(?:" + "|".join(parts) + ")"


def rules_folder() -> Path:
    """Where the package's own rules lie: inside an installed wheel, or beside the package in a checkout."""
    inside = Path(__file__).parent / "_rules"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "rules"


@lru_cache(maxsize=1)
def default_rulebook() -> Rulebook:
    """The package's own rules, loaded once."""
    return load_rulebook()


def rulebook_over(folders: Sequence[str | Path] = ()) -> Rulebook:
    """The package's own rules, loaded once, or with folders laid over them as `load_rulebook` has it.

    >>> rulebook_over() is default_rulebook()
    True
    """
    return load_rulebook(*folders) if folders else default_rulebook()


def rules_for(stage: str, rules: StageRules | Rulebook | None) -> StageRules:
    """One stage's rules out of whatever a caller gave: its own rules, a whole rulebook, or None for the package's.

    >>> rules_for("punctuation", None).stage
    'punctuation'
    """
    return rules if isinstance(rules, StageRules) else (rules or default_rulebook())[stage]


def load_rulebook(*folders: str | Path) -> Rulebook:
    """The package's own rules with the rule files of further folders (or single rule files) laid over them.

    A rule of a later folder replaces the one with the same stage and id in its place (``enabled = false`` removes it), new
    ones follow the old; a set or setting of a later folder replaces the one with the same name.

    Raises RulesError naming file, rule, problem and mend.
    """
    layers: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for folder in (rules_folder(), *map(Path, folders)):
        for path in _rule_files(folder):
            stage, content = read_rule_file(path)
            layers.setdefault(stage, []).append((str(path), content))
    return Rulebook({stage: _merge(stage, contents) for stage, contents in layers.items()})


def _rule_files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise RulesError(f"{folder}: no such rules folder; give a folder that holds *.toml files")
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise RulesError(f"{folder}: no rule files in it; a rule file is named after its stage, such as punctuation.toml")
    return files


def read_rule_file(path: Path) -> tuple[str, dict[str, Any]]:
    """A rule file's stage and its content as TOML has it, its top level checked. Raises RulesError."""
    try:
        content = _parsed(path.read_text(encoding="utf-8"), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: cannot be read: {error}; a rule file is UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{path}: not TOML: {error}; mend that line (literal strings '…' need no escaping)") from None
    stage = content.get("stage", path.stem)
    if stage not in STAGES:
        raise RulesError(f"{path}: no stage {stage!r}; name the file after one of {', '.join(STAGES)}, or say stage = …")
    for key in content:
        if key not in _FILE_KEYS:
            raise RulesError(f"{path}: unknown table {key!r}; a rule file has {', '.join(_FILE_KEYS)}")
    for name, words in content.get("sets", {}).items():
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            raise RulesError(f"{path}: set {name!r} must be a list of words, none of them empty")
    return stage, content


def _parsed(text: str, name: str) -> dict[str, Any]:
    """A TOML file's content; kept as JSON from run to run, since that is read fifty times faster than TOML.

    Raises TOMLDecodeError.
    """
    kept = cache.read_sealed(f"rules-{name}.json", text.encode())
    if kept is not None:
        return cast("dict[str, Any]", json.loads(kept))
    content = tomllib.loads(text)
    with contextlib.suppress(TypeError):  # a date, which no rule needs
        cache.write_sealed(f"rules-{name}.json", json.dumps(content).encode(), text.encode())
    return content


def _merge(stage: str, contents: list[tuple[str, dict[str, Any]]]) -> StageRules:
    sets: dict[str, tuple[str, ...]] = {}
    settings: dict[str, Any] = {}
    rules: dict[str, tuple[str, dict[str, Any]]] = {}
    for file, content in contents:
        sets.update((name, tuple(words)) for name, words in content.get("sets", {}).items())
        settings.update(content.get("settings", {}))
        seen: set[str] = set()
        for raw in content.get("rule", []):
            rule_id = raw.get("id")
            if not isinstance(rule_id, str) or not regex.fullmatch(r"[a-z0-9]+(?:[-.][a-z0-9]+)*", rule_id):
                raise RulesError(
                    f"{file}: rule {len(seen) + 1} has the id {rule_id!r}; an id is lower-case words joined by hyphens"
                )
            if rule_id in seen:
                raise _problem(file, rule_id, "the id stands twice", "give one of them another id")
            seen.add(rule_id)
            rules[rule_id] = (file, raw)
    made = (_rule(stage, file, raw, sets) for file, raw in rules.values() if raw.get("enabled", True))
    return StageRules(stage, tuple(made), sets, settings)


def _rule(stage: str, file: str, raw: dict[str, Any], sets: Mapping[str, tuple[str, ...]]) -> Rule:
    rule_id = raw["id"]
    action = raw.get("action")
    if action not in ACTIONS:
        raise _problem(file, rule_id, f"unknown action {action!r}", f"use one of {', '.join(ACTIONS)}")
    allowed = {**_COMMON, **OPTIONAL, **ACTIONS[action]}
    for key, value in raw.items():
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1)
            raise _problem(
                file,
                rule_id,
                f"unknown key {key!r}",
                f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(allowed)}",
            )
        if not isinstance(value, (int, float) if allowed[key] is float else allowed[key]):
            raise _problem(
                file, rule_id, f"{key} is not of type {allowed[key].__name__}", f"write {key} as {allowed[key].__name__}"
            )
    for key in ("what", "why", *ACTIONS[action]):
        if key not in raw:
            raise _problem(file, rule_id, f"{key!r} is missing", f"add {key} = …")
    if ("pattern" in raw) == ("literals" in raw):
        raise _problem(file, rule_id, "it needs a pattern or literals, one of the two", "add pattern = '…' or literals = […]")
    if raw.get("safety", "safe") not in ("safe", "unsafe"):
        raise _problem(file, rule_id, f"safety is {raw['safety']!r}", 'write "safe" or "unsafe"')
    for key in ("literals", "needs", "keeps"):
        if not all(isinstance(word, str) and word for word in raw.get(key, [])):
            raise _problem(file, rule_id, f"{key} must be a list of texts, none of them empty", f"mend {key}")
    for example in raw.get("examples", []):
        if (
            not isinstance(example, dict)
            or set(example) != {"before", "after"}
            or not all(isinstance(x, str) for x in example.values())
        ):
            raise _problem(file, rule_id, "an example must be { before = …, after = … }", "mend examples")
    common = {key: raw[key] for key in ("what", "why", "group", "where", "safety") if key in raw}
    return Rule(
        id=rule_id,
        stage=stage,
        action=action,
        pattern=_expand(raw["pattern"], sets, file, rule_id) if "pattern" in raw else None,
        literals=tuple(raw.get("literals", ())),
        needs=tuple(_words(raw.get("needs", raw.get("literals", ())), sets, file, rule_id)),
        examples=tuple(Example(**example) for example in raw.get("examples", ())),
        keeps=tuple(raw.get("keeps", ())),
        params={key: value for key, value in raw.items() if key not in _COMMON},
        file=file,
        **common,
    )


def _words(needs: Iterable[str], sets: Mapping[str, tuple[str, ...]], file: str, rule_id: str) -> Iterator[str]:
    """The literals of ``needs``; one with ``{{name}}`` in it stands for itself with each word of the set."""
    for need in needs:
        found = _SET.search(need)
        if found is None:
            yield need
        else:
            yield from (need[: found.start()] + word + need[found.end() :] for word in _set(found[1], sets, file, rule_id))


def _expand(pattern: str, sets: Mapping[str, tuple[str, ...]], file: str, rule_id: str) -> str:
    return _SET.sub(lambda match: alternation(_set(match[1], sets, file, rule_id)), pattern)


def _set(name: str, sets: Mapping[str, tuple[str, ...]], file: str, rule_id: str) -> tuple[str, ...]:
    if name not in sets:
        raise _problem(
            file,
            rule_id,
            f"it refers to the set {name!r}, which does not exist",
            f"known sets are {', '.join(sets) or 'none'}",
        )
    return sets[name]


def _problem(file: str, rule: str, problem: str, mend: str) -> RulesError:
    return RulesError(f"{file}: rule {rule!r}: {problem}; {mend}")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
