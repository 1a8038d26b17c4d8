"""Sorting through files: the same numbers in order, and nothing left on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli import main
from pipeline.duplicates import find
from pipeline.duplicates.spill import Sorter, spill_folder, work_folder
from pipeline.errors import JinggaoError
from pipeline.jsonl import dumps
from tests.duplicates.generator import corpus

MADE = corpus(seed=9, originals=40, copies=4).documents
EXPECTED = find(MADE)


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.lists(st.integers(0, 500), max_size=60), max_size=8), memory=st.integers(24, 2000))
def test_blocks_hold_all_numbers_in_order_and_cut_no_group(parts: list[list[int]], memory: int) -> None:
    with spill_folder() as folder:
        sorter = Sorter(folder, memory)
        for part in parts:
            sorter.add(np.array(part, np.uint64))
        blocks = [block.tolist() for block in sorter.blocks(3)]
    assert [number for block in blocks for number in block] == sorted(number for part in parts for number in part)
    groups = [{number >> 3 for number in block} for block in blocks]
    assert sum(map(len, groups)) == len(set().union(*groups))


def test_the_result_does_not_depend_on_the_memory() -> None:
    assert find(MADE, memory=1000) == EXPECTED


def test_progress_is_told_by_stages() -> None:
    told: list[str] = []
    find(MADE, progress=lambda step, done, total: told.append(step))
    assert list(dict.fromkeys(told)) == ["candidates", "verification", "copies of copies"]


def test_nothing_stays_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(step: str, done: int, total: int) -> None:
        assert step != "verification"

    with pytest.raises(AssertionError):
        find(MADE, memory=1000, progress=fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_what_a_killed_search_left_is_removed_by_the_next_and_what_a_running_one_has_is_not(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time; from pipeline.duplicates.spill import spill_folder\n"
        "with spill_folder(pathlib.Path(sys.argv[1])): print('ready', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        with spill_folder(tmp_path):
            assert len(list(tmp_path.iterdir())) == 2
        assert len(list(tmp_path.iterdir())) == 1
        os.kill(child.pid, signal.SIGKILL)
    with spill_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def _stops(step: str, done: int, total: int) -> None:
    if step == "verification":
        raise KeyboardInterrupt


def _interrupted(documents: list[tuple[str, str]], work: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        find(documents, work=work, progress=_stops)
    assert len(list(work.glob("*.arrays"))) > 2


def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    _interrupted(MADE, work)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.duplicates.search.sketches", _never)
        patch.setattr("pipeline.duplicates.search.Search._find_candidates", _never)
        assert find(MADE, work=work) == EXPECTED
    assert not work.exists()


def _never(*given: object) -> None:
    raise AssertionError("done twice")


def test_what_has_changed_meanwhile_is_done_anew(tmp_path: Path) -> None:
    work = tmp_path / "work"
    _interrupted(MADE, work)
    changed = [*MADE[1:], (MADE[0][0], MADE[1][1])]
    assert find(changed, work=work) == find(changed)
    _interrupted(MADE, work)
    assert find(MADE, {"near_jaccard": 0.6}, work=work) == find(MADE, {"near_jaccard": 0.6})


def test_the_result_does_not_depend_on_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.duplicates.search._PART", 20_000)
    monkeypatch.setattr("pipeline.duplicates.search.BATCH", 10_000)
    assert find(MADE, jobs=2) == EXPECTED
    assert find(MADE, jobs=2, work=tmp_path / "work") == EXPECTED


def test_foreign_and_busy_work_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("", "utf-8")
    for place in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(JinggaoError, match="name a folder that is new"):
            find(MADE, work=place)
    with work_folder(tmp_path / "work"), pytest.raises(JinggaoError, match="another process works in it"):
        find(MADE, work=tmp_path / "work")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_killed_command_goes_on_where_it_was(tmp_path: Path, root: Path) -> None:
    path, work = tmp_path / "corpus.jsonl", tmp_path / "work"
    path.write_text("".join(dumps({"id": name, "text": text}) + "\n" for name, text in MADE), "utf-8")
    command = [sys.executable, "-m", "pipeline", "duplicates", str(path)]
    whole = subprocess.run(command, capture_output=True, cwd=root, check=True).stdout
    code = (
        "import sys, time; from pipeline import corpus; from pipeline.jsonl import Corpus\n"
        "def wait(step, done, total):\n"
        "    if step == 'verification': print('ready', flush=True); time.sleep(60)\n"
        "with open(sys.argv[1], 'rb') as file, corpus.search(Corpus(file, 'x'), work=sys.argv[2], progress=wait) as found:\n"
        "    list(corpus.pairs(found))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path), str(work)], stdout=subprocess.PIPE, cwd=root) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.kill()
    assert (work / "jinggao-work").exists()
    again = subprocess.run([*command, "--work", str(work), "--memory", "1M"], capture_output=True, cwd=root, check=True)
    assert again.stdout == whole
    assert not work.exists()


def test_the_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(dumps({"id": name, "text": text}) + "\n" for name, text in MADE), "utf-8")
    assert main(["duplicates", str(path)]) == 0
    expected = capsys.readouterr().out
    for size in ("1M", "2g", "1500MB", "1048576"):
        assert main(["duplicates", str(path), "--memory", size]) == 0
        assert capsys.readouterr().out == expected
    assert main(["duplicates", str(path), "--clusters"]) == 0
    expected = capsys.readouterr().out
    assert main(["duplicates", str(path), "--clusters", "--memory", "1M", "--work", str(tmp_path / "work")]) == 0
    assert capsys.readouterr().out == expected
    assert not (tmp_path / "work").exists()
    for size in ("", "G", "2T", "10", "-1G"):
        with pytest.raises(SystemExit):
            main(["duplicates", str(path), f"--memory={size}"])
