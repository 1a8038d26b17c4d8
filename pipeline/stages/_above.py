"""What stands above a page's first speech: previews, introductions, names of sites and counters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regex import Match

from pipeline.patterns import compiled
from pipeline.stages._evidence import HEAD, Evidence, has_key, title_key
from pipeline.stages._lines import letters
from pipeline.stages._titles import NAMED
from pipeline.stages._wording import addressed, introduces, is_row, names_texts, speaks_of_site, speaks_to

_TOLD, _FAR, _WRAPPED = 10, 60, 4
"""Code points of a preface; lines at a page's top among which its first speech begins; wrapped lines that are its own."""
_NUMBER = compiled(
    r"(?:第|篇|文|例|[稿话言辞词章][(【]?|^[(【]?) ?(?<number>\d{1,3}|[一二三四五六七八九十百]{1,4})(?:篇|[)】:、. ]|$)"
)
_LONE_NUMBER = compiled(r"(?<number>\d{1,2}|[一二三四五六七八九十]{1,2})")
_FIRST = ("1", "一")
_ASKING = frozenset({"labels/page-title-forum", "labels/page-title-question"})
"""Rules for titles of pages that are no speech's: the first title below them is one."""
_FURNISHED = compiled(r"[|>»_&<#]|\(\d+\)$|[a-zA-Z]{2}|网$|网 |文库|素材|收藏|打印|字号|分享|评论|^[\d .,:/-]+$")
_GLUED = compiled(
    r"(?:(?:尊敬|敬爱|亲爱)的|各位|诸位|\p{Han}{1,6}们)[^\n。!?;:]{0,48}(?::|[,!](?:大家|早上|上午|下午|晚上|你们)好)|大家好[,!。]"
)
_HOW_TO = compiled(r"怎么写|如何写|怎样写|写法|格式|写作(?:技巧|要求|方法|指导)|附范文")


