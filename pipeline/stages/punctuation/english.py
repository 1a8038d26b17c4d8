"""English sentences and clauses in and between Chinese ones: they keep ASCII marks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from pipeline.patterns import compiled
from pipeline.rulebook import Rule, StageRules
from pipeline.stages.punctuation.draft import Draft, scanner

_GAP = compiled(r"""[ \t,;:.!?，；：。．！？'"“”‘’()（）&/–—\-%$0-9]{1,12}""")
_PARTED = compiled(r"""["”」] ?[,;:，；：。] ?["“「]""")
"""What parts two quotations."""
_MASK = compiled(r"[xX]+")
_IN_NAMES = "@_"
_NARROW = dict(zip("，；：。．！？（）", ",;:..!?()", strict=True))
_HAN = compiled("[㐀-鿿]")
_PAIR = compiled(r"[(（][^()（）\n]*[)）]")
_TERM = compiled("""[^ (（"“‘《㐀-鿿]?[㐀-鿿]+""")
"""Hanzi, with what stands directly before them unless a word of an English sentence may stand there."""
_ENDS = ".!?。．！？"
_QUOTED = compiled(r"""["“「《]([A-Za-z][^㐀-鿿"“”「」《》\n]*)["”」》]""")
_PHRASE = compiled(r"[A-Za-z0-9 ,;:.!?，；：！？。'’&%$/()\-]+")
_HEADS = frozenset("\n：:“\"‘'「『（(")
_CITED = compiled(
    r"""(?<=[A-Za-z])[ ](?:[㐀-鿿]{1,8}[,，][ ]?)*["“‘(（《]?[㐀-鿿]{1,12}(?:[ ]?[(（][A-Za-z][A-Za-z '-]{0,40}[)）])?"""
    r"""["”’)）》]?[,;.!?，；。！？]?(?=[ ]?[A-Za-z]|[\n"”])|(?<=[A-Za-z],)[ ][㐀-鿿]{1,12}[,，](?=[ ]?[A-Za-z])"""
)
"""Hanzi in an English sentence, with the marks beside them: its words stand before them, and behind them unless it ends."""
_CITING = compiled(
    r"""["“](?=[A-Za-z])[^"“”\n]*[㐀-鿿][^"“”\n]*(?=["”])|[:：][ ]?(?=[A-Za-z])[^"“”:：\n]*[㐀-鿿][^"“”:：\n]*(?=\n)"""
)
"""A quotation, or a line's end behind a colon, that begins in English and has hanzi."""
_QUOTES_OPEN, _QUOTES_CLOSE = "“\"‘'「『", "”\"’'」』"


def clauses(draft: Draft, rule: Rule, rules: StageRules, places: Sequence[int]) -> None:
    """Protect English clauses, and make full-width marks inside them ASCII."""
    text = draft.text
    end = 0
    for place in places:
        if place >= end:
            end = text.index("\n", place)
            _line(draft, rule, text.rfind("\n", 0, place) + 1, end)


def _line(draft: Draft, rule: Rule, start: int, end: int) -> None:
    text = draft.text
    words = [m.span() for m in scanner(rule.pattern or "").finditer(text, start, end) if _counts(text, *m.span())]
    if not words:
        return
    if draft.foreign(start) or _mostly_english(text, words, start, end):
        _sentence(draft, rule, start, end, words)
        return
    for match in _CITING.finditer(text, start, end + 1) if len(words) > 2 else ():
        first = match.start() + (2 if text[match.start() + 1] == " " else 1)
        inside = [word for word in words if first <= word[0] < match.end()]
        if _mostly_english(text, inside, first, match.end()):
            _sentence(draft, rule, first, match.end(), inside)
    for match in _QUOTED.finditer(text, start, end):
        if _phrase(match[1]):
            _narrow(draft, *match.span(1), rule.name)
    for run in _runs(text, words):
        if _reads_english(text, run):
            first, last = run[0][0], _end(text, run, start, end)
            _narrow(draft, first, last, rule.name)


def _counts(text: str, start: int, end: int) -> bool:
    """Whether letters are a word: no mask, and no part of a name with @ or _, such as a mail address."""
    return text[end] not in _IN_NAMES and text[start - 1] not in _IN_NAMES and not _MASK.fullmatch(text, start, end)


def _is_plain(word: str) -> bool:
    """Whether a word is no abbreviation or code: a letter of any case, then small ones."""
    return len(word) > 1 and word[1:].islower()


def _sentence(draft: Draft, rule: Rule, start: int, end: int, words: list[tuple[int, int]]) -> None:
    """A line that is English: its marks become ASCII, unless it is a list of names and codes."""
    plain = draft.foreign(start) and sum(_is_plain(draft.text[slice(*word)]) for word in words) > 1
    if plain or _reads_english(draft.text, words):
        cited = {at for match in _CITED.finditer(draft.text, start, end + 1) for at in range(*match.span())}
        _narrow(draft, start, end, rule.name, cited)


def _runs(text: str, words: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Words that only spaces and marks of a Latin text divide; a mark without a space divides runs.

    A comma between two runs of several words each does not: there a space was lost.
    """
    runs = [[words[0]]]
    for word in words[1:]:
        gap = text[runs[-1][-1][1] : word[0]]
        if _GAP.fullmatch(gap) and " " in gap and not _PARTED.search(gap) and not (gap[0] == " " and gap[-1] in _NARROW):
            runs[-1].append(word)
        else:
            runs.append([word])
    joined = [runs[0]]
    for run in runs[1:]:
        gap = text[joined[-1][-1][1] : run[0][0]]
        if gap in (",", ";", "，", "；") and len(joined[-1]) > 1 < len(run):
            joined[-1] = joined[-1] + run
        else:
            joined.append(run)
    return joined


def _reads_english(text: str, words: list[tuple[int, int]]) -> bool:
    """Two words or more, one of them in small letters, or all of them in quotation marks.

    A plain space parts two of them, or they stand behind a colon, a mark that opens a quotation or at a line's start.
    """
    if len(words) < 2:
        return False
    head = text[words[0][0] - 1]
    if head == " ":
        head = text[words[0][0] - 2]
    if head not in _HEADS and not any(text[a[1] : b[0]].isspace() for a, b in pairwise(words)):
        return False
    small = any(text[a].islower() and b - a > 1 for a, b in words[1:]) or (text[slice(*words[0])].islower() and len(words) > 2)
    behind = text[words[-1][1] : words[-1][1] + 2].lstrip(_ENDS)[:1]
    return small or (text[words[0][0] - 1] in _QUOTES_OPEN and behind != "" and behind in _QUOTES_CLOSE)


def _phrase(quoted: str) -> bool:
    """Whether a quotation without hanzi is English: words, with a mark or two, and not a list of codes such as A,B."""
    words = re.findall("[A-Za-z]+", quoted)
    if not _PHRASE.fullmatch(quoted) or (" " not in quoted and len(words[0]) == 1):
        return False
    return any(len(word) > 2 and _is_plain(word) for word in words)


def _mostly_english(text: str, words: list[tuple[int, int]], start: int, end: int) -> bool:
    """A stretch that begins in English and has more English words than hanzi, most of them in small letters.

    Fewer words do where hanzi stand there only a few at a time, as names and terms do, among three times as many letters.
    """
    if len(words) < 3 or words[0][0] != start:
        return False
    small = sum(text[a].islower() and b - a > 1 for a, b in words[1:]) + text[start].islower()
    terms = _TERM.findall(text, start, end)
    count = len(_HAN.findall(text, start, end))
    if small >= 3 and count < len(words):
        return True
    few = all(len(term) < 5 and _HAN.match(term) is not None for term in terms)
    return small >= 2 and len(words) > 3 and few and 3 * count < sum(b - a for a, b in words)


def _end(text: str, words: list[tuple[int, int]], start: int, end: int) -> int:
    """The clause's end: with the mark behind it where the clause stands alone, in quotation marks, behind a colon or a slash.

    A sentence of three words and more stands alone also where a space and another sentence follow.
    """
    first, last = words[0][0], words[-1][1]
    behind = last
    before = text[first - 1] if first > start else "\n"
    if before == " " and first - 1 > start:
        before = text[first - 2]
    elif before == ":" and text[first - 2] in _QUOTES_OPEN:
        return last
    if before not in _QUOTES_OPEN:
        while behind < end and text[behind] in ")）\"”’'" and text[behind + 1] in _ENDS:
            behind += 1
    if text[behind] not in _ENDS:
        return last
    if behind + 1 == end and before in "\n：:。！？.!?/／|｜" + _QUOTES_OPEN:
        return behind + 1
    if text[behind + 1] == " " and before in "\n。！？!?" and len(words) > 2 and text[first].isupper():
        return behind + 1
    if text[behind + 1] in _QUOTES_CLOSE and not _HAN.match(before):
        return behind + 1
    return last


def _narrow(draft: Draft, start: int, end: int, rule: str, cited: Collection[int] = ()) -> None:
    """Make marks ASCII and protect the span, but for marks that hanzi stand beside, and brackets that are halved or
    stand around hanzi, which the sentence does not cite.
    """
    text = draft.text
    pairs = [match for match in _PAIR.finditer(text, start, end) if not _HAN.search(match[0])]
    whole = {at for match in pairs for at in (match.start(), match.end() - 1)}
    for at in range(start, end):
        beside = text[at] in "()（）" and at not in whole
        beside = beside or bool(_HAN.match(text[at - 1]) or (text[at] in _NARROW and _HAN.match(text[at + 1])))
        if beside and at not in cited:
            continue
        if text[at] in _NARROW:
            draft.edit(at, at + 1, _NARROW[text[at]], rule)
        draft.protect(at, at + 1, rule)
