"""The annotated page's scores, pinned: a change may raise them, never lower them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.run import run_folder

FLOORS = {
    "page found": 1.0,
    "line removed": 0.95,
    "line label": 0.97,
    "speech boundary": 0.94,
    "speech title": 0.94,
    "mask": 0.97,
    "mask type": 0.85,
    "corruption": 0.80,
    "elision": 0.80,
    "hard punctuation": 0.95,
    "easy punctuation": 1.0,
    "text left alone": 0.9999,
    "edit agrees with the raw page": 1.0,
    "duplicate speech pair": 1.0,
}


@pytest.fixture(scope="module")
def scores(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """The scorer's measures of a run over the annotated page."""
    out = tmp_path_factory.mktemp("corpus") / "clean"
    run_folder(shared / "corpus", out)
    command = [sys.executable, str(shared / "score.py"), "--raw", str(shared / "corpus")]
    command += ["--gold", str(shared / "gold"), "--clean", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: row["value"] for name, row in json.loads(done.stdout).items()}


@pytest.mark.parametrize("measure", FLOORS)
def test_no_measure_falls_below_its_floor(scores: dict[str, float], measure: str) -> None:
    assert scores[measure] >= FLOORS[measure]
