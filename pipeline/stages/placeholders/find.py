"""The search itself: corruptions and special masks first, then mask tokens and their types, then holes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import Any, cast

import regex

from pipeline.patterns import compiled
from pipeline.rulebook import Rule
from pipeline.speech import Placeholder, PlaceholderKind
from pipeline.stages.placeholders.clear import clear_form
from pipeline.stages.placeholders.dates import Period, era, period
from pipeline.stages.placeholders.masks import Span, is_year_shaped, tokens
from pipeline.stages.placeholders.plan import ANY_MASK, BETWEEN, Plan, is_hole
from pipeline.stages.placeholders.searches import Formula, Found, Hit, Mark
from pipeline.stages.placeholders.tags import tagged

_LONG = compiled(r"[0-9]{2,}[^0-9.]{2,}[0-9]{2,}|0[^0-9.]{2,3}-[^0-9.]{6,8}|[0-9]{4,}[^0-9.]{4}|[^0-9.]{7,}[0-9]{0,4}")


class Clock:
    """When the speech was given; worked out only when a dated formula asks. said: the entries of which it has a word."""

    def __init__(self, text: str, said: Sequence[Mapping[str, Any]], plan: Plan, published: str | None) -> None:
        self._text, self._entries, self._plan, self._published = text, said, plan, published
        self._period: Period | None = None
        self._said: dict[str, str | None] = {}

    def says(self, name: str) -> str | None:
        """What the era table ``name`` has for the speech's time, or None where that is not certain."""
        if name not in self._said:
            if self._period is None:
                self._period = period(self._text, self._entries, self._published)
            self._said[name] = era(self._plan.settings["eras"], name, self._period)
        return self._said[name]


class Speeches:
    """Several speeches that are searched as one text (see `_joined`): which of them a place is in, and what is its time.

    published: of each its page's date. words: those by which speeches are dated, as the plan's searches have found them.
    """

    def __init__(
        self, texts: Sequence[str], plan: Plan, published: Sequence[str | None], words: Sequence[tuple[int, int]]
    ) -> None:
        self.texts = texts
        self.starts = [*accumulate((len(text) + len(BETWEEN) for text in texts[:-1]), initial=len(BETWEEN))]
        self._clocks: dict[int, Clock] = {}
        self._plan, self._published, self._words = plan, published, words

    def at(self, place: int) -> int:
        """The number of the speech that a place of the joined text is in."""
        return bisect_right(self.starts, place) - 1

    def clock(self, place: int) -> Clock:
        """The clock of the speech that a place is in."""
        number = self.at(place)
        if number not in self._clocks:
            entries = self._plan.settings.get("dating", ())
            said = [entries[entry] for entry in sorted(self._said.get(number, ()))]
            self._clocks[number] = Clock(self.texts[number], said, self._plan, self._published[number])
        return self._clocks[number]

    @cached_property
    def _said(self) -> Mapping[int, AbstractSet[int]]:
        """For each speech the entries of ``settings.dating`` of which it has a word."""
        said: defaultdict[int, set[int]] = defaultdict(set)
        for word, place in self._words:
            said[self.at(place)].add(self._plan.dating[word])
        return said

    def shares(self, found: Iterable[Placeholder]) -> list[tuple[Placeholder, ...]]:
        """What was found, sorted, for each speech, with places in that speech."""
        shares: list[list[Placeholder]] = [[] for _ in self.texts]
        for item in sorted(found, key=itemgetter(0, 1)):
            number = self.at(item.start)
            shift = self.starts[number]
            shares[number].append(
                Placeholder(
                    item.start - shift, item.end - shift, item.surface, item.kind, item.type, item.suggestion, item.rule
                )
            )
        return [tuple(share) for share in shares]


def _joined(texts: Sequence[str]) -> str:
    """Speeches as one text, each between two lines `BETWEEN`."""
    return "".join([BETWEEN, BETWEEN.join(texts), BETWEEN])


def find(text: str, plan: Plan, published: str | None) -> tuple[tuple[Placeholder, ...], set[str]]:
    """All placeholders of a text, sorted and disjoint, and the full names of the rules that acted."""
    (found,), acted = find_many([text], plan, [published])
    return found, acted


