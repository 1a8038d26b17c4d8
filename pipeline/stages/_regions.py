"""What a line's place on the page says: above the first speech, below the last one, among titles, among lines like it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipeline.patterns import compiled
from pipeline.stages._above import by_head, by_portal, by_preamble, by_preface, by_preview, by_second_title, top_of
from pipeline.stages._below import by_replies, by_shown_texts, by_tail
from pipeline.stages._contents import by_contents, first_by
from pipeline.stages._evidence import HEAD, Evidence, has_key, title_key
from pipeline.stages._lines import letters
from pipeline.stages._numbers import by_fields
from pipeline.stages._titles import FIGURES, by_count_of_texts
from pipeline.stages._wording import names_texts

_COUNT_ENDS = frozenset(FIGURES + "0123456789)")
_COUNTED = compiled(r"(?<stem>[^\n。!?;,]{5,38}?) ?[(]?(?<number>\d{1,2}|[一二三四五六七八九十])[)]?$")
_ASKED = compiled(r"[^。!;]{2,60}(?:讲话|发言|致[辞词]|演讲|主持|[稿词辞]|开场白)[^。!;]{0,30}[?!]{1,3}")


def weigh_places(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Add to the lines' scores what their places say. settings: the table ``score`` of the labels' settings."""
    collection = first_by(evidence, "page_title", "labels/page-title-collection")
    by_contents(evidence, settings, collection)
    _by_marked_again(evidence, settings)
    _by_count(evidence, settings, collection)
    by_count_of_texts(evidence, settings, collection)
    by_fields(evidence, settings)
    by_portal(evidence, settings)
    _by_first(evidence, settings)
    by_preview(evidence, settings)
    by_second_title(evidence, settings)
    by_preamble(evidence, settings)
    _by_repetition(evidence, settings)
    by_head(evidence, settings)
    by_preface(evidence, settings)
    by_replies(evidence, settings)
    by_shown_texts(evidence, settings)
    by_tail(evidence, settings)
    _by_middle(evidence, settings)


