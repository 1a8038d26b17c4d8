"""The main job: a folder of raw pages in, one output folder out.

Pages are cleaned in batches, in as many processes as the user likes; records are written in the order of the pages' paths,
so that the output does not depend on who was ready first. What has to wait for the duplicates waits in files.
"""

from __future__ import annotations

import json
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol

from pipeline import __version__, cache
from pipeline.cleaning import CleanPage, Options, clean_many
from pipeline.errors import JinggaoError, PageError
from pipeline.jsonl import dumps, encoded
from pipeline.ledger import Ledger
from pipeline.output import MANIFEST, PROGRAM, OutputFolder, TextSpool
from pipeline.pages import list_pages
from pipeline.records import UNCOMPARED, Record, page_record, speech_record, tally, unique_name
from pipeline.restore import speech_sources
from pipeline.rulebook import Rulebook, rulebook_over
from pipeline.workers import batches, in_order

if TYPE_CHECKING:
    from pipeline.duplicates import Found
    from pipeline.duplicates.search import Documents

REMOVED = ("page_title", "page_meta", "boilerplate", "link_residue")
"""Labels of lines that no record of a speech holds."""

Progress = Callable[[str, int, int], None]
"""Called as progress(step, done, total) while a run goes on."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What changes the output of a run, and therefore stands in its manifest.

    placeholders: see `pipeline.cleaning.Options`. duplicates: ``mark`` keeps every speech and says which are copies;
    ``drop`` leaves out all but the canonical copy of each cluster. fill: ``certain`` writes suggestions into the text that
    another copy proves or a safe rule leaves no choice about; ``none`` leaves the text as it is.
    """

    placeholders: Literal["keep", "tag"] = "keep"
    duplicates: Literal["mark", "drop"] = "mark"
    fill: Literal["none", "certain"] = "none"


@dataclass(frozen=True, slots=True)
class Failure:
    """A page that could not be cleaned, and why."""

    path: str
    error: str


