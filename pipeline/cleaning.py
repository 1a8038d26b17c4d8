"""One page through all stages: bytes in, clean speeches and the page's ledger out.

Text flows one way: decode, repair, label and split, drop furniture and rejoin links and paragraphs, script, placeholders,
punctuation. Every stage's edits are composed into one ledger a speech, whose places are offsets in the decoded page.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from pipeline.assembly import Assembled, assemble_many
from pipeline.ledger import Ledger
from pipeline.page import Block, Decoded, Draft, Labelled
from pipeline.rulebook import Rulebook, default_rulebook
from pipeline.speech import Heading, Placeholder
from pipeline.stages import Staged, decode, labels, placeholders, punctuation, repair, script
from pipeline.stages.placeholders.tags import write

TITLES = frozenset({"page_title", "speech_title"})
EMPTIED = "repair/emptied-line"
"""The rule of a block whose whole line was damage."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user chooses about the cleaning of pages.

    placeholders: ``keep`` leaves masks and elisions as they stand in the text, ``tag`` writes them as tags.
    """

    placeholders: Literal["keep", "tag"] = "keep"


class Found(NamedTuple):
    """A placeholder with its place in the decoded page besides its place in the text."""

    placeholder: Placeholder
    raw_span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CleanSpeech:
    """One clean speech. raw_span and the places of ``ledger`` are code points in the decoded page."""

    title: str | None
    text: str
    raw_span: tuple[int, int]
    ledger: Ledger
    headings: tuple[Heading, ...]
    placeholders: tuple[Found, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CleanPage:
    """One page, cleaned, with all that is needed to explain it and to get its bytes back.

    blocks, speeches and placeholders (those outside every speech) have their places in ``decoded.text``.
    """

    sha256: str
    size: int
    decoded: Decoded
    meta: dict[str, Any]
    blocks: tuple[Block, ...]
    speeches: tuple[CleanSpeech, ...]
    placeholders: tuple[Found, ...]


def clean_bytes(data: bytes, rules: Rulebook | None = None, options: Options | None = None) -> CleanPage:
    """Clean one raw page.

    Raises PageError where the bytes are no text.

    >>> page = clean_bytes("在座谈会上的讲话\\n\\n同志们:\\n\\n今天开个会,请大家发言.我先说三点意见,供大家参考.".encode("gbk"))
    >>> page.speeches[0].title
    '在座谈会上的讲话'
    >>> page.speeches[0].text
    '同志们：\\n\\n今天开个会，请大家发言。我先说三点意见，供大家参考。'
    """
    book = rules or default_rulebook()
    decoded = decode.run(data)
    repaired = repair.run(decoded.text, book)
    labelled = labels.run(repaired.text, book)
    drafted = _simplified(labelled, book)
    headlines = [block for block in labelled.blocks if block.label in TITLES]
    texts = [simplified.text for _, simplified in drafted]
    texts.append("\n".join(labelled.text[block.start : block.end] for block in headlines))
    *staged, in_titles = placeholders.run_many(texts, book, published=labelled.meta.get("published"))
    marked = [_marked(*item, book) for item in zip(labelled.drafts, drafted, staged, strict=True)]
    titles = [draft.title for draft in marked if draft.title]
    final = punctuation.run_many(
        [draft.staged.text for draft in marked] + titles,
        book,
        protect=[draft.protected for draft in marked] + [[] for _ in titles],
    )
    new_titles = dict(zip(titles, (title.text for title in final[len(marked) :]), strict=True))
    made = [
        _speech(decoded.text, draft, repaired.ledger, last, new_titles, book, options or Options())
        for draft, last in zip(marked, final, strict=False)
    ]
    speeches = tuple(speech for speech in made if speech.text)
    return CleanPage(
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        decoded=decoded,
        meta=labelled.meta,
        blocks=tuple(_page_blocks(decoded.text, labelled.blocks, repaired.ledger)),
        speeches=speeches,
        placeholders=tuple(_outside(headlines, in_titles, repaired.ledger, [speech.raw_span for speech in speeches])),
    )


def clean(text: str, rules: Rulebook | None = None, options: Options | None = None) -> tuple[CleanSpeech, ...]:
    """The clean speeches of a page that is text already.

    >>> [speech.text for speech in clean("各位来宾:\\n\\n欢迎大家来到我们学校,希望大家度过愉快的一天!")]
    ['各位来宾：\\n\\n欢迎大家来到我们学校，希望大家度过愉快的一天！']
    """
    return clean_bytes(text.encode("utf-8", "surrogatepass"), rules, options).speeches


@dataclass(frozen=True, slots=True)
class _Marked:
    """A speech with its placeholders found, before its punctuation is normalized.

    script: edits behind the assembly. before: those of the assembly and the script, on labelled.text[part.start:part.end].
    """

    part: Assembled
    title: str | None
    script: Ledger
    before: Ledger
    staged: Staged
    flags: tuple[str, ...]

    @property
    def protected(self) -> list[tuple[int, int]]:
        return [(one.start, one.end) for one in self.staged.placeholders if one.end > one.start]


def _simplified(labelled: Labelled, book: Rulebook) -> list[tuple[Assembled, Staged]]:
    parts = assemble_many(labelled, labelled.drafts, book)
    texts = [part.ledger.apply(labelled.text[part.start : part.end]) for part in parts]
    return list(zip(parts, script.run_many(texts, book), strict=True))


def _marked(draft: Draft, drafted: tuple[Assembled, Staged], staged: Staged, book: Rulebook) -> _Marked:
    part, simplified = drafted
    title = (draft.title or "").strip() or None
    if title and (simplified.ledger or script.is_traditional(title, book)):
        title = script.convert(title, book)
    before = part.ledger.then(simplified.ledger)
    return _Marked(part, title, simplified.ledger, before, staged, (*draft.flags, *part.flags, *staged.flags))


def _speech(
    raw: str, draft: _Marked, repaired: Ledger, final: Staged, titles: Mapping[str, str], book: Rulebook, options: Options
) -> CleanSpeech:
    start, end = repaired.to_source(draft.part.start), repaired.to_source(draft.part.end, end=True)
    before = repaired.within(start, end).then(draft.before)
    text, last = final.text, final.ledger
    marks = [(one.start, one.end) for one in draft.staged.placeholders]
    found = tuple(
        Placeholder(low, high, text[low:high], one.kind, one.type, one.suggestion, one.rule)
        for one, (low, high) in zip(draft.staged.placeholders, last.spans_to_result(marks), strict=True)
    )
    if options.placeholders == "tag":
        text, tags, found = write(text, found)
        last = last.then(tags)
    spans = [(low + start, high + start) for low, high in before.spans_to_source(marks)]
    headings = last.spans_to_result(draft.script.spans_to_result([(h.start, h.end) for h in draft.part.headings]))
    return CleanSpeech(
        title=titles[draft.title] or None if draft.title else None,
        text=text,
        raw_span=(start, end),
        ledger=before.then(last).anchored(raw[start:end]).shifted(start),
        headings=tuple(Heading(h.level, low, high) for h, (low, high) in zip(draft.part.headings, headings, strict=True)),
        placeholders=tuple(map(Found, found, spans)),
        flags=tuple(dict.fromkeys((*draft.flags, *repair.flags(final.text, book), *final.flags))),
    )


def _outside(titles: Sequence[Block], found: Staged, repaired: Ledger, spans: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Placeholders in titles, which belong to no speech's text. found: those of the titles' lines as one text."""
    starts = [0, *accumulate(block.end - block.start + 1 for block in titles)]
    for one in found.placeholders:
        number = bisect_right(starts, one.start) - 1
        shift = titles[number].start - starts[number]
        (span,) = repaired.spans_to_source([(one.start + shift, one.end + shift)])
        if not any(low <= span[0] < high for low, high in spans):
            yield Found(one._replace(start=span[0], end=span[1]), span)


def _page_blocks(text: str, blocks: tuple[Block, ...], repaired: Ledger) -> Iterator[Block]:
    """The blocks with their places in the decoded page, where they tile every line.

    A block begins where its first character stands, or at the beginning of its line, and reaches to the next block or to the
    line's end, so that what the repair removed at an edge belongs to a block too.
    """
    if not repaired:
        yield from blocks
        return
    starts = [start for start, _ in repaired.spans_to_source([(block.start, block.start) for block in blocks])]
    starts.append(len(text) + 1)
    number, place = 0, 0
    for line in text.split("\n"):
        end = place + len(line)
        if line and starts[number] >= end:
            yield Block(place, end, "boilerplate", EMPTIED)
        while starts[number] < end:
            block = blocks[number]
            number += 1
            high = starts[number] if starts[number] < end else end
            if place < high:
                yield block if (place, high) == block[:2] else block._replace(start=place, end=high)
                place = high
        place = end + 1
