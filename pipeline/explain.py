"""Explain: where a speech, or a character of it, stood in the raw page, and which rules made it what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import JinggaoError, RulesError
from pipeline.ledger import Ledger, Place
from pipeline.output import read_manifest, read_records
from pipeline.records import Record, edits_ledger
from pipeline.restore import page_text
from pipeline.rulebook import Rulebook, default_rulebook
from pipeline.twins import WHAT

CONTEXT = 20
"""Code points shown on each side of a place."""


class UnknownSpeechError(JinggaoError, LookupError):
    """No speech, or more than one, answers to the id that was asked for; or the offset lies outside its text."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a decoded page. offset: code points from 0. line, column: from 1."""

    offset: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SpeechOrigin:
    """Where a speech stood. start, end: in the decoded page ``text``; ledger: its edits, places from ``start``.

    rules: how many edits each rule made in it.
    """

    speech: Record
    page: Record
    text: str
    start: Position
    end: Position
    ledger: Ledger
    rules: dict[str, int]


@dataclass(frozen=True, slots=True)
class CharacterOrigin:
    """Where a character of a speech's text stood, and what made it.

    offset, character: in the speech's text. raw: its place in the decoded page. before, after: the edit that made it, both the
    character itself where no edit did. rules: full names. gone: what was removed right before it, with the rules.
    placeholder: the record of the placeholder that it belongs to, or of the elision right before it; or None.
    """

    origin: SpeechOrigin
    offset: int
    character: str
    raw: Position
    before: str
    after: str
    rules: tuple[str, ...]
    gone: tuple[tuple[str, tuple[str, ...]], ...]
    placeholder: Record | None


def explain_speech(clean: str | Path, name: str) -> SpeechOrigin:
    """Where a speech stood, by its id or the beginning of its id.

    Raises UnknownSpeechError where no speech or several begin so, and OutputError where the folder cannot be read.
    """
    clean = Path(clean)
    read_manifest(clean)
    speech = _find_speech(clean, name)
    page = next(page for page in read_records(clean, "pages.jsonl") if page["path"] == speech["page"])
    speeches = [one for one in read_records(clean, "speeches.jsonl") if one["page"] == speech["page"]]
    text = page_text(page, speeches)
    start, end = speech["raw_span"]
    ledger = edits_ledger(page["edits"]).within(start, end)
    rules = Counter(rule for _, _, _, rules in ledger for rule in rules)
    ordered = dict(sorted(rules.items(), key=lambda one: (-one[1], one[0])))
    return SpeechOrigin(speech, page, text, position(text, start), position(text, end), ledger, ordered)


def explain_character(clean: str | Path, name: str, offset: int) -> CharacterOrigin:
    """Where the character at ``offset`` (code points, from 0) of a speech's text stood, and what made it.

    Raises as `explain_speech`, and UnknownSpeechError where the text has no such offset.
    """
    origin = explain_speech(clean, name)
    text = origin.speech["text"]
    if not 0 <= offset < len(text):
        raise UnknownSpeechError(f"speech {origin.speech['id']} has no offset {offset}; its text has 0 to {len(text) - 1}")
    edit, written, gone = _edit_at(origin.ledger, offset)
    raw = edit[0] if edit else origin.ledger.to_source(offset)
    if edit and len(edit[1]) == len(edit[2]):
        raw += offset - written
    char = text[offset]
    before, after, rules = (edit[1], edit[2], edit[3]) if edit else (char, char, ())
    holders = (one for one in origin.speech["placeholders"] if one["start"] <= offset < max(one["end"], one["start"] + 1))
    place = position(origin.text, origin.start.offset + raw)
    return CharacterOrigin(origin, offset, char, place, before, after, rules, gone, next(holders, None))


