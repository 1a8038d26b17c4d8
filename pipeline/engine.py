"""The engine for more than one machine: Daft (https://www.daft.ai), on one machine by itself, on a cluster through Ray.

The one module that knows either of them; they come with the extra ``jinggao[cluster]`` and are imported when an engine is made.
Rounds (`pipeline.rounds`) become queries: the blocks of all inputs are brought together by key, the function is called in
processes of the workers, and what it returns is written to the work folder, which is where the next round reads.

So every round begins with what lies on the disk, and can be done again. Daft itself gives the calls of a worker that died to
another; where blocks were lost with it, or a process died that Daft does not replace, the whole round is repeated. Only files
that a finished query names are read, so nothing that a repetition left counts twice.
"""

from __future__ import annotations

import contextlib
import glob
import importlib
import logging
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import tempfile
import threading
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipeline import __version__
from pipeline.errors import JinggaoError
from pipeline.rounds import Block, Call, Keyed, Table
from pipeline.workers import batches

EngineName = Literal["local", "daft", "ray"]

TRIES = 4
"""How often a round is tried before its error is the user's."""
_PUT = 1 << 28  # bytes handed over in one query
_PARTS = 1024
"""Into how many parts keys are brought together at least, if there are so many: one is in a worker's memory at a time."""
_QUIET = {"DAFT_PROGRESS_BAR": "0", "DAFT_ANALYTICS_ENABLED": "0", "RAY_USAGE_STATS_ENABLED": "0", "RAY_TQDM": "0"}


class EngineError(JinggaoError):
    """An engine that is not installed, cannot be reached, or failed again and again."""


class Fault(NamedTuple):
    """What a call raised: its message, and the exit status where it is the input's fault; else a traceback."""

    message: str
    status: int | None


class Files(NamedTuple):
    """Blocks of one class, in Parquet files with the columns key and data."""

    paths: list[str]


@contextlib.contextmanager
def engine(name: EngineName, *, address: str | None = None, work: str | None = None) -> Iterator[DaftEngine]:
    """An engine for the length of the block; one process can have one kind only.

    name: ``daft`` for this machine, ``ray`` for a cluster. address: of the Ray cluster, as ``ray.init`` takes it; None is one
    that this machine belongs to, or a new one on it. work: folder or URL that all workers read and write; None is a temporary
    folder of this machine. What is put there goes at the end, but from object stores, where it stays. With Ray, what is printed
    inside the block goes to standard error, as Ray's own messages do.

    Raises EngineError where the extra is not installed, or the cluster is not reached.
    """
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    try:
        importlib.import_module("daft")
        if name == "ray":
            importlib.import_module("ray")
    except ImportError as error:
        raise EngineError(f"--engine {name}: {error.name} is not installed; pip install 'jinggao[cluster]'") from None
    if name == "ray" and work is None:
        raise EngineError("--engine ray: name a folder or URL that all nodes of the cluster read and write with --work")
    with contextlib.ExitStack() as stack:
        if name == "ray":
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))  # Ray tells there of nodes that died
        workers = _on_ray(address, stack) if name == "ray" else _on_this_machine()
        place = work or tempfile.mkdtemp(prefix="jinggao-rounds-")
        folder = f"{place.rstrip('/')}/jinggao-{uuid.uuid4().hex[:12]}"
        if not is_url(place):
            stack.callback(shutil.rmtree, folder if work else place, ignore_errors=True)
        yield DaftEngine(folder, workers, spread=name == "ray")


def is_url(place: str) -> bool:
    """Whether a place is on another file system than this machine's.

    >>> is_url("s3://bucket/pages"), is_url("raw"), is_url("file:///raw")
    (True, False, False)
    """
    scheme, mark, _ = place.partition("://")
    return bool(mark) and scheme != "file"


def _on_this_machine() -> int:
    import daft

    daft.set_runner_native()
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _on_ray(address: str | None, stack: contextlib.ExitStack) -> int:
    import daft
    import ray

    try:
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
            stack.callback(ray.shutdown)
    except Exception as error:
        raise EngineError(
            f"--address {address}: no Ray cluster is reached: {_reason(error)}; start one: ray start --head"
        ) from None
    logging.getLogger("daft").setLevel(logging.ERROR)
    daft.set_runner_ray(noop_if_initialized=True)
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return max(1, int(resources.get("CPU", 1)))


