"""The punctuation stage: its rules' own examples, the test bed, and what must hold of any text."""

from __future__ import annotations

import importlib.util
import json
import pickle
import unicodedata
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import RulesError
from pipeline.rulebook import Rule, default_rulebook, load_rulebook
from pipeline.stages import punctuation
from pipeline.stages.punctuation import quotes, seen

RULES = default_rulebook()["punctuation"]
BED = Path(__file__).parent.parent / "bed"
RAW = Path(__file__).parents[2] / "raw"
SHARED = Path(__file__).parents[3] / "shared"


def _bed() -> ModuleType:
    spec = importlib.util.spec_from_file_location("punctuation_bed", BED / "punctuation.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write_rule(folder: Path, rule: str, action: str) -> None:
    content = f'[[rule]]\nid = "{rule}"\nwhat = "what"\nwhy = "why"\npattern = ","\n{action}\n'
    (folder / "punctuation.toml").write_text(content, encoding="utf-8")


def clean(text: str) -> str:
    return punctuation.run(text).text


# ───────── the rules say what they do ─────────


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_rule_examples(rule: Rule) -> None:
    assert rule.examples, "a rule shows what it does"
    for example in rule.examples:
        result, acted = punctuation.demonstrate(example.before)
        assert result == example.after
        assert rule.name in acted


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.keeps], ids=lambda rule: rule.id)
def test_rule_keeps(rule: Rule) -> None:
    for text in rule.keeps:
        assert rule.name not in punctuation.demonstrate(text)[1]


def test_every_group_can_be_switched_off() -> None:
    assert all(rule.group for rule in RULES)
    for name, profile in RULES.settings["profiles"].items():
        assert set(profile) <= {"groups", "without", "unsafe"}, name
        assert {*profile.get("groups", ()), *profile.get("without", ())} <= {rule.group for rule in RULES}, name


# ───────── the bed ─────────


@pytest.mark.parametrize(
    ("part", "floor"),
    [
        *((part, 1.0) for part in ("seen", "more", "seen2", "seen3", "seen4", "seen5", "seen6", "former")),
        ("heldout2", 0.975),
        ("heldout3", 0.99),
    ],
)
def test_bed(part: str, floor: float) -> None:
    if not (BED / "punctuation" / f"{part}.jsonl").exists():
        pytest.skip(f"the bed's {part} part is not here")
    result = _bed().score(lambda text, profile: punctuation.run(text, profile=profile).text, part)
    assert result.exact >= floor * result.cases
    assert result.kept >= result.right - (part == "heldout2"), "one case of heldout2 that is right already is changed"


def test_whole_text_is_left_alone_but_for_hyphens_in_ranges() -> None:
    path = BED / "placeholders" / "ordinary.jsonl"
    if not path.exists():
        pytest.skip("the bed of placeholders is not here")
    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    changed = [(before, after) for text in texts for _, before, after, _ in punctuation.run(text).ledger]
    assert sorted(changed) == [("-", "—"), ("-", "～"), ("-", "～"), ("-", "～")]


# ───────── the corpus page ─────────


def test_corpus_page_line_by_line_hard_sites() -> None:
    pages = sorted(SHARED.glob("corpus/*.txt"))
    if not pages:
        pytest.skip("the shared corpus is not beside this checkout")
    raw = pages[0].read_text(encoding="utf-8")
    gold = SHARED / "gold" / pages[0].stem / "punct.jsonl"
    sites = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines()]
    out = list(raw)
    for start, before, after, _ in punctuation.run(raw).ledger:
        for place in range(start, start + len(before)):
            out[place] = after[place - start] if len(after) == len(before) else after if place == start else ""
    required = [site for site in sites if site["status"] == "required" and site["end"] > site["start"]]
    hits = sum("".join(out[site["start"] : site["end"]]) == site["target"] for site in required)
    assert hits >= 0.97 * len(required), "all but the sites of the links and of one scraper's token"


# ───────── what it is for ─────────


def test_several_families_in_one_line() -> None:
    text = "同志们:今年1-5月,按云政发[20xx]6号文件,完成投资12。6亿元..."
    assert clean(text) == "同志们：今年1—5月，按云政发〔20xx〕6号文件，完成投资12.6亿元……"


