"""Runs and searches on an engine: pages and documents out of folders, Parquet and JSON Lines, wherever an engine reads them.

The rounds of pages come here, those of the duplicates are `pipeline.duplicates.shards`'. A page's records go to the range of
paths that it belongs to, so that they can be written in their order. Its speeches go to a shard by what they say, so that equal
ones meet, and pages with the same bytes give their speeches different ids there as a run on one machine does.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from pipeline.cleaning import Options
from pipeline.engine import DaftEngine, EngineError, Files, is_url, opened
from pipeline.errors import JinggaoError, PageError
from pipeline.jsonl import LineError, document
from pipeline.pages import list_pages
from pipeline.rounds import Block, Keyed, Table
from pipeline.rulebook import Rulebook
from pipeline.run import Cleaned, Raw, RunOptions, Summary, clean_pages, compiled, file_size, read_page, run_pages

if TYPE_CHECKING:
    from pipeline.duplicates import Found
    from pipeline.duplicates.search import Documents
    from pipeline.duplicates.shards import Limits, ShardedSearch
    from pipeline.run import Progress

PATH, CONTENT = "path", "content"
"""Columns of tables of pages, if no others are named."""

_SHARD, _SHARDS = 1 << 25, 1 << 11
"""Bytes of source for each shard of texts, and how many shards there are at most: every call that reads writes to each."""
_RANGE = 64
"""Pages in a range of paths, and in a call."""
_LINES = 1 << 25
"""Bytes of a JSONL file that one call reads."""
_AT_ONCE = 16
"""Ranges that are fetched at a time to be written."""


# --- blocks -----------------------------------------------------------------------------------------------------------


class PageFiles(NamedTuple):
    """Files of a folder that all workers see."""

    pages: list[tuple[str, Path]]


class Lines(NamedTuple):
    """The lines of a JSONL file that begin in [start, end). number: of the file among the corpus's."""

    place: str
    number: int
    start: int
    end: int


class Names(NamedTuple):
    """Names of a table."""

    names: list[str]


class Range(NamedTuple):
    """Cleaned pages of one range of paths; the texts of their speeches went elsewhere."""

    pages: list[Cleaned]


# --- pages ------------------------------------------------------------------------------------------------------------


class Work(NamedTuple):
    """What the calls of a run have in common. starts: the first path of each range, but for the first range."""

    book: Rulebook
    options: Options
    shards: int
    starts: tuple[str, ...]


