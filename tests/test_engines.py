"""Engines: Daft on this machine, and on a Ray cluster that loses a worker, makes the bytes that the local run makes."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.cluster import lines_between
from pipeline.run import run_folder
from tests.duplicates.generator import Generator, corpus
from tests.samples import contents

pytest.importorskip("daft", reason="the extra 'cluster' is not installed: Daft has no wheel for this Python")
JINGGAO = [sys.executable, "-m", "pipeline"]
LONG = 300
"""Seconds that are enough on two slow and busy processors."""


class Nodes:
    """A Ray cluster of two nodes on this machine, each with one processor, which ends with the tests.

    environment: what a command needs to use it. The token is its own, so that nothing depends on one that the user has.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[subprocess.Popen[bytes]] = []
        self.environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"

    def open(self) -> None:
        """Start both nodes; after a failure, `close` ends what was started."""
        port = self.address.rpartition(":")[2]
        self._start("head", "--head", "--port", port, "--include-dashboard=false", "--temp-dir", str(self._folder))
        self._start("second", "--address", self.address)

    def _start(self, name: str, *options: str) -> None:
        ray = Path(sys.executable).with_name("ray")
        command = [ray, "start", "--block", "--node-ip-address", "127.0.0.1", "--num-cpus", "1", "--disable-usage-stats"]
        log = self._folder.with_suffix(f".{name}.log")
        with log.open("wb") as said:
            made = subprocess.Popen(
                [*command, "--object-store-memory", str(100 << 20), *options],
                stdout=said, stderr=subprocess.STDOUT, start_new_session=True, env=self.environment,
            )  # fmt: skip
        self._made.append(made)
        end = time.monotonic() + LONG
        while b"Ray runtime started" not in log.read_bytes():
            assert made.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)

    def kill_worker(self, search: subprocess.Popen[str]) -> None:
        """The process in which Daft works on the second node is gone, with all that it held; the node stays.

        The first node may begin before the second has such a process; ``search`` must still be at work when it dies.
        """
        end = time.monotonic() + LONG
        while not self._killed_worker():
            assert search.poll() is None, "the search ended before the second node had a process to kill"
            assert time.monotonic() < end, "no process of Daft on the second node"
            time.sleep(0.02)

    def _killed_worker(self) -> int:
        """How many processes of Daft on the second node were killed."""
        killed = 0
        for process in Path("/proc").glob("[0-9]*"):
            try:
                session = int((process / "stat").read_text().rpartition(")")[2].split()[3])
                if session == self._made[1].pid and "Swordfish" in (process / "cmdline").read_text():
                    os.kill(int(process.name), signal.SIGKILL)
                    killed += 1
            except (OSError, IndexError):  # it has just ended
                continue
        return killed

    def kill(self) -> None:
        """The second node is gone at once, with all its processes."""
        os.killpg(self._made[1].pid, signal.SIGKILL)
        self._made[1].wait(LONG)

    def close(self) -> None:
        for made in reversed(self._made):
            if made.poll() is None:
                os.killpg(made.pid, signal.SIGKILL)  # to stop kindly takes half a minute
                made.wait(LONG)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    pytest.importorskip("ray", reason="the extra 'cluster' is not installed: Ray has no wheel for this Python")
    if not Path("/proc/self/stat").exists():
        pytest.skip("processes cannot be found without /proc")
    folder = Path(tempfile.mkdtemp(prefix="jg"))  # a short path: sockets lie there
    made = Nodes(folder)
    try:
        made.open()
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
        for log in folder.parent.glob(f"{folder.name}.*.log"):
            log.unlink()


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def no_command_outlives_its_test() -> Iterator[None]:
    yield
    for process in STARTED:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    STARTED.clear()


def start(*arguments: str | Path, nodes: Nodes | None = None) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*JINGGAO, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        start_new_session=True, env=nodes.environment if nodes else None,
    )  # fmt: skip
    STARTED.append(process)
    return process


def ended(process: subprocess.Popen[str]) -> str:
    """What a command printed that succeeds."""
    try:
        out, err = process.communicate(timeout=LONG)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"still at work after {LONG} s: {process.communicate()[1]}")
    assert process.returncode == 0, err
    return out


