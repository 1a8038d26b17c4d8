"""Where one speech ends and the next begins: from labelled lines to drafts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from regex import Match

from pipeline.page import SPOKEN, Block, Draft
from pipeline.patterns import compiled
from pipeline.rulebook import Rule
from pipeline.stages._habits import changed
from pipeline.stages._plan import Hit, Plan
from pipeline.stages._titles import SESSION

_ADDRESS = compiled(r"\s*(?:尊敬的|敬爱的|亲爱的)?(?:(?:各位|全体)[^\n。!?;:]{1,30}|[\p{Han}、,]{1,16}们)(?=[,:!])")
_PEOPLE = compiled(r"[\s,、和]|尊敬的|敬爱的|亲爱的|各位|全体|们")
_TOO_SHORT, _SHORT, _REST = 60, 24, 80
"""Code points: what a speech has at least before another one begins, the same behind thanks, and what the other one has."""
_MUCH = 4
"""How many times as long as what follows an address a speech is from where on that is rather its end than another one."""
_SIGNED = compiled(
    r"(?:述职|竞聘|汇报|承诺|申请|倡议|发言|演讲|报告|应聘)(?:人|者) ?:[^\n。!?]{1,16}"
    r"|[\dxX×*〇零一二三四五六七八九]{2,4} ?年[^\n。,]{1,4}月[^\n。,]{1,4}日"
)
"""Whose speech it was, or its date."""
_STOP, _WORDS = compiled(r"[,:!。\n]"), 60
"""What ends a form of address, and the code points at a paragraph's beginning among which it is looked for."""
_JOINS = ("及", "和", "与", "暨", "、", " ")
_POLITE, _HEAD = compiled(r"^(?:各位|尊敬的|敬爱的|亲爱的)+"), 6
"""What a form of address may begin with, and the blocks at a speech's beginning among which its first one stands."""
_TWO_OCCASIONS = compiled(r"典礼[和及与暨、]\p{Han}{0,10}典礼|仪式[和及与暨、]\p{Han}{0,10}仪式")
_FORMAL = ("尊敬", "敬爱", "亲爱", "各位")
_THRESHOLD, _CHANGED = 3.0, 1.0
"""Evidence from which a line without a title above it begins a new speech (`_begins`), and what other habits add to it."""


@dataclass(slots=True)
class Cues:
    """Numbers of the lines that speak for the beginning or the end of a speech."""

    address: frozenset[int] = frozenset()
    vocative: frozenset[int] = frozenset()
    opening: frozenset[int] = frozenset()
    greeting: frozenset[int] = frozenset()
    farewell: frozenset[int] = frozenset()
    call: frozenset[int] = frozenset()
    outline: Mapping[int, bool] = field(default_factory=dict)


def find_cues(hits: Sequence[Sequence[Hit]], plan: Plan) -> Cues:
    """The cues that rules with action ``cue`` find; ``outline`` says of each 一、二、… line whether it is the first.

    hits: what the plan's rules found in each line.
    """
    found: dict[str, set[int]] = {}
    outline: dict[int, bool] = {}
    names = [str(rule.params["cue"]) for rule in plan.cues]
    for number, own in enumerate(hits):
        for index, _, one in reversed(own):
            if index < len(plan.voices):
                break
            name = names[index - len(plan.voices)]
            if name == "outline":
                outline[number] = one
            else:
                found.setdefault(name, set()).add(number)
    return Cues(outline=outline, **{name: frozenset(numbers) for name, numbers in found.items()})


def clean_title(text: str, view: str, drops: Sequence[Rule]) -> str | None:
    """A title without the marks that rules with action ``drop`` know, or None where nothing else is left."""
    rules = [rule for rule in drops if rule.might_match(view)]
    start, end = 0, len(text)
    bare, changed = "", bool(rules)
    while changed:
        changed = False
        for rule in rules:
            if end - start != len(bare):
                inside = view[start:end]
                bare = inside.strip()
                if not bare:
                    return None
                start += len(inside) - len(inside.lstrip())
                end = start + len(bare)
            for match in _matches(rule, bare):
                low, high = match.span()
                if low < high and low == 0:
                    start, changed = start + high, True
                    break
                if low < high == len(bare):
                    end, changed = start + low, True
                    break
    return _once(text[start:end].strip()) or None


