"""What people see of a run: a progress bar on a terminal, and a short summary."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Never, TextIO

if TYPE_CHECKING:
    from pipeline.run import Progress, Summary


@contextlib.contextmanager
def progress_bar(stream: TextIO) -> Iterator[Progress | None]:
    """A function that shows the progress of a run on a terminal; None, and silence, where ``stream`` is none."""
    if not stream.isatty():
        yield None
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread: the workers are forked from this process
    bar: tqdm[Never] = tqdm(file=stream, leave=False, dynamic_ncols=True, unit="")

    def show(step: str, done: int, total: int) -> None:
        if bar.desc != f"{step}: ":
            bar.reset(total)
            bar.set_description(step)
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        bar.close()


def summary_text(summary: Summary, out: str | Path) -> str:
    """A run's summary, some lines without a line end after the last.

    >>> from pipeline.run import Summary
    >>> print(summary_text(Summary(pages=2, speeches=3, removed_lines=7), "clean"))
    2 pages → 3 speeches in clean
    removed lines: 7
    placeholders: none
    duplicates: none
    """
    kept = summary.speeches - len(summary.dropped)
    lines = [
        f"{_count(summary.pages, 'page')} → {_count(kept, 'speech', 'speeches')} in {out}",
        f"removed lines: {summary.removed_lines}",
        f"placeholders: {_by_kind(summary.counts.get('placeholders', Counter()))}",
        f"duplicates: {_duplicates(summary)}",
    ]
    if summary.failed:
        lines.append(f"failed: {_count(len(summary.failed), 'page')} (named above, and in manifest.json)")
    return "\n".join(lines)


def _by_kind(counts: Counter[str]) -> str:
    kinds: Counter[str] = Counter()
    for name, number in counts.items():
        kinds[name.split("/")[0]] += number
    return ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())) or "none"


def _duplicates(summary: Summary) -> str:
    if not summary.clusters:
        return "none"
    fate = "left out" if summary.dropped else "marked"
    return f"{_count(summary.clusters, 'cluster')}, {_count(summary.copies, 'copy', 'copies')} {fate}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
