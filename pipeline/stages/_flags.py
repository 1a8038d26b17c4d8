"""Quality flags of speeches: what a reader of the data should know; nothing is deleted because of a flag."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pipeline.page import SPOKEN, Block, Draft
from pipeline.stages._plan import PageLines, Plan

FLAGS = {
    "truncated": "the page says that it shows only a part of the text",
    "hidden-middle": "the page hides a part of the text between two of its lines",
    "starts-mid-sentence": "the beginning is missing: the text starts with a continuation",
    "no-paragraphs": "the page has the whole text in one line",
    "spun": "synonym-spun or machine-translated",
    "machine-written": "sentences of a writing assistant stand beside it",
    "brand-hijacked": "a site's name stands inside it",
    "how-to": "advice on how to write a speech",
    "too-short": "fewer than 100 characters",
    "count-mismatch": "the page's title announces another number of speeches than were found",
}
"""Every flag with what it means."""

_TOO_SHORT = 100
_NO_PARAGRAPHS = 600
_CONTINUATIONS = ",，、;；。)）”’"
_STARTS = (
    "二是",
    "三是",
    "二、",
    "三、",
    "(二)",
    "(三)",
    "第二,",
    "第三,",
    "而且",
    "但是",
    "因此",
    "所以",
    "同时",
    "此外",
    "2、",
    "3、",
)


def draft_flags(
    blocks: Sequence[Block], drafts: Sequence[Draft], view: str, page: PageLines, plan: Plan, count: int | None
) -> list[Draft]:
    """The drafts with their flags. count: how many speeches the page's title announces, or None."""
    flags: list[list[str]] = [[] for _ in drafts]
    for number, draft in enumerate(drafts):
        flags[number] += _by_form(blocks, draft, view)
        if count is not None and count != len(drafts):
            flags[number].append("count-mismatch")
    if drafts:
        _by_rules(flags, blocks, drafts, page, plan)
    order = {flag: place for place, flag in enumerate(FLAGS)}
    return [
        replace(draft, flags=tuple(sorted(set(own), key=lambda flag: (order.get(flag, len(order)), flag))))
        for draft, own in zip(drafts, flags, strict=True)
    ]


def _by_form(blocks: Sequence[Block], draft: Draft, view: str) -> list[str]:
    spoken = [block for block in blocks[draft.first : draft.last] if block.label in SPOKEN]
    size = sum(block.end - block.start for block in spoken)
    found = []
    if size < _TOO_SHORT:
        found.append("too-short")
    if (
        max(block.end - block.start for block in spoken) >= _NO_PARAGRAPHS
        and sum(block.label == "body" for block in spoken) <= 2
        and size >= _NO_PARAGRAPHS
    ):
        found.append("no-paragraphs")
    head = view[spoken[0].start : spoken[0].end].lstrip()
    if head.startswith(_STARTS) or head[:1] in _CONTINUATIONS:
        found.append("starts-mid-sentence")
    return found


def _by_rules(flags: list[list[str]], blocks: Sequence[Block], drafts: Sequence[Draft], page: PageLines, plan: Plan) -> None:
    """Words of a speech speak of it; furniture speaks of the speech that it stands in, or of the last one above it."""
    lines = [block.start for block in blocks]
    starts = [blocks[draft.first].start for draft in drafts]
    ends = [blocks[draft.last - 1].end for draft in drafts]
    for number, rule in enumerate(plan.flags, len(plan.splits)):
        furniture = rule.where == "furniture"
        hits: Counter[int] = Counter()
        for match in page.find(number, rule):
            start = match.start()
            owner = bisect_right(starts, start) - 1
            within = blocks[bisect_right(lines, start) - 1].label == "boilerplate" if furniture else start < ends[owner]
            if owner >= 0 and within:
                hits[owner] += 1
        for owner, times in hits.items():
            if times >= rule.params.get("times", 1):
                flags[owner].append(rule.params["flag"])