def _matches(rule: Rule, line: str) -> Iterable[Match[str]]:
    """A rule's matches in one line: an anchored pattern has one at its beginning or none."""
    if not rule.anchored:
        return rule.regex.finditer(line)
    match = rule.regex.match(line)
    return () if match is None else (match,)


def _once(title: str) -> str:
    """A title that is printed twice in one line once; of a collection's title and a speech's the speech's.

    >>> _once("在年会上的讲话 在年会上的讲话"), _once("年会讲话范文 2019年会讲话"), _once("在年会 开幕式上的讲话")
    ('在年会上的讲话', '2019年会讲话', '在年会 开幕式上的讲话')
    """
    first, _, second = title.partition(" ")
    if len(second) >= 6 and (first == second or (first.endswith("范文") and second.endswith(first[-4:-2]))):
        return second
    half = len(title) // 2
    return title[:half] if half >= 6 and title[:half] == title[half:] else title


def join_titles(blocks: Sequence[Block], titles: dict[int, str | None], text: str, view: str, drops: Sequence[Rule]) -> None:
    """Let the lines of a title that is broken over several have the whole of it.

    text, view, drops: the page, and what `clean_title` needs.
    """
    parts: dict[int, list[int]] = {}
    for number in sorted(titles):
        above = _above(number, blocks)
        if above not in titles:
            continue
        one, two = blocks[above], blocks[number]
        first, second = (titles[n] or text[blocks[n].start : blocks[n].end].strip() for n in (above, number))
        if not _goes_on(one, two, first, second):
            continue
        parts[number] = run = [*parts.get(above, [above]), number]
        shown, seen = ("".join(page[blocks[n].start : blocks[n].end].strip() for n in run) for page in (text, view))
        joined = clean_title(shown, seen, drops)
        titles.update(dict.fromkeys(run, joined))


def _above(number: int, blocks: Sequence[Block]) -> int:
    """The block above a title; above a subtitle that the page's meta lines part from the page's title, that title."""
    above = number - 1
    while above > 0 and blocks[above].label == "page_meta":
        above -= 1
    return above if above >= 0 and blocks[above].label == "page_title" else number - 1


def _goes_on(one: Block, two: Block, first: str, second: str) -> bool:
    """Whether a line with a title goes on with the one above it. first, second: the two titles."""
    split = "labels/split-title" in (one.rule, two.rule)
    if second.startswith("—") or (split and SESSION.match(second)):
        return True
    if one.label != two.label or not split:
        return False
    kind = len(second) <= 4 and not first.endswith(second)
    return kind or ("在" in first and second[0] != "在") or first.startswith("关于")


def find_drafts(
    blocks: Sequence[Block],
    titles: Mapping[int, str | None],
    cues: Cues,
    view: str,
    genres: Sequence[str] = (),
    text: str | None = None,
) -> list[Draft]:
    """The speeches of a page, in order.

    titles: for each block with a title's label its cleaned title. genres: names of kinds of speeches, to see that a title names
    two of them. text: what the view was made of, where it is at hand. A speech runs from its first spoken block to the last one
    before the next title or before a line that begins another speech by itself.
    """
    drafts: list[Draft] = []
    title: str | None = None
    first = last = -1
    outline = 0
    addressed = cues.address | cues.greeting
    for number, (_, _, label, _, _) in enumerate(blocks):
        if label == "speech_title":
            if first >= 0:
                drafts.append(Draft(first, last + 1, title))
                first, title = -1, None
            title = titles.get(number) or title
        elif label in SPOKEN:
            if (
                first >= 0
                and (label == "salutation" or number in addressed or _may_follow(number, blocks, cues, last))
                and _begins(number, blocks, cues, view, first, last, outline, _names_two(title, genres), text or view)
            ):
                drafts.append(Draft(first, last + 1, title))
                first, title = -1, None
            if first < 0:
                first, outline = number, 0
            last = number
            outline += number in cues.outline
    if first >= 0:
        drafts.append(Draft(first, last + 1, title))
    return drafts


