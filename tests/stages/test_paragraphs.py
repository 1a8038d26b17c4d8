"""Paragraphs: wraps, page numbers, indentation, blank lines."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cleaning import clean
from pipeline.rulebook import default_rulebook
from pipeline.stages import labels, paragraphs

WRAPPED = (
    "各位船长：\n"
    "台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道，一条也\n"
    "不能少。船上的柴油要抽干，灶火要灭透，值班的人每两个钟头喊一\n"
    "次平安，喊到天亮为止，喊不应的，马上派人上船去看，看见了再回\n"
    "- 1 -\n"
    "来报告。\n"
    "码头上的孩子都领回家去，一个也不许在堤上看浪。\n"
    "谢谢大家！"
)


def test_hard_wraps_and_page_numbers_inside_sentences_are_undone() -> None:
    assert paragraphs.run(WRAPPED).text.split("\n\n") == [
        "各位船长：",
        "台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道，一条也不能少。船上的柴油要抽干，灶火要灭透，值班的人每两个钟头喊一次平安，"
        "喊到天亮为止，喊不应的，马上派人上船去看，看见了再回来报告。",
        "码头上的孩子都领回家去，一个也不许在堤上看浪。",
        "谢谢大家！",
    ]


def test_headings_poems_and_lists_are_not_joined() -> None:
    lines = (
        "各位船长：|一、先说人|人比船要紧，船没了再造。|浪是海的牙齿|帆是海的眼睛|你们是海的儿子|1.缆绳二十盘；|2.浮标四十个；"
    )
    text = lines.replace("|", "\n")
    assert paragraphs.run(text).text == text.replace("\n", "\n\n")


def test_spaces_and_blank_lines() -> None:
    assert (
        paragraphs.run("  各位船长：  \n\n\n\u3000\u3000台风后天到，今晚所有的船都要回港。\u00a0\n").text
        == "各位船长：\n\n台风后天到，今晚所有的船都要回港。"
    )


def test_edits_are_minimal() -> None:
    staged = paragraphs.run("各位船长：\n\u3000\u3000（一）台风后天到，今晚所有的船都要回港，人上岸。")
    assert sorted((before, after) for _, before, after, _ in staged.ledger) == [("", "\n"), ("\u3000\u3000", "")]


def test_long_text_without_breaks_is_split_at_its_outline() -> None:
    part = "台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道，一条也不能少。" * 8
    made = paragraphs.run(f"各位船长：{part}一、先说人。{part}二、再说船。{part}谢谢大家！").text.split("\n\n")
    assert [paragraph[:4] for paragraph in made] == ["各位船长", "台风后天", "一、先说", "二、再说", "谢谢大家"]


@given(st.text(alphabet="船长，。：\n \u3000一、1-（）abc", max_size=120))
@settings(max_examples=120, deadline=None)
def test_result_has_only_single_blank_lines_and_keeps_every_letter(text: str) -> None:
    staged = paragraphs.run(text, default_rulebook())
    assert staged.ledger.apply(text) == staged.text
    page = labels.run(text)
    if staged.text != text and [(draft.first, draft.last) for draft in page.drafts] == [(0, len(page.blocks))]:
        assert not regex.search(r"\n{3,}|(?<!\n)\n(?!\n)", staged.text)
    gone = regex.sub(r"[\s\d、.—·-]", "", text)
    assert regex.sub(r"[\s\d、.—·-]", "", staged.text) == gone


NUMBERED = ["各位乡亲：", "今年的稻子比去年早熟五天。", "镰刀要提前磨好。", "散会以后各家到村部领油票。", "谢谢大家！"]


def _numbered(*numbers: str) -> str:
    return "\n\n".join(number + line for number, line in zip(numbers, NUMBERED, strict=True))


@pytest.mark.parametrize(
    "numbers", [("1、", "2、", "3、", "4、", "5、"), ("3.", "4.", "5.", "6.", "7."), ("1、", "2、", "3、", "4、", "")]
)
def test_numbers_before_all_paragraphs_go(numbers: tuple[str, ...]) -> None:
    assert paragraphs.run(_numbered(*numbers)).text == "\n\n".join(NUMBERED)


@pytest.mark.parametrize(
    "numbers", [("", "1、", "2、", "3、", "4、"), ("1、", "2、", "2、", "3、", "4、"), ("1、", "", "2、", "3、", "")]
)
def test_numbers_of_a_list_stay(numbers: tuple[str, ...]) -> None:
    assert paragraphs.run(_numbered(*numbers)).text.split("\n\n")[1:] == _numbered(*numbers).split("\n\n")[1:]


def test_a_numbered_speech_of_a_page_can_be_turned_back() -> None:
    text = "开镰会上的讲话\n\n" + _numbered("1、", "2、", "3、", "4、", "5、")
    (speech,) = clean(text)
    assert speech.text == "\n\n".join(NUMBERED)
    start, end = speech.raw_span
    local = speech.ledger.shifted(-start)
    assert local.apply(text[start:end]) == speech.text
    assert local.inverse().apply(speech.text) == text[start:end]
