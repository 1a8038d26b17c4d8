"""The command: what goes where, with which status, and that all of it is documented."""

import argparse
import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import __version__
from pipeline.cli import STAGE_NAMES, main, parser
from pipeline.run import run_folder
from pipeline.stages import ORDER
from tests.samples import CANAL, GATE, PAGES, contents, make_raw

JINGGAO = [sys.executable, "-m", "pipeline"]


class Command:
    """Runs the command in this process and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch, self.out, self.err = capsys, monkeypatch, "", ""

    def __call__(self, *argv: str | Path, stdin: bytes = b"") -> int:
        self.monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        try:
            status = main([*map(str, argv)])
        except SystemExit as end:
            status = int(end.code or 0)
        self.out, self.err = self.capsys.readouterr()
        return status


@pytest.fixture
def jinggao(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output of two pages, beside its raw folder."""
    folder = tmp_path_factory.mktemp("cli")
    run_folder(make_raw(folder / "raw"), folder / "clean")
    return folder / "clean"


def first_id(clean: Path) -> str:
    """The id of the first speech of an output."""
    found: str = json.loads((clean / "speeches.jsonl").read_text(encoding="utf-8").split("\n")[0])["id"]
    return found


def commands(top: argparse.ArgumentParser, path: str = "jinggao") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser."""
    yield path, top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                yield from commands(one, f"{path} {name}")


COMMANDS = dict(commands(parser()))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, jinggao: Command) -> None:
    assert jinggao(*name.split()[1:], "--help") == 0
    assert re.search(rf"example:\n  .*{name}", jinggao.out)
    for action in COMMANDS[name]._actions:
        assert action.help is not None or isinstance(action, argparse._SubParsersAction)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_readme(name: str, root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert name in readme, f"README.md does not name the command: {name}"
    options = [option for action in COMMANDS[name]._actions for option in action.option_strings if option.startswith("--")]
    missing = [option for option in options if option not in readme]
    assert not missing, f"README.md does not name {', '.join(missing)} of {name}"


def test_stages_of_the_command_are_those_of_the_pipeline() -> None:
    assert STAGE_NAMES == ORDER


def test_version(jinggao: Command) -> None:
    assert jinggao("--version") == 0
    assert jinggao.out == f"jinggao {__version__}\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "required: COMMAND"),
        (["wash"], "invalid choice: 'wash'"),
        (["run"], "required: RAW"),
        (["run", "a", "--job", "2"], "unrecognized arguments"),
        (["run", "a", "--jobs", "0"], "'0' is not a whole number from 1 on"),
        (["run", "a", "--jobs", "two"], "'two' is not a whole number"),
        (["run", "a", "--placeholders", "hide"], "invalid choice: 'hide'"),
        (["restore", "a"], "required: --out"),
        (["stage", "polish"], "invalid choice: 'polish'"),
        (["stage", "repair", "--lint"], "belong to stage punctuation"),
        (["stage", "script", "--profile", "x"], "belong to stage punctuation"),
        (["stage", "punctuation", "--lint", "--jsonl"], "leave out --jsonl"),
        (["stage", "decode", "--jsonl"], "leave out --jsonl"),
        (["duplicates", "no.jsonl"], "no.jsonl: cannot be read: No such file"),
        (["duplicates", "-", "--clusters", "--explain", "a", "b"], "not allowed with"),
        (["check", "nowhere"], "no manifest.json in it"),
        (["restore", "nowhere", "--out", "x"], "no manifest.json in it"),
        (["explain", "nowhere", "a"], "no manifest.json in it"),
        (["explain", "a", "b:x"], "is no ID or ID:OFFSET"),
        (["explain", "a", ":1"], "is no ID or ID:OFFSET"),
        (["rules", "show", "comma-comma"], "no rule 'comma-comma'"),
        (["rules", "list", "--rules", "nowhere"], "no such rules folder"),
        (["rules", "test", "nowhere.toml"], "no such rules folder"),
        (["rules"], "required: COMMAND"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    jinggao: Command, argv: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert jinggao(*argv) == 2
    assert jinggao.out == ""
    assert jinggao.err.startswith("jinggao: ")
    assert message in jinggao.err
    assert jinggao.err.count("\n") == 1


def test_run_says_what_it_did_on_standard_error_only(jinggao: Command, tmp_path: Path) -> None:
    assert jinggao("run", make_raw(tmp_path / "raw"), "--out", tmp_path / "out", "--jobs", "1") == 0
    assert jinggao.out == ""
    assert jinggao.err.splitlines()[0] == f"2 pages → 2 speeches in {tmp_path / 'out'}"
    for part in ("removed lines: ", "placeholders: mask 2", "duplicates: none"):
        assert part in jinggao.err
    assert "failed" not in jinggao.err


def test_run_with_a_bad_page_is_status_1_and_names_it(jinggao: Command, tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw", {**PAGES, "a\nb.png": b"\x89PNG\r\n\x1a\n\x00"})
    assert jinggao("run", raw, "--out", tmp_path / "out", "--jobs", "2") == 1
    assert jinggao.err.startswith("jinggao: a\\nb.png: ")
    assert "failed: 1 page" in jinggao.err
    assert jinggao("run", raw, "--out", tmp_path / "fast", "--fail-fast") == 1
    assert not (tmp_path / "fast").exists()


def test_run_with_own_rules(jinggao: Command, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "repair.toml").write_text('[[rule]]\nid = "broken"\n', encoding="utf-8")
    assert jinggao("run", make_raw(tmp_path / "raw"), "--out", tmp_path / "out", "--rules", tmp_path / "rules") == 2
    assert "repair.toml: rule 'broken': unknown action" in jinggao.err
    assert not (tmp_path / "out").exists()


def test_restore(jinggao: Command, clean: Path, tmp_path: Path) -> None:
    assert jinggao("restore", clean, "--out", tmp_path / "back") == 0
    assert jinggao.out == ""
    assert contents(tmp_path / "back") == PAGES


def test_check(jinggao: Command, clean: Path, tmp_path: Path) -> None:
    assert jinggao("check", clean, "--raw", clean.parent / "raw", "--jobs", "2") == 0
    assert jinggao.out == "no difference: 2 pages, 2 speeches\n"
    make_raw(tmp_path / "raw", {"canal.txt": PAGES["canal.txt"]})
    assert jinggao("check", clean, "--raw", tmp_path / "raw") == 1
    assert "school/gate.txt\n  page is gone\n" in jinggao.out


def test_explain(jinggao: Command, clean: Path) -> None:
    speech = first_id(clean)
    assert jinggao("explain", clean, speech[:10]) == 0
    assert "page: canal.txt (utf-8)" in jinggao.out
    assert jinggao("explain", clean, f"{speech}:3") == 0
    assert "'：'" in jinggao.out
    assert "line 3, column 4" in jinggao.out
    assert jinggao("explain", clean, "nobody") == 2


@pytest.mark.parametrize(
    ("argv", "given", "expected"),
    [
        (["decode"], "各位,\r\n讲话".encode("gb18030"), "各位,\n讲话"),
        (["repair"], "同\u200b志&amp;\n".encode(), "同志&\n"),
        (["script"], "各位來賓，同學們\n".encode(), "各位来宾，同学们\n"),
        (["placeholders"], "到20xx年底\n".encode(), "到⟦mask:year|20xx⟧年底\n"),
        (["punctuation"], "好,很好!\n".encode(), "好，很好！\n"),
        (["punctuation"], b"", ""),
    ],
)
def test_a_stage_is_a_filter(jinggao: Command, argv: list[str], given: bytes, expected: str) -> None:
    assert jinggao("stage", *argv, stdin=given) == 0
    assert jinggao.out == expected
    assert jinggao.err == ""


@pytest.mark.parametrize("name", ["boilerplate", "links", "paragraphs"])
def test_stages_that_look_at_lines_keep_clean_text(jinggao: Command, name: str) -> None:
    text = CANAL.replace(",", "，").replace(".", "。").replace("!", "！").replace("同志们:", "同志们：")
    assert jinggao("stage", name, stdin=text.encode()) == 0
    assert jinggao.out == text


def test_stage_labels_prints_a_label_for_each_line(jinggao: Command) -> None:
    assert jinggao("stage", "labels", stdin=CANAL.encode()) == 0
    lines = [line.split("\t") for line in jinggao.out.splitlines()]
    assert [text for _, text in lines] == [line for line in CANAL.splitlines() if line]
    assert [label for label, _ in lines] == ["speech_title", "salutation", "body", "body", "closing"]


def test_jsonl_leaves_all_other_bytes_alone(jinggao: Command) -> None:
    given = '{"n": 1.50, "text": "好,很好", "e": 1E3, "s": "\\u597d", "o" :{"text":"a,b"} }\n\n'
    given += '{"text":"一切正常。","n":12345678901234567890}\n'
    assert jinggao("stage", "punctuation", "--jsonl", stdin=given.encode()) == 0
    assert jinggao.out == given.replace("好,很好", "好，很好").replace("\n\n", "\n")


def test_jsonl_takes_another_field(jinggao: Command) -> None:
    assert (
        jinggao("stage", "repair", "--jsonl", "--field", "body", stdin='{"body": "a\u200bb", "text": "a\u200bb"}\n'.encode())
        == 0
    )
    assert jinggao.out == '{"body": "ab", "text": "a\u200bb"}\n'


def test_jsonl_placeholders_adds_a_list(jinggao: Command) -> None:
    assert jinggao("stage", "placeholders", "--jsonl", stdin='{"text": "到20xx年底", "n": 1}\n'.encode()) == 0
    record = json.loads(jinggao.out)
    assert list(record) == ["text", "n", "placeholders"]
    assert record["text"] == "到20xx年底"
    assert record["placeholders"][0]["surface"] == "20xx"
    assert jinggao("stage", "placeholders", "--jsonl", stdin=jinggao.out.encode()) == 0
    assert json.loads(jinggao.out) == record


def test_jsonl_labels_adds_a_list(jinggao: Command) -> None:
    assert jinggao("stage", "labels", "--jsonl", stdin=json.dumps({"text": CANAL}).encode()) == 0
    record = json.loads(jinggao.out)
    assert record["text"] == CANAL
    assert record["labels"][0]["label"] == "speech_title"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b'{"text": "a"}\n{"text": \n', "standard input:2: not JSON"),
        (b'{"text": "a"}\n\n[1]\n', "standard input:3: not a JSON object"),
        (b'{"body": "a"}\n', "standard input:1: no field 'text'; it has 'body'"),
        (b'{"text": 7}\n', "standard input:1: field 'text' is not a text"),
        (b'{"text": "\xff"}\n', "standard input:1: not UTF-8 (byte 11)"),
    ],
)
def test_a_bad_line_is_named(jinggao: Command, given: bytes, message: str) -> None:
    assert jinggao("stage", "repair", "--jsonl", stdin=given) == 2
    assert message in jinggao.err
    assert jinggao.err.count("\n") == 1


def test_text_that_is_not_utf8_gets_the_mend(jinggao: Command) -> None:
    assert jinggao("stage", "repair", stdin="讲话".encode("gbk")) == 2
    assert "jinggao stage decode" in jinggao.err


def test_lint_says_what_would_change(jinggao: Command) -> None:
    assert jinggao("stage", "punctuation", "--lint", stdin="一切正常。\n好,很好。\n".encode()) == 1
    place, rule, change = jinggao.out.rstrip("\n").split("\t")
    assert (place, change) == ("2:2", '"," → "，"')
    assert rule.startswith("punctuation/")
    assert jinggao("stage", "punctuation", "--lint", stdin="一切正常。\n".encode()) == 0
    assert jinggao.out == ""


CORPUS = [
    {"n": 1, "body": GATE},
    {"n": 2, "body": GATE.replace(",", "，")},
    {"n": 3, "body": CANAL},
    {"n": 4, "body": GATE},
]


def corpus(records: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def test_duplicates_in_any_corpus(jinggao: Command, tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_bytes(corpus(CORPUS))
    assert jinggao("duplicates", file, "--id", "n", "--field", "body") == 0
    pairs = {(pair["a"], pair["b"]): pair["relation"] for pair in map(json.loads, jinggao.out.splitlines())}
    assert pairs[("1", "4")] == "exact"
    assert pairs[("1", "2")] == "normalized"
    assert jinggao("duplicates", "-", "--id", "n", "--field", "body", "--clusters", stdin=corpus(CORPUS)) == 0
    members = [json.loads(line) for line in jinggao.out.splitlines()]
    assert [list(member) for member in members] == [["id", "cluster", "canonical"]] * 4
    assert members[2] == {"id": "3", "cluster": None, "canonical": True}
    assert members[0]["cluster"] == members[1]["cluster"] == members[3]["cluster"]
    assert sum(member["canonical"] for member in members) == 2


def test_duplicates_are_explained(jinggao: Command) -> None:
    assert jinggao("duplicates", "-", "--id", "n", "--field", "body", "--explain", "1", "2", stdin=corpus(CORPUS)) == 0
    assert "normalized" in jinggao.out
    assert jinggao("duplicates", "-", "--id", "n", "--field", "body", "--explain", "1", "9", stdin=corpus(CORPUS)) == 2
    assert "no document '9'" in jinggao.err


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"id": "a", "text": "x"}, {"id": "a", "text": "y"}], "standard input:2: the id 'a' stands on line 1 already"),
        ([{"id": None, "text": "x"}], "standard input:1: field 'id' is neither a text nor a whole number"),
        ([{"text": "x"}], "standard input:1: no field 'id'"),
    ],
)
def test_a_corpus_that_cannot_be_used_is_named(jinggao: Command, records: list[dict[str, object]], message: str) -> None:
    assert jinggao("duplicates", "-", stdin=corpus(records)) == 2
    assert message in jinggao.err


def test_rules(jinggao: Command, tmp_path: Path) -> None:
    assert jinggao("rules", "list", "--stage", "script") == 0
    assert jinggao.out.startswith("script/traditional\treplace\tsafe\t")
    assert jinggao("rules", "show", "script/traditional") == 0
    assert "example: " in jinggao.out
    assert jinggao("rules", "docs") == 0
    assert jinggao.out.startswith("# The rules\n")
    own = tmp_path / "repair.toml"
    rule = '[[rule]]\nid = "x"\nwhat = "w"\nwhy = "y"\naction = "drop"\nliterals = ["Q"]\n'
    rule += 'examples = [{ before = "aQ", after = "a" }]\nkeeps = ["KEPT"]\n'
    own.write_text(rule.replace("KEPT", "bQ"), encoding="utf-8")
    assert jinggao("rules", "test", own) == 1
    assert jinggao.out.count("\n") == 1
    assert "must not act here" in jinggao.out
    own.write_text(rule.replace("KEPT", "q"), encoding="utf-8")
    assert jinggao("rules", "test", own) == 0
    assert (jinggao.out, jinggao.err) == ("", "1 rules, 1 examples, 1 keeps: 0 faults\n")
    assert jinggao("rules", "list", "--rules", tmp_path) == 0
    assert "repair/x\tdrop\tsafe\tw\n" in jinggao.out


# --- as a process -----------------------------------------------------------------------------------------------------


def test_streams_are_utf8_whatever_the_locale(root: Path) -> None:
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*JINGGAO, "stage", "repair"], input="同\u200b志".encode(), capture_output=True, env=env, cwd=root, check=True
    )
    assert done.stdout == "同志".encode()


def test_a_closed_pipe_is_no_error(root: Path) -> None:
    with subprocess.Popen([*JINGGAO, "rules", "docs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_full_standard_output_is_one_line(root: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*JINGGAO, "rules", "list"], stdout=full, stderr=subprocess.PIPE, cwd=root, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("jinggao: ")
    assert "No space left on device; free the disk" in line


@pytest.mark.parametrize(
    ("redirect", "message"),
    [("<&-", "standard input is closed"), (">&-", "standard output is closed")],
)
def test_streams_that_cannot_be_used_are_one_line(root: Path, redirect: str, message: str) -> None:
    command = f"{sys.executable} -m pipeline stage repair {redirect}"
    done = subprocess.run(["sh", "-c", command], input=b"", capture_output=True, cwd=root, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("jinggao: ")
    assert message in line


def test_progress_is_shown_on_a_terminal_only(root: Path, tmp_path: Path) -> None:
    command = [*JINGGAO, "run", str(make_raw(tmp_path / "raw")), "--out", str(tmp_path / "out")]
    primary, secondary = pty.openpty()
    termios.tcsetwinsize(secondary, (24, 80))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=secondary, cwd=root)
    os.close(secondary)
    shown = b""
    while True:
        try:
            part = os.read(primary, 4096)
        except OSError:
            break
        shown += part
        if not part:
            break
    os.close(primary)
    assert process.communicate()[0] == b""
    assert process.returncode == 0
    assert b"pages: " in shown
    assert "2 pages → 2 speeches".encode() in shown
    quiet = subprocess.run(command, capture_output=True, cwd=root, check=True)
    assert quiet.stdout == b""
    assert b"%" not in quiet.stderr


def test_help_loads_nothing_heavy(root: Path) -> None:
    heavy = ("regex", "numpy", "opencc", "chardet", "tqdm", "daft", "ray")
    code = f"import sys, pipeline.cli; pipeline.cli.parser(); print(*[m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert loaded.stdout == "\n"
