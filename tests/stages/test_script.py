"""Script: traditional documents become simplified, simplified ones are not touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from pipeline.rulebook import rules_for
from pipeline.stages import script


def test_a_traditional_document_is_converted_character_by_character() -> None:
    done = script.run("各位嘉賓：歡迎參加開幕禮。")
    assert done.text == "各位嘉宾：欢迎参加开幕礼。"
    assert {kind.rules for kind in done.ledger.groups} == {("script/traditional",)}
    assert all(len(kind.before) == len(kind.after) == 1 for kind in done.ledger.groups)


def test_a_document_converted_there_and_back_is_mended() -> None:
    assert script.run("同誌們，下麵請係統部門發言。").text == "同志们，下面请系统部门发言。"


def test_simplified_text_that_t2s_would_harm_stays() -> None:
    for text in ("乾安县委的同志们", "藉此机会，向大家问好", "瞭望台上的灯亮了"):
        assert not script.run(text).ledger


def test_one_traditional_character_is_no_traditional_document() -> None:
    assert not script.run("他的名字叫李喆，来自廣州大学附近的村子。").ledger


def test_a_glued_reading_goes_only_with_the_conversion() -> None:
    assert script.run("領(lǐng)導們(men)為群眾辦實事").text == "领导们(men)为群众办实事"
    assert not script.run("“鸑”(yuè)是一种鸟").ledger


@given(st.text(alphabet="這個係統裡面乾淨的发后里，。\n(lǐ)", max_size=60))
def test_the_ledger_leads_there_and_back(text: str) -> None:
    done = script.run(text)
    assert done.ledger.apply(text) == done.text
    assert done.ledger.inverse().apply(done.text) == text


@given(st.lists(st.text(alphabet="這個係統裡面乾淨的发后里，。\n(lǐ)", max_size=20), max_size=4))
def test_many_texts_at_once_are_each_as_alone(texts: list[str]) -> None:
    many = script.run_many(texts)
    assert [(done.text, done.ledger) for done in many] == [(one.text, one.ledger) for one in map(script.run, texts)]


@given(st.text(alphabet="這個係統裡面乾淨的发后里，。\n", max_size=60))
def test_conversion_is_idempotent(text: str) -> None:
    once = script.run(text).text
    assert script.run(once).text == once


@pytest.mark.parametrize(("name", "config", "charset"), [("traditional", "t2s", "gb2312"), ("simplified", "s2t", "big5")])
def test_the_signs_of_a_script_are_those_of_opencc(name: str, config: str, charset: str) -> None:
    """The rules hold them so that OpenCC's dictionaries need not be loaded for a page that has nothing to convert."""
    hanzi = [chr(code) for code in range(0x4E00, 0xA000)]
    after = OpenCC(config).convert("\n".join(hanzi)).split("\n")
    lacking = [one for one, other in zip(hanzi, after, strict=True) if one != other and not one.encode(charset, "ignore")]
    assert rules_for("script", None).settings[name] == "".join(lacking)
