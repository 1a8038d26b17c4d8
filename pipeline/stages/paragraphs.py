"""Paragraphs: hard wraps undone, page numbers dropped, indentation taken away, one blank line between paragraphs.

>>> run("　　水位已经超过警戒线,沿江三个镇的干部今夜\\n- 2 -\\n都要在堤上过夜。\\n　　请大家带上雨衣。").text
'水位已经超过警戒线,沿江三个镇的干部今夜都要在堤上过夜。\\n\\n请大家带上雨衣。'
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.ledger import Ledger, Place
from pipeline.page import SPOKEN, Block
from pipeline.rulebook import Rulebook, StageRules, default_rulebook
from pipeline.stages import Staged, labels
from pipeline.stages._headings import outline_style
from pipeline.stages._lines import is_closed, is_figure, view_of, visible

BREAK, INDENT = ("paragraphs/break",), ("paragraphs/indent",)

_FEWEST = 4
"""Paragraphs that a speech has at least where its numbers are taken for a portal's."""


_CONTINUING = SPOKEN - {"salutation"}
_PAGE_MARKS = ("paragraphs/page-number", "paragraphs/bare-number", "paragraphs/chunk-alone")


class Piece(NamedTuple):
    """The visible part of a block, and what becomes of it.

    left, right: code points in the text. rule: None where it is kept, else full name of the rule that drops it.
    joined: full name of the rule by which it continues the kept piece before it, or None for a paragraph of its own.
    """

    left: int
    right: int
    rule: str | None = None
    joined: str | None = None


def run(text: str, rules: Rulebook | None = None) -> Staged:
    """Make a plain text's lines into paragraphs; every line but page numbers is kept."""
    book = rules or default_rulebook()
    page = labels.run(text, book)
    view = view_of(text, book["labels"])
    own = book["paragraphs"]
    firsts = {draft.first for draft in page.drafts}
    pieces = []
    for number, block in enumerate(page.blocks):
        left, right = visible(text, block.start, block.end)
        if number in firsts:
            left = behind_number(view, left, right, own)
        dropped = block.rule if block.rule.startswith("paragraphs/") or left == right else None
        pieces.append(Piece(left, right, dropped))
    running = [
        edit
        for draft in page.drafts
        for edit in running_numbers(text, view, page.blocks[draft.first : draft.last], pieces[draft.first : draft.last], own)
    ]
    pieces = join_wraps(view, page.blocks, pieces, own)
    kept = [piece for piece in pieces if piece.rule is None]
    if not kept:
        return Staged(text)
    edits = (
        list(space_edits(text, 0, kept[0].left))
        + list(weave(text, pieces))
        + list(space_edits(text, kept[-1].right, len(text)))
    )
    edits += [*_numbers(text, view, page.blocks, pieces, own), *running]
    if sum(block.label == "body" for block in page.blocks) <= 2:
        for block in page.blocks:
            if block.label == "body":
                edits += unbroken_edits(text, view, block.start, block.end, own)
    ledger = Ledger.of(dict.fromkeys(edits))
    return Staged(ledger.apply(text), ledger)


def demonstrate(text: str, rules: Rulebook) -> tuple[str, set[str]]:
    """The stage's text and the full names of its rules that acted."""
    staged = run(text, rules)
    return staged.text, {rule for _, _, _, names in staged.ledger for rule in names} | labels.labelling(
        text, rules, "paragraphs"
    )


def behind_number(view: str, left: int, right: int, rules: StageRules) -> int:
    """The beginning of a speech's text behind a portal's number of a chunk or a page."""
    found = _number(view, left, right, rules)
    return found[0] if found else left


def _number(view: str, left: int, right: int, rules: StageRules) -> tuple[int, str] | None:
    """Where a number at the beginning of view[left:right] ends, and the full name of the rule that knows it."""
    for rule in rules.of("drop"):
        match = rule.regex.match(view[left:right]) if rule.where == "first" else None
        if match is not None and match.end() < right - left:
            return left + int(match.end()), rule.name
    return None


def _numbers(text: str, view: str, blocks: Sequence[Block], pieces: Sequence[Piece], rules: StageRules) -> Iterator[Place]:
    """The deletion of the numbers that pieces leave out at their beginnings."""
    for block, piece in zip(blocks, pieces, strict=True):
        left, right = visible(text, block.start, block.end)
        found = _number(view, left, right, rules) if piece.rule is None and left < piece.left else None
        if found:
            yield left, text[left : piece.left], "", (found[1],)


def running_numbers(
    text: str, view: str, blocks: Sequence[Block], pieces: Sequence[Piece], rules: StageRules
) -> Iterator[Place]:
    """The deletion of the numbers before a speech's paragraphs where they go on from one that its first piece leaves out.

    All paragraphs but the last must have theirs, and at least three.
    """
    rule = next((rule for rule in rules.of("drop") if rule.where == "each"), None)
    kept = [(block, piece) for block, piece in zip(blocks, pieces, strict=True) if piece.rule is None]
    if rule is None or len(kept) < _FEWEST:
        return
    block, first = kept[0]
    opening = rule.regex.match(view[visible(text, block.start, block.end)[0] : first.left])
    if opening is None:
        return
    found = []
    for number, (_, piece) in enumerate(kept[1:], int(opening["number"]) + 1):
        match = rule.regex.match(view[piece.left : piece.right])
        if match is None or int(match["number"]) != number:
            break
        found.append((piece.left, match.end()))
    if len(found) >= max(_FEWEST - 1, len(kept) - 2):
        for left, size in found:
            yield left, text[left : left + size], "", (rule.name,)