def _by_marked_again(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Below a numbered title (第二篇：…) the same title without its number."""
    for number, rules in enumerate(evidence.rules[:-1]):
        if "speech_title" not in rules or rules["speech_title"][0] < 5.0:
            continue
        title, below = evidence.lines[number], evidence.lines[number + 1]
        if 4 <= below.size <= title.size and evidence.view[below.right - 1] == evidence.view[title.right - 1]:
            again = letters(evidence.text(number + 1))
            if len(again) >= 4 and letters(evidence.text(number)).endswith(again):
                evidence.add(number + 1, "speech_title", settings["again"], "labels/title-again")


def _by_count(evidence: Evidence, settings: Mapping[str, Any], head: int | None) -> None:
    """The collection's title with a number behind it, counting up from one and with text below: titles of no known genre."""
    if head is None:
        return
    title, again, view = evidence.text(head), settings["again"], evidence.view
    counted: dict[str, list[int]] = {}
    ends = [n for n, (_, _, left, right) in enumerate(evidence.lines) if right > left and view[right - 1] in _COUNT_ENDS]
    for number in ends:
        line = evidence.lines[number]
        if not 6 <= line.size <= 40 or evidence.ruled(number, "speech_title") >= again:
            continue
        found = _COUNTED.match(view, line.left, line.right)
        stem = "" if found is None else letters(found["stem"])
        if found is None or len(stem) < 6 or stem[-4:] not in title:
            continue
        group = counted.setdefault(stem, [])
        if found["number"] in (str(len(group) + 1), FIGURES[len(group) % 10]) and not (group and number - group[-1] < 2):
            group.append(number)
    for group in counted.values():
        for number in group if len(group) > 1 else ():
            evidence.add(number, "speech_title", again, "labels/title-again")


def limit_page_titles(evidence: Evidence) -> None:
    """A page's title stands above its text: none below the first salutation, marked title or long paragraph."""
    spoken = False
    for number, scores in enumerate(evidence.scores):
        if spoken:
            if scores.pop("page_title", 0.0) >= 8.0:  # a surely known one in a text's middle heads the site's next page
                evidence.add(number, "mark", 8.0, evidence.rule(number, "page_title"))
        elif scores.get("salutation", 0.0) >= 3.0 or (
            scores.get("body", 0.0) >= 5.0 and not evidence.set_apart(number) and max(scores.get("intro", 0.0), 0.0) < 5.0
        ):
            spoken = True


def _by_first(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The page's first line is its title, or its only speech's if a salutation follows.

    Where another line above the first speech is known for a title the first line is a site's name or a button, unless it
    is known for one itself. Where furniture stands first and no line is known for a title, the short line above the meta line
    is one.
    """
    first = next((number for number, line in enumerate(evidence.lines) if line.size), None)
    if first is None:
        return
    lines = evidence.lines
    head = range(first, min(len(lines), first + HEAD))
    spoken = next((n for n in head if evidence.ruled(n, "salutation") >= 3.0), head.stop)
    known = [n for n in range(first, spoken) if evidence.is_title(n) and evidence.ruled(n, "speech_title") < 5.0]
    if evidence.set_apart(first) and not known:
        for number in range(first + 1, min(len(lines) - 1, first + 12)):
            loose = settings["name_size"] < lines[number].size <= settings["loose_size"] and not evidence.rules[number]
            if loose and evidence.ruled(number + 1, "page_meta") >= (5.0 if evidence.inner(number) else 3.0):
                evidence.add(number, "page_title", settings["above_meta"], "labels/first-line")
                return
    if lines[first].size > settings["first_size"] or evidence.set_apart(first):
        return
    if evidence.closed[first]:
        if _ASKED.fullmatch(evidence.text(first)) and top_of(evidence)[1]:
            evidence.add(first, "page_title", settings["above_meta"], "labels/first-line")
        return
    if not evidence.inner(first):
        if (
            not known
            or first in known
            or evidence.ruled(first, "speech_title", "page_title") >= 3.0
            or (lines[first].size >= 12 and first + 1 < len(lines) and evidence.ruled(first + 1, "page_meta") >= 3.0)
            or names_texts(evidence, first)
        ):
            evidence.add(first, "page_title", settings["first_line"], "labels/first-line")
    elif first + 1 < len(lines) and evidence.scores[first + 1].get("salutation", 0.0) >= 3.0:
        evidence.add(first, "speech_title", settings["above_salutation"], "labels/above-salutation")
    elif first + 1 < len(lines) and evidence.ruled(first + 1, "page_meta") >= 5.0:
        evidence.add(first, "page_title", settings["above_meta"], "labels/first-line")


def _by_repetition(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The page's title again, and lines that stand among the paragraphs again and again."""
    view = evidence.view
    texts = [view[left:right] if 2 <= right - left <= 90 else "" for _, _, left, right in evidence.lines]
    title = _page_title(evidence)
    if title is not None and not evidence.opens(title + 1):
        evidence.prefer_page_title(title, settings["first_title"], "labels/first-title")
        if title and evidence.rule(title - 1, "speech_title") == "labels/split-title":
            evidence.prefer_page_title(title - 1, settings["first_title"], "labels/split-title")
        key = title_key(texts[title])
        _by_upper_half(evidence, title, settings)
        for number in range(title + 1, min(len(texts), title + 12)) if len(key) >= 4 else ():
            if not has_key(texts[number], key):
                continue
            if evidence.ruled(number - 1, "salutation") >= 3.0:
                evidence.add(number, "mark", settings["preview"], "labels/title-again")
            elif not evidence.opens(number + 1):
                evidence.prefer_page_title(number, settings["title_again"], "labels/title-again")
    elif title is None:
        _lone_mark(evidence, settings)
    counts = Counter(texts)
    least = settings["repeated_times"]
    often = {text for text, times in counts.items() if times >= least and text}
    _by_many_titles(evidence, title, settings)
    _by_running_heads(evidence, texts, counts, settings)
    for number, text in enumerate(texts) if often else ():
        if text in often and text[-1] not in "。!?:;" and len(text) <= 30:
            scores = evidence.scores[number]
            surely = counts[text] > least + 1
            if surely and "heading" not in evidence.rules[number]:
                evidence.withdraw(number, "heading")
            if max(scores.get(state, 0.0) for state in ("speech_title", "salutation", "closing", "heading", "page_meta")) < 1.0:
                evidence.add(number, "mark", settings["often" if surely else "repeated"], "labels/repeated")


def _by_upper_half(evidence: Evidence, title: int, settings: Mapping[str, Any]) -> None:
    """The page's title once more without its subtitle (——在…上的讲话), above a speech's first line."""
    half = title_key(evidence.text(title).partition("—")[0])
    if len(half) < 4 or half == title_key(evidence.text(title)):
        return
    for number in range(title + 1, min(len(evidence.lines) - 1, title + 12)):
        if title_key(evidence.text(number)) == half and evidence.opens(number + 1):
            evidence.add(number, "speech_title", settings["again"], "labels/title-again")


def _by_running_heads(evidence: Evidence, texts: list[str], counts: Mapping[str, int], settings: Mapping[str, Any]) -> None:
    """The same short line beside two page numbers is a document's running head."""
    for number, text in enumerate(texts[:-1]):
        if not text or counts[text] < 2 or text[-1] in "。!?:;":
            continue
        if evidence.rule(number + 1, "mark") == "paragraphs/page-number":
            evidence.add(number, "mark", settings["preview"], "labels/repeated")


def _by_many_titles(evidence: Evidence, title: int | None, settings: Mapping[str, Any]) -> None:
    """A line of nothing but the page's title again and again."""
    shown = "" if title is None else evidence.text(title)
    for number in range((title or 0) + 1, min(len(evidence.lines), (title or 0) + 6)) if len(shown) >= 4 else ():
        line = evidence.lines[number]
        if line.size < 2 * len(shown) or not evidence.view.startswith(shown, line.left):
            continue
        if not letters(evidence.text(number).replace(shown, "")):
            evidence.add_furniture(number, settings["preview"], "labels/title-again")


def _page_title(evidence: Evidence) -> int | None:
    """The line above the first numbered title or salutation that is the page's title.

    Of several that look like one it is the first that is printed again, else the first above a meta line, else the first.
    """
    found: list[int] = []
    for number in range(min(len(evidence.lines), HEAD)):
        if evidence.is_title(number):
            found.append(number)
        elif evidence.ruled(number, "speech_title") >= 4.0 or evidence.ruled(number, "salutation") >= 3.0:
            break
    keys = [title_key(evidence.text(number)) for number in found]
    again = (number for number, key in zip(found, keys, strict=True) if len(key) >= 4 and keys.count(key) > 1)
    above_meta = (n for n in found if n + 1 < len(evidence.lines) and evidence.ruled(n + 1, "page_meta") >= 3.0)
    return next(again, next(above_meta, found[0] if found else None))


def _lone_mark(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The page's only title has a number (… (2)) and a meta line below it: it is the title of the second page of a text."""
    marked = [n for n in range(len(evidence.lines)) if evidence.ruled(n, "speech_title") >= 5.0]
    if len(marked) != 1 or marked[0] >= min(HEAD, len(evidence.lines) - 1):
        return
    if evidence.ruled(marked[0] + 1, "page_meta") >= 3.0:
        evidence.prefer_page_title(marked[0], settings["first_title"], "labels/first-title")


def _by_middle(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Lines like 「时间:…」 inside a speech are a list in the speech, not what the page says of itself."""
    for number in range(1, len(evidence.lines) - 1):
        if "page_meta" in evidence.rules[number] and _in_speech(evidence, number):
            evidence.scores[number]["page_meta"] += settings["in_speech"]


def _in_speech(evidence: Evidence, number: int) -> bool:
    """Whether lines of one speech stand closely above and below a line, as far as rules know."""
    for step in (-1, 1):
        for near in range(number + step, number + 6 * step, step):
            if not 0 <= near < len(evidence.lines) or evidence.ruled(near, "speech_title", "salutation") >= 1.5:
                return False
            if evidence.ruled(near, "page_meta") < 3.0 and evidence.set_apart(near):
                return False
            if evidence.lines[near].size >= 15 and evidence.closed[near] and evidence.ruled(near, "page_meta") < 3.0:
                break
            if evidence.ruled(near, "closing") >= 3.0:
                break
        else:
            return False
    return True
