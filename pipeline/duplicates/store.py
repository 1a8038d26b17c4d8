"""The files of an index: one writer, any number of readers, and only whole states.

    INDEX/header.json       what the index is: format, parameters and their digest; never changed
    INDEX/CURRENT           the number of the valid state, in one short line; replaced by a rename
    INDEX/lock              held by the process that writes
    INDEX/segments/N/       the texts that were added with state N, and what was computed of each alone; never changed
    INDEX/states/N/         what holds for all texts together: postings, groups, verdicts, clusters

A state is complete on the disk before CURRENT names it, so a writer that is killed leaves the old state or the new one. What no
state names is removed by the next writer.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.duplicates.settings import Settings, mask_characters
from pipeline.errors import JinggaoError

FORMAT = 3
"""Raised with every change of the files, of the comparison view or of the hashes."""

_HEADER, _CURRENT, _LOCK, _SEGMENTS, _STATES = "header.json", "CURRENT", "lock", "segments", "states"
_OURS = {_HEADER, _CURRENT, _LOCK, _SEGMENTS, _STATES, _CURRENT + ".new", _HEADER + ".new"}
Array = NDArray[Any]


class IndexFolderError(JinggaoError):
    """An index that cannot be used: not there, of another format or other parameters, damaged, or being written."""


class Strings(Sequence[str]):
    """Many texts on the disk, in a file of UTF-8 and one of offsets. A lone surrogate is kept."""

    def __init__(self, folder: Path, name: str) -> None:
        self._ends = read_array(folder, f"{name}-ends")
        self._data = read_array(folder, name)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: Any) -> Any:
        data = self._data[int(self._ends[number]) : int(self._ends[number + 1])].tobytes()
        return data.decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        data = self._data.tobytes()
        for start, end in pairwise(self._ends.tolist()):
            yield data[start:end].decode("utf-8", "surrogatepass")


def write_strings(folder: Path, name: str, texts: Iterable[str]) -> None:
    """Write texts for `Strings`."""
    data = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([0, *map(len, data)], dtype=np.int64)
    write_array(folder, f"{name}-ends", ends)
    write_array(folder, name, np.frombuffer(b"".join(data), np.uint8))


class Rows:
    """Arrays of several segments, one behind the other, read where they lie."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = parts
        self.starts = np.cumsum([0, *map(len, parts)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def one(self, number: int) -> Any:
        """One row."""
        part = int(np.searchsorted(self.starts, number, "right")) - 1
        return self.parts[part][number - int(self.starts[part])]

    def all(self) -> Array:
        """All rows as one array."""
        return np.concatenate(self.parts)

    def take(self, numbers: Array) -> Array:
        """Some rows as one array, in this order."""
        part = np.searchsorted(self.starts, numbers, "right") - 1
        first = self.parts[0]
        found = np.empty((len(numbers), *first.shape[1:]), first.dtype)
        for number in np.unique(part).tolist():
            mine = part == number
            found[mine] = self.parts[number][numbers[mine] - self.starts[number]]
        return found


def read_array(folder: Path, name: str) -> Array:
    """An array of a segment or a state, mapped into memory. Raises FileNotFoundError, or IndexFolderError where damaged."""
    path = folder / f"{name}.npy"
    try:
        if path.stat().st_size <= _EMPTY_LIMIT:  # an empty array cannot be mapped
            found: Array = np.load(path, allow_pickle=False)
            return found
        return np.lib.format.open_memmap(path, mode="r")
    except ValueError:
        raise IndexFolderError(f"{path}: damaged; build the index anew") from None


_EMPTY_LIMIT = 4096


def write_array(folder: Path, name: str, values: Array) -> None:
    """Write an array for `read_array`."""
    with (folder / f"{name}.npy").open("wb") as file:
        np.save(file, np.ascontiguousarray(values), allow_pickle=False)


def parameters(settings: Settings) -> dict[str, Any]:
    """What an index depends on besides its texts."""
    return {**asdict(settings), "masks": "".join(mask_characters())}


def _header(settings: Settings) -> dict[str, Any]:
    values = parameters(settings)
    digest = hashlib.sha256(json.dumps([FORMAT, values], sort_keys=True).encode()).hexdigest()
    return {"program": "jinggao", "kind": "index", "format": FORMAT, "parameters": values, "digest": digest}


class Store:
    """The folder of an index. Opening it checks the header."""

    def __init__(self, path: str | Path, settings: Settings) -> None:
        self.path = Path(path)
        try:
            header = json.loads((self.path / _HEADER).read_bytes())
        except FileNotFoundError:
            raise IndexFolderError(f"{self.path}: no index; make one: jinggao index build {self.path} FILE.jsonl") from None
        except ValueError:
            raise IndexFolderError(f"{self.path}: its header is damaged; build the index anew") from None
        _compare(self.path, header, _header(settings))

    @classmethod
    def create(cls, path: str | Path, settings: Settings) -> Store:
        """A new index without any state. Raises IndexFolderError where the folder holds something else."""
        folder = Path(path)
        if folder.exists() and (not folder.is_dir() or any(one.name not in _OURS for one in folder.iterdir())):
            raise IndexFolderError(f"{folder}: holds something else; give a new or empty folder")
        if (folder / _CURRENT).exists():
            raise IndexFolderError(f"{folder}: holds an index already; add to it: jinggao index add {folder} FILE.jsonl")
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / _HEADER, json.dumps(_header(settings), ensure_ascii=False, indent=1).encode())
        return cls(folder, settings)

    def current(self) -> int | None:
        """The number of the valid state; None before the first."""
        try:
            return int((self.path / _CURRENT).read_text("ascii"))
        except FileNotFoundError:
            return None
        except ValueError:
            raise IndexFolderError(f"{self.path / _CURRENT}: damaged; build the index anew") from None

    def segment(self, number: int) -> Path:
        """The folder of a segment."""
        return self.path / _SEGMENTS / f"{number:08d}"

    def state(self, number: int) -> Path:
        """The folder of a state."""
        return self.path / _STATES / f"{number:08d}"

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer. Raises IndexFolderError where another process is, and removes what killed ones left."""
        with (self.path / _LOCK).open("a+b") as lock:
            if not hold(lock.fileno()):
                raise IndexFolderError(f"{self.path}: another process is writing to it; wait for its end")
            self._tidy()
            yield

    def fresh(self) -> tuple[int, Path, Path]:
        """The number of the next state, and empty folders for its segment and for itself."""
        number = (self.current() or 0) + 1
        for folder in (self.segment(number), self.state(number)):
            folder.mkdir(parents=True)
        return number, self.segment(number), self.state(number)

    def commit(self, number: int) -> None:
        """Make a state the valid one: everything of it is on the disk before it is named."""
        for folder in (self.segment(number), self.state(number)):
            for path in sorted(folder.iterdir()):
                sync(path)
            sync(folder)
            sync(folder.parent)
        _replace(self.path / _CURRENT, f"{number}\n".encode())
        self._tidy()

    def _tidy(self) -> None:
        """Remove what the valid state does not need. What somebody has open on a system that minds stays for the next time."""
        number = self.current()
        needed: set[Path] = set()
        if number is not None:
            needed = {self.state(number), *map(self.segment, read_manifest(self.state(number))["segments"])}
        for kind in (_SEGMENTS, _STATES):
            for path in (self.path / kind).glob("*"):
                if path not in needed:
                    shutil.rmtree(path, ignore_errors=True)


def read_manifest(state: Path) -> dict[str, Any]:
    """What a state consists of: ``segments`` and ``texts``."""
    found: dict[str, Any] = json.loads((state / "manifest.json").read_bytes())
    return found


def write_manifest(state: Path, values: Mapping[str, Any]) -> None:
    """Write what a state consists of."""
    (state / "manifest.json").write_bytes(json.dumps(values).encode())


def _compare(path: Path, header: Any, wanted: Mapping[str, Any]) -> None:
    if not isinstance(header, dict) or header.get("kind") != "index":
        raise IndexFolderError(f"{path}: no index of jinggao")
    if header.get("format") != wanted["format"]:
        raise IndexFolderError(
            f"{path}: an index of format {header.get('format')}, this version reads {wanted['format']}; build it anew"
        )
    if header.get("digest") != wanted["digest"]:
        theirs = header.get("parameters", {})
        names = [name for name, value in wanted["parameters"].items() if theirs.get(name) != value]
        said = ", ".join(f"{name} {theirs.get(name)} (now {wanted['parameters'][name]})" for name in names) or "other values"
        raise IndexFolderError(f"{path}: built with {said}; use the rules it was built with, or build it anew")


def _replace(path: Path, data: bytes) -> None:
    """Give a file new contents, whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    sync(beside)
    beside.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    try:
        number = os.open(path, os.O_RDONLY if path.is_dir() or os.name == "posix" else os.O_RDWR)
    except PermissionError:  # some systems open no folders
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)


def hold(number: int) -> bool:
    """Lock an open file for this process, without waiting; the lock goes with the process. False where another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
