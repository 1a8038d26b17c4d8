"""Goldens: clean/ is what a run makes of raw/, byte for byte. `make golden` writes it anew after a change that is meant."""

import json
from itertools import zip_longest
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from pipeline.records import FILES
from pipeline.run import run_folder

CONTEXT = 30


def first_difference(obtained: object, expected: object, where: str) -> str:
    """Record → field → the characters around the first difference of two records."""
    if isinstance(obtained, dict) and isinstance(expected, dict):
        for key in [*expected, *(key for key in obtained if key not in expected)]:
            if obtained.get(key) != expected.get(key):
                return first_difference(obtained.get(key), expected.get(key), f"{where} → {key}")
    if isinstance(obtained, list) and isinstance(expected, list):
        for place, (one, other) in enumerate(zip_longest(obtained, expected)):
            if one != other:
                return first_difference(one, other, f"{where} → [{place}]")
    if isinstance(obtained, str) and isinstance(expected, str):
        place = next((n for n, (a, b) in enumerate(zip_longest(obtained, expected)) if a != b), 0)
        low = max(0, place - CONTEXT)
        return f"{where} at {place}: {expected[low : place + CONTEXT]!r} became {obtained[low : place + CONTEXT]!r}"
    return f"{where}: {expected!r:.80} became {obtained!r:.80}"


def same_bytes(obtained: Path, expected: Path) -> None:
    """Compare two files byte for byte, and name record, field and characters where they differ."""
    if obtained.read_bytes() == expected.read_bytes():
        return
    lines = [
        path.read_text(encoding="utf-8").rstrip("\n").split("\n") if path.suffix == ".jsonl" else [path.read_text()]
        for path in (obtained, expected)
    ]
    for number, (one, other) in enumerate(zip_longest(*lines), 1):
        if one != other:
            if one is None or other is None:
                raise AssertionError(
                    f"{expected.name}:{number}: {'missing' if one is None else 'new'} record {one or other:.120}"
                )
            raise AssertionError(first_difference(json.loads(one), json.loads(other), f"{expected.name}:{number}"))
    raise AssertionError(f"{expected.name}: the records are the same, their line ends or the end of the file are not")


@pytest.fixture(scope="module")
def produced(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh run over raw/."""
    out = tmp_path_factory.mktemp("golden") / "clean"
    run_folder(root / "raw", out)
    return out


@pytest.mark.parametrize("name", FILES)
def test_clean_is_what_a_run_makes_of_raw(
    name: str, produced: Path, root: Path, file_regression: FileRegressionFixture
) -> None:
    data = (produced / name).read_bytes()
    file_regression.check(data, binary=True, fullpath=root / "clean" / name, check_fn=same_bytes)


def test_the_comparison_sees_what_text_mode_passes_over(tmp_path: Path) -> None:
    expected, obtained = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    expected.write_bytes(b'{"id": 1}\n')
    for changed in (b'{"id": 1}\r\n', b'{"id": 1}', b'{"id":1}\n\n'):
        obtained.write_bytes(changed)
        with pytest.raises(AssertionError):
            same_bytes(obtained, expected)


def test_the_comparison_names_record_field_and_characters(tmp_path: Path) -> None:
    expected, obtained = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    expected.write_text('{"id": 1, "text": "甲乙丙"}\n', encoding="utf-8")
    obtained.write_text('{"id": 1, "text": "甲丁丙"}\n', encoding="utf-8")
    with pytest.raises(AssertionError, match="a.jsonl:1 → text at 1: '甲乙丙' became '甲丁丙'"):
        same_bytes(obtained, expected)
