"""Furniture is learned from many pages, and nothing that a speaker says."""

import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cleaning import clean_bytes
from pipeline.cli import main
from pipeline.furniture import Learned, Tally, gather, is_furniture
from pipeline.learn import Lesson, learn_folder
from pipeline.recurring import Counters, Key, Sighting
from pipeline.rulebook import Rulebook, default_rulebook, load_rulebook
from pipeline.rulefile import write_rules
from pipeline.selftest import find_faults, load_for_test
from tests.sites import BARE, SITES, Page, Site, make_page, write_site

BOOK = default_rulebook()
OWN = BOOK["learn"]
REMOVED = frozenset({"page_title", "page_meta", "boilerplate", "link_residue", "speech_title"})


def removed_f1(pages: Iterable[Page], book: Rulebook) -> tuple[float, list[str], int]:
    """F1 of removed lines, the speeches' lines that are gone or changed, and how much advertising is left in paragraphs."""
    hit = found = wanted = left = 0
    lost: list[str] = []
    for page in pages:
        made = clean_bytes(page.text.encode(), book)
        away = {block.start for block in made.blocks if block.label in REMOVED}
        at = 0
        for line, gone in zip(page.text.split("\n"), page.away, strict=True):
            hit, found, wanted = hit + (gone and at in away), found + (at in away), wanted + gone
            at += len(line) + 1
        text = "\n".join(speech.text for speech in made.speeches)
        lost += [line for line in page.spoken if line not in text]
        left += sum(text.count(words) for words in set(page.injected))
    return 2 * hit / (found + wanted), lost, left


def texts(learned: Iterable[Learned]) -> set[tuple[str, str]]:
    return {(one.key.kind, one.key.text) for one in learned}


@pytest.mark.parametrize(
    ("site", "before", "after"),
    [(SITES[0], 0.965, 1.0), (SITES[1], 0.959, 1.0), (SITES[2], 0.753, 1.0)],
    ids=[site.name for site in SITES],
)
def test_an_unknown_sites_furniture_is_learned_from_its_pages(tmp_path: Path, site: Site, before: float, after: float) -> None:
    """before, after: F1 of removed lines when this was written, as docs/learn.md has it."""
    write_site(tmp_path / "raw", site, pages=200, seed=7)
    out = tmp_path / "learned.toml"
    assert write_rules(learn_folder(tmp_path / "raw"), out, BOOK) > 0
    random = Random(70_000)
    others = [make_page(site, random) for _ in range(50)]
    plain, _, left = removed_f1(others, BOOK)
    learned, lost, still = removed_f1(others, load_rulebook(out))
    assert plain >= before - 0.005
    assert plain < 0.99, "the site is no test any more: rules know its furniture"
    assert learned == pytest.approx(after, abs=0.005)
    assert lost == []
    assert left > 100
    assert still == 0


def test_nothing_is_learned_where_there_is_no_furniture(tmp_path: Path) -> None:
    write_site(tmp_path / "raw", BARE, pages=200, seed=3)
    assert learn_folder(tmp_path / "raw").learned == []


def test_copies_of_a_speech_teach_nothing(tmp_path: Path) -> None:
    write_site(tmp_path, BARE, pages=20, seed=4)
    copied = make_page(BARE, Random(5)).text.replace("谢谢大家！", "散会！") + "\n本文由值班室整理\n请到楼下领取文稿"
    for number in range(30):
        text = copied.replace("20", "xx") if number % 2 else copied
        (tmp_path / f"copy{number:02}.txt").write_text(text, encoding="utf-8")
    assert learn_folder(tmp_path).learned == []


def test_sites_in_one_folder_are_learned_together_whatever_the_number_of_workers(tmp_path: Path) -> None:
    random = Random(6)
    for number in range(90):
        (tmp_path / f"{number:03}.txt").write_text(make_page(SITES[number % 3], random).text, encoding="utf-8")
    lesson = learn_folder(tmp_path, jobs=1)
    found = texts(lesson.learned)
    for site in SITES[:2]:
        assert {("line", line) for line in (*site.banner, *site.footer)} <= found
        assert ("line", site.between) in found
        assert ("tail", site.tail) in found
        assert ("phrase", site.opening) in found
    assert learn_folder(tmp_path, jobs=2) == lesson
    again = Lesson(lesson.pages, list(lesson.learned))
    one, two = tmp_path / "one" / "learned.toml", tmp_path / "two" / "learned.toml"
    write_rules(lesson, one, BOOK)
    write_rules(again, two, BOOK)
    assert one.read_bytes() == two.read_bytes()


def test_what_rules_know_is_not_learned_again(tmp_path: Path) -> None:
    write_site(tmp_path / "raw", SITES[0], pages=40, seed=8)
    out = tmp_path / "learned.toml"
    write_rules(learn_folder(tmp_path / "raw"), out, BOOK)
    assert learn_folder(tmp_path / "raw", rules=[out]).learned == []


def test_the_rule_file_explains_itself_and_passes_its_tests(tmp_path: Path) -> None:
    write_site(tmp_path / "raw", SITES[1], pages=30, seed=9)
    out = tmp_path / "rules" / "boilerplate.toml"
    count = write_rules(learn_folder(tmp_path / "raw"), out, BOOK)
    content = tomllib.loads(out.read_text(encoding="utf-8"))
    assert len(content["rule"]) == count
    for rule in content["rule"]:
        assert " pages below lusheng/, such as lusheng/00" in rule["why"]
        assert len(rule["examples"]) == 1
        assert rule["keeps"] == []
        assert str(tmp_path) not in str(rule)
    assert any(r"入库第\d{1,20}号" in rule["pattern"] for rule in content["rule"])
    assert SITES[1].tail in content["sets"]["boilerplate-tail-1"]
    book, rules = load_for_test([out])
    assert len(rules) == count
    assert find_faults(book, rules) == []
    folder_book = load_rulebook(out.parent)
    assert removed_f1([make_page(SITES[1], Random(1))], folder_book)[0] == 1.0


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=20, unique=True), max_size=12))
def test_counters_never_count_too_few(pages: list[list[int]]) -> None:
    counters = Counters(6)
    for keys in pages:
        counters.add(keys)
    often = Counter(key for keys in pages for key in keys)
    hot = counters.reached(3)
    assert all(hot.holds(key) for key, times in often.items() if times >= 3)


