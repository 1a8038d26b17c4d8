"""Loads the test bed of the punctuation stage and scores a function against it.

Run as a script it prints the scores of the stage; of the held-out part only the totals:

    python tests/bed/punctuation.py [seen|more|former|seen2|seen3|seen4|seen5|seen6|heldout2|heldout3 [profile]]

A case is run in the profile that it names, or else in the one that is given: ``standard``, since cases that go by the letter of
B.3.3 (1、 becomes 1.) against wide-spread habit name the profile ``strict``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "punctuation"
PROFILE = "standard"


class Case(NamedTuple):
    """One case of the bed; it is kept where expected equals input."""

    id: str
    family: str
    input: str
    expected: str
    profile: str


class Score(NamedTuple):
    """Cases that came out exactly, all cases, and the same of those that are already right. missed: ids."""

    exact: int
    cases: int
    kept: int
    right: int
    missed: tuple[str, ...]


def cases(part: str = "seen", profile: str = PROFILE) -> Iterator[Case]:
    """The cases of a file (``seen``, ``more``, ``heldout2``, …) in its order. profile: of those that name none."""
    with (FOLDER / f"{part}.jsonl").open(encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            record = json.loads(line)
            yield Case(record["id"], record["family"], record["input"], record["expected"], record.get("profile", profile))


def score(function: Callable[[str, str], str], part: str = "seen", profile: str = PROFILE) -> Score:
    """How many cases a function of text and profile makes exactly what is expected."""
    exact = total = kept = right = 0
    missed = []
    for case in cases(part, profile):
        hit = function(case.input, case.profile) == case.expected
        total += 1
        exact += hit
        if case.input == case.expected:
            right += 1
            kept += hit
        if not hit:
            missed.append(case.id)
    return Score(exact, total, kept, right, tuple(missed))


def main() -> None:
    from pipeline.stages import punctuation

    part = sys.argv[1] if len(sys.argv) > 1 else "seen"
    profile = sys.argv[2] if len(sys.argv) > 2 else PROFILE
    result = score(lambda text, profile: punctuation.run(text, profile=profile).text, part, profile)
    print(f"{part}: exact {result.exact}/{result.cases} = {result.exact / result.cases:.3f}, kept {result.kept}/{result.right}")
    if not part.startswith("heldout"):
        print("missed:", ", ".join(result.missed) or "none")


if __name__ == "__main__":
    main()
