"""Labelling and splitting: the page bed, the corpus page where it is at hand, and properties over any text."""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.page import LABELS, Labelled
from pipeline.rulebook import Rulebook, default_rulebook, rulebook_over
from pipeline.stages import labels
from pipeline.stages._lines import lines_of, view_of
from pipeline.stages._meta import iso_date
from pipeline.stages._sequence import best_sequence
from tests.bed import pages as bed

SHARED = Path(__file__).parents[3] / "shared"
CORPUS = "000_5c63eede7426c25a"

FRAGMENTS = st.sampled_from(
    [
        *("同志们：", "各位领导、各位来宾：", "谢谢大家！", "篇1", "【篇二：在年会上的讲话】", "讲话稿2各位工友，大家好！"),
        *("相关推荐", "上一篇：没有了", "时间：2020-02-03 作者：某人", "一、抓好落实", "第一，说安全。", "工作总结。", "- 3 -"),
        *("……此处隐藏90个字……", "今天开一个会，说完就散。", "\u3000\u3000", "\u00a0", "\n", "\n\n", "，", "1", "\x85"),
        *("学校运动会讲话稿", "以下是小编整理的范文，仅供参考。", "\U0001f600", "\x00", "x" * 50, "各" * 130 + "。"),
    ]
)
ANY_PAGE = st.one_of(st.text(max_size=200), st.lists(st.one_of(FRAGMENTS, st.text(max_size=12)), max_size=30).map("".join))


@lru_cache(maxsize=1)
def book() -> Rulebook:
    return default_rulebook()


def label(text: str) -> Labelled:
    return labels.run(text, book())


@given(st.lists(ANY_PAGE, max_size=4))
@settings(max_examples=100, deadline=None)
def test_any_pages_together_are_each_as_alone(texts: list[str]) -> None:
    assert labels.run_many(texts, book()) == [label(text) for text in texts]


def test_pages_of_the_bed_together_are_each_as_alone() -> None:
    texts = [page.text for page in bed.read_pages("seen12")][:12]
    assert len(texts) > 9
    assert labels.run_many(texts, book()) == [label(text) for text in texts]


def test_rules_for_whole_pages_see_each_page_alone(tmp_path: Path) -> None:
    head = '[[rule]]\nid = "mine"\nwhat = "w"\nwhy = "w"\naction = "label"\nlabel = "boilerplate"\n'
    rule = f'{head}score = 9\nwhere = "text"\npattern = "甲"\n'
    (tmp_path / "labels.toml").write_text(rule, encoding="utf-8")
    own = rulebook_over([tmp_path])
    pages = ["同学们:\n甲乙丙丁,戊己庚辛。", "甲", "谢谢大家!"]
    assert labels.run_many(pages, own) == [labels.run(page, own) for page in pages]


@given(ANY_PAGE)
@settings(max_examples=150, deadline=None)
def test_blocks_tile_every_line_and_drafts_are_ordered(text: str) -> None:
    page = label(text)
    assert page.text == text
    covered = "".join(text[block.start : block.end] for block in page.blocks)
    assert covered == text.replace("\n", "")
    assert all(one.end <= two.start for one, two in zip(page.blocks, page.blocks[1:], strict=False))
    assert all(block.label in LABELS and "\n" not in text[block.start : block.end] for block in page.blocks)
    assert all((block.level > 0) == (block.label == "heading") for block in page.blocks)
    last = 0
    for draft in page.drafts:
        assert last <= draft.first < draft.last <= len(page.blocks)
        spoken = {"salutation", "heading", "closing", "body"}
        assert page.blocks[draft.first].label in spoken and page.blocks[draft.last - 1].label in spoken
        last = draft.last


@given(ANY_PAGE)
@settings(max_examples=60, deadline=None)
def test_width_and_script_make_no_difference(text: str) -> None:
    narrow = text.replace("，", ",").replace("：", ":").replace("！", "!").replace("（", "(").replace("）", ")")
    assert [block.label for block in label(narrow).blocks] == [block.label for block in label(text).blocks]


@given(st.text(alphabet="abc讲講（(：:　 \n", max_size=60))
def test_view_is_as_long_as_the_text(text: str) -> None:
    assert len(view_of(text, book()["labels"])) == len(text)


def test_traditional_forms_of_all_characters_in_rules_are_known() -> None:
    from opencc import OpenCC

    convert = OpenCC("s2t").convert
    labels_rules = default_rulebook()["labels"]
    known = set(labels_rules.settings["traditional"])
    written = {
        char
        for stage in ("labels", "boilerplate", "paragraphs", "links")
        for rule in default_rulebook()[stage]
        for char in (rule.pattern or "") + "".join(rule.literals)
        if "一" <= char <= "龥"
    }
    missing = {char: convert(char) for char in written if convert(char) != char and convert(char) not in known}
    assert missing == {}


