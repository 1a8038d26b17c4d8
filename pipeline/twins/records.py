"""Findings written into records: evidence, new elisions and, where the user asks for it, the certain words themselves.

Everything that changes a text is an edit of its page's ledger, so that the raw page still comes back byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.ledger import EMPTY, Ledger, Place
from pipeline.records import Record, edit_records, edits_ledger
from pipeline.speech import Placeholder
from pipeline.stages.placeholders import tag_of
from pipeline.twins.data import LOST_WORDS, Collated, Conflict, Copy, Evidence, Mark
from pipeline.twins.lost import level_of

Certain = Callable[[Mapping[str, Any]], bool]
"""Whether a placeholder's suggestion is certain enough to be written into the text."""


@dataclass(frozen=True, slots=True)
class Told:
    """A speech's record with what its copies say, not yet in its page.

    later: the edits of its text, on the text before. Offsets in ``placeholders`` and ``headings`` count in the text after;
    those of evidence still count in the texts before (see `settle`), and new placeholders have no raw_span yet, but
    ``places`` says where in the text before each placeholder stood.
    """

    text: str
    placeholders: list[Record]
    headings: list[Record]
    places: tuple[int, ...]
    later: Ledger


def copy_of(record: Mapping[str, Any]) -> Copy:
    """A speech's record as a copy for the collation."""
    marks = (Mark(*(one[key] for key in Mark._fields)) for one in record["placeholders"])
    return Copy(record["id"], record["text"], tuple(marks))


def tell(record: Mapping[str, Any], said: Collated | None, certain: Certain | None, *, tag: bool) -> Told:
    """What is known of a speech's placeholders, put into them; with ``certain`` the certain suggestions into its text.

    tag: new elisions are written into the text as tags, as the others are.
    """
    found = _with_findings(record["placeholders"], said or Collated(), tag=tag)
    text, shift = record["text"], 0
    edits: list[Place] = []
    made, places = [], []
    for one, words, tail in found:
        start, end = one["start"], one["end"]
        filled = certain is not None and bool(one["suggestion"]) and not one["filled"] and certain(one)
        new = one["suggestion"] if filled else words
        behind = tail if filled else ""
        placed = {**one, "start": start + shift, "end": start + shift + (end - start if new is None else len(new))}
        made.append({**placed, "filled": placed["filled"] or filled})
        places.append(start)
        if new is not None and (new + behind) != text[start:end]:
            edits.append((start, text[start:end], new + behind, (one["rule"],)))
            shift += len(new + behind) - (end - start)
    if not edits:
        return Told(text, made, record["headings"], tuple(places), EMPTY)
    later = Ledger.of(edits)
    headings = [{**one, **_moved(one["start"], one["end"], edits)} for one in record["headings"]]
    headings += [
        {"level": level_of(one["suggestion"]), "start": one["start"], "end": one["end"]}
        for one, (_, _, tail) in zip(made, found, strict=True)
        if one["filled"] and tail and level_of(one["suggestion"])
    ]
    headings.sort(key=lambda one: (one["start"], one["end"]))
    return Told(later.apply(text), made, headings, tuple(places), later)


def _with_findings(placeholders: Sequence[Record], said: Collated, *, tag: bool) -> list[tuple[Record, str | None, str]]:
    """(placeholder, what to write in its place or None, what must follow it if it is filled), in the order of the text."""
    found: list[tuple[Record, str | None, str]] = []
    for number, one in enumerate(placeholders):
        finding = said.findings.get(number)
        if finding:
            told = {
                "suggestion": finding.suggestion,
                "evidence": _evidence(finding.evidence),
                "conflicts": [_conflict(each) for each in finding.conflicts],
            }
            one = {**one, **told}
        found.append((one, None, ""))
    for lost in said.lost:
        elision = Placeholder(lost.place, lost.place, "", "elision", lost.type, lost.words, LOST_WORDS)
        record = {
            "start": lost.place,
            "end": lost.place,
            "surface": "",
            "kind": "elision",
            "type": lost.type,
            "suggestion": lost.words,
            "rule": LOST_WORDS,
            "raw_span": None,
            "evidence": _evidence(lost.evidence),
            "conflicts": [],
            "filled": False,
        }
        found.append((record, tag_of(elision) if tag else None, lost.tail))
    return sorted(found, key=lambda item: (item[0]["start"], item[0]["end"]))


