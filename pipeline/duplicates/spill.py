"""Sorting more numbers than fit into memory: sorted runs in a temporary folder, merged block by block.

The folder goes with the search, after an error as well. One that a killed process left is known by its lock, which nobody holds
any more, and is removed by the next search that spills.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.store import hold
from pipeline.errors import JinggaoError

Numbers = NDArray[np.uint64]

_PREFIX = "jinggao-spill-"
_LOCK = "lock"
_WORK = "jinggao-work"
_SIZE = 8  # bytes of a number
_BLOCK = 1 << 19  # numbers in a block
_MANY = 1 << 16  # numbers
_SAMPLES = 16  # for each block, to cut the numbers


class WorkFolderError(JinggaoError):
    """A work folder that cannot be used: it holds something else, or another process works in it."""


@contextlib.contextmanager
def spill_folder(parent: Path | None = None) -> Iterator[Path]:
    """A temporary folder for the length of the block. parent: where to make it, by default the system's place for such."""
    place = Path(tempfile.gettempdir()) if parent is None else parent
    _clean(place)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    try:
        with (folder / _LOCK).open("wb") as lock:
            hold(lock.fileno())
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """A folder for what is worked out, for the length of the block. It is removed after a success and stays after a failure.

    Raises WorkFolderError where it holds something else, or another process works in it.
    """
    if folder.exists() and not folder.is_dir():
        raise WorkFolderError(f"{folder}: is a file; name a folder that is new, or that an interrupted search left")
    foreign = folder.exists() and any(folder.iterdir()) and not (folder / _WORK).exists()
    if foreign:
        raise WorkFolderError(f"{folder}: holds something else; name a folder that is new, or that an interrupted search left")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _WORK).open("ab") as lock:
        if not hold(lock.fileno()):
            raise WorkFolderError(f"{folder}: another process works in it; wait for its end, or name another folder")
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _clean(place: Path) -> None:
    """Remove the folders of processes that were killed."""
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            with (folder / _LOCK).open("r+b") as lock:
                left = hold(lock.fileno())
            if left:
                shutil.rmtree(folder, ignore_errors=True)


def sorted_numbers(numbers: Numbers) -> Numbers:
    """The numbers sorted. Many are brought into the order of their first 16 bits before, as that costs less than it saves.

    >>> sorted_numbers(np.array([3, 1, 2], np.uint64)).tolist()
    [1, 2, 3]
    """
    if len(numbers) < _MANY:
        return np.sort(numbers)
    spare = max(int(numbers.max()).bit_length() - 16, 0)
    leading = (numbers >> np.uint64(spare)).astype(np.uint16)
    found = numbers.take(leading.argsort(kind="stable"))  # a radix sort, which NumPy has for numbers of 16 bits alone
    found.sort(kind="stable")
    return found


class Sorter:
    """Numbers in any order in, sorted blocks out; at most ``memory`` bytes of them are in memory at once.

    >>> sorter = Sorter(None, memory=1 << 20)
    >>> sorter.add(np.array([3, 1, 3], np.uint64))
    >>> [block.tolist() for block in sorter.blocks()]
    [[1, 3, 3]]
    """

    def __init__(self, folder: Path | None, memory: int, name: str = "run") -> None:
        self._folder = folder
        self._most = max(1, memory // _SIZE // 6)  # the buffer, four times as much to sort it, and what comes in
        self._name = name
        self._buffer: list[Numbers] = []
        self._size = 0
        self._runs: list[Numbers] = []

    def add(self, numbers: Numbers) -> None:
        """Add numbers; they are written to the disk when there are too many."""
        self._buffer.append(numbers)
        self._size += len(numbers)
        if self._size > self._most and self._folder is not None:
            path = self._folder / f"{self._name}{len(self._runs)}.npy"
            np.save(path, self._sorted())
            self._runs.append(np.load(path, mmap_mode="r"))

    def blocks(self, shift: int = 0) -> Iterator[Numbers]:
        """All numbers in order, those that are the same but for the last ``shift`` bits in one block."""
        runs = [*self._runs, self._sorted()]
        runs = [run for run in runs if len(run)]
        if not runs:
            return
        starts = [0] * len(runs)
        for edge in self._edges(runs, shift):
            ends = [int(np.searchsorted(run, edge)) for run in runs]
            yield self._cut(runs, starts, ends)
            starts = ends
        yield self._cut(runs, starts, [len(run) for run in runs])

    def _edges(self, runs: list[Numbers], shift: int) -> list[np.uint64]:
        """Where to cut so that blocks are about as large as the buffer, and not too large for what is made of each."""
        count = -(-sum(map(len, runs)) // min(self._most, _BLOCK))
        most = _SAMPLES * -(-count // len(runs))
        samples = np.sort(np.concatenate([run[:: max(1, len(run) // most)] for run in runs]))
        picked = samples[np.arange(1, count) * len(samples) // count]
        bits = np.uint64(shift)
        return list(np.unique(picked >> bits << bits))

    def _sorted(self) -> Numbers:
        found = np.concatenate([np.zeros(0, np.uint64), *self._buffer])
        self._buffer, self._size = [], 0
        return sorted_numbers(found)

    @staticmethod
    def _cut(runs: list[Numbers], starts: list[int], ends: list[int]) -> Numbers:
        pieces = [run[start:end] for run, start, end in zip(runs, starts, ends, strict=True) if end > start]
        block = np.concatenate([np.zeros(0, np.uint64), *pieces])
        if len(pieces) > 1:
            block.sort(kind="stable")  # which merges runs that are in order, ten times as fast as the usual kind sorts them
        return block
