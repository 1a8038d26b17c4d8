"""Learned furniture as a rule file: TOML that people can read, edit and test.

Lines stand in ``[sets]``, one a line with its number of pages, so that a wrong one is deleted by deleting its line; a rule has
each set as its pattern. Every rule is tried on its example before it is written.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import regex

from pipeline.errors import OutputError
from pipeline.furniture import Learned
from pipeline.learn import Lesson
from pipeline.recurring import Key
from pipeline.rulebook import Rulebook, load_rulebook
from pipeline.stages import boilerplate

HEAD = """\
# Furniture learned from a corpus by `jinggao learn`. Read it before you use it, and delete what is no furniture: a line of a
# set, or a whole rule with its set.
#     jinggao rules test {name}
#     jinggao run RAW --rules {name}
# The figure behind a line is the number of pages it stands on.
stage = "boilerplate"
"""
_TITLE = "爱鸟周讲话"
_TEXT = (
    "同学们：",
    "窗外那窝燕子今天出壳了，所以我们把爱鸟周提前一天开始，原来定好的节目一个也不少。",
    "放学以后，请大家从东门走，别惊动它们，它们也在上学，只是比各位起得更早。",
)
"""A speech of our own for the examples, which hold nothing of the pages but the furniture."""

_STATES = {"above": "intro", "below": "list", "between": "mark"}
_PLACES = {
    "above": "above the text", "below": "below the text", "between": "now here, now there, also between paragraphs",
}  # fmt: skip
_WHATS = {
    "line": "Lines that stand {place} on page after page are furniture.",
    "head": "Long lines with these beginnings, which stand {place} on page after page, are furniture.",
    "digits": "A line that stands {place} on page after page with other figures each time is furniture.",
    "lead": "Lines with these beginnings, which stand {place} on page after page and end differently, are furniture.",
    "tail": "What stands behind the last sentence of paragraphs on page after page is an advertisement and is dropped.",
    "phrase": "What stands before sentences of paragraphs on page after page is an advertisement and is dropped.",
}
_PATTERNS = {
    "line": "^{words}$",
    "head": "^{words}",
    "digits": "^{words}$",
    "lead": "^{words}[^\\n。!?;]{{1,60}}$",
    "tail": "(?<=[。!?”;]) ?{words}$",
    "phrase": "(?:(?<=^ {{0,4}})|(?<=[。!?”;] ?)){words}",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule to be written: its table, and the words of its set with the pages that each stands on."""

    table: Mapping[str, Any]
    words: tuple[tuple[str, int], ...]


def write_rules(lesson: Lesson, out: str | Path, rules: Rulebook, over: Sequence[str | Path] = ()) -> int:
    """Write what was learned to a rule file and return how many rules it has; a file without rules where nothing was learned.

    rules: with the settings of stage ``learn``. over: the rule folders with which it was learned, to try the rules in.
    Raises OutputError where the file cannot be written.
    """
    path = Path(out)
    if path.suffix != ".toml":
        raise OutputError(f"{path}: is no name for a rule file; give --out a name that ends in .toml")
    drafts = _tried(list(draft_rules(lesson.learned, rules, path.stem)), over)
    text = rules_text(drafts, path.name, lesson.pages)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", dir=path.parent, delete=False) as spool:
            spool.write(text)
        Path(spool.name).chmod(0o644)
        Path(spool.name).replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; choose another --out") from None
    return len(drafts)


def summary_line(lesson: Lesson, rules: int, out: str | Path) -> str:
    """What was learned, in one line.

    >>> summary_line(Lesson(pages=40), 0, "learned.toml")
    '40 pages: nothing learned; learned.toml has no rules'
    """
    pages = f"{lesson.pages} {'page' if lesson.pages == 1 else 'pages'}"
    if not rules:
        return f"{pages}: nothing learned; {out} has no rules"
    inline = sum(one.key.kind in ("tail", "phrase") for one in lesson.learned)
    return f"{pages}: {len(lesson.learned) - inline} lines and {inline} phrases learned; {rules} rules in {out}"


def draft_rules(learned: Iterable[Learned], rules: Rulebook, name: str = "learned") -> Iterator[Draft]:
    """The rules that find what was learned, grouped by kind, place and folder.

    name: the file's, with which the ids begin, so that the rules of several learned files do not replace each other.
    """
    settings = rules["learn"].settings
    begin = regex.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "learned"
    numbers: dict[str, int] = {}
    for (kind, side, folder), group in groupby(learned, lambda one: (one.key.kind, one.side, one.folder)):
        found = sorted(group, key=lambda one: (-one.pages, one.key.text))
        size = 1 if kind == "digits" else settings["rule_lines"]
        for at in range(0, len(found), size):
            stem = f"{begin}-{kind}" if kind in ("tail", "phrase") else f"{begin}-{kind}-{side}"
            numbers[stem] = numbers.get(stem, 0) + 1
            yield _draft(f"{stem}-{numbers[stem]}", found[at : at + size], folder, settings["score"])