def _evidence(evidence: Evidence | None) -> Record | None:
    return None if evidence is None else {"speech": evidence.speech, "span": list(evidence.span)}


def _conflict(one: Conflict) -> Record:
    return {"value": one.value, "evidence": _evidence(one.evidence)}


def _moved(start: int, end: int, edits: Sequence[Place]) -> Record:
    """A span behind edits; words put in at its very beginning or end belong to it, lines of their own do not."""
    low = sum(len(new) - len(old) for at, old, new, _ in edits if at < start or (at == start and new.endswith("\n")))
    high = sum(len(new) - len(old) for at, old, new, _ in edits if at < end or (at == end and not new.endswith("\n")))
    return {"start": start + low, "end": end + high}


def settle(record: Record, told: Told, own: Ledger, ledgers: Mapping[str, Ledger]) -> tuple[Record, Ledger]:
    """The finished record of a speech, and its edits on the decoded page.

    own: the speech's edits before, counted from its raw_span's start. ledgers: ``later`` of every speech that has any.
    """
    start = record["raw_span"][0]
    placeholders = []
    for one, place in zip(told.placeholders, told.places, strict=True):
        if one["raw_span"] is None:
            raw = start + own.to_source(place)
            one = {**one, "raw_span": [raw, raw]}
        conflicts = [{**each, "evidence": _carried(each["evidence"], ledgers)} for each in one["conflicts"]]
        placeholders.append({**one, "evidence": _carried(one["evidence"], ledgers), "conflicts": conflicts})
    made = {**record, "text": told.text, "headings": told.headings, "placeholders": placeholders}
    source = own.inverse().apply(record["text"])
    return made, own.then(told.later).anchored(source).shifted(start)


def _carried(evidence: Record | None, ledgers: Mapping[str, Ledger]) -> Record | None:
    """Evidence with its place in the speech's text after that speech's own edits."""
    if evidence is None or evidence["speech"] not in ledgers:
        return evidence
    ledger, (start, end) = ledgers[evidence["speech"]], evidence["span"]
    return {"speech": evidence["speech"], "span": [ledger.to_result(start), ledger.to_result(end, end=True)]}


def own_ledger(page: Mapping[str, Any], speech: Mapping[str, Any]) -> Ledger:
    """A speech's edits out of its page's record, counted from its raw_span's start."""
    start, end = speech["raw_span"]
    return edits_ledger(page["edits"]).within(start, end)


def with_edits(page: Record, speeches: Sequence[Record], changed: Mapping[str, Ledger]) -> Record:
    """A page's record with other edits for some of its speeches. changed: on the decoded page, by the speech's id."""
    whole = edits_ledger(page["edits"])
    ledgers = [
        changed[one["id"]] if one["id"] in changed else whole.within(*one["raw_span"]).shifted(one["raw_span"][0])
        for one in speeches
    ]
    return {**page, "edits": edit_records(ledgers)}


def moved_pair(record: Record, ledgers: Mapping[str, Ledger]) -> Record:
    """A pair's record with its spans in the texts after their edits."""
    a, b = ledgers.get(record["a"], EMPTY), ledgers.get(record["b"], EMPTY)
    if not a and not b:
        return record

    def move(span: Sequence[int]) -> list[int]:
        return [a.to_result(span[0]), a.to_result(span[1], end=True), b.to_result(span[2]), b.to_result(span[3], end=True)]

    return {**record, "spans": [move(span) for span in record["spans"]], "conflicts": [move(x) for x in record["conflicts"]]}
