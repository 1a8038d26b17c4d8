"""Explanation: why two texts are duplicates or are not, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.duplicates.align import Runs, aligned_values, inside, passages, runs
from pipeline.duplicates.judge import Decision, Judge, as_spans
from pipeline.duplicates.records import Span
from pipeline.duplicates.settings import Settings, read_settings
from pipeline.duplicates.values import mask_pattern
from pipeline.duplicates.verify import Batch, Figures, edit_similarity
from pipeline.duplicates.view import Views, views

_WIDTH = 60  # characters of a passage that are shown


def explain(a_text: str, b_text: str, settings: Mapping[str, Any] | None = None) -> str:
    """Why two texts are duplicates or are not; see `pipeline.duplicates.explain`."""
    wanted = read_settings(settings)
    made = views([a_text, b_text])
    return "\n".join(_lines((a_text, b_text), made, wanted)) + "\n"


def _lines(texts: tuple[str, str], made: Views, settings: Settings) -> Iterator[str]:
    sizes = len(made(0)), len(made(1))
    yield f"a: {len(texts[0])} characters, {sizes[0]} tokens; b: {len(texts[1])} characters, {sizes[1]} tokens"
    if not min(sizes):
        yield "no relation: a text without a letter, number or mask is no duplicate of anything"
        return
    judge = Judge(texts, made, settings)
    batch = judge.verifier.batch(np.array([0]), np.array([1]))
    found = runs(batch.a_places, batch.b_places)
    same = made(0).tobytes() == made(1).tobytes()
    if same:
        yield _same_view(next((pair.relation for pair in judge.same_view(np.array([[0, 1]])).named("ab")), None))
        found = Runs(np.array([0]), np.array([0]), np.array([sizes[0]]))
    elif min(sizes) < settings.shingle:
        yield f"no relation: a text of fewer than {settings.shingle} tokens is only a duplicate of the same text"
        return
    else:
        figures = judge.verifier.figures(batch)
        edit = edit_similarity(made(0), made(1)) if max(sizes) <= settings.edit_longest else None
        yield from _decision(judge.decide(batch, figures, found), figures, edit, settings)
    rows = passages(found, batch, settings)
    spans, found = as_spans(judge.spans(batch, rows)[0]), inside(found, rows) if len(rows) else found
    yield from _passages(texts, spans)
    yield from _differences(texts, spans)
    yield from _values(texts, made, batch, found, judge, settings)


def _same_view(relation: str | None) -> str:
    meaning = {
        "exact": "the texts are the same",
        "normalized": "the same but for punctuation, width, spaces, script and placeholders",
        "near": "the same but for punctuation, and for values that are in conflict",
    }
    return f"{relation}: {meaning[relation]}" if relation else "no relation: too short, and their values are in conflict"


def _decision(decision: Decision, figures: Figures, edit: float | None, settings: Settings) -> Iterator[str]:
    jaccard, a_share, b_share = (float(column[0]) for column in figures)
    inside, whole = max(a_share, b_share) >= settings.whole, max(a_share, b_share) >= settings.contains
    needed = settings.near_whole if inside else settings.near_jaccard if whole else settings.near_parts
    relation = next((name for name in ("near", "contains", "shares") if getattr(decision, name)[0]), "no relation")
    yield {
        "near": "near: near-duplicates",
        "contains": f"contains: {'a in b' if a_share >= b_share else 'b in a'}",
        "shares": "shares: whole paragraphs in common",
        "no relation": "no relation: too little in common",
    }[relation]
    yield f"  jaccard          {jaccard:.4f}  near from {needed}"
    yield f"  containment of a {a_share:.4f}  contains from {settings.contains}"
    yield f"  containment of b {b_share:.4f}"
    note = "not asked: one text holds the other" if inside else f"near from {settings.near_edit}"
    yield (
        f"  edit similarity  {edit:.4f}  {note}" if edit is not None else "  edit similarity  not asked: the texts are too long"
    )
    if not np.isnan(decision.sequences[0]):
        note = f"of the shorter text in passages of two sentences, or in a row; a copy from {settings.sequence_share}"
        yield f"  in sequence      {decision.sequences[0]:.4f}  {note}"
    replaced, slots, loose, edited, lost, lines = (column[0] for column in decision.structure)
    if decision.structure.templates(settings)[0]:
        yield (
            f"  replaced         {replaced:.4f}  {slots} of {lines} paragraphs by others in their places, {loose} without a"
            f" counterpart, {lost:.4f} lost, {edited:.4f} edited: two speeches from one template, neither near nor containing"
        )


def _passages(texts: tuple[str, str], spans: Sequence[Span]) -> Iterator[str]:
    yield f"matching passages: {len(spans)}"
    for span in spans:
        yield f"  a {span[0]}–{span[1]}  b {span[2]}–{span[3]}  {_short(texts[0][span[0] : span[1]])}"


def _differences(texts: tuple[str, str], spans: Sequence[Span]) -> Iterator[str]:
    """What stands between the passages, side by side where both texts have something there."""
    a_gaps = _gaps([(span[0], span[1]) for span in spans], len(texts[0]))
    b_gaps = _gaps([(span[2], span[3]) for span in spans], len(texts[1]))
    ordered = list(spans) == sorted(spans, key=lambda span: span[2])
    if ordered and len(a_gaps) == len(b_gaps):
        rows = [(texts[0][low:high], texts[1][start:end]) for (low, high), (start, end) in zip(a_gaps, b_gaps, strict=True)]
    else:
        rows = [(texts[0][low:high], "") for low, high in a_gaps] + [("", texts[1][low:high]) for low, high in b_gaps]
    shown = [(one, two) for one, two in rows if any(map(str.isalnum, one + two))]
    yield f"differing passages: {len(shown)}"
    for one, two in shown:
        yield f"  a {_short(one) or '–'}"
        yield f"  b {_short(two) or '–'}"


def _gaps(spans: list[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """The stretches before, between and behind spans; empty ones too."""
    gaps, done = [], 0
    for start, end in sorted(spans):
        gaps.append((done, max(start, done)))
        done = max(done, end)
    return [*gaps, (done, size)]


def _values(texts: tuple[str, str], made: Views, batch: Batch, found: Runs, judge: Judge, settings: Settings) -> Iterator[str]:
    a_places, b_places = aligned_values(found, batch, settings)
    zero, one = np.zeros(len(a_places), np.int64), np.ones(len(b_places), np.int64)
    starts = made.starts(zero, a_places).tolist(), made.starts(one, b_places).tolist()
    ends = made.ends(zero, a_places).tolist(), made.ends(one, b_places).tolist()
    clashes = set(as_spans(judge.conflicts(batch, found)[0]))
    masks, conflicts = [], []
    for span in zip(starts[0], ends[0], starts[1], ends[1], strict=True):
        ours, theirs = texts[0][span[0] : span[1]], texts[1][span[2] : span[3]]
        if span in clashes:
            conflicts.append(f"  a {ours} at {span[0]}  b {theirs} at {span[2]}")
        elif ours != theirs and (mask_pattern().search(ours) or mask_pattern().search(theirs)):
            masks.append(f"  a {ours} at {span[0]}  b {theirs} at {span[2]}")
    yield f"masks that match: {len(masks)}"
    yield from masks
    yield f"conflicts: {len(conflicts)}"
    yield from conflicts


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH // 2]} … {line[-_WIDTH // 2 :]}"
