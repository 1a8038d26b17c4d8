"""The page bed is well-formed: every file keeps what the README promises, so that no score rests on a slip in the truth."""

import hashlib
import re
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.page import SPOKEN
from tests.bed import pages as bed

LABELS = {*SPOKEN, *bed.AWAY, "speech_title"}
README = (bed.FOLDER / "README.md").read_text(encoding="utf-8")
FILES = sorted(bed.FOLDER.glob("*/*.page"))
BY_SITE = ("seen2", "heldout2")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_page_is_well_formed(path: Path) -> None:
    # Messages name places, never texts: the held-out pages stay unread.
    raw = path.read_bytes()
    assert b"\r" not in raw and raw.endswith(b"\n") and not raw.endswith(b"\n\n"), "line ends"
    page = bed.read_page(path)
    assert page.site, "no site"
    assert not [family for family in page.families if f"`{family}`" not in README] and page.families, "families"
    labelled = [n for n, label in enumerate(page.labels) if label]
    assert not [n for n in labelled if page.labels[n] not in LABELS], "label"
    assert not [n for n in labelled if not page.text.split("\n")[n].strip()], "no text"
    starts = [n for n, begins in enumerate(page.begins) if begins]
    assert starts, "no speech"
    assert not [n for n in starts if page.labels[n] not in SPOKEN], "a speech begins with its first line that is not its title"
    assert not [n for n in labelled if n < starts[0] and page.labels[n] in SPOKEN], "a line of a speech before the first speech"
    assert page.titles is None or len(page.titles) == len(starts), "a title for each speech"
    assert page.titles is not None or "speech_title" not in page.labels, "titles"
    for before, after in pairwise(labelled):
        if page.labels[before] == "speech_title" and page.labels[after] in SPOKEN:
            assert page.begins[after], f"line {after}: a speech goes on behind a title"


@pytest.mark.parametrize("part", BY_SITE)
def test_new_pages_are_split_by_site(part: str) -> None:
    for page in bed.read_pages(part):
        held_out = int(hashlib.sha256(page.site.encode()).hexdigest(), 16) % 2 == 0
        assert held_out == (part == "heldout2"), page.name


def test_no_page_has_the_name_or_lines_of_another() -> None:
    assert len({path.stem for path in FILES}) == len(FILES)
    seen: dict[str, str] = {}
    for path in FILES:
        page = bed.read_page(path)
        lines = zip(page.text.split("\n"), page.labels, strict=True)
        for line in {line for line, label in lines if label in SPOKEN and len(line) >= 30}:
            assert seen.setdefault(line, path.stem) == path.stem, f"{path.stem} repeats a line of {seen[line]}"


def test_readme_counts_the_pages() -> None:
    for part in ("seen", "seen3", "seen4", "seen5", "seen6", "seen7", "seen8", "seen9", "former", *BY_SITE):
        count = len(list((bed.FOLDER / part).glob("*.page")))
        assert re.search(rf"`{part}/` \({count} pages\)", README), part
