"""Speed and memory: the whole run as a process of its own, and each stage alone.

    python bench/speed.py [--megabytes 20] [--runs 3] [--input FOLDER [--mixed] [--edited SHARE] [--single]]

Without --input it measures pages that bench/generate.py makes out of raw/: short speeches, every family of noise in each page.
With --input it measures the pages of that folder, copied as often as it takes to reach the megabytes.
With --mixed as well the paragraphs and headings of each copy are made anew out of its clauses: natural text, none recurs.
With --edited as well each copy has this share of its hanzi replaced, each time others: a speech on a thousand sites.
With --single as well each speech of a copy is a page of its own, between the lines above the first speech and below the last.

Figures are user+sys CPU seconds (medians), so that other work on the machine counts little, and the peak memory of the
process. MB are megabytes of UTF-8.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import TypeVar

from generate import PARAGRAPH, pages

from pipeline.assembly import assemble_many
from pipeline.cleaning import clean_bytes
from pipeline.rulebook import default_rulebook
from pipeline.stages import decode, labels, placeholders, punctuation, repair, script

STAGE_MEGABYTES = 3.0
Item = TypeVar("Item")
Made = TypeVar("Made")


def whole_run(folder: Path, raw: Path, runs: int) -> None:
    """Time `jinggao run` over a folder of pages."""
    weight = sum(path.stat().st_size for path in raw.rglob("*") if path.is_file()) / 1e6
    seconds, peaks = [], []
    for number in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "pipeline", "run", str(raw), "--out", str(folder / f"out{number}"), "--jobs", "1"]
        subprocess.run(command, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        peaks.append(after.ru_maxrss / 1024)
    cpu_s = statistics.median(seconds)
    print(
        f"whole run    {weight:6.1f} MB   {cpu_s:6.2f} CPU s   {weight / cpu_s:6.1f} MB/s per core   {max(peaks):5.0f} MB peak"
    )


def stage_table(raw: list[bytes]) -> None:
    """Time each stage on what the stages before it made."""
    book = default_rulebook()
    book.compile()
    weight = sum(map(len, raw)) / 1e6

    def timed(name: str, work: Callable[[Item], Made], items: list[Item]) -> list[Made]:
        work(items[0])
        before = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        out = [work(item) for item in items]
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        wall = time.perf_counter() - start
        print(f"{name:12s} {cpu / weight * 1e3:6.1f} ms/MB   {weight / cpu:7.1f} MB/s   ({wall:.2f} s wall)")
        return out

    decoded = timed("decode", decode.run, raw)
    repaired = timed("repair", lambda page: repair.run(page.text, book), decoded)
    labelled = timed("labels", lambda page: labels.run(page.text, book), repaired)
    assembled = timed("assembly", lambda page: assemble_many(page, page.drafts, book), labelled)
    texts = [
        part.ledger.apply(page.text[part.start : part.end])
        for page, parts in zip(labelled, assembled, strict=True)
        for part in parts
    ]
    scripted = timed("script", lambda text: script.run(text, book).text, texts)
    marked = timed("placeholders", lambda text: placeholders.run(text, book), scripted)
    timed("punctuation", lambda one: punctuation.run(one.text, book), marked)


def import_time() -> None:
    """The cost of ``import pipeline`` over a bare interpreter, in the best of seven."""

    def best(code: str) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    print(f"import       {(best('import pipeline') - best('pass')) * 1000:6.1f} ms")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--input", type=Path, help="a folder of raw pages to measure instead of generated ones")
    parser.add_argument("--mixed", action="store_true", help="make the paragraphs of each copy anew out of its clauses")
    parser.add_argument("--edited", type=float, default=0.0, help="the share of hanzi to replace in each copy, such as 0.02")
    parser.add_argument("--single", action="store_true", help="make each speech of a copy a page of its own")
    args = parser.parse_args()
    if (args.edited or args.mixed or args.single) and not args.input:
        parser.error("--edited, --mixed and --single need --input")
    import_time()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / "raw"
        raw.mkdir()
        made = copies(args.input, args.megabytes) if args.input else pages(args.megabytes)
        chance = random.Random(1)
        for number, data in enumerate(made):
            data = mixed(data, chance) if args.mixed else data
            data = edited(data, args.edited, chance)
            for part, page in enumerate(singles(data) if args.single else [data]):
                (raw / f"page{number:06}-{part:03}.txt").write_bytes(page)
        stage_table(some_of(raw))
        whole_run(folder, raw, args.runs)


def files_of(folder: Path) -> list[Path]:
    """The files below a folder that are not hidden."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def copies(folder: Path, megabytes: float) -> Iterator[bytes]:
    """The pages of a folder again and again until they weigh so many megabytes together."""
    found = [path.read_bytes() for path in files_of(folder)]
    if not any(found):
        sys.exit(f"{folder}: holds no page; give a folder of raw pages")
    weight = 0
    for data in cycle(found):
        if weight >= megabytes * 1e6:
            return
        weight += len(data)
        yield data


CLAUSE = re.compile("[^，。；：！？,;:!?]+[，。；：！？,;:!?]?")
PAIRS = ("“”", "‘’", "《》", "（）", "()", "【】")
NUMBERED = re.compile(r"\s*(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}[.、])")
"""How a heading begins."""


def mixed(data: bytes, chance: random.Random) -> bytes:
    """A page with its clauses in other places, also in its headings; other short lines stay.

    A quotation that goes over clauses is left out, since halves of it would be damage that no page has. Raises
    UnicodeDecodeError where the page is not UTF-8.
    """
    lines = data.decode().split("\n")
    clauses = [clause for line in lines if len(line) >= PARAGRAPH for clause in CLAUSE.findall(line) if _is_whole(clause)]
    for number, line in enumerate(lines):
        heading = NUMBERED.match(line)
        if len(line) >= PARAGRAPH or heading is not None:
            made = "" if heading is None else heading[0]
            while len(made) < len(line):
                made += chance.choice(clauses)
            lines[number] = made[:-1] + line[-1] if len(line) >= PARAGRAPH else made[: len(line)]
    return "\n".join(lines).encode()


def _is_whole(clause: str) -> bool:
    """Whether every quotation mark and bracket of a clause has its partner in it."""
    return clause.count('"') % 2 == 0 and all(clause.count(one) == clause.count(two) for one, two in PAIRS)


def edited(data: bytes, share: float, chance: random.Random) -> bytes:
    """A page with a share of its hanzi replaced by others of its own. Raises UnicodeDecodeError where it is not UTF-8."""
    if not share:
        return data
    text = list(data.decode())
    places = [place for place, character in enumerate(text) if "\u4e00" <= character <= "\u9fff"]
    own = [text[place] for place in places]
    for place in chance.sample(places, round(share * len(places))):
        text[place] = chance.choice(own)
    return "".join(text).encode()


def singles(data: bytes) -> Iterator[bytes]:
    """Each speech of a page between what stands above the first speech and below the last."""
    page = clean_bytes(data)
    text, spans = page.decoded.text, [speech.raw_span for speech in page.speeches]
    for start, end in spans:
        yield (text[: spans[0][0]] + text[start:end] + text[spans[-1][1] :]).encode()


def some_of(raw: Path) -> list[bytes]:
    """Pages of a folder up to STAGE_MEGABYTES."""
    out: list[bytes] = []
    for path in files_of(raw):
        if sum(map(len, out)) < STAGE_MEGABYTES * 1e6:
            out.append(path.read_bytes())
    return out


if __name__ == "__main__":
    main()
