"""Link residue: the text of a link that a scraper broke out of its sentence is put back, or dropped where it belongs nowhere.

>>> run("数字要理清楚,都写进\\n工作总结。\\n,七月五日以前交齐,一份也不能少。").text
'数字要理清楚,都写进工作总结,七月五日以前交齐,一份也不能少。'
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.ledger import Ledger, Place
from pipeline.page import Block
from pipeline.rulebook import Rulebook, StageRules, default_rulebook
from pipeline.stages import Staged, labels
from pipeline.stages._lines import view_of, visible
from pipeline.stages.paragraphs import Piece, weave

_STARTS = ("同志们", "各位", "最后", "首先", "其次", "今天", "下面", "总之", "谢谢", "大家")


def splices(blocks: Sequence[Block], view: str, rules: StageRules) -> dict[int, bool]:
    """For each block of link residue whether it belongs into the sentence of its neighbours (True) or nowhere (False)."""
    return {
        number: _belongs(number, blocks, view, rules.settings["continuation"])
        for number, block in enumerate(blocks)
        if block.label == "link_residue"
    }


def _belongs(number: int, blocks: Sequence[Block], view: str, continuation: str) -> bool:
    if not 0 < number < len(blocks) - 1 or blocks[number - 1].label != "body" or blocks[number + 1].label != "body":
        return False
    left, right = visible(view, blocks[number - 1].start, blocks[number - 1].end)
    next_left, next_right = visible(view, blocks[number + 1].start, blocks[number + 1].end)
    if left == right or next_left == next_right or view[right - 1] in "!?":
        return False
    if view[next_left] in continuation or view[right - 1] not in "。;:…”)":
        return True
    if view[next_left : next_left + 4].startswith(_STARTS) or _outlined(view[next_left : next_left + 4]):
        return False
    own = visible(view, blocks[number].start, blocks[number].end)
    return view[own[1] - 1] == "。" and view[right - 1] == "。"


def _outlined(head: str) -> bool:
    return head[:1] in "(第——" or (head[1:2] in "、.要是" and head[:1] in "一二三四五六七八九十123456789")


def splice(
    blocks: Sequence[Block], pieces: list[Piece], decided: dict[int, bool], view: str
) -> tuple[list[Piece], list[Place]]:
    """The pieces with residue joined or dropped, and the edits that take away the stops which the scraper put there."""
    stops: list[Place] = []
    out = list(pieces)
    for number, belongs in decided.items():
        name = blocks[number].rule
        if not belongs:
            out[number] = Piece(out[number].left, out[number].right, name)
            continue
        before, own, after = out[number - 1], out[number], out[number + 1]
        if view[before.right - 1] == "。":
            stops.append((before.right - 1, view[before.right - 1], "", (name,)))
            out[number - 1] = Piece(before.left, before.right - 1, before.rule, before.joined)
        if view[own.right - 1] == "。":
            stops.append((own.right - 1, view[own.right - 1], "", (name,)))
            own = Piece(own.left, own.right - 1)
        out[number] = Piece(own.left, own.right, None, name)
        out[number + 1] = Piece(after.left, after.right, after.rule, name)
    return out, stops


def run(text: str, rules: Rulebook | None = None) -> Staged:
    """Mend a plain text's broken links; nothing else is changed."""
    book = rules or default_rulebook()
    page = labels.run(text, book)
    view = view_of(text, book["labels"])
    decided = splices(page.blocks, view, book["links"])
    edits: list[Place] = []
    for number, belongs in decided.items():
        near = range(max(0, number - 1), min(len(page.blocks), number + 2))
        pieces = {n: Piece(*visible(text, page.blocks[n].start, page.blocks[n].end)) for n in near}
        if belongs:
            row, stops = splice([page.blocks[n] for n in near], [pieces[n] for n in near], {1: True}, view)
            edits += stops
            edits += weave(text, row)
        else:
            block = page.blocks[number]
            end = block.end + (text[block.end : block.end + 1] == "\n")
            edits.append((block.start, text[block.start : end], "", (block.rule,)))
    ledger = Ledger.of(dict.fromkeys(edits))
    return Staged(ledger.apply(text), ledger)


def demonstrate(text: str, rules: Rulebook) -> tuple[str, set[str]]:
    """The stage's text and the full names of its rules that acted."""
    staged = run(text, rules)
    return staged.text, {rule for _, _, _, names in staged.ledger for rule in names} | labels.labelling(text, rules, "links")
