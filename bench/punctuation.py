"""Punctuation beside AutoCorrect and zhlint: exact cases of this project's own test bed, and speed, in one run.

    python bench/punctuation.py [--page FILE] [--repeat 4] [--node-modules FOLDER] [--parts seen heldout2]

A peer that is not installed is left out; this file installs nothing. To have them: `pip install autocorrect-py` (AutoCorrect)
in the environment that runs this file, and `npm install --prefix FOLDER zhlint` (zhlint), then `--node-modules
FOLDER/node_modules`; node must be on the path.

exact: cases that come out as the bed expects; kept: those of them that are right already and stay as they are. The bed follows
this project's reading of the standards; the spaces that a peer inserts between hanzi and Latin letters are not counted against
it: two texts are compared without spaces, except in the column of this project. Speed is CPU time, the median of five runs
over a page with ASCII marks throughout, and over the same page put right. MB are megabytes of UTF-8.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.stages import punctuation  # noqa: E402

PARTS = ("seen", "more", "former", "seen2", "seen3", "seen4", "seen5", "seen6", "heldout2", "heldout3")
RUNS = 5
WRONG = (
    "同志们:今年1-5月,全县完成投资12.6亿元,增长8.5%.一是抓项目;二是抓服务(含代办)。"
    '落实"一把手"责任,做到底数清,任务明。按照青政发[20xx]8号文件要求,各乡镇要早部署,早落实!'
)
PLAIN = (
    "今年春天,我们把水渠修到了山脚下,把路灯装到了村口。老人们晚上出门不再摸黑,孩子们放学回家也有了亮光。"
    "有人问我最难的是什么,我说:最难的不是缺钱,是一开始没有人相信能办成。"
)
"""A page is made of nine of these lines to one that is wrong in many ways."""
NODE = """
const { run } = await import(process.argv[1]);
let given = '';
for await (const piece of process.stdin.setEncoding('utf8')) given += piece;
const texts = JSON.parse(given);
const fix = (text) => { try { return run(text, { rules: { preset: 'default' } }).result; } catch { return null; } };
const out = texts.cases.map(fix);
const seconds = texts.pages.map((page) => {
  const times = [];
  for (let i = 0; i < texts.runs; i++) {
    const before = process.cpuUsage();
    fix(page);
    const used = process.cpuUsage(before);
    times.push((used.user + used.system) / 1e6);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
});
console.log(JSON.stringify({ out, seconds }));
"""


class Case(NamedTuple):
    """A case of the bed: part, input, expected text, and the profile it is for."""

    part: str
    input: str
    expected: str
    profile: str


class Column(NamedTuple):
    """What a tool made of every case (None where it failed), and its CPU seconds for each page."""

    name: str
    out: list[str | None]
    seconds: list[float]
    spaces_count: bool


def cases(parts: Sequence[str] = PARTS) -> list[Case]:
    """Every case of some parts of the bed."""
    found = []
    for part in parts:
        path = ROOT / "tests" / "bed" / "punctuation" / f"{part}.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            record = json.loads(line)
            found.append(Case(part, record["input"], record["expected"], record.get("profile", punctuation.PROFILE)))
    return found


def ours(bed: list[Case], pages: list[str]) -> Column:
    """This project's stage."""
    out: list[str | None] = [punctuation.run(case.input, profile=case.profile).text for case in bed]
    return Column("jinggao", out, [_seconds(lambda text: punctuation.run(text).text, page) for page in pages], True)


def autocorrect(bed: list[Case], pages: list[str]) -> Column | None:
    """AutoCorrect, where it is installed."""
    if importlib.util.find_spec("autocorrect_py") is None:
        print("AutoCorrect is not installed: pip install autocorrect-py", file=sys.stderr)
        return None
    fix: Callable[[str], str] = importlib.import_module("autocorrect_py").format
    return Column("AutoCorrect", [fix(case.input) for case in bed], [_seconds(fix, page) for page in pages], False)


def zhlint(bed: list[Case], pages: list[str], modules: Path) -> Column | None:
    """zhlint, where node and it are installed."""
    node, package = shutil.which("node"), modules / "zhlint"
    if node is None or not package.is_dir():
        print("no zhlint: npm install --prefix FOLDER zhlint; --node-modules FOLDER/node_modules", file=sys.stderr)
        return None
    manifest = json.loads((package / "package.json").read_text(encoding="utf-8"))
    entry = package / (manifest.get("module") or manifest.get("main") or "index.js")
    given = json.dumps({"cases": [case.input for case in bed], "pages": pages, "runs": RUNS})
    command = [node, "--input-type=module", "--eval", NODE, entry.resolve().as_uri()]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"zhlint failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    answer = json.loads(done.stdout.splitlines()[-1])
    return Column("zhlint", answer["out"], answer["seconds"], False)


def _seconds(fix: Callable[[str], str], page: str) -> float:
    fix(page)
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        fix(page)
        times.append(time.process_time() - start)
    return statistics.median(times)


def _same(column: Column, got: str | None, expected: str) -> bool:
    if got is None or column.spaces_count:
        return got == expected
    return re.sub(r"[ \u3000]", "", got) == re.sub(r"[ \u3000]", "", expected)


def table(columns: list[Column], bed: list[Case], pages: list[str]) -> None:
    """Print a line a tool."""
    megabytes = [len(page.encode()) / 1e6 for page in pages]
    parts = [part for part in PARTS if any(case.part == part for case in bed)]
    head = "".join(f"{part + ' exact':>16s}{'kept':>12s}" for part in parts)
    print(f"{'':12s}{head}{'wrong page':>14s}{'right page':>14s}")
    for column in columns:
        row = ""
        for part in parts:
            hits = [
                (case.input == case.expected, _same(column, got, case.expected))
                for case, got in zip(bed, column.out, strict=True)
                if case.part == part
            ]
            right = [hit for kept, hit in hits if kept]
            exact = sum(hit for _, hit in hits)
            row += f"{exact:>6d}/{len(hits):<3d} {exact / len(hits):5.3f}{sum(right):>8d}/{len(right):<3d}"
        speeds = "".join(f"{size / max(used, 1e-9):>9.1f} MB/s" for size, used in zip(megabytes, column.seconds, strict=True))
        print(f"{column.name:12s}{row}{speeds}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="a UTF-8 page to measure speed on instead of an invented one")
    parser.add_argument("--repeat", type=int, default=1, help="how many times the page is repeated")
    parser.add_argument("--node-modules", type=Path, default=Path("node_modules"))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="parts of the bed")
    args = parser.parse_args()
    page = args.page.read_text(encoding="utf-8") if args.page else "\n".join([*[PLAIN] * 9, WRONG] * 100)
    page = "\n".join([page] * args.repeat)
    pages = [page, punctuation.run(page).text]
    bed = cases(args.parts)
    columns = [ours(bed, pages), autocorrect(bed, pages), zhlint(bed, pages, args.node_modules)]
    table([column for column in columns if column is not None], bed, pages)


if __name__ == "__main__":
    main()
