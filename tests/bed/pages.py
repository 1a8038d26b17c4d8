"""Reads the page bed (``pages/README.md`` says what its files hold) and scores a labelling against it.

As a program (``python -m tests.bed.pages [PART…]``) it prints the scores of each family.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.page import SPOKEN, Labelled
from pipeline.stages.labels import run as label_page

FOLDER = Path(__file__).parent / "pages"
AWAY = frozenset({"page_title", "page_meta", "boilerplate", "link_residue"})


@dataclass(frozen=True)
class BedPage:
    """One page of the bed: its text, and for each line its label ("" for a blank one) and whether a speech begins there."""

    name: str
    text: str
    labels: tuple[str, ...]
    begins: tuple[bool, ...]
    families: tuple[str, ...]
    titles: tuple[str | None, ...] | None
    title_optional: bool
    site: str = ""

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last line of each speech."""
        starts = [n for n, begins in enumerate(self.begins) if begins]
        spans = []
        for start, until in zip(starts, [*starts[1:], len(self.labels)], strict=True):
            spoken = [n for n in range(start, until) if self.labels[n] in SPOKEN]
            spans.append((start, spoken[-1]))
        return spans


def read_page(path: Path) -> BedPage:
    """A page of the bed; raises ValueError where a line has no label."""
    lines = path.read_text(encoding="utf-8").split("\n")
    head = [line for line in lines[: lines.index("")] if line.startswith("# ")]
    fields = dict(line[2:].split(":", 1) for line in head if ":" in line)
    texts, labels, begins = [], [], []
    for line in lines[lines.index("") + 1 :]:
        label, tab, text = line.partition("\t")
        if line and not tab:
            raise ValueError(f"{path.name}: no label in {line!r}")
        texts.append(text)
        labels.append(label.rstrip("+"))
        begins.append(label.endswith("+"))
    titles = fields.get("titles")
    return BedPage(
        path.stem,
        "\n".join(texts),
        tuple(labels),
        tuple(begins),
        tuple(fields.get("families", "").replace(",", " ").split()),
        tuple(None if title.strip() == "-" else title.strip() for title in titles.split(" | ")) if titles else None,
        "title-from" in fields,
        fields.get("site", "").strip(),
    )


PARTS = ("seen", "former", *(f"seen{number}" for number in range(2, 13)), "heldout2")


def read_pages(part: str) -> list[BedPage]:
    """The pages of one part of the bed, ``seen``, ``former``, ``seen2`` to ``seen12`` or ``heldout2``."""
    return [read_page(path) for path in sorted((FOLDER / part).glob("*.page"))]


@dataclass
class Score:
    """Hits, predictions and expectations of one measure."""

    hit: int = 0
    predicted: int = 0
    expected: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, predicted: Iterable[object], expected: Iterable[object], what: str = "") -> None:
        got, want = set(predicted), set(expected)
        self.hit += len(got & want)
        self.predicted += len(got)
        self.expected += len(want)
        self.misses += [f"{what} missed {x}" for x in sorted(want - got, key=str)] + [
            f"{what} extra {x}" for x in sorted(got - want, key=str)
        ]

    @property
    def f1(self) -> float:
        total = self.predicted + self.expected
        return 2 * self.hit / total if total else 1.0


@dataclass
class Result:
    """Scores of a labelling over several pages. lost: lines of the truth's body that were removed."""

    removed: Score = field(default_factory=Score)
    label: Score = field(default_factory=Score)
    boundary: Score = field(default_factory=Score)
    title: Score = field(default_factory=Score)
    lost: list[str] = field(default_factory=list)

    def add(self, page: BedPage, made: Labelled) -> None:
        lines = page.text.split("\n")
        got, spans = lines_and_spans(made)
        spoken = [n for n, label in enumerate(page.labels) if label]
        self.removed.add((n for n in spoken if got.get(n) in AWAY), (n for n in spoken if page.labels[n] in AWAY), page.name)
        self.label.add(((n, got.get(n)) for n in spoken), ((n, page.labels[n]) for n in spoken), page.name)
        self.boundary.add(spans, page.spans, page.name)
        self.lost += [f"{page.name}:{n} {lines[n][:40]}" for n in spoken if page.labels[n] == "body" and got.get(n) in AWAY]
        if page.titles is not None:
            titles = {span[0]: draft.title for span, draft in zip(spans, made.drafts, strict=True)}
            for span, want in zip(page.spans, page.titles, strict=False):
                found = titles.get(span[0], "?")
                ok = _letters(found) == _letters(want) or (found is None and page.title_optional)
                self.title.add([want if ok else f"{span[0]} {found!r}"], [want], page.name)


def lines_and_spans(made: Labelled) -> tuple[dict[int, str], list[tuple[int, int]]]:
    """Each line's label (of two blocks in a line the spoken one), and first and last line of each speech."""
    starts = [0]
    for line in made.text.split("\n")[:-1]:
        starts.append(starts[-1] + len(line) + 1)

    def line_of(place: int) -> int:
        return bisect_right(starts, place) - 1

    got: dict[int, str] = {}
    for block in made.blocks:
        number = line_of(block.start)
        if got.get(number) not in SPOKEN:
            got[number] = block.label
    spans = [(line_of(made.blocks[draft.first].start), line_of(made.blocks[draft.last - 1].start)) for draft in made.drafts]
    return got, spans


def by_family(results: Iterator[tuple[BedPage, Labelled]]) -> dict[str, Result]:
    """A result for each family, and one for ``all``."""
    out: dict[str, Result] = {}
    for page, made in results:
        for family in ("all", *page.families):
            out.setdefault(family, Result()).add(page, made)
    return out


def _letters(title: str | None) -> str:
    return "".join(char for char in title or "" if char.isalnum())


def report(part: str) -> str:
    """A table of one part of the bed: for each family the pages, four measures and the lines of body that were removed."""
    loaded = read_pages(part)
    results = by_family((page, label_page(page.text)) for page in loaded)
    pages = Counter(family for page in loaded for family in ("all", *page.families))
    rows = [f"{part:22} pages removed  label boundary title lost"]
    for family, result in sorted(results.items(), key=lambda item: (item[0] != "all", item[0])):
        measures = (result.removed, result.label, result.boundary, result.title)
        figures = " ".join(f"{measure.f1:7.3f}" for measure in measures)
        rows.append(f"{family:22} {pages[family]:5} {figures} {len(result.lost):4}")
    return "\n".join(rows)


if __name__ == "__main__":
    print("\n\n".join(report(part) for part in sys.argv[1:] or PARTS))
