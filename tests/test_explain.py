"""Explain: every character of the output can be traced to its place in the raw page."""

from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.explain import UnknownSpeechError, character_lines, explain_character, explain_speech, position, speech_lines
from pipeline.output import read_records
from pipeline.rulebook import load_rulebook
from pipeline.run import run_folder
from tests.samples import GATE, make_raw


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output of two pages."""
    folder = tmp_path_factory.mktemp("explain")
    run_folder(make_raw(folder / "raw"), folder / "clean")
    return folder / "clean"


@pytest.fixture(scope="module")
def gate(clean: Path) -> dict[str, str]:
    """The record of one speech."""
    return next(one for one in read_records(clean, "speeches.jsonl") if one["page"] == "school/gate.txt")


def test_a_speech_is_placed_in_its_page(clean: Path, gate: dict[str, str]) -> None:
    origin = explain_speech(clean, gate["id"])
    assert origin.text == GATE
    assert (origin.start.line, origin.start.column) == (4, 1)
    assert GATE[origin.start.offset : origin.end.offset].endswith("谢谢大家!")
    text = "\n".join(speech_lines(origin))
    for part in (gate["id"], "关于修缮校门的讲话", "school/gate.txt (gb18030), speech 1", "line 4, column 1", "mask/year 1"):
        assert part in text


def test_the_edits_are_counted_by_rule(clean: Path, gate: dict[str, str]) -> None:
    origin = explain_speech(clean, gate["id"])
    assert sum(origin.rules.values()) >= len(origin.ledger) > 5
    assert list(origin.rules.values()) == sorted(origin.rules.values(), reverse=True)


def test_every_character_is_traced_to_its_place(clean: Path, gate: dict[str, str]) -> None:
    text = gate["text"]
    done = -1
    for offset in range(len(text)):
        found = explain_character(clean, gate["id"], offset)
        assert found.raw.offset >= done
        done = found.raw.offset
        assert GATE[done : done + len(found.before)].startswith(found.before[:1])
        if not found.rules:
            assert GATE[done] == text[offset]


def test_a_changed_character_names_its_rule(clean: Path, gate: dict[str, str]) -> None:
    offset = gate["text"].index("，")
    found = explain_character(clean, gate["id"], offset)
    assert (found.before, found.after) == (",", "，")
    assert GATE[found.raw.offset] == ","
    assert (found.raw.line, found.raw.column) == (6, GATE.split("\n")[5].index(",") + 1)
    text = "\n".join(character_lines(found))
    rule = load_rulebook().find(found.rules[0])
    assert rule.what in text
    assert rule.why in text
    assert "[,]" in text
    assert "[，]" in text


def test_an_untouched_character_says_so(clean: Path, gate: dict[str, str]) -> None:
    found = explain_character(clean, gate["id"], 0)
    assert (found.character, found.rules, found.before) == ("老", (), "老")
    assert "edit: none" in "\n".join(character_lines(found))


def test_a_placeholder_is_told(clean: Path, gate: dict[str, str]) -> None:
    found = explain_character(clean, gate["id"], gate["text"].index("20xx") + 2)
    assert found.placeholder is not None
    assert "placeholder: mask of type year, '20xx'" in "\n".join(character_lines(found))


def test_an_id_may_be_short_but_must_be_of_one_speech(clean: Path, gate: dict[str, str]) -> None:
    assert explain_speech(clean, gate["id"][:8]).speech["id"] == gate["id"]
    with pytest.raises(UnknownSpeechError, match=r"2 speeches begin with ''.*give more"):
        explain_speech(clean, "")
    with pytest.raises(UnknownSpeechError, match="no speech 'zzz'"):
        explain_speech(clean, "zzz")


@pytest.mark.parametrize("offset", [-1, 10**6])
def test_an_offset_must_lie_in_the_text(clean: Path, gate: dict[str, str], offset: int) -> None:
    with pytest.raises(UnknownSpeechError, match="has no offset"):
        explain_character(clean, gate["id"], offset)


def test_a_rule_that_is_gone_does_not_stop_the_answer(clean: Path, gate: dict[str, str], tmp_path: Path) -> None:
    found = explain_character(clean, gate["id"], gate["text"].index("，"))
    stage, name = found.rules[0].split("/")
    (tmp_path / f"{stage}.toml").write_text(f'[[rule]]\nid = "{name}"\nenabled = false\n')
    assert "not among the rules at hand" in "\n".join(character_lines(found, load_rulebook(tmp_path)))


def test_a_folder_that_is_no_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no manifest\.json"):
        explain_speech(tmp_path, "a")


@pytest.mark.parametrize(("offset", "place"), [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3))])
def test_positions_count_from_one(offset: int, place: tuple[int, int]) -> None:
    found = position("ab\ncd", offset)
    assert (found.line, found.column) == place
