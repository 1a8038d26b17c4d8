"""The sentence beds are well-formed: ids are unique, marks parse, the held-out files hold the held-out third and nothing else.

Nothing here runs a stage; the scores stand beside the stages' own tests.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.bed import placeholders

BED = Path(__file__).parent / "bed"
KEYS = {
    "placeholders": {"id", "family", "text", "why"},
    "punctuation": {"id", "family", "input", "expected", "why", "source"},
}
_NUMBERS = {"year", "month", "ordinal", "count", "percent"}
TYPES = {
    "mask": _NUMBERS | {"day", "hour", "duration", "amount", "person", "place", "org", "docno", "name", "other"},
    "corruption": {"number", "word", "mojibake"},
    "elision": _NUMBERS | {"person", "term", "name", "other"},
}


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _files(bed: str, *names: str) -> list[Path]:
    found = [path for path in sorted((BED / bed).glob("*.jsonl")) if path.stem in names or not names]
    assert found, f"tests/bed/{bed} holds no JSONL file"
    return found


@pytest.mark.parametrize("bed", sorted(KEYS))
def test_ids_are_unique_and_keys_complete(bed: str) -> None:
    ids: Counter[str] = Counter()
    for path in _files(bed):
        for row in _rows(path):
            assert row.keys() - {"profile"} == KEYS[bed], row["id"]
            assert row["id"] and row["family"], path
            ids[row["id"]] += 1
    assert [id_ for id_, times in ids.items() if times > 1] == []


@pytest.mark.parametrize("bed", sorted(KEYS))
def test_the_held_out_third_is_chosen_by_the_id(bed: str) -> None:
    for path in _files(bed, "seen", "seen2", "heldout2"):
        for row in _rows(path):
            held_out = int(hashlib.sha256(row["id"].encode()).hexdigest()[:8], 16) % 3 == 0
            assert held_out == path.stem.startswith("heldout"), row["id"]


def test_marks_parse_and_their_types_are_known() -> None:
    for path in _files("placeholders"):
        for case in placeholders.load(path.stem):
            assert not {*"⟦⟧"} & {*case.text}, case.id
            assert case.family.startswith("look-") != bool(case.expected), case.id
            for mark in case.expected:
                assert mark.type in TYPES[mark.kind], case.id
                assert (mark.start == mark.end) == (mark.kind == "elision"), case.id


def test_held_out_texts_are_in_no_other_file() -> None:
    for bed, key in (("placeholders", "text"), ("punctuation", "input")):
        texts = Counter(row[key] for path in _files(bed) for row in _rows(path))
        held_out = (row for path in _files(bed, "heldout2", "heldout3") for row in _rows(path))
        assert [row["id"] for row in held_out if texts[row[key]] > 1] == []
