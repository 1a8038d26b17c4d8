"""One stage as a filter: plain text to plain text, or JSONL to JSONL with the other fields untouched.

>>> filter_text("repair", "同\\u200b志们")
'同志们'
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from pipeline.jsonl import read_text, replace_field, utf8_lines
from pipeline.rulebook import Rulebook, default_rulebook
from pipeline.stages import ORDER


def stage_module(name: str) -> ModuleType:
    """A stage's module, loaded when it is first asked for. Raises ValueError where there is no such stage.

    >>> stage_module("repair").__name__
    'pipeline.stages.repair'
    """
    if name not in ORDER:
        raise ValueError(f"no stage {name!r}; the stages are {', '.join(ORDER)}")
    return import_module(f"pipeline.stages.{name}")


def decode_bytes(data: bytes) -> str:
    """A page's bytes as text, whatever their encoding. Raises PageError where they are no text.

    >>> decode_bytes("讲话".encode("gbk"))
    '讲话'
    """
    decoded: str = stage_module("decode").run(data).text
    return decoded


def filter_text(name: str, text: str, rules: Rulebook | None = None, **options: Any) -> str:
    """What a stage makes of a text, as text: ``labels`` gives ``label<TAB>line``, ``placeholders`` the text with tags.

    options: go to the stage (``profile`` of punctuation, ``published`` of placeholders).
    """
    made = _run(name, text, rules, **({"tag": True} if name == "placeholders" else {}), **options)
    if name == "labels":
        return "".join(f"{block.label}\t{made.text[block.start : block.end]}\n" for block in made.blocks)
    result: str = made.text
    return result + "\n" if text.endswith("\n") and result and not result.endswith("\n") else result


def filter_fields(name: str, text: str, field: str = "text", rules: Rulebook | None = None, **options: Any) -> dict[str, Any]:
    """What a stage changes in a record whose ``field`` holds ``text``: key → new value.

    ``labels`` and ``placeholders`` find things in the text and leave it as it is; they give a list ``labels`` or
    ``placeholders``, with places in code points. The other stages give the field's new text.
    """
    made = _run(name, text, rules, **options)
    if name == "labels":
        return {"labels": [_fields(block, ("start", "end", "label", "rule")) for block in made.blocks]}
    if name == "placeholders":
        keys = ("start", "end", "surface", "kind", "type", "suggestion", "rule")
        return {"placeholders": [_fields(one, keys) for one in made.placeholders]}
    return {field: made.text}


def filter_jsonl(
    name: str, lines: Iterable[bytes], source: str, *, field: str = "text", rules: Rulebook | None = None, **options: Any
) -> Iterator[str]:
    """JSONL through a stage, line by line; what is not changed keeps its bytes, its order and its spelling.

    Raises LineError naming ``source`` and line where a line is no JSON object or its field no text.

    >>> list(filter_jsonl("repair", [b'{"text": "a&amp;b", "n": 1.0}\\n'], "in.jsonl"))
    ['{"text": "a&b", "n": 1.0}']
    """
    for number, line in utf8_lines(lines, source):
        text = read_text(line, field, source, number)
        changes = filter_fields(name, text, field, rules, **options)
        yield line if changes == {field: text} else replace_field(line, changes)


def lint_lines(text: str, rules: Rulebook | None = None, **options: Any) -> list[str]:
    """What the punctuation stage would change, one finding a line: ``line:column``, rule, before → after."""
    found = stage_module("punctuation").lint(text, rules or default_rulebook(), **options)
    return [f"{line}:{column}\t{rule}\t{_shown(before)} → {_shown(after)}" for line, column, rule, before, after in found]


def _run(name: str, text: str, rules: Rulebook | None, **options: Any) -> Any:
    return stage_module(name).run(text, rules or default_rulebook(), **options)


def _fields(one: object, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: getattr(one, key) for key in keys}


def _shown(part: str) -> str:
    return json.dumps(part, ensure_ascii=False)
