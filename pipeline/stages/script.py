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

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from pipeline.codes import codes_of
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
    return _run(text, _traditional(text, known), known)


def run_many(texts: Sequence[str], rules: StageRules | Rulebook | None = None) -> list[Staged]:
    """`run` over many texts at once; where none has a traditional character, one look tells.

    >>> [done.text for done in run_many(["各位來賓，同學們", "乾安县的同学们"])]
    ['各位来宾，同学们', '乾安县的同学们']
    """
    known = rules_for(NAME, rules)
    if not _traditional("".join(texts), known):
        return [Staged(text) for text in texts]
    return [_run(text, _traditional(text, known), known) for text in texts]


def _run(text: str, places: Sequence[int], known: StageRules) -> Staged:
    """`run`, where the places of the characters of TRAD are known."""
    if not places:
        return Staged(text)
    if _is_traditional(text, places, known):
        rule, after = known.by_id.get(WHOLE), to_simplified(text)
        pairs = [(place, text[place], after[place]) for place in _differences(text, after)]
    else:
        rule, found, after = known.by_id.get(STRAY), _strays(text, places, known), None
        pairs = [(place, text[place], _simplified(text[place])) for place in places if text[place] in found]
    if rule is None or not pairs:
        return Staged(text)
    ledger = _changes(pairs, rule.name)
    readings = known.by_id.get(PINYIN)
    found_readings = list(readings.finditer(text)) if readings else []
    if readings and found_readings:
        groups = dict(ledger.groups)
        for match in found_readings:
            groups.setdefault(Kind(match[0], "", (readings.name,)), []).append(match.start())
        ledger, after = Ledger(groups), None
    return Staged(ledger.apply(text) if after is None else after, ledger)


def _differences(one: str, other: str) -> list[int]:
    """The places at which two texts of the same length differ."""
    places: list[int] = (codes_of(one) != codes_of(other)).nonzero()[0].tolist()
    return places


def _changes(pairs: Iterable[tuple[int, str, str]], rule: str) -> Ledger:
    """The ledger of changes of one character for another, each with its place."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for place, one, other in pairs:
        kinds.setdefault((one, other), []).append(place)
    return Ledger({Kind(one, other, (rule,)): places for (one, other), places in kinds.items()})


def strays(text: str, rules: StageRules | None = None) -> frozenset[str]:
    """The traditional characters of a simplified text, if there are enough of them to be a conversion's traces.

    Characters that simplified text keeps in names (昇 of 毕昇; the set ``names`` of the rules) do not count.

    >>> sorted(strays("乾安县的同誌们，下麵开会")), strays("毕昇发明了活字")
    (['誌', '麵'], frozenset())
    """
    known = rules_for(NAME, rules)
    return _strays(text, _traditional(text, known), known)


def is_traditional(text: str, rules: StageRules | Rulebook | None = None) -> bool:
    """Whether a text is in traditional script, or was converted to it.

    >>> is_traditional("歷史與現實"), is_traditional("历史与现实"), is_traditional("著名的乾安县")
    (True, False, False)
    """
    known = rules_for(NAME, rules)
    return _is_traditional(text, _traditional(text, known), known)


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


def _traditional(text: str, rules: StageRules) -> list[int]:
    """The places of the characters of TRAD."""
    return _signs(rules).places(text, 0)


def _is_traditional(text: str, places: Sequence[int], rules: StageRules) -> bool:
    """Whether a text with characters of TRAD at these places is traditional."""
    return len(places) >= 2 and len(places) > len(_signs(rules).places(text, 1))


def _strays(text: str, places: Iterable[int], rules: StageRules) -> frozenset[str]:
    found = frozenset(text[place] for place in places).difference(rules.sets["names"])
    return found if len(found) >= STRAYS else frozenset()


@lru_cache(maxsize=1 << 14)
def _simplified(char: str) -> str:
    return to_simplified(char)


def _signs(rules: StageRules) -> Signs:
    """A table of TRAD and SIMP."""
    signs: Signs | None = rules.derived.get("signs")
    if signs is None:
        signs = rules.derived["signs"] = Signs([rules.settings[name] for name in ("traditional", "simplified")])
    return signs