def join_wraps(view: str, blocks: Sequence[Block], pieces: Sequence[Piece], rules: StageRules) -> list[Piece]:
    """The pieces with those marked that continue the sentence of the kept piece before them."""
    out = list(pieces)
    closed = [is_closed(view, piece.left, piece.right) for piece in pieces]
    before: int | None = None
    paged = False
    for number, piece in enumerate(out):
        if piece.rule is not None:
            paged = paged or piece.rule in _PAGE_MARKS
            continue
        if (
            before is not None
            and piece.joined is None
            and not closed[before]
            and _continues(before, number, view, blocks, pieces, closed, rules, paged)
        ):
            out[number] = Piece(piece.left, piece.right, None, "paragraphs/wrap")
        before, paged = number, False
    return out


def _continues(
    before: int,
    number: int,
    view: str,
    blocks: Sequence[Block],
    pieces: Sequence[Piece],
    closed: Sequence[bool],
    rules: StageRules,
    paged: bool,
) -> bool:
    """Whether a line goes on with the sentence in which the line before breaks off. paged: over a page number."""
    first, second = pieces[before], pieces[number]
    if blocks[before].label != "body" or blocks[number].label not in _CONTINUING:
        return False
    if "\n" not in view[first.right : second.left]:
        return False
    if "body" == blocks[before].label == blocks[number].label and _torn(view, first, second):
        return True
    last = view[first.right - 1]
    if last == "*" or outline_style(view, second.left, second.right) in ("a", "b"):
        return False
    if second.left - blocks[number].start >= 2 and first.left == blocks[before].start:
        return False
    settings = rules.settings
    if view[second.left] in ",、;。)”" or last in ",、(“《":
        return True
    size = first.right - first.left
    if size < settings["wrap_size"] or blocks[number].label != "body":
        return False
    return paged or size >= settings["cut_size"] or _wrapped(before, pieces, closed, settings["wrap_likeness"])


def _torn(view: str, first: Piece, second: Piece) -> bool:
    """Whether one of two pieces is a number that was torn out of the sentence which both are of."""
    return any(is_figure(view[piece.left : piece.right]) for piece in (first, second))


def _wrapped(number: int, pieces: Sequence[Piece], closed: Sequence[bool], likeness: float) -> bool:
    """Whether a line that breaks off has another one of about its size near it that breaks off too."""
    near = range(max(0, number - 4), min(len(pieces), number + 5))
    sizes = {n: pieces[n].right - pieces[n].left for n in near if not closed[n]}
    size = sizes.pop(number)
    if size < 15:
        size = 0
    return any(other >= 15 and abs(other - size) <= max(3, likeness * size) for other in sizes.values())


def weave(text: str, pieces: Sequence[Piece]) -> Iterator[Place]:
    """Edits that leave the kept pieces, with a blank line between two that are not joined, and nothing else between them.

    Each dropped piece, each space and each line break is an edit of its own.
    """
    dropped: list[Piece] = []
    before: Piece | None = None
    for piece in pieces:
        if piece.rule is not None:
            if before is not None and piece.left < piece.right:
                dropped.append(piece)
            continue
        if before is not None:
            space = text[before.right : piece.left]
            if dropped or piece.joined is not None or space not in ("\n", "\n\n"):
                yield from _gap(text, before.right, piece.left, dropped, piece.joined)
            elif space == "\n":
                yield before.right, "", "\n", BREAK
        before, dropped = piece, []


def _gap(text: str, start: int, end: int, dropped: Sequence[Piece], joined: str | None) -> Iterator[Place]:
    at, broken = start, joined is not None
    for piece in dropped:
        yield from _white(text, at, piece.left, (joined,) if joined else BREAK if not broken else (piece.rule or "",), broken)
        broken = broken or "\n" in text[at : piece.left]
        yield piece.left, text[piece.left : piece.right], "", (piece.rule or "",)
        at = piece.right
    rule = (joined,) if joined else BREAK if not broken else (dropped[-1].rule or "",)
    yield from _white(text, at, end, rule, broken)
    if not broken and "\n" not in text[at:end]:
        yield end, "", "\n\n", BREAK


def _white(text: str, start: int, end: int, rule: tuple[str, ...], gone: bool) -> Iterator[Place]:
    """The white space text[start:end] made into one blank line if it has a line break, or into nothing."""
    space = text[start:end]
    first, last = space.find("\n"), space.rfind("\n")
    if first < 0:
        yield from space_edits(text, start, end)
        return
    yield from space_edits(text, start, start + first)
    core = space[first : last + 1]
    if gone:
        yield start + first, core, "", rule
    elif core == "\n":
        yield start + first, "", "\n", BREAK
    elif core != "\n\n":
        yield start + first, core, "\n\n", BREAK
    yield from space_edits(text, start + last + 1, end)


def space_edits(text: str, start: int, end: int) -> Iterator[Place]:
    """The deletion of the white space text[start:end]."""
    if end > start and not text[start:end].strip():
        yield start, text[start:end], "", INDENT


def unbroken_edits(text: str, view: str, start: int, end: int, rules: StageRules) -> list[Place]:
    """Paragraph breaks inside a long text that has none, at outline numbers, behind the salutation and before the thanks."""
    if end - start < rules.settings["unbroken"]:
        return []
    cuts: dict[int, str] = {}
    for rule in rules.of("split"):
        for match in rule.finditer(view[start:end]):
            cuts.setdefault(start + match.start("cut"), rule.name)
    edits: list[Place] = []
    for cut, name in sorted(cuts.items()):
        if start < cut < end:
            left = cut - 1 if text[cut - 1].isspace() else cut
            edits.append((left, text[left:cut], "\n\n", (name,)))
    return edits