def by_portal(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Sentences in which a portal speaks of itself among its furniture above the first salutation or numbered title."""
    numbers = range(min(60, len(evidence.lines)))
    top = next((n for n in numbers if evidence.ruled(n, "salutation") >= 3.0 or evidence.ruled(n, "speech_title") >= 5.0), 0)
    for above in range(top):
        if evidence.lines[above].size <= settings["loose_size"] or evidence.set_apart(above):
            continue
        near = any(evidence.set_apart(n) for n in range(max(0, above - 2), min(above + 3, top)))
        if near and speaks_of_site(evidence, above):
            evidence.add(above, "intro", settings["site_words"], "labels/site-words")


def by_preview(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The beginning of the page's text printed once before the text: the following lines hold the whole of the line again.

    A title, a salutation or furniture stands between them, or the line begins with the page's title; else two paragraphs of a
    speech only begin alike.
    """
    lines, view = evidence.lines, evidence.view
    for number in range(min(len(lines) - 1, 20)):
        line = lines[number]
        if evidence.ruled(number, "salutation") >= 3.0 or evidence.ruled(number, "speech_title") >= 4.0:
            return
        if 30 <= line.size <= 400 and not _plain(evidence, number + 1):
            shown = letters(view[line.left : line.right])[:-2]
            following = view[lines[number + 1].left : lines[number + 1].left + 6 * line.size + 600]
            if len(shown) >= 24 and all(char in following for char in shown) and shown in letters(following):
                evidence.add_furniture(number, settings["preview"], "labels/preview")


def _plain(evidence: Evidence, number: int) -> bool:
    """Whether no rule says that a line is a title, a salutation or furniture."""
    return not evidence.set_apart(number) and evidence.ruled(number, "speech_title", "salutation") < 1.5


def by_second_title(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """A title with the first lines below it, and then both again: what stands first is a preview.

    A numbered title goes with its preview; one without a number is the page's.
    """
    last = min(len(evidence.lines) - 1, HEAD)
    for first in range(last):
        if not (evidence.is_title(first) or evidence.ruled(first, "speech_title") >= 1.5):
            continue
        key = title_key(evidence.text(first))
        again = next((n for n in range(first + 2, last) if len(key) >= 4 and has_key(evidence.text(n), key)), None)
        if again is None or not _stands_again(evidence, range(first + 1, again), again + 1):
            continue
        numbered = evidence.ruled(first, "speech_title") >= 5.0
        if not numbered:
            evidence.prefer_page_title(first, settings["first_title"], "labels/first-title")
        for number in range(first if numbered else first + 1, again):
            evidence.add_furniture(number, settings["preview"], "labels/preview")
        return


def _stands_again(evidence: Evidence, shown: range, below: int) -> bool:
    """Whether the text from a line on begins with what some lines say."""
    first = letters(evidence.text(shown[0]))
    if len(first) < 4 or not _letters_from(evidence, below, len(first)).startswith(first):
        return False
    texts = [letters(evidence.text(number)) for number in shown]
    following = _letters_from(evidence, below, sum(map(len, texts)))
    return all(text in following for text in texts)


def _letters_from(evidence: Evidence, number: int, size: int) -> str:
    """So many letters and more from a line on, if hardly more than half of what stands there are none."""
    left = evidence.lines[number].left
    return letters(evidence.view[left : left + 2 * size + 200])


def by_preamble(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """What stands between the title of a collection and its first numbered title is an introduction.

    Without a title of the collection it is one if the numbered title is the first: nothing can have been said before it.
    Below a title that asks how to write something it is one up to the first title of a sample.
    """
    title = next((n for n in range(min(HEAD, len(evidence.lines))) if evidence.is_title(n)), None)
    top = 0 if title is None else title + 1
    marked = _first_sample(evidence, title)
    if marked is None or any(_begins_or_ends(evidence, n) for n in range(top, marked)):
        return
    key = "" if title is None else title_key(evidence.text(title))
    for number in range(top, marked):
        scores = evidence.scores[number]
        titled = scores.get("page_meta", 0.0) >= 3.0 or scores.get("page_title", 0.0) >= (1.0 if title is None else 3.0)
        titled = titled or evidence.rule(number, "speech_title") == "labels/split-title"
        titled = titled or (key != "" and has_key(evidence.text(number), key))
        if evidence.lines[number].size <= settings["preamble_size"] and not titled:
            evidence.add(number, "intro", settings["preamble"], "labels/preamble")


def _first_sample(evidence: Evidence, title: int | None) -> int | None:
    """The first title of a speech below the page's, unless its number says that there were others before it.

    Below a collection's title the number may stand alone.
    """
    top, least, lone = 0, 5.0, False
    if title is not None:
        known = evidence.rule(title, "page_title")
        lone = known == "labels/page-title-collection"
        top, least = title + 1, 2.5 if known in _ASKING or _HOW_TO.search(evidence.text(title)) else 3.0 if lone else 5.0
    for number in range(top, min(len(evidence.lines), top + 30)):
        sure = evidence.ruled(number, "speech_title") >= 5.0 or not lone or evidence.opens(number + 1)
        if evidence.ruled(number, "speech_title") >= least and sure:
            found = _NUMBER.search(evidence.text(number)) or _counts(evidence, number - 1)
            first = found["number"].lstrip("0") in _FIRST if found else title is not None
            return number if first else None
        if lone and evidence.rule(number, "speech_title") == "labels/title-number":
            return number if letters(evidence.text(number)).lstrip("0") in _FIRST else None
    return None


def _begins_or_ends(evidence: Evidence, number: int) -> bool:
    """Whether a line may be the first or the last one of a speech, as far as rules know."""
    if evidence.set_apart(number):
        return False
    spoken = max(evidence.scores[number].get("salutation", 0.0), 2 * evidence.ruled(number, "closing")) >= 3.0
    return spoken or addressed(evidence, number)


def _counts(evidence: Evidence, number: int) -> Match[str] | None:
    """The number of the speech whose title stands below a line that holds nothing else."""
    if number < 0 or evidence.rule(number, "speech_title") != "labels/title-number":
        return None
    return _LONE_NUMBER.search(evidence.text(number))


def by_head(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Short lines above the page's first speech that no rule knows are furniture: names of sites, buttons, counters.

    A line that ends like a sentence is so only above a title; a page without a salutation has no line that is surely a speech's
    first, so there no sentence is furniture by its place.
    """
    top, sure = top_of(evidence)
    title = next((n for n in range(top - 1, -1, -1) if evidence.is_title(n) and not evidence.closed[n]), None)
    _release_list(evidence, top if title is None else title)
    for number in range(top):
        if sure and evidence.lines[number].size > settings["loose_size"] and introduces(evidence, number):
            evidence.add(number, "intro", settings["intro_words"], "labels/intro-words")
        if is_row(evidence, number, settings["loose_size"]):
            evidence.add(number, "intro", settings["site_words"], "labels/site-words")
        if not 0 < evidence.lines[number].size <= settings["loose_size"] or evidence.set_apart(number):
            continue
        if evidence.ruled(number, "body") or evidence.ruled(number, "speech_title") >= 1.5:
            continue
        if "page_title" in evidence.rules[number] and names_texts(evidence, number):
            continue
        if title is not None and title < number and _names_speaker(evidence, number, title, top):
            evidence.add(number, "body", settings["name"], "")
            continue
        above = title is not None and number < title
        scores = evidence.scores[number]
        field = evidence.view[evidence.lines[number].right - 1] == ":" and evidence.lines[number].size <= 12
        if (evidence.closed[number] or evidence.inner(number)) and not field:
            if sure and (above or introduces(evidence, number)):
                scores["intro"] = max(scores.get("intro", 0.0), 0.0) + settings["head"]
        elif sure or above:
            scores["intro"] = max(scores.get("intro", 0.0), 0.0) + settings["head"]
            if title is not None and title < number and "speech_title" in scores:
                scores["speech_title"] += settings["below_title"]


def by_preface(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """One or two short paragraphs between the page's title and the first salutation tell of the text, and are no part of it."""
    top = next((n for n in range(min(len(evidence.lines), _FAR)) if evidence.ruled(n, "salutation") >= 3.0), 0)
    title = next((n for n in range(top - 1, -1, -1) if evidence.is_title(n)), None)
    if title is None:
        return
    told = [n for n in range(title + 1, top) if _is_told(evidence, n)]
    if len(told) > 2 or sum(evidence.lines[n].size for n in told) > settings["preface_size"]:
        return
    if any(evidence.ruled(n, "body", "link_residue") or _begins_or_ends(evidence, n) or speaks_to(evidence, n) for n in told):
        return
    for number in told:
        evidence.add(number, "intro", settings["preface"], "labels/preamble")


def _is_told(evidence: Evidence, number: int) -> bool:
    """Whether a line ends like a sentence, and no rule says that it is furniture."""
    line = evidence.lines[number]
    return evidence.closed[number] and line.size >= _TOLD and not evidence.set_apart(number)


def _names_speaker(evidence: Evidence, number: int, title: int, top: int) -> bool:
    """Whether a line between a title and a salutation may name the speaker, with nothing but dates beside it.

    When unsure, keep: alone between the two it is so whatever it says, unless it looks like furniture.
    """
    text = evidence.text(number)
    if (
        _FURNISHED.search(text) is not None
        or number - title > 2
        or top - number > 2
        or "link_residue" in evidence.rules[number]
    ):
        return False
    if number - title == 1 == top - number:
        return True
    return NAMED.fullmatch(text) is not None and all("body" in evidence.rules[n] for n in range(title + 1, top) if n != number)


def _release_list(evidence: Evidence, below: int) -> None:
    """The heading of a list that stands above the page's title begins no list of all that follows."""
    for number in range(min(below, 12)):
        if evidence.ruled(number, "list") >= 5.0 and "mark" not in evidence.scores[number]:
            evidence.add_furniture(number, evidence.ruled(number, "list"), evidence.rule(number, "list"))


def top_of(evidence: Evidence) -> tuple[int, bool]:
    """The first line that may be a speech's, and whether it surely is: it addresses people, or is a numbered title.

    Where lines are wrapped, several of them in a row that have a sentence's punctuation inside are a speech's.
    """
    wrapped = 0
    for number, line in enumerate(evidence.lines[:_FAR]):
        if evidence.ruled(number, "salutation") >= 3.0 or evidence.ruled(number, "speech_title") >= 5.0:
            return number, True
        if line.size > 40 and _GLUED.match(evidence.view, line.left, line.right) and not evidence.set_apart(number):
            return number, True
        if line.size > 40 and evidence.closed[number] and _may_be_told(evidence, number):
            return number, False
        wrapped = wrapped + 1 if _is_wrapped(evidence, number) else 0
        if wrapped == _WRAPPED:
            return number + 1 - _WRAPPED, False
    return 0, False


def _is_wrapped(evidence: Evidence, number: int) -> bool:
    """Whether a line may be one that a paragraph is broken over: it has a sentence's punctuation, but not at its end."""
    if evidence.lines[number].size < _TOLD or evidence.closed[number] or not evidence.inner(number):
        return False
    return _may_be_told(evidence, number)


def _may_be_told(evidence: Evidence, number: int) -> bool:
    """Whether nothing says that a line is furniture or an introduction to the texts below it."""
    return not (evidence.set_apart(number) or introduces(evidence, number))
