"""The documentation that is made from the rules is the one that the rules make."""

from pathlib import Path

from pipeline.rulebook import default_rulebook
from pipeline.rulesdoc import rules_page


def test_the_page_of_the_rules_is_up_to_date(root: Path) -> None:
    written = (root / "docs" / "rules.md").read_text(encoding="utf-8")
    assert written.rstrip("\n") == rules_page(default_rulebook()).rstrip("\n"), "run make docs"
