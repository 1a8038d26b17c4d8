"""What the lines next to a short line say of it: numbers of speeches and of pages, titles over two lines, names, headings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.patterns import compiled
from pipeline.stages._evidence import HEAD, Evidence
from pipeline.stages._numbers import by_numbers, by_torn_numbers, is_only_number
from pipeline.stages._titles import PUNCTUATED, heads_subtitle, is_over, is_split

_SPEAKERS = tuple(f"labels/speech-speaker{kind}" for kind in ("", "-office", "-named"))
_PAGE_NUMBER = compiled(r"\d{1,3}")
_STEPS = (">", ">>", "»", "›", "→", "/", "|")
_SIGNED = compiled(r"[^\s。!?;:,]{2,20} {1,4}\p{Han}{2,4}")
_REMARK = compiled(r"[【\[]\p{Han}{0,4}(?:点评|评析|评点|赏析|点拨|简析|简评|提示)[】\]]:?")
_ADDRESS = compiled(r"(?:尊敬|敬爱|亲爱)的[^。!?;:我]{2,40},")
_BULLETS = "◆◇★☆■□●▲△"


def weigh_neighbours(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Add to the scores of short lines what the lines next to them say. settings: table ``score`` of the labels' settings."""
    wrapped = _is_wrapped(evidence)
    by_torn_numbers(evidence, settings)
    by_numbers(evidence, settings)
    _by_speakers(evidence, settings)
    _by_bullets(evidence, settings)
    _by_remarks(evidence, settings)
    _by_addresses(evidence, settings)
    loose_size, crumb_size = settings["loose_size"], settings["crumb_size"]
    for number, (_, _, left, right) in enumerate(evidence.lines[:-1]):
        size = right - left
        if not 0 < size <= loose_size:
            continue
        rules = evidence.rules[number]
        if rules:
            _weigh_rules(evidence, number, wrapped, settings)
        if size <= crumb_size and _is_crumb(evidence, number):
            evidence.add_furniture(number, settings["crumb"], "boilerplate/breadcrumb")
        elif is_split(evidence, number):
            for part in (number, number + 1):
                evidence.add(part, "speech_title", settings["split_title"], "labels/split-title")
        elif heads_subtitle(evidence, number):
            evidence.add(number, "page_title", settings["split_title"], "labels/split-title")
        if not rules:
            _weigh_plain(evidence, number, settings)


def _weigh_rules(evidence: Evidence, number: int, wrapped: bool, settings: Mapping[str, Any]) -> None:
    """What a line's neighbours say of what its rules say: of a number, a greeting, a link's text."""
    scores, rules = evidence.scores[number], evidence.rules[number]
    if evidence.rule(number, "speech_title") == "labels/title-number":
        below = evidence.scores[number + 1]
        paged = wrapped and _PAGE_NUMBER.fullmatch(evidence.text(number)) is not None
        if evidence.set_apart(number + 1) or (paged and _goes_on(evidence, number + 1)):
            scores["speech_title"] += settings["continued"]
        elif max(below.get("speech_title", 0.0), below.get("salutation", 0.0)) >= 1.5:
            evidence.add(number, "speech_title", settings["numbered"], "labels/title-number")
        elif evidence.text(number)[-1] in "、." and (is_only_number(evidence, number) or not is_over(evidence, number - 1)):
            scores["speech_title"] -= settings["numbered"]
        elif _is_section(evidence, number, settings["subheading_size"]):
            scores["speech_title"] += settings["continued"]
            evidence.add(number, "heading", settings["section"], "labels/title-number")
    if evidence.rule(number, "speech_title") == "labels/title-bare" and number and _heads_signed(evidence, number):
        evidence.add(number, "speech_title", settings["again"], "labels/speakers")
        evidence.withdraw(number, "link_residue")
    if evidence.rule(number, "salutation") == "labels/salutation-greeting" and not _below_salutation(evidence, number):
        scores["salutation"] += settings["continued"]
    if "link_residue" in rules and not _in_text(evidence, number):
        scores["link_residue"] += settings["continued"]


def _heads_signed(evidence: Evidence, number: int) -> bool:
    """Whether a line stands below the end of something and above a date, a speaker's name or a salutation."""
    known = _is_signature(evidence, number + 1) or evidence.ruled(number + 1, "salutation") >= 3.0
    return known and is_over(evidence, number - 1)


def _is_signature(evidence: Evidence, number: int) -> bool:
    """Whether a rule says that a line is a speech's date or its speaker's name."""
    return evidence.rule(number, "body").startswith("labels/speech-")


