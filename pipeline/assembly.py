"""A speech put together from the lines of a page: furniture out, broken sentences joined, paragraphs set apart.

>>> from pipeline.stages import labels
>>> page = labels.run("在防汛会上的讲话\\n同志们:\\n　　水位超过了警戒线,今夜都上堤。\\n- 1 -\\n　　散会就出发。")
>>> made = assemble(page, page.drafts[0])
>>> made.ledger.apply(page.text[made.start:made.end])
'同志们:\\n\\n水位超过了警戒线,今夜都上堤。\\n\\n散会就出发。'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.ledger import Ledger, Place
from pipeline.page import SPOKEN, Block, Draft, Labelled
from pipeline.rulebook import Rulebook, default_rulebook
from pipeline.speech import Heading
from pipeline.stages._lines import view_of, visible
from pipeline.stages.boilerplate import inline_edits_many
from pipeline.stages.links import splice, splices
from pipeline.stages.paragraphs import Piece, behind_number, join_wraps, running_numbers, unbroken_edits, weave

_KEPT = SPOKEN | {"link_residue"}


@dataclass(frozen=True, slots=True)
class Assembled:
    """A speech of a page.

    start, end: code points in the labelled text, from the speech's first kept character to its last. ledger: edits of
    text[start:end], counted from ``start``, that make the speech's text. headings: with places in the speech's text.
    """

    start: int
    end: int
    ledger: Ledger
    headings: tuple[Heading, ...]
    flags: tuple[str, ...]


def assemble(labelled: Labelled, draft: Draft, rules: Rulebook | None = None) -> Assembled:
    """Put one speech of a labelled page together."""
    return assemble_many(labelled, [draft], rules)[0]


def assemble_many(labelled: Labelled, drafts: Sequence[Draft], rules: Rulebook | None = None) -> list[Assembled]:
    """Put speeches of a labelled page together, in the order of the page; what is sought in all of them is sought once."""
    book = rules or default_rulebook()
    view = labelled.view or view_of(labelled.text, book["labels"])
    parts = [labelled.blocks[draft.first : draft.last] for draft in drafts]
    inline = inline_edits_many(labelled.text, view, parts, book["boilerplate"])
    return [
        _assembled(labelled.text, view, blocks, own, draft.flags, book)
        for draft, blocks, own in zip(drafts, parts, inline, strict=True)
    ]


def _assembled(
    text: str, view: str, blocks: Sequence[Block], inline: Sequence[Place], flags: tuple[str, ...], book: Rulebook
) -> Assembled:
    pieces = _pieces(view, blocks, inline, book)
    running = list(running_numbers(text, view, blocks, pieces, book["paragraphs"]))
    pieces, stops = splice(blocks, pieces, splices(blocks, view, book["links"]), view)
    pieces = join_wraps(view, blocks, pieces, book["paragraphs"])
    kept = [piece for piece in pieces if piece.rule is None and piece.left < piece.right]
    start, end = kept[0].left, kept[-1].right
    edits = [
        edit for edit in (*inline, *running, *stops, *weave(text, pieces)) if start <= edit[0] and edit[0] + len(edit[1]) <= end
    ]
    if "no-paragraphs" in flags:
        for block in blocks:
            if block.label == "body":
                edits += unbroken_edits(text, view, max(block.start, start), min(block.end, end), book["paragraphs"])
    ledger = Ledger.of(edits).shifted(-start)
    return Assembled(start, end, ledger, _headings(blocks, pieces, ledger, start), flags)


def _pieces(view: str, blocks: Sequence[Block], inline: Sequence[Place], book: Rulebook) -> list[Piece]:
    """The visible part of each block without furniture at its end; blocks that are not spoken are dropped."""
    shorter = {at + len(before): at for at, before, _, _ in inline}
    pieces: list[Piece] = []
    for start, end, label, rule, _ in blocks:
        left, right = visible(view, start, end)
        right = shorter.get(right, right)
        if not pieces:
            left = behind_number(view, left, right, book["paragraphs"])
        kept = left < right and label in _KEPT
        pieces.append(Piece(left, right, None if kept else rule or "labels/neighbours"))
    return pieces


def _headings(blocks: Sequence[Block], pieces: Sequence[Piece], ledger: Ledger, start: int) -> tuple[Heading, ...]:
    found = [
        (block.level, (piece.left - start, piece.right - start))
        for block, piece in zip(blocks, pieces, strict=True)
        if block.label == "heading" and piece.rule is None
    ]
    spans = ledger.spans_to_result([span for _, span in found])
    return tuple(Heading(level, low, high) for (level, _), (low, high) in zip(found, spans, strict=True))
