"""Duplicates as a user meets them: what is found among documents, and what is not."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.duplicates import Found, Pair, explain, find, repeated
from pipeline.errors import JinggaoError, RulesError
from tests.duplicates.generator import KINDS, Corpus, Generator, corpus

SPEECH = "\n".join(Generator(11).speech(8))
OTHER = "\n".join(Generator(12).speech(8))
EXPECTED = {
    "exact": "exact", "norm": "normalized", "mask": "normalized", "edited5": "near", "edited15": "near", "edited30": "near",
    "para": "near", "order": "near", "embed": "contains", "compile": "contains", "reuse": "shares", "sibling": "shares",
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Corpus:
    return corpus(seed=5, originals=150, copies=12)


@pytest.fixture(scope="module")
def found(made: Corpus) -> Found:
    return find(made.documents)


def one(a: str, b: str) -> Pair | None:
    pairs = find([("a", a), ("b", b)]).pairs
    return pairs[0] if pairs else None


@pytest.mark.parametrize("kind", KINDS)
def test_copies_of_each_kind_get_their_relation(kind: str, made: Corpus, found: Found) -> None:
    relations = {(pair.a, pair.b): pair.relation for pair in found.pairs}
    got = [relations.get((min(a, b), max(a, b))) for a, b, name in made.truth if name == kind]
    floor = {"edited30": 0.9, "para": 0.9, "sibling": 0.9}.get(kind, 1.0)
    assert sum(relation == EXPECTED[kind] for relation in got) >= floor * len(got), Counter(got)


def test_nothing_else_is_found(made: Corpus, found: Found) -> None:
    family = {name: name for name, _ in made.documents}
    for original, copy, kind in made.truth:
        if kind not in ("embed", "compile", "reuse", "sibling"):
            family[copy] = original
    inside = {
        frozenset((family[a], family[b])) for a, b, kind in made.truth if kind in ("embed", "compile", "reuse", "sibling")
    }
    for pair in found.pairs:
        families = frozenset((family[pair.a], family[pair.b]))
        assert (
            len(families) == 1
            or families in inside
            or any(families <= {*one, *two} for one in inside for two in inside if one & two)
        )


def test_clusters_hold_the_copies_and_no_sibling(made: Corpus, found: Found) -> None:
    for original, copy, kind in made.truth:
        together = (
            original in found.clusters
            and copy in found.clusters
            and found.clusters[original].cluster == found.clusters[copy].cluster
        )
        if kind in ("exact", "norm", "mask", "edited5", "edited15", "order"):
            assert together, kind
        if kind in ("embed", "compile", "reuse"):
            assert not together, kind


def test_the_holder_of_a_contained_speech_is_named(made: Corpus, found: Found) -> None:
    for original, copy, kind in made.truth:
        if kind in ("embed", "compile"):
            assert copy in found.contained_in[original]


def test_the_order_of_the_input_is_of_no_matter(made: Corpus, found: Found) -> None:
    documents = list(made.documents)
    random.Random(3).shuffle(documents)
    assert find(documents) == found


def test_spans_hold_the_same_text_on_both_sides(made: Corpus, found: Found) -> None:
    texts = dict(made.documents)
    for pair in found.pairs:
        if pair.relation == "exact":
            assert pair.spans == ((0, len(texts[pair.a]), 0, len(texts[pair.b])),)
        for a_start, a_end, b_start, b_end in pair.spans:
            assert 0 <= a_start < a_end <= len(texts[pair.a])
            assert 0 <= b_start < b_end <= len(texts[pair.b])
        if pair.relation in ("contains", "shares"):
            longest = max(pair.spans, key=lambda span: span[1] - span[0])
            ours, theirs = texts[pair.a][longest[0] : longest[1]], texts[pair.b][longest[2] : longest[3]]
            assert sum(char in theirs for char in ours) > 0.8 * len(ours)


def test_records_are_plain_rounded_and_in_order(found: Found) -> None:
    assert [(pair.a, pair.b) for pair in found.pairs] == sorted((pair.a, pair.b) for pair in found.pairs)
    for pair in found.pairs:
        record = pair.as_record()
        assert list(record) == [
            "a",
            "b",
            "relation",
            "jaccard",
            "containment_a",
            "containment_b",
            "edit_similarity",
            "spans",
            "conflicts",
        ]
        assert json.loads(json.dumps(record)) == record
        assert pair.a < pair.b
        assert record["jaccard"] == round(record["jaccard"], 4)


def test_another_hash_seed_changes_nothing(made: Corpus, found: Found, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "documents.json"
    path.write_text(json.dumps(made.documents[:80]), encoding="utf-8")
    code = (
        "import json, sys; from pipeline.duplicates import find\n"
        "found = find([tuple(one) for one in json.load(open(sys.argv[1], encoding='utf-8'))])\n"
        "print(json.dumps([[pair.as_record() for pair in found.pairs], {k: v.as_record() for k, v in found.clusters.items()}]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, str(path)], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "7")
    }
    assert len(outputs) == 1


def test_the_package_is_light_to_import(root: Path) -> None:
    code = "import sys, pipeline.duplicates; print('numpy' in sys.modules, 'rapidfuzz' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["False", "False"]


def test_width_punctuation_spaces_and_script_make_no_difference() -> None:
    text = "同志们：这次会议开得很及时，大家讨论了教育发展规划（草案），提出了许多宝贵意见。"
    traditional = "同志們:這次會議開得很及時,大家討論了教育發展規劃(草案),提出了許多寶貴意見。"
    pair = one(text, traditional)
    assert pair is not None
    assert pair.relation == "normalized"


def test_a_mask_agrees_with_any_value_and_two_values_are_in_conflict() -> None:
    text = SPEECH + "\n到{}年底，全县共有{}户农民住上了新房，这个数字来之不易。"
    masked, filled = (
        one(text.format("20xx", "××"), text.format("2016", "12,345")),
        one(text.format("2016", "310"), text.format("2017", "310")),
    )
    assert masked is not None
    assert (masked.relation, masked.conflicts) == ("normalized", ())
    assert filled is not None
    assert filled.relation == "near"
    (a_start, a_end, b_start, b_end) = filled.conflicts[0]
    assert len(filled.conflicts) == 1
    assert (text.format("2016", "310")[a_start:a_end], text.format("2017", "310")[b_start:b_end]) == ("2016", "2017")


def test_the_kept_digits_of_a_mask_count() -> None:
    text = SPEECH + "\n自{}年建校以来，一代又一代的老师在这里默默耕耘。"
    pair = one(text.format("20xx"), text.format("1998"))
    assert pair is not None
    assert [text.format("20xx")[a:b] for a, b, _, _ in pair.conflicts] == ["20xx"]


def test_numbers_of_a_list_are_no_values() -> None:
    lines = SPEECH.split("\n")
    one_text, two_text = ("\n".join([*lines, f"{number}. {lines[2]}"]) for number in (3, 4))
    pair = one(one_text, two_text)
    assert pair is not None
    assert pair.conflicts == ()


@pytest.mark.parametrize("text", ["", "。", "……\n", "同志们：", "谢谢大家！"])
def test_short_texts_are_near_nothing(text: str) -> None:
    assert one(text, SPEECH) is None
    assert one(text, text + "好") is None


def test_short_texts_that_are_the_same_are_the_same() -> None:
    pair = one("同志们：", "同志们：")
    assert pair is not None
    assert pair.relation == "exact"
    pair = one("同志们：", "同志们!")
    assert pair is not None
    assert pair.relation == "normalized"


def test_texts_without_a_word_are_never_duplicates() -> None:
    assert find([("a", ""), ("b", ""), ("c", "……"), ("d", "……")]) == Found()


def test_short_texts_with_different_values_are_no_pair() -> None:
    assert one("2016年", "2017年") is None


def test_many_copies_are_linked_to_the_smallest() -> None:
    documents = [(f"c{number:03d}", SPEECH + "！" * (number % 2)) for number in range(60)]
    found = find([*documents, ("z", SPEECH.replace("大家", "各位"))])
    inside = [pair for pair in found.pairs if pair.b != "z"]
    assert {pair.a for pair in inside} == {"c000"}
    assert len(inside) == 59
    assert [(pair.a, pair.b) for pair in found.pairs if pair.b == "z"] == [("c000", "z")]
    assert len({membership.cluster for membership in found.clusters.values()}) == 1
    assert len(found.clusters) == 61


def test_many_edited_copies_are_one_cluster() -> None:
    generator = Generator(21)
    speech = generator.speech(8)
    documents = [(f"e{number:03d}", "\n".join(generator.copy(speech, "edited5"))) for number in range(70)]
    found = find(documents)
    assert len(found.clusters) == 70
    assert len({membership.cluster for membership in found.clusters.values()}) == 1
    assert len(found.pairs) < 70 * 69 / 2


def test_the_canonical_has_the_fewest_masks_then_is_the_longest() -> None:
    masked = SPEECH.replace("年", "年xx")
    longer = SPEECH + "。"
    found = find([("a", masked), ("b", SPEECH), ("c", longer)])
    assert found.clusters["c"].canonical
    assert found.clusters["c"].of is None
    assert found.clusters["b"].of == "c"
    assert found.clusters["b"].relation == "normalized"


def test_a_clusters_id_depends_on_its_texts_alone() -> None:
    first = find([("a", SPEECH), ("b", SPEECH + "！"), ("c", OTHER)])
    second = find([("y", SPEECH), ("x", SPEECH + "！")])
    assert first.clusters["a"].cluster == second.clusters["x"].cluster
    assert set(first.clusters) == {"a", "b"}


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(JinggaoError, match="'a' stands twice"):
        find([("a", SPEECH), ("a", OTHER)])


@pytest.mark.parametrize(
    "changes",
    [{"nearness": 1}, {"near_jaccard": "0.5"}, {"near_jaccard": 2}, {"shingle": 0}, {"shingle": 3}, {"shingle": True}],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RulesError, match="duplicates:"):
        find([], changes)


def test_a_threshold_can_be_changed() -> None:
    copy = "\n".join(Generator(3).copy(SPEECH.split("\n"), "edited15"))
    assert find([("a", SPEECH), ("b", copy)]).pairs[0].relation == "near"
    strict = {"near_jaccard": 0.99, "near_parts": 0.99, "near_whole": 0.99, "near_edit": 0.99}
    assert {pair.relation for pair in find([("a", SPEECH), ("b", copy)], strict).pairs} <= {"contains", "shares"}


def test_a_paragraph_in_two_speeches_is_shared_where_it_stands() -> None:
    line = Generator(31).paragraph() + Generator(32).paragraph()
    a, b = f"{OTHER}\n{line}", f"{line}\n{SPEECH}"
    pair = one(a, b)
    assert pair is not None
    assert pair.relation == "shares"
    assert [(a[s:e], b[t:u]) for s, e, t, u in pair.spans] == [(line.rstrip("。"), line.rstrip("。"))]


def test_places_outside_the_basic_plane_are_counted_as_code_points() -> None:
    a, b = "𠀀😀" + SPEECH, SPEECH + "\n😀再会"
    pair = one(a, b)
    assert pair is not None
    (a_start, a_end, b_start, b_end) = pair.spans[0]
    assert a[a_start:a_end] == b[b_start:b_end]


def test_a_repeated_paragraph_is_found_in_its_places() -> None:
    line = Generator(41).paragraph() + Generator(42).paragraph()
    text = f"{line}\n{SPEECH}\n{line}"
    ((first_start, first_end, start, end),) = repeated(text)
    assert (first_start, first_end) == (0, len(line) - 1)
    assert text[start:end] == line[:-1]
    assert start > first_end


def test_a_speech_without_repetition_has_no_repeated_paragraph() -> None:
    assert repeated(SPEECH) == []
    assert repeated("") == []
    assert repeated("同志们：\n同志们：") == []


def test_an_explanation_names_figures_thresholds_and_places() -> None:
    text = SPEECH + "\n到{}年底，全县共有{}户农民住上了新房，这个数字来之不易，要倍加珍惜。"
    told = explain(text.format("2016", "310"), "开场白不一样。\n" + text.format("2017", "xx"))
    assert told.startswith("a: ")
    for part in ("near: ", "jaccard", "near from", "matching passages: 1", "开场白", "a 310", "b xx", "conflicts: 1", "b 2017"):
        assert part in told, part


@pytest.mark.parametrize(("a", "b", "said"), [
    (SPEECH, SPEECH, "exact: "), (SPEECH, SPEECH + "！", "normalized: "), (SPEECH, OTHER, "no relation: too little"),
    (SPEECH, "", "no relation: a text without"), (SPEECH, "同志们", "no relation: a text of fewer"),
    (SPEECH, SPEECH + "\n" + "\n".join(Generator(8).speech(30)), "contains: a in b"),
    ("2016年", "2017年", "no relation: too short"),
])  # fmt: skip
def test_an_explanation_says_the_relation(a: str, b: str, said: str) -> None:
    assert said in explain(a, b)


TEXTS = st.text(alphabet=st.one_of(st.sampled_from("天地人和年月日xX×*20169，。\n 　某Ａｂ會"), st.characters()), max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.randoms(use_true_random=False))
def test_any_texts_survive_and_their_order_is_of_no_matter(texts: list[str], chance: random.Random) -> None:
    documents = [(str(number), text * (1 + number % 3)) for number, text in enumerate(texts)]
    found = find(documents)
    chance.shuffle(documents)
    assert find(documents) == found
    for pair in found.pairs:
        assert pair.a < pair.b
    if texts:
        assert explain(texts[0], texts[-1])
        repeated(texts[0] * 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(KINDS))
def test_figures_are_the_same_from_both_sides(seed: int, kind: str) -> None:
    generator = Generator(seed)
    speech = generator.speech(5)
    copy = generator.copy(speech, kind)
    there, back = (
        find(list(zip("ab", order, strict=True))).pairs
        for order in (("\n".join(speech), "\n".join(copy)), ("\n".join(copy), "\n".join(speech)))
    )
    assert [(p.jaccard, p.containment_a, p.containment_b, p.edit_similarity) for p in there] == [
        (p.jaccard, p.containment_b, p.containment_a, p.edit_similarity) for p in back
    ]


def test_the_annotated_page(shared: Path) -> None:
    (page,) = (shared / "corpus").glob("*.txt")
    lines = page.read_text(encoding="utf-8").split("\n")
    gold = shared / "gold" / page.stem

    def rows(name: str) -> list[dict[str, object]]:
        return [json.loads(row) for row in (gold / name).read_text(encoding="utf-8").splitlines()]

    spans = [(int(str(row["first_line"])), int(str(row["last_line"]))) for row in rows("speeches.jsonl")]
    texts = {f"{first:04d}": "\n".join(lines[first : last + 1]) for first, last in spans}
    found = find(list(texts.items()))
    wanted = [row for row in rows("dups.jsonl") if row["level"] == "speech"]
    assert {(pair.a, pair.b) for pair in found.pairs} == {(f"{row['a'][0]:04d}", f"{row['b'][0]:04d}") for row in wanted}  # type: ignore[index]

    def place(line: int) -> tuple[str, int, int]:
        first = max(first for first, last in spans if first <= line <= last)
        start = sum(len(text) + 1 for text in lines[first:line])
        return f"{first:04d}", start, start + len(lines[line])

    passages = {(pair.a, pair.b): pair.spans for pair in found.pairs}
    paragraphs = [row for row in rows("dups.jsonl") if row["level"] == "paragraph"]
    hits = 0
    for row in paragraphs:
        (a, a_start, a_end), (b, b_start, b_end) = place(row["a"][0]), place(row["b"][0])  # type: ignore[index]
        matching = tuple(repeated(texts[a])) if a == b else passages.get((a, b), ())
        hits += any(s < a_end and a_start < e and t < b_end and b_start < u for s, e, t, u in matching)
    assert hits >= 0.95 * len(paragraphs)


def test_stock_sentences_alone_make_no_copy() -> None:
    generator = Generator(21)
    stock = ["".join(generator.sentence()[:-1] for _ in range(4)) + "。" for _ in range(3)]
    for count, relation in ((2, "shares"), (3, "shares")):
        speeches = []
        for paragraphs in (2, 2, 12):
            lines = [generator.paragraph() for _ in range(paragraphs)]
            for number, sentence in enumerate(stock[:count]):
                lines[number % paragraphs] = generator.sentence() + sentence + lines[number % paragraphs]
            speeches.append("\n".join(lines))
        for a, b in ((0, 1), (0, 2)):
            pair = one(speeches[a], speeches[b])
            assert pair is None or pair.relation == relation


def test_a_quotation_is_not_contained() -> None:
    """Nor is a heading; the explanation can be asked for again and again."""
    quoted = OTHER.split("\n")[2][:30]
    assert one(quoted + "。", OTHER) is None
    assert explain(quoted + "。", OTHER) == explain(quoted + "。", OTHER)


def test_paragraphs_replaced_one_for_one_make_a_template_and_no_copy() -> None:
    generator = Generator(31)
    speech = generator.speech(12)
    body = [number for number, line in enumerate(speech) if len(line) > 30]

    def changed(numbers: list[int], lines: list[str]) -> str | None:
        copy = [lines[numbers.index(number) % len(lines)] if number in numbers else line for number, line in enumerate(speech)]
        pair = one("\n".join(speech), "\n".join(line for line in copy if line))
        return pair.relation if pair else None

    made = (generator.paragraph() for _ in range(100))
    fresh = [line for line in made if not any(line[place : place + 12] in "".join(speech) for place in range(len(line) - 12))][
        :3
    ]
    assert changed(body[2:10:3], fresh) == "shares"
    assert changed(body[2:10:3], [""]) in ("near", "contains")
    assert changed(body[2:3], fresh) == "near"
    edited = [generator.copy([speech[number]], "edited30")[0] for number in body[2:10:3]]
    assert changed(body[2:10:3], edited) == "near"


@pytest.mark.parametrize(
    ("own", "other", "relation"),
    [
        # three lines have others in their places, some of which are too short to tell
        ("T#ABCDE", "TF+BCGE", "shares"),
        ("T#ABCDEF", "T#ABCDEG", "near"),  # one paragraph in eight
        ("TAB#CDEF", "TABCDEF", "near"),  # one is gone and none in its place
        ("T#ABCD#E", "U#ABCD#E", "near"),  # another title
        ("T#ABCD#E", "U#ABCD+E", "near"),  # and another word of thanks: too little of the text
    ],
)
def test_short_lines_fill_places_of_a_template_too(own: str, other: str, relation: str) -> None:
    chance = random.Random(5)

    def words(size: int) -> str:
        return "".join(chr(chance.randrange(0x4E00, 0x9F00)) for _ in range(size))

    lines = {sign: words(90) + "。" for sign in "ABCDEFG"}
    lines |= {"T": words(14), "U": words(15), "#": "同志们:", "+": "谢谢大家"}
    pair = one(*("\n".join(lines[sign] for sign in text) for text in (own, other)))
    assert pair is not None
    assert pair.relation == relation


@pytest.mark.parametrize(("shuffled", "relation"), [(False, "near"), (True, None)])
def test_single_sentences_make_a_copy_where_they_are_in_a_row(shuffled: bool, relation: str | None) -> None:
    """Half of a speech's sentences were rewritten, here and there; stock sentences may be as many, but come in any order."""
    chance = random.Random(3)

    def sentences(count: int, size: int) -> list[str]:
        return ["".join(chr(chance.randrange(0x4E00, 0x9F00)) for _ in range(size)) + "。" for _ in range(count)]

    def speech(kept: list[str]) -> str:
        return "\n".join(map("".join, zip(sentences(10, 20), kept, sentences(10, 20), strict=True)))

    kept = sentences(10, 36)
    pair = one(speech(kept), speech(kept[1::2] + kept[::2][::-1] if shuffled else kept))
    assert (pair and pair.relation) == relation