def _below_salutation(evidence: Evidence, number: int) -> bool:
    """Whether a salutation stands above a line, or above the page's title that a site has printed between the two."""
    above = number - 1
    if above > 0 and evidence.ruled(above, "page_title") >= 3.0:
        above -= 1
    return above >= 0 and evidence.ruled(above, "salutation") >= 3.0


def _is_section(evidence: Evidence, number: int, limit: int) -> bool:
    """Whether a number with a nought before it (01) stands above a short heading and its text: no compilation counts so."""
    if evidence.text(number)[0] != "0" or number + 2 >= len(evidence.lines):
        return False
    head = evidence.lines[number + 1].size <= limit and not evidence.closed[number + 1]
    return head and evidence.lines[number + 2].size >= limit and not evidence.set_apart(number + 2)


def _weigh_plain(evidence: Evidence, number: int, settings: Mapping[str, Any]) -> None:
    """What a line's neighbours say of it where no rule knows it: a speaker's name, a heading without a number."""
    scores, size = evidence.scores[number], evidence.lines[number].size
    named = 2 <= size <= settings["name_size"] and evidence.scores[number + 1].get("salutation", 0.0) >= 3.0
    if named or (number and not evidence.closed[number] and _signs(evidence, number)):
        evidence.add(number, "body", settings["name"], "")
    elif number and _may_entitle(evidence, number) and _heads_signature(evidence, number):
        evidence.add(number, "speech_title", settings["again"], "labels/speakers")
    elif evidence.rule(number + 1, "page_meta") == "labels/text-card" and not evidence.closed[number]:
        evidence.add(number, "speech_title", settings["again"], "labels/text-card")
    elif not evidence.closed[number] and _between_paragraphs(evidence, number, settings["subheading_size"]):
        scores["heading"] = scores.get("heading", 0.0) + settings["subheading"]


def _heads_signature(evidence: Evidence, number: int) -> bool:
    """Whether a line stands above a speech's date or its speaker's name, these above a salutation, and below no other title."""
    below = number + 1
    signed = _is_signature(evidence, below) and evidence.ruled(below, "body") >= 5.0
    if not signed or evidence.ruled(number - 1, "speech_title") >= 1.5 or below + 1 >= len(evidence.lines):
        return False
    return evidence.ruled(below + 1, "salutation") >= 3.0


def _signs(evidence: Evidence, number: int) -> bool:
    """Whether a line between a title and a salutation names the speaker: where from and, behind a space, who."""
    above, below = evidence.ruled(number - 1, "speech_title"), evidence.scores[number + 1].get("salutation", 0.0)
    return above >= 1.5 and below >= 3.0 and _SIGNED.fullmatch(evidence.text(number)) is not None


