"""Check: what changes between two runs, where, and by which rules."""

import json
from pathlib import Path

import pytest

from pipeline.check import check_folder, compare_folders, comparison_lines, differing_edits, first_difference
from pipeline.errors import OutputError
from pipeline.run import RunOptions, run_folder
from tests.samples import CANAL, PAGES, contents, make_raw

RULES = """
[[rule]]
id = "season"
what = "Winter becomes summer."
why = "A rule for tests."
pattern = '冬天'
action = "replace"
replacement = "夏天"
examples = [{ before = "冬天", after = "夏天" }]
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Two raw pages."""
    return make_raw(tmp_path / "raw")


@pytest.fixture
def clean(raw: Path, tmp_path: Path) -> Path:
    """Their output."""
    run_folder(raw, tmp_path / "clean")
    return tmp_path / "clean"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with a rule that changes one speech."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "repair.toml").write_text(RULES, encoding="utf-8")
    return tmp_path / "rules"


def said(clean: Path, raw: Path | None = None, **options: object) -> str:
    return "\n".join(comparison_lines(check_folder(clean, raw, **options)))  # type: ignore[arg-type]


def test_nothing_changes_where_nothing_changed(clean: Path, raw: Path) -> None:
    before = contents(clean)
    assert said(clean, raw) == said(clean) == "no difference: 2 pages, 2 speeches"
    assert contents(clean) == before


@pytest.mark.parametrize("options", [RunOptions(placeholders="tag"), RunOptions(duplicates="drop")])
def test_the_options_come_from_the_manifest(raw: Path, tmp_path: Path, options: RunOptions) -> None:
    make_raw(raw, {"copy.txt": CANAL.encode()})
    run_folder(raw, tmp_path / "clean", options=options)
    assert not check_folder(tmp_path / "clean")


@pytest.mark.parametrize("restored", [True, False])
def test_a_rule_that_changes_a_speech_is_named_with_its_place(clean: Path, raw: Path, rules: Path, restored: bool) -> None:
    found = check_folder(clean, None if restored else raw, rules=[rules])
    assert [page.path for page in found.changes] == ["canal.txt"]
    (speech,) = found.changes[0].changed
    assert speech.fields == ("text",)
    (one,) = speech.differences
    assert (one.raw, one.old, one.new) == ("冬天", "冬天", "夏天")
    assert (one.old_rules, one.new_rules) == ((), ("repair/season",))
    assert (one.line, one.column) == (5, CANAL.split("\n")[4].index("冬天") + 1)
    text = said(clean, rules=[rules])
    assert "rules " in text.split("\n")[0]
    assert "(digest)" in text.split("\n")[0]
    assert "[冬天]" in text
    assert "冬天 → 夏天 (repair/season)" in text
    assert "speeches: 1 changed, 0 new, 0 gone; 1 of 2 pages differ" in text


def test_pages_that_came_and_went_are_told(clean: Path, raw: Path) -> None:
    (raw / "canal.txt").rename(raw / "ditch.txt")
    text = said(clean, raw)
    assert "canal.txt\n  page is gone\n  gone " in text
    assert "ditch.txt\n  page is new\n  new " in text


def test_a_raw_page_that_changed_is_told(clean: Path, raw: Path) -> None:
    make_raw(raw, {"canal.txt": PAGES["canal.txt"].replace("四十".encode(), "五十".encode())})
    assert "the raw file is another one" in said(clean, raw)


def test_a_page_that_fails_now_is_told(clean: Path, raw: Path) -> None:
    make_raw(raw, {"canal.txt": b"\x89PNG\r\n\x1a\n\x00"})
    text = said(clean, raw)
    assert "canal.txt: had not failed → failed: " in text
    assert "page is gone" in text


def test_pages_that_failed_before_do_not_matter_without_raw(raw: Path, tmp_path: Path) -> None:
    make_raw(raw, {"photo.txt": b"\x89PNG\r\n\x1a\n\x00"})
    run_folder(raw, tmp_path / "clean")
    assert not check_folder(tmp_path / "clean")
    assert not check_folder(tmp_path / "clean", raw)


