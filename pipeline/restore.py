"""Restore: the raw pages again, byte for byte, out of an output folder alone."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError
from pipeline.output import read_manifest, read_pages
from pipeline.records import decoded_from, edits_ledger
from pipeline.stages.decode import encode


def page_text(page: Mapping[str, Any], speeches: Sequence[Mapping[str, Any]]) -> str:
    """The decoded page out of its record and its speeches' records.

    Blocks tile every line, so that what lies between two of them is line ends and nothing else.
    """
    parts, done = [], 0
    sources = speech_sources(page, speeches)
    for start, end, text in sorted((*sources, *_outer_parts(page, sources))):
        parts.append("\n" * (start - done))
        parts.append(text)
        done = end
    parts.append("\n" * (page["characters"] - done))
    return "".join(parts)


def speech_sources(page: Mapping[str, Any], speeches: Sequence[Mapping[str, Any]]) -> list[tuple[int, int, str]]:
    """(start, end, text) of each speech in the decoded page, its edits undone."""
    ledger = edits_ledger(page["edits"])
    sources = []
    for speech in speeches:
        start, end = speech["raw_span"]
        sources.append((start, end, ledger.within(start, end).inverse().apply(speech["text"])))
    return sources


def _outer_parts(page: Mapping[str, Any], sources: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """The parts of blocks that no speech covers."""
    for block in page["blocks"]:
        if block["text"] is None:
            continue
        place, text = block["start"], block["text"]
        for start, end, _ in sources:
            if start < block["end"] and end > place:
                if place < start:
                    yield place, start, text[place - block["start"] : start - block["start"]]
                place = max(place, end)
        if place < block["end"]:
            yield place, block["end"], text[place - block["start"] :]


def restored_pages(clean: Path) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of every page of an output folder.

    Raises OutputError where a page's bytes do not have the digest that the ledger names: the folder was changed by hand.
    """
    read_manifest(clean)
    for page, mine in read_pages(clean):
        try:
            data = encode(decoded_from(page, page_text(page, mine)))
        except (ValueError, LookupError, KeyError) as error:
            raise OutputError(
                f"{clean}: page {page.get('path')!r} cannot be put together: {error}; the folder was changed"
            ) from None
        if hashlib.sha256(data).hexdigest() != page["sha256"]:
            raise OutputError(f"{clean}: page {page['path']!r} does not come back as it was; the folder was changed by hand")
        yield page["path"], data


def restore_folder(clean: Path, out: Path) -> int:
    """Write every raw page below ``out``, or nothing, and return how many there were.

    Raises OutputError where ``out`` holds anything, where a page's path would leave it, or where writing fails.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out}: is not an empty folder; choose another --out")
    made: list[Path] = []
    try:
        count = 0
        for path, data in restored_pages(clean):
            target = out.joinpath(*path.split("/"))
            if ".." in path.split("/") or not target.resolve().is_relative_to(out.resolve()):
                raise OutputError(f"{clean}: page {path!r} would be written outside of {out}; the folder was changed by hand")
            _write(target, data, made)
            count += 1
    except BaseException:
        _take_away(made)
        raise
    return count


def _write(target: Path, data: bytes, made: list[Path]) -> None:
    """Write one file and the folders above it, noting in ``made`` what was not there before."""
    try:
        for folder in reversed([target.parent, *target.parent.parents]):
            if not folder.exists():
                folder.mkdir()
                made.append(folder)
        made.append(target)
        target.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}; choose another --out") from None


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        with contextlib.suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
