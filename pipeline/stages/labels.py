"""Labels every line of a page, finds the speeches in it and reads what the page says of itself.

A line is looked at twice: by itself (the rules of ``rules/labels.toml``, ``boilerplate.toml``, ``links.toml`` and
``paragraphs.toml`` and the line's form), then among its neighbours: the labels of a page are the sequence with the
highest sum of the lines' scores and of the scores of one label following another.

>>> page = run("植树节讲话稿\\n同学们:\\n春风来了,今天去种树,每个班种二十棵。\\n谢谢大家!\\n相关推荐\\n读书节讲话稿")
>>> [block.label for block in page.blocks]
['speech_title', 'salutation', 'body', 'closing', 'boilerplate', 'boilerplate']
>>> page.drafts
(Draft(first=1, last=4, title='植树节讲话稿', flags=('too-short',)),)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from pipeline.page import Block, Draft, Label, Labelled, no_meta
from pipeline.patterns import compiled
from pipeline.rulebook import Rulebook, StageRules, default_rulebook
from pipeline.stages._evidence import Evidence
from pipeline.stages._flags import draft_flags
from pipeline.stages._headings import heading_levels
from pipeline.stages._lines import Line, lines_of, view_of
from pipeline.stages._matches import hits_of, hits_of_many
from pipeline.stages._meta import read_meta
from pipeline.stages._plan import FURNITURE, Hit, PageLines, Plan, Voice, page_lines, plan_of
from pipeline.stages._scores import score_lines
from pipeline.stages._sequence import best_sequence
from pipeline.stages._speeches import clean_title, find_cues, find_drafts, join_titles

_COUNT = compiled(r"([\d一二三四五六七八九十]{1,3}) ?篇\)?")
_NUMERALS = {char: number for number, char in enumerate("一二三四五六七八九十", 1)}


def run(text: str, rules: StageRules | Rulebook | None = None) -> Labelled:
    """Label a decoded page.

    rules: a rulebook, or the rules of this stage alone (the other stages' are then the package's own), or None.
    Every non-empty line of the text is one block, or two where a speech's border lies inside it.
    """
    return run_many([text], rules)[0]


def run_many(texts: Sequence[str], rules: StageRules | Rulebook | None = None) -> list[Labelled]:
    """`run` for each of many pages, which is faster for short ones: what rules need is looked for in all of them at once.

    >>> [len(page.blocks) for page in run_many(["同学们:\\n今天种树。", "", "谢谢大家!"])]
    [2, 0, 1]
    """
    book = _book(rules)
    own, plan = book["labels"], plan_of(book)
    views = [view_of(text, own) for text in texts]
    pages = page_lines(views, plan)
    lines = [lines_of(view, {cut for _, cut in _cuts(page, plan)}) for view, page in zip(views, pages, strict=True)]
    hits = hits_of_many(views, lines, plan)
    return [_labelled(*one, own, plan) for one in zip(texts, views, pages, lines, hits, strict=True)]


def _labelled(
    text: str,
    view: str,
    page: PageLines,
    lines: list[Line],
    hits: Sequence[Sequence[Hit]],
    own: StageRules,
    plan: Plan,
) -> Labelled:
    """A page whose lines the rules have looked at."""
    if not lines:
        return Labelled(text, (), (), no_meta(), view)
    evidence = score_lines(view, lines, hits, plan.voices, own.settings["score"])
    states = best_sequence(evidence.scores, own.settings["transitions"])
    blocks = _blocks(lines, states, evidence, view)
    titles = {
        number: clean_title(text[block.start : block.end], view[block.start : block.end], plan.titles)
        for number, block in enumerate(blocks)
        if block.label in ("speech_title", "page_title") and block.rule != "labels/title-bare"
    }
    join_titles(blocks, titles, text, view, plan.titles)
    drafts = find_drafts(blocks, titles, find_cues(hits, plan), view, own.sets.get("genre", ()), text)
    meta = read_meta(_speaking(blocks, text, view), plan.fields)
    page_title = _page_title(blocks)
    if page_title is not None:
        plain = text[blocks[page_title].start : blocks[page_title].end].strip()
        meta["page_title"] = max(plain, titles.get(page_title) or "", key=len)
    count = _announced(view, blocks, page_title)
    drafts = _titled_by_page(blocks, drafts, titles, count)
    flagged = draft_flags(blocks, drafts, view, page, plan, count)
    return Labelled(text, tuple(blocks), tuple(flagged), meta, view)


def demonstrate(text: str, rules: Rulebook) -> tuple[str, set[str]]:
    """The labels of a text's blocks, a line each, and the full names of the rules that acted.

    Besides the rules that gave a line its label these are the rules for marks in titles, for meta and for flags that left
    their trace in a title, a field or a flag.
    """
    plan = plan_of(rules)
    view = view_of(text, rules["labels"])
    cuts = list(_cuts(page_lines([view], plan)[0], plan))
    hits = hits_of(view, lines_of(view, {cut for _, cut in cuts}), plan)
    acted = labelling(text, rules, "labels") | {plan.splits[number].name for number, _ in cuts}
    acted |= {plan.cues[hit.rule - len(plan.voices)].name for own in hits for hit in own if hit.rule >= len(plan.voices)}
    page = run(text, rules)
    return "\n".join(block.label for block in page.blocks), acted | _traced(page, view, rules["labels"])


def _traced(page: Labelled, view: str, rules: StageRules) -> set[str]:
    """Rules of the actions ``field``, ``flag`` and ``drop`` that match and whose trace the page bears."""
    flags = {flag for draft in page.drafts for flag in draft.flags}
    titles = [view[block.start : block.end] for block in page.blocks if block.label in ("page_title", "speech_title")]
    bare = {draft.title for draft in page.drafts}
    traced = set()
    for rule in rules:
        if rule.action == "field" and page.meta.get(rule.params["field"]):
            found = rule.regex.search(view) is not None
        elif rule.action == "flag":
            found = rule.params["flag"] in flags and rule.regex.search(view) is not None
        else:
            found = rule.action == "drop" and any(title not in bare and rule.regex.search(title) for title in titles)
        if found:
            traced.add(rule.name)
    return traced


def labelling(text: str, rules: Rulebook, stage: str) -> set[str]:
    """Full names of a stage's label rules that match a line which has their label in the end."""
    plan = plan_of(rules)
    view = view_of(text, rules["labels"])
    lines = lines_of(view, {cut for _, cut in _cuts(page_lines([view], plan)[0], plan)})
    return {
        plan.voices[hit.rule].name
        for block, hits in zip(run(text, rules).blocks, hits_of(view, lines, plan), strict=True)
        for hit in hits
        if hit.rule < len(plan.voices) and _speaks(plan.voices[hit.rule], block, stage)
    }


