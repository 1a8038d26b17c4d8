"""Check: clean the same pages again and say which speeches changed, how, and by which rules.

The places where two runs differ are found in their ledgers, not by comparing texts: an edit that only one of them has is a
difference, and names its rule.
"""

from __future__ import annotations

import json
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import __version__
from pipeline.ledger import LedgerError, Place
from pipeline.output import read_manifest, read_pages, read_records
from pipeline.records import Record, edits_ledger
from pipeline.restore import page_text, restore_folder
from pipeline.rulebook import rulebook_over
from pipeline.run import Progress, RunOptions, run_folder

CONTEXT = 12
"""Code points shown on each side of a difference."""
SHOWN = 3
"""Differences shown of each speech, and changed lines of each page."""
SAID_WHOLE = ("title", "raw_span", "duplicate", "contained_in", "flags")
Labelling = tuple[str, str]
"""(label, rule) of a block."""
COMPARED = ("title", "text", "raw_span", "headings", "placeholders", "duplicate", "contained_in", "flags", "meta", "index")


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which two runs wrote different things.

    line, column: in the decoded page, from 1; 0 where the decoded pages themselves differ. context: (before, behind) in the
    decoded page. raw, old, new: what stands there and what each run made of it. old_rules, new_rules: full names.
    """

    line: int
    column: int
    context: tuple[str, str]
    raw: str
    old: str
    new: str
    old_rules: tuple[str, ...] = ()
    new_rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relabelled:
    """A line with other labels. line: from 1. old and new: its blocks, mostly one."""

    line: int
    text: str
    old: tuple[Labelling, ...]
    new: tuple[Labelling, ...]


@dataclass(slots=True)
class SpeechChange:
    """A speech that is in both runs and not the same.

    fields: keys that differ; ``edits`` where only the rules do. facts: what differs besides the text.
    """

    id: str
    title: str | None
    fields: tuple[str, ...]
    facts: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class PageChange:
    """What differs on one page. new and gone: (id, title) of speeches. facts: sentences about the page itself."""

    path: str
    facts: list[str] = field(default_factory=list)
    new: list[tuple[str, str | None]] = field(default_factory=list)
    gone: list[tuple[str, str | None]] = field(default_factory=list)
    changed: list[SpeechChange] = field(default_factory=list)
    relabelled: list[Relabelled] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.facts or self.new or self.gone or self.changed or self.relabelled)


@dataclass(slots=True)
class Comparison:
    """How two outputs differ; false where they do not. facts: sentences about the outputs as a whole."""

    pages: int = 0
    speeches: int = 0
    facts: list[str] = field(default_factory=list)
    changes: list[PageChange] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.facts or self.changes)


def check_folder(
    clean: str | Path,
    raw: str | Path | None = None,
    *,
    jobs: int = 1,
    rules: Sequence[str | Path] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Clean the pages of an output folder again, with its options, and compare.

    raw: the folder of raw pages; None restores them from the output itself. rules: as for `run_folder`.
    Raises JinggaoError where one of the folders cannot be read.
    """
    clean = Path(clean)
    manifest = read_manifest(clean)
    with tempfile.TemporaryDirectory(prefix="jinggao-") as folder:
        again, pages = Path(folder, "clean"), Path(raw) if raw is not None else Path(folder, "raw")
        if raw is None and restore_folder(clean, pages) == 0:
            return _no_pages(manifest, rules)
        known = RunOptions.__dataclass_fields__
        options = RunOptions(**{key: value for key, value in manifest["options"].items() if key in known})
        run_folder(pages, again, jobs=jobs, rules=rules, options=options, progress=progress)
        return compare_folders(clean, again, failed=raw is not None)


def _no_pages(manifest: Record, rules: Sequence[str | Path]) -> Comparison:
    """An output without pages can only differ in what made it."""
    digest = rulebook_over(rules).digest
    return Comparison(facts=list(_origin(manifest, {**manifest, "version": __version__, "rules": digest})))


