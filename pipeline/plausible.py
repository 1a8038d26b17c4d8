"""How much a text looks like Chinese: the measure by which encodings are chosen and mojibake repairs are accepted.

Source of the measure: the share of the non-ASCII characters that are everyday hanzi (level 1 of GB 2312 or of Big5) or CJK
punctuation, less what a wrong decoding makes: U+FFFD, private use, C1 controls.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

SAMPLE = 65_536
"""Code points that are looked at; more change nothing in the answer."""

_PUNCTUATION = (
    frozenset("“”‘’—…·×％‰℃①②③④⑤⑥⑦⑧⑨⑩")
    | frozenset(map(chr, range(0x3000, 0x3018)))
    | frozenset(map(chr, range(0xFF01, 0xFF5F)))
)


@lru_cache(maxsize=1)
def everyday_hanzi() -> frozenset[str]:
    """Level 1 of GB 2312 (rows 16 to 55, 3,755 hanzi) and of Big5 (A440 to C67E, 5,401 hanzi).

    >>> "稿" in everyday_hanzi(), "讲" in everyday_hanzi(), "講" in everyday_hanzi(), "龘" in everyday_hanzi()
    (True, True, True, False)
    """
    gb = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    big5 = (bytes((row, cell)) for row in range(0xA4, 0xC7) for cell in (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
    chars = [code.decode("gb2312", "ignore") for code in gb] + [code.decode("cp950", "ignore") for code in big5]
    return frozenset(char for char in chars if len(char) == 1 and "\u4e00" <= char <= "\u9fff")


def plausibility(text: str) -> float:
    """From 1.0, everything non-ASCII is everyday Chinese, down to -2.0, everything is damage. 1.0 for pure ASCII.

    >>> round(plausibility("干净的稿子。"), 2), round(plausibility("ÖÐ¹ú"), 2), round(plausibility("\\ufffd\\ufffd"), 2)
    (1.0, 0.0, -2.0)
    """
    good = bad = total = 0
    everyday = everyday_hanzi()
    for char, count in Counter(text[:SAMPLE]).items():
        if char < "\x80":
            continue
        total += count
        if char in everyday or char in _PUNCTUATION:
            good += count
        elif char == "\ufffd" or "\x80" <= char <= "\x9f" or "\ue000" <= char <= "\uf8ff":
            bad += count
    return (good - 2 * bad) / total if total else 1.0
