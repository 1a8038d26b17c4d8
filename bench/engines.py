"""Engines beside the local run: the same work by processes of this machine, by Daft, and by Daft on a Ray cluster here.

    python bench/engines.py [--documents 20000] [--megabytes 20] [--engines local daft ray] [--corpus FILE.jsonl] [--raw FOLDER]

documents: of the tests' generator, for `jinggao duplicates`; megabytes: of pages of bench/generate.py, for `jinggao run`; 0
leaves one out. Figures are user+sys CPU seconds of all processes, Ray's own among them, the peak of their memory (what they
share is counted once), the seconds that it took, and what the rounds wrote to the work folder, round by round: that is what
goes over the network of a cluster. Linux only: processes are watched through /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from generate import pages

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.duplicates.generator import KINDS, corpus

TICK = os.sysconf("SC_CLK_TCK")
ROUND = re.compile(r"/\d+-(?P<name>.+)-\d+$")


class Watch:
    """What the processes of some sessions use, and what lies in a folder, seen again and again."""

    def __init__(self, sessions: list[int], work: Path) -> None:
        self.sessions, self.work = sessions, work
        self.cpu: dict[int, float] = {}
        self.before: dict[int, float] = {}
        self.sizes: dict[str, int] = {}
        self.peak = 0

    def look(self) -> None:
        """See what is used now."""
        memory = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) not in self.sessions:
                    continue
                self.cpu[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICK
                rollup = (folder / "smaps_rollup").read_text()
                memory += int(rollup.partition("Pss:")[2].split()[0])
            except (OSError, IndexError):  # it has just ended
                continue
        self.peak = max(self.peak, memory)
        for place, _, names in os.walk(self.work):  # passes over what is removed meanwhile
            for name in names:
                with contextlib.suppress(OSError):
                    self.sizes[f"{place}/{name}"] = Path(place, name).stat().st_size

    def start(self) -> None:
        """Count from here on."""
        self.look()
        self.before, self.peak = dict(self.cpu), 0

    def seconds(self) -> float:
        """CPU seconds used."""
        return sum(used - self.before.get(process, 0.0) for process, used in self.cpu.items())

    def rounds(self) -> Counter[str]:
        """Bytes written by each round."""
        found: Counter[str] = Counter()
        for path, size in self.sizes.items():
            parts = [match["name"] for folder in Path(path).parents if (match := ROUND.search(str(folder)))]
            found[parts[0] if parts else "?"] += size
        return found


def cluster(folder: Path, environment: dict[str, str], nodes: list[subprocess.Popen[bytes]]) -> str:
    """The address of a Ray cluster of two nodes of one processor each.

    environment: with the cluster's own token. nodes: where they are put, for the caller to end.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for options in (
        ["--head", "--port", str(port), "--include-dashboard=false", "--temp-dir", str(folder)],
        ["--address", f"127.0.0.1:{port}"],
    ):
        log = folder.with_suffix(f".{len(nodes)}.log")
        command = [Path(sys.executable).with_name("ray"), "start", "--block", "--node-ip-address", "127.0.0.1"]
        with log.open("wb") as said:
            nodes.append(
                subprocess.Popen(
                    [*command, "--num-cpus", "1", "--disable-usage-stats", "--object-store-memory", str(1 << 30), *options],
                    stdout=said, stderr=said, start_new_session=True, env=environment,
                )
            )  # fmt: skip
        while b"Ray runtime started" not in log.read_bytes():
            time.sleep(0.1)
    return f"127.0.0.1:{port}"


def measure(name: str, arguments: list[str], engine: str, weight: float) -> None:
    with tempfile.TemporaryDirectory(prefix="jg", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        nodes: list[subprocess.Popen[bytes]] = []
        environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        given = ["--jobs", "2"] if engine == "local" else ["--engine", engine, "--work", f"{folder}/work"]
        try:
            if engine == "ray":
                address = cluster(folder / "ray", environment, nodes)
                given += ["--address", address]
            start = time.monotonic()
            watch = Watch([node.pid for node in nodes], folder / "work")
            watch.start()
            with (folder / "out.jsonl").open("wb") as out:
                done = subprocess.Popen(
                    [sys.executable, "-m", "pipeline", *arguments, *given], stdout=out, stderr=subprocess.DEVNULL,
                    start_new_session=True, env=environment,
                )  # fmt: skip
            watch.sessions.append(done.pid)
            while done.poll() is None:
                watch.look()
                time.sleep(0.05)
            took = time.monotonic() - start
            watch.look()
        finally:
            for node in nodes:
                os.killpg(node.pid, signal.SIGKILL)
                node.wait()
        used, rounds = watch.seconds(), watch.rounds()
        print(
            f"{name:10} {engine:6} {used:7.1f} CPU s {weight / used:6.1f} MB/s per core {watch.peak / 1024:6.0f} MB peak"
            f" {took:6.1f} s {sum(rounds.values()) / 1e6:7.1f} MB written"
        )
        if rounds:
            print("  " + ", ".join(f"{step} {size / 1e6:.1f}" for step, size in rounds.items()))


def main() -> None:
    options = argparse.ArgumentParser(description="Engines beside the local run.")
    options.add_argument("--documents", type=int, default=20_000)
    options.add_argument("--megabytes", type=float, default=20)
    options.add_argument("--engines", nargs="+", default=["local", "daft", "ray"], choices=("local", "daft", "ray"))
    options.add_argument("--corpus", type=Path, help="a JSONL corpus instead of made-up documents")
    options.add_argument("--raw", type=Path, help="a folder of pages instead of made-up ones")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if args.documents or args.corpus:
            file = args.corpus or folder / "corpus.jsonl"
            if not args.corpus:
                copies = args.documents * 3 // 10 // len(KINDS)
                made = corpus(1, args.documents - copies * len(KINDS), copies)
                rows = (json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in made.documents)
                file.write_text("\n".join(rows), encoding="utf-8")
            for engine in args.engines:
                measure("duplicates", ["duplicates", str(file)], engine, file.stat().st_size / 1e6)
        if args.megabytes or args.raw:
            raw = args.raw or folder / "raw"
            if not args.raw:
                raw.mkdir()
                for number, data in enumerate(pages(args.megabytes)):
                    (raw / f"page{number:06}.txt").write_bytes(data)
            weight = sum(path.stat().st_size for path in raw.rglob("*") if path.is_file()) / 1e6
            for number, engine in enumerate(args.engines):
                measure("run", ["run", str(raw), "--out", str(folder / f"out{number}")], engine, weight)


if __name__ == "__main__":
    main()
