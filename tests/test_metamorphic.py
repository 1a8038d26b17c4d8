"""Relations that hold between runs, whatever the page: cleaning is idempotent, the ledger leads there and back."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipeline.cleaning import CleanPage, clean, clean_bytes
from pipeline.records import schema
from pipeline.restore import restored_pages
from pipeline.run import RunOptions, run_folder
from pipeline.stages import placeholders, punctuation, repair, script

PAGES = sorted((Path(__file__).resolve().parent.parent / "raw").rglob("*.txt"))
CACHE: dict[Path, CleanPage] = {}


def cleaned(path: Path) -> CleanPage:
    """A raw page, cleaned once for all tests."""
    if path not in CACHE:
        CACHE[path] = clean_bytes(path.read_bytes())
    return CACHE[path]


def name_of(path: Path) -> str:
    """The page's name, for the tests' names."""
    return hashlib.sha256(path.name.encode()).hexdigest()[:4] + "-" + path.stem.encode("ascii", "ignore").decode()


every_page = pytest.mark.parametrize("path", PAGES, ids=name_of)


@every_page
def test_the_ledger_leads_from_the_raw_page_to_the_text_and_back(path: Path) -> None:
    page = cleaned(path)
    for speech in page.speeches:
        start, end = speech.raw_span
        source = page.decoded.text[start:end]
        ledger = speech.ledger.shifted(-start)
        assert ledger.apply(source) == speech.text
        assert ledger.inverse().apply(speech.text) == source


@every_page
def test_cleaning_a_clean_speech_changes_nothing(path: Path) -> None:
    for speech in cleaned(path).speeches:
        page = f"{speech.title}\n\n{speech.text}" if speech.title else speech.text
        again = clean(page)
        assert [(one.title, one.text) for one in again] == [(speech.title, speech.text)]


@every_page
def test_stages_alone_change_nothing_in_clean_text(path: Path) -> None:
    for speech in cleaned(path).speeches:
        spans = [(one.placeholder.start, one.placeholder.end) for one in speech.placeholders]
        assert not repair.run(speech.text).ledger
        assert not script.run(speech.text).ledger
        assert not punctuation.run(speech.text, protect=[span for span in spans if span[0] < span[1]]).ledger


@every_page
def test_blocks_tile_every_line(path: Path) -> None:
    page = cleaned(path)
    text, done = page.decoded.text, 0
    for block in page.blocks:
        assert set(text[done : block.start]) <= {"\n"}
        assert block.start < block.end
        assert "\n" not in text[block.start : block.end]
        done = block.end
    assert set(text[done:]) <= {"\n"}


@every_page
def test_spans_of_speeches_and_placeholders_are_true(path: Path) -> None:
    page = cleaned(path)
    done = 0
    for speech in page.speeches:
        assert done <= speech.raw_span[0] < speech.raw_span[1] <= len(page.decoded.text)
        done = speech.raw_span[1]
        assert speech.text == speech.text.strip()
        assert "\n\n\n" not in speech.text
        for heading in speech.headings:
            assert speech.text[heading.start : heading.end].strip()
        for found in speech.placeholders:
            one = found.placeholder
            assert speech.text[one.start : one.end] == one.surface
            assert speech.raw_span[0] <= found.raw_span[0] <= found.raw_span[1] <= speech.raw_span[1]
            assert (one.start == one.end) == (one.kind == "elision")


@every_page
def test_tags_can_be_taken_out_again(path: Path) -> None:
    from pipeline.cleaning import Options

    tagged = clean_bytes(path.read_bytes(), options=Options(placeholders="tag"))
    plain = cleaned(path)
    assert [placeholders.untag(speech.text) for speech in tagged.speeches] == [speech.text for speech in plain.speeches]


@every_page
def test_line_ends_make_no_difference(path: Path) -> None:
    data = path.read_bytes()
    if b"\r" in data:
        pytest.skip("the page has CR line ends already")
    other = clean_bytes(data.replace(b"\n", b"\r\n"))
    assert [speech.text for speech in other.speeches] == [speech.text for speech in cleaned(path).speeches]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, root: Path) -> list[dict[str, bytes]]:
    """The same run with one and with two workers, and in another environment."""
    folder = tmp_path_factory.mktemp("runs")
    made = []
    for number, (jobs, extra) in enumerate(
        [(1, {"PYTHONHASHSEED": "1"}), (2, {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C"})]
    ):
        out = folder / str(number)
        command = [sys.executable, "-m", "pipeline", "run", str(root / "raw"), "--out", str(out), "--jobs", str(jobs)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **extra}, cwd=root)
        made.append({path.name: path.read_bytes() for path in out.iterdir()})
    return made


def test_workers_locale_time_zone_and_hash_seed_make_no_difference(outputs: list[dict[str, bytes]]) -> None:
    assert outputs[0] == outputs[1]


def test_records_fit_their_schemas(outputs: list[dict[str, bytes]]) -> None:
    for kind, name in (
        ("speech", "speeches.jsonl"),
        ("page", "pages.jsonl"),
        ("duplicate", "duplicates.jsonl"),
        ("manifest", "manifest.json"),
    ):
        validator = Draft202012Validator(schema(kind))
        text = outputs[0][name].decode()
        for record in map(json.loads, text.rstrip("\n").split("\n") if name.endswith("l") else [text]):
            validator.validate(record)


@pytest.mark.parametrize(
    "options", [RunOptions(), RunOptions(placeholders="tag"), RunOptions(duplicates="drop")], ids=["mark", "tag", "drop"]
)
def test_every_raw_page_comes_back_byte_for_byte(options: RunOptions, root: Path, tmp_path: Path) -> None:
    run_folder(root / "raw", tmp_path / "clean", options=options)
    pages = {path.relative_to(root / "raw").as_posix(): path.read_bytes() for path in PAGES}
    assert dict(restored_pages(tmp_path / "clean")) == pages
