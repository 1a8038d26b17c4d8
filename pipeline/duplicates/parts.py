"""Parts of a search on the disk: each is worked out once and kept under its name, whole or not at all.

A part is a named tuple of arrays. Its name says what it was made of, so what is found under a name is what would be made.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.store import sync
from pipeline.workers import Workers

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h

Part = TypeVar("Part", bound=tuple[Any, ...])


class Task(NamedTuple):
    """A part to be made: its name, and what gives the arguments of its function."""

    name: str
    given: Callable[[], tuple[Any, ...]]


class Texts(list[str]):
    """Texts that go to another process as one, in a form that is quick to write and to read."""

    def __reduce__(self) -> Any:
        """Their UTF-16 and their lengths, where it can stand for them: not for surrogates on their own."""
        try:
            whole = "".join(self).encode("utf-16-le")
        except UnicodeEncodeError:
            return list, (list(self),)
        return _texts, (whole, list(map(len, self)))


def _texts(data: bytes, lengths: list[int]) -> list[str]:
    whole, ends = data.decode("utf-16-le"), [0, *accumulate(lengths)]
    return [whole[start:end] for start, end in pairwise(ends)]


class Parts:
    """A folder of parts; without one, all are made and nothing is kept.

    durable: the folder is for a later search as well: a part that was made stays even if the power fails right after. workers:
    who makes parts, by default this process.
    """

    def __init__(self, folder: Path | None, *, durable: bool = False, workers: Workers | None = None) -> None:
        self.folder = folder
        self.durable = durable
        self._here = Workers(1, ready)
        self._workers = workers or self._here

    def make(self, kind: type[Part], call: Callable[..., Part], tasks: Iterable[Task], *, here: bool = False) -> Iterator[Part]:
        """call(*given) for each task, in order; what is kept is only read. here: in this process."""
        workers = self._here if here else self._workers
        for made in workers.in_order(_make, (self._task(call, task) for task in tasks)):
            yield self._read(kind, made) if isinstance(made, Path) else made

    def _task(self, call: Callable[..., Part], task: Task) -> _Task:
        path = None if self.folder is None else self.folder / f"{task.name}.arrays"
        return _Task(call, None if path and path.exists() else task.given(), path, self.durable)

    @staticmethod
    def _read(kind: type[Part], path: Path) -> Part:
        with path.open("rb") as file:
            return kind(*_arrays(file))


def _arrays(file: BufferedReader) -> Iterator[NDArray[Any]]:
    """The arrays of a file, one behind the other."""
    while file.peek(1):
        yield np.load(file, allow_pickle=False)


class _Task(NamedTuple):
    call: Callable[..., Any]
    given: tuple[Any, ...] | None
    path: Path | None
    durable: bool


def ready() -> None:
    """What worker processes do before their first part: keep freed memory for the next arrays, where the C library can.

    Giving pages back to the system with each part, and asking for them again, costs them a tenth of their time.
    """
    if multiprocessing.parent_process() is None:
        return
    with contextlib.suppress(AttributeError, OSError, TypeError):  # a C library without it, or none to be found
        library = ctypes.CDLL(None)
        library.mallopt(_TRIM_THRESHOLD, 1 << 28)
        library.mallopt(_MMAP_THRESHOLD, 1 << 25)


def _make(task: _Task) -> Any:
    """Make a part; where it is kept, its file."""
    if task.given is None:
        return task.path
    made = task.call(*task.given)
    if task.path is None:
        return made
    beside = task.path.with_name(task.path.name + ".new")
    with beside.open("wb") as file:
        for array in made:
            np.save(file, array, allow_pickle=False)
    if task.durable:
        sync(beside)
    beside.replace(task.path)
    return task.path
