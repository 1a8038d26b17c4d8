"""Values from twins: what copies give back, what they do not, and that a run writes it down and can undo it."""

import json
import random
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipeline import duplicates, twins
from pipeline.explain import character_lines, explain_character
from pipeline.output import read_manifest, read_records
from pipeline.records import Record, schema
from pipeline.restore import restored_pages
from pipeline.run import RunOptions, run_folder
from pipeline.stages import placeholders
from pipeline.twins import Collated, Copy, Evidence, Mark, alignment, collation
from tests.samples import contents, make_raw
from tests.twins_generator import STYLES, Copies, Version, speeches


def copy(name: str, text: str) -> Copy:
    found = placeholders.run(text).placeholders
    return Copy(name, text, tuple(Mark(p.start, p.end, p.surface, p.kind, p.type, p.suggestion) for p in found))


def collated(copies: Sequence[Copy]) -> dict[str, Collated]:
    return twins.collate(copies, duplicates.find([(one.id, one.text) for one in copies]).pairs)


def versions(speech: Copies, count: int, masked: float, edited: float) -> list[tuple[Version, Copy]]:
    made = [speech.version(STYLES[number % len(STYLES)], masked, edited) for number in range(count)]
    return [(one, copy(f"c{number}", one.text)) for number, one in enumerate(made)]


@pytest.mark.parametrize("edited", [0.0, 0.05])
def test_values_that_a_copy_has_in_clear_are_offered_and_right(edited: float) -> None:
    wanted = offered = right = 0
    for count, masked in ((2, 0.5), (3, 0.6), (4, 0.7)):
        for speech in speeches(7 + count, 18):
            copies = versions(speech, count, masked, edited)
            said = collated([one for _, one in copies])
            for version, one in copies:
                places = {(mark.start, mark.end): number for number, mark in enumerate(one.marks)}
                findings = said[one.id].findings if one.id in said else {}
                for slot, span in version.hidden.items():
                    if any(slot in other.clear for other, _ in copies):
                        wanted += 1
                        finding = findings.get(places.get(span, -1))
                        offered += finding is not None and finding.suggestion is not None
                        right += finding is not None and finding.suggestion == speech.values[slot]
    assert wanted > 1000
    assert offered >= (0.96 if edited else 0.99) * wanted
    assert right >= 0.995 * offered


def test_the_evidence_is_where_the_words_stand() -> None:
    copies = [one for _, one in versions(Copies(5), 4, 0.6, 0.05)]
    texts = {one.id: one.text for one in copies}
    found = [finding for said in collated(copies).values() for finding in said.findings.values()]
    assert len(found) > 20
    for finding in found:
        if finding.evidence:
            start, end = finding.evidence.span
            assert texts[finding.evidence.speech][start:end] == finding.suggestion


def test_the_order_of_copies_and_pairs_does_not_matter() -> None:
    copies = [one for _, one in versions(Copies(6), 5, 0.6, 0.05)]
    pairs = duplicates.find([(one.id, one.text) for one in copies]).pairs
    expected = twins.collate(copies, pairs)
    for seed in range(3):
        mixed = random.Random(seed)
        again = twins.collate(mixed.sample(copies, len(copies)), mixed.sample(pairs, len(pairs)))
        assert list(again.items()) == list(expected.items())


SAID = (
    "同志们：\n\n{year}年入冬以来，全县上下齐心协力抓水利，共修渠{count}条，干部群众都很辛苦，我代表县里向大家表示感谢。\n\n"
    "今天请{person}同志到会，是想听一听山上的情况。山上的水窖漏了多少，池塘干了几口，哪一片地浇不上，都要一五一十地讲出来。\n\n"
    "下一步怎么办，我讲三点意见，请各乡镇回去以后认真研究，拿出自己的办法来，开春以前报到水利局。"
)


def said(year: str = "2016", count: str = "38", person: str = "王小山") -> str:
    return SAID.format(year=year, count=count, person=person)


