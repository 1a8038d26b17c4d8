"""The output folder: the old output whole or the new one whole, whatever fails and when."""

import errno
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import JinggaoError, OutputError
from pipeline.output import OutputFolder, TextSpool, read_manifest, read_pages, read_records
from pipeline.records import FILES
from tests.samples import contents

MANIFEST_KEYS: dict[str, Any] = {
    "program": "jinggao",
    "version": "0",
    "rules": "",
    "options": {},
    **{name: [] for name in ("pages", "failed", "dropped")},
    **{name: {} for name in ("files", "counts")},
}


def write(path: Path, mark: str) -> None:
    """An output whose every file holds ``mark``."""
    with OutputFolder(path) as folder, folder.spool("pages") as spool:
        spool.write(b"waiting\n")
        for name in FILES[:-1]:
            folder.write(name, json.dumps({"mark": mark}))
            folder.digest(name)
        folder.write("manifest.json", json.dumps({**MANIFEST_KEYS, "version": mark}))
        folder.commit()


@given(st.lists(st.text()))
def test_texts_come_back_from_their_file(texts: list[str]) -> None:
    with tempfile.TemporaryFile() as file:
        spool = TextSpool(file)
        for number, text in enumerate(texts):
            spool.add(str(number), text)
        assert list(spool) == [(str(number), text) for number, text in enumerate(texts)]
        assert [spool[number][1] for number in range(len(texts))[::-1]] == texts[::-1]


def test_lone_surrogates_wait_too() -> None:
    spool = TextSpool(io.BytesIO())
    spool.add("1", "稿\ud800")
    assert spool[0] == ("1", "稿\ud800")


class Faults:
    """Fails the nth call of the file system, and counts the calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: type[BaseException] = OSError) -> None:
        self.left, self.calls, self.error = 10**9, 0, error
        for name in ("open", "replace", "unlink", "mkdir"):
            monkeypatch.setattr(Path, name, self.guard(getattr(Path, name)))
        monkeypatch.setattr(os, "fsync", self.guard(os.fsync))

    def guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **options: Any) -> Any:
            self.calls += 1
            self.left -= 1
            if self.left == 0:
                raise OSError(errno.ENOSPC, "No space left on device") if self.error is OSError else self.error
            return call(*args, **options)

        return guarded


@pytest.fixture
def calls_of_a_write(tmp_path: Path) -> int:
    """How often one write calls the file system."""
    with pytest.MonkeyPatch.context() as patch:
        write(tmp_path / "count", "old")
        faults = Faults(patch)
        write(tmp_path / "count", "new")
        return faults.calls


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_fault_at_any_call_leaves_the_old_output_or_the_new_one(
    tmp_path: Path, calls_of_a_write: int, error: type[BaseException], earlier: bool
) -> None:
    assert calls_of_a_write > 20
    write(tmp_path / "new", "new")
    expected_new = contents(tmp_path / "new")
    for number in range(1, calls_of_a_write + 1):
        out = tmp_path / f"{number}"
        if earlier:
            write(out, "old")
        expected_old = contents(out) if earlier else {}
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, error)
            faults.left = number
            try:
                write(out, "new")
                finished = True
            except (JinggaoError, KeyboardInterrupt):
                finished = False
        left = {name: data for name, data in contents(out).items() if name in FILES} if out.exists() else {}
        assert left in ([expected_new] if finished else [expected_old, expected_new]), f"call {number}"
        write(out, "new")  # what a fault left behind does not stand in the way
        assert contents(out) == expected_new


class Fatal(BaseException):
    """Stands for a process that is killed: nothing is tidied up behind it."""


def test_a_process_killed_at_any_rename_is_rolled_back_by_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace
    for number in range(1, 9):
        out = tmp_path / str(number)
        write(out, "old")
        left = iter(range(1, 100))

        def killed(self: Path, target: Path, left: Iterator[int] = left, number: int = number) -> Path:
            if next(left) == number:
                raise Fatal
            return replace(self, target)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", killed)
            patch.setattr(OutputFolder, "_roll_back", lambda _: None)
            patch.setattr(OutputFolder, "_discard", lambda _: None)
            with pytest.raises(Fatal):
                write(out, "new")
        if not (out / "manifest.json").exists():
            with pytest.raises(OutputError, match="no finished output"):
                read_manifest(out)
        with OutputFolder(out):
            pass  # a run that stops at once: the old output is there again
        assert {name: b"old" in data for name, data in contents(out).items()} == dict.fromkeys(FILES, True), number


def test_an_interrupted_first_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), OutputFolder(tmp_path / "out") as folder:
        folder.write("speeches.jsonl", "{}")
        raise KeyboardInterrupt
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["thesis.docx", "speeches.jsonl", "notes"])
def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match=name), OutputFolder(tmp_path):
        pass
    assert contents(tmp_path) == {name: b"mine"}


def test_a_manifest_of_another_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "an app"}')
    with pytest.raises(OutputError, match="not written by jinggao"), OutputFolder(tmp_path):
        pass
    assert contents(tmp_path) == {"manifest.json": b'{"name": "an app"}'}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file"), OutputFolder(tmp_path / "out"):
        pass


def test_dot_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("* -text\n")
    write(tmp_path, "new")
    assert (tmp_path / ".gitattributes").read_text() == "* -text\n"
    assert sorted(contents(tmp_path)) == sorted([".gitattributes", *FILES])


def test_a_full_disk_is_one_line_with_the_mend(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(OutputError, match=r"No space left.*free the disk"), OutputFolder(tmp_path / "out") as folder:
        folder._handles["speeches.jsonl"].close()
        folder._handles["speeches.jsonl"] = open("/dev/full", "wb", buffering=0)  # noqa: PTH123, SIM115
        folder.write("speeches.jsonl", "{}")
    assert not (tmp_path / "out").exists()


def test_a_lone_surrogate_survives(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as folder:
        folder.write("speeches.jsonl", json.dumps({"text": "a\ud800b"}, ensure_ascii=False))
        folder.write("manifest.json", json.dumps(MANIFEST_KEYS))
        folder.commit()
    assert list(read_records(tmp_path / "out", "speeches.jsonl")) == [{"text": "a\ud800b"}]


@pytest.mark.parametrize(
    ("content", "problem"), [("[]", "not written by"), ("{", "cannot be read"), ('{"program": "jinggao"}', "has no 'version'")]
)
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(OutputError, match=problem):
        read_manifest(tmp_path)


def test_a_damaged_record_is_named_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "pages.jsonl").write_text('{"path": "a"}\n{"path"\n')
    with pytest.raises(OutputError, match=r"pages\.jsonl:2: not a JSON record"):
        list(read_records(tmp_path, "pages.jsonl"))
    with pytest.raises(OutputError, match=r"speeches\.jsonl: cannot be read"):
        list(read_records(tmp_path, "speeches.jsonl"))


def test_pages_come_with_their_speeches(tmp_path: Path) -> None:
    (tmp_path / "pages.jsonl").write_text('{"path": "a"}\n{"path": "b"}\n{"path": "c"}\n')
    (tmp_path / "speeches.jsonl").write_text('{"page": "a", "id": 1}\n{"page": "a", "id": 2}\n{"page": "c", "id": 3}\n')
    assert [(page["path"], [s["id"] for s in mine]) for page, mine in read_pages(tmp_path)] == [
        ("a", [1, 2]),
        ("b", []),
        ("c", [3]),
    ]
