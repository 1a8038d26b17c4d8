"""The index on the disk: the same result whatever the batches, and only whole states whatever happens to the writer."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.duplicates import find
from pipeline.duplicates.index import Index
from pipeline.duplicates.store import FORMAT
from pipeline.errors import JinggaoError
from pipeline.jsonl import dumps
from tests.duplicates.generator import Generator, corpus

MADE = corpus(seed=8, originals=60, copies=6).documents


def whole(index: Index) -> tuple[list[str], list[str]]:
    return list(index.pairs()), list(index.clusters())


def crowded() -> list[tuple[str, str]]:
    """More copies of one text, and more texts with one paragraph, than a posting is paired with all of itself."""
    generator = Generator(3)
    speech, paragraph = generator.speech(6), generator.paragraph() * 3
    copies = [(f"c{number:02d}", "\n".join(speech).replace("，", "," if number % 2 else "，")) for number in range(30)]
    edited = [(f"e{number:02d}", "\n".join(generator.copy(speech, "edited5"))) for number in range(30)]
    shared = [(f"s{number:02d}", "\n".join([*generator.speech(4), paragraph])) for number in range(30)]
    return copies + edited + shared + [("empty", ""), ("signs", "……"), ("short", "同志们：")]


@pytest.mark.parametrize("documents", [MADE, crowded()], ids=["copies of each kind", "overfull postings"])
def test_batches_in_any_order_give_what_one_search_gives(documents: list[tuple[str, str]], tmp_path: Path) -> None:
    found = find(documents)
    pairs = [dumps(pair.as_record()) for pair in found.pairs]
    shuffled = random.Random(4).sample(documents, len(documents))
    index = Index.build(tmp_path / "index", shuffled[:7])
    for first in range(7, len(shuffled), len(shuffled) // 9):
        index.add(shuffled[first : first + len(shuffled) // 9])
    assert list(index.pairs()) == pairs
    clusters = {row["id"]: row["cluster"] for row in map(json.loads, index.clusters())}
    assert {name: cluster for name, cluster in clusters.items() if cluster} == {
        name: member.cluster for name, member in found.clusters.items()
    }
    assert whole(Index.build(tmp_path / "other", documents)) == whole(index)


def test_a_query_finds_what_an_addition_finds(tmp_path: Path) -> None:
    documents = random.Random(2).sample(MADE, len(MADE))
    index = Index.build(tmp_path / "index", documents[:-25])
    for _, text in documents[-25:]:
        asked = {(pair.b, pair.relation, pair.jaccard) for pair in index.query(text, "~")}
        together = find([*documents[:-25], ("~", text)]).pairs
        assert asked == {(pair.a, pair.relation, pair.jaccard) for pair in together if pair.b == "~"}


def test_a_query_of_nothing_finds_nothing(tmp_path: Path) -> None:
    index = Index.build(tmp_path / "index", MADE[:20])
    assert index.query("") == index.query("……") == index.query("同志们：") == []


def test_an_empty_index_grows(tmp_path: Path) -> None:
    index = Index.build(tmp_path / "index", [])
    assert (len(index), index.query(MADE[0][1]), whole(index)) == (0, [], ([], []))
    index.add(MADE[:1])
    index.add([])
    assert [pair.relation for pair in index.query(MADE[0][1])] == ["exact"]


def test_ids_stand_once_and_a_refused_batch_changes_nothing(tmp_path: Path) -> None:
    index = Index.build(tmp_path / "index", MADE[:20])
    before = whole(index)
    with pytest.raises(JinggaoError, match="in the index already"):
        index.add([MADE[30], MADE[3]])
    with pytest.raises(JinggaoError, match="stands twice"):
        index.add([MADE[30], MADE[30]])
    assert whole(Index(tmp_path / "index")) == before


def test_other_parameters_formats_and_folders_are_refused(tmp_path: Path) -> None:
    Index.build(tmp_path / "index", MADE[:5])
    with pytest.raises(JinggaoError, match=r"near_jaccard 0.5 \(now 0.6\)"):
        Index(tmp_path / "index", {"near_jaccard": 0.6})
    with pytest.raises(JinggaoError, match="holds an index already"):
        Index.build(tmp_path / "index", MADE[:5])
    with pytest.raises(JinggaoError, match="no index"):
        Index(tmp_path / "nowhere")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", "utf-8")
    with pytest.raises(JinggaoError, match="something else"):
        Index.build(tmp_path / "mine", MADE[:5])
    header = tmp_path / "index" / "header.json"
    header.write_text(header.read_text("utf-8").replace(f'"format": {FORMAT}', '"format": 0'), "utf-8")
    with pytest.raises(JinggaoError, match="format 0"):
        Index(tmp_path / "index")


def test_there_is_one_writer_and_a_reader_keeps_its_state(tmp_path: Path) -> None:
    index = Index.build(tmp_path / "index", MADE[:50])
    reader = Index(tmp_path / "index")
    before = whole(reader)
    with index.store.writing(), pytest.raises(JinggaoError, match="another process"):
        Index(tmp_path / "index").add(MADE[50:60])
    index.add(MADE[50:])
    assert whole(reader) == before
    assert reader.query(MADE[0][1])
    reader.refresh()
    assert whole(reader) == whole(index) != before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_killed_addition_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    index = Index.build(tmp_path / "index", MADE[:-40])
    old = whole(index)
    new = whole(Index.build(tmp_path / "new", MADE))
    batch = tmp_path / "batch.jsonl"
    batch.write_text("".join(dumps({"id": name, "text": text}) + "\n" for name, text in MADE[-40:]), "utf-8")
    code = (
        "import sys, json; from pipeline.duplicates.index import Index\n"
        "documents = [(row['id'], row['text']) for row in map(json.loads, open(sys.argv[2], encoding='utf-8'))]\n"
        "index = Index(sys.argv[1]); print('ready', flush=True); index.add(documents); print('done', flush=True)\n"
    )
    chance = random.Random()
    span = 0.4
    for _ in range(10):
        if whole(Index(tmp_path / "index")) == new:
            index = _again(tmp_path)
        command = [sys.executable, "-c", code, str(tmp_path / "index"), str(batch)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, span))
            os.kill(child.pid, signal.SIGKILL)
        assert whole(Index(tmp_path / "index")) in (old, new)
    if whole(Index(tmp_path / "index")) == old:
        index = Index(tmp_path / "index")
        index.add(MADE[-40:])
        assert whole(index) == new
        assert len(list((tmp_path / "index" / "states").iterdir())) == 1


def _again(folder: Path) -> Index:
    (folder / "index").rename(folder / f"used{time.monotonic_ns()}")
    return Index.build(folder / "index", MADE[:-40])


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [dumps({"url": name, "text": text}) + "\n" for name, text in MADE]
    for name, part in (("all", rows), ("one", rows[:100]), ("two", rows[100:])):
        (tmp_path / f"{name}.jsonl").write_text("".join(part), "utf-8")
    index = str(tmp_path / "index")
    assert main(["index", "build", index, str(tmp_path / "one.jsonl"), "--id", "url"]) == 0
    assert main(["index", "add", index, str(tmp_path / "two.jsonl"), "--id", "url"]) == 0
    assert f"{len(MADE)} texts" in capsys.readouterr().err
    assert main(["duplicates", str(tmp_path / "all.jsonl"), "--id", "url"]) == 0
    expected = capsys.readouterr().out
    assert main(["index", "pairs", index]) == 0
    assert capsys.readouterr().out == expected
    assert main(["index", "clusters", index]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(MADE)
    assert main(["index", "query", index, str(tmp_path / "two.jsonl"), "--id", "url"]) == 0
    asked = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert {row["a"] for row in asked if row["a"] == row["b"] and row["relation"] == "exact"} == {
        name for name, _ in MADE[100:]
    }
    assert main(["index", "add", index, str(tmp_path / "two.jsonl"), "--id", "url"]) == 2
    assert main(["index", "pairs", str(tmp_path / "nowhere")]) == 2
