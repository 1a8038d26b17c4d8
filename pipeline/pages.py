"""Which files of a raw folder are pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import JinggaoError


def list_pages(raw: Path) -> list[tuple[str, Path]]:
    """(path relative to the folder, with /; file) of every page, in the order of the paths' code points.

    Every file below the folder is a page, whatever its suffix, but for names that begin with a dot. Links are followed; a
    folder that was met already (a loop of links) is not entered again.

    Raises JinggaoError where the folder is missing, is a file, cannot be read, or holds no page.
    """
    if not raw.exists():
        raise JinggaoError(f"{raw}: no such folder; give the folder that holds the raw pages (make clean RAW=…)")
    if not raw.is_dir():
        raise JinggaoError(f"{raw}: is a file; give the folder that holds it")
    pages = sorted((path.relative_to(raw).as_posix(), path) for path in _walk(raw, set()))
    if not pages:
        raise JinggaoError(f"{raw}: holds no pages; put raw text files into it (names that begin with a dot do not count)")
    return pages


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise JinggaoError(f"{folder}: cannot be read: {error.strerror}; mend its permissions") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry, seen)
        else:
            yield entry
