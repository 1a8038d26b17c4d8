"""Parts of a search on the disk: each is worked out once and kept under its name, whole or not at all.

A part is a named tuple of arrays. Its name says what it was made of, so what is found under a name is what would be made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.store import sync
from pipeline.workers import in_order

Part = TypeVar("Part", bound=tuple[Any, ...])


class Task(NamedTuple):
    """A part to be made: its name, and what gives the arguments of its function."""

    name: str
    given: Callable[[], tuple[Any, ...]]


class Parts:
    """A folder of parts; without one, all are made and nothing is kept.

    durable: a part that was made stays even if the power fails right after.
    """

    def __init__(self, folder: Path | None, *, durable: bool = False) -> None:
        self.folder = folder
        self._durable = durable

    def make(self, kind: type[Part], call: Callable[..., Part], tasks: Iterable[Task], jobs: int = 1) -> Iterator[Part]:
        """call(*given) for each task, in order, in worker processes if there are several jobs; what is kept is only read."""
        for made in in_order(_make, (self._task(call, task) for task in tasks), jobs, _nothing, ()):
            yield self._read(kind, made) if isinstance(made, Path) else made

    def _task(self, call: Callable[..., Part], task: Task) -> _Task:
        path = None if self.folder is None else self.folder / f"{task.name}.arrays"
        return _Task(call, None if path and path.exists() else task.given(), path, self._durable)

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


def _nothing() -> None:
    pass


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
