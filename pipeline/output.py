"""The output folder: written whole or not at all, and read back.

Each file is written beside its final name and renamed when all are complete. Four renames are not one: an earlier output is
put aside until the last has succeeded and comes back if one fails; the manifest goes first and comes last, so that a folder
with a manifest is a finished one, even if the process was killed. A folder that holds anything else than an earlier output is
refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pipeline.errors import OutputError
from pipeline.jsonl import encoded
from pipeline.records import FILES, Record

MANIFEST = "manifest.json"
PROGRAM = "jinggao"
MANIFEST_KEYS = ("program", "version", "rules", "options", "pages", "failed", "dropped", "files", "counts")


class TextSpool:
    """Texts that wait in a file for what compares them all; only their names stay in memory.

    First all are added, then they are read: one behind the other, or any of them.

    >>> import io
    >>> spool = TextSpool(io.BytesIO())
    >>> spool.add("1", "稿"), spool.add("2", "好")
    (None, None)
    >>> list(spool), spool[1]
    ([('1', '稿'), ('2', '好')], ('2', '好'))
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.names: list[str] = []
        self._file = file
        self._ends = array("q", [0])

    def add(self, name: str, text: str) -> None:
        """Write one more text."""
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "surrogatepass")))
        self.names.append(name)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        self._file.seek(0)
        for name, (start, end) in zip(self.names, pairwise(self._ends), strict=True):
            yield name, self._file.read(end - start).decode("utf-8", "surrogatepass")

    def __getitem__(self, number: int) -> tuple[str, str]:
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        return self.names[number], self._file.read(end - start).decode("utf-8", "surrogatepass")


class OutputFolder:
    """A folder being written. Use as a context manager; without `commit` nothing of it stays.

    Raises OutputError where the folder holds something else, or cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._handles: dict[str, IO[bytes]] = {}
        self._fresh = False

    def __enter__(self) -> OutputFolder:
        refuse_foreign(self.path)
        self._fresh = not self.path.exists()
        try:
            with self._mending("be made"):
                self.path.mkdir(parents=True, exist_ok=True)
                self._roll_back()
                for name in FILES:
                    self._handles[name] = self._beside(name).open("wb")
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, name: str, line: str | bytes) -> None:
        """Add one line to a file; ``line`` is without its line feed, as text or as `encoded`."""
        with self._mending("be written"):
            self._handles[name].write((line if isinstance(line, bytes) else encoded(line)) + b"\n")

    @contextlib.contextmanager
    def spool(self, name: str) -> Iterator[IO[bytes]]:
        """A file beside the others for what has to wait; it goes with the block."""
        path = self._beside(name)
        try:
            with self._mending("be written"), path.open("w+b") as handle:
                yield handle
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def digest(self, name: str) -> str:
        """SHA-256 of what was written to a file so far."""
        with self._mending("be written"):
            self._handles[name].flush()
            with self._beside(name).open("rb") as lines:
                return hashlib.file_digest(lines, "sha256").hexdigest()

    def commit(self) -> None:
        """Give every file its name. Those of an earlier run are put aside first, and come back if anything fails."""
        with self._mending("be written"):
            for handle in self._handles.values():
                handle.flush()
                os.fsync(handle.fileno())
                handle.close()
            try:
                for name in reversed(FILES):  # the manifest first: a folder without it is no output
                    if (self.path / name).exists():
                        (self.path / name).replace(self._aside(name))
                for name in FILES:
                    self._beside(name).replace(self.path / name)
            except BaseException:
                self._roll_back()
                raise
        for name in FILES:
            with contextlib.suppress(OSError):
                self._aside(name).unlink(missing_ok=True)
        self._fresh = False

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._discard()

    def _discard(self) -> None:
        """Take away what was written and got no name."""
        for name, handle in self._handles.items():
            with contextlib.suppress(OSError):
                handle.close()
            with contextlib.suppress(OSError):
                self._beside(name).unlink(missing_ok=True)
        if self._fresh:
            with contextlib.suppress(OSError):
                self.path.rmdir()

    def _roll_back(self) -> None:
        """Undo a commit that was not completed, here or by a process that was killed: the earlier output comes back."""
        if (self.path / MANIFEST).exists():
            return
        aside = [name for name in FILES if self._aside(name).exists()]
        if not aside and self._beside(MANIFEST).exists():
            for name in FILES:
                (self.path / name).unlink(missing_ok=True)
        for name in aside:  # the manifest last, as in a commit
            self._aside(name).replace(self.path / name)

    def _beside(self, name: str) -> Path:
        return self.path / f".{name}.part"

    def _aside(self, name: str) -> Path:
        return self.path / f".{name}.old.part"

    @contextlib.contextmanager
    def _mending(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(
                f"{self.path}: the output folder cannot {what}: {reason}; free the disk or choose another --out"
            ) from error


def refuse_foreign(path: Path) -> None:
    """Raise OutputError where a folder holds anything that is not an output of this program.

    Names that begin with a dot do not count: no run writes or reads any but its own.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{path}: is a file, not a folder; choose another --out")
    try:
        names = {entry.name for entry in path.iterdir()}
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}; choose another --out") from None
    strange = sorted(name for name in names if name not in FILES and not name.startswith("."))
    if strange:
        raise OutputError(
            f"{path}: holds {strange[0]!r}, which no run wrote; choose an empty folder for --out, or move it away"
        )
    ours = sorted(names & set(FILES))
    if MANIFEST in ours:
        read_manifest(path)
    elif ours and f".{MANIFEST}.part" not in names and f".{MANIFEST}.old.part" not in names:
        raise OutputError(f"{path}: holds {ours[0]!r} but no {MANIFEST}, so no run wrote it; choose an empty folder for --out")


def read_manifest(path: Path) -> Record:
    """An output folder's manifest. Raises OutputError where there is none, or it is another program's."""
    file = path / MANIFEST
    try:
        manifest: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OutputError(
            f"{path}: no {MANIFEST} in it, so it is no finished output; give the folder that jinggao run wrote, or run again"
        ) from None
    except (OSError, ValueError) as error:
        raise OutputError(f"{file}: cannot be read: {error}; run jinggao run again") from None
    if not isinstance(manifest, dict) or manifest.get("program") != PROGRAM:
        raise OutputError(f"{file}: was not written by jinggao; choose another folder")
    missing = [key for key in MANIFEST_KEYS if key not in manifest]
    if missing:
        raise OutputError(f"{file}: has no {missing[0]!r}: the folder was changed; run jinggao run again")
    return manifest


def read_records(path: Path, name: str) -> Iterator[Record]:
    """The records of one file of an output folder. Raises OutputError naming file and line where one is damaged."""
    file = path / name
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise OutputError(f"{file}:{number}: not a JSON record: {error}; run jinggao run again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"{file}: cannot be read: {error}; run jinggao run again") from None


def read_pages(path: Path) -> Iterator[tuple[Record, list[Record]]]:
    """Each page's record with the records of its speeches; both files are in the order of the pages' paths."""
    speeches = read_records(path, "speeches.jsonl")
    speech = next(speeches, None)
    for page in read_records(path, "pages.jsonl"):
        mine = []
        while speech is not None and speech["page"] == page["path"]:
            mine.append(speech)
            speech = next(speeches, None)
        yield page, mine
