"""Repair: mojibake, HTML entities and tags that leaked, invisible characters, spaces inside words.

Only damage that can be told with certainty is undone; what is lost (锟斤拷, U+FFFD) stays and is flagged. ftfy is not used: it
makes ד out of ×“ and straightens Chinese quotes. NFKC is not used: it breaks ① ㎡ ℃ Ⅲ.

>>> run("他说：&ldquo;好&rdquo;&nbsp;").text
'他说：“好” '
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from regex import Match

from pipeline.ledger import Ledger, Place
from pipeline.patterns import SPARSE, compiled, leading_class, matches_at
from pipeline.plausible import everyday_hanzi, plausibility
from pipeline.rulebook import Rule, Rulebook, StageRules, rules_for
from pipeline.signs import Signs, members
from pipeline.stages import Staged

NAME = "repair"


def run(text: str, rules: StageRules | Rulebook | None = None) -> Staged:
    """Undo damage that does not depend on what a line is.

    The rules act one after the other in the order of their file, each on the result of the one before; their edits are
    composed. Flags: ``mojibake-lost`` where irreversible damage stays in the text.

    >>> run("<p>第一段<br>第二段</p>").text
    '第一段\\n第二段\\n'
    >>> run("ä¸­å›½").text
    '中国'
    """
    known = rules_for(NAME, rules)
    signs, leads = _leads(known)
    ledger, spots = Ledger(), signs.spots(text)
    seen = frozenset(number for number, places in enumerate(spots) if places)
    for rule in known.of("replace", "drop"):
        lead = leads.get(rule.id)
        if lead is not None and lead not in seen:
            continue
        if lead is None:
            edits = Ledger.of(_edits(rule, rule.finditer(text)))
        else:
            spots = spots or signs.spots(text)
            edits = Ledger.of(_edits(rule, _matches(rule, text, spots[lead])))
        if edits:
            text = edits.apply(text)
            ledger = ledger.then(edits)
            seen, spots = seen | signs.seen("".join(kind.after for kind in edits.groups)), []
    return Staged(text, ledger, flags=flags(text, rules))


def _leads(rules: StageRules) -> tuple[Signs, dict[str, int]]:
    """The classes of characters with which rules' matches begin, and by a rule's id the number of its class."""
    leads: tuple[Signs, dict[str, int]] | None = rules.derived.get("leads")
    if leads is None:
        found = ((rule.id, leading_class(rule.pattern or "")) for rule in rules.of("replace", "drop") if not rule.needs)
        some = [(name, lead) for name, lead in found if lead and _PLAIN.fullmatch(lead)][: Signs.MOST]
        leads = rules.derived["leads"] = (
            Signs([members(re.compile(lead)) for _, lead in some]),
            {name: number for number, (name, _) in enumerate(some)},
        )
    return leads


_PLAIN = compiled(r"\[(?:[^\[\]\\&|~-]|\\(?:u[0-9A-F]{4}|[tnr])|(?<=[^\[])-(?=[^\]]))+\]")
"""A class that means the same to Python's re as to regex."""


def _matches(rule: Rule, text: str, places: Sequence[int]) -> Iterable[Match[str]]:
    """A rule's matches. places: where they may begin."""
    if len(places) * SPARSE > len(text):
        return rule.regex.finditer(text)
    return matches_at(rule.regex, text, places)


def flags(text: str, rules: StageRules | Rulebook | None = None) -> tuple[str, ...]:
    """Quality flags that this stage's rules give a text.

    >>> flags("这是锟斤拷的结果")
    ('mojibake-lost',)
    """
    found = (rule.params["flag"] for rule in rules_for(NAME, rules).of("flag") if next(rule.finditer(text), None))
    return tuple(dict.fromkeys(map(str, found)))


