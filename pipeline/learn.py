"""Furniture learned from a corpus: what recurs from page to page, outside of speeches or at their edges, becomes rules.

One page cannot tell a site's slogan from a sentence of its speech; two hundred pages can. The pages are read twice. The first
reading counts, in a table of fixed size, on how many pages each line, each end of a paragraph and each beginning of a sentence
stands, and finds the speeches that are copies of each other. The second reading looks closely at what may recur often enough:
where it stands, how the rules so far label it, on how many pages that are no copies. What `pipeline.furniture.judge` takes for
furniture is written as a rule file (`pipeline.rulefile`) that people can read, edit and lay over the package's rules.

Thresholds and word lists are in ``rules/learn.toml``; docs/learn.md says when to use it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import PageError
from pipeline.furniture import Learned, Tally, folder_of, gather, judge
from pipeline.page import SPOKEN, Labelled
from pipeline.pages import list_pages
from pipeline.recurring import (
    GUESSED,
    Counters,
    Hot,
    Key,
    Sighting,
    Stand,
    compared,
    hash_of,
    key_hash,
    keys_of,
    line_key,
    sides_of,
    stands_of,
    taken_in,
)  # fmt: skip
from pipeline.rulebook import Rulebook, rulebook_over
from pipeline.run import Failure, Progress
from pipeline.stages import decode, labels, repair
from pipeline.stages._lines import view_of
from pipeline.workers import in_order


@dataclass(slots=True)
class Lesson:
    """What a corpus taught."""

    pages: int = 0
    learned: list[Learned] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


def learn_folder(
    raw: str | Path,
    *,
    jobs: int = 1,
    rules: Sequence[str | Path] = (),
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> Lesson:
    """Learn the furniture of the pages below a folder; the same whatever ``jobs`` and the order of the files.

    rules: folders of rule files laid over the package's own; what they take away already is not learned again.
    Raises JinggaoError (wrong folder, broken rules). A page that fails is reported to ``warn`` and left out.
    """
    book = rulebook_over(rules)
    if rules:
        book.compile()  # a user's broken pattern is found before the work begins; the package's own are tested
    pages = list_pages(Path(raw))
    settings = book["learn"].settings
    lesson = Lesson()
    counted = Counters(settings["slots"])
    speeches: dict[str, dict[int, tuple[str, ...]]] = {}
    whole: dict[str, int] = {}
    steps = in_order(_read, [(path, str(file), None) for path, file in pages], jobs, _start_worker, (book, None))
    for done, (path, read) in enumerate(steps, 1):
        if progress:
            progress("counting", done, len(pages))
        if isinstance(read, str):
            lesson.failed.append(Failure(path, read))
            if warn:
                warn(f"{path}: {read}")
            continue
        counted.add(read.keys)
        whole[path] = read.digest
        speeches[path] = read.speeches
    lesson.pages = len(whole)
    hot = counted.reached(settings["pages"])
    units = _units(whole, speeches, hot, book)
    speeches.clear()
    tallies: dict[Key, Tally] = {}
    tasks = [(path, str(file), units[path]) for path, file in pages if path in whole]
    for done, (path, seen) in enumerate(in_order(_look, tasks, jobs, _start_worker, (book, hot)), 1):
        if progress:
            progress("looking", done, len(tasks))
        if not isinstance(seen, str):
            gather(tallies, path, seen, settings["candidates"])
    sites = Counter(folder_of(path) for path in whole)
    lesson.learned = judge(tallies, book["learn"], sites)
    return lesson


# --- which pages and speeches count once ------------------------------------------------------------------------------


def _units(
    whole: Mapping[str, int], speeches: Mapping[str, Mapping[int, Sequence[str]]], hot: Hot, book: Rulebook
) -> dict[str, tuple[int, dict[int, int]]]:
    """For each page its unit, and the units of its speeches by their number: copies share one."""
    from pipeline import duplicates  # numpy is heavy to import: only when there is a corpus

    settings = book["learn"].settings
    texts = [
        (f"{path}\n{number}", _own_text(lines, hot, settings))
        for path, own in speeches.items()
        for number, lines in own.items()
    ]
    found = duplicates.find(texts, book["duplicates"].settings)
    units: dict[str, tuple[int, dict[int, int]]] = {}
    for path, digest in whole.items():
        own: dict[int, int] = {}
        copied = bool(speeches[path])
        names = []
        for number in speeches[path]:
            name = f"{path}\n{number}"
            member = found.clusters.get(name)
            inside = found.contained_in.get(name, [])
            group = member.cluster if member else min(inside) if inside else name
            own[number] = hash_of(group)
            names.append(group)
            copied = copied and (member is not None or bool(inside))
        page = hash_of("\n".join(sorted(names))) if copied else digest if not speeches[path] else hash_of(path)
        units[path] = page, own
    return units


def _own_text(lines: Sequence[str], hot: Hot, settings: Mapping[str, Any]) -> str:
    """A speech's text to compare: without its recurring lines, which may be furniture, unless they are most of it.

    A long notice below every speech of a site would make them all copies; of a true copy nearly every line recurs.
    """
    own = [line for line in lines if not hot.holds(key_hash(line_key(line, settings)))]
    return "\n\n".join(own if sum(map(len, own)) >= settings["own"] * sum(map(len, lines)) else lines)


# --- one page, in a worker ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    """The first reading of a page: its keys' hashes, its speeches that are long enough to be compared, its text's digest."""

    keys: tuple[int, ...]
    speeches: dict[int, tuple[str, ...]]
    digest: int


_Task = tuple[str, str, Any]
_worker: dict[str, Any] = {}
"""The rulebook of a worker process and the keys that may recur, set once when it starts."""


def _start_worker(book: Rulebook, hot: Any) -> None:
    _worker.update(book=book, hot=hot)


def _read(task: _Task) -> tuple[str, _Read | str]:
    path, file, _ = task
    book: Rulebook = _worker["book"]
    try:
        path.encode()
        page = _labelled(Path(file), book)
    except UnicodeEncodeError:
        return path.encode("utf-8", "backslashreplace").decode(), "its name is not UTF-8; rename the file"
    except OSError as error:
        return path, f"cannot be read: {error.strerror or error}; mend its permissions or take it out"
    except PageError as error:
        return path, str(error)
    view = view_of(page.text, book["labels"])
    keys = {key_hash(key) for _, key, _ in keys_of(page, view, book)}
    long = compared(page, view, book["learn"].settings["paragraph"])
    texts = {
        number: tuple(view[b.start : b.end].strip() for b in page.blocks[draft.first : draft.last] if b.label in SPOKEN)
        for number, draft in enumerate(page.drafts)
        if number in long
    }
    return path, _Read(tuple(sorted(keys)), texts, hash_of(view))


def _look(task: _Task) -> tuple[str, list[Sighting] | str]:
    path, file, (page_unit, speech_units) = task
    book: Rulebook = _worker["book"]
    hot: Hot = _worker["hot"]
    try:
        page = _labelled(Path(file), book)
    except (OSError, PageError) as error:  # gone since the first reading
        return path, str(error)
    view = view_of(page.text, book["labels"])
    keys = [(number, key, form) for number, key, form in keys_of(page, view, book) if hot.holds(key_hash(key))]
    recurring = {number for number, key, _ in keys if key.kind in ("line", "head", "digits")}
    stands, owners = stands_of(page, view, recurring, speech_units)
    sides = sides_of(page, view, recurring, book["learn"].settings["paragraph"])
    taken = taken_in(page, view, book)
    seen = {}
    for number, key, form in keys:
        block = page.blocks[number]
        inline = key.kind in ("tail", "phrase")
        if inline and number in recurring:
            continue
        known = number in taken if inline else stands[number] == "away" and block.rule not in GUESSED
        stand: Stand = "inside" if inline else stands[number]
        unit = speech_units.get(owners.get(number, -1), page_unit)
        seen[key, number] = Sighting(key, form, stand, sides[number], known, unit)
    return path, list(seen.values())


def _labelled(file: Path, book: Rulebook) -> Labelled:
    if not file.is_file():  # a pipe would be waited for without end
        raise PageError("is not a regular file; take it out of the folder")
    return labels.run(repair.run(decode.run(file.read_bytes()).text, book).text, book)