def test_traditional_page_is_labelled_like_a_simplified_one() -> None:
    simplified = "植树节讲话稿\n发布时间：2020-03-12\n同学们：\n春风来了，我们去种树。\n谢谢大家！\n相关推荐\n读书节讲话稿"
    traditional = "植樹節講話稿\n發布時間：2020-03-12\n同學們：\n春風來了，我們去種樹。\n謝謝大家！\n相關推薦\n讀書節講話稿"
    assert [block.label for block in label(traditional).blocks] == [block.label for block in label(simplified).blocks]


def test_clean_speech_keeps_its_title_and_all_its_lines() -> None:
    text = (
        "在码头消防演练上的讲话\n\n各位师傅：\n\n"
        + "缆绳边上不准抽烟，这一条我说过二十遍，今天是第二十一遍。\n\n" * 4
        + "谢谢大家！"
    )
    page = label(text)
    assert [draft.title for draft in page.drafts] == ["在码头消防演练上的讲话"]
    assert page.drafts[0].last - page.drafts[0].first == 6


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("篇1：厂长在开工会上的讲话", "厂长在开工会上的讲话"),
        ("【篇二:在护林动员会上的讲话】", "在护林动员会上的讲话"),
        ("【第三篇】护林讲话", "护林讲话"),
        ("护林员讲话稿（精选篇4）", "护林员讲话稿"),
        ("护林员讲话稿 篇5", "护林员讲话稿"),
        ("护林员讲话稿6", "护林员讲话稿"),
        ("护林员讲话稿(精选篇7)在防火会上的讲话", "在防火会上的讲话"),
        ("（篇八）", None),
        ("篇9", None),
    ],
)
def test_marks_are_no_part_of_a_title(line: str, title: str | None) -> None:
    body = "各位护林员：\n山上的草已经干了，火种一律不许带上山，谁的片区谁负责到底。\n" * 2
    page = label(f"护林讲话材料汇编(2篇)\n{line}\n{body}")
    assert page.drafts[0].title == title


def test_glued_title_and_salutation_are_two_blocks() -> None:
    text = "春耕动员讲话稿1尊敬的各位乡亲：\n种子已经到了供销社，化肥也不涨价，今年的地一亩也不能荒。"
    page = label(text)
    assert [text[block.start : block.end] for block in page.blocks][:2] == ["春耕动员讲话稿1", "尊敬的各位乡亲："]
    assert page.drafts[0].title == "春耕动员讲话稿"


def test_two_speeches_in_one_line_are_two() -> None:
    first = "乡亲们，草干了，火种一律不许带上山，谁的片区谁负责到底。谢谢大家！"
    second = "天冷了，进山的人要带够干粮，结伴走，天黑以前一定下山。"
    page = label(f"护林讲话稿1{first}护林讲话稿2{second}")
    assert [draft.title for draft in page.drafts] == ["护林讲话稿", "护林讲话稿"]
    assert [page.text[page.blocks[draft.first].start : page.blocks[draft.last - 1].end] for draft in page.drafts] == [
        first,
        second,
    ]


def test_repeated_speech_is_not_taken_for_a_preview() -> None:
    speech = "各位护林员：\n山上的草已经干了，火种一律不许带上山，谁的片区谁负责到底，夜里也要有人守着。\n谢谢大家！\n"
    page = label(f"护林讲话稿汇编(2篇)\n篇1\n{speech}篇2\n{speech}")
    assert [draft.last - draft.first for draft in page.drafts] == [3, 3]