def compare_folders(old: Path, new: Path, *, failed: bool = True) -> Comparison:
    """Compare two output folders. failed: whether pages that failed are compared too.

    Raises OutputError where one of them cannot be read.
    """
    before, after = read_manifest(old), read_manifest(new)
    found = Comparison(facts=list(_origin(before, after)))
    if failed:
        found.facts += _failures(before, after)
    for path, one, two in _side_by_side(read_pages(old), read_pages(new)):
        found.pages += two is not None
        found.speeches += len(two[1]) if two else 0
        change = _page_change(path, one, two)
        if change:
            found.changes.append(change)
    found.facts += _pairs(old, new)
    if before["dropped"] != after["dropped"]:
        found.facts.append(f"left out as copies: {len(before['dropped'])} speeches → {len(after['dropped'])}")
    return found


# --- the outputs as a whole -------------------------------------------------------------------------------------------


def _origin(before: Record, after: Record) -> Iterator[str]:
    if before["version"] != after["version"]:
        yield f"version {before['version']} → {after['version']}"
    if before["rules"] != after["rules"]:
        yield f"rules {before['rules'][:12]} → {after['rules'][:12]} (digest)"
    if before["options"] != after["options"]:
        yield f"options {before['options']} → {after['options']}"


def _failures(before: Record, after: Record) -> Iterator[str]:
    old = {one["path"]: one["error"] for one in before["failed"]}
    new = {one["path"]: one["error"] for one in after["failed"]}
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield f"{path}: {_fate(old.get(path))} → {_fate(new.get(path))}"


def _fate(error: str | None) -> str:
    return "had not failed" if error is None else f"failed: {error}"


def _pairs(old: Path, new: Path) -> Iterator[str]:
    one, two = ({(r["a"], r["b"]): r for r in read_records(path, "duplicates.jsonl")} for path in (old, new))
    other = sum(one[key] != two[key] for key in one.keys() & two.keys())
    counts = {"new": len(two.keys() - one.keys()), "gone": len(one.keys() - two.keys()), "changed": other}
    if any(counts.values()):
        yield "duplicate pairs: " + ", ".join(f"{number} {name}" for name, number in counts.items() if number)


# --- pages ------------------------------------------------------------------------------------------------------------

_Page = tuple[Record, list[Record]]


def _side_by_side(old: Iterator[_Page], new: Iterator[_Page]) -> Iterator[tuple[str, _Page | None, _Page | None]]:
    """Pages of two outputs, which both are in the order of their paths, side by side."""
    one, two = next(old, None), next(new, None)
    while one or two:
        paths = [page[0]["path"] for page in (one, two) if page]
        path = min(paths)
        left = one if one and one[0]["path"] == path else None
        right = two if two and two[0]["path"] == path else None
        yield path, left, right
        one = next(old, None) if left else one
        two = next(new, None) if right else two


def _page_change(path: str, one: _Page | None, two: _Page | None) -> PageChange:
    change = PageChange(path)
    if one is None or two is None:
        page = one or two
        assert page is not None
        change.facts.append("page is gone" if two is None else "page is new")
        (change.gone if two is None else change.new).extend((s["id"], s["title"]) for s in page[1])
        return change
    if one == two:
        return change
    old, new = one[0], two[0]
    if old["sha256"] != new["sha256"]:
        change.facts.append("the raw file is another one")
    for part in ("encoding", "meta"):
        change.facts += [
            f"{key}: {old[part][key]} → {new[part][key]}" for key in new[part] if old[part].get(key) != new[part][key]
        ]
    texts = _decoded(*one), _decoded(*two)
    same = texts[0] is not None and texts[0] == texts[1]
    before, after = ({speech["id"]: speech for speech in speeches} for speeches in (one[1], two[1]))
    change.gone = [(key, speech["title"]) for key, speech in before.items() if key not in after]
    change.new = [(key, speech["title"]) for key, speech in after.items() if key not in before]
    edits = [list(edits_ledger(page["edits"])) for page in (old, new)]
    for key in before.keys() & after.keys():
        found = _speech_change(before[key], after[key], edits, texts[0] if same else None)
        if found:
            change.changed.append(found)
    change.changed.sort(key=lambda one: before[one.id]["raw_span"])
    if same and texts[0] is not None:
        change.relabelled = list(_relabelled(old["blocks"], new["blocks"], texts[0]))
    if not change and (old["residue"], old["newline"], old["bom"]) != (new["residue"], new["newline"], new["bom"]):
        change.facts.append("what restores the raw bytes differs")
    if not change:
        change.facts.append("placeholders outside the speeches differ")
    return change


