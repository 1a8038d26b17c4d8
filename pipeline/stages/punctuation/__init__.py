"""Punctuation to the national standards: GB/T 15834-2011, GB/T 15835-2011 and GB/T 9704-2012.

The rules are in ``rules/punctuation.toml``, each with its clause; this package only applies them. Every rule looks at the text
as it came, a place belongs to the first rule that claims it (those that protect addresses, numbers, code and English stand
first), all edits are made at once, and lines in which more than plain width changed are looked at again until no rule finds
anything: ``run(run(x).text)`` changes nothing. That rests on the rules marked ``calm`` being so; the property tests watch
over it, and no rule counts as calm where rules of a user stand among ours.

>>> run("同志们:今年1-5月,完成投资12。6亿元...").text
'同志们：今年1—5月，完成投资12.6亿元……'
>>> lint("好,真好!")
[Finding(line=1, column=2, rule='punctuation/comma', before=',', after='，'), \
Finding(line=1, column=5, rule='punctuation/exclamation', before='!', after='！')]
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from pipeline.ledger import Ledger
from pipeline.rulebook import Rulebook, StageRules, rules_for
from pipeline.stages import Staged
from pipeline.stages.punctuation.passes import Outcome, settle
from pipeline.stages.punctuation.plan import PROFILE, plan

__all__ = ["PROFILE", "Finding", "demonstrate", "lint", "run", "run_many"]


class Finding(NamedTuple):
    """One thing that `lint` found. line and column are 1-based, the column counts code points."""

    line: int
    column: int
    rule: str
    before: str
    after: str


def run(
    text: str,
    rules: StageRules | Rulebook | None = None,
    *,
    protect: Sequence[tuple[int, int]] = (),
    profile: str = PROFILE,
) -> Staged:
    """Bring a text's punctuation to the standards. Paragraphs are separated by line feeds.

    rules: the rules of this stage, or a rulebook; the package's own where None. protect: spans (code points, sorted) in which
    nothing may change, such as placeholders; only a × with its quotation mark that was damaged to a Hebrew letter is repaired
    in them too. profile: which groups of rules act (``[settings] profiles`` of the rule file).

    Raises RulesError where there is no such profile.

    >>> run("报名电话:0571-8866,联系人:张　三").text
    '报名电话：0571-8866，联系人：张　三'
    >>> run("好,真好", protect=[(1, 2)]).text
    '好,真好'
    """
    outcome = _settle(text, rules, protect, profile)
    return Staged(outcome.text, Ledger(outcome.groups))


def run_many(
    texts: Sequence[str],
    rules: StageRules | Rulebook | None = None,
    *,
    protect: Sequence[Sequence[tuple[int, int]]] = (),
) -> list[Staged]:
    """`run` over many texts at once, which is several times faster for short ones: every rule is tried once for all.

    protect: for each text its protected spans; may be left out. The answer is the same as that of `run` for each text.

    >>> [done.text for done in run_many(["好,真好!", "No. 1,很好"])]
    ['好，真好！', 'No. 1，很好']
    """
    protect = protect or [()] * len(texts)
    joined = _BETWEEN.join(texts)
    if len(texts) < 2 or "```" in joined or joined.count(_BETWEEN) >= len(texts):  # a code fence reaches over lines
        return [run(text, rules, protect=spans) for text, spans in zip(texts, protect, strict=True)]
    starts = [0, *accumulate(len(text) + len(_BETWEEN) for text in texts)]
    spans = [(low + start, high + start) for start, own in zip(starts, protect, strict=False) for low, high in own]
    outcome = _settle(joined, rules, spans, PROFILE)
    ledger = Ledger(outcome.groups)
    return [
        Staged(after, ledger.within(start, start + len(text)))
        for text, after, start in zip(texts, outcome.text.split(_BETWEEN), starts, strict=False)
    ]


_BETWEEN = "\n\ufdd6\n"
"""A line with a noncharacter, which no rule touches and over which no quotation goes on."""


def lint(
    text: str,
    rules: StageRules | Rulebook | None = None,
    *,
    protect: Sequence[tuple[int, int]] = (),
    profile: str = PROFILE,
) -> list[Finding]:
    """What `run` would change, in the order of the text; empty where there is nothing to do.

    >>> lint("好，真好！")
    []
    """
    found = []
    for start, before, after, names in run(text, rules, protect=protect, profile=profile).ledger:
        line_start = text.rfind("\n", 0, start) + 1
        found.append(Finding(text.count("\n", 0, start) + 1, start - line_start + 1, "+".join(names), before, after))
    return found


def demonstrate(text: str, rules: StageRules | Rulebook | None = None, *, profile: str = "strict") -> tuple[str, set[str]]:
    """What the stage makes of a text, and the full names of the rules that acted: those that protected a place as well.

    The profile is the one in which every rule acts, so that unsafe rules can show their examples too.

    >>> demonstrate("共3,600元")
    ('共3,600元', {'punctuation/thousands'})
    """
    outcome = _settle(text, rules, (), profile)
    return outcome.text, outcome.acted


def _settle(text: str, rules: StageRules | Rulebook | None, protect: Sequence[tuple[int, int]], profile: str) -> Outcome:
    return settle(text, plan(rules_for("punctuation", rules), profile), protect)