def test_second_salutation_begins_a_speech_and_a_quoted_one_does_not() -> None:
    first = "同志们：\n今天开会只说一件事，就是把河里的垃圾捞干净，谁的河段谁来捞，月底以前我坐船去看。\n谢谢大家！\n"
    second = "各位船工：\n桨和网都发到你们手里了，捞上来的东西过秤，一斤两毛钱，钱当天结清，一分也不拖欠。"
    assert len(label(first + second).drafts) == 2
    quoted = "同志们：\n今天开会只说一件事，就是把河里的垃圾捞干净。我把五十年前的一封信念给大家听，信上是这样写的：\n" + second
    assert len(label(quoted).drafts) == 1


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("时间：2021-04-05 06:07:08 作者：柳叶 来源：柳叶网", "published", "2021-04-05T06:07:08"),
        ("时间：2021-04-05 06:07:08 作者：柳叶 来源：柳叶网", "author", "柳叶"),
        ("发布：2014年1月3日来源：柳叶网作者：佚名编辑：小柳点击：", "source", "柳叶网"),
        ("发布：2014年1月3日来源：柳叶网作者：佚名编辑：小柳点击：", "editor", "小柳"),
        ("发布：2014年1月3日来源：柳叶网作者：佚名编辑：小柳点击：", "views", None),
        ("浏览：1,284次", "views", "1284"),
        ("更新时间：　　来源：　　编辑：", "published", None),
    ],
)
def test_meta_is_read(line: str, field: str, value: str | None) -> None:
    page = label(f"植树节讲话稿\n{line}\n植树节讲话稿\n同学们：\n春风来了，我们去种树，每个班种二十棵，种完再走。")
    assert page.meta[field] == value
    assert page.meta["page_title"] == "植树节讲话稿"


def test_iso_date_refuses_impossible_days() -> None:
    assert iso_date("2020-13-40") is None and iso_date("没有日期") is None


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        ("……此处隐藏400个字……\n还有一件事，渔网要收好。", "hidden-middle"),
        ("（未完，全文共900字，当前显示300字）", "truncated"),
        ("如果您还需要调整语气，请随时告诉我。作为一个写作助手，我很乐意修改。", "machine-written"),
    ],
)
def test_furniture_flags_the_speech_that_it_stands_in(line: str, flag: str) -> None:
    page = label(
        f"在渔港安全会上的讲话\n各位船长：\n台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道，一条也不能少。\n{line}"
    )
    assert flag in page.drafts[0].flags


def test_count_mismatch_is_flagged() -> None:
    page = label("渔港讲话稿(精选5篇)\n篇1\n各位船长：\n台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道，一条也不能少。")
    assert "count-mismatch" in page.drafts[0].flags


def test_sequence_weighs_neighbours() -> None:
    assert best_sequence([], {}) == []
    assert best_sequence([{"a": 1.0, "b": 1.0}], {}) == ["a"]
    assert best_sequence([{"a": 0.0, "b": 0.5}, {"a": 0.0}], {"b": {"a": -1.0}}) == ["a", "a"]
    assert best_sequence([{"a": 0.0, "b": 0.5}], {"b": {"end": -1.0}}) == ["a"]


def test_lines_are_cut_only_inside() -> None:
    assert [(line.start, line.end) for line in lines_of("甲乙\n丙", [0, 1, 2, 3])] == [(0, 1), (1, 2), (3, 4)]


STORM = "台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道，一条也不能少，谁的船谁负责。"


def speech(title: str) -> str:
    return f"{title}\n{STORM}"


def labelled(text: str) -> list[tuple[str, str]]:
    page = label(text)
    return [(block.label, page.text[block.start : block.end]) for block in page.blocks]


@pytest.mark.parametrize(
    "line",
    [
        f"以下是小编为大家整理的渔港讲话稿，供大家参考。各位船长：{STORM * 8}",
        f"以下是小编为大家整理的渔港讲话稿，供大家参考，{STORM * 8}",
        f"下载须知已经发到群里了，{STORM * 8}",
    ],
)
def test_speech_behind_words_of_furniture_in_one_line_is_kept(line: str) -> None:
    assert [text[-len(STORM) :] for name, text in labelled(f"渔港讲话稿\n{line}") if name == "body"] == [STORM]


def test_title_over_two_lines_is_one() -> None:
    motto = label(
        f"(一)\n守住一盏灯\n——在渔港节上的致辞\n各位船长：\n{STORM}\n(二)\n修好一条船\n——在船厂的讲话\n各位师傅：\n{STORM}"
    )
    assert [draft.title for draft in motto.drafts] == ["守住一盏灯——在渔港节上的致辞", "修好一条船——在船厂的讲话"]
    broken = label(f"第一篇\n全乡渔业安全工作会议\n主持词\n各位船长：\n{STORM}")
    assert [draft.title for draft in broken.drafts] == ["全乡渔业安全工作会议主持词"]
    body = label(f"发布时间：2019-05-08\n\n清江县渔业工会\n第六次代表大会开幕词\n各位代表：\n{STORM}")
    assert [draft.title for draft in body.drafts] == ["清江县渔业工会第六次代表大会开幕词"]
    parted = label(f"首页 > 渔港\n灯亮着 人就在\n时间：2019-05-08 来源：渔港\n——在渔港节上的发言\n各位船长：\n{STORM}")
    assert [draft.title for draft in parted.drafts] == ["灯亮着 人就在——在渔港节上的发言"]
    phrase = label(f"第一篇\n在全乡渔业安全\n生产工作会议上的讲话\n各位船长：\n{STORM}")
    assert [draft.title for draft in phrase.drafts] == ["在全乡渔业安全生产工作会议上的讲话"]