def position(text: str, offset: int) -> Position:
    """An offset's line and column.

    >>> position("甲\\n乙丙", 3)
    Position(offset=3, line=2, column=2)
    """
    return Position(offset, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _find_speech(clean: Path, name: str) -> Record:
    found = [speech for speech in read_records(clean, "speeches.jsonl") if speech["id"].startswith(name)]
    exact = [speech for speech in found if speech["id"] == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        some = ", ".join(speech["id"] for speech in found[:3])
        raise UnknownSpeechError(f"{clean}: {len(found)} speeches begin with {name!r} ({some} …); give more of the id")
    raise UnknownSpeechError(f"{clean}: no speech {name!r}; ids stand in {clean / 'speeches.jsonl'}, field id")


def _edit_at(ledger: Ledger, offset: int) -> tuple[Place | None, int, tuple[tuple[str, tuple[str, ...]], ...]]:
    """The edit that wrote the result's character at ``offset``, where its writing begins, and what was removed before it."""
    shift = 0
    gone: list[tuple[str, tuple[str, ...]]] = []
    for edit in ledger:
        start, before, after, rules = edit
        low = start + shift
        if low > offset:
            break
        if not after and low == offset:
            gone.append((before, rules))
        elif low <= offset < low + len(after):
            return edit, low, tuple(gone)
        shift += len(after) - len(before)
    return None, offset, tuple(gone)


# --- for people -------------------------------------------------------------------------------------------------------


def speech_lines(origin: SpeechOrigin) -> Iterator[str]:
    """What is known of a speech, one line a fact."""
    speech, page = origin.speech, origin.page
    yield f"speech: {speech['id']} ({len(speech['text'])} characters)"
    yield f"title: {speech['title'] or '(none)'}"
    yield f"page: {page['path']} ({page['encoding']['name']}), speech {speech['index'] + 1} on it"
    yield f"raw: {_span(origin.start)} to {_span(origin.end)}, [{origin.start.offset}, {origin.end.offset}]"
    yield f"flags: {', '.join(speech['flags']) or 'none'}"
    yield f"duplicate: {_duplicate(speech)}"
    if speech["contained_in"]:
        yield f"contained in: {', '.join(speech['contained_in'])}"
    kinds = Counter(f"{one['kind']}/{one['type']}" for one in speech["placeholders"])
    yield f"placeholders: {', '.join(f'{name} {number}' for name, number in sorted(kinds.items())) or 'none'}"
    yield f"edits: {len(origin.ledger)}"
    for name, number in origin.rules.items():
        yield f"  {number:6d}  {name}"


def character_lines(found: CharacterOrigin, rules: Rulebook | None = None) -> Iterator[str]:
    """What is known of a character, one line a fact."""
    origin = found.origin
    text, raw = origin.speech["text"], found.raw
    yield f"speech: {origin.speech['id']} {origin.speech['title'] or '(no title)'}"
    yield f"text: offset {found.offset} is {found.character!r}: {_around(text, found.offset, found.offset + 1)}"
    yield f"page: {origin.page['path']}, {_span(raw)}, offset {raw.offset} in the decoded page"
    width = 1 if len(found.before) == len(found.after) else len(found.before)
    yield f"raw: {_around(origin.text, raw.offset, raw.offset + width)}"
    if found.rules:
        yield f"edit: {found.before!r} → {found.after!r}"
        yield from (f"  {line}" for name in found.rules for line in _rule_lines(name, rules or default_rulebook()))
    else:
        yield "edit: none; it stands as it stood"
    for before, names in found.gone:
        yield f"removed before it: {before!r} by {', '.join(names)}"
    if found.placeholder:
        one = found.placeholder
        guess = (
            "" if one["suggestion"] is None else f", {'filled with' if one['filled'] else 'most likely'} {one['suggestion']!r}"
        )
        yield f"placeholder: {one['kind']} of type {one['type']}, {one['surface']!r}{guess} ({one['rule']})"
        yield from _witness_lines(one)


def _witness_lines(placeholder: Record) -> Iterator[str]:
    """What other copies say about a placeholder."""
    if placeholder["evidence"]:
        yield f"  in clear: {_witness(placeholder['evidence'])}"
    for one in placeholder["conflicts"]:
        source = _witness(one["evidence"]) if one["evidence"] else "the rule's suggestion"
        yield f"  in conflict: {one['value']!r}, {source}"


def _witness(evidence: Record) -> str:
    return f"speech {evidence['speech']}, [{evidence['span'][0]}, {evidence['span'][1]}]"


def _rule_lines(name: str, rules: Rulebook) -> Iterator[str]:
    if name in WHAT:
        what, why = WHAT[name]
        yield from (f"{name}: {what}", f"  {why}")
        return
    try:
        rule = rules.find(name)
    except RulesError:
        yield f"{name}: not among the rules at hand (jinggao explain … --rules DIR)"
        return
    yield f"{name}: {rule.what}"
    yield f"  {rule.why}"


def _duplicate(speech: Record) -> str:
    one = speech["duplicate"]
    if one is None:
        return "none"
    if one["canonical"]:
        return f"the canonical copy of cluster {one['cluster']}"
    return f"{one['relation']} copy of {one['of']} (similarity {one['similarity']}), cluster {one['cluster']}"


def _span(place: Position) -> str:
    return f"line {place.line}, column {place.column}"


def _around(text: str, start: int, end: int) -> str:
    parts = text[max(0, start - CONTEXT) : start], text[start:end], text[end : end + CONTEXT]
    return "…{}[{}]{}…".format(*(part.replace("\n", "⏎") for part in parts))
