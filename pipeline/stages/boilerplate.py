"""Boilerplate: what a site puts around and inside speeches is taken out.

>>> run("同学们:\\n树坑昨天已经挖好了,今天每个人种一棵。\\n相关推荐\\n读书节讲话稿").text
'同学们:\\n树坑昨天已经挖好了,今天每个人种一棵。\\n'
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from pipeline.ledger import Ledger, Place
from pipeline.page import Block, Labelled
from pipeline.rulebook import Rule, Rulebook, StageRules, default_rulebook
from pipeline.stages import Staged, labels
from pipeline.stages._lines import view_of, visible

AWAY = frozenset({"page_title", "page_meta", "boilerplate"})
"""Labels of lines that this stage takes away."""

_STOPS = "。!?”"
_PHRASE = 24
_TIMES = 3
_TAIL = 64


def inline_edits(text: str, view: str, blocks: Sequence[Block], rules: StageRules) -> list[Place]:
    """Pieces of furniture inside paragraphs and behind them."""
    bodies = [visible(text, block.start, block.end) for block in blocks if block.label in ("body", "closing")]
    if not bodies:
        return []
    drops = rules.of("drop")
    found = _behind(view, bodies, [rule for rule in drops if rule.where == "tail"])
    edits: list[Place] = [(start, text[start:right], "", (rule,)) for right, (start, rule) in found.items()]
    for rule in drops:
        if rule.where == "text":
            edits += [(start, text[start:end], "", (rule.name,)) for start, end in _inside(view, bodies, rule)]
    taken = {at + len(before) for at, before, _, _ in edits}
    tails = [(right, tail) for left, right in bodies if right not in taken and (tail := _tail(view, left, right))]
    counts = Counter(tail for _, tail in tails)
    for right, tail in tails:
        if counts[tail] >= _TIMES:
            at = right - len(tail)
            edits.append((at, text[at:right], "", ("boilerplate/key-phrase",)))
    return edits


def _behind(view: str, bodies: Sequence[tuple[int, int]], rules: Sequence[Rule]) -> dict[int, tuple[int, str]]:
    """For paragraphs with furniture at their end: their end, where the furniture begins, and the name of the rule.

    Only the ends of paragraphs are looked at, all of them at once, each with one character more for a pattern to look behind.
    """
    starts = [max(left, right - _TAIL - 1) for left, right in bodies]
    ends = "\n".join([view[start:right] for start, (_, right) in zip(starts, bodies, strict=True)])
    places: list[int] = []
    found: dict[int, tuple[int, str]] = {}
    for rule in rules:
        for match in rule.finditer(ends):
            if not places:
                sizes = (right - start + 1 for start, (_, right) in zip(starts, bodies, strict=True))
                places = list(accumulate(sizes, initial=0))
            number = bisect_right(places, match.start()) - 1
            left, right = bodies[number]
            start = starts[number] + match.start() - places[number]
            if match.end() == places[number + 1] - 1 and max(left + 1, right - _TAIL) <= start:
                found.setdefault(right, (start, rule.name))
    return found


def _inside(view: str, bodies: Sequence[tuple[int, int]], rule: Rule) -> Iterator[tuple[int, int]]:
    """The places of a rule's matches that lie inside a paragraph."""
    low, high = bodies[0][0], bodies[-1][1]
    if not rule.finds_needed(view, low, high):
        return
    for match in rule.regex.finditer(view, low, high):
        if any(left <= match.start() and match.end() <= right for left, right in bodies):
            yield match.span()


def _tail(view: str, left: int, right: int) -> str:
    """What stands behind the last stop of a paragraph, if it is short and has no stop itself."""
    if left == right or view[right - 1] in _STOPS:
        return ""
    last = max(view.rfind(stop, left, right) for stop in _STOPS)
    tail = view[last + 1 : right]
    return tail if last > left and 2 <= len(tail.strip()) <= _PHRASE else ""


def _own_title(page: Labelled) -> int | None:
    """The page title that is also the title of the page's only speech."""
    if len(page.drafts) != 1 or page.drafts[0].title is None:
        return None
    titles = [n for n, block in enumerate(page.blocks) if block.label in ("page_title", "speech_title")]
    return titles[-1] if titles and page.blocks[titles[-1]].label == "page_title" else None


def _line_edits(page: Labelled) -> Iterator[Place]:
    kept = _own_title(page)
    for number, block in enumerate(page.blocks):
        if block.label in AWAY and number != kept:
            end = block.end + (page.text[block.end : block.end + 1] == "\n")
            yield block.start, page.text[block.start : end], "", (block.rule or "labels/neighbours",)


def run(text: str, rules: Rulebook | None = None) -> Staged:
    """Take furniture, meta lines and the page's title (unless it is its only speech's) out of a plain text."""
    book = rules or default_rulebook()
    page = labels.run(text, book)
    view = view_of(text, book["labels"])
    ledger = Ledger.of([*_line_edits(page), *inline_edits(text, view, page.blocks, book["boilerplate"])])
    return Staged(ledger.apply(text), ledger)


def demonstrate(text: str, rules: Rulebook) -> tuple[str, set[str]]:
    """The stage's text and the full names of its rules that acted."""
    staged = run(text, rules)
    return staged.text, {rule for _, _, _, names in staged.ledger for rule in names} | labels.labelling(
        text, rules, "boilerplate"
    )