def _decoded(page: Record, speeches: list[Record]) -> str | None:
    """The decoded page; None where the records do not agree with each other."""
    try:
        return page_text(page, speeches)
    except LedgerError:
        return None


def _relabelled(old: Sequence[Record], new: Sequence[Record], text: str) -> Iterator[Relabelled]:
    """Lines whose blocks have other labels or rules, or of which there are more or fewer."""
    starts = _line_starts(text)
    before, after = _by_line(old, starts), _by_line(new, starts)
    for line in sorted(before.keys() | after.keys()):
        one, two = before.get(line, ()), after.get(line, ())
        if one != two:
            yield Relabelled(line, text[starts[line - 1] :].split("\n", 1)[0].strip()[: 3 * CONTEXT], one, two)


def _by_line(blocks: Sequence[Record], starts: Sequence[int]) -> dict[int, tuple[Labelling, ...]]:
    lines: dict[int, tuple[Labelling, ...]] = {}
    for block in blocks:
        line = bisect_right(starts, block["start"])
        lines[line] = (*lines.get(line, ()), (block["label"], block["rule"]))
    return lines


def _line_starts(text: str) -> list[int]:
    return [0, *(place + 1 for place, char in enumerate(text) if char == "\n")]


# --- speeches ---------------------------------------------------------------------------------------------------------


def _speech_change(old: Record, new: Record, edits: Sequence[list[Place]], text: str | None) -> SpeechChange | None:
    fields = tuple(key for key in COMPARED if old[key] != new[key])
    change = SpeechChange(new["id"], new["title"], fields, list(_field_facts(old, new)))
    if text is None:
        if old["text"] != new["text"]:
            change.differences.append(first_difference(old["text"], new["text"]))
    else:
        start, end = max(old["raw_span"][0], new["raw_span"][0]), min(old["raw_span"][1], new["raw_span"][1])
        here = [[edit for edit in ledger if start <= edit[0] and edit[0] + len(edit[1]) <= end] for ledger in edits]
        change.differences = list(differing_edits(here[0], here[1], text))
        if change.differences and not fields:
            change.fields = ("edits",)
    return change if change.fields else None


def _field_facts(old: Record, new: Record) -> Iterator[str]:
    """What differs between two records of a speech besides the text itself, one fact a line."""
    for key in SAID_WHOLE:
        if old[key] != new[key]:
            yield f"{key}: {json.dumps(old[key], ensure_ascii=False)} → {json.dumps(new[key], ensure_ascii=False)}"
    one, two = ({_placeholder(found): None for found in record["placeholders"]} for record in (old, new))
    yield from _more_of("placeholder gone: ", [found for found in one if found not in two])
    yield from _more_of("placeholder new: ", [found for found in two if found not in one])


def _placeholder(found: Record) -> str:
    """A placeholder in words, by its place in the decoded page, which no other change moves."""
    guess = "" if found["suggestion"] is None else f" → {found['suggestion']}"
    place = "–".join(map(str, found["raw_span"]))
    return f"{found['kind']}/{found['type']} {found['surface']!r}{guess} at {place} ({found['rule']})"


def _more_of(name: str, found: Sequence[str]) -> Iterator[str]:
    yield from (name + one for one in found[:SHOWN])
    yield from _more(len(found), name + "… and {} more")


def differing_edits(old: Sequence[Place], new: Sequence[Place], text: str) -> Iterator[Difference]:
    """The places of a decoded page at which two ledgers differ, with what each makes of them.

    >>> [(one.raw, one.old, one.new) for one in differing_edits([(1, ",", "，", ("a",))], [(1, ",", "、", ("b",))], "好,坏")]
    [(',', '，', '、')]
    """
    lines = _line_starts(text)
    for start, end in _places(set(old) ^ set(new), [*old, *new]):
        line = bisect_right(lines, start)
        sides = [[edit for edit in ledger if start <= edit[0] and edit[0] + len(edit[1]) <= end] for ledger in (old, new)]
        yield Difference(
            line,
            start - lines[line - 1] + 1,
            (text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]),
            text[start:end],
            _rendered(sides[0], text, start, end),
            _rendered(sides[1], text, start, end),
            _rules(sides[0]),
            _rules(sides[1]),
        )