def test_different_values_are_a_conflict_and_none_is_chosen() -> None:
    found = collated([copy("a", said(year="20xx")), copy("b", said()), copy("c", said(year="2017"))])
    (finding,) = found["a"].findings.values()
    assert (finding.suggestion, finding.evidence) == (None, None)
    assert [(one.value, one.evidence) for one in finding.conflicts] == [
        ("2016", Evidence("b", (6, 10))),
        ("2017", Evidence("c", (6, 10))),
    ]


def test_one_number_in_two_scripts_is_no_conflict() -> None:
    found = collated([copy("a", said(count="xx")), copy("b", said()), copy("c", said(count="三十八"))])
    assert [finding.suggestion for finding in found["a"].findings.values()] == ["38"]


def test_kept_digits_must_agree() -> None:
    assert collated([copy("a", said(year="20xx")), copy("b", said(year="1998"))]).get("a", Collated()).findings == {}


def test_copies_filled_in_for_other_occasions_are_no_witnesses() -> None:
    one, other = said(year="2015", count="12"), said(year="2019", count="57")
    assert collated([copy("a", one.replace("王小山", "××")), copy("b", other)]) == {}


def test_a_mask_is_no_value_for_a_mask() -> None:
    assert collated([copy("a", said(year="20xx")), copy("b", said(year="20××"))]) == {}


def test_values_are_handed_on_through_a_large_group_of_copies() -> None:
    masked = [copy(f"m{number:02d}", said(year="20xx", person="×××")) for number in range(25)]
    found = collated([*masked, copy("z", said())])
    for one in masked:
        assert {finding.suggestion for finding in found[one.id].findings.values()} == {"2016", "王小山"}


def test_a_limited_number_of_copies_tells_as_much_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = [one for _, one in versions(Copies(8), 60, 0.6, 0.0)]
    pairs = duplicates.find([(one.id, one.text) for one in copies]).pairs
    assert len(collation.chosen(pairs)) < 0.7 * len(pairs)

    def suggestions() -> dict[tuple[str, int], str | None]:
        made = twins.collate(copies, pairs).items()
        return {(name, place): one.suggestion for name, said in made for place, one in said.findings.items()}

    few = suggestions()
    monkeypatch.setattr(collation, "WITNESSES", len(copies))
    assert len(collation.chosen(pairs)) == len(pairs)
    assert few == suggestions()
    assert len(few) > 10 * len(copies)


