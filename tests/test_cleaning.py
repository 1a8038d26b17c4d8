"""One page through all stages: what the stages do to each other's places."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cleaning import CleanPage, Options, clean, clean_bytes, clean_many
from pipeline.errors import PageError

PAGE = """植树节讲话稿(通用2篇)
时间:2019-03-12 来源:网络
篇1:植树动员讲话
同志们:
&nbsp;&nbsp;今天是20xx年3月12日,我们种下**棵树.
　　请大家把树苗扶正,把土踩实,浇透水再走,回去路上注意安全.
谢谢大家!
篇2:春季植树讲话
各位同学:
种树不难,养树难.从今天起,每个班包一排树,轮流浇水,到夏天再来看谁家的树高.
谢谢大家!
相关推荐
读书节讲话稿
"""


RAW = Path(__file__).parents[1] / "raw"


@pytest.fixture(scope="module")
def page() -> CleanPage:
    return clean_bytes(PAGE.encode())


def test_each_speech_is_a_record_of_its_own(page: CleanPage) -> None:
    assert [speech.title for speech in page.speeches] == ["植树动员讲话", "春季植树讲话"]
    assert page.speeches[0].text.split("\n\n") == [
        "同志们：",
        "今天是20xx年3月12日，我们种下**棵树。",
        "请大家把树苗扶正，把土踩实，浇透水再走，回去路上注意安全。",
        "谢谢大家！",
    ]


def test_meta_is_what_the_page_says_of_itself(page: CleanPage) -> None:
    assert page.meta["published"] == "2019-03-12"
    assert page.meta["source"] == "网络"
    assert page.meta["url"] is None


def test_placeholders_have_places_in_the_text_and_in_the_raw_page(page: CleanPage) -> None:
    speech = page.speeches[0]
    found = [(one.placeholder.surface, one.placeholder.type) for one in speech.placeholders]
    assert found == [("20xx", "year"), ("**", "count")]
    for one in speech.placeholders:
        start, end = one.raw_span
        assert page.decoded.text[start:end] == one.placeholder.surface
        assert speech.text[one.placeholder.start : one.placeholder.end] == one.placeholder.surface


def test_every_edit_names_its_rule(page: CleanPage) -> None:
    rules = {rule for speech in page.speeches for kind in speech.ledger.groups for rule in kind.rules}
    assert {"repair/entity", "punctuation/comma", "punctuation/colon"} <= rules
    assert all(rule.count("/") == 1 for rule in rules)


def test_tags_stand_in_the_text_and_surfaces_in_the_records() -> None:
    (speech, _) = clean(PAGE, options=Options(placeholders="tag"))
    assert "今天是⟦mask:year|20xx⟧年3月12日，我们种下⟦mask:count|**⟧棵树。" in speech.text
    for one in speech.placeholders:
        assert (
            speech.text[one.placeholder.start : one.placeholder.end]
            == f"⟦mask:{one.placeholder.type}|{one.placeholder.surface}⟧"
        )


def test_a_placeholder_in_a_title_belongs_to_the_page() -> None:
    made = clean_bytes("在20xx年春季运动会上的讲话\n\n同学们:\n\n今天的运动会开始了,希望大家赛出水平,赛出风格.".encode())
    assert [one.placeholder.type for one in made.placeholders] == ["year"]
    start, end = made.placeholders[0].raw_span
    assert made.decoded.text[start:end] == "20xx"
    assert not made.speeches[0].placeholders


def test_a_traditional_page_becomes_simplified_with_its_title() -> None:
    page = clean_bytes(
        "在校慶典禮上的講話\n\n各位校友:\n\n歡迎大家回到母校,母校永遠是你們的家,希望大家常回來看看.".encode("cp950")
    )
    assert page.decoded.encoding.name == "cp950"
    assert page.speeches[0].title == "在校庆典礼上的讲话"
    assert "欢迎大家回到母校，母校永远是你们的家" in page.speeches[0].text


def test_lost_text_is_flagged_and_kept() -> None:
    (speech,) = clean("关于防汛的讲话\n\n同志们:\n\n今年的汛期来得早,锟斤拷的水位比往年高,请大家守住每一段堤,不要大意.")
    assert "锟斤拷" in speech.text
    assert "mojibake-lost" in speech.flags


def test_an_empty_page_has_no_speech() -> None:
    assert clean_bytes(b"").speeches == ()
    assert clean_bytes(b"\n \n\n").speeches == ()


def test_binary_data_is_refused() -> None:
    with pytest.raises(PageError, match="PNG"):
        clean_bytes(b"\x89PNG\r\n\x1a\n")


SAMPLES = """同志们:|谢谢大家!|一、提高认识|(一)抓落实.|工作总结。|20xx年,完成投资×亿元.|　　第一,要快;第二,要好。
<br>|&ldquo;好&rdquo;|相关推荐|篇2:讲话稿|他说:”好“|這個會議很重要,請大家認真對待。|锟斤拷|\u200b| |，。
今天我们开会,讨论修路的事,请大家发言,|各位领导、各位来宾:|-2-|第1页共3页"""
LINES = st.lists(st.sampled_from(["", *SAMPLES.replace("\n", "|").split("|")]), max_size=12)


def alone(data: bytes) -> CleanPage | str:
    try:
        return clean_bytes(data)
    except PageError as error:
        return str(error)


def together(pages: list[bytes]) -> list[CleanPage | str]:
    return [str(made) if isinstance(made, PageError) else made for made in clean_many(pages)]


@pytest.mark.parametrize("placeholders", ["keep", "tag"])
def test_sample_pages_together_are_each_as_alone(placeholders: str) -> None:
    pages = [path.read_bytes() for path in sorted(RAW.rglob("*.txt"))]
    if not pages:
        pytest.skip("no sample pages in raw/")
    options = Options(placeholders)  # type: ignore[arg-type]
    many = clean_many([b"\0\1\2\3", *pages], options=options)
    assert isinstance(many[0], PageError)
    assert many[1:] == [clean_bytes(data, options=options) for data in pages]


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES.map("\n".join).map(str.encode) | st.binary(max_size=40), max_size=4))
def test_any_pages_together_are_each_as_alone(pages: list[bytes]) -> None:
    assert together(pages) == [alone(data) for data in pages]


@settings(max_examples=120, deadline=None)
@given(LINES, st.sampled_from(["keep", "tag"]))
def test_ledgers_and_places_agree_on_any_page(lines: list[str], placeholders: str) -> None:
    made = clean_bytes("\n".join(lines).encode(), options=Options(placeholders=placeholders))  # type: ignore[arg-type]
    raw, done = made.decoded.text, 0
    for speech in made.speeches:
        start, end = speech.raw_span
        assert done <= start < end
        done = end
        ledger = speech.ledger.shifted(-start)
        assert ledger.apply(raw[start:end]) == speech.text
        assert ledger.inverse().apply(speech.text) == raw[start:end]
        for found in speech.placeholders:
            assert start <= found.raw_span[0] <= found.raw_span[1] <= end
            assert 0 <= found.placeholder.start <= found.placeholder.end <= len(speech.text)