@dataclass(slots=True)
class Summary:
    """What a run did, for people."""

    pages: int = 0
    speeches: int = 0
    removed_lines: int = 0
    clusters: int = 0
    copies: int = 0
    dropped: list[str] = field(default_factory=list)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failed: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One page's records on their way from a worker: JSON lines, and what the whole corpus needs to know of them.

    texts: (id, text) of each speech; the ids are those of the lines, in which pages with the same bytes have the same.
    """

    path: str
    page: str = ""
    speeches: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    sha256: str = ""
    size: int = 0
    counts: Mapping[str, Counter[str]] = field(default_factory=dict)
    error: str = ""


def run_folder(
    raw: str | Path,
    out: str | Path,
    *,
    jobs: int = 1,
    rules: Sequence[str | Path] = (),
    options: RunOptions | None = None,
    memory: int | None = None,
    fail_fast: bool = False,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> Summary:
    """Clean every page below ``raw`` into the folder ``out``.

    jobs: worker processes; the output is the same for any number. memory: bytes for what is sorted to find duplicates, as
    `pipeline.duplicates.find` has it; the output is the same for any. rules: folders of rule files laid over the package's own.
    fail_fast: stop at the first page that fails; otherwise it is reported and the others go on. warn: told of each such page.
    Raises JinggaoError (wrong folders, broken rules, a page with ``fail_fast``); nothing is then written.
    """
    options = options or RunOptions()
    book = compiled(rules)
    pages = list_pages(Path(raw))
    if Path(out).resolve().is_relative_to(Path(raw).resolve()):
        raise JinggaoError(
            f"{out}: is or lies inside the raw folder, so that its files would become pages; choose another --out"
        )
    source = _Folder(pages, jobs, book, options, memory)
    return run_pages(source, out, book, options, fail_fast=fail_fast, progress=progress, warn=warn)


def compiled(rules: Sequence[str | Path]) -> Rulebook:
    """The rulebook with folders of rule files laid over it. Raises RulesError where one of theirs cannot be used."""
    book = rulebook_over(rules)
    if rules:
        book.compile()  # a user's broken pattern is found before the work begins; the package's own are tested
    return book


class Pages(Protocol):
    """Pages, and somebody who cleans and compares them."""

    total: int

    def cleaned(self) -> Iterator[Cleaned]:
        """All pages, cleaned, in the order of their paths."""

    def found(self, documents: Documents) -> Found:
        """The duplicates among the speeches, which come as (id, text) as the cleaned pages had them."""


class _Folder:
    """The pages of a folder, cleaned by processes of this machine."""

    def __init__(
        self, pages: Sequence[tuple[str, Path]], jobs: int, book: Rulebook, options: RunOptions, memory: int | None
    ) -> None:
        self.total, self._memory = len(pages), memory
        self._pages, self._jobs, self._book, self._options = pages, jobs, book, options

    def cleaned(self) -> Iterator[Cleaned]:
        given = (self._book, Options(self._options.placeholders))
        sizes = {path: file_size(file) for path, file in self._pages}
        limit = BATCH if self._jobs < 2 else min(BATCH, sum(sizes.values()) // (4 * self._jobs))  # some for each worker
        tasks = batches(self._pages, lambda page: sizes[page[0]], limit)
        for some in in_order(_work, tasks, self._jobs, _start_worker, given):
            yield from some

    def found(self, documents: Documents) -> Found:
        from pipeline import duplicates  # numpy is heavy to import: only when there is a corpus

        return duplicates.find(documents, self._book["duplicates"].settings, memory=self._memory)


def run_pages(
    source: Pages,
    out: str | Path,
    book: Rulebook,
    options: RunOptions,
    *,
    fail_fast: bool = False,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> Summary:
    """Write what a source makes of its pages into the folder ``out``; else as `run_folder`."""
    summary = Summary(counts={name: Counter() for name in ("labels", "rules", "placeholders", "flags")})
    inputs: list[Record] = []
    with (
        OutputFolder(out) as folder,
        folder.spool("pages") as page_lines,
        folder.spool("speeches") as speech_lines,
        folder.spool("texts") as text_file,
    ):
        texts = TextSpool(text_file)
        shares: list[int] = []
        taken: Counter[str] = Counter()
        for done, one in enumerate(source.cleaned(), 1):
            if progress:
                progress("pages", done, source.total)
            if one.error:
                if fail_fast:
                    raise PageError(f"{one.path}: {one.error}")
                summary.failed.append(Failure(one.path, one.error))
                if warn:
                    warn(f"{one.path}: {one.error}")
                continue
            inputs.append({"path": one.path, "sha256": one.sha256, "bytes": one.size})
            page_lines.write(encoded(one.page) + b"\n")
            for line, (speech, text) in zip(one.speeches, one.texts, strict=True):
                taken[speech] += 1
                unique = unique_name(speech, taken[speech])
                speech_lines.write(encoded(line if unique == speech else _renamed(line, speech, unique)) + b"\n")
                texts.add(unique, text)
            shares.append(len(one.speeches))
            summary.pages += 1
            summary.speeches += len(one.speeches)
            for name, counter in one.counts.items():
                summary.counts[name].update(counter)
        if progress:
            progress("duplicates", 0, len(texts.names))
        found = source.found(texts)
        _finish(folder, page_lines, speech_lines, texts.names, shares, found, book, options, summary)
        summary.removed_lines = sum(summary.counts["labels"][label] for label in REMOVED)
        manifest = _manifest(folder, book, options, inputs, summary)
        folder.write(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        folder.commit()
    return summary


def _finish(
    folder: OutputFolder,
    page_lines: IO[bytes],
    speech_lines: IO[bytes],
    names: list[str],
    shares: list[int],
    found: Found,
    book: Rulebook,
    options: RunOptions,
    summary: Summary,
) -> None:
    """Write the records with what was found. names: of all speeches. shares: how many speeches each page has."""
    from pipeline import twins  # numpy is heavy to import: only when there is a corpus

    summary.clusters = len({member.cluster for member in found.clusters.values()})
    copies = {speech for speech, member in found.clusters.items() if not member.canonical}
    summary.copies = len(copies)
    dropped = copies if options.duplicates == "drop" else set()
    certain = twins.certain(book) if options.fill == "certain" else None
    touched = found.clusters.keys() | found.contained_in.keys()
    alike = (twins.copy_of(json.loads(line)) for line in _some(speech_lines, names, twins.with_news(found)))
    said = twins.collate(alike, found.pairs)
    changes: dict[str, Ledger] = {}
    for line in _some(speech_lines, names, set(names) if certain else said.keys()):
        record = json.loads(line)
        later = twins.tell(record, said.get(record["id"]), certain, tag=options.placeholders == "tag").later
        if later and record["id"] not in dropped:
            changes[record["id"]] = later
    for pair in found.pairs:
        folder.write("duplicates.jsonl", dumps(twins.moved_pair(pair.as_record(), changes)))
    speeches = zip(_lines(speech_lines), names, strict=True)
    for page_line, share in zip(_lines(page_lines), shares, strict=True):
        mine = list(islice(speeches, share))
        own = {speech for _, speech in mine}
        if own.isdisjoint(said) and own.isdisjoint(changes) and own.isdisjoint(dropped):
            folder.write("pages.jsonl", page_line)
            for line, speech in mine:
                folder.write("speeches.jsonl", _compared(line, speech, found) if speech in touched else line)
            continue
        page, records = json.loads(page_line), [json.loads(line) for line, _ in mine]
        before = tally(page, records)
        kept = [one for one in records if one["id"] not in dropped]
        ledgers: dict[str, Ledger] = {}
        for number, record in enumerate(kept):
            told = twins.tell(record, said.get(record["id"]), certain, tag=options.placeholders == "tag")
            kept[number], ledger = twins.settle(record, told, twins.own_ledger(page, record), changes)
            if told.later:
                ledgers[record["id"]] = ledger
        page = twins.with_edits(page, records, ledgers)
        away = [one for one in records if one["id"] in dropped]
        _recount(summary, before, tally(page, [*kept, *away]))
        summary.dropped += [one["id"] for one in away]
        folder.write("pages.jsonl", dumps(_without(page, away)) if away else dumps(page))
        for record in kept:
            folder.write("speeches.jsonl", _compared(encoded(dumps(record)), record["id"], found))


def _some(handle: IO[bytes], names: Sequence[str], wanted: AbstractSet[str]) -> Iterator[bytes]:
    """The lines of those speeches that are wanted."""
    if wanted:
        yield from (line for line, speech in zip(_lines(handle), names, strict=True) if speech in wanted)


_NO_PLACE = encoded(dumps(UNCOMPARED)[1:-1])


def _compared(line: bytes, speech: str, found: Found) -> bytes:
    """The line of a speech that was not compared yet, with its place among the others."""
    member = found.clusters.get(speech)
    place = {"duplicate": member.as_record() if member else None, "contained_in": found.contained_in.get(speech, [])}
    return line.replace(_NO_PLACE, encoded(dumps(place)[1:-1]), 1)


def _recount(summary: Summary, before: Mapping[str, Counter[str]], after: Mapping[str, Counter[str]]) -> None:
    """Take what became of a page's placeholders and edits into the counts."""
    for name, counter in summary.counts.items():
        counter.subtract(before[name])
        counter.update(after[name])
        summary.counts[name] = Counter({key: number for key, number in counter.items() if number})


