"""The main job: what it writes, that nothing of a page is lost, and that one bad page never stops the others."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.cleaning import clean_bytes, clean_many
from pipeline.errors import JinggaoError, PageError
from pipeline.jsonl import dumps
from pipeline.output import read_manifest, read_records
from pipeline.records import page_record, schema, speech_record
from pipeline.report import summary_text
from pipeline.restore import page_text, restored_pages
from pipeline.run import RunOptions, run_folder
from pipeline.stages.decode import encode
from tests.samples import CANAL, GATE, PAGES, contents, make_raw

relaxed = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
VALIDATORS = {name: Draft202012Validator(schema(name)) for name in ("speech", "page", "duplicate", "manifest")}

PIECES = [
    *(
        "同志们:",
        "各位老师,",
        "一、",
        "(一)",
        "1.",
        "关于",
        "的讲话",
        "谢谢大家!",
        "篇1",
        "相关推荐",
        "上一篇:",
        "第1页",
        "\n",
        "\n\n",
    ),
    *(
        "20xx年",
        "××",
        "xx市",
        "某某",
        "**",
        "今年月日",
        "下降%",
        "6.15",
        "https://a.cn/x.y",
        "A4",
        "abc",
        "　　",
        " ",
        "\t",
        "\r",
    ),
    *("“", "”", "‘", "《", "》", "……", "...", "—", "--", "。", "，", ",", ".", "!", "?", ";", "(", ")"),
    *("\u200b", "\ufeff", "&nbsp;", "<br>", "ä¸\u00ad", "\u05d3", "這個", "領(lǐng)導", "锟斤拷"),
]
speechlike = st.lists(
    st.sampled_from(PIECES) | st.text("会议要求大家认真学习工作在和的了是", min_size=1, max_size=12), max_size=60
).map("".join)
anything = speechlike | st.text(max_size=80) | st.text(st.sampled_from("，,。.“”‘’xX×*《》()（） \n一二12年月"), max_size=60)


def raw_bytes() -> st.SearchStrategy[bytes]:
    """Bytes of every kind: noise, and text in each of the encodings, torn and damaged."""
    encoded = st.builds(
        lambda text, name: text.encode(name, "replace"),
        anything,
        st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "latin-1"]),
    )
    torn = st.builds(lambda data, at: data[:at] + b"\xff\x81" + data[at + 1 :], encoded, st.integers(0, 80))
    return st.binary(max_size=120) | encoded | torn


@relaxed
@given(raw_bytes())
def test_any_bytes_are_refused_or_come_back_the_same(data: bytes) -> None:
    try:
        page = clean_bytes(data)
    except PageError:
        return
    record = json.loads(dumps(page_record(page, "a")).encode("utf-8", "backslashreplace"))
    speeches = [
        json.loads(dumps(speech_record(one, page, "a", n)).encode("utf-8", "backslashreplace"))
        for n, one in enumerate(page.speeches)
    ]
    assert page_text(record, speeches) == page.decoded.text
    assert encode(page.decoded) == data
    VALIDATORS["page"].validate(record)
    for speech in speeches:
        VALIDATORS["speech"].validate(speech)


@relaxed
@given(anything)
def test_the_ledger_is_true_for_any_text(text: str) -> None:
    page = clean_bytes(text.replace("\0", "").encode("utf-8", "surrogatepass"))
    done = 0
    for speech in page.speeches:
        start, end = speech.raw_span
        assert done <= start < end
        done = end
        source, ledger = page.decoded.text[start:end], speech.ledger.shifted(-start)
        assert ledger.apply(source) == speech.text
        assert ledger.inverse().apply(speech.text) == source
        for found in speech.placeholders:
            one = found.placeholder
            assert speech.text[one.start : one.end] == one.surface
            assert start <= found.raw_span[0] <= found.raw_span[1] <= end


def test_a_run_writes_one_record_a_speech(tmp_path: Path) -> None:
    summary = run_folder(make_raw(tmp_path / "raw"), tmp_path / "out")
    assert (summary.pages, summary.speeches, summary.failed) == (2, 2, [])
    canal, gate = read_records(tmp_path / "out", "speeches.jsonl")
    assert (canal["page"], canal["title"]) == ("canal.txt", "在清淤工程动员会上的讲话")
    assert gate["page"] == "school/gate.txt"
    assert gate["text"].startswith("老师们、同学们：\n\n今天说三件事，请大家记在心上。")
    assert "来源" not in gate["text"]
    assert [one["surface"] for one in gate["placeholders"]] == ["20xx", "xx"]
    manifest = read_manifest(tmp_path / "out")
    VALIDATORS["manifest"].validate(manifest)
    assert [page["path"] for page in manifest["pages"]] == ["canal.txt", "school/gate.txt"]
    assert dict(restored_pages(tmp_path / "out")) == PAGES


def test_workers_and_memory_make_no_difference(tmp_path: Path) -> None:
    raw = make_raw(
        tmp_path / "raw",
        {f"{n:02}.txt": PAGES["canal.txt"] + str(n).encode() for n in range(20)} | {"bad.png": b"\x89PNG\r\n\x00"},
    )
    for jobs, memory in ((1, None), (3, 1 << 20)):
        run_folder(raw, tmp_path / str(jobs), jobs=jobs, memory=memory)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")


def test_pages_with_the_same_bytes_get_different_ids(tmp_path: Path) -> None:
    same = {"a.txt": GATE.encode(), "a.html": GATE.encode(), "b/a.txt": GATE.encode()}
    run_folder(make_raw(tmp_path / "raw", same), tmp_path / "out")
    speeches = list(read_records(tmp_path / "out", "speeches.jsonl"))
    assert len({speech["id"] for speech in speeches}) == 3
    assert len({speech["id"][:16] for speech in speeches}) == 1
    assert sum(speech["duplicate"]["canonical"] for speech in speeches) == 1
    for speech in speeches:
        VALIDATORS["speech"].validate(speech)


def test_dropped_copies_are_named_and_can_be_restored(tmp_path: Path) -> None:
    pages = {"a.txt": GATE.encode(), "b.txt": GATE.replace(",", "，").encode(), "c.txt": CANAL.encode()}
    summary = run_folder(make_raw(tmp_path / "raw", pages), tmp_path / "out", options=RunOptions(duplicates="drop"))
    assert len(summary.dropped) == 1
    assert read_manifest(tmp_path / "out")["dropped"] == summary.dropped
    assert len(list(read_records(tmp_path / "out", "speeches.jsonl"))) == 2
    for record in read_records(tmp_path / "out", "duplicates.jsonl"):
        VALIDATORS["duplicate"].validate(record)
    for record in read_records(tmp_path / "out", "pages.jsonl"):
        VALIDATORS["page"].validate(record)
    assert dict(restored_pages(tmp_path / "out")) == pages
    assert "1 copy left out" in summary_text(summary, "out")


def test_placeholders_can_be_written_as_tags(tmp_path: Path) -> None:
    run_folder(make_raw(tmp_path / "raw"), tmp_path / "out", options=RunOptions(placeholders="tag"))
    _, gate = read_records(tmp_path / "out", "speeches.jsonl")
    first = gate["placeholders"][0]
    assert first["surface"] == "20xx"
    assert gate["text"][first["start"] : first["end"]] != "20xx"
    assert "20xx" in gate["text"][first["start"] : first["end"]]
    assert dict(restored_pages(tmp_path / "out")) == PAGES


def test_one_bad_page_never_stops_the_others(tmp_path: Path) -> None:
    said: list[str] = []
    raw = make_raw(tmp_path / "raw", {**PAGES, "photo.txt": b"\x89PNG\r\n\x1a\n\x00\x00"})
    summary = run_folder(raw, tmp_path / "out", warn=said.append)
    assert summary.pages == 2
    assert [failure.path for failure in summary.failed] == ["photo.txt"]
    assert "PNG" in said[0]
    assert read_manifest(tmp_path / "out")["failed"] == [{"path": "photo.txt", "error": summary.failed[0].error}]
    assert "failed: 1 page" in summary_text(summary, "out")


def test_fail_fast_stops_and_writes_nothing(tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw", {**PAGES, "photo.txt": b"\x89PNG\r\n\x1a\n\x00\x00"})
    with pytest.raises(PageError, match=r"photo\.txt: .*PNG"):
        run_folder(raw, tmp_path / "out", fail_fast=True)
    assert not (tmp_path / "out").exists()


def test_a_fault_of_ours_in_one_page_is_reported_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(pages: list[bytes], *rest: object) -> object:
        if any(b"\xef\xbb\xbf" in data for data in pages):
            raise ZeroDivisionError("by zero")
        return clean_many(pages)

    monkeypatch.setattr("pipeline.run.clean_many", faulty)
    summary = run_folder(make_raw(tmp_path / "raw"), tmp_path / "out")
    assert [(one.path, "ZeroDivisionError: by zero" in one.error) for one in summary.failed] == [("canal.txt", True)]
    assert summary.pages == 1


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="the fault reaches forked workers only")
def test_a_worker_that_dies_is_told_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.run.clean_many", lambda *_: os._exit(1))
    with pytest.raises(JinggaoError, match="a worker process died"):
        run_folder(make_raw(tmp_path / "raw"), tmp_path / "out", jobs=2)
    assert not (tmp_path / "out").exists()


def test_batches_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = make_raw(tmp_path / "raw", {**PAGES, "a.txt": b"\x89PNG\r\n\x1a\n", "z.txt": "同志们:散会.".encode()})
    made = []
    for limit in (1, 10**9):
        monkeypatch.setattr("pipeline.run.BATCH", limit)
        out = tmp_path / f"out{limit}"
        assert [one.path for one in run_folder(raw, out).failed] == ["a.txt"]
        made.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert made[0] == made[1]


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    run_folder(make_raw(tmp_path / "raw"), tmp_path / "out", progress=lambda *step: steps.append(step))
    assert steps[:2] == [("pages", 1, 2), ("pages", 2, 2)]
    assert steps[2][0] == "duplicates"


def test_an_output_inside_the_raw_folder_is_refused(tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw")
    for out in (raw, raw / "clean", raw / "a" / ".." / "b"):
        with pytest.raises(JinggaoError, match="raw folder"):
            run_folder(raw, out)
    assert contents(raw) == PAGES


def test_no_worker_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JinggaoError, match="--jobs 0"):
        run_folder(make_raw(tmp_path / "raw"), tmp_path / "out", jobs=0)
    assert not (tmp_path / "out").exists()
