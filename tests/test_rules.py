"""Every rule does what it says of itself, and a rule file that cannot be used says why."""

import pickle
from pathlib import Path

import pytest

from pipeline.errors import RulesError
from pipeline.rulebook import Rule, default_rulebook, load_rulebook, rules_folder
from pipeline.rulesdoc import list_rules, rules_page, show_rule
from pipeline.selftest import find_faults, load_for_test, rule_faults

BOOK = default_rulebook()
RULES = list(BOOK)
RULE = """
[[rule]]
id = "stamp"
what = "A stamp goes."
why = "It is no word of the speech."
pattern = '盖章处'
action = "drop"
examples = [{ before = "盖章处好", after = "好" }]
keeps = ["盖章"]
"""


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_every_rule_does_what_it_says(rule: Rule) -> None:
    assert [str(fault) for fault in rule_faults(rule, BOOK)] == []


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_every_rule_says_what_it_does_and_why(rule: Rule) -> None:
    assert len(rule.what) > 10
    assert len(rule.why) > 5
    assert rule.examples or rule.action == "form"  # a form rule says what the code sees in a line's neighbours


def test_a_rulebook_reaches_a_worker_whole() -> None:
    sent = pickle.loads(pickle.dumps(BOOK))
    assert sent.digest == BOOK.digest
    assert [rule.regex.pattern for rule in sent] == [rule.regex.pattern for rule in BOOK]


def test_every_rule_file_compiles() -> None:
    BOOK.compile()
    assert len(RULES) > 50


def own(folder: Path, text: str, name: str = "repair.toml") -> Path:
    """A folder with one rule file."""
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("before", "after", "problem", "mend"),
    [
        ("'盖章处'", "'盖章处('", "does not compile", "mend the pattern"),
        ('action = "drop"', 'action = "delete"', "unknown action 'delete'", "use one of"),
        ("keeps =", "keep =", "unknown key 'keep'", "did you mean 'keeps'?"),
        ("why =", "# why =", "'why' is missing", "add why"),
        ("what =", "# what =", "'what' is missing", "add what"),
        ("pattern =", "# pattern =", "needs a pattern or literals", "add pattern"),
        ("'盖章处'", "'{{nowhere}}'", "'nowhere', which does not exist", "known sets are none"),
        ('after = "好"', 'then = "好"', "an example must be", "mend examples"),
        ('["盖章"]', '[""]', "keeps must be a list of texts", "mend keeps"),
        ('why = "It is no word of the speech."', "why = 3", "why is not of type str", "write why as str"),
    ],
)
def test_a_broken_rule_names_file_rule_problem_and_mend(
    tmp_path: Path, before: str, after: str, problem: str, mend: str
) -> None:
    assert before in RULE
    with pytest.raises(RulesError) as raised:
        load_rulebook(own(tmp_path, RULE.replace(before, after))).compile()
    message = str(raised.value)
    for part in (str(tmp_path / "repair.toml"), "'stamp'", problem, mend):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ("[[rule]\n", "repair.toml", "not TOML"),
        ("", "punctation.toml", "no stage 'punctation'"),
        ("[words]\n", "repair.toml", "unknown table 'words'"),
        ("[sets]\na = []\n", "repair.toml", "set 'a' must be a list of words"),
        ('[[rule]]\nid = "Big One"\n', "repair.toml", "rule 1 has the id 'Big One'"),
        (RULE + RULE, "repair.toml", "the id stands twice"),
    ],
)
def test_a_broken_rule_file_names_itself(tmp_path: Path, text: str, name: str, problem: str) -> None:
    with pytest.raises(RulesError, match=problem) as raised:
        load_rulebook(own(tmp_path, text, name))
    assert str(tmp_path / name) in str(raised.value)


def test_a_missing_or_empty_rules_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="no such rules folder"):
        load_rulebook(tmp_path / "nowhere")
    with pytest.raises(RulesError, match="no rule files in it"):
        load_rulebook(tmp_path)


def test_own_rules_are_added_replaced_and_removed(tmp_path: Path) -> None:
    book = load_rulebook(own(tmp_path, RULE))
    assert book.find("stamp").what == "A stamp goes."
    assert find_faults(book, [book.find("stamp")]) == []
    assert book.digest != BOOK.digest
    override = RULE.replace('"stamp"', '"invisible"')
    assert load_rulebook(own(tmp_path, override)).find("repair/invisible").pattern == "盖章处"
    removed = load_rulebook(own(tmp_path, RULE.replace('"stamp"', '"invisible"\nenabled = false')))
    assert len(list(removed)) == len(RULES) - 1
    with pytest.raises(RulesError, match="no rule 'repair/invisible'"):
        removed.find("repair/invisible")


def test_a_rule_that_does_not_do_what_it_says_is_told(tmp_path: Path) -> None:
    wrong = RULE.replace('after = "好"', 'after = "坏"').replace('["盖章"]', '["盖章处在左"]')
    book, rules = load_for_test([own(tmp_path, wrong) / "repair.toml"])
    assert [rule.name for rule in rules] == ["repair/stamp"]
    first, second = find_faults(book, rules)
    assert "becomes '好', the example says '坏'" in str(first)
    assert "must not act here" in str(second)
    assert str(tmp_path / "repair.toml") in str(first)


def test_an_example_that_comes_out_right_by_another_rule_is_told(tmp_path: Path) -> None:
    idle = RULE.replace('before = "盖章处好"', 'before = "同\u200b好"').replace('after = "好"', 'after = "同好"')
    book, rules = load_for_test([own(tmp_path, idle) / "repair.toml"])
    assert "comes out right, but by repair/invisible" in str(find_faults(book, rules)[0])


def test_one_of_the_own_rule_files_can_be_tested_alone() -> None:
    _, rules = load_for_test([rules_folder() / "script.toml"])
    assert {rule.stage for rule in rules} == {"script"}


def test_the_page_of_the_rules_names_them_all() -> None:
    page = rules_page(BOOK)
    for rule in RULES:
        assert f"### {rule.name}\n" in page
    assert page.endswith("\n")
    assert "{{" in page, "sets are named, not spelled out"


def test_a_rule_is_listed_on_one_line_and_shown_whole(tmp_path: Path) -> None:
    book = load_rulebook(own(tmp_path, RULE))
    lines = list(list_rules(book))
    assert len(lines) == len(RULES) + 1
    assert "repair/stamp\tdrop\tsafe\tA stamp goes." in lines
    shown = show_rule(book.find("stamp"), book)
    for part in ("repair/stamp", "why: It is no word", "pattern: 盖章处", "example: 盖章处好 → 好", "keeps: 盖章"):
        assert part in shown


def test_an_unknown_rule_gets_its_nearest_names() -> None:
    with pytest.raises(RulesError, match="did you mean repair/invisible"):
        BOOK.find("repair/invisibel")


def test_the_digest_depends_on_what_rules_say_and_not_on_what_they_were_asked(tmp_path: Path) -> None:
    path = own(tmp_path, RULE)
    asked = load_rulebook(path)
    for stage in asked.stages.values():
        for rule in stage:
            assert isinstance(rule.anchored, bool)
            assert rule.gate is None or rule.gate.pattern
    asked.compile()
    assert asked.digest == load_rulebook(path).digest