def _places(differing: Iterable[Place], every: Sequence[Place]) -> list[tuple[int, int]]:
    """Spans that hold the differing edits and every edit that overlaps one of them."""
    spans: list[list[int]] = []
    seeds = {(start, start + len(before)) for start, before, _, _ in differing}
    for start, end in sorted({*seeds, *((s, s + len(b)) for s, b, _, _ in every)}):
        if spans and (start < spans[-1][1] or [start, end] == spans[-1][:2]):
            spans[-1][1] = max(end, spans[-1][1])
            spans[-1][2] |= (start, end) in seeds
        else:
            spans.append([start, end, (start, end) in seeds])
    return [(start, end) for start, end, wanted in spans if wanted]


def _rendered(edits: Sequence[Place], text: str, start: int, end: int) -> str:
    parts, done = [], start
    for place, before, after, _ in edits:
        parts += [text[done:place], after]
        done = place + len(before)
    return "".join(parts) + text[done:end]


def _rules(edits: Sequence[Place]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule for edit in edits for rule in edit[3]))


def first_difference(old: str, new: str) -> Difference:
    """What lies between the common beginning and the common end of two texts.

    >>> one = first_difference("今天很好", "今天不很好")
    >>> one.old, one.new, one.context
    ('', '不', ('今天', '很好'))
    """
    low, most = 0, min(len(old), len(new))
    while low < most and old[low] == new[low]:
        low += 1
    back = 0
    while back < most - low and old[-1 - back] == new[-1 - back]:
        back += 1
    context = (old[max(0, low - CONTEXT) : low], old[len(old) - back : len(old) - back + CONTEXT])
    return Difference(0, 0, context, "", old[low : len(old) - back], new[low : len(new) - back])


# --- for people -------------------------------------------------------------------------------------------------------


def comparison_lines(found: Comparison) -> Iterator[str]:
    """A comparison in words, one line a fact; the last line is the sum.

    >>> list(comparison_lines(Comparison(pages=2, speeches=5)))
    ['no difference: 2 pages, 5 speeches']
    """
    if not found:
        yield f"no difference: {found.pages} pages, {found.speeches} speeches"
        return
    yield from found.facts
    for page in found.changes:
        yield page.path
        yield from (f"  {line}" for line in _page_lines(page))
    sums = {name: sum(len(getattr(page, name)) for page in found.changes) for name in ("changed", "new", "gone")}
    counted = ", ".join(f"{number} {name}" for name, number in sums.items())
    yield f"speeches: {counted}; {len(found.changes)} of {found.pages} pages differ"


def _page_lines(page: PageChange) -> Iterator[str]:
    yield from page.facts
    yield from (f"gone     {key}  {title or '(no title)'}" for key, title in page.gone)
    yield from (f"new      {key}  {title or '(no title)'}" for key, title in page.new)
    for speech in page.changed:
        yield f"changed  {speech.id}  {speech.title or '(no title)'}: {', '.join(speech.fields)}"
        yield from (f"  {fact}" for fact in speech.facts)
        yield from (f"  {_difference_line(one)}" for one in speech.differences[:SHOWN])
        yield from _more(len(speech.differences), "  … {} more places")
    for line in page.relabelled[:SHOWN]:
        yield f"line {line.line}: {_labels(line.old)} → {_labels(line.new)}: {_visible(line.text)}"
    yield from _more(len(page.relabelled), "… {} more lines with another label or rule")


def _more(number: int, words: str) -> Iterator[str]:
    if number > SHOWN:
        yield words.format(number - SHOWN)


def _difference_line(one: Difference) -> str:
    sides = (f"{_visible(text) or '∅'}{_by(rules)}" for text, rules in ((one.old, one.old_rules), (one.new, one.new_rules)))
    before, behind = map(_visible, one.context)
    place = f"{one.line}:{one.column} " if one.line else ""
    return f"{place}…{before}[{_visible(one.raw)}]{behind}…: {' → '.join(sides)}"


def _by(rules: Sequence[str]) -> str:
    return f" ({', '.join(rules)})" if rules else ""


def _labels(blocks: Sequence[Labelling]) -> str:
    return " + ".join(f"{label}{_by([rule] if rule else [])}" for label, rule in blocks) or "(no block)"


def _visible(text: str) -> str:
    return text.replace("\n", "⏎")
