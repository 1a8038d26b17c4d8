"""What may recur from page to page, where it stands on a page, and how it is counted in a fixed space.

A key is what two pages may have in common. Where a key stands is told by the labels of the rules so far.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pipeline.page import SPOKEN, Block, Labelled
from pipeline.rulebook import Rulebook
from pipeline.stages._lines import visible
from pipeline.stages.boilerplate import inline_edits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["line", "head", "digits", "lead", "tail", "phrase"]
"""What recurs: a whole line, the beginning of a long one, a line with other figures each time, a line's beginning before a
colon or the like; the end of a paragraph behind its last stop, the beginning of a sentence inside a paragraph."""
Stand = Literal["away", "edge", "inside", "title", "fixed"]
"""Where it stands: outside of speeches, at a speech's edge, inside one, or above one as its title, which no rule has called so;
fixed: by a rule it is a speech's title, salutation, heading or closing."""
Side = Literal["above", "below", "between"]
"""On which side of the page's text it stands."""

LINE_KINDS: tuple[Kind, ...] = ("line", "head", "digits", "lead")
_STOPS = "。!?”;"
DIGITS = re.compile(r"\d+")
LEAD = re.compile(r"[^:>»|_—]{2,}?(?:[:>»|_]|—{1,2}) ?")
_SENTENCE = re.compile(r"[^。!?;]+[。!?;]?[”’)]*")
GUESSED = frozenset(
    {"", "labels/neighbours", "labels/first-line", "labels/first-title", "labels/title-again", "labels/above-salutation",
     "labels/preamble", "labels/preview", "labels/repeated"}
)  # fmt: skip
"""Rules of blocks that no rule file names a reason for."""


class Key(NamedTuple):
    """What recurs, as the folded view has it; the figures of kind ``digits`` are all 0."""

    kind: Kind
    text: str


class Sighting(NamedTuple):
    """One place of a key on a page. form: the line as it stands there. unit: the page, or the speech's group of copies."""

    key: Key
    form: str
    stand: Stand
    side: Side
    known: bool
    unit: int


def line_key(text: str, settings: Mapping[str, Any]) -> Key:
    """The key of a whole line: a long one is known by its beginning.

    >>> line_key("架位", {"line": 100, "head": 48})
    Key(kind='line', text='架位')
    """
    return Key("head", text[: settings["head"]]) if len(text) > settings["line"] else Key("line", text)


def keys_of(page: Labelled, view: str, book: Rulebook) -> Iterator[tuple[int, Key, str]]:
    """What may recur on a page: (number of the block, key, form)."""
    settings = book["learn"].settings
    words = book["learn"].sets["site"], book["learn"].sets["advert"]
    for number, block in enumerate(page.blocks):
        left, right = visible(view, block.start, block.end)
        size, text = right - left, view[left:right]
        if not size or not text.isprintable():
            continue
        if size > settings["line"]:
            yield number, line_key(text, settings), f"{hash_of(text):x}"
        else:
            yield number, line_key(text, settings), text
            if any(char.isdigit() for char in text):
                yield number, Key("digits", DIGITS.sub("0", text)), text
            lead = LEAD.match(text, 0, settings["lead"])
            if lead is not None and lead.end() < size <= 60 and not any(stop in text for stop in "。!?;"):
                yield number, Key("lead", lead[0]), text
        if block.label in ("body", "closing") and size > 16:
            yield from _inline_keys(number, text, words, settings["phrase"])


def _inline_keys(
    number: int, text: str, words: tuple[Sequence[str], Sequence[str]], longest: int
) -> Iterator[tuple[int, Key, str]]:
    """The paragraph's end behind its last stop, its last sentence, and beginnings of sentences with a word of a site in them.

    words: those of a site, and those that hardly any speech has.
    """
    site, advert = words
    sentences = list(_SENTENCE.finditer(text))
    if len(sentences) > 1 and 3 <= len(sentences[-1][0]) <= longest:
        tail = sentences[-1][0].strip()
        if tail[-1:] not in "。!?;”" or any(word in tail for word in site):
            yield number, Key("tail", tail), tail
            sentences.pop()
    for sentence in sentences:
        start = text[sentence.start() : sentence.start() + longest].lstrip()
        least = min((start.find(word) + len(word) for word in advert if word in start), default=longest + 1)
        for size in range(max(5, least), min(len(start), longest) + 1):
            yield number, Key("phrase", start[:size]), start[:size]


