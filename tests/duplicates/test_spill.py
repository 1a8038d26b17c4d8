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
from pipeline.duplicates.spill import Sorter, spill_folder
from pipeline.records import dumps
from tests.duplicates.generator import corpus

MADE = corpus(seed=9, originals=40, copies=4).documents


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
    assert find(MADE, memory=1000) == find(MADE)


def test_progress_is_told_by_stages() -> None:
    told: list[str] = []
    find(MADE, progress=lambda step, done, total: told.append(step))
    assert list(dict.fromkeys(told)) == ["comparison views", "sketches", "shingles", "verification"]


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


def test_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(dumps({"id": name, "text": text}) + "\n" for name, text in MADE), "utf-8")
    assert main(["duplicates", str(path)]) == 0
    expected = capsys.readouterr().out
    for size in ("1M", "2g", "1500MB", "1048576"):
        assert main(["duplicates", str(path), "--memory", size]) == 0
        assert capsys.readouterr().out == expected
    for size in ("", "G", "2T", "10", "-1G"):
        with pytest.raises(SystemExit):
            main(["duplicates", str(path), f"--memory={size}"])