def test_speeches_of_wrapped_lines_above_the_first_salutation_are_kept() -> None:
    wrapped = (
        "码头上的灯换好了，从今天晚上起，每一条\n船进港以前都要鸣笛，值班的人听到以后，\n把闸门打开，再报一遍船号，不要嫌麻烦，\n"
        "去年的那一次碰撞，就是少报了一遍船号，\n大家都记得。灯塔的电池，由老何每个月\n换一次，换下来的送到乡里，不许往海里扔。\n"
    )
    page = label(f"渔港会议讲话汇编\n在渔港灯塔会上的讲话\n{wrapped}在渔港年会上的讲话\n各位船长：\n{STORM}")
    assert [draft.title for draft in page.drafts] == ["在渔港灯塔会上的讲话", "在渔港年会上的讲话"]
    assert [block.label for block in page.blocks].count("body") == 7


def test_lone_numbers_inside_a_speech_divide_it() -> None:
    page = label(f"在渔港节上的讲话\n各位船长：\n{STORM}\n（一）\n{STORM}\n（二）\n{STORM}\n谢谢大家！")
    assert len(page.drafts) == 1
    assert [block.label for block in page.blocks].count("heading") == 2


def test_what_was_heard_behind_a_line_says_nothing_of_it() -> None:
    page = labelled(f"在渔港节上的讲话\n各位船长：\n{STORM}\n谢谢大家！（热烈的掌声）")
    assert page[-1] == ("closing", "谢谢大家！（热烈的掌声）")


def test_motto_above_a_speaker_s_dated_line_is_a_title() -> None:
    line = "2019年5月8日，渔港管理处主任 何三水"
    page = label(f"在渔港节上的讲话\n各位船长：\n{STORM}\n把灯留到最后\n{line}\n各位师傅：\n{STORM}")
    assert [draft.title for draft in page.drafts] == ["在渔港节上的讲话", "把灯留到最后"]


def test_signature_ends_a_speech_and_a_lost_beginning_begins_one() -> None:
    signed = f"{STORM}\n竞聘人：何三水\n2019年5月8日"
    page = label(f"竞聘演讲\n各位评委：\n{signed}\n各位评委：\n{STORM}\n谢谢大家！\n，{STORM}\n{STORM}")
    assert len(page.drafts) == 3


def test_title_of_the_page_without_its_subtitle_heads_the_speech() -> None:
    page = label(f"送别老船长——在追思会上的讲话\n(2019-05-08 21:07)\n送别老船长\n各位船长：\n{STORM}")
    assert [draft.title for draft in page.drafts] == ["送别老船长"]


@pytest.mark.parametrize(("count", "titles"), [("二则", ["会走路的秤", "一双胶鞋"]), ("三则", ["“我和渔港”演讲稿三则"])])
def test_short_lines_are_titles_where_they_are_as_many_as_the_page_s_title_counts(count: str, titles: list[str]) -> None:
    page = label(f"“我和渔港”演讲稿{count}\n会走路的秤\n{STORM}\n一双胶鞋\n{STORM}")
    assert [draft.title for draft in page.drafts] == titles


def test_lines_that_address_guests_one_by_one_are_salutations() -> None:
    page = labelled(f"在渔港节上的致辞\n尊敬的船东会会长何三水先生，\n尊敬的各位船长，\n女士们、先生们：\n{STORM}")
    assert [name for name, _ in page[1:]] == ["salutation", "salutation", "salutation", "body"]


def test_number_below_its_field_is_a_meta_line_and_one_above_a_speech_is_not() -> None:
    page = labelled(f"在渔港节上的讲话\n浏览\n2051\n各位船长：\n{STORM}")
    assert [name for name, _ in page[1:4]] == ["page_meta", "page_meta", "salutation"]
    numbered = label(f"渔港讲话（2篇）\n时间：2019-05-08\n1\n各位船长：\n{STORM}\n2\n各位师傅：\n{STORM}")
    assert len(numbered.drafts) == 2


def test_shorter_address_of_the_same_people_begins_no_speech() -> None:
    greeted = "尊敬的各位来宾、各位船员代表："
    page = label(f"在渔港节上的讲话\n{greeted}\n{STORM * 6}\n各位船员、各位朋友：\n{STORM * 2}\n谢谢大家！")
    assert len(page.drafts) == 1