def _draft(name: str, found: Sequence[Learned], folder: str, score: float) -> Draft:
    first = found[0]
    kind, side = first.key.kind, first.side
    inline = kind in ("tail", "phrase")
    words = tuple((one.key.text, one.pages) for one in found)
    where = f" below {folder}/" if folder else ""
    pages = str(first.pages) if first.pages == found[-1].pages else f"{found[-1].pages} to {first.pages}"
    table: dict[str, Any] = {
        "id": name,
        "what": _WHATS[kind].format(place=_PLACES[side]),
        "why": f"Learned: {'it stands' if len(found) == 1 else 'each stands'} on {pages} pages{where}, such as {first.page}.",
        "group": "learned",
        "action": "drop" if inline else "label",
    }
    if not inline:
        table.update(label="boilerplate", state=_STATES[side], score=score)
    table["where"] = {"tail": "tail", "phrase": "text", "head": "head"}.get(kind, "line")
    source = _figures(first.key.text) if kind == "digits" else "{{" + name + "}}"
    table["pattern"] = _PATTERNS[kind].format(words=source)
    table["examples"] = [{"before": _before(one.key, one.forms), "after": ""} for one in found]
    table["keeps"] = []
    return Draft(table, () if kind == "digits" else words)


def _figures(text: str) -> str:
    """A line's pattern with any figures in the place of its own."""
    return r"\d{1,20}".join(regex.escape(part, special_only=True) for part in text.split("0"))


def _before(key: Key, forms: Sequence[str]) -> str:
    """A page of our own with the furniture in it."""
    if key.kind in ("tail", "phrase"):
        line = _TEXT[1] + key.text if key.kind == "tail" else key.text + _TEXT[1]
        return "\n".join((_TITLE, _TEXT[0], line, _TEXT[2]))
    line = key.text + "窗" * 70 if key.kind == "head" else forms[0]
    return "\n".join((_TITLE, *_TEXT, line))


def _tried(drafts: Sequence[Draft], over: Sequence[str | Path]) -> list[Draft]:
    """The rules with one example each, which does what it says; without those of which no example does."""
    if not drafts:
        return []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "learned.toml"
        file.write_text(rules_text(drafts, file.name, 0), encoding="utf-8")
        book = load_rulebook(*over, file)
        kept = []
        for draft in drafts:
            example = _working(draft, book)
            if example is not None:
                kept.append(Draft({**draft.table, "examples": [example]}, draft.words))
        return kept


def _working(draft: Draft, book: Rulebook) -> dict[str, str] | None:
    name = f"boilerplate/{draft.table['id']}"
    plain = boilerplate.run("\n".join((_TITLE, *_TEXT)), book).text
    for example in draft.table["examples"][:5]:
        after, acted = boilerplate.demonstrate(example["before"], book)
        if name in acted and after.rstrip("\n") == plain:
            return {"before": example["before"], "after": after}
    return None


def rules_text(drafts: Sequence[Draft], name: str, pages: int) -> str:
    """The rule file, as TOML."""
    count = f"# Learned from {pages} pages.\n" if pages else ""
    parts = [count + HEAD.format(name=name)]
    sets = [draft for draft in drafts if draft.words]
    if sets:
        parts.append("[sets]\n" + "".join(_set(draft) for draft in sets))
    parts += [_rule(draft.table) for draft in drafts]
    return "\n".join(parts)


def _set(draft: Draft) -> str:
    rows = "".join(f"  {_string(word)},  # {pages}\n" for word, pages in draft.words)
    return f"{draft.table['id']} = [\n{rows}]\n"


def _rule(table: Mapping[str, Any]) -> str:
    return "[[rule]]\n" + "".join(f"{key} = {_value(key, value)}\n" for key, value in table.items())


def _value(key: str, value: Any) -> str:
    if key == "examples":
        return "[" + ", ".join(f"{{ before = {_string(x['before'])}, after = {_string(x['after'])} }}" for x in value) + "]"
    if key == "pattern" and "'" not in value:
        return f"'{value}'"
    if isinstance(value, str):
        return _string(value)
    return json.dumps(value)


def _string(text: str) -> str:
    """A basic string of TOML, which is written like one of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