def test_the_copies_of_a_speech_are_compared_with_a_limited_number_of_others() -> None:
    mixed = random.Random(4)
    names = [f"c{number:02d}" for number in range(60)]
    near = [duplicates.Pair(a, b, "near", mixed.random(), 0.9, 0.9, 0.9) for a, b in combinations(names, 2)]
    equal = [duplicates.Pair(f"e{number}", "f", "exact", 1.0, 1.0, 1.0, 1.0) for number in range(40)]
    chosen = collation.chosen([*near, *equal])
    assert set(equal) <= set(chosen)
    assert len(chosen) - len(equal) <= collation.WITNESSES * len(names) < len(near)
    for name in names:
        mine = sorted((pair for pair in near if name in (pair.a, pair.b)), key=lambda pair: -pair.jaccard)
        assert set(mine[: collation.WITNESSES // 2]) <= set(chosen)
        assert sum(pair in chosen for pair in mine) >= collation.WITNESSES
    assert collation.chosen(mixed.sample([*near, *equal], len(near) + len(equal))) == chosen
    assert collation.chosen(near[:10]) == near[:10]


@pytest.mark.parametrize("edited", [0.0, 0.04])
def test_copies_that_are_aligned_piece_by_piece_tell_the_same(edited: float, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = [one for _, one in versions(Copies(21), 12, 0.6, edited)]
    pairs = duplicates.find([(one.id, one.text) for one in copies]).pairs
    told = twins.collate(copies, pairs)
    assert told and all(len(one.text) < 2 * alignment._PIECE for one in copies)
    monkeypatch.setattr(alignment, "_PIECE", 100)
    assert twins.collate(copies, pairs) == told


def test_a_token_s_partner_alone_is_the_one_among_all() -> None:
    one, two = (one for _, one in versions(Copies(31), 2, 0.6, 0.05))
    way = alignment.align(
        *(alignment.compact(version.text, version.marks) for version in (one, two)), [(0, len(one.text), 0, len(two.text))]
    )
    for side, partners in enumerate(way.matching.partners):
        assert [way.matching.partner(place, side) for place in range(len(partners))] == partners
    assert way.turned().to == way.back


def test_a_copy_confirms_a_rule_or_contradicts_it() -> None:
    cut, whole = (said() + f"\n\n会后请县{body}组成人员到东山看一看，提提意见。" for body in ("人大会", "人大常委会"))
    (finding,) = collated([copy("a", cut), copy("b", whole)])["a"].findings.values()
    assert (finding.suggestion, finding.conflicts) == ("常委", ())
    assert finding.evidence == Evidence("b", (whole.index("常委"), whole.index("常委") + 2))
    (finding,) = collated([copy("a", cut), copy("b", whole.replace("常委", "主席团"))])["a"].findings.values()
    assert finding.suggestion is None
    assert {(one.value, one.evidence is None) for one in finding.conflicts} == {("主席团", False), ("常委", True)}


# --- lost words -------------------------------------------------------------------------------------------------------

OUTLINE = (
    "同志们：\n\n今天的会只有一个题目，就是把明年的路修好。先说说今年的情况，再说说大家关心的几件事。\n\n"
    "一、要把底数摸清楚。哪一段塌了，哪一座桥不能过车，各村自己走一遍，画一张图交上来，不许坐在屋里填表。\n\n"
    "二、要把钱用在路上。县里给的钱一分也不许挪，用了多少，剩下多少，在村口贴出来，让过路的人都看得见。\n\n"
    "三、要把人组织起来。冬天是农闲，一家出一个劳力，干一个月就能把路基打好，开春再铺石子，不误农时。\n\n"
    "四、要把质量管起来。石子的大小，水泥的标号，都有规定，请老石匠来当监督员，说不行的就返工重来。\n\n"
    "我就说这些，谢谢大家。"
)


def losses(cut: str, whole: str) -> list[tuple[str, str, str]]:
    """(the five characters behind the place, type, words) of each loss that is found."""
    found = collated([copy("a", cut), copy("b", whole)]).get("a", Collated()).lost
    return [(cut[one.place : one.place + 5], one.type, one.words) for one in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("二、要把钱用在路上。", "", ("县里给的钱", "other", "二、要把钱用在路上。")),
        ("三、要把人组织起来。冬天是农闲，", "", ("一家出一个", "other", "三、要把人组织起来。冬天是农闲，")),
        ("说不行的就返工重来。", "说不行的就。", None),
        ("画一张图交上来，", "，", ("，不许坐在", "other", "画一张图交上来")),
        ("县里给的钱一分", "县里给的，一分", None),
        ("干一个月就能", "干个月就能", None),
        ("先说说今年的情况，", "", None),
        ("哪一段塌了，", "", None),
        ("大家关心的", "", None),
        ("我就说这些，", "", None),
        ("，不误农时", "", None),
        ("摸清楚", "“摸清楚”", None),
    ],
)
def test_what_counts_as_lost(old: str, new: str, expected: tuple[str, str, str] | None) -> None:
    assert old in OUTLINE
    assert losses(OUTLINE.replace(old, new), OUTLINE) == ([expected] if expected else [])


def test_a_heading_of_its_own_is_lost_with_its_line() -> None:
    whole = re.sub("(?<=[楚上来])。(?=[哪县冬石])", "\n\n", OUTLINE)
    cut = whole.replace("三、要把人组织起来\n\n", "")
    (one,) = collated([copy("a", cut), copy("b", whole)])["a"].lost
    assert (one.words, one.tail, cut[one.place :][:5]) == ("三、要把人组织起来", "\n\n", "冬天是农闲")


def test_an_outline_is_lost_as_a_whole_only_where_what_is_left_points_back() -> None:
    heads = ("一、要把底数摸清楚。", "二、要把钱用在路上。", "三、要把人组织起来。", "四、要把质量管起来。")
    cut, whole = OUTLINE, OUTLINE
    for head in heads:
        cut = cut.replace(head, "")
    assert losses(cut, whole) == []
    pointing = [text.replace("县里给的钱", "这是大事。县里给的钱") for text in (cut, whole)]
    assert [words for _, _, words in losses(*pointing)] == list(heads)


def test_renumbered_sections_are_an_edit_and_no_loss() -> None:
    cut = OUTLINE.replace("二、要把钱用在路上。", "").replace("三、", "二、").replace("四、", "三、")
    assert losses(cut, OUTLINE) == []


# --- a run ------------------------------------------------------------------------------------------------------------

HEAD = "在冬修水利会上的讲话\n来源:本站 作者:佚名\n\n"


def page(text: str) -> bytes:
    return (HEAD + text.replace("，", ",").replace("：", ":")).encode("gb18030")


ROAD = "在修路动员会上的讲话\n\n"
PAGES = {
    "a.txt": page(said(year="20xx", count="xx", person="某某")),
    "b.txt": page(said(count="**")),
    "c.txt": page(said(person="×××").replace("感谢", "衷心的感谢")),
    "d.txt": (ROAD + OUTLINE.replace("二、要把钱用在路上。", "")).encode(),
    "e.txt": (ROAD + OUTLINE.replace("一个月就能", "xx个月就能")).encode(),
}
VALIDATORS = {name: Draft202012Validator(schema(name)) for name in ("speech", "page", "duplicate", "manifest")}
OPTIONS = [
    RunOptions(fill=fill, placeholders=form, duplicates=fate)  # type: ignore[arg-type]
    for fill in ("none", "certain")
    for form in ("keep", "tag")
    for fate in ("mark", "drop")
]


def records(folder: Path) -> dict[str, Record]:
    return {record["page"]: record for record in read_records(folder, "speeches.jsonl")}


def test_a_run_offers_what_other_pages_have(tmp_path: Path) -> None:
    run_folder(make_raw(tmp_path / "raw", PAGES), tmp_path / "out")
    found = records(tmp_path / "out")
    year, count, person = found["a.txt"]["placeholders"]
    assert (year["suggestion"], count["suggestion"], person["suggestion"]) == ("2016", "38", "王小山")
    for one in (year, count, person):
        other = next(speech for speech in found.values() if speech["id"] == one["evidence"]["speech"])
        start, end = one["evidence"]["span"]
        assert other["text"][start:end] == one["suggestion"]
        assert (one["conflicts"], one["filled"]) == ([], False)
    (lost,) = found["d.txt"]["placeholders"]
    assert (lost["rule"], lost["kind"], lost["suggestion"]) == (twins.LOST_WORDS, "elision", "二、要把钱用在路上。")
    assert PAGES["d.txt"].decode()[lost["raw_span"][0] :].startswith("县里给的钱")
    assert read_manifest(tmp_path / "out")["counts"]["placeholders"]["elision/other"] == 1


def test_certain_suggestions_are_written_into_the_text(tmp_path: Path) -> None:
    run_folder(make_raw(tmp_path / "raw", PAGES), tmp_path / "out", options=RunOptions(fill="certain"))
    found = records(tmp_path / "out")
    assert found["a.txt"]["text"] == said()
    assert found["d.txt"]["text"] == OUTLINE
    for one in found["a.txt"]["placeholders"]:
        assert one["filled"]
        assert found["a.txt"]["text"][one["start"] : one["end"]] == one["suggestion"]
    assert [one["surface"] for one in found["a.txt"]["placeholders"]] == ["20xx", "xx", "某某"]
    manifest = read_manifest(tmp_path / "out")
    assert manifest["options"]["fill"] == "certain"
    assert manifest["counts"]["rules"][twins.LOST_WORDS] == 1
    lost = found["d.txt"]["placeholders"][0]
    explained = "\n".join(character_lines(explain_character(tmp_path / "out", found["d.txt"]["id"], lost["start"])))
    assert twins.WHAT[twins.LOST_WORDS][0] in explained
    assert f"in clear: speech {found['e.txt']['id']}" in explained


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_page_comes_back_and_all_records_agree(options: RunOptions, tmp_path: Path) -> None:
    summary = run_folder(make_raw(tmp_path / "raw", PAGES), tmp_path / "out", options=options)
    assert dict(restored_pages(tmp_path / "out")) == PAGES
    found = {record["id"]: record for record in read_records(tmp_path / "out", "speeches.jsonl")}
    for name, file in (("speech", "speeches"), ("page", "pages"), ("duplicate", "duplicates")):
        for record in read_records(tmp_path / "out", f"{file}.jsonl"):
            VALIDATORS[name].validate(record)
    for speech in found.values():
        for one in speech["placeholders"]:
            if one["filled"]:
                assert speech["text"][one["start"] : one["end"]] == one["suggestion"]
            elif options.placeholders == "keep":
                assert speech["text"][one["start"] : one["end"]] == one["surface"]
            if one["evidence"] and one["evidence"]["speech"] in found:
                start, end = one["evidence"]["span"]
                assert found[one["evidence"]["speech"]]["text"][start:end] == one["suggestion"]
            assert (one["evidence"] or {}).get("speech") in (*found, *summary.dropped, None)
        for heading in speech["headings"]:
            assert speech["text"][heading["start"] : heading["end"]].strip()
    for pair in read_records(tmp_path / "out", "duplicates.jsonl"):
        for a_start, a_end, b_start, b_end in pair["spans"]:
            for name, start, end in ((pair["a"], a_start, a_end), (pair["b"], b_start, b_end)):
                assert 0 <= start < end
                assert name not in found or end <= len(found[name]["text"])
    counted = sum(read_manifest(tmp_path / "out")["counts"]["placeholders"].values())
    listed = [*found.values(), *read_records(tmp_path / "out", "pages.jsonl")]
    assert counted == sum(len(record["placeholders"]) for record in listed)


def test_the_output_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw", PAGES)
    for jobs in (1, 2):
        run_folder(raw, tmp_path / str(jobs), jobs=jobs, options=RunOptions(fill="certain"))
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_filled_speeches_leave_nothing_to_fill(tmp_path: Path) -> None:
    run_folder(make_raw(tmp_path / "raw", PAGES), tmp_path / "out", options=RunOptions(fill="certain"))
    texts = {speech["page"]: (HEAD + speech["text"]).encode() for speech in read_records(tmp_path / "out", "speeches.jsonl")}
    run_folder(make_raw(tmp_path / "again", texts), tmp_path / "second", options=RunOptions(fill="certain"))
    first, second = records(tmp_path / "out"), records(tmp_path / "second")
    assert {name: speech["text"] for name, speech in first.items()} == {name: speech["text"] for name, speech in second.items()}
    assert not any(one["evidence"] for speech in second.values() for one in speech["placeholders"])


@pytest.mark.parametrize("edited", [0.0, 0.05])
def test_random_copies_come_back_after_filling(edited: float, tmp_path: Path) -> None:
    pages = {
        f"{number}-{name}.txt": ("在座谈会上的讲话\n\n" + version.text).encode()
        for number, speech in enumerate(speeches(3, 4))
        for name, version in enumerate([speech.version(STYLES[n], 0.5, edited) for n in range(3)])
    }
    run_folder(make_raw(tmp_path / "raw", pages), tmp_path / "out", options=RunOptions(fill="certain"))
    assert dict(restored_pages(tmp_path / "out")) == pages
    found = list(read_records(tmp_path / "out", "speeches.jsonl"))
    filled = [one for speech in found for one in speech["placeholders"] if one["filled"]]
    assert len(filled) > 30
    assert json.loads(json.dumps(filled)) == filled
