"""Repair: damage that can be told with certainty is undone, look-alikes stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rulebook import default_rulebook
from pipeline.stages import repair


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("&ldquo;两个维护&rdquo;&mdash;&mdash;", "“两个维护”——"),
        ("&amp;amp;nbsp;大家好", " 大家好"),
        ("&#24180;&#x5E74;", "年年"),
        ("第一段<br />第二段<BR>第三段", "第一段\n第二段\n第三段"),
        ('<p style="text-indent:2em">同学们</p>', "同学们\n"),
        ("<strong>一、总体要求</strong>", "一、总体要求"),
        ("ä¸­å›½äººæ°‘", "中国人民"),
        ("ÖÐ¹ú¹¤ÈË", "中国工人"),
        ("零\u200b宽\u200d字符\ufeff", "零宽字符"),
        ("⼈⺠", "人⺠"),
        ("一点\u00a0空白\u3000对齐", "一点 空白\u3000对齐"),
        ("我们 要 把工 作做好，做实。", "我们要把工作做好，做实。"),
    ],
)
def test_damage_is_undone(before: str, after: str) -> None:
    assert repair.run(before).text == after


@pytest.mark.parametrize(
    "text",
    [
        "赋予×“打造三个高地”的使命",
        "法国的 Café 与 naïve 的艺术",
        "①②③ ㎡ ℃ Ⅲ № ％",
        "，１（全角）",
        "https://example.org/a?x=1&y=2&copy=3",
        "若 a<b，则 b>a；<<春>>",
        "名单：王一山 李二河 张三江，共三人。",
        "张　三",
        "一家\U0001f468\u200d\U0001f469\u200d\U0001f467三口",
        "温度±2℃，3×5，÷",
    ],
)
def test_look_alikes_stay(text: str) -> None:
    assert not repair.run(text).ledger


def test_lost_text_stays_and_is_flagged() -> None:
    done = repair.run("通知如下：锟斤拷锟斤拷\ufffd")
    assert done.text == "通知如下：锟斤拷锟斤拷\ufffd"
    assert done.flags == ("mojibake-lost",)


@given(st.text(alphabet=st.sampled_from("&amp;nbsp<br>/ä¸­Ã\x81“” \u200b\n，。同志们x\u00a0"), max_size=50))
def test_the_ledger_leads_there_and_back(text: str) -> None:
    done = repair.run(text)
    assert done.ledger.apply(text) == done.text
    assert done.ledger.inverse().apply(done.text) == text


@given(st.text(max_size=60))
def test_arbitrary_text_survives(text: str) -> None:
    done = repair.run(text)
    assert done.ledger.apply(text) == done.text


@given(st.text("a·×ä¸\xad好\u200b\xa0，", max_size=30), st.integers(0, 500))
def test_matches_are_the_same_however_dense_their_places(text: str, padding: int) -> None:
    signs, leads = repair._leads(default_rulebook()["repair"])
    padded = text + "好" * padding * 20
    for rule in default_rulebook()["repair"]:
        if rule.id in leads:
            found = repair._matches(rule, padded, signs.spots(padded)[leads[rule.id]])
            assert [match.span() for match in found] == [match.span() for match in rule.regex.finditer(padded)]