def find_many(
    texts: Sequence[str], plan: Plan, published: Sequence[str | None]
) -> tuple[list[tuple[Placeholder, ...]], set[str]]:
    """`find` over many texts at once, each with its page's date; the rules that acted are those of all."""
    if not texts:
        return [], set()
    text = _joined(texts)
    known = plan.searches.of(text)
    speeches = Speeches(texts, plan, published, known.words)
    acted: set[str] = set()
    taken = list(tagged(text))
    covered = {place for tag in taken for place in range(tag.start, tag.end)}
    holes: list[Hit] = []
    for mark, match in known.marks:
        if is_hole(mark):
            holes.append((mark, match))
            continue
        start, end = _span(match)
        if start < end and covered.isdisjoint(range(start, end)):
            covered.update(range(start, end))
            taken.append(_placeholder(text, (start, end), mark, match, speeches))
    masks = _masks(text, plan, covered, acted, speeches)
    named = [item for item in taken if item.type or not item.rule]
    untyped = [(item.start, item.end) for item in taken if item.rule and not item.type]
    rule_of = {(item.start, item.end): item.rule for item in taken if not item.type}
    spans = sorted(masks + untyped)
    found = named + _typed(text, spans, plan, speeches, rule_of)
    for start, end in spans:
        covered.update(range(start, end))
    found += _holes(text, known._replace(marks=holes), plan, covered, speeches)
    acted.update(item.rule for item in found if item.rule)
    acted.update(rule_of.values())
    acted.update(plan.families[text[start:end].strip(_KEPT)[0]].name for start, end in masks)
    shares = speeches.shares(found)
    if plan.clear is not None:
        shares = [_cleared(text, share, plan.clear, acted) for text, share in zip(texts, shares, strict=True)]
    return shares, acted


_NAMES = frozenset({"place", "person", "org", "name"})


def _cleared(text: str, found: tuple[Placeholder, ...], rule: Rule, acted: set[str]) -> tuple[Placeholder, ...]:
    """What was found in one speech, masked names with the clear form that the speech has for them elsewhere."""
    made = []
    surnames = frozenset(rule.params.get("data", {}).get("surnames", ""))
    for item in found:
        if item.kind == "mask" and item.type in _NAMES and item.suggestion is None and item.rule:
            named = item.type == "person" and text[item.start - 1 : item.start] in surnames
            value = clear_form(text, item.start, item.end, rule.regex, named=named)
            if value is not None:
                item = item._replace(suggestion=value, rule=rule.name)
                acted.add(rule.name)
        made.append(item)
    return tuple(made)


_KEPT = "0123456789０１２３４５６７８９一二两三四五六七八九十百千零.．:：- \u3000"


def _span(match: regex.Match[str]) -> Span:
    """Where the token stands that a mark rule found: its groups ``left``, ``span``, ``right``, or the whole match."""
    groups = match.re.groupindex
    start, end = match.span("span") if "span" in groups and match.start("span") >= 0 else match.span()
    if "left" in groups and match.start("left") >= 0:
        start = match.start("left")
    if "right" in groups and match.end("right") >= 0:
        end = match.end("right")
    return start, end


def _placeholder(text: str, span: Span, mark: Mark, match: regex.Match[str], speeches: Speeches) -> Placeholder:
    start, end = span
    params = mark.rule.params
    kind = cast("PlaceholderKind", params.get("kind", "elision"))
    surface = text[start:end]
    suggestion = _suggestion(surface, mark, match, start, speeches)
    return Placeholder(start, end, surface, kind, params["type"], suggestion, mark.rule.name)


def _suggestion(surface: str, mark: Mark, match: regex.Match[str], place: int, speeches: Speeches) -> str | None:
    if mark.gives is not None:
        return mark.gives
    params = mark.rule.params
    data = params.get("data", {})
    if "gives" in match.re.groupindex and match["gives"]:
        return match["gives"]
    if "era" in data:
        name = speeches.clock(place).says(data["era"])
        return name + data.get("tail", "") if name else None
    if "words" in data:
        return _word(surface, data["words"], data.get("lost", ""))
    if "gives" in data:
        return cast("str | None", data["gives"].get(surface))
    return cast("str | None", params.get("suggestion"))


def _word(damaged: str, words: Iterable[str], lost: str) -> str | None:
    """The one word of a list that a damaged word can have been: digits stand for ``lost``, or for one to three letters."""
    head, tail = regex.split(r"\d[0-9xX*×]*", damaged.lower(), maxsplit=1)
    around = [word for word in words if word.startswith(head) and word.endswith(tail)]
    if head + lost + tail in around:
        return head + lost + tail
    fits = [word for word in around if 0 < len(word) - len(head) - len(tail) <= 3]
    return fits[0] if len(fits) == 1 else None