@pytest.mark.parametrize("line", ["渔港管理处 何三水", "何 三 水", "三年（2）班 何三水", "何三水 2019年5月8日", "为了今晚的灯"])
def test_line_between_title_and_salutation_is_kept(line: str) -> None:
    assert ("body", line) in labelled(f"时间：2019-05-08\n在渔港安全会上的讲话\n{line}\n各位船长：\n{STORM}")


@pytest.mark.parametrize("line", ["献花(0)", "一键 收藏 | 打印", "0 300", "何三水 2019-05-08 | 阅：12"])
def test_counters_between_title_and_salutation_go(line: str) -> None:
    assert ("body", line) not in labelled(f"在渔港安全会上的讲话\n{line}\n各位船长：\n{STORM}")


def test_lone_numbers_that_count_up_are_speeches_and_page_numbers_are_not() -> None:
    speeches = label(f"渔港讲话汇编\n1、\n{STORM}\n2、\n{STORM}\n3、\n{STORM}")
    assert len(speeches.drafts) == 3
    pages = label(f"在渔港安全会上的讲话\n各位船长：\n{STORM[:20]}\n2、\n{STORM[20:]}\n{STORM}")
    assert len(pages.drafts) == 1


def test_number_alone_without_the_one_before_it_is_a_page_number() -> None:
    page = label(f"在渔港安全会上的讲话\n各位船长：\n{STORM}\n4\n先把缆绳收好\n{STORM}\n8\n再把人点清\n{STORM}")
    assert len(page.drafts) == 1
    assert [page.text[block.start : block.end] for block in page.blocks if block.label == "boilerplate"] == ["4", "8"]


def test_sections_with_a_nought_before_their_number_stay_in_one_speech() -> None:
    lines = labelled(f"在渔港安全会上的讲话\n各位船长：\n{STORM}\n01\n先把缆绳收好\n{STORM}\n02\n再把人点清\n{STORM}")
    assert {name for name, text in lines if text in ("01", "02")} <= {"body", "heading"}
    assert sum(name == "speech_title" for name, _ in lines) <= 1


def test_lines_of_a_table_of_contents_are_no_titles_and_name_titles() -> None:
    entries = ["在渔港安全会上的讲话", "做风浪里的明白人", "在渔港节上的致辞"]
    contents = [f"{entry} {number}" for number, entry in enumerate(entries)]
    page = label("\n".join(["渔港讲话（3篇）", "目录", *contents, *map(speech, entries)]))
    assert [draft.title for draft in page.drafts] == entries
    assert [block.label for block in page.blocks[2:5]] == ["boilerplate"] * 3


@pytest.mark.parametrize("heads", [["一、收好缆绳", "二、点清人数"], ["收好缆绳", "点清人数"]])
def test_table_of_a_speech_s_own_headings_makes_no_speeches(heads: list[str]) -> None:
    text = "\n".join(["在渔港安全会上的讲话", "目录", *heads, "各位船长：", STORM, *(f"{head}\n{STORM}" for head in heads)])
    assert len(label(text).drafts) == 1


@pytest.mark.parametrize("head", [["目 录"], []])
def test_numbers_of_a_table_of_contents_are_not_looked_for_below_it(head: list[str]) -> None:
    entries = ["把网补好再出海", "灯塔不会自己亮"]
    speeches = [f"{entry}\n——在渔港安全会上的发言\n渔港站\n{STORM}" for entry in entries]
    contents = [f"{number}.{entry}…………{number}" for number, entry in enumerate(entries, 1)]
    page = label("\n".join(["渔港安全会发言材料（2篇）", *head, *contents, *speeches]))
    assert [draft.title for draft in page.drafts] == [f"{entry}——在渔港安全会上的发言" for entry in entries]
    assert [block.label for block in page.blocks] == [
        "page_title",
        *["boilerplate"] * len([*head, *contents]),
        *["speech_title", "speech_title", "body", "body"] * 2,
    ]


def test_letter_that_is_read_out_begins_no_speech() -> None:
    letter = ["“各位老船长：", STORM, "我在信里抄一份没有讲过的稿子，题目是", "《在渔港开港仪式上的讲话》", f"“{STORM}”"]
    page = label("\n".join(["在渔港安全会上的讲话", "各位船长：", STORM, *letter, STORM]))
    assert len(page.drafts) == 1
    assert [block.label for block in page.blocks[3:]] == ["body"] * 6


def test_other_people_behind_a_closing_are_another_speech_s() -> None:
    page = label(
        "\n".join(["渔港动员会", f"各位船长，{STORM}", STORM, "辛苦大家，海上见！", f"各位家属、各位邻居，{STORM}", STORM])
    )
    assert len(page.drafts) == 2