def demonstrate(text: str, rules: Rulebook) -> tuple[str, set[str]]:
    """What the stage makes of a text, and the rules that acted (flags count as acting)."""
    done = run(text, rules)
    acted = {rule for kind in done.ledger.groups for rule in kind.rules}
    acted |= {rule.name for rule in rules_for(NAME, rules).of("flag") if next(rule.finditer(done.text), None)}
    return done.text, acted


def _edits(rule: Rule, matches: Iterable[Match[str]]) -> Iterator[Place]:
    name = (rule.name,)
    if rule.action == "drop":
        for match in matches:
            yield match.start(), match[0], "", name
        return
    repair = _REPAIRS.get(rule.id)
    for match in matches:
        after = repair(match) if repair else match.expand(rule.params["replacement"])
        if after is not None and after != match[0]:
            yield match.start(), match[0], after, name


def _entity(token: str) -> str | None:
    """An entity's character; encoded twice or thrice (&amp;nbsp;) it takes as many steps."""
    for _ in range(4):
        token, before = html.unescape(token), token
        if token == before:
            break
    return None if "\r" in token or "\0" in token else token


def _sloppy_bytes(run_: str) -> bytes | None:
    """The bytes of a run of characters that were read as cp1252, its five undefined bytes as latin-1."""
    out = bytearray()
    for char in run_:
        try:
            out += char.encode("cp1252")
        except UnicodeEncodeError:
            if char > "\xff":
                return None
            out.append(ord(char))
    return bytes(out)


def _utf8_mojibake(run_: str) -> str | None:
    """UTF-8 that was read as cp1252 or latin-1. Accepted only if it decodes without an error and looks more Chinese."""
    data = _sloppy_bytes(run_)
    try:
        after = data.decode("utf-8") if data else None
    except UnicodeDecodeError:
        return None
    return after if after and "\0" not in after and plausibility(after) > plausibility(run_) else None


def _gbk_mojibake(run_: str) -> str | None:
    """GBK that was read as cp1252 or latin-1. Two bytes decode almost always, so every character must be an everyday one."""
    data = _sloppy_bytes(run_)
    try:
        after = data.decode("gb18030") if data else None
    except UnicodeDecodeError:
        return None
    everyday = everyday_hanzi()
    return after if after and all(char in everyday or char in "，。、；：？！“”（）《》" for char in after) else None


@lru_cache(maxsize=256)
def _unified(char: str) -> str:
    return unicodedata.normalize("NFKC", char)


_SENTENCE = compiled("[，。,;；]")
_RUN = compiled(r"\p{Han}+(?: {1,3}\p{Han}+)*+")


def _inner_space(match: Match[str]) -> str | None:
    """Nothing instead of a space between hanzi, unless it stands in a list or on a line that is no running text.

    A list has three or more pieces of two to four hanzi; of words that were torn apart a piece is a single hanzi, or longer.
    """
    text = match.string
    low = text.rfind("\n", 0, match.start()) + 1
    high = text.find("\n", match.end())
    if not _SENTENCE.search(text, low, high if high >= 0 else len(text)):
        return None
    before, after = _RUN.match(text[low : match.start()][::-1]), _RUN.match(text, match.end())
    pieces = f"{before[0][::-1] if before else ''} {after[0] if after else ''}".split()
    return None if len(pieces) > 2 and all(2 <= len(piece) <= 4 for piece in pieces) else ""


def _of_run(repair: Callable[[str], str | None]) -> Callable[[Match[str]], str | None]:
    return lambda match: repair(match[0])


_REPAIRS: dict[str, Callable[[Match[str]], str | None]] = {
    "entity": _of_run(_entity),
    "mojibake-utf8": _of_run(_utf8_mojibake),
    "mojibake-gbk": _of_run(_gbk_mojibake),
    "radical": _of_run(lambda run_: "".join(map(_unified, run_))),
    "inner-space": _inner_space,
}
"""Rules whose replacement is computed. Each takes what the pattern matched and gives what stood there, or None to leave it."""