def test_few_tallies_are_held_at_a_time() -> None:
    tallies: dict[Key, Tally] = {}
    for page in range(50):
        keys = [Key("line", "常"), *(Key("line", f"{page}-{number}") for number in range(20))]
        gather(tallies, f"{page}.txt", [Sighting(key, key.text, "away", "above", False, page) for key in keys], 100)
        assert len(tallies) <= 100
    assert tallies[Key("line", "常")].units == 50


def test_a_page_that_cannot_be_read_is_named_without_its_folder(tmp_path: Path) -> None:
    write_site(tmp_path, BARE, pages=2, seed=1)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    failed = learn_folder(tmp_path).failed
    assert [one.path for one in failed] == ["gone.txt"]
    assert str(tmp_path) not in failed[0].error


def tally(units: int, stand: str = "away", forms: Iterable[str] = ("",), folder: str = "") -> Tally:
    pages = {f"{folder}{number}.txt" for number in range(units)}
    return Tally({stand: set(range(units))}, seen=units, forms=set(forms), pages=pages)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "stand", "units", "learned"),
    [
        ("青苗文稿馆", "away", 5, True),
        ("青苗文稿馆", "away", 4, False),
        ("青苗文稿馆", "edge", 5, True),
        ("青苗馆", "edge", 5, False),
        ("青苗文稿馆", "inside", 9, False),
        ("青苗文稿馆", "inside", 10, True),
        ("青苗文稿馆", "fixed", 90, False),
        ("青苗馆", "title", 19, False),
        ("青苗馆", "title", 20, True),
        ("让我们一起努力", "away", 90, False),
        ("谢谢大家下载", "away", 5, True),
        ("谢谢大家下载", "edge", 90, False),
        ("请关注天气,备好雨具。", "inside", 900, False),
        ("请关注天气,备好雨具。", "edge", 900, False),
        ("会议开得很好,很成功。", "away", 10, False),
        ("石桥镇办公室", "edge", 40, False),
        ("篇1", "away", 90, False),
        ("一、提高认识", "away", 90, False),
        ("·", "away", 90, False),
    ],
)
def test_a_line_is_judged_by_its_words_its_place_and_its_pages(text: str, stand: str, units: int, learned: bool) -> None:
    assert is_furniture(Key("line", text), tally(units, stand), OWN, {"": 2000}) is learned


@pytest.mark.parametrize("text", ["街坊好:", "早上好!", "就这些。", "石桥镇办公室", "我们的桥"])
def test_what_may_open_or_close_a_speech_is_not_learned_from_its_edges(text: str) -> None:
    assert not is_furniture(Key("line", text), tally(40, "edge"), OWN, {"": 40})


@pytest.mark.parametrize(("pages", "learned"), [(40, True), (80, True), (81, False)])
def test_an_edge_line_without_a_word_of_a_site_is_learned_from_most_pages_of_a_folder(pages: int, learned: bool) -> None:
    assert is_furniture(Key("line", "雁来雁去"), tally(40, "edge", folder="a/"), OWN, {"a": pages}) is learned


@pytest.mark.parametrize(
    ("kind", "text", "forms", "learned"),
    [
        ("digits", "归卷0-0-0 翻过0回", "123", True),
        ("digits", "归卷0-0-0 翻过0回", "12", False),
        ("digits", "0年0月0日", "123", False),
        ("digits", "第0页共0页", "123", False),
        ("lead", "架位:", "123", True),
        ("lead", "架位:", "12", False),
        ("lead", "主讲人:", "123", False),
        ("head", "阁楼只抄录不评说", "1", True),
        ("head", "阁楼只抄录不评说", "12", False),
    ],
)
def test_a_pattern_needs_different_forms_and_words_of_its_own(kind: str, text: str, forms: str, learned: bool) -> None:
    assert is_furniture(Key(kind, text), tally(30, forms=forms), OWN) is learned  # type: ignore[arg-type]


def test_the_command_learns_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_site(tmp_path / "raw", SITES[1], pages=12, seed=2)
    (tmp_path / "raw" / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    out = tmp_path / "learned.toml"
    assert main(["learn", str(tmp_path / "raw"), "--out", str(out), "--jobs", "1"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "picture: " in shown.err
    assert "12 pages: " in shown.err
    assert main(["rules", "test", str(out)]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(("out", "message"), [("learned.txt", "ends in .toml"), ("raw/learned.toml", "inside the raw folder")])
def test_a_rule_file_that_cannot_be_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, message: str
) -> None:
    write_site(tmp_path / "raw", BARE, pages=1, seed=1)
    assert main(["learn", str(tmp_path / "raw"), "--out", str(tmp_path / out)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / out).exists()


def test_nothing_learned_is_a_rule_file_without_rules(tmp_path: Path) -> None:
    out = tmp_path / "learned.toml"
    assert write_rules(Lesson(3), out, BOOK) == 0
    assert load_rulebook(out).digest == BOOK.digest