def test_an_output_without_pages_can_be_checked(tmp_path: Path, rules: Path) -> None:
    run_folder(make_raw(tmp_path / "photos", {"photo.txt": b"\x89PNG\r\n\x1a\n\x00"}), tmp_path / "none")
    assert not check_folder(tmp_path / "none")
    assert check_folder(tmp_path / "none", rules=[rules]).facts


def test_lines_with_another_label_are_told(clean: Path, raw: Path, tmp_path: Path) -> None:
    run_folder(raw, tmp_path / "new")
    pages = (tmp_path / "new" / "pages.jsonl").read_text(encoding="utf-8").splitlines()
    page = json.loads(pages[1])
    block = next(block for block in page["blocks"] if block["label"] == "page_meta")
    block.update(label="boilerplate", rule="labels/other")
    (tmp_path / "new" / "pages.jsonl").write_text(pages[0] + "\n" + json.dumps(page) + "\n", encoding="utf-8")
    found = compare_folders(clean, tmp_path / "new")
    (line,) = found.changes[0].relabelled
    assert line.line == 2
    assert ([label for label, _ in line.old], line.new) == (["page_meta"], (("boilerplate", "labels/other"),))
    assert "line 2: page_meta" in "\n".join(comparison_lines(found))


def test_what_differs_besides_the_text_is_told(clean: Path, raw: Path, tmp_path: Path) -> None:
    run_folder(raw, tmp_path / "new")
    lines = (tmp_path / "new" / "speeches.jsonl").read_text(encoding="utf-8").splitlines()
    speech = json.loads(lines[1])
    speech.update(title="另一个题目", flags=["truncated"])
    speech["placeholders"][0]["type"] = "other"
    (tmp_path / "new" / "speeches.jsonl").write_text(lines[0] + "\n" + json.dumps(speech) + "\n", encoding="utf-8")
    text = "\n".join(comparison_lines(compare_folders(clean, tmp_path / "new")))
    for part in (
        'title: "关于修缮校门的讲话" → "另一个题目"',
        '] → ["truncated"]',
        "gone: mask/year '20xx'",
        "new: mask/other '20xx'",
    ):
        assert part in text


def test_another_version_is_told(clean: Path) -> None:
    manifest = json.loads((clean / "manifest.json").read_text(encoding="utf-8"))
    (clean / "manifest.json").write_text(json.dumps({**manifest, "version": "0.0.9"}), encoding="utf-8")
    assert said(clean).startswith("version 0.0.9 → ")


def test_a_folder_that_is_no_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no manifest\.json"):
        check_folder(tmp_path)


def test_edits_that_overlap_become_one_difference() -> None:
    text = "甲,,乙..丙"
    old = [(1, ",", "，", ("a",)), (2, ",", "", ("a",)), (4, "..", "。", ("c",))]
    new = [(1, ",,", "，", ("b",)), (4, "..", "。", ("c",))]
    (one,) = differing_edits(old, new, text)
    assert (one.raw, one.old, one.new, one.old_rules, one.new_rules) == (",,", "，", "，", ("a",), ("b",))


def test_insertions_and_removals_are_differences() -> None:
    text = "甲乙\n丙"
    found = list(differing_edits([(1, "", "、", ("a",))], [(2, "\n", "", ("b",))], text))
    assert [(one.raw, one.old, one.new, one.line, one.column) for one in found] == [
        ("", "、", "", 1, 2),
        ("\n", "\n", "", 1, 3),
    ]


def test_equal_ledgers_do_not_differ() -> None:
    edits = [(0, "a", "b", ("r",)), (3, "", "x", ("r",))]
    assert list(differing_edits(edits, list(edits), "abcd")) == []


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [("aXc", "aYc", ("X", "Y")), ("aa", "aaa", ("", "a")), ("", "x", ("", "x")), ("ab", "b", ("a", ""))],
)
def test_the_first_difference_of_two_texts(old: str, new: str, shown: tuple[str, str]) -> None:
    one = first_difference(old, new)
    assert (one.old, one.new) == shown