def _masks(text: str, plan: Plan, covered: set[int], acted: set[str], speeches: Speeches) -> list[Span]:
    """The mask tokens that no other rule has taken and that are no look-alikes.

    A look-alike of a rule with ``data.yields`` is a mask all the same in a speech where its sign hides so many units elsewhere.
    """
    spans = tokens(text, plan.masks) if plan.masks else []
    if covered:
        spans = [span for span in spans if covered.isdisjoint(range(*span))]
    kept, doubtful = [], []
    for (start, end), rule in zip(spans, _look_alikes(text, spans, plan), strict=True):
        if rule is None:
            kept.append((start, end))
        elif "yields" in rule.params.get("data", {}):
            doubtful.append((start, end, rule))
        else:
            acted.add(rule.name)
    if not doubtful:
        return kept
    hidden = Counter((speeches.at(start), text[start]) for start, end in kept if text[end] in plan.plain)
    for start, end, rule in doubtful:
        if hidden[speeches.at(start), text[start]] >= rule.params["data"]["yields"]:
            kept.append((start, end))
        else:
            acted.add(rule.name)
    return sorted(kept)


def _look_alikes(text: str, spans: list[Span], plan: Plan) -> Iterator[Rule | None]:
    """For each mask token the rule by which it is none, or None."""
    if not spans:
        return
    windows = _windows(spans, len(text))
    near = _GAP.join([text[start:end] for start, end in windows])
    starts = [*accumulate((end - start + len(_GAP) for start, end in windows[:-1]), initial=0)]
    aside = _aside(near, windows, starts, plan)
    awake = plan.signs.awake(near, starts)
    done, last, window = 0, None, 0
    for start, end in spans:
        rule = last if start < done else None
        if rule is None:
            while windows[window][1] < end:
                window += 1
            done, last = _sign_aside(text, start, end, plan, awake[window])
            rule = last
        if rule is None and aside:
            rule = next((aside[place] for place in range(start, end) if place in aside), None)
        yield rule


def _sign_aside(text: str, start: int, end: int, plan: Plan, awake: AbstractSet[str]) -> tuple[int, Rule | None]:
    """Where the look-alike ends that begins with one of the signs of a token, and its rule; or 0 and None."""
    if text[end] in plan.plain and text[end - 1] in _PLAIN_SIGNS:
        return 0, None
    for place in range(start, end):
        found = plan.signs.match(text, place, awake)
        if found is not None and found[1].end() > place:
            return found[1].end(), found[0]
    return 0, None


_PLAIN_SIGNS = frozenset("xX×")
_REACH = 90
"""How far around a mask look-alikes are sought, in code points; more than any protect pattern reaches."""
_GAP = "\ufdd5"


def _aside(near: str, windows: list[Span], starts: list[int], plan: Plan) -> dict[int, Rule]:
    """The places around masks that protect rules match which begin elsewhere, each with its rule.

    near: the joined windows. starts: where each begins in it.
    """
    aside: dict[int, Rule] = {}
    for rule, pattern in plan.protect:
        if rule.might_match(near):
            for match in pattern.finditer(near):
                number = bisect_right(starts, match.start()) - 1
                shift = windows[number][0] - starts[number]
                aside.update(dict.fromkeys(range(match.start() + shift, match.end() + shift), rule))
    return aside


def _windows(spans: list[Span], size: int) -> list[Span]:
    """The stretches of text within reach of a mask, merged where they touch."""
    windows: list[Span] = []
    for start, end in spans:
        low, high = max(0, start - _REACH), min(size, end + _REACH)
        if windows and low <= windows[-1][1] + 1:
            windows[-1] = (windows[-1][0], high)
        else:
            windows.append((low, high))
    return windows


def _view(text: str, spans: list[Span]) -> tuple[str, list[int]]:
    """The text with one noncharacter for each mask, and where these stand; single spaces around a mask are left out."""
    pieces, places, done, size = [], [], 0, 0
    for start, end in spans:
        token = text[start:end]
        before = text[done:start]
        if before[-1:] in _SPACES and _PADDED.fullmatch(before[-2:]):
            before = before[:-1]
        if done and before[:1] in _SPACES and _PADS.match(before):
            before = before[1:]
        pieces.append(before)
        size += len(before)
        places.append(size)
        pieces.append(_sign(token))
        size += 1
        done = end
    rest = text[done:]
    pieces.append(rest[1:] if _PADS.match(rest) else rest)
    return "".join(pieces), places


_TENS = frozenset("一二三四五六七八九十")
_PADDED = compiled(r"[\p{Han}，。、；：“（(][ \u00a0]")
_PADS = compiled(r"[ \u00a0][\p{Han}%％]")
"""Spaces that converters put between Chinese characters and Latin ones or signs: 在 xx 县."""
_SPACES = (" ", "\u00a0")


