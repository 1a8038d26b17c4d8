"""What stands below a page's last speech: replies, lists of other texts, furniture of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.patterns import compiled
from pipeline.stages._evidence import Evidence
from pipeline.stages._wording import addressed, names_texts, speaks_of_site, spoken

_LISTED = compiled(
    r"讲话|发言|致[辞词]|演讲|主持|[稿词辞]$|范文|总结|报告|心得|体会|作文|方案|计划|倡议|公告|通知|标语|祝福|文案|合同|制度|申请|材料|文章|文库|"
    r"[>★»|]|^[·•]|\d{2}-\d{2}|网|下载|登录|注册|评论|分享|首页|关于|联系|更多|回复|楼|推荐|精彩|阅读|举报|收藏|复制|资源|资料|声明|地图|链接|微信|QQ|公众号"
)
_POSTED = frozenset({"boilerplate/comment", "boilerplate/forum", "boilerplate/question-answer"})
"""Rules for the line above a reply: who wrote it, and when."""
_LISTS = frozenset({"boilerplate/recommendation"})
"""Rules for the heading of a list of other texts."""
_COMMENTED = frozenset({"boilerplate/comments", "labels/site-words"})
_SHOWN, _NEAR = 20, 8
"""Code points of a text that a list shows, and lines in which other furniture stands above its title."""
_LONGEST, _TITLE = 16, 40
"""Entries of a list of recommendations, and the code points of one."""
_REPLY = 160
"""Code points of the longest line that may be a reply by its place."""


def by_replies(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Below the last line that is surely a speech's, who wrote a reply and when, and the reply itself, are furniture."""
    last = next((n for n in range(len(evidence.lines) - 1, -1, -1) if spoken(evidence, n)), len(evidence.lines))
    below = ""
    for number in range(last + 1, len(evidence.lines)):
        above, below = below, _poster(evidence, number)
        if below and "page_meta" in evidence.rules[number]:
            evidence.scores[number]["page_meta"] += settings["in_speech"]
        if below == "labels/meta-date" or (above and not below and _may_reply(evidence, number)):
            own = evidence.scores[number].get("list", 0.0)
            evidence.add(number, "list", settings["reply"] - min(own, 0.0), "labels/site-words")


def _poster(evidence: Evidence, number: int) -> str:
    """The rule that knows a line for the one above a reply; empty where none does."""
    known = evidence.rule(number, "list")
    if known in _POSTED:
        return known
    dated = evidence.rule(number, "page_meta")
    return dated if dated == "labels/meta-date" and _commented(evidence, number) else ""


def _commented(evidence: Evidence, number: int) -> bool:
    """Whether a line stands not far below the heading of a page's comments, or below another reply."""
    return any(evidence.rule(n, "list") in _COMMENTED for n in range(max(0, number - 6), number))


def _may_reply(evidence: Evidence, number: int) -> bool:
    """Whether a line is too short for a speech and addresses nobody."""
    return evidence.lines[number].size <= _REPLY and not addressed(evidence, number)


def by_shown_texts(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Below furniture, a title and the first words of its text, which break off with dots, are an entry of a list."""
    view = evidence.view
    for number, (_, _, left, right) in enumerate(evidence.lines):
        above = number - 1
        if above < 0 or right - left < _SHOWN or not view.endswith(("…", "..."), left, right):
            continue
        titled = not evidence.closed[above] and names_texts(evidence, above)
        if titled and any(evidence.ruled(n, "list") >= 5.0 for n in range(max(0, above - _NEAR), above)):
            for part in (above, number):
                evidence.add(part, "list", settings["preview"], "labels/preview")


def by_tail(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Short lines below the last paragraph, behind a line that a rule knows as furniture, are a list of furniture.

    They are looked at from the page's end upwards, run by run between lines that are known: the first run that reads like
    text, as a poem's lines do, is a speech's, and nothing above it is furniture by its place.
    """
    last = next((n for n in range(len(evidence.lines) - 1, -1, -1) if _substantial(evidence, n)), len(evidence.lines))
    run: list[int] = []
    for number in range(len(evidence.lines) - 1, last, -1):
        if evidence.ruled(number, "intro", "list", "page_meta") >= 5.0:
            if evidence.rule(number, "list") not in _LISTS and _reads_like_text(evidence, run):
                return
            for known in run:
                _lean_to_list(evidence, known, settings)
            run = []
        elif evidence.lines[number].size:
            run.append(number)
    if last + 1 + len(run) < len(evidence.lines):
        for known in run:
            if speaks_of_site(evidence, known, 2):
                _lean_to_list(evidence, known, settings)
            elif len(run) <= 2 and _LISTED.search(evidence.text(known)) is None and not evidence.rules[known]:
                evidence.scores[known]["body"] = evidence.scores[known].get("body", 0.0) + settings["last_words"]


def _reads_like_text(evidence: Evidence, run: Sequence[int]) -> bool:
    """Whether a run of lines has hardly any words of titles or of sites."""
    known = sum(_LISTED.search(evidence.text(n)) is not None for n in run if evidence.lines[n].size <= 40)
    return len(run) > 2 and 3 * known < len(run)


def _lean_to_list(evidence: Evidence, number: int, settings: Mapping[str, Any]) -> None:
    """Let a line in a list's place be furniture if it is short or speaks of the site."""
    scores = evidence.scores[number]
    if evidence.lines[number].size > settings["loose_size"]:
        if speaks_of_site(evidence, number):
            evidence.add(number, "list", settings["site_words"], "labels/site-words")
        return
    scores["list"] = scores.get("list", settings["loose_open"]) + settings["tail"]
    if speaks_of_site(evidence, number, 1):
        scores["list"] += settings["tail_site"]
    if _in_recommendations(evidence, number):
        scores["list"] += settings["tail"]
    if number and evidence.rule(number - 1, "list") in _POSTED:
        scores["list"] += settings["tail"]
    if evidence.ruled(number, "speech_title") < 5.0 and "speech_title" in scores:
        scores["speech_title"] -= settings["tail"]


def _in_recommendations(evidence: Evidence, number: int) -> bool:
    """Whether nothing but short open lines stand between a line and the heading of recommendations above it."""
    for above in range(number - 1, max(-1, number - _LONGEST), -1):
        if evidence.rule(above, "list") in _LISTS:
            return True
        if evidence.closed[above] or evidence.lines[above].size > _TITLE:
            return False
    return False


def _substantial(evidence: Evidence, number: int) -> bool:
    """Whether a line is surely spoken: a rule says so, or it is a long sentence and nothing says that it is furniture."""
    if spoken(evidence, number):
        return True
    size = evidence.lines[number].size
    if size <= 40 or evidence.set_apart(number) or (size <= 60 and not evidence.closed[number]):
        return False
    return not speaks_of_site(evidence, number)
