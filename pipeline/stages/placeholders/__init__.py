"""Finds what scraping, anonymising and blind rules left in a speech: masks, damaged tokens and silent deletions.

By default the text stays as it is and the placeholders say where and what; with ``tag=True`` they are written into it as
reversible tags (see `pipeline.stages.placeholders.tags`).

>>> found = run("20xx年,县人大会组成人员走访了xx户,党的以来").placeholders
>>> [(item.surface, item.kind, item.type, item.suggestion) for item in found]
[('20xx', 'mask', 'year', None), ('', 'elision', 'term', '常委'), ('xx', 'mask', 'count', None), ('', 'elision', 'term', None)]
>>> run("20xx年", tag=True).text
'⟦mask:year|20xx⟧年'
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.ledger import EMPTY
from pipeline.rulebook import Rulebook, StageRules, rules_for
from pipeline.stages import Staged
from pipeline.stages.placeholders.find import find, find_many
from pipeline.stages.placeholders.plan import plan_of
from pipeline.stages.placeholders.tags import tag_of, tagged, untag, write

__all__ = ["demonstrate", "run", "run_many", "tag_of", "tagged", "untag"]


def run(text: str, rules: StageRules | Rulebook | None = None, *, published: str | None = None, tag: bool = False) -> Staged:
    """Find the placeholders of one speech.

    text: one speech, or any text; both ASCII and full-width punctuation may occur. published: the page's ISO 8601 date, an
    upper bound for the time of dated formulas. tag: write the placeholders into the text.

    The placeholders are sorted by (start, end) and disjoint; text[start:end] is the surface, or with ``tag`` its tag. Tags
    that already stand in the text are kept and returned with the rule ``""``.
    """
    found, _ = find(text, plan_of(rules_for("placeholders", rules)), published)
    if not tag:
        return Staged(text, EMPTY, found)
    return Staged(*write(text, found))


def run_many(
    texts: Sequence[str],
    rules: StageRules | Rulebook | None = None,
    *,
    published: Sequence[str | None] = (),
    tag: bool = False,
) -> list[Staged]:
    """`run` over many texts at once, which is several times faster for short ones: every rule is tried once for all.

    published: for each text its page's date; may be left out. The answer is the same as that of `run` for each text: what
    depends on a whole speech is decided for each apart.

    >>> [len(done.placeholders) for done in run_many(["20xx年x月", "全县xx户", "好"])]
    [2, 1, 0]
    """
    shares, _ = find_many(texts, plan_of(rules_for("placeholders", rules)), published or [None] * len(texts))
    if not tag:
        return [Staged(text, EMPTY, found) for text, found in zip(texts, shares, strict=True)]
    return [Staged(*write(text, found)) for text, found in zip(texts, shares, strict=True)]


def demonstrate(text: str, rules: StageRules | Rulebook | None = None) -> tuple[str, set[str]]:
    """The tagged text, and the full names of all rules that acted, those that put a look-alike aside included.

    >>> demonstrate("做一张20*20的图,共x张")
    ('做一张20*20的图,共⟦mask:count|x⟧张', {...})
    """
    found, acted = find(text, plan_of(rules_for("placeholders", rules)), None)
    return write(text, found)[0], acted
