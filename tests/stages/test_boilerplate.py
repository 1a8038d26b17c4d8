"""Furniture is taken out of a plain text; what a speaker says about websites stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rulebook import default_rulebook
from pipeline.stages import boilerplate

SPEECH = (
    "各位船长：\n台风后天到，今晚所有的船都要回港，人上岸，缆绳加双道，一条也不能少。\n{}\n"
    "船上的柴油要抽干，灶火要灭透，值班的人每两个钟头喊一次平安。\n谢谢大家！"
)


@pytest.mark.parametrize(
    "line",
    [
        "- 2 -",
        "第 2 页 共 4 页",
        "……此处隐藏720个字……",
        "海 风 范 文 网 提供",
        "h-a-i-f-e-n-g-w-e-n-k-u",
        "www.haifeng-wenku.example",
        "海风文章网，您的写作好帮手",
        "找讲话稿，上海风文章网",
        "以上为版本一，您可以根据实际情况调整。",
        "本文由海风文秘整理，转载请注明出处，如有侵权请联系删除",
        "【打印本页】 【关闭窗口】",
        "————————————",
        "{$content}",
        "[标签:正文]",
    ],
)
def test_furniture_inside_a_speech_goes(line: str) -> None:
    assert boilerplate.run(SPEECH.format(line)).text == SPEECH.format(line).replace(line + "\n", "")


@pytest.mark.parametrize(
    "line",
    [
        "微信群里已经发了潮位表，没有进群的，散会以后扫一扫墙上的二维码。",
        "有人在网上转载我们去年的救援录像，说是假的，我请他来码头看看。",
        "请大家下载气象局的软件，会看云图的教不会看的。",
        "上一篇通报大家都看过了，这里不再重复。",
        "我不是小编，不会写漂亮话，我只会看潮水。",
        "版权是作家的事，缆绳是我们的事。",
        "谁的手机打不通，我就到谁家去敲门。",
        "以上就是我对回港的三点要求，请各船照办。",
        "时间：今晚八点。地点：渔港码头。一条船也不能少。",
        "收藏证书不如收藏经验，经验在老船长的嘴里。",
        "第三页上的名单，请各组长自己核一遍。",
        "好的做法要推荐，坏的习惯要改掉。",
        "总结起来就是一句话，人比船要紧。",
    ],
)
def test_what_a_speaker_says_stays(line: str) -> None:
    assert boilerplate.run(SPEECH.format(line)).text == SPEECH.format(line)


def test_head_and_foot_go_and_the_only_title_stays() -> None:
    head = "首页 > 讲话 > 正文\n在渔港安全会上的讲话\n时间：2020-08-01 作者：海风 来源：海风网\n【字体：大 中 小】\n"
    foot = "\n相关推荐：\n渔民节开幕词\n1.码头安全讲话稿\n上一篇：没有了\n标签：渔港 安全\nCopyright © 2020 海风网 版权所有"
    speech = SPEECH.replace("{}\n", "")
    assert boilerplate.run(head + speech + foot).text == "在渔港安全会上的讲话\n" + speech + "\n"


def test_key_phrase_injected_behind_paragraphs_goes() -> None:
    lines = [
        "缆绳要加双道，一条也不能少。",
        "柴油要抽干，灶火要灭透，锅里的水倒掉。",
        "值班的人每两个钟头喊一次平安。",
        "散会以后马上回港，不要等天黑。",
    ]
    text = "各位船长：\n" + "\n".join(line + "海风好文" for line in lines)
    assert boilerplate.run(text).text == "各位船长：\n" + "\n".join(lines)


def test_note_of_the_source_behind_the_last_sentence_goes_alone() -> None:
    staged = boilerplate.run(SPEECH.format("灯塔今晚不关。本文来自海风文章网"))
    assert staged.text == SPEECH.format("灯塔今晚不关。")
    assert {rule for _, _, _, rules in staged.ledger for rule in rules} == {"boilerplate/source-behind"}


@given(st.text(max_size=150))
@settings(max_examples=80, deadline=None)
def test_any_text_survives_and_the_ledger_agrees(text: str) -> None:
    staged = boilerplate.run(text, default_rulebook())
    assert staged.ledger.apply(text) == staged.text
    assert staged.ledger.inverse().apply(staged.text) == text