def clean_files(work: Work, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """PageFiles → Range, Texts."""
    pages = (page for block in blocks if isinstance(block, PageFiles) for page in block.pages)
    return _spread(work, map(read_page, pages))


def clean_table(work: Work, root: str, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Rows of paths and bytes, or text → Range, Texts. root: what the paths of pages begin with."""
    rows = (row for block in blocks if isinstance(block, Table) for row in zip(*block, strict=True))
    return _spread(work, (_raw(str(name).removeprefix(root), content) for name, content in rows))


def clean_lines(work: Work, key_field: str, field: str, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Lines → Range, Texts."""
    return _spread(work, (_raw(name, text) for name, text, _ in _documents(blocks, key_field, field)))


def _raw(path: str, content: bytes | str | None) -> Raw:
    if content is None:
        return path, PageError("cannot be read; look at what stands there, or take it out")
    return path, content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content


def _spread(work: Work, raw: Iterable[Raw]) -> Iterator[Keyed]:
    from pipeline.duplicates.shards import Texts

    ranges: dict[int, list[Cleaned]] = {}
    rows: list[tuple[str, str, str]] = []
    for page in clean_pages(raw, work.book, work.options):
        rows += ((name, page.path, text) for name, text in page.texts)
        bare = replace(page, texts=tuple((name, "") for name, _ in page.texts))
        ranges.setdefault(bisect_right(work.starts, page.path), []).append(bare)
    for home, some in ranges.items():
        yield home, Range(some)
    yield from ((home, Texts(*columns)) for home, columns in by_content(rows, work.shards))


def by_content(
    rows: Iterable[tuple[str, str, str]], shards: int
) -> Iterator[tuple[int, tuple[list[str], list[str], list[str]]]]:
    """Rows (id, place, text) by the shard that their text belongs to, as columns.

    >>> [columns for _, columns in by_content([("a", "1", "同志们"), ("b", "2", "同志们")], 1 << 20)]
    [(['a', 'b'], ['1', '2'], ['同志们', '同志们'])]
    """
    homes: dict[int, tuple[list[str], list[str], list[str]]] = {}
    for row in rows:
        digest = hashlib.blake2b(row[2].encode("utf-8", "surrogatepass"), digest_size=8).digest()
        columns = homes.setdefault(int.from_bytes(digest) % shards, ([], [], []))
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return iter(homes.items())


class EnginePages:
    """The pages of a run whose work an engine does; see `pipeline.run.Pages`. Raises JinggaoError as `run_folder` does."""

    def __init__(
        self,
        engine: DaftEngine,
        raw: str,
        book: Rulebook,
        options: RunOptions,
        *,
        key: str = PATH,
        field: str = CONTENT,
        limits: Limits | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._engine, self._book, self._limits, self._progress = engine, book, limits, progress
        place = raw.removeprefix("file://")
        made = Options(options.placeholders)
        if _is_table(place):
            names, size = self._names(place, key, field)
            paths = sorted(names)
        elif is_url(place):
            root = place.rstrip("/") + "/"
            found = [(name, size) for name, size in engine.files(f"{root}**") if _counts(name.removeprefix(root))]
            paths, size = sorted(name.removeprefix(root) for name, _ in found), sum(size for _, size in found)
        else:
            pages = list_pages(Path(place))
            paths, size = [path for path, _ in pages], sum(file_size(file) for _, file in pages)
        if not paths:
            raise JinggaoError(f"{raw}: holds no pages; put raw text files or tables of pages there")
        for one, two in pairwise(paths):
            if one == two:
                raise JinggaoError(f"{raw}: the path {one!r} stands twice; give each page a path of its own")
        self.total = len(paths)
        step = max(1, min(_RANGE, self.total // (4 * engine.workers)))
        self._shards = shards_for(size, engine)
        work = Work(book, made, self._shards, tuple(paths[step::step]))
        tell(progress, "pages")
        if _is_parquet(place):
            rows = engine.table(place, key, field, _RANGE)
            self._made = engine.scan("pages", partial(clean_table, work, ""), rows)
        elif _is_table(place):
            lines = engine.put("lines", enumerate(line_ranges(engine, place)))
            self._made = engine.round("pages", partial(clean_lines, work, key, field), lines, keys=size // _LINES + 1)
        elif is_url(place):
            self._made = engine.scan(
                "pages", partial(clean_table, work, root), engine.contents([one for one, _ in found], _RANGE)
            )
        else:
            groups = ((at, PageFiles(pages[start : start + step])) for at, start in enumerate(range(0, self.total, step)))
            files = engine.put("files", groups)
            self._made = engine.round("pages", partial(clean_files, work), files, keys=self.total // step + 1)

    def _names(self, place: str, key: str, field: str) -> tuple[list[str], int]:
        engine = self._engine
        if _is_parquet(place):
            return engine.names(place, key, field), sum(size for _, size in engine.files(place))
        ranges = list(line_ranges(engine, place))
        rows = engine.put("lines", enumerate(ranges))
        found = engine.round("paths", partial(name_lines, key, field), rows, keys=len(ranges))
        blocks = (block for _, block in engine.get(found[Names]))
        return [name for block in blocks if isinstance(block, Names) for name in block.names], sum(
            _length(one) for one in ranges
        )

    def cleaned(self) -> Iterator[Cleaned]:
        """All pages, cleaned, in the order of their paths."""
        for _, some in _in_groups(self._engine.get(self._made[Range], _AT_ONCE)):
            pages = [page for block in some if isinstance(block, Range) for page in block.pages]
            yield from sorted(pages, key=lambda page: page.path)

    def found(self, documents: Documents) -> Found:
        """The duplicates among the speeches, whose texts the engine has."""
        from pipeline.duplicates import Found
        from pipeline.duplicates.shards import ShardedSearch, Texts

        if Texts not in self._made:
            return Found([], {}, {})
        search = ShardedSearch(
            self._engine, self._made[Texts], self._shards, self._book["duplicates"].settings,
            rename=True, limits=self._limits, progress=self._progress,
        )  # fmt: skip
        return search.found()


def run_on(
    engine: DaftEngine,
    raw: str,
    out: str | Path,
    *,
    key: str = PATH,
    field: str = CONTENT,
    rules: Sequence[str | Path] = (),
    options: RunOptions | None = None,
    fail_fast: bool = False,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> Summary:
    """Clean pages on an engine into the folder ``out``, with the same bytes as `pipeline.run.run_folder` on one machine.

    raw: a folder, on this machine or at a URL; or Parquet (``….parquet``) or JSON Lines (``….jsonl``) with a page a row, at a
    path or URL that may have wildcards. key, field: their columns for a page's path and for its bytes or text.

    Raises JinggaoError as `run_folder`, LineError for a line that has no such fields, and EngineError.
    """
    options = options or RunOptions()
    book = compiled(rules)
    if not is_url(raw) and Path(out).resolve().is_relative_to(Path(raw).resolve()):
        raise JinggaoError(
            f"{out}: is or lies inside the raw folder, so that its files would become pages; choose another --out"
        )
    source = EnginePages(engine, raw, book, options, key=key, field=field, progress=progress)
    return run_pages(source, out, book, options, fail_fast=fail_fast, progress=progress, warn=warn)


# --- documents --------------------------------------------------------------------------------------------------------


@contextmanager
def search_on(
    engine: DaftEngine,
    place: str,
    rules: Rulebook,
    *,
    key: str = "id",
    field: str = "text",
    progress: Progress | None = None,
) -> Iterator[ShardedSearch]:
    """A search among the documents of Parquet or JSON Lines; see `run_on`, and `pipeline.corpus.search`."""
    from pipeline.duplicates.search import DocumentsError
    from pipeline.duplicates.shards import ShardedSearch, Texts

    tell(progress, "documents")
    place = place.removeprefix("file://")
    if _is_parquet(place):
        shards = shards_for(sum(size for _, size in engine.files(place)), engine)
        made = engine.scan("documents", partial(read_table, shards, place), engine.table(place, key, field, 1024))
    else:
        ranges = list(line_ranges(engine, place))
        shards = shards_for(sum(map(_length, ranges)), engine)
        lines = engine.put("lines", enumerate(ranges))
        made = engine.round("documents", partial(read_lines, shards, key, field), lines, keys=len(ranges))
    texts = made[Texts] if Texts in made else Files([])
    try:
        yield ShardedSearch(engine, texts, shards, rules["duplicates"].settings, progress=progress)
    except DocumentsError as error:
        raise JinggaoError(f"{place}: {error}") from None


def read_lines(shards: int, key_field: str, field: str, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Lines → Texts."""
    from pipeline.duplicates.shards import Texts

    rows = ((name, at, text) for name, text, at in _documents(blocks, key_field, field))
    return ((home, Texts(*columns)) for home, columns in by_content(rows, shards))


def read_table(shards: int, place: str, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Rows of ids and texts → Texts."""
    from pipeline.duplicates.shards import Texts

    rows = []
    for name, text in (row for block in blocks if isinstance(block, Table) for row in zip(*block, strict=True)):
        if not isinstance(name, (str, int)) or isinstance(name, bool) or not isinstance(text, str):
            what = f"the id {name!r}" if isinstance(text, str) else f"what stands under the id {name!r}"
            raise LineError(f"{place}: {what} is no text; name other columns with --id and --field")
        rows.append((str(name), "", text))
    return ((home, Texts(*columns)) for home, columns in by_content(rows, shards))


def name_lines(key_field: str, field: str, key: int, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """Lines → Names."""
    yield key, Names([name for name, _, _ in _documents(blocks, key_field, field)])


def _documents(blocks: Sequence[Block], key_field: str, field: str) -> Iterator[tuple[str, str, str]]:
    """(id, text, where it stands) of the lines of blocks; the places have the order of the corpus."""
    for block in blocks:
        if not isinstance(block, Lines):
            continue
        with opened(block.place) as file:
            data = lines_between(file, block.start, block.end)
            first = 1 if block.start == 0 else 2  # the first line of a file may begin with a byte order mark
            try:
                for number, (at, line) in enumerate(data, first):
                    if line.strip():
                        name, text = document(line, block.place, number, key=key_field, field=field)
                        yield name, text, f"{block.number:08d}:{at:015d}"
            except LineError:
                if block.start:  # say it again with the number of the line
                    base = _count_lines(file, block.start)
                    for number, (_, line) in enumerate(lines_between(file, block.start, block.end), base + 1):
                        if line.strip():
                            document(line, block.place, number, key=key_field, field=field)
                raise


def lines_between(file: IO[bytes], start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """(where it begins, line) of the lines of a file that begin in [start, end), in bytes.

    >>> import io
    >>> list(lines_between(io.BytesIO(b"one\\ntwo\\nthree"), 2, 9)), list(lines_between(io.BytesIO(b"one\\ntwo\\n"), 4, 8))
    ([(4, b'two\\n'), (8, b'three')], [(4, b'two\\n')])
    """
    file.seek(max(0, start - 1))
    data = file.read(end - max(0, start - 1))
    while not data.endswith(b"\n") and (more := file.read(1 << 16)):
        line, mark, _ = more.partition(b"\n")
        data += line + mark
        if mark:
            break
    place = data.find(b"\n") + 1 if start else 0
    if start and not place:
        return
    base = max(0, start - 1)
    while place < len(data) and base + place < end:
        stop = data.find(b"\n", place) + 1 or len(data)
        yield base + place, data[place:stop]
        place = stop


def _count_lines(file: IO[bytes], end: int) -> int:
    """How many lines begin before a place."""
    file.seek(0)
    count = left = 0
    while left < end and (data := file.read(min(1 << 20, end - left))):
        count += data.count(b"\n")
        left += len(data)
        last = data[-1:]
    return count if last == b"\n" else count + 1


# --- where things lie -------------------------------------------------------------------------------------------------


def line_ranges(engine: DaftEngine, place: str) -> Iterator[Lines]:
    """The JSONL files at a place, in parts. Raises EngineError where there are none."""
    found = engine.files(place)
    if not found:
        raise EngineError(f"{place}: no such file; name a JSONL or Parquet file, or several with wildcards")
    for number, (name, size) in enumerate(found):
        for start in range(0, size, _LINES):
            yield Lines(name, number, start, min(start + _LINES, size))


def shards_for(size: int, engine: DaftEngine) -> int:
    """Into how many shards so many bytes are cut: enough to keep all workers busy."""
    return max(2 * engine.workers, min(size // _SHARD + 1, _SHARDS))


def _is_parquet(place: str) -> bool:
    return place.lower().endswith(".parquet")


def _is_table(place: str) -> bool:
    return place.lower().endswith((".parquet", ".jsonl", ".ndjson"))


def _counts(path: str) -> bool:
    """Whether a file is a page: no part of its path begins with a dot."""
    return not any(part.startswith(".") for part in path.split("/"))


def _length(lines: Lines) -> int:
    return lines.end - lines.start


def _in_groups(rows: Iterable[Keyed]) -> Iterator[tuple[int, list[Block]]]:
    """The blocks of each key, out of rows in the order of their keys."""
    for key, group in groupby(rows, key=lambda row: row[0]):
        yield key, [block for _, block in group]


def tell(progress: Progress | None, step: str) -> None:
    """Say that a step begins whose length is not known."""
    if progress:
        progress(step, 0, 0)