def _names_two(title: str | None, genres: Sequence[str]) -> bool:
    """Whether a title names two speeches: two kinds of speeches, or two occasions, with a word that joins them."""
    if title is None or not any(word in title for word in _JOINS):
        return False
    parts = [part for join in _JOINS for part in title.split(join)[:-1]]
    return any(part.endswith(tuple(genres)) for part in parts) or _TWO_OCCASIONS.search(title) is not None


def _may_follow(number: int, blocks: Sequence[Block], cues: Cues, last: int) -> bool:
    """Whether a spoken line that addresses nobody is worth a closer look: the one before may have been a speech's last."""
    return blocks[last].label == "closing" or last in cues.farewell or _behind_hidden(number, blocks)


def _begins(
    number: int, blocks: Sequence[Block], cues: Cues, view: str, first: int, last: int, outline: int, two: bool, text: str
) -> bool:
    """Whether a spoken line inside a speech begins another one: the sum of what speaks for it and against it.

    two: the speech's title names two speeches.
    """
    spoken = [n for n in range(first, number) if blocks[n].label in SPOKEN]
    size = sum(blocks[n].end - blocks[n].start for n in spoken)
    if size < (_SHORT if _over(last, blocks) else _TOO_SHORT) or all(blocks[n].label == "salutation" for n in spoken[-3:]):
        return False
    if _behind_hidden(number, blocks):
        another = two and not _second_salutation(number, blocks)
        if another or _other_audience(number, blocks, view, first):
            return True
    following = [n for n in range(number, min(len(blocks), number + 40)) if blocks[n].label in SPOKEN]
    score = _address(number, blocks, cues, view, first, last) + _ending(last, blocks, cues)
    score += 1.0 if two else 0.0
    opened = any(n in cues.opening or n in cues.greeting for n in following[:3])
    score += 1.2 if opened else 0.0
    score += 1.5 if outline >= 2 and _outline_again(following, cues) else 0.0
    score -= 0.3 if not two and _again(number, blocks, view, first, last) else 0.0
    score += _broken(number, last, blocks, view)
    score -= 4.0 if view[blocks[last].start : blocks[last].end].rstrip()[-1:] in (":", ",") else 0.0
    if blocks[last].label != "closing":
        rest = _rest(number, blocks, max(_REST, size))
        score -= 1.5 if rest < _REST else 0.5 if rest * _MUCH < size and not opened else 0.0
    if not _THRESHOLD - _CHANGED <= score < _THRESHOLD:  # the habits of a text are dear to find
        return score >= _THRESHOLD
    return changed(text[blocks[first].start : blocks[last].end], text[blocks[number].start : _end(number, blocks)])


def _broken(number: int, last: int, blocks: Sequence[Block], view: str) -> float:
    """What the edges say: a signature or a date ends a speech; a line that begins with a comma has lost its beginning."""
    signed = _SIGNED.fullmatch(view[blocks[last].start : blocks[last].end].strip()) is not None
    lost = blocks[last].label == "closing" and view[blocks[number].start : blocks[number].end].lstrip()[:1] in (",", "、")
    return (1.5 if signed else 0.0) + (3.0 if lost else 0.0)


def _end(number: int, blocks: Sequence[Block]) -> int:
    """Where the last block before the next title ends."""
    title = next((n for n in range(number, len(blocks)) if blocks[n].label == "speech_title"), len(blocks))
    return blocks[title - 1].end


