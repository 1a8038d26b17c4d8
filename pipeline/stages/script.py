"""Script (简繁): text in traditional script, or converted to it and back, becomes simplified.

OpenCC's t2s maps one character to one, so offsets survive; its tw2s and tw2sp damage or reword simplified text and are never
used. Even t2s harms 16 characters of simplified text (乾安县 → 干安县), so a whole text is converted only if it is traditional:

    TRAD = characters that t2s changes and GB 2312 lacks; SIMP = characters that s2t changes and Big5 lacks;
    a text is traditional if it has at least two of TRAD, and more of TRAD than of SIMP.

In simplified text in which a conversion left traces (同誌, 下麵, 係統) only the characters of TRAD themselves are converted.

>>> run("各位來賓，同學們").text
'各位来宾，同学们'
>>> run("乾安县的同誌们，下麵开会").text
'乾安县的同志们，下面开会'
>>> run("乾安县的同学们").text
'乾安县的同学们'
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pipeline.ledger import Kind, Ledger
from pipeline.rulebook import Rulebook, StageRules, rules_for
from pipeline.signs import Signs
from pipeline.stages import Staged

NAME = "script"
WHOLE, STRAY, PINYIN = "traditional", "stray", "glued-pinyin"

STRAYS = 2
"""Different traditional characters that a simplified text must have before they count as traces of a conversion."""


def run(text: str, rules: StageRules | Rulebook | None = None) -> Staged:
    """Convert a traditional text to simplified script, and traces of a conversion in a simplified one.

    Every change is one character for one, but for readings that an automatic conversion glued on, 領(lǐng): these go.

    >>> list(run("這個系統很好").ledger)[0]
    (0, '這', '这', ('script/traditional',))
    """
    known = rules_for(NAME, rules)
    traditional, _, signs = _signs(known)
    if not signs.seen(text) or traditional.search(text) is None:
        return Staged(text)
    if is_traditional(text, known):
        rule, after = known.by_id.get(WHOLE), to_simplified(text)
        places = [place for place, (one, other) in enumerate(zip(text, after, strict=True)) if one != other]
    else:
        rule, table = known.by_id.get(STRAY), {ord(char): to_simplified(char) for char in strays(text, known)}
        after = text.translate(table) if table else text
        places = [match.start() for match in traditional.finditer(text) if ord(match[0]) in table]
    if rule is None or not places:
        return Staged(text)
    ledger = _changes(text, after, places, rule.name)
    readings = known.by_id.get(PINYIN)
    found = list(readings.finditer(text)) if readings else []
    if readings and found:
        groups = dict(ledger.groups)
        for match in found:
            groups.setdefault(Kind(match[0], "", (readings.name,)), []).append(match.start())
        ledger = Ledger(groups)
        after = ledger.apply(text)
    return Staged(after, ledger)


def _changes(text: str, after: str, places: list[int], rule: str) -> Ledger:
    """The ledger of a change that is one character for one throughout."""
    groups: dict[Kind, list[int]] = {}
    kinds: dict[tuple[str, str], list[int]] = {}
    for place in places:
        pair = text[place], after[place]
        if pair not in kinds:
            groups[Kind(*pair, (rule,))] = kinds[pair] = []
        kinds[pair].append(place)
    return Ledger(groups)


def strays(text: str, rules: StageRules | None = None) -> frozenset[str]:
    """The traditional characters of a simplified text, if there are enough of them to be a conversion's traces.

    Characters that simplified text keeps in names (昇 of 毕昇; the set ``names`` of the rules) do not count.

    >>> sorted(strays("乾安县的同誌们，下麵开会")), strays("毕昇发明了活字")
    (['誌', '麵'], frozenset())
    """
    known = rules_for(NAME, rules)
    found = frozenset(_signs(known)[0].findall(text)) - set(known.sets["names"])
    return found if len(found) >= STRAYS else frozenset()


def is_traditional(text: str, rules: StageRules | Rulebook | None = None) -> bool:
    """Whether a text is in traditional script, or was converted to it.

    >>> is_traditional("歷史與現實"), is_traditional("历史与现实"), is_traditional("著名的乾安县")
    (True, False, False)
    """
    traditional, simplified, _ = _signs(rules_for(NAME, rules))
    marks = len(traditional.findall(text))
    return marks >= 2 and marks > len(simplified.findall(text))


def to_simplified(text: str) -> str:
    """The text through OpenCC's t2s, whatever its script; always as long as it was.

    >>> to_simplified("同誌們，下麵開會")
    '同志们，下面开会'
    """
    simplified: str = _converter("t2s").convert(text)
    if len(simplified) != len(text):
        return "".join(one if len(one) == 1 else char for char in text for one in [_converter("t2s").convert(char)])
    return simplified


def convert(text: str, rules: StageRules | Rulebook | None = None) -> str:
    """A short text that belongs to a traditional one, such as its title: converted whatever its own script.

    >>> convert("在統計座談會(huì)上的發言")
    '在统计座谈会上的发言'
    """
    readings = rules_for(NAME, rules).by_id.get(PINYIN)
    return to_simplified(readings.regex.sub("", text) if readings else text)


def demonstrate(text: str, rules: Rulebook) -> tuple[str, set[str]]:
    """What the stage makes of a text, and the rules that acted."""
    done = run(text, rules)
    return done.text, {rule for kind in done.ledger.groups for rule in kind.rules}


@lru_cache(maxsize=2)
def _converter(name: str) -> Any:
    import opencc  # loads dictionaries: only where there is something to convert

    return opencc.OpenCC(name)


def _signs(rules: StageRules) -> tuple[re.Pattern[str], re.Pattern[str], Signs]:
    """TRAD and SIMP as classes, since re finds one of so many characters far faster than regex does; and a table of TRAD."""
    signs: tuple[re.Pattern[str], re.Pattern[str], Signs] | None = rules.derived.get("signs")
    if signs is None:
        traditional, simplified = (re.compile(f"[{rules.settings[name]}]") for name in ("traditional", "simplified"))
        signs = rules.derived["signs"] = traditional, simplified, Signs([traditional])
    return signs