@lru_cache(maxsize=1 << 12)
def _sign(token: str) -> str:
    if is_year_shaped(token):
        return ANY_MASK[4] if token == 4 * token[0] else ANY_MASK[1]
    if ":" in token or "：" in token:
        return ANY_MASK[2]
    if token[0] in _TENS and "十" in token:
        return ANY_MASK[5]
    return ANY_MASK[3] if _LONG.fullmatch(token) else ANY_MASK[0]


def _typed(text: str, spans: list[Span], plan: Plan, speeches: Speeches, rule_of: dict[Span, str]) -> list[Placeholder]:
    """Each mask with the type that its context tells; what no rule types is the host place, or ``other``."""
    if not spans:
        return []
    view, places = _view(text, spans)
    found, open_ = [], []
    with_place: set[int] = set()
    for span, place in zip(spans, places, strict=True):
        told = plan.types.match(view, place)
        surface = text[span[0] : span[1]]
        if told is None:
            open_.append(span)
            continue
        rule = told[0]
        type_ = rule.params["type"]
        if type_ == "place":
            with_place.add(speeches.at(span[0]))
        data = rule.params.get("data", {})
        suggestion = speeches.clock(span[0]).says(data["era"]) if "era" in data else rule.params.get("suggestion")
        found.append(Placeholder(span[0], span[1], surface, "mask", type_, suggestion, rule.name))
    for span in open_:
        surface = text[span[0] : span[1]]
        if plan.host is not None and speeches.at(span[0]) in with_place:
            found.append(Placeholder(span[0], span[1], surface, "mask", plan.host.params["type"], None, plan.host.name))
        else:
            name = rule_of.get(span) or plan.families[surface.strip(_KEPT)[0]].name
            found.append(Placeholder(span[0], span[1], surface, "mask", "other", None, name))
    return found


def _holes(text: str, known: Found, plan: Plan, covered: set[int], speeches: Speeches) -> list[Placeholder]:
    """The silent deletions, one at a place. Rules with a condition (``data.after``) wait for what the others found.

    known: formulas and matches of rules for holes.
    """
    found: dict[int, Placeholder] = {}
    _take(text, known, covered, speeches, found)
    if '"' in text:
        quotes = [(match.start(), match.end()) for match in _QUOTE.finditer(text)]
        for low, high in _windows(quotes, len(text)):
            _take(text, plan.straight_holes.of(text, low, high), covered, speeches, found)
    if plan.late_holes:
        _late(text, plan, covered, speeches, found)
    return list(found.values())


_QUOTE = re.compile('"')


def _take(text: str, holes: Found, covered: set[int], speeches: Speeches, found: dict[int, Placeholder]) -> None:
    """Take into ``found`` the holes at places that are still free."""
    for formula, start in sorted(holes.formulas, key=_longest_first):
        place = start + formula.hole
        if _is_free(place, covered, found):
            mark = formula.mark
            found[place] = Placeholder(place, place, "", "elision", mark.rule.params["type"], mark.gives, mark.rule.name)
    for mark, match in holes.marks:
        place = match.start("hole")
        if _is_free(place, covered, found):
            found[place] = _placeholder(text, (place, place), mark, match, speeches)


def _longest_first(found: tuple[Formula, int]) -> int:
    """Of two formulas with a hole at one place the longer one says what was there."""
    return -len(found[0].literal)


def _is_free(place: int, covered: set[int], found: dict[int, Placeholder]) -> bool:
    """Whether no rule has found a hole there and the place does not lie inside a mask."""
    return place not in found and not (place in covered and place - 1 in covered)


def _late(text: str, plan: Plan, covered: set[int], speeches: Speeches, found: dict[int, Placeholder]) -> None:
    """The holes that are certain only where the speech has others, more of them than of the whole word."""
    lost_by: defaultdict[str, Counter[int]] = defaultdict(Counter)
    awaited = {rule for mark, *_ in plan.late_holes for rule in mark.rule.params["data"]["after"]}
    for item in found.values():
        rule = item.rule.partition("/")[2]
        if rule in awaited:
            lost_by[rule][speeches.at(item.start)] += 1
    for mark, pattern, sign in plan.late_holes:
        data = mark.rule.params["data"]
        lost: Counter[int] = Counter()
        for rule in data["after"]:
            lost.update(lost_by[rule])
        for number, count in lost.items():
            speech = speeches.texts[number]
            if sign in speech and count >= data.get("least", 1) and count > speech.count(data["kept"]):
                low = speeches.starts[number]
                for match in pattern.finditer(text, low, low + len(speech) + 1):
                    place = match.start("hole")
                    if _is_free(place, covered, found):
                        found[place] = _placeholder(text, (place, place), mark, match, speeches)
                        lost_by[mark.rule.id][number] += 1