def _address(number: int, blocks: Sequence[Block], cues: Cues, view: str, first: int, last: int) -> float:
    """What a line's form of address says: nothing of the kind speaks against a new speech, a full salutation most for it."""
    block = blocks[number]
    words = view[block.start : block.end].strip(" 。,")
    salutation = block.label == "salutation" and (words.endswith(":") or blocks[last].label == "closing")
    if not salutation and number in cues.vocative:
        over = _over(last, blocks) or last in cues.farewell
        if over or (blocks[last].label == "closing" and _other_people(number, blocks, view, first)):
            return 1.5
    if not salutation and number not in cues.address and number not in cues.greeting:
        return (
            -0.5
            if _over(last, blocks) and block.label == "body"
            else -1.0
            if blocks[last].label == "closing" and block.label == "body"
            else -3.0
        )
    full = salutation and (words.startswith(_FORMAL) or "、" in words or "," in words)
    own = view[blocks[first].start : blocks[first].end].strip(" 。,")
    other = salutation and blocks[first].label == "salutation" and not _share(words, own)
    again = words == own and len(words) > 6
    return 2.4 + (0.8 if full else 0.0) + (0.7 if other else 0.0) - (0.5 if again else 0.0)


def _again(number: int, blocks: Sequence[Block], view: str, first: int, last: int) -> bool:
    """Whether a shorter salutation behind a paragraph names those again whom the speech's first one names (各位乡亲：)."""
    head = next((n for n in range(first, min(first + _HEAD, number)) if blocks[n].label == "salutation"), None)
    if head is None or blocks[last].label != "body":
        return False
    words, own = (_POLITE.sub("", view[blocks[n].start : blocks[n].end].strip(" 。,:")) for n in (number, head))
    return len(words) < len(own) and _share(words, own)


def _other_people(number: int, blocks: Sequence[Block], view: str, first: int) -> bool:
    """Whether a paragraph addresses two kinds of people or more, none of whom the speech's first line addresses."""
    words, own = (_STOP.split(view[blocks[n].start : blocks[n].start + _WORDS], maxsplit=1)[0] for n in (number, first))
    return "、" in words and not _share(words, own)


def _share(words: str, own: str) -> bool:
    """Whether two forms of address name the same people."""
    return any(word in own for word in _PEOPLE.split(words.rstrip(":")) if len(word) >= 2)


def _ending(last: int, blocks: Sequence[Block], cues: Cues) -> float:
    """What the line before says: thanks and the announcement of the end most, a call a little."""
    if _over(last, blocks):
        return 2.5
    if blocks[last].label == "closing" or last in cues.farewell:
        return 1.5
    return 0.7 if last in cues.call else 0.0


def _over(last: int, blocks: Sequence[Block]) -> bool:
    return blocks[last].rule in ("labels/closing-thanks", "labels/closing-end")


def _rest(number: int, blocks: Sequence[Block], enough: int) -> int:
    """How much is still spoken from a block to the next title; it is not counted further than what is enough."""
    size = 0
    for block in blocks[number:]:
        if block.label == "speech_title" or size > enough:
            break
        if block.label in SPOKEN:
            size += block.end - block.start
    return size


def _behind_hidden(number: int, blocks: Sequence[Block]) -> bool:
    return number > 0 and blocks[number - 1].rule == "boilerplate/hidden-middle"


def _second_salutation(number: int, blocks: Sequence[Block]) -> bool:
    """Whether a closing and a salutation right behind it follow before the next title."""
    before = ""
    for block in blocks[number:]:
        if block.label == "speech_title":
            break
        if before == "closing" and block.label == "salutation":
            return True
        if block.label in SPOKEN:
            before = block.label
    return False


def _other_audience(number: int, blocks: Sequence[Block], view: str, first: int) -> bool:
    """Whether the paragraphs behind a gap address people of whom the speech before it does not speak."""
    before = view[blocks[first].start : blocks[number - 1].start]
    for block in blocks[number : number + 12]:
        if block.label == "speech_title":
            break
        address = _ADDRESS.match(view, block.start, block.end) if block.label in SPOKEN else None
        if address is not None:
            people = [word for word in _PEOPLE.split(address[0]) if len(word) >= 2]
            return bool(people) and not any(word in before for word in people)
    return False


def _outline_again(following: Sequence[int], cues: Cues) -> bool:
    marks = [cues.outline[n] for n in following if n in cues.outline]
    return bool(marks) and marks[0]