def _by_remarks(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The line below a heading such as 【点评】 that stands alone is the remark."""
    for number in evidence.led_by("mark", "boilerplate/speech-card"):
        if number + 1 < len(evidence.lines) and _REMARK.fullmatch(evidence.text(number)):
            evidence.add(number + 1, "mark", settings["remark"], "boilerplate/speech-card")


def _by_addresses(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Lines that address people and end in a comma are salutations where they stand above another one."""
    for number in range(len(evidence.lines) - 2, -1, -1):
        if evidence.ruled(number + 1, "salutation") >= 3.0 and _ADDRESS.fullmatch(evidence.text(number)):
            evidence.add(number, "salutation", settings["address_row"], "labels/salutation-row")


def _by_speakers(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Several lines that name different speakers, each above a salutation or a paragraph, stand at the head of a speech each.

    The short line above one is the speech's title; below the end of another speech the speaker's line itself is.
    """
    last = len(evidence.lines) - 1
    found = [n for n in evidence.led_by("body", *_SPEAKERS) if n < last and _is_speech(evidence, n + 1)]
    if len(found) < 2 or len({evidence.text(number) for number in found}) < len(found):
        return
    for number in found:
        above = number - 1
        if _may_entitle(evidence, above):
            evidence.add(above, "speech_title", settings["speakers"], "labels/speakers")
        elif above >= 0 and (evidence.closed[above] or evidence.ruled(above, "closing") >= 3.0):
            evidence.add(number, "speech_title", settings["speakers"], "labels/speakers")
            evidence.scores[number]["body"] = 0.0


def _by_bullets(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Short lines behind one and the same sign (◆), each above a speech's first line, are the titles of speeches.

    So is the sign alone above a salutation, where there are such titles.
    """
    marked: dict[str, list[int]] = {}
    for number, (_, _, left, right) in enumerate(evidence.lines[:-1]):
        if 0 < right - left <= settings["subheading_size"] and evidence.view[left] in _BULLETS and not evidence.closed[number]:
            marked.setdefault(evidence.view[left], []).append(number)
    for numbers in marked.values():
        heads = [n for n in numbers if _opens_below(evidence, n) and _begins_anew(evidence, n)]
        if len(heads) < 2 or len(heads) < len(numbers) or all(evidence.lines[n].size == 1 for n in heads):
            continue
        for number in heads:
            evidence.add(number, "speech_title", settings["bullets"], "labels/bullets")
            evidence.scores[number].pop("mark", None)


def _begins_anew(evidence: Evidence, number: int) -> bool:
    """Whether a salutation stands below a line, or the end of a speech or something that is none above it."""
    if number == 0 or evidence.ruled(number + 1, "salutation") >= 3.0:
        return True
    return evidence.set_apart(number - 1) or evidence.ruled(number - 1, "closing") >= 1.5


def _opens_below(evidence: Evidence, number: int) -> bool:
    """Whether the line below may be a speech's first; below a sign that stands alone, only a salutation."""
    if evidence.lines[number].size == 1:
        return evidence.ruled(number + 1, "salutation") >= 3.0
    return evidence.opens(number + 1)


def _is_speech(evidence: Evidence, number: int) -> bool:
    """Whether a line, or the one below it, is a salutation or plain text."""
    some = range(number, min(number + 2, len(evidence.lines)))
    return any(evidence.ruled(n, "salutation") >= 3.0 or (evidence.lines[n].size >= 15 and evidence.closed[n]) for n in some)


def _may_entitle(evidence: Evidence, number: int) -> bool:
    """Whether a line may be a title that no rule knows: it is short and stands below the end of something."""
    if number < 0 or evidence.closed[number] or evidence.set_apart(number) or not 2 <= evidence.lines[number].size <= 24:
        return False
    plain = PUNCTUATED.search(evidence.text(number)) is None and evidence.ruled(number, "body", "salutation", "closing") < 1.5
    return plain and (number == 0 or is_over(evidence, number - 1) or evidence.set_apart(number - 1))


def _is_wrapped(evidence: Evidence) -> bool:
    """Whether many of the page's lines break off in the middle of a sentence."""
    ends = [closed for line, closed in zip(evidence.lines, evidence.closed, strict=True) if 15 <= line.size <= 60]
    return len(ends) >= 6 and ends.count(False) * 5 >= 2 * len(ends)


def _goes_on(evidence: Evidence, number: int) -> bool:
    """Whether a line is plain text: neither a title nor a salutation."""
    return evidence.lines[number].size >= 15 and evidence.ruled(number, "speech_title", "salutation") < 1.5


def _is_crumb(evidence: Evidence, number: int) -> bool:
    """Whether a line is a step of a path whose signs stand in lines of their own, or whose steps are numbered."""
    if not 0 < number < HEAD:
        return False
    above, text = evidence.text(number - 1), evidence.text(number)
    if above in _STEPS:
        return True
    numbered = above[:1].isdecimal() and text[1:2] == above[1:2] == "." and text[0] == str(int(above[0]) + 1)
    return numbered and evidence.rule(number - 1, "intro") == "boilerplate/breadcrumb"


def _in_text(evidence: Evidence, number: int) -> bool:
    """Whether a link's text has the scraper's stop, or the line above may be the beginning of its sentence."""
    if evidence.closed[number]:
        return True
    if number == 0 or evidence.lines[number - 1].size < 10 or evidence.set_apart(number - 1):
        return False
    if evidence.ruled(number - 1, "closing") >= 3.0:
        return False
    return evidence.ruled(number - 1, "speech_title", "salutation") < 1.5


def _between_paragraphs(evidence: Evidence, number: int, limit: int) -> bool:
    """Whether a short line stands between two longer ones that are not furniture, the upper one closed."""
    lines = evidence.lines
    if not 3 <= lines[number].size <= limit <= lines[number + 1].size or evidence.set_apart(number + 1):
        return False
    if number == 0 or evidence.view[lines[number].left] in "([【*":
        return False
    above = next((n for n in range(number - 1, max(-1, number - 4), -1) if evidence.scores[n].get("mark", 0.0) < 3.0), None)
    return above is not None and evidence.closed[above] and lines[above].size >= limit
