"""Link residue is put back into its sentence, or dropped where it belongs nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rulebook import default_rulebook
from pipeline.stages import links

BEFORE = "半年过去一大半了，各船队要把油耗和渔获的账算清楚，写进"
AFTER = "，月底以前送到渔政站，由渔政站统一装订，一份也不能缺。"


@pytest.mark.parametrize("anchor", ["工作总结", "工作总结。", "年度工作计划", "实施方案。", "心得体会"])
def test_anchor_is_put_back_into_its_sentence(anchor: str) -> None:
    made = links.run(f"各位船长：\n{BEFORE}\n\n{anchor}\n\n{AFTER}").text
    assert made == f"各位船长：\n{BEFORE}{anchor.rstrip('。')}{AFTER}"


def test_stop_that_the_scraper_put_before_the_anchor_goes() -> None:
    made = links.run(f"各位船长：\n{BEFORE}。\n\n工作总结。\n\n里面去，月底以前送到渔政站，由渔政站统一装订。").text
    assert made == f"各位船长：\n{BEFORE}工作总结里面去，月底以前送到渔政站，由渔政站统一装订。"


def test_anchor_below_a_title_is_dropped() -> None:
    text = "渔政讲话汇编(2篇)\n在渔政会上的讲话\n讲话稿。\n各位船长：\n台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道。"
    assert links.run(text).text == text.replace("讲话稿。\n", "")


def test_anchor_between_two_whole_paragraphs_is_dropped() -> None:
    text = "各位船长：\n台风后天到，今晚所有的船都要回港，缆绳加双道。\n工作总结\n最后说一句，灯塔今晚不关，谁也不许请假。"
    assert links.run(text).text == text.replace("工作总结\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "各位船长：\n总结会开到这里，明天继续开。\n还有一件事，渔网要收好。",
        "各位船长：\n我们的计划是今晚回港。\n渔网要收好，浮标要编号。",
    ],
)
def test_sentences_with_such_words_stay(text: str) -> None:
    assert links.run(text).text == text


@given(
    st.lists(
        st.sampled_from(
            ["工作总结。", "总结", "讲话稿", "各位船长：", "台风后天到，今晚所有的船都要回港。", "，好。", "", "了"]
        ),
        max_size=9,
    )
)
@settings(max_examples=80, deadline=None)
def test_only_white_space_stops_and_anchors_are_touched(lines: list[str]) -> None:
    text = "\n".join(lines)
    staged = links.run(text, default_rulebook())
    assert staged.ledger.apply(text) == staged.text
    assert all(before.strip("\n。") in ("", "工作总结", "总结", "讲话稿") for _, before, _, _ in staged.ledger)