def test_title_again_below_its_number_is_a_title() -> None:
    page = label(f"渔港讲话（2篇）\n第一篇：老船长的话\n老船长的话\n{STORM}\n第二篇：新船长的话\n新船长的话\n{STORM}")
    assert [draft.title for draft in page.drafts] == ["老船长的话", "新船长的话"]
    assert [block.label for block in page.blocks].count("speech_title") == 4


def test_text_in_tags_of_a_template_is_kept() -> None:
    lines = labelled(f'渔港讲话稿\n各位船长：\n<p class="text">{STORM}</p>\n<p>今晚不出海。</p>\n<p class="text">\n<div>')
    assert [name for name, text in lines if "不出海" in text or STORM in text] == ["body", "body"]
    assert [name for name, text in lines if text in ('<p class="text">', "<div>")] == ["boilerplate", "boilerplate"]


def test_row_of_a_portal_s_buttons_above_the_title_goes() -> None:
    row = "格式：DOC 页数：5 大小：19KB 资源编号：3317 下载积分：3金币 快捷下载 登录下载 用户名： 密码： 验证码： 加入会员"
    warning = "陌生的链接不点击，陌生的文件不下载，自称客服的不理会，要你充值会员的、要你扫二维码的都是骗子，记住了"
    assert ("boilerplate", row) in labelled(f"{row}\n渔港讲话稿.doc\n各位船长：{STORM}")
    assert ("body", warning) in labelled(f"渔港讲话稿\n各位船长：\n{warning}\n{STORM}")


def test_reply_below_its_writer_s_line_goes() -> None:
    reply = "回复 举报\n沙发\n小浪花 | 发表于 2018-3-8 09:02\n看得眼睛都湿了，顶！\n返回列表"
    assert labelled(f"在渔港节上的致辞\n各位船长：\n{STORM}\n谢谢大家！\n{reply}")[-2] == (
        "boilerplate",
        "看得眼睛都湿了，顶！",
    )


@pytest.mark.parametrize("heading", ["一、收好缆绳", "(一)点清人数"])
@pytest.mark.parametrize("site", ["www.yugang.example", "渔港范文网", "yugang.com"])
def test_heading_beside_a_site_s_name_is_kept(heading: str, site: str) -> None:
    lines = labelled(f"在渔港安全会上的讲话\n各位船长：\n{STORM}\n{heading} {site}\n{STORM}\n{site}\n{STORM}")
    assert [name for name, text in lines if text.startswith(heading)] == ["heading"]
    assert ("boilerplate", site) in lines


def test_title_of_the_collection_with_a_number_is_a_speech_s() -> None:
    title = "渔港节志愿者心得体会范本"
    page = label(f"{title}(二篇)\n{title}一\n{STORM}\n{STORM}\n{title}二\n{STORM}\n{STORM}")
    assert [draft.title for draft in page.drafts] == [title, title]
    steps = f"各位船长：\n{STORM}\n防风的准备工作一\n{STORM}\n防风的准备工作二\n{STORM}"
    assert len(label(f"渔港讲话（2篇）\n篇一\n{steps}\n篇二\n{STORM}").drafts) == 2


def test_line_above_a_text_s_card_is_its_title() -> None:
    card = "范文类型：心得体会，全文共 {} 字\n+ 加入清单"
    page = label(f"渔港心得2篇\n巡船心得\n{card.format(312)}\n{STORM}\n{STORM}\n补网心得\n{card.format(411)}\n{STORM}\n{STORM}")
    assert [draft.title for draft in page.drafts] == ["巡船心得", "补网心得"]


def test_sentences_of_a_portal_above_the_speech_go_and_those_of_a_speaker_stay() -> None:
    portal = "快捷下载时，用户名和密码都是您填写的邮箱或者手机号，方便查询和重复下载，请不要在下载的页面刷新两次"
    assert ("boilerplate", portal) in labelled(f"登录下载\n{portal}\n渔港讲话稿.doc\n各位船长：\n{STORM}")
    spoken = "网络上的文件我们不随便下载，陌生的链接我们不点击，自称客服的人要我们登录付费，那都是骗子，记住了没有"
    for end in ("", "。"):
        assert ("body", spoken + end) in labelled(f"渔港讲话稿\n来源：渔港网\n{spoken}{end}\n{STORM}\n各位船长：\n{STORM * 2}")


def test_line_of_nothing_but_the_page_s_title_goes() -> None:
    lines = labelled(f"渔港微党课讲稿\n{' '.join(['渔港微党课讲稿'] * 8)}\n各位船长：\n{STORM}")
    assert lines[1][0] == "boilerplate"