def test_decimals_list_numbers_and_initials_are_no_sentence_ends() -> None:
    assert clean("1.抓早.投资1.5亿元.读O.亨利.") == "1.抓早。投资1.5亿元。读O.亨利。"


def test_a_quotation_over_several_paragraphs_opens_each_and_closes_once() -> None:
    assert clean('"甲。\n\n"乙。\n\n"丙。"') == "“甲。\n\n“乙。\n\n“丙。”"
    text = "“甲。\n\n“乙。\n\n“丙。”"
    assert clean(text) == text


def test_quotes_are_directed_by_context_not_by_toggling() -> None:
    assert clean("他说：“走”，又说”停“，再说“等”") == "他说：“走”，又说“停”，再说“等”"
    assert clean("清零”行动后，“回头看”开始") == "清零”行动后，“回头看”开始"


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ((1, -1), [1, -1]),
        ((-1, 1), [1, -1]),
        ((0, 0, 0, 0), [1, -1, 1, -1]),
        ((-1,), [0]),
        ((), []),
    ],
)
def test_directions(says: tuple[int, ...], expected: list[int]) -> None:
    marks = [quotes.Mark(at, at + 1, say, "字", "字", True) for at, say in enumerate(says)]
    assert list(quotes.directions(marks)) == expected


def test_a_quotation_inside_a_quotation() -> None:
    assert clean("他说：“我记得一句话：“别急””") == "他说：“我记得一句话：‘别急’”"
    assert clean("抓好“一岗双责“和”党政同责”") == "抓好“一岗双责”和“党政同责”"
    assert clean("“我们要“撸起袖子”加油干”") == "“我们要‘撸起袖子’加油干”"
    assert clean('他说："老师讲过："要学\'愚公\'。""') == "他说：“老师讲过：‘要学“愚公”。’”"


def test_mojibake_is_repaired_inside_a_protected_placeholder() -> None:
    text = "省里赋予ד三个率先”的使命"
    assert punctuation.run(text, protect=[(4, 5)]).text == "省里赋予×“三个率先”的使命"


def test_nothing_changes_inside_protected_spans() -> None:
    text = "甲,乙,丙"
    assert punctuation.run(text, protect=[(1, 2)]).text == "甲,乙，丙"
    assert punctuation.run(text, protect=[(0, len(text))]).text == text


def test_protected_spans_move_with_the_text() -> None:
    text = "好...好,xx.xx,好"
    assert punctuation.run(text, protect=[(6, 11)]).text == "好……好，xx.xx，好"


def test_lint_says_line_column_rule_and_both_texts() -> None:
    assert punctuation.lint("甲，乙\n\n丙,丁") == [(3, 2, "punctuation/comma", ",", "，")]
    assert punctuation.lint("甲，乙。") == []


def test_arabic_list_numbers_with_dun_change_only_in_the_strict_profile() -> None:
    assert clean("1、抓早") == "1、抓早"
    assert punctuation.run("1、抓早", profile="strict").text == "1.抓早"


def test_marks_between_enumerated_pairs_go_only_in_the_strict_profile() -> None:
    assert clean("读《论语》、《孟子》") == "读《论语》、《孟子》"
    assert punctuation.run("读《论语》、《孟子》", profile="strict").text == "读《论语》《孟子》"


def test_no_minus_is_lost_in_a_range() -> None:
    assert clean("气温-20℃~-15℃，-20--15℃") == "气温-20℃～-15℃，-20～-15℃"


def test_a_stop_behind_an_english_quotation_is_chinese() -> None:
    assert clean("“Don't worry, be happy.”他唱道。") == "“Don't worry, be happy.”他唱道。"


def test_profiles() -> None:
    text = "增长８％,超过5-6人...好"
    assert punctuation.run(text).text == "增长8%，超过5～6人……好"
    assert punctuation.run(text, profile="width-only").text == "增长８％，超过5-6人...好"
    assert punctuation.run(text, profile="keep-digits").text == "增长８％，超过5～6人……好"
    with pytest.raises(RulesError, match="no punctuation profile 'loud'"):
        punctuation.run(text, profile="loud")


