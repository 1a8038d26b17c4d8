"""Whether what recurs is furniture: by its words, by where it stands and by on how many pages it does.

The thresholds and words are those of ``rules/learn.toml``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.recurring import DIGITS, LEAD, LINE_KINDS, Key, Side, Sighting, Stand
from pipeline.rulebook import StageRules
from pipeline.stages._lines import letters

_OUTLINE = re.compile(
    r"[(第【\[]{0,2}[一二三四五六七八九十\d]{1,3}[、.)篇章节条点】\] ]|篇[一二三四五六七八九十\d]|[一二三四五六七八九十\d]+$"
)
_DATE_WORDS = frozenset("年月日号时分秒星期一二三四五六七八九十第页共")


@dataclass(slots=True)
class Tally:
    """What is known of a key: the units in which it was seen, by where it stood, and so on."""

    stands: dict[Stand, set[int]] = field(default_factory=dict)
    sides: Counter[Side] = field(default_factory=Counter)
    known: int = 0
    seen: int = 0
    forms: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)

    @property
    def units(self) -> int:
        """In how many units it was seen."""
        return len(set().union(*self.stands.values()))

    def share(self, *stands: Stand) -> float:
        """Share of the units in which it stood so, and not otherwise."""
        others: set[int] = set().union(*(units for stand, units in self.stands.items() if stand not in stands))
        return 1.0 - len(others) / max(1, self.units)


@dataclass(frozen=True, slots=True)
class Learned:
    """Something that was judged to be furniture. pages: on how many pages it stands. page: the first of them."""

    key: Key
    side: Side
    pages: int
    page: str
    folder: str
    forms: tuple[str, ...]


def judge(tallies: Mapping[Key, Tally], rules: StageRules, sites: Mapping[str, int]) -> list[Learned]:
    """What is furniture among what recurs, in the order of kind, side, folder and text.

    rules: those of the stage ``learn``. sites: how many pages each folder has.
    """
    lines = {key: tally for key, tally in tallies.items() if key.kind in LINE_KINDS and is_furniture(key, tally, rules, sites)}
    wide = {key for key, tally in lines.items() if key.kind in ("digits", "lead")}
    chosen = {key: tally for key, tally in lines.items() if key in wide or not _covered(key, wide)}
    chosen = {key: tally for key, tally in chosen.items() if key.kind != "digits" or not _lead_of(key.text, wide)}
    chosen.update((key, tallies[key]) for key in _phrases(tallies, rules))
    learned = [
        Learned(key, _side(tally), len(tally.pages), min(tally.pages), _folder(tally.pages), tuple(sorted(tally.forms)[:3]))
        for key, tally in chosen.items()
    ]
    return sorted(learned, key=lambda one: (one.key.kind, one.side, one.folder, one.key.text))


def is_furniture(key: Key, tally: Tally, rules: StageRules, sites: Mapping[str, int] | None = None) -> bool:
    """Whether a recurring line is furniture: by its words, by where it stands and by how often.

    sites: how many pages each folder has.

    >>> from pipeline.rulebook import default_rulebook
    >>> own = default_rulebook()["learn"]
    >>> is_furniture(Key("line", "青苗文稿馆欢迎您"), Tally({"away": {1, 2, 3, 4, 5}}, seen=5), own)
    True
    >>> is_furniture(Key("line", "谢谢大家!"), Tally({"edge": set(range(50))}, seen=50), own)
    False
    """
    settings: Mapping[str, Any] = rules.settings
    size: int = len(letters(key.text))
    of_site, voice = has(key.text, rules, "site"), has(key.text, rules, "voice")
    units: int = tally.units
    few = units < settings["pages"] or tally.known >= settings["known"] * tally.seen
    if size < 2 or few or _OUTLINE.match(key.text):
        return False
    if len(tally.stands.get("fixed", ())) > settings["speech_line"] * units or (voice and not of_site):
        return False
    if len(tally.stands.get("title", ())) > settings["speech_line"] * units and units < settings["pages_plain"]:
        return False
    outside = tally.share("away", "title") >= settings["outside"]
    edge = tally.share("away", "title", "edge") >= settings["edge"]
    everywhere = edge and not voice and not _may_open_or_close(key.text, rules) and _is_everywhere(tally, settings, sites or {})
    if key.kind == "digits":
        fixed = [char for char in letters(key.text) if not char.isdigit() and char not in _DATE_WORDS]
        return (outside or everywhere) and not voice and len(fixed) >= 3 and len(tally.forms) >= settings["forms"]
    if key.kind == "lead":
        speaker = has(key.text, rules, "speaker")
        return ((outside and edge) or everywhere) and not speaker and len(tally.forms) >= settings["forms"]
    if key.kind == "head" and len(tally.forms) > 1:
        return False
    if outside or everywhere:
        return of_site or key.text[-1] not in "。!?" or units >= int(settings["pages_plain"])
    if voice or not has(key.text, rules, "advert" if key.text[-1] in "。!?" else "site"):
        return False
    return edge or (key.kind == "line" and units >= int(settings["pages_inside"]))


def _may_open_or_close(text: str, rules: StageRules) -> bool:
    """Whether a line may be a speech's first or last words: a greeting, a call, a few words with a stop, a signature."""
    few = text[-1] in "。?;" and len(letters(text)) < 8
    return few or text[-1] in ":!,~" or text.endswith(rules.sets["signature"])