class DaftEngine:
    """An engine as `pipeline.rounds.Engine` wants it. Made by `engine`."""

    def __init__(self, folder: str, workers: int, *, spread: bool) -> None:
        """spread: whether keys are spread over workers that have no memory in common."""
        self.workers = workers
        self._spread = spread
        self._folder = folder
        self._count = 0

    def put(self, name: str, blocks: Iterable[Keyed]) -> Files:
        """Hand over blocks of one class."""
        import daft

        paths: list[str] = []
        rows = ((key, pickle.dumps(block, pickle.HIGHEST_PROTOCOL)) for key, block in blocks)
        for some in batches(rows, lambda row: len(row[1]), _PUT):
            frame = daft.from_pydict({"key": [key for key, _ in some], "data": [data for _, data in some]})
            paths += self._written(name, partial(frame.write_parquet, compression="zstd"))["path"]
        return Files(paths)

    def round(self, name: str, call: Call, *given: Files, keys: int) -> Mapping[type[Block], Files]:
        """One round. Raises what a call raised, if it is the input's fault, and EngineError where the engine fails."""
        import daft

        paths = [path for rows in given for path in rows.paths]
        if not paths:
            return {}
        parts = max(1, min(keys, max(_PARTS, 4 * self.workers)))
        frame = self._read(name, paths)
        if self._spread:
            frame = frame.repartition(parts, "key")
        grouped = frame.groupby("key").agg(daft.col("data").list_agg().alias("data"))
        return self._called(name, grouped, call, ["key", "data"], 1)

    def scan(self, name: str, call: Call, tables: Tables) -> Mapping[type[Block], Files]:
        """A round over the rows of tables instead of blocks: call(0, [a Table with some of the rows])."""
        return self._called(name, tables.frame, call, ["name", "content"], tables.rows)

    def get(self, rows: Files, at_once: int | None = None) -> Iterator[Keyed]:
        """The blocks in the order of their keys. at_once: how many keys are fetched at a time, by default all."""
        import daft

        if not rows.paths:
            return
        frame = self._read("fetch", rows.paths)
        if at_once is None:
            yield from self._fetched(frame)
            return
        keys = sorted(set(self._tried("keys", lambda: frame.select("key").to_pydict())["key"]))
        for start in range(0, len(keys), at_once):
            some = keys[start : start + at_once]
            yield from self._fetched(frame.where(daft.col("key").between(some[0], some[-1])))

    def files(self, place: str) -> list[tuple[str, int]]:
        """(path or URL, bytes) of the files at a path or URL, which may have wildcards, in their order."""
        import daft

        if not is_url(place):
            names = glob.glob(place, recursive=True) or [place]  # noqa: PTH207 - an absolute pattern too
            return [(name, Path(name).stat().st_size) for name in sorted(names)]
        try:
            found = daft.from_glob_path(place).to_pydict()
        except Exception as error:
            raise EngineError(f"{place}: cannot be read: {_reason(error)}; look at the URL and your rights there") from None
        return sorted(zip(found["path"], found["size"], strict=True))

    def contents(self, urls: Sequence[str], rows: int) -> Tables:
        """The files at some URLs as rows: the URL, and the bytes, null where they cannot be read. rows: see `Tables`."""
        import daft

        frame = daft.from_pydict({"name": list(urls)})
        if self._spread:
            frame = frame.into_partitions(max(1, min(len(urls) // rows, 4 * self.workers)))
        content = daft.functions.download(daft.col("name"), on_error="null")
        return Tables(frame.with_column("content", content), rows)

    def table(self, place: str, key: str, field: str, rows: int) -> Tables:
        """Two columns of Parquet files. Raises EngineError where they cannot be read or have no such columns."""
        import daft

        try:
            frame = daft.read_parquet(place)
        except Exception as error:
            raise EngineError(f"{place}: cannot be read: {_reason(error)}; name Parquet files") from None
        for column in (key, field):
            if column not in frame.column_names:
                known = ", ".join(map(repr, frame.column_names))
                raise EngineError(f"{place}: no column {column!r}; it has {known}; name one with --field or --id")
        return Tables(frame.select(daft.col(key).alias("name"), daft.col(field).alias("content")), rows)

    def names(self, place: str, key: str, field: str) -> list[str]:
        """One column of Parquet files as texts; see `table`."""
        frame = self.table(place, key, field, 1).frame.select("name")
        return list(map(str, self._tried("names", frame.to_pydict)["name"]))

    def _read(self, name: str, paths: list[str]) -> Any:
        import daft

        row = {"key": daft.DataType.int64(), "data": daft.DataType.binary()}
        return self._tried(name, partial(daft.read_parquet, paths, schema=row, infer_schema=False))

    def _fetched(self, frame: Any) -> Iterator[Keyed]:
        found = self._tried("fetch", frame.to_pydict)
        for key, data in sorted(zip(found["key"], found["data"], strict=True), key=lambda row: row[0]):
            yield key, pickle.loads(data)

    def _called(self, name: str, frame: Any, call: Call, columns: Sequence[str], rows: int) -> Mapping[type[Block], Files]:
        import daft

        made = frame.select(_caller(call, columns, rows).alias("made")).explode("made").where(~daft.col("made").is_null())
        flat = made.select(*(daft.col("made")[field].alias(field) for field in ("kind", "key", "data")))
        written = self._written(name, partial(flat.write_parquet, partition_cols=["kind"], compression="zstd"))
        kinds: dict[type[Block], Files] = {}
        for path, kind in zip(written.get("path", ()), written.get("kind", ()), strict=True):
            kinds.setdefault(_class(kind), Files([])).paths.append(path)
        if Fault in kinds:
            self._fail(name, [block for _, block in self.get(kinds[Fault]) if isinstance(block, Fault)])
        return kinds

    def _fail(self, name: str, faults: Sequence[Fault]) -> None:
        first = min(faults, key=lambda one: (one.status is None, one.message))
        if first.status is None:
            raise RuntimeError(f"round {name}: {first.message}")
        error = JinggaoError(first.message)
        error.status = first.status
        raise error

    def _written(self, name: str, write: Callable[[str], Any]) -> dict[str, list[str]]:
        """What a query wrote; each try has a folder of its own."""
        self._count += 1
        number = f"{self._folder}/{self._count:02d}-{name.replace(' ', '-')}"
        tries = iter(range(1, TRIES + 1))
        found: dict[str, list[str]] = self._tried(name, lambda: write(f"{number}-{next(tries)}").to_pydict())
        scheme, mark, _ = self._folder.partition("://")
        found["path"] = [path if not mark or "://" in path else f"{scheme}://{path}" for path in found.get("path", ())]
        return found

    def _tried(self, name: str, query: Callable[[], Any]) -> Any:
        """A query's answer. What a call raises is an answer too, so what fails here is the engine, and worth another try."""
        tries = 1
        while True:
            try:
                return query()
            except Exception as error:
                if tries == TRIES:
                    message = f"round {name} failed {TRIES} times, at last: {_reason(error)}; look after the workers"
                    raise EngineError(message) from None
                tries += 1


@contextlib.contextmanager
def opened(place: str) -> Iterator[Any]:
    """A file at a path or URL, to read and to seek in."""
    if is_url(place):
        import daft

        with daft.File(place).open() as file:
            yield file
    else:
        with Path(place).open("rb") as file:
            yield file


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


class Tables(NamedTuple):
    """Rows of tables, with the columns name and content, as a frame of Daft. rows: how many a call gets."""

    frame: Any
    rows: int


def _class(kind: str) -> type[Block]:
    module, _, name = kind.rpartition(".")
    found: type[Block] = getattr(importlib.import_module(module), name)
    return found


def _caller(call: Call, columns: Sequence[str], rows: int) -> Any:
    """The expression that calls a function for each row with a key and its blocks, or for each batch of rows of a table."""
    import daft

    types = daft.DataType
    made = types.list(types.struct({"kind": types.string(), "key": types.int64(), "data": types.binary()}))

    @daft.cls(use_process=False)
    class Caller:
        def __init__(self, call: bytes) -> None:
            self.call = call

        @daft.method.batch(return_dtype=made, batch_size=rows)
        def answers(self, first: Any, second: Any) -> list[list[dict[str, Any]]]:
            return answers(self.call, first.to_pylist(), second.to_pylist(), keyed=columns[0] == "key")

    return Caller(pickle.dumps((__version__, call))).answers(*map(daft.col, columns))


def answers(call: bytes, first: list[Any], second: list[Any], *, keyed: bool) -> list[list[dict[str, Any]]]:
    """What a call returns, as rows for Daft: one list for each row given, those of a table all in the first."""
    if keyed:
        return [_in_a_process(call, key, data) for key, data in zip(first, second, strict=True)]
    table = pickle.dumps(Table(first, second), pickle.HIGHEST_PROTOCOL)
    return [_in_a_process(call, 0, [table]), *([] for _ in first[1:])]


# --- calls, in processes that a worker of the engine keeps from round to round ------------------------------------------

_pools: list[ProcessPoolExecutor] = []
"""The one pool of this process, once there is one."""
_pools_lock = threading.Lock()


def _in_a_process(call: bytes, key: int, data: list[bytes]) -> list[dict[str, Any]]:
    """Daft calls in threads, as many as it wants to be busy at a time; each waits here for a process."""
    with _pools_lock:
        if not _pools:
            _pools.append(
                ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
            )
        pool = _pools[0]
    try:
        return pool.submit(_answers, call, key, data).result()
    except BrokenProcessPool:
        with _pools_lock:
            if pool in _pools:
                _pools.remove(pool)
        raise


def _begin() -> None:
    """A process that must not outlive the one that it works for, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the main process decides
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


@lru_cache(maxsize=2)
def _loaded(call: bytes) -> Call:
    version, found = pickle.loads(call)
    if version != __version__:
        raise EngineError(f"a worker has jinggao {__version__}, this is {version}; install the same on all nodes")
    loaded: Call = found
    return loaded


def _answers(call: bytes, key: int, data: list[bytes]) -> list[dict[str, Any]]:
    try:
        return [_packed(home, block) for home, block in _loaded(call)(key, list(map(pickle.loads, data)))]
    except JinggaoError as error:
        return [_packed(0, Fault(str(error), error.status))]
    except Exception:  # a fault of ours: to be told as it is, not tried again
        return [_packed(0, Fault(traceback.format_exc(), None))]


def _packed(key: int, block: Block) -> dict[str, Any]:
    kind = f"{type(block).__module__}.{type(block).__name__}"
    return {"kind": kind, "key": key, "data": pickle.dumps(block, pickle.HIGHEST_PROTOCOL)}
