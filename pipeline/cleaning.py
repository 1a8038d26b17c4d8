"""Pages through all stages: bytes in, clean speeches and each page's ledger out.

Text flows one way: decode, repair, label and split, drop furniture and rejoin links and paragraphs, script, placeholders,
punctuation. Every stage's edits are composed into one ledger a speech, whose places are offsets in the decoded page.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any, Literal, NamedTuple

from pipeline.assembly import Assembled, assemble_many
from pipeline.errors import PageError
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
    (page,) = clean_many([data], rules, options)
    if isinstance(page, PageError):
        raise page
    return page


def clean_many(
    pages: Sequence[bytes], rules: Rulebook | None = None, options: Options | None = None
) -> list[CleanPage | PageError]:
    """`clean_bytes` for each of many pages, which takes half of the time for short ones.

    Labels, placeholders and punctuation try every rule once for all pages. Where a page's bytes are no text its PageError
    stands in its place. Each answer is the same as that of `clean_bytes`.

    >>> one, other = clean_many(["各位来宾:欢迎光临,请大家入座.".encode(), bytes.fromhex("89504e470d0a1a0a")])
    >>> one.speeches[0].text, type(other)
    ('各位来宾：欢迎光临，请大家入座。', <class 'pipeline.errors.PageError'>)
    """
    book = rules or default_rulebook()
    sources = [_source(data, book) for data in pages]
    whole = [source for source in sources if isinstance(source, _Source)]
    labelled = labels.run_many([source.repaired.text for source in whole], book)
    good = [_read(source, page, book) for source, page in zip(whole, labelled, strict=True)]
    found = iter(
        placeholders.run_many(
            [text for page in good for text in page.texts],
            book,
            published=[page.labelled.meta.get("published") for page in good for _ in page.texts],
        )
    )
    marked = [_marked_page(page, list(islice(found, len(page.texts))), book) for page in good]
    final = iter(
        punctuation.run_many(
            [text for page in marked for text in page.texts],
            book,
            protect=[spans for page in marked for spans in page.protected],
        )
    )
    made = (_finished(page, list(islice(final, len(page.texts))), book, options or Options()) for page in marked)
    return [next(made) if isinstance(source, _Source) else source for source in sources]


def clean(text: str, rules: Rulebook | None = None, options: Options | None = None) -> tuple[CleanSpeech, ...]:
    """The clean speeches of a page that is text already.

    >>> [speech.text for speech in clean("各位来宾:\\n\\n欢迎大家来到我们学校,希望大家度过愉快的一天!")]
    ['各位来宾：\\n\\n欢迎大家来到我们学校，希望大家度过愉快的一天！']
    """
    return clean_bytes(text.encode("utf-8", "surrogatepass"), rules, options).speeches


@dataclass(frozen=True, slots=True)
class _Source:
    """A page before it is labelled. repaired: its text without damage."""

    sha256: str
    size: int
    decoded: Decoded
    repaired: Staged


def _source(data: bytes, book: Rulebook) -> _Source | PageError:
    try:
        decoded = decode.run(data)
    except PageError as error:
        return error
    return _Source(hashlib.sha256(data).hexdigest(), len(data), decoded, repair.run(decoded.text, book))


@dataclass(frozen=True, slots=True)
class _Read:
    """A page before the stages that look at single speeches.

    drafted: its speeches, put together and in simplified script. headlines: the lines that hold titles. texts: what
    placeholders are sought in, the speeches and then the headlines as one text.
    """

    source: _Source
    labelled: Labelled
    drafted: list[tuple[Assembled, Staged]]
    headlines: list[Block]
    texts: list[str]


def _read(source: _Source, labelled: Labelled, book: Rulebook) -> _Read:
    drafted = _simplified(labelled, book)
    headlines = [block for block in labelled.blocks if block.label in TITLES]
    texts = [simplified.text for _, simplified in drafted]
    texts.append("\n".join(labelled.text[block.start : block.end] for block in headlines))
    return _Read(source, labelled, drafted, headlines, texts)


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


@dataclass(frozen=True, slots=True)
class _MarkedPage:
    """A page whose placeholders are found.

    in_titles: those of its headlines. texts: what punctuation is normalized in, the speeches and then their titles. protected:
    for each text the spans in which nothing changes.
    """

    read: _Read
    speeches: list[_Marked]
    in_titles: Staged
    texts: list[str]
    protected: list[list[tuple[int, int]]]


def _marked_page(page: _Read, found: Sequence[Staged], book: Rulebook) -> _MarkedPage:
    *staged, in_titles = found
    speeches = [_marked(*item, book) for item in zip(page.labelled.drafts, page.drafted, staged, strict=True)]
    titles = [one.title for one in speeches if one.title]
    texts = [one.staged.text for one in speeches] + titles
    return _MarkedPage(page, speeches, in_titles, texts, [one.protected for one in speeches] + [[] for _ in titles])


def _finished(page: _MarkedPage, final: Sequence[Staged], book: Rulebook, options: Options) -> CleanPage:
    """The page, when the punctuation of its texts is normalized."""
    read, count = page.read, len(page.speeches)
    source, repaired = read.source, read.source.repaired.ledger
    new_titles = dict(zip(page.texts[count:], (title.text for title in final[count:]), strict=True))
    made = [
        _speech(source.decoded.text, draft, repaired, last, new_titles, book, options)
        for draft, last in zip(page.speeches, final, strict=False)
    ]
    speeches = tuple(speech for speech in made if speech.text)
    spans = [speech.raw_span for speech in speeches]
    return CleanPage(
        sha256=source.sha256,
        size=source.size,
        decoded=source.decoded,
        meta=read.labelled.meta,
        blocks=tuple(_page_blocks(source.decoded.text, read.labelled.blocks, repaired)),
        speeches=speeches,
        placeholders=tuple(_outside(read.headlines, page.in_titles, repaired, spans)),
    )


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