def _is_everywhere(tally: Tally, settings: Mapping[str, Any], sites: Mapping[str, int]) -> bool:
    """Whether something stands on most pages of a folder: stock sentences don't."""
    if tally.units < settings["pages_plain"]:
        return False
    found = Counter(map(folder_of, tally.pages))
    least: float = settings["site_share"]
    return any(
        count >= settings["pages_plain"] and count >= least * sites.get(folder, count) for folder, count in found.items()
    )


def has(text: str, rules: StageRules, words: str) -> bool:
    """Whether one of a set's words stands in a text."""
    return any(word in text for word in rules.sets[words])


def _covered(key: Key, wide: set[Key]) -> bool:
    """Whether a learned pattern finds the line too."""
    return Key("digits", DIGITS.sub("0", key.text)) in wide or _lead_of(key.text, wide)


def _lead_of(text: str, wide: set[Key]) -> bool:
    lead = LEAD.match(text)
    return lead is not None and lead.end() < len(text) and Key("lead", lead[0]) in wide


def _phrases(tallies: Mapping[Key, Tally], rules: StageRules) -> list[Key]:
    """Phrases inside paragraphs that are furniture."""
    settings = rules.settings
    chosen = [key for key, tally in tallies.items() if key.kind == "tail" and _is_tail(key, tally, rules)]
    starts: dict[str, list[Key]] = {}
    for key, tally in tallies.items():
        if key.kind == "phrase" and tally.units >= settings["pages_inside"] and tally.known < settings["known"] * tally.seen:
            starts.setdefault(key.text[:4], []).append(key)
    for found in starts.values():
        chosen += _longest(sorted(found, key=lambda key: (len(key.text), key.text)), tallies, rules)
    return chosen


def _is_tail(key: Key, tally: Tally, rules: StageRules) -> bool:
    settings = rules.settings
    if has(key.text, rules, "voice") or len(letters(key.text)) < 3 or tally.known >= settings["known"] * tally.seen:
        return False
    if has(key.text, rules, "advert" if key.text[-1] in "。!?;”" else "site"):
        return tally.units >= int(settings["pages"])
    return key.text[-1] not in "。!?;”)" and tally.units >= int(settings["pages_plain"])


def _longest(found: Sequence[Key], tallies: Mapping[Key, Tally], rules: StageRules) -> Iterator[Key]:
    """Of beginnings of one another the one that goes on no further in the same way."""
    share, limit = rules.settings["phrase_share"], rules.settings["phrase"]
    ends: set[str] = set()
    for key in found:
        units, text = tallies[key].units, key.text
        if len(text) >= limit:  # it may go on
            continue
        longer = [other for other in found if len(other.text) == len(text) + 1 and other.text.startswith(text)]
        if any(tallies[other].units >= share * units for other in longer):
            continue
        bare = text.rstrip()
        before = [other for other in found if len(other.text) < len(text) and text.startswith(other.text)]
        first = max((tallies[other].units for other in before), default=units)
        if units < share * first or bare in ends or len(letters(bare)) < 5:
            continue
        if has(bare, rules, "advert") and not has(bare, rules, "voice"):
            ends.add(bare)
            yield key


def _side(tally: Tally) -> Side:
    side, times = min(tally.sides.items(), key=lambda item: (-item[1], item[0]), default=("between", 0))
    return side if times >= 0.95 * tally.seen else "between"


def _folder(pages: set[str]) -> str:
    """The folder that holds all of some pages, "" for several."""
    folders = set(map(folder_of, pages))
    return folders.pop() if len(folders) == 1 else ""


def folder_of(page: str) -> str:
    """The folder of a page's path, "" for none.

    >>> folder_of("a/b/1.txt")
    'a/b'
    """
    return page.rpartition("/")[0]


def gather(tallies: dict[Key, Tally], path: str, seen: Sequence[Sighting], most: int) -> None:
    """Add what was seen on one page to the tallies; where they are more than ``most`` the rarest half of that number goes."""
    for one in seen:
        tally = tallies.setdefault(one.key, Tally())
        tally.stands.setdefault(one.stand, set()).add(one.unit)
        tally.sides[one.side] += 1
        tally.known += one.known
        tally.seen += 1
        tally.pages.add(path)
        if len(tally.forms) < 16:
            tally.forms.add(one.form)
    if len(tallies) > most:
        rare = sorted(tallies, key=lambda key: (tallies[key].seen, key))[: most // 2]
        for key in rare:
            del tallies[key]
