"""The raw pages again, byte for byte, and no file anywhere else."""

import json
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.restore import restore_folder, restored_pages
from pipeline.run import run_folder
from tests.samples import CANAL, GATE, contents, make_raw

PAGES = {
    "gbk.txt": GATE.encode("gb18030"),
    "big5.txt": "各位來賓,今天舉行落成典禮.\r\n謝謝大家!".encode("cp950"),
    "bom.txt": b"\xef\xbb\xbf" + CANAL.encode(),
    "utf16.txt": CANAL.encode("utf-16"),
    "mixed ends.txt": CANAL.replace("\n\n", "\r\n\r").encode(),
    "damaged.txt": CANAL.encode()[:100] + b"\xff\xfe\x80" + CANAL.encode()[100:],
    "empty.txt": b"",
    "blank.txt": b" \n\t\n\r\n",
    "a b/讲 话\n稿.txt": GATE.encode(),
}


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """An output of those pages."""
    run_folder(make_raw(tmp_path / "raw", PAGES), tmp_path / "clean")
    return tmp_path / "clean"


def test_every_page_comes_back(clean: Path, tmp_path: Path) -> None:
    assert restore_folder(clean, tmp_path / "deep" / "back") == len(PAGES)
    assert contents(tmp_path / "deep" / "back") == PAGES


def test_an_empty_folder_may_be_there_already(clean: Path, tmp_path: Path) -> None:
    (tmp_path / "back").mkdir()
    assert restore_folder(clean, tmp_path / "back") == len(PAGES)


def test_nothing_is_overwritten(clean: Path, tmp_path: Path) -> None:
    make_raw(tmp_path / "back", {"mine.txt": b"mine"})
    with pytest.raises(OutputError, match="not an empty folder"):
        restore_folder(clean, tmp_path / "back")
    assert contents(tmp_path / "back") == {"mine.txt": b"mine"}


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no manifest\.json"):
        restore_folder(tmp_path, tmp_path / "back")


def change(clean: Path, name: str, old: str, new: str) -> None:
    """Change an output by hand."""
    text = (clean / name).read_text(encoding="utf-8")
    assert old in text
    (clean / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("speeches.jsonl", "今年冬天", "今年夏天"),
        ("pages.jsonl", '"after": "，"', '"after": "、"'),
        ("pages.jsonl", '"residue"', '"other"'),
    ],
)
def test_an_output_changed_by_hand_is_told_and_nothing_stays(
    clean: Path, tmp_path: Path, name: str, old: str, new: str
) -> None:
    change(clean, name, old, new)
    with pytest.raises(OutputError, match="the folder was changed"):
        restore_folder(clean, tmp_path / "deep" / "back")
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("path", ["../outside.txt", "a/../../outside.txt", "a/b/../../../../outside.txt"])
def test_a_page_never_leaves_the_folder(clean: Path, tmp_path: Path, path: str) -> None:
    for name in ("pages.jsonl", "speeches.jsonl"):
        text = (clean / name).read_text(encoding="utf-8")
        (clean / name).write_text(text.replace('"bom.txt"', json.dumps(path)), encoding="utf-8")
    with pytest.raises(OutputError, match="outside of"):
        restore_folder(clean, tmp_path / "deep" / "back")
    assert not (tmp_path / "outside.txt").exists()
    assert not (tmp_path / "deep").exists()


def test_a_full_disk_leaves_nothing(clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = Path.write_bytes, iter(range(4))

    def full(self: Path, data: bytes) -> int:
        if next(left) == 3:
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"No space left.*choose another --out"):
        restore_folder(clean, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_pages_can_be_read_one_by_one(clean: Path) -> None:
    assert dict(restored_pages(clean)) == PAGES