def _lines(handle: IO[bytes]) -> Iterator[bytes]:
    """The lines of a spool without their line feeds."""
    handle.seek(0)
    for line in handle:
        yield line[:-1]


def _without(page: Record, dropped: Iterable[Record]) -> Record:
    """A page's record without some of its speeches: their blocks get their text, their placeholders come to the page."""
    for speech in dropped:
        start, end = speech["raw_span"]
        ((_, _, source),) = speech_sources(page, [speech])
        for block in page["blocks"]:
            if block["text"] is None and start <= block["start"] and block["end"] <= end:
                block["text"] = source[block["start"] - start : block["end"] - start]
        page["edits"] = [
            {**edit, "at": kept} for edit in page["edits"] if (kept := [at for at in edit["at"] if not start <= at < end])
        ]
        for one in speech["placeholders"]:
            low, high = one["raw_span"]
            page["placeholders"].append({**one, "start": low, "end": high})
    page["placeholders"].sort(key=lambda one: one["raw_span"])
    page["edits"].sort(key=lambda edit: (edit["at"][0], edit["before"], edit["after"], edit["rules"]))
    return page


def _renamed(line: str, old: str, new: str) -> str:
    return line.replace(dumps({"id": old})[1:-1], dumps({"id": new})[1:-1], 1)