def _speaks(voice: Voice, block: Block, stage: str) -> bool:
    """Whether a rule had its way: for its label, or with a negative score against it."""
    return voice.rule.stage == stage and (voice.score > 0) == (voice.rule.params["label"] == block.label)


def _cuts(page: PageLines, plan: Plan) -> Iterator[tuple[int, int]]:
    """The borders inside lines that rules with action ``split`` find: number of the rule, and the place."""
    for number, rule in enumerate(plan.splits):
        for match in page.find(number, rule, plan.sizes[1] if rule.where == "head" else None):
            yield number, match.start("cut")


def _book(rules: StageRules | Rulebook | None) -> Rulebook:
    if rules is None:
        return default_rulebook()
    if isinstance(rules, Rulebook):
        return rules
    return Rulebook({**default_rulebook().stages, rules.stage: rules})


def _blocks(lines: Sequence[Line], states: Sequence[str], evidence: Evidence, view: str) -> list[Block]:
    levels = heading_levels(lines, states, view)
    blocks = []
    for (start, end, _, _), state, level, rules in zip(lines, states, levels, evidence.rules, strict=True):
        glued = state == "salutation" and start > 0 and view[start - 1] != "\n"
        if state == "body" or glued or (state == "heading" and not level):
            blocks.append(Block(start, end, "body"))
            continue
        label = "boilerplate" if state in FURNITURE else cast("Label", state)
        rule = rules[state][1] if state in rules else "labels/neighbours"
        blocks.append(Block(start, end, label, rule, level))
    return blocks


def _titled_by_page(
    blocks: Sequence[Block], drafts: list[Draft], titles: Mapping[int, str | None], count: int | None
) -> list[Draft]:
    """The first speech has the page's title for its own, if the page is no collection and gives no other title above it."""
    if not drafts or drafts[0].title is not None or count is not None:
        return drafts
    above = blocks[: drafts[0].first]
    if any(block.label == "speech_title" and block.rule != "labels/title-bare" for block in above):
        return drafts
    number = _page_title(above)
    return drafts if number is None else [replace(drafts[0], title=titles.get(number)), *drafts[1:]]


def _page_title(blocks: Sequence[Block]) -> int | None:
    """The first page title that a rule found, or else the first one."""
    found = [n for n, block in enumerate(blocks) if block.label == "page_title"]
    return next((n for n in found if blocks[n].rule != "labels/first-line"), found[0] if found else None)


def _speaking(blocks: Sequence[Block], text: str, view: str) -> list[tuple[str, str]]:
    """Text and view of the lines that may say something of the page: meta lines first, then furniture."""
    order = [
        block
        for label in ("page_meta", "boilerplate")
        for block in blocks
        if block.label == label and block.end - block.start <= 200
    ]
    return [(text[block.start : block.end], view[block.start : block.end]) for block in order]


def _announced(view: str, blocks: Sequence[Block], page_title: int | None) -> int | None:
    """How many speeches the page's title says that there are."""
    if page_title is None:
        return None
    found = _COUNT.search(view[blocks[page_title].start : blocks[page_title].end])
    if found is None:
        return None
    word = found[1]
    if word.isdigit():
        return int(word)
    if len(word) == 1:
        return _NUMERALS.get(word)
    tens, _, ones = word.partition("十")
    return _NUMERALS.get(tens, 1) * 10 + _NUMERALS.get(ones, 0) if "十" in word else None