def test_rules_of_a_user_stand_beside_ours(tmp_path: Path) -> None:
    _write_rule(tmp_path, "comma", 'action = "replace"\nreplacement = "、"')
    assert punctuation.run("甲,乙", load_rulebook(tmp_path)).text == "甲、乙"


def test_rules_are_picklable_after_use() -> None:
    clean("甲,乙")
    assert punctuation.run("甲,乙", pickle.loads(pickle.dumps(RULES))).text == "甲，乙"


def test_code_action_is_only_for_rules_with_code(tmp_path: Path) -> None:
    _write_rule(tmp_path, "mine", 'action = "code"')
    with pytest.raises(RulesError, match="mine"):
        punctuation.run("甲", load_rulebook(tmp_path))


def test_a_quotation_in_what_somebody_says_is_nested() -> None:
    assert clean("他说：“我懂得什么叫“坚守”。”") == "他说：“我懂得什么叫‘坚守’。”"
    assert clean("主题：“清零“和”回头看”") == "主题：“清零”和“回头看”"


def test_a_stop_in_a_word_goes_only_where_it_is_certain() -> None:
    assert clean("办学的质。量") == "办学的质。量"
    assert clean("他不服。务必劝住。") == "他不服。务必劝住。"
    assert clean("要把握机。遇,乘势而上") == "要把握机遇，乘势而上"


# ───────── what holds of any text ─────────

