"""What a user does first: the two commands of the README in a fresh copy, and the wheel in an empty folder.

Both set up virtual environments of their own. Packages that the project depends on are lent from the environment that runs
the tests, so that no network is needed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

PAGE = "关于修缮校门的讲话\n\n老师们、同学们:\n\n今天说三件事,请大家记在心上.第一件,校门要修了,大家走侧门.\n\n谢谢大家!\n"
AWAY = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "clean", "bed", "*.egg-info")


def fresh_venv(folder: Path) -> Path:
    """A virtual environment that sees this one's packages, but not this checkout."""
    venv.create(folder, with_pip=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return folder / "bin"


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command and give its output; a failure shows what it printed."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL", "MAKE", "ARGS"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_two_commands_of_the_readme_in_a_fresh_copy(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "jinggao"
    shutil.copytree(root, copy, ignore=AWAY)
    shutil.rmtree(copy / "raw")
    (copy / "raw").mkdir()
    (copy / "raw" / "page.txt").write_text(PAGE, encoding="utf-8")
    fresh_venv(copy / ".venv")
    flags = "PIPFLAGS=--no-deps --no-index --no-build-isolation"
    run("make", "clean", flags, cwd=copy)
    assert "今天说三件事，请大家记在心上。" in (copy / "clean" / "speeches.jsonl").read_text(encoding="utf-8")
    assert "passed" in run("make", "test", flags, "ARGS=tests/test_ledger.py", cwd=copy)
    run("make", "check", flags, cwd=copy)


def test_the_wheel_works_from_an_empty_folder(root: Path, tmp_path: Path) -> None:
    flags = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "wheel", "-q", *flags, "-w", tmp_path, root, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"pipeline/py.typed", "pipeline/_rules/punctuation.toml", "pipeline/schemas/page.schema.json"} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "raw", "bench"))]
    bin_ = fresh_venv(tmp_path / "env")
    run(bin_ / "python", "-m", "pip", "install", "-q", *flags[:2], wheel, cwd=tmp_path)
    empty = tmp_path / "empty"
    (empty / "raw").mkdir(parents=True)
    (empty / "raw" / "page.txt").write_text(PAGE, encoding="gb18030")
    run(bin_ / "jinggao", "run", "raw", "--out", "out", cwd=empty)
    run(bin_ / "jinggao", "restore", "out", "--out", "back", cwd=empty)
    assert (empty / "back" / "page.txt").read_bytes() == PAGE.encode("gb18030")
    assert "site-packages" in run(bin_ / "python", "-c", "import pipeline; print(pipeline.__file__)", cwd=empty)
