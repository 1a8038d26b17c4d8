"""Decode: the right text for every family of bytes, and the same bytes back from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PageError
from pipeline.stages import decode

SPEECH = "各位乡亲：今天修桥的事定下来了，请大家放心。\n桥长三十米，月底动工，国庆前通车。\n"
TRADITIONAL = "各位校友：今天是母校的生日，歡迎大家回家。\n禮堂的燈火，照亮了我們的青春。\n"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", SPEECH),
        ("utf-8-sig", SPEECH),
        ("utf-16", SPEECH),
        ("utf-16-le", SPEECH + "2019年5月4日 abc\n"),
        ("utf-16-be", SPEECH + "2019年5月4日 abc\n"),
        ("utf-32", SPEECH),
        ("gb18030", SPEECH),
        ("gbk", SPEECH * 5),
        ("hz", SPEECH),
        ("big5", TRADITIONAL),
        ("cp950", TRADITIONAL * 3),
        ("ascii", "Plain text, no hanzi.\n"),
    ],
)
def test_every_encoding_is_recognised(encoding: str, text: str) -> None:
    assert decode.run(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Дорогие друзья, сегодня мы открываем новую школу в нашем городе. Спасибо всем, кто её строил."),
        ("shift_jis", "みなさん、おはようございます。今日から新しい学期が始まります。よろしくお願いします。"),
    ],
)
def test_other_languages_go_by_the_detector(encoding: str, text: str) -> None:
    assert decode.run(text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_few_bad_bytes_do_not_change_the_encoding(encoding: str) -> None:
    data = bytearray((SPEECH * 20).encode(encoding))
    data[61] = 0xFF
    page = decode.run(bytes(data))
    assert page.encoding.name == encoding
    assert page.text.count("\ufffd") <= 3
    assert sum(a == b for a, b in zip(page.text[-200:], (SPEECH * 20)[-200:], strict=True)) == 200


def test_a_cut_character_at_the_end_is_kept_as_residue() -> None:
    page = decode.run(SPEECH.encode()[:-2])
    assert page.encoding.name == "utf-8"
    assert page.text == SPEECH[:-2] + "\ufffd"
    assert decode.encode(page) == SPEECH.encode()[:-2]


def test_a_line_in_another_encoding_is_decoded_by_itself() -> None:
    line = "这一行是从另一个站点粘贴来的。"
    data = SPEECH.encode() * 4 + line.encode("gb18030") + b"\r\n" + SPEECH.encode()
    page = decode.run(data)
    assert line in page.text.split("\n")
    assert "\ufffd" not in page.text
    assert decode.encode(page) == data


def test_a_lying_charset_is_not_believed() -> None:
    data = b'<meta charset="utf-8">' + SPEECH.encode("gb18030")
    assert decode.run(data).encoding.name == "gb18030"


def test_a_declared_charset_is_named_as_the_reason() -> None:
    data = b'<meta charset="gb2312">' + SPEECH.encode("gb18030")
    assert decode.run(data).encoding.how == "declared"


def test_the_gbk_dash_and_dot_are_the_right_ones() -> None:
    assert decode.run(("他说——" * 3 + "三·八节" + SPEECH).encode("gbk")).text.startswith("他说——他说——他说——三·八节")


@pytest.mark.parametrize(
    ("ends", "newline"),
    [("\n", "lf"), ("\r\n", "crlf"), ("\r", "cr")],
)
def test_line_ends_become_lf_and_are_recorded(ends: str, newline: str) -> None:
    data = SPEECH.replace("\n", ends).encode()
    page = decode.run(data)
    assert (page.text, page.newline, page.residue) == (SPEECH, newline, ())
    assert decode.encode(page) == data


def test_mixed_line_ends_come_back_each_as_it_was() -> None:
    data = "甲\r\n乙\n丙\r丁\r\r\n".encode()
    page = decode.run(data)
    assert (page.text, page.newline) == ("甲\n乙\n丙\n丁\n\n", "mixed")
    assert decode.encode(page) == data


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n....", b"%PDF-1.7 ...", b"PK\x03\x04....", b"text with \0 inside", b"\x1f\x8b\x08...", b"\0" * 40],
)
def test_binary_data_is_refused_with_a_mend(data: bytes) -> None:
    with pytest.raises(PageError, match="raw folder"):
        decode.run(data)


@pytest.mark.parametrize("data", [b"", b"\n\n\n", b"\xef\xbb\xbf", b" ", b"\xff", b"\xe4\xb8"])
def test_almost_nothing_is_still_a_page(data: bytes) -> None:
    assert decode.encode(decode.run(data)) == data


def test_every_double_byte_code_of_big5_comes_back() -> None:
    codes = (bytes((lead, trail)) for lead in range(0xA1, 0xFA) for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
    data = TRADITIONAL.encode("cp950") * 400 + b"".join(codes)
    assert decode.encode(decode.run(data)) == data


@given(st.binary(max_size=80))
def test_any_bytes_come_back_or_are_refused(data: bytes) -> None:
    try:
        page = decode.run(data)
    except PageError:
        return
    assert decode.encode(page) == data
    assert "\r" not in page.text


@given(
    st.text(alphabet=st.sampled_from("各位好，。\r\n\ufeff\u2028abc（"), max_size=60),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_text_comes_back(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert decode.encode(decode.run(data)) == data