MIXED = st.text(
    alphabet=st.one_of(
        st.sampled_from("好我的村里海伦等一二十第其首最后月年号发0123xXaB，。、；：！？,.;:!?…—-–~～·•"),
        st.sampled_from("\"'“”‘’「」『』()（）[]〔〕《》<>% ％\n　×*ד．｡`$\\{}@/"),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(MIXED)
def test_the_places_counted_in_a_long_text_are_those_found_in_a_short_one(text: str) -> None:
    assert seen.counted(f"\n{text}\n") == seen.searched(f"\n{text}\n")


def test_a_long_text_is_looked_at_in_pieces_without_a_seam() -> None:
    line = "好,真好!他说:“走”,，(甲)1.5"
    text = f"{line}\n" * (seen.VERY_LONG // len(line))
    assert seen.counted(text) == seen.searched(text)
    assert clean(text) == f"{clean(line)}\n" * (seen.VERY_LONG // len(line))


def test_scopes_say_in_which_lines_a_rule_acts(tmp_path: Path) -> None:
    assert clean("增长5%-10%") == "增长5%～10%"
    assert clean("5%-10%\n18：00") == "5%～10%\n18:00", "a line of figures alone is read as Chinese"
    assert clean("Growth was 5%-10%.") == "Growth was 5%-10%."
    _write_rule(tmp_path, "mine", 'action = "replace"\nreplacement = "、"\nscope = "everywhere"')
    with pytest.raises(RulesError, match=r"'mine'.*no scope 'everywhere'"):
        punctuation.run("甲", load_rulebook(tmp_path))


def test_full_width_letters_are_read_before_all_else_but_code() -> None:
    assert clean("见ｈｔｔｐ：／／ａ．ｅｘａｍｐｌｅ/ｂ,ｃ,谢谢") == "见http://a.example/b,c，谢谢"
    assert clean("执行`ｌｓ,名单`即可,不难") == "执行`ｌｓ,名单`即可，不难"


def test_a_dot_in_a_phrase_is_a_stop_where_the_lines_other_dots_are() -> None:
    assert clean("孩子们的.笑脸很美。") == "孩子们的笑脸很美。"
    assert clean("这是一个人的.门开了.雨停了.") == "这是一个人的。门开了。雨停了。"


def test_a_name_of_several_parts() -> None:
    assert clean("她读列奥纳多.达.芬奇.") == "她读列奥纳多·达·芬奇。"
    assert clean("他就是马克西姆.高尔基.科洛连柯") == "他就是马克西姆·高尔基·科洛连柯"
    assert clean("书是查尔斯.狄更斯写的.他也读过.") == "书是查尔斯·狄更斯写的。他也读过。"


def _hanzi(text: str) -> list[str]:
    return [char for char in text if "㐀" <= char <= "鿿"]


def _letters(text: str) -> list[str]:
    """Letters and digits with their width folded, hanzi aside."""
    kept = (char for char in text if char.isalnum() and not "㐀" <= char <= "鿿" and not "א" <= char <= "ת")
    return [unicodedata.normalize("NFKC", char) for char in kept]


@settings(max_examples=600, deadline=None)
@given(MIXED)
def test_any_text(text: str) -> None:
    first = punctuation.run(text)
    assert first.ledger.apply(text) == first.text
    assert first.ledger.inverse().apply(first.text) == text
    assert not punctuation.run(first.text).ledger
    assert _hanzi(first.text) == _hanzi(text)
    assert _letters(first.text) == _letters(text)
    assert first.text.count("\n") == text.count("\n")
    assert all(rule.startswith("punctuation/") for _, _, _, rules in first.ledger for rule in rules)


@settings(max_examples=200, deadline=None)
@given(MIXED, st.data())
def test_no_change_inside_protected_spans(text: str, data: st.DataObject) -> None:
    text = text.translate(dict.fromkeys(range(0x5D0, 0x5EB)))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    result = punctuation.run(text, protect=[(start, end)])
    assert all(at + len(before) <= start or at >= end for at, before, _, _ in result.ledger)
    assert text[start:end] in result.text


@settings(max_examples=150, deadline=None)
@given(st.lists(MIXED, max_size=5))
def test_run_many_is_run_for_each(texts: list[str]) -> None:
    assert punctuation.run_many(texts) == [punctuation.run(text) for text in texts]


@settings(max_examples=100, deadline=None)
@given(st.lists(MIXED, min_size=2, max_size=3), st.data())
def test_run_many_minds_protected_spans(texts: list[str], data: st.DataObject) -> None:
    protect = []
    for text in texts:
        start = data.draw(st.integers(0, len(text)))
        protect.append([(start, data.draw(st.integers(start, len(text))))])
    alone = [punctuation.run(text, protect=spans) for text, spans in zip(texts, protect, strict=True)]
    assert punctuation.run_many(texts, protect=protect) == alone


def test_run_many_is_run_for_each_speech_of_the_sample_pages() -> None:
    pages = [path.read_bytes().decode("utf-8", "ignore") for path in sorted(RAW.rglob("*")) if path.is_file()]
    texts = [part for page in pages for part in page.replace("\r", "").split("\n\n") if part.strip()]
    if not texts:
        pytest.skip("no sample pages in raw/")
    assert punctuation.run_many(texts) == [punctuation.run(text) for text in texts]


@settings(max_examples=200, deadline=None)
@given(MIXED, MIXED)
def test_lines_do_not_reach_into_each_other(one: str, two: str) -> None:
    """But for a quotation that goes on, code fences, and a mark at a line's end, which no hanzi line shares."""
    one, two = (part.replace("\n", "").replace("`", "") for part in (one, two))
    if any(mark in two for mark in '"“「＂〝'):
        return
    assert clean(f"{one}\n{two}") == f"{clean(one)}\n{clean(two)}"


def test_no_line_of_the_bed_minds_its_neighbours() -> None:
    lines = [case.input for part in ("seen", "more") for case in _bed().cases(part)]
    lines = [
        line for line in lines if "\n" not in line and "```" not in line and not line.lstrip().startswith(tuple('"“「＂〝”'))
    ]
    assert len(lines) > 500
    assert clean("\n".join(lines)).split("\n") == [clean(line) for line in lines]


@pytest.mark.parametrize(
    ("piece", "expected"),
    [("我们的.家乡很好", "我们的家乡很好"), ("大家都在.社会主.义的路上", "大家都在。社会主义的路上")],
)
def test_a_line_of_many_dots_takes_as_long_as_it_is(piece: str, expected: str) -> None:
    times = 4000  # where each dot looks at its whole line this takes minutes
    assert punctuation.run(piece * times).text == expected * times