def stands_of(
    page: Labelled, view: str, recurring: set[int], compared: Mapping[int, int]
) -> tuple[dict[int, Stand], dict[int, int]]:
    """Where each block stands, and the speech (by its number) to which it belongs."""
    stands: dict[int, Stand] = {}
    owners: dict[int, int] = {}
    for index, draft in enumerate(page.drafts):
        spoken = [n for n in range(draft.first, draft.last) if page.blocks[n].label in SPOKEN]
        edges = {*_run(spoken, recurring, page), *_run(spoken[::-1], recurring, page)} if index in compared else set(spoken)
        for number in spoken:
            owners[number] = index
            stands[number] = "fixed" if _ruled(page.blocks[number]) else "edge" if number in edges else "inside"
    titles = {title for draft in page.drafts if (title := _title_above(page, draft.first)) is not None}
    for number, block in enumerate(page.blocks):
        if number not in stands:
            ruled = block.rule not in GUESSED and (block.label == "page_title" or number in titles)
            stands[number] = "fixed" if ruled else "title" if number in titles else "away"
    return stands, owners


def _title_above(page: Labelled, first: int) -> int | None:
    """The number of the title nearest above a speech, with no line of another speech between."""
    for number in range(first - 1, -1, -1):
        label = page.blocks[number].label
        if label in SPOKEN:
            return None
        if label in ("speech_title", "page_title"):
            return number
    return None


def _run(numbers: Iterable[int], recurring: set[int], page: Labelled) -> Iterator[int]:
    """The recurring lines from an edge of a speech on."""
    for number in numbers:
        if number not in recurring or _ruled(page.blocks[number]):
            return
        yield number


def _ruled(block: Block) -> bool:
    """Whether a rule says that a line is a salutation, a heading or a closing."""
    return block.label in ("salutation", "heading", "closing") and block.rule not in GUESSED


def compared(page: Labelled, view: str, paragraph: int) -> set[int]:
    """Numbers of the speeches with at least two paragraphs: others may be furniture that was taken for a speech."""
    texts = _paragraphs(page, view, paragraph)
    return {n for n, draft in enumerate(page.drafts) if sum(draft.first <= at < draft.last for at in texts) >= 2}


def _paragraphs(page: Labelled, view: str, size: int) -> list[int]:
    return [
        number
        for number, block in enumerate(page.blocks)
        if block.label == "body" and block.end - block.start >= size and view[block.start : block.end].rstrip()[-1:] in _STOPS
    ]


def sides_of(page: Labelled, view: str, recurring: set[int], paragraph: int) -> list[Side]:
    """On which side of the page's paragraphs each block stands; recurring lines are no paragraphs."""
    texts = [number for number in _paragraphs(page, view, paragraph) if number not in recurring]
    if not texts:
        return ["between"] * len(page.blocks)
    first, last = texts[0], texts[-1]
    return ["above" if n < first else "below" if n > last else "between" for n in range(len(page.blocks))]


def taken_in(page: Labelled, view: str, book: Rulebook) -> set[int]:
    """Numbers of the blocks in which rules find furniture inside the paragraph already."""
    places = [
        at
        for at, _, _, rules in inline_edits(page.text, view, page.blocks, book["boilerplate"])
        if rules != ("boilerplate/key-phrase",)
    ]
    return {n for n, block in enumerate(page.blocks) if any(block.start <= at < block.end for at in places)}


# --- counting in a fixed space ----------------------------------------------------------------------------------------


def hash_of(text: str) -> int:
    """64 bits that don't depend on the process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def key_hash(key: Key) -> int:
    """A key as 64 bits."""
    return hash_of(f"{key.kind}\t{key.text}")


class Hot:
    """The keys that may have been counted often enough: all that were, and a few more."""

    def __init__(self, rows: NDArray[np.bool_]) -> None:
        self.rows, self.mask = rows, rows.shape[1] - 1

    def holds(self, key: int) -> bool:
        """Whether a key may have been counted often enough."""
        return bool(self.rows[0, key & self.mask] and self.rows[1, (key >> 32) & self.mask])


class Counters:
    """A count-min sketch (Cormode and Muthukrishnan 2005) of two rows: counts on how many pages a key stands, never too few."""

    def __init__(self, bits: int) -> None:
        import numpy as np

        self.rows: NDArray[np.uint16] = np.zeros((2, 1 << bits), dtype=np.uint16)

    def add(self, keys: Sequence[int]) -> None:
        """Count the keys of one page, each once."""
        import numpy as np

        all_keys = np.array(keys, dtype=np.uint64)
        for row, shift in zip(self.rows, (0, 32), strict=True):
            slots = np.unique((all_keys >> np.uint64(shift)) & np.uint64(len(row) - 1))
            row[slots] += row[slots] < np.iinfo(np.uint16).max

    def reached(self, least: int) -> Hot:
        """The keys that were counted at least so often, and a few more."""
        return Hot(self.rows >= least)
