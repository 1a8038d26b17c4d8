"""Compiled patterns are kept from run to run, change nothing, and a damaged cache costs only time."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import regex

from pipeline import cache, patterns
from pipeline.cache import VARIABLE
from pipeline.rulebook import read_rule_file

PROGRAM = """
import regex
calls = []
compile = regex.compile
regex.compile = lambda source, flags=0: calls.append(source) or compile(source, flags)
from pipeline import patterns
calls.clear()
found = patterns.compiled("年(?=底|初)", regex.MULTILINE)
assert found.findall("年底年中年初") == ["年", "年"] and found.flags & regex.MULTILINE
patterns.save()
print(len(calls))
"""


def compiled_in_a_new_process(folder: Path) -> int:
    """How many patterns a process compiles that needs one."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, VARIABLE: str(folder)}, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def the_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_a_pattern_is_compiled_once_for_all_processes(tmp_path: Path) -> None:
    assert [compiled_in_a_new_process(tmp_path) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("damage", [b"", b"junk", pickle.dumps(["x"]), pickle.dumps({("年", 0): "x"}), pickle.dumps(print)])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    compiled_in_a_new_process(tmp_path)
    the_file(tmp_path).write_bytes(damage)
    assert [compiled_in_a_new_process(tmp_path) for _ in range(2)] == [1, 0]


def test_nothing_but_patterns_is_taken_from_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "made"),)

    compiled_in_a_new_process(tmp_path)
    the_file(tmp_path).write_bytes(pickle.dumps({("年", 0): Evil()}))
    assert compiled_in_a_new_process(tmp_path) == 1
    assert not (tmp_path / "made").exists()


def test_a_folder_that_cannot_be_written_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "below", Path("off")):
        assert [compiled_in_a_new_process(folder) for _ in range(2)] == [1, 1]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_cache_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(patterns, "MOST", 3)
    for number in range(1, 5):
        monkeypatch.setattr(patterns, "_known", patterns._Known())
        patterns.compiled(f"x{number}")
        patterns.save()
        assert len(patterns._read()) == (number if number <= 3 else 1)


def test_a_broken_pattern_says_so() -> None:
    with pytest.raises(regex.error):
        patterns.compiled("(")


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({VARIABLE: "/somewhere"}, "/somewhere"),
        ({"XDG_CACHE_HOME": "/caches"}, "/caches/jinggao"),
        ({"HOME": "/home/li"}, "/home/li/.cache/jinggao"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="where caches lie is each system's own")
def test_where_the_cache_lies(variables: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache.folder() == Path(place)


def test_rule_files_are_read_back_only_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    file = tmp_path / "repair.toml"
    for word in ("甲", "乙"):
        file.write_text(f'[sets]\nwords = ["{word}"]\n', encoding="utf-8")
        for _ in range(2):
            assert read_rule_file(file) == ("repair", {"sets": {"words": [word]}})
    kept = tmp_path / "cache" / "rules-repair.json"
    for damage in (b"", b"junk", kept.read_bytes()[:-3], kept.read_bytes().replace(b"words", b"other")):
        kept.write_bytes(damage)
        assert read_rule_file(file) == ("repair", {"sets": {"words": ["乙"]}})


@pytest.mark.parametrize("source", [r"^[|]年|^\|", r"^(?:年|\))", "^[]|]年", r"^[^\]|]|^年$"])
def test_an_anchored_pattern_begins_a_line_in_each_alternative(source: str) -> None:
    assert patterns.is_anchored(source)


@pytest.mark.parametrize("source", ["^年|月", "(?:^年)", "^?年", r"^[\]]|月", r"^\[|月", "^(?:年|月)|日"])
def test_a_pattern_is_not_anchored_where_one_alternative_is_not(source: str) -> None:
    assert not patterns.is_anchored(source)


@pytest.mark.parametrize(
    ("source", "lead"), [("[年月]日", "[年月]"), (r"[\]年]+", r"[\]年]"), ("[年]*日", None), ("[年]|日", None)]
)
def test_a_leading_class_begins_every_match(source: str, lead: str | None) -> None:
    assert patterns.leading_class(source) == lead
