"""Passages that one text holds more than once: a paragraph repeated inside one speech."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.duplicates.align import Runs, passages, runs, shared_paragraphs
from pipeline.duplicates.records import Span
from pipeline.duplicates.settings import read_settings
from pipeline.duplicates.verify import Verifier
from pipeline.duplicates.view import views


def repeated(text: str, settings: Mapping[str, Any] | None = None) -> list[Span]:
    """Paragraphs of a text that stand in it before; see `pipeline.duplicates.repeated`."""
    wanted = read_settings(settings)
    made = views([text])
    if len(made.tokens) < wanted.paragraph:
        return []
    batch = Verifier(made).batch(np.array([0]), np.array([0]))
    again = batch.a_places < batch.b_places
    found = runs(batch.a_places[again], batch.b_places[again])
    first = shared_paragraphs(batch.a, found.a_starts, found.lengths, wanted)
    second = shared_paragraphs(batch.b, found.b_starts, found.lengths, wanted)
    mine = first[np.searchsorted(batch.a.lines, found.a_starts, "right") - 1]
    mine |= second[np.searchsorted(batch.b.lines, found.b_starts, "right") - 1]
    if not mine.any():
        return []
    rows = passages(Runs(*(column[mine] for column in found)), batch, wanted)
    zero = np.zeros(len(rows), np.int64)
    columns = (
        made.starts(zero, rows[:, 0]), made.ends(zero, rows[:, 1] - 1),
        made.starts(zero, rows[:, 2]), made.ends(zero, rows[:, 3] - 1),
    )  # fmt: skip
    return sorted(zip(*(column.tolist() for column in columns), strict=True))