def _manifest(folder: OutputFolder, book: Rulebook, options: RunOptions, inputs: list[Record], summary: Summary) -> Record:
    counts: dict[str, Any] = {
        "pages": summary.pages,
        "speeches": summary.speeches - len(summary.dropped),
        "duplicate_clusters": summary.clusters,
    }
    counts.update((name, dict(sorted(counter.items()))) for name, counter in summary.counts.items())
    return {
        "program": PROGRAM,
        "version": __version__,
        "rules": book.digest,
        "options": asdict(options),
        "pages": inputs,
        "failed": [asdict(failure) for failure in summary.failed],
        "dropped": sorted(summary.dropped),
        "files": {name: folder.digest(name) for name in ("speeches.jsonl", "pages.jsonl", "duplicates.jsonl")},
        "counts": counts,
    }


# --- one page, in a worker ---------------------------------------------------------------------------------------------

_worker: dict[str, Any] = {}
"""The rulebook and options of a worker process, set once when it starts."""


def _start_worker(book: Rulebook, options: Options) -> None:
    _worker.update(book=book, options=options)


def _work(pages: Sequence[tuple[str, Path]]) -> list[Cleaned]:
    done = list(clean_pages(map(read_page, pages), _worker["book"], _worker["options"]))
    cache.keep_now_and_then()
    return done


BATCH = 500_000
"""Bytes of raw pages that are cleaned together: twice as many are no faster, half as many cost short pages a tenth more."""

Raw = tuple[str, bytes | PageError]
"""A page's path and its bytes, or why there are none."""


def file_size(file: Path) -> int:
    """A file's bytes; 0 where they cannot be told."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def read_page(page: tuple[str, Path]) -> Raw:
    """A page of a folder."""
    path, file = page
    try:
        path.encode()
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be waited for without end
            return path, PageError("is not a regular file; take it out of the folder")
        return path, file.read_bytes()
    except UnicodeEncodeError:
        return path.encode("utf-8", "backslashreplace").decode(), PageError("its name is not UTF-8; rename the file")
    except OSError as error:
        return path, PageError(f"cannot be read: {error.strerror or error}; mend its permissions or take it out")


def clean_pages(pages: Iterable[Raw], book: Rulebook, options: Options) -> Iterator[Cleaned]:
    """Each page's records, or the reason why there are none. Pages are taken and cleaned batch by batch."""
    for some in batches(pages, lambda page: len(page[1]) if isinstance(page[1], bytes) else 0, BATCH):
        yield from _cleaned(some, book, options)


def _cleaned(pages: Sequence[Raw], book: Rulebook, options: Options) -> list[Cleaned]:
    try:
        made = iter(clean_many([data for _, data in pages if isinstance(data, bytes)], book, options))
    except Exception as error:  # a fault of ours in one page must not cost the others
        if len(pages) > 1:
            return [one for page in pages for one in _cleaned([page], book, options)]
        return [Cleaned(pages[0][0], error=f"cannot be cleaned ({type(error).__name__}: {error}); please report this page")]
    return [_records(path, next(made) if isinstance(data, bytes) else data) for path, data in pages]


def _records(path: str, made: CleanPage | PageError) -> Cleaned:
    if isinstance(made, PageError):
        return Cleaned(path, error=str(made))
    page_line = page_record(made, path)
    speeches = [speech_record(speech, made, path, index) for index, speech in enumerate(made.speeches)]
    return Cleaned(
        path,
        dumps(page_line),
        tuple(map(dumps, speeches)),
        tuple((speech["id"], speech["text"]) for speech in speeches),
        made.sha256,
        made.size,
        tally(page_line, speeches),
    )
