"""Answers are kept from run to run for each list of patterns apart, and a damaged cache costs only time."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import answers
from pipeline.cache import VARIABLE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and a process that knows nothing yet."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(answers, "_known", [])
    return tmp_path


def asked(monkeypatch: pytest.MonkeyPatch, patterns: list[str], questions: str, name: str = "") -> str:
    """The questions that had to be worked out, by one who knows what the cache holds."""
    monkeypatch.setattr(answers, "_known", [])
    worked_out = []

    def ask(question: str) -> tuple[int, ...]:
        worked_out.append(question)
        return tuple(number for number, pattern in enumerate(patterns) if question in pattern)

    given = answers.Answers(patterns, ask, name)
    for question in questions:
        assert given[question] == tuple(number for number, pattern in enumerate(patterns) if question in pattern)
    answers.save()
    return "".join(worked_out)


def test_each_question_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, ["年底", "年初"], "年底年") == "年底"
    assert asked(monkeypatch, ["年底", "年初"], "年初底") == "初"
    assert asked(monkeypatch, ["年底", "年初"], "年底初") == ""


def test_other_patterns_and_other_questions_have_their_own_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, ["年底", "年初"], "年")
    assert asked(monkeypatch, ["年初", "年底"], "年") == "年"
    assert asked(monkeypatch, ["年底", "年初"], "年", "behind") == "年"
    assert asked(monkeypatch, ["年底", "年初"], "年") == ""


@pytest.mark.parametrize("damage", [b"", b"{}", b"junk\n{}", b"\xff" * 80])
def test_a_damaged_cache_is_made_anew(monkeypatch: pytest.MonkeyPatch, folder: Path, damage: bytes) -> None:
    asked(monkeypatch, ["年底"], "年")
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    assert asked(monkeypatch, ["年底"], "年") == "年"
    assert asked(monkeypatch, ["年底"], "年") == ""


def test_a_changed_answer_is_seen(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    asked(monkeypatch, ["年底"], "年")
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes().replace(b"[0]", b"[9]"))
    assert asked(monkeypatch, ["年底"], "年") == "年"


def test_the_file_is_left_alone_for_a_few_new_answers(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    asked(monkeypatch, ["年底"], "abcdefghijklmnopq")
    (file,) = folder.iterdir()
    before = file.stat().st_mtime_ns, file.read_bytes()
    assert asked(monkeypatch, ["年底"], "aB") == "B"
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before


def test_a_full_cache_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST", 3)
    asked(monkeypatch, ["年底"], "abc")
    assert asked(monkeypatch, ["月底"], "ab") == "ab"
    assert asked(monkeypatch, ["年底"], "a") == "a"


def test_without_a_cache_all_is_worked_out(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv(VARIABLE, "off")
    assert [asked(monkeypatch, ["年底"], "年") for _ in range(2)] == ["年", "年"]
    assert not list(folder.iterdir())
