"""Boilerplate: what a site puts around and inside speeches is taken out.

>>> run("同学们:\\n树坑昨天已经挖好了,今天每个人种一棵。\\n相关推荐\\n读书节讲话稿").text
'同学们:\\n树坑昨天已经挖好了,今天每个人种一棵。\\n'
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from operator import itemgetter

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
    """Pieces of furniture inside paragraphs and behind them. blocks: those of one speech, or of a page."""
    return inline_edits_many(text, view, [blocks], rules)[0]


def inline_edits_many(text: str, view: str, parts: Sequence[Sequence[Block]], rules: StageRules) -> list[list[Place]]:
    """`inline_edits` for each of several parts of a page, which is several times faster: every rule is tried once for all.

    parts: the blocks of each speech, in the order of the page. Each speech is counted apart for phrases that stand behind
    many of its paragraphs.
    """
    bodies = [
        [visible(text, block.start, block.end) for block in blocks if block.label in ("body", "closing")] for blocks in parts
    ]
    spans = [span for own in bodies for span in own]
    if not spans:
        return [[] for _ in parts]
    drops = rules.of("drop")
    found = _behind(view, spans, [rule for rule in drops if rule.where == "tail"])
    removed = [(start, right, rule) for right, (start, rule) in found.items()]
    for rule in drops:
        if rule.where == "text":
            removed += [(start, end, rule.name) for start, end in _inside(view, spans, rule)]
    starts = [*accumulate(map(len, bodies), initial=0)]
    shares: list[list[Place]] = [[] for _ in parts]
    for start, end, name in removed:
        part = bisect_right(starts, bisect_right(spans, start, key=itemgetter(0)) - 1) - 1
        shares[part].append((start, text[start:end], "", (name,)))
    for own, edits in zip(bodies, shares, strict=True):
        edits += _key_phrases(text, view, own, {at + len(before) for at, before, _, _ in edits})
    return shares


def _key_phrases(text: str, view: str, bodies: Sequence[tuple[int, int]], taken: AbstractSet[int]) -> Iterator[Place]:
    """What stands behind the last stop of several paragraphs of a speech. taken: ends at which something was found already."""
    tails = [(right, tail) for left, right in bodies if right not in taken and (tail := _tail(view, left, right))]
    counts = Counter(tail for _, tail in tails)
    for right, tail in tails:
        if counts[tail] >= _TIMES:
            at = right - len(tail)
            yield at, text[at:right], "", ("boilerplate/key-phrase",)


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
        number = bisect_right(bodies, match.start(), key=itemgetter(0)) - 1
        if number >= 0 and match.end() <= bodies[number][1]:
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