@pytest.mark.parametrize(
    "line",
    [
        "侵权必究，这四个字不是说说而已。",
        "举报电话已经公布，欢迎监督。",
        "继续阅读经典，继续走进田野。",
        "电话：值班室的电话二十四小时有人接。",
        "扫一扫二维码，就能报名。",
        "客服电话96510，有问题随时打。",
        "开通会员费减免通道。",
        "分享到这里，我想起一件事。",
        "说明：这笔钱全部用于修码头。",
        "网址是 www.yugang.example，请大家记住。",
        "上一页已经翻过去了，新的一页正在打开。",
        "如需帮助，请随时到渔管站找我，我的门一直开着。",
        "希望这份报告对各位有所帮助，也请各位多提宝贵意见。",
        "责任重于泰山",
        "渔港镇人民政府",
    ],
)
def test_speech_in_words_of_furniture_is_kept_wherever_it_stands(line: str) -> None:
    head, tail = "渔港讲话\n时间：2019-01-01\n在渔港安全会上的讲话\n各位船长：", "上一篇：渔港祝酒词\n下一篇：没有了"
    pages = [
        f"{head}\n{line}\n{STORM}\n{STORM * 2}",
        f"{head}\n{STORM}\n{line}\n{STORM * 2}",
        f"{head}\n{STORM}\n{line}\n{tail}",
    ]
    for page in pages[1:] if line[-1] != "。" else pages:
        assert [name for name, text in labelled(page) if text == line] in (["body"], ["heading"], ["closing"]), page


def test_greeting_begins_a_speech_where_nothing_marks_it() -> None:
    page = label(f"各位船长，大家好！{STORM * 2}\n各位老师，早上好！{STORM * 2}\n老师们，{STORM}")
    assert len(page.drafts) == 2


def test_poem_at_the_end_of_a_speech_is_kept_behind_furniture() -> None:
    poem = [
        "麦子不肯在腊月里抽穗，",
        "河水不肯在山顶上拐弯，",
        "渔火不肯在天亮前熄灭，",
        "你何必着急，",
        "慢慢地，",
        "划回来。",
    ]
    lines = labelled("\n".join([f"在渔港诗会上的讲话\n各位船长：\n{STORM}\n来源：渔港网", *poem, "相关推荐", "渔港祝酒词"]))
    assert [text for name, text in lines if text in poem and name not in ("body", "closing")] == []
    assert ("boilerplate", "渔港祝酒词") in lines


def test_items_like_meta_lines_inside_a_speech_are_kept() -> None:
    items = ["时间：今晚八点", "地点：东码头", "来源：每船出两个人"]
    lines = labelled("\n".join([f"在渔港安全会上的讲话\n各位船长：\n{STORM}", *items, STORM]))
    assert [name for name, text in lines if text in items] == ["body", "body", "body"]


def test_introduction_is_known_by_what_it_speaks_of() -> None:
    intro = "渔港的集会常要有人上台，讲话稿写得短些，听的人才记得住，手边放几份现成的可以借鉴，临时也不慌张。"
    lines = labelled(f"渔港讲话材料\n{intro}\n各位船长：\n{STORM}")
    assert ("boilerplate", intro) in lines


def test_advice_on_writing_is_flagged() -> None:
    page = label(
        "讲话稿的结构与写法\n讲话稿的标题一般由时间和会议名称构成，称呼：顶格写在第二行，正文一般分三层，先说为什么，再说怎么办。\n"
        "讲话稿的开头要点明来意，结尾通常提出希望，句子要短，数字要准，念起来要顺口，听起来要明白，不能照抄别人的稿子。"
    )
    assert "how-to" in page.drafts[0].flags


def scored(part: str) -> dict[str, bed.Result]:
    loaded = bed.read_pages(part)
    if not loaded:
        pytest.skip(f"no pages in tests/bed/pages/{part}")
    return bed.by_family((page, label(page.text)) for page in loaded)


@pytest.mark.parametrize("part", ["seen", "seen2"])
def test_bed_seen(part: str) -> None:
    results = scored(part)
    everything = results["all"]
    assert everything.lost == []
    assert everything.removed.f1 >= 0.99, everything.removed.misses
    assert everything.label.f1 >= 0.98, everything.label.misses
    assert everything.boundary.f1 >= 0.98, everything.boundary.misses
    assert everything.title.f1 >= 0.97, everything.title.misses
    low = {family: result.removed.f1 for family, result in results.items() if result.removed.f1 < 0.95}
    assert low == {}


