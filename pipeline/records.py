"""Records as they stand in the output files: the only place that knows their keys and the order of the keys.

The JSON Schemas in ``pipeline/schemas`` describe the same records for other programs.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

from pipeline.cleaning import CleanPage, CleanSpeech, Found
from pipeline.ledger import Kind, Ledger
from pipeline.page import Decoded, Encoding, Residue

Record = dict[str, Any]

FILES = ("speeches.jsonl", "pages.jsonl", "duplicates.jsonl", "manifest.json")
"""What an output folder holds; the manifest is written last."""


UNCOMPARED: Record = {"duplicate": None, "contained_in": []}
"""What a speech's record says of other speeches before it was compared with them.

In a line of JSON these two keys stand side by side, and no text can hold them so, since its quotes are escaped.
"""


def speech_id(sha256: str, start: int) -> str:
    """A speech's stable id: of the raw page's bytes and the speech's place in them, 16 hex digits.

    >>> speech_id("00" * 32, 0)
    '6a2ea17ca8998eeb'
    """
    return hashlib.sha256(f"{sha256}:{start}".encode()).hexdigest()[:16]


def unique_name(name: str, number: int) -> str:
    """The id of a speech that has the id of others: pages with the same bytes give the same, and are told apart by their order.

    number: of the page among these, from 1.

    >>> unique_name("3f2a", 1), unique_name("3f2a", 2)
    ('3f2a', '3f2a-2')
    """
    return name if number == 1 else f"{name}-{number}"


def speech_record(speech: CleanSpeech, page: CleanPage, path: str, index: int) -> Record:
    """A speech's record for speeches.jsonl, not yet compared with others."""
    return {
        "id": speech_id(page.sha256, speech.raw_span[0]),
        "page": path,
        "index": index,
        "title": speech.title,
        "text": speech.text,
        "raw_span": list(speech.raw_span),
        "headings": [{"level": h.level, "start": h.start, "end": h.end} for h in speech.headings],
        "placeholders": [placeholder_record(found) for found in speech.placeholders],
        **UNCOMPARED,
        "flags": sorted(speech.flags),
        "meta": page.meta,
    }


def placeholder_record(found: Found) -> Record:
    """A placeholder's record."""
    one = found.placeholder
    return {
        "start": one.start,
        "end": one.end,
        "surface": one.surface,
        "kind": one.kind,
        "type": one.type,
        "suggestion": one.suggestion,
        "rule": one.rule,
        "raw_span": list(found.raw_span),
        "evidence": None,
        "conflicts": [],
        "filled": False,
    }


def page_record(page: CleanPage, path: str) -> Record:
    """A page's record for pages.jsonl: the ledger."""
    decoded = page.decoded
    return {
        "path": path,
        "sha256": page.sha256,
        "bytes": page.size,
        "characters": len(decoded.text),
        "encoding": {
            "name": decoded.encoding.name,
            "how": decoded.encoding.how,
            "confidence": decoded.encoding.confidence,
        },
        "bom": decoded.bom,
        "newline": decoded.newline,
        "residue": [{"bytes": one.data.hex(), "text": one.text, "at": list(one.at)} for one in decoded.residue],
        "meta": page.meta,
        "blocks": _block_records(page),
        "edits": edit_records(speech.ledger for speech in page.speeches),
        "placeholders": [placeholder_record(found) for found in page.placeholders],
    }


def _block_records(page: CleanPage) -> list[Record]:
    """The blocks; one that is not wholly inside a speech has its text, so that the page can be put together again."""
    spans = [speech.raw_span for speech in page.speeches]
    records, at = [], 0
    for block in page.blocks:
        while at < len(spans) and spans[at][1] < block.end:
            at += 1
        inside = at < len(spans) and spans[at][0] <= block.start and block.end <= spans[at][1]
        text = None if inside else page.decoded.text[block.start : block.end]
        records.append({"start": block.start, "end": block.end, "label": block.label, "rule": block.rule, "text": text})
    return records


def edit_records(ledgers: Iterable[Ledger]) -> list[Record]:
    """Edits grouped by what they have in common, in the order of each group's first place."""
    groups: dict[Kind, list[int]] = {}
    for ledger in ledgers:
        for kind, at in ledger.groups.items():
            groups.setdefault(kind, []).extend(at)
    ordered = sorted(((sorted(at), kind) for kind, at in groups.items()), key=lambda group: (group[0][0], group[1]))
    return [{"rules": list(kind.rules), "before": kind.before, "after": kind.after, "at": at} for at, kind in ordered]


def edits_ledger(records: Sequence[Mapping[str, Any]]) -> Ledger:
    """The ledger that `edit_records` wrote."""
    return Ledger({Kind(r["before"], r["after"], tuple(r["rules"])): list(r["at"]) for r in records})


def decoded_from(record: Mapping[str, Any], text: str) -> Decoded:
    """A decoded page out of its record and its text."""
    residue = tuple(Residue(bytes.fromhex(r["bytes"]), r["text"], tuple(r["at"])) for r in record["residue"])
    return Decoded(text, Encoding(**record["encoding"]), record["bom"], record["newline"], residue)


def tally(page: Mapping[str, Any], speeches: Sequence[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """What a manifest counts: labels of blocks, edits by rule, placeholders by kind and type, flags."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("labels", "rules", "placeholders", "flags")}
    counts["labels"].update(block["label"] for block in page["blocks"])
    for edit in page["edits"]:
        for rule in edit["rules"]:
            counts["rules"][rule] += len(edit["at"])
    for found in page["placeholders"]:
        counts["placeholders"][f"{found['kind']}/{found['type']}"] += 1
    for speech in speeches:
        counts["placeholders"].update(f"{found['kind']}/{found['type']}" for found in speech["placeholders"])
        counts["flags"].update(speech["flags"])
    return counts


def schema(name: str) -> Record:
    """The JSON Schema of one record: speech, page, duplicate or manifest.

    >>> schema("speech")["title"]
    'speeches.jsonl: one record a speech'
    """
    text = resources.files("pipeline").joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: Record = json.loads(text)
    return loaded
