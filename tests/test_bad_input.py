"""Bad input, all of it: each is reported, none loses anything or stops the other pages."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import JinggaoError, OutputError, RulesError
from pipeline.output import read_manifest, read_records
from pipeline.restore import restored_pages
from pipeline.run import Summary, run_folder
from tests.samples import CANAL, GATE, PAGES, contents, make_raw


def run(tmp_path: Path, pages: dict[str, bytes]) -> Summary:
    """Run over these pages and the two good ones, which must come out whatever stands beside them."""
    summary = run_folder(make_raw(tmp_path / "raw", {**PAGES, **pages}), tmp_path / "out")
    assert {speech["page"] for speech in read_records(tmp_path / "out", "speeches.jsonl")} >= set(PAGES)
    failed = [one["path"] for one in read_manifest(tmp_path / "out")["failed"]]
    back = dict(restored_pages(tmp_path / "out"))
    assert back == {name: data for name, data in {**PAGES, **pages}.items() if name not in failed}
    return summary


def errors(summary: Summary) -> dict[str, str]:
    return {failure.path: failure.error for failure in summary.failed}


def test_a_missing_raw_folder(tmp_path: Path) -> None:
    with pytest.raises(JinggaoError, match="no such folder; give the folder"):
        run_folder(tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_raw_folder(tmp_path: Path) -> None:
    (tmp_path / "raw" / "deep").mkdir(parents=True)
    (tmp_path / "raw" / ".hidden").write_text("x")
    with pytest.raises(JinggaoError, match="holds no pages; put raw text files into it"):
        run_folder(tmp_path / "raw", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_in_place_of_the_raw_folder(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text(GATE)
    with pytest.raises(JinggaoError, match="is a file; give the folder that holds it"):
        run_folder(tmp_path / "page.txt", tmp_path / "out")


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def denied(self: Path) -> bytes:
        if self.name == "secret.txt":
            raise PermissionError(13, "Permission denied")
        return read(self)

    raw = make_raw(tmp_path / "raw", {**PAGES, "secret.txt": b"x"})
    monkeypatch.setattr(Path, "read_bytes", denied)
    summary = run_folder(raw, tmp_path / "out")
    assert errors(summary) == {"secret.txt": "cannot be read: Permission denied; mend its permissions or take it out"}
    assert summary.pages == 2


def test_an_unreadable_file_for_ordinary_users(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every file")
    raw = make_raw(tmp_path / "raw", {**PAGES, "secret.txt": b"x"})
    (raw / "secret.txt").chmod(0)
    assert "Permission denied" in errors(run_folder(raw, tmp_path / "out"))["secret.txt"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "PNG"),
        (b"PK\x03\x04\x14\x00", "ZIP"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (bytes(range(256)) * 20, ""),
    ],
)
def test_a_binary_file(tmp_path: Path, data: bytes, what: str) -> None:
    assert what in errors(run(tmp_path, {"photo.txt": data}))["photo.txt"]


def test_an_empty_file_and_one_of_blank_lines(tmp_path: Path) -> None:
    summary = run(tmp_path, {"empty.txt": b"", "blank.txt": b"\n \n\t\r\n\xe3\x80\x80\n\n", "bom.txt": b"\xef\xbb\xbf"})
    assert (summary.failed, summary.pages, summary.speeches) == ([], 5, 2)


def test_a_long_single_line(tmp_path: Path) -> None:
    sentence = "我们要把每一件小事都做好,不留死角.到20xx年底以前全部完成!"
    line = ("同志们:" + sentence * (5_000_000 // len(sentence.encode()))).encode()
    assert len(line) > 4_900_000
    started = time.perf_counter()
    assert run(tmp_path, {"long.txt": line}).failed == []
    assert time.perf_counter() - started < 60


def test_undecodable_bytes(tmp_path: Path) -> None:
    data = CANAL.encode()
    pages = {
        "torn.txt": data[1:-1],
        "few.txt": data[:90] + b"\xff\xfe\xc0" + data[90:],
        "gb.txt": CANAL.encode("gb18030")[:-3] + b"\xff",
    }
    assert run(tmp_path, pages).failed == []


def test_nul_bytes(tmp_path: Path) -> None:
    summary = run(tmp_path, {"nul.txt": CANAL.encode().replace("工期".encode(), b"\x00\x00" * 40)})
    assert list(errors(summary)) in ([], ["nul.txt"])
    with_one = run_folder(make_raw(tmp_path / "one", {"a.txt": CANAL.encode() + b"\x00"}), tmp_path / "out-one")
    assert with_one.pages + len(with_one.failed) == 1


def test_names_with_spaces_chinese_and_line_ends(tmp_path: Path) -> None:
    names = [
        "a b.txt",
        "讲话 稿（终）.txt",
        "two\nlines.txt",
        "tab\t.txt",
        "quo\"te's.txt",
        "no suffix",
        "-dash",
        "深/层/文件.txt",
        "e\u0301.txt",
    ]
    summary = run(tmp_path, {name: CANAL.replace("四十", str(n)).encode() for n, name in enumerate(names)})
    assert (summary.failed, summary.pages) == ([], len(names) + 2)
    paths = [page["path"] for page in read_manifest(tmp_path / "out")["pages"]]
    assert paths == sorted(paths)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw")
    try:
        Path(os.fsdecode(os.fsencode(raw) + b"/\xff.txt")).write_text(CANAL)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    summary = run_folder(raw, tmp_path / "out")
    assert summary.pages == 2
    assert [failure.error for failure in summary.failed] == ["its name is not UTF-8; rename the file"]


def test_links_loops_and_things_that_are_no_files(tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw")
    (raw / "school" / "up").symlink_to(raw)
    (raw / "self").symlink_to(raw / "self")
    (raw / "broken.txt").symlink_to(raw / "nowhere.txt")
    os.mkfifo(raw / "pipe")
    summary = run_folder(raw, tmp_path / "out")
    assert summary.pages == 2
    found = errors(summary)
    assert list(found) == ["broken.txt", "pipe", "self"]
    assert "No such file" in found["broken.txt"]
    assert "not a regular file" in found["pipe"]
    assert "symbolic links" in found["self"]


def test_files_that_differ_only_in_suffix(tmp_path: Path) -> None:
    summary = run(
        tmp_path, {"one.txt": CANAL.encode(), "one.html": GATE.encode(), "one": CANAL.encode(), "ONE.txt": GATE.encode()}
    )
    assert (summary.failed, summary.speeches) == ([], 6)


def test_a_full_output_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = make_raw(tmp_path / "raw")
    run_folder(raw, tmp_path / "out")
    before = contents(tmp_path / "out")
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    opened = Path.open

    def full(self: Path, mode: str = "r", *rest: object, **options: object) -> object:
        return opened(
            Path("/dev/full") if self.name == ".speeches.jsonl.part" and "w" in mode else self, mode, *rest, **options
        )  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="No space left on device; free the disk"):
        run_folder(raw, tmp_path / "out")
    monkeypatch.undo()
    assert contents(tmp_path / "out") == before


def test_a_read_only_output_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Path.mkdir

    def read_only(self: Path, *rest: object, **options: object) -> None:
        if self.name == "out":
            raise OSError(30, "Read-only file system")
        made(self, *rest, **options)  # type: ignore[arg-type]

    raw = make_raw(tmp_path / "raw")
    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(OutputError, match=r"cannot be made: Read-only file system; .*choose another --out"):
        run_folder(raw, tmp_path / "out")


@pytest.mark.parametrize("name", ["diary.txt", "speeches.jsonl", "sub/folder.txt"])
def test_an_output_folder_that_holds_something_else(tmp_path: Path, name: str) -> None:
    raw = make_raw(tmp_path / "raw")
    make_raw(tmp_path / "out", {name: b"mine"})
    with pytest.raises(OutputError, match=r"which no run wrote|no run wrote it"):
        run_folder(raw, tmp_path / "out")
    assert contents(tmp_path / "out") == {name: b"mine"}


def test_a_broken_rule_file(tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "repair.toml").write_text("[[rule]]\nid = broken\n")
    with pytest.raises(RulesError, match=r"repair\.toml: not TOML: .*line 2.*mend that line"):
        run_folder(raw, tmp_path / "out", rules=[tmp_path / "rules"])
    assert not (tmp_path / "out").exists()


def listen() -> None:
    """Take Ctrl-C as a terminal's programs do, also where the tests run in the background, where it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("jobs", "number", "status"), [(1, signal.SIGINT, 130), (2, signal.SIGINT, 130), (2, signal.SIGTERM, 143)]
)
def test_stopped_by_a_signal_nothing_half_written_stays(
    tmp_path: Path, root: Path, jobs: int, number: signal.Signals, status: int
) -> None:
    raw = make_raw(tmp_path / "raw", {f"{n:04}.txt": (CANAL * 40).encode() for n in range(400)})
    out = tmp_path / "out"
    run_folder(make_raw(tmp_path / "few"), out)
    before = contents(out)
    command = [sys.executable, "-m", "pipeline", "run", str(raw), "--out", str(out), "--jobs", str(jobs)]
    process = subprocess.Popen(  # the tests have no threads that preexec_fn could meet
        command,
        stderr=subprocess.PIPE,
        cwd=root,
        start_new_session=True,
        preexec_fn=listen,  # noqa: PLW1509
    )
    deadline = time.monotonic() + 20
    pages = out / ".pages.part"
    while not (pages.exists() and pages.stat().st_size) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does it: to every process of the group
    else:
        process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == status, said.decode()
    assert said.decode() == ("jinggao: stopped; nothing half-written stays\n" if number == signal.SIGINT else "")
    assert contents(out) == before