TOTALS = {
    "seen3": {"removed": 0.995, "label": 0.955, "boundary": 0.98, "title": 0.98},
    "seen4": {"removed": 0.995, "label": 0.985, "boundary": 0.98, "title": 0.98},
    "seen5": {"removed": 0.98, "label": 0.91, "boundary": 0.82, "title": 0.81},
    "seen6": {"removed": 0.985, "label": 0.97, "boundary": 0.975, "title": 0.97},
    "seen7": {"removed": 0.98, "label": 0.97, "boundary": 0.95, "title": 0.98},
    "seen8": {"removed": 0.965, "label": 0.955, "boundary": 0.91, "title": 0.96},
    "seen9": {"removed": 0.98, "label": 0.96, "boundary": 0.94, "title": 0.97},
    "seen10": {"removed": 0.985, "label": 0.97, "boundary": 0.95, "title": 0.98},
    "seen11": {"removed": 0.98, "label": 0.98, "boundary": 0.99, "title": 0.98},
    "seen12": {"removed": 0.95, "label": 0.95, "boundary": 0.86, "title": 0.94},
    "former": {"removed": 0.995, "label": 0.98, "boundary": 0.94, "title": 0.96},
    "heldout2": {"removed": 0.975, "label": 0.94, "boundary": 0.93, "title": 0.96},
}
"""Floors; no rule was written looking at heldout2, which holds whole sites that are in no other part."""


@pytest.mark.parametrize("part", TOTALS)
def test_bed_totals(part: str) -> None:
    everything = scored(part)["all"]
    totals = {measure: getattr(everything, measure).f1 for measure in TOTALS[part]}
    low = {measure: value for measure, value in totals.items() if value < TOTALS[part][measure]}
    assert low == {}
    assert len(everything.lost) == 0


@pytest.fixture(scope="module")
def corpus() -> tuple[str, Labelled]:
    path = SHARED / "corpus" / f"{CORPUS}.txt"
    if not path.is_file():
        pytest.skip("../shared/corpus is not here")
    text = path.read_text(encoding="utf-8")
    return text, label(text)


def test_corpus_page_against_gold(corpus: tuple[str, Labelled]) -> None:
    _, page = corpus
    gold = SHARED / "gold" / CORPUS
    want = {
        row["line"]: row["label"] for row in map(json.loads, (gold / "lines.jsonl").read_text(encoding="utf-8").splitlines())
    }
    got, spans = bed.lines_and_spans(page)
    right = sum(got.get(line) == name for line, name in want.items())
    assert right / len(want) >= 0.995
    speeches = [json.loads(row) for row in (gold / "speeches.jsonl").read_text(encoding="utf-8").splitlines()]
    assert spans == [(row["first_line"], row["last_line"]) for row in speeches]
    assert [draft.title for draft in page.drafts] == [row["title"] for row in speeches]


def test_block_places_are_those_of_the_text(corpus: tuple[str, Labelled]) -> None:
    text, page = corpus
    starts = [block.start for block in page.blocks]
    for place in range(0, len(text), 997):
        if text[place] != "\n":
            block = page.blocks[bisect_right(starts, place) - 1]
            assert block.start <= place < block.end


def test_the_last_characters_of_the_kinds_of_speeches_are_all_known() -> None:
    sets = default_rulebook()["labels"].sets
    assert set(sets["genre-end"]) == {word[-1] for word in (*sets["genre"], "范文")}


def test_another_hand_speaks_for_another_speech() -> None:
    """Where the thanks before a line leave it open, a change of masks and of the width of commas decides."""
    one = (
        "同志们:\n去年,全镇修了{0}公里路,架了{0}座桥,清了{0}条渠,装了四百盏路灯,还把三所小学的操场都铺平了,孩子们下雨天也能跑操了。\n"
        "今年,还要把{0}个村的水管换成新的,老旧的闸阀一个不留,换下来的旧管子统一回收,不许堆在路边,更不许卖给收废品的。\n"
        "谢谢大家!\n"
    )
    two = (
        "夏粮已经入库，秋粮长势也好，今年全乡收了{0}吨麦子，比去年多{0}吨，仓容不够，借了{0}间教室，开学以前要腾出来。\n"
        "接下来，请各村把账册交上来，逐笔核对，谁签的字谁负责，月底之前张榜公布，让乡亲们都看得见，谁家有疑问，当面说清楚。\n"
    )
    alike = label(one.format("xx") + two.replace("，", ",").format("xx"))
    unlike = label(one.format("xx") + two.format("××"))
    assert (len(alike.drafts), len(unlike.drafts)) == (1, 2)
