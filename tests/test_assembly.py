"""Speeches put together from labelled pages: text, ledger, headings, and that a clean speech stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import assembly
from pipeline.page import Labelled
from pipeline.rulebook import default_rulebook
from pipeline.stages import labels
from tests.bed import pages as bed

SHARED = Path(__file__).parents[2] / "shared"
PAGE = (
    "首页 > 讲话 > 正文\n渔港讲话稿(精选2篇)\n时间：2020-08-01\n渔港讲话稿 篇1\n\u3000\u3000各位船长：\n"
    "\u3000\u3000台风后天到，今晚所有的船都要回港。\n一、先说人\n人比船要紧，船没了可以再造，人没了什么都没了。\n"
    "海 风 范 文 网\n值班的账要写进\n工作总结。\n，月底以前交给我。\n- 1 -\n谢谢大家！\n渔港讲话稿 篇2\n"
    "1、各位船工：桨和网都发到你们手里了。\n相关推荐\n渔民节开幕词"
)


def made(page: Labelled) -> list[tuple[str | None, str]]:
    out = []
    for draft in page.drafts:
        one = assembly.assemble(page, draft, default_rulebook())
        out.append((draft.title, one.ledger.apply(page.text[one.start : one.end])))
    return out


def test_whole_page() -> None:
    assert made(labels.run(PAGE)) == [
        (
            "渔港讲话稿",
            "各位船长：\n\n台风后天到，今晚所有的船都要回港。\n\n一、先说人\n\n人比船要紧，船没了可以再造，人没了什么都没了。\n\n"
            "值班的账要写进工作总结，月底以前交给我。\n\n谢谢大家！",
        ),
        ("渔港讲话稿", "各位船工：桨和网都发到你们手里了。"),
    ]


def test_many_at_once_are_each_as_alone() -> None:
    for text in (
        PAGE,
        PAGE.replace("谢谢大家！", "谢谢大家！更多讲话请关注本站").replace("桨和网", "（……此处隐藏20字……）桨和网"),
    ):
        page = labels.run(text)
        assert len(page.drafts) > 1
        assert assembly.assemble_many(page, page.drafts) == [assembly.assemble(page, draft) for draft in page.drafts]


def test_span_headings_and_rules() -> None:
    page = labels.run(PAGE)
    one = assembly.assemble(page, page.drafts[0])
    source = page.text[one.start : one.end]
    assert source.startswith("各位船长") and source.endswith("谢谢大家！")
    text = one.ledger.apply(source)
    assert [(heading.level, text[heading.start : heading.end]) for heading in one.headings] == [(1, "一、先说人")]
    rules = {rule for _, _, _, names in one.ledger for rule in names}
    assert rules == {
        "paragraphs/break",
        "paragraphs/indent",
        "boilerplate/obfuscated",
        "links/anchor",
        "paragraphs/page-number",
    }
    assert one.ledger.inverse().apply(text) == source


FRAGMENTS = [
    "各位船长：",
    "台风后天到，今晚所有的船都要回港，人上岸。",
    "工作总结。",
    "- 2 -",
    "一、先说人",
    "谢谢大家！",
    "篇1",
    "\u3000\u3000",
    "\n",
    "\n\n",
    "，好",
    "\u00a0",
    "相关推荐",
    "在渔港会上的讲话",
]


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=25).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_page_is_put_together(text: str) -> None:
    page = labels.run(text, default_rulebook())
    for draft in page.drafts:
        one = assembly.assemble(page, draft, default_rulebook())
        assert 0 <= one.start <= one.end <= len(text)
        source = text[one.start : one.end]
        result = one.ledger.apply(source)
        assert one.ledger.inverse().apply(result) == source
        assert not regex.search(r"\n{3,}|(?<!\n)\n(?!\n)|^\s|\s$", result)
        for heading in one.headings:
            assert result[heading.start : heading.end].strip() == result[heading.start : heading.end] != ""


def test_clean_speech_comes_out_as_it_went_in() -> None:
    loaded = bed.read_pages("seen")
    if not loaded:
        pytest.skip("no pages in tests/bed/pages/seen")
    for page in loaded:
        for title, text in made(labels.run(page.text)):
            again = f"{title}\n\n{text}" if title else text
            assert made(labels.run(again)) == [(title, text)], page.name


def test_corpus_speeches_are_clean(tmp_path: Path) -> None:
    path = SHARED / "corpus" / "000_5c63eede7426c25a.txt"
    if not path.is_file():
        pytest.skip("../shared/corpus is not here")
    text = path.read_text(encoding="utf-8")
    page = labels.run(text)
    speeches = made(page)
    assert len(speeches) == 17
    for title, speech in speeches:
        assert not regex.search(r"\n{3,}|(?<!\n)\n(?!\n)|[ \u3000]\n", speech)
        assert made(labels.run(f"{title}\n\n{speech}" if title else speech)) == [(title, speech)]