def until(what: str, work: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a round has begun to write."""
    end = time.monotonic() + LONG
    while not list(work.glob(f"jinggao-*/*-{what}-1")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages with speeches of which others are copies of every kind, some pages with the same bytes."""
    folder = tmp_path_factory.mktemp("pages")
    generator = Generator(7)
    speeches = [generator.speech() for _ in range(12)]
    kinds = ("exact", "norm", "edited5", "edited15", "mask", "para", "embed", "reuse")
    made = speeches + [generator.copy(speech, kind) for speech, kind in zip(speeches, kinds, strict=False)]
    for number, lines in enumerate([*made, *made[:3]]):
        path = folder / f"{number % 4}" / f"{number:02}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("在工作会议上的讲话\n\n" + "\n\n".join(lines) + "\n", encoding="gb18030" if number % 3 else "utf-8")
    (folder / "0" / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    return folder


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("documents") / "corpus.jsonl"
    rows = [*corpus(5, 150, 12).documents, ("nothing", ""), ("half", "半\ud83d个")]
    file.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in rows), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def pairs(documents: Path) -> str:
    return ended(start("duplicates", documents))


def test_a_run_over_raw_on_daft(root: Path, tmp_path: Path) -> None:
    run_folder(root / "raw", tmp_path / "local")
    ended(start("run", root / "raw", "--out", tmp_path / "daft", "--engine", "daft"))
    assert contents(tmp_path / "daft") == contents(tmp_path / "local")


@pytest.mark.parametrize("options", [("--duplicates", "drop"), ("--fill", "certain", "--placeholders", "tag")])
def test_a_run_over_copies_on_daft(pages: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    for engine in ("local", "daft"):
        done = start("run", pages, "--out", tmp_path / engine, "--engine", engine, *options)
        assert "photo.png" in done.communicate(timeout=LONG)[1]
        assert done.returncode == 1
    assert contents(tmp_path / "daft") == contents(tmp_path / "local")


def test_tables_of_pages_on_daft(pages: Path, tmp_path: Path) -> None:
    """The same pages out of Parquet, and as texts out of JSON Lines."""
    files = sorted(path for path in pages.rglob("*.txt"))
    raw, texts = tmp_path / "raw", tmp_path / "texts"
    for folder, encoding in ((raw, None), (texts, "utf-8")):
        for path in files:
            made = folder / path.relative_to(pages)
            made.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_bytes().decode("gb18030" if int(path.stem) % 3 else "utf-8")
            made.write_bytes(path.read_bytes() if encoding is None else text.encode(encoding))
        run_folder(folder, tmp_path / f"local-{folder.name}")
    rows = [{"name": path.relative_to(raw).as_posix(), "body": path.read_bytes()} for path in sorted(raw.rglob("*.txt"))]
    command = "import sys, ast, daft; daft.from_pylist(ast.literal_eval(sys.stdin.read())).write_parquet(sys.argv[1])"
    subprocess.run([sys.executable, "-c", command, tmp_path / "parquet"], input=repr(rows[::-1]), text=True, check=True)
    with (tmp_path / "pages.jsonl").open("w", encoding="utf-8") as lines:
        for path in sorted(texts.rglob("*.txt"), reverse=True):
            record = {"path": path.relative_to(texts).as_posix(), "content": path.read_text("utf-8")}
            lines.write(json.dumps(record) + "\n")
    given = ("--id", "name", "--field", "body")
    ended(start("run", tmp_path / "parquet" / "*.parquet", "--out", tmp_path / "a", "--engine", "daft", *given))
    assert contents(tmp_path / "a") == contents(tmp_path / "local-raw")
    ended(start("run", tmp_path / "pages.jsonl", "--out", tmp_path / "b", "--engine", "daft"))
    assert contents(tmp_path / "b") == contents(tmp_path / "local-texts")


def test_duplicates_on_daft_when_a_process_dies(documents: Path, pairs: str, tmp_path: Path) -> None:
    search = start("duplicates", documents, "--engine", "daft", "--work", tmp_path / "work")
    until("sketch", tmp_path / "work", search)
    killed = 0
    end = time.monotonic() + LONG
    while not killed and time.monotonic() < end:
        for process in children(search.pid):
            with contextlib.suppress(OSError):  # one that ended by itself meanwhile
                if "spawn_main" in Path(f"/proc/{process}/cmdline").read_text():
                    os.kill(process, signal.SIGKILL)
                    killed += 1
        assert search.poll() is None
    assert ended(search) == pairs
    assert killed
    assert not list((tmp_path / "work").iterdir())


def children(process: int) -> list[int]:
    """The processes that a process started and that still run."""
    if not Path("/proc/self/task").exists():
        pytest.skip("processes cannot be listed without /proc")
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that ended since the folder was read
            found += map(int, task.read_text().split())
    return [one for one in found if Path(f"/proc/{one}/cmdline").exists()]


def test_clusters_on_daft_keep_the_order_of_the_corpus(documents: Path) -> None:
    local, daft = (ended(start("duplicates", documents, "--clusters", "--engine", engine)) for engine in ("local", "daft"))
    assert daft == local


def test_duplicates_on_ray_when_a_worker_dies(documents: Path, pairs: str, nodes: Nodes, tmp_path: Path) -> None:
    given = ("--engine", "ray", "--address", nodes.address, "--work", tmp_path / "work")
    search = start("duplicates", documents, *given, nodes=nodes)
    until("documents", tmp_path / "work", search)
    nodes.kill_worker(search)
    assert search.poll() is None
    assert ended(search) == pairs


def test_a_run_on_ray_when_a_node_dies(root: Path, pages: Path, nodes: Nodes, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(root / "raw", raw)
    shutil.copytree(pages, raw / "copies", ignore=shutil.ignore_patterns("*.png"))
    run_folder(raw, tmp_path / "local")
    given = ("--engine", "ray", "--address", nodes.address, "--work", tmp_path / "work")
    run = start("run", raw, "--out", tmp_path / "ray", *given, nodes=nodes)
    until("pages", tmp_path / "work", run)
    nodes.kill()
    assert run.poll() is None
    ended(run)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_what_goes_wrong_is_said_with_its_place(documents: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(documents.read_text("utf-8") + '{"id": 1}\n', encoding="utf-8")
    lines = len(bad.read_text("utf-8").splitlines())
    for arguments, said in (
        (("duplicates", bad, "--engine", "daft"), f"bad.jsonl:{lines}: no field 'text'"),
        (("duplicates", tmp_path / "none.jsonl", "--engine", "daft"), "none.jsonl"),
        (("run", tmp_path / "none", "--engine", "daft"), "no such folder"),
        (("run", tmp_path, "--engine", "ray"), "--work"),
        (("run", "s3://bucket/pages"), "--engine"),
        (("run", tmp_path, "--work", tmp_path), "--work belongs to --engine daft or ray"),
        (("run", tmp_path, "--engine", "daft", "--address", "a:1"), "--address belongs to --engine ray"),
        (("duplicates", "-", "--engine", "daft"), "reads files"),
    ):
        done = start(*arguments)
        _, err = done.communicate(timeout=LONG)
        assert done.returncode == 2, err
        assert said in err
        assert err.count("\n") == 1


def test_an_engine_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "daft", None)
    assert main(["run", str(tmp_path), "--engine", "daft"]) == 2
    assert capsys.readouterr().err == "jinggao: --engine daft: daft is not installed; pip install 'jinggao[cluster]'\n"


def test_the_package_does_not_import_an_engine() -> None:
    code = "import sys, pipeline, pipeline.cluster, pipeline.duplicates.shards; print({'daft', 'ray'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize("ends", [(3, 8, 12), (1, 2, 3, 4, 12), (12,), (6, 7, 12)])
def test_ranges_of_lines_are_every_line_once(tmp_path: Path, ends: tuple[int, ...]) -> None:
    file = tmp_path / "lines"
    file.write_bytes(b"one\n\ntwo\nlast")
    with file.open("rb") as lines:
        found = [line for start, end in zip((0, *ends), ends, strict=False) for line in lines_between(lines, start, end)]
    assert found == [(0, b"one\n"), (4, b"\n"), (5, b"two\n"), (9, b"last")]
