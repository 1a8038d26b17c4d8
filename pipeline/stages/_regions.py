"""What a line's place on the page says: above the first speech, below the last one, among titles, among lines like it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from regex import Match

from pipeline.patterns import compiled
from pipeline.stages._evidence import Evidence, title_key
from pipeline.stages._lines import letters

_HEAD = 24
"""Lines at a page's top among which its title is looked for."""
_HEADED, _ENTRY, _ENTRIES = 12, 60, 60
"""Code points of a table of contents' heading and of its longest line, and the lines that it has at most."""
_FIGURES = "一二三四五六七八九十"
_COUNT_ENDS = frozenset(_FIGURES + "0123456789)")
_COUNTED = compiled(r"(?<stem>[^\n。!?;,]{5,38}?) ?[(]?(?<number>\d{1,2}|[一二三四五六七八九十])[)]?$")
_ENUMERATED = compiled(
    r"^(?:\d{1,2} ?[.、]|[一二三四五六七八九十]{1,3} ?、|\([一二三四五六七八九十\d]{1,3}\)|"
    r"第[一二三四五六七八九十\d]{1,3}篇 ?[:、]) ?(?=\S)"
)
_PAGED = compiled(r"[ .·…_-]*\d{1,4}$")
_NUMBER = compiled(
    r"(?:第|篇|文|例|[稿话言辞词章][(【]?|^[(【]?) ?(?<number>\d{1,3}|[一二三四五六七八九十百]{1,4})(?:篇|[)】:、. ]|$)"
)
_LONE_NUMBER = compiled(r"(?<number>\d{1,2}|[一二三四五六七八九十]{1,2})")
_FIRST = ("1", "一")
_ASKING = frozenset({"labels/page-title-forum", "labels/page-title-question"})
"""Rules for titles of pages that are no speech's: the first title below them is one."""
_ADDRESSED = compiled(r"(?:尊敬|敬爱|亲爱)的|各位|诸位|大家好|\p{Han}{1,6}们[,:!、]")
_NAMES_TEXTS = compiled(r"(?:讲话|发言|致[辞词]|演讲|主持|材料|文稿|公文|范文|作文|稿|篇)(?!(?:大全)?(?:网|库|站|频道))")
_NAME = compiled(r"\p{Han}[\p{Han} ·、]{3,23}")
_FURNISHED = compiled(r"[|>»_&<#]|\(\d+\)$|[a-zA-Z]{2}|网$|网 |文库|素材|收藏|打印|字号|分享|评论|^[\d .,:/-]+$")
_LISTED = compiled(
    r"讲话|发言|致[辞词]|演讲|主持|[稿词辞]$|范文|总结|报告|心得|体会|作文|方案|计划|倡议|公告|通知|标语|祝福|文案|合同|制度|申请|材料|文章|文库|"
    r"[>★»|]|^[·•]|\d{2}-\d{2}|网|下载|登录|注册|评论|分享|首页|关于|联系|更多|回复|楼|推荐|精彩|阅读|举报|收藏|复制|资源|资料|声明|地图|链接|微信|QQ|公众号"
)
_SITE = compiled(
    r"文档|文件|文库|下载|上传|预览|会员|VIP|积分|金币|充值|客服|版权|侵权|本站|网站|网友|用户|登录|注册|付费|免费|资源|转载|收藏|点击|链接|"
    r"二维码|公众号|微信|QQ|邮箱|投稿|浏览|打印|账号|帐号|举报|删除|全文|Word|word|PDF|pdf|APP|App|客户端|网络|原作者|免责|水印|资料|著作权|所有权|权益|侵犯|模板|范文|素材|楼主|回帖|站长|在看"
)
_STOP = compiled(r"[。!?;]")
_POSTED = frozenset({"boilerplate/comment", "boilerplate/forum", "boilerplate/question-answer"})
"""Rules for the line above a reply: who wrote it, and when."""
_COMMENTED = frozenset({"boilerplate/comments", "labels/site-words"})
_SHOWN, _NEAR = 20, 8
"""Code points of a text that a list shows, and lines in which other furniture stands above its title."""
_REPLY = 160
"""Code points of the longest line that may be a reply by its place."""
_SPEAKER = compiled(r"我们|咱们|同志|同学|各位|乡亲|群众|我(?![要想的]?[下注登搜])|谢谢|企业|工作|今年|明年|去年")
_SAMPLES = compiled(r"[讲发演主致][话言讲持辞]稿|主持词|范文|例文|文稿|稿子|文章|素材|模板|[几\d一二三四五六七八九十]篇")
_OFFERED = compiled(r"写作|撰写|起草|[怎如]么?何?写|参考|借鉴|阅读|整理|搜集|收集|小编|网友|用到|使用|欢迎|推荐|分享|范本|格式")
_ASKED = compiled(r"[^。!;]{2,60}(?:讲话|发言|致[辞词]|演讲|主持|[稿词辞]|开场白)[^。!;]{0,30}[?!]{1,3}")
_GLUED = compiled(
    r"(?:(?:尊敬|敬爱|亲爱)的|各位|诸位|\p{Han}{1,6}们)[^\n。!?;:]{0,48}(?::|[,!](?:大家|早上|上午|下午|晚上|你们)好)|大家好[,!。]"
)
_HOW_TO = compiled(r"怎么写|如何写|怎样写|写法|格式|写作(?:技巧|要求|方法|指导)|附范文")


def weigh_places(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Add to the lines' scores what their places say. settings: the table ``score`` of the labels' settings."""
    collection = _first_by(evidence, "page_title", "labels/page-title-collection")
    _by_contents(evidence, settings, collection)
    _by_marked_again(evidence, settings)
    _by_count(evidence, settings, collection)
    _by_portal(evidence, settings)
    _by_first(evidence, settings)
    _by_preview(evidence, settings)
    _by_second_title(evidence, settings)
    _by_preamble(evidence, settings)
    _by_repetition(evidence, settings)
    _by_head(evidence, settings)
    _by_preface(evidence, settings)
    _by_replies(evidence, settings)
    _by_shown_texts(evidence, settings)
    _by_tail(evidence, settings)
    _by_middle(evidence, settings)


def _by_contents(evidence: Evidence, settings: Mapping[str, Any], collection: int | None) -> None:
    """The lines of a table of contents, each of which stands once more below it, and the titles that they name.

    A speech may have a table of its own headings: they have outline numbers below it too, or name no kind of speech.
    """
    head = _contents_head(evidence, collection)
    if head is None:
        return
    texts = [evidence.text(n) if line.size <= _ENTRY else "" for n, line in enumerate(evidence.lines)]
    places = {letters(text): n for n, text in enumerate(texts)}
    named: list[int] = []
    for number in range(head + 1, min(head + 1 + _ENTRIES, len(texts))):
        entry = texts[number]
        place = places.get(letters(entry), number) if entry else number
        if entry and place == number:
            place = places.get(letters(_PAGED.sub("", entry)), number)
        own = place != number and evidence.ruled(number, "heading") >= 3.0
        if entry and place == number:
            place = places.get(letters(_PAGED.sub("", _ENUMERATED.sub("", entry, count=1))), number)
        if place == number or own:
            break
        named.append(place)
    listed = range(head + 1, head + 1 + len(named))
    if len(named) < 2 or min(named) in listed or not any(_entitles(evidence, n) for n in named):
        return
    for number, place in zip(listed, named, strict=True):
        for state in ("speech_title", "page_title", "heading"):
            evidence.scores[number].pop(state, None)
            evidence.rules[number].pop(state, None)
        evidence.add(number, "intro", settings["preview"], "boilerplate/contents")
        if evidence.ruled(place, "speech_title") < settings["again"]:
            evidence.add(place, "speech_title", settings["again"], "labels/title-again")


def _contents_head(evidence: Evidence, collection: int | None) -> int | None:
    """The line above a table of contents: its heading, or a collection's title with numbered lines right below it.

    collection: the line of the collection's title.
    """
    head = _first_by(evidence, "intro", "boilerplate/contents")
    if head is not None:
        return head if evidence.lines[head].size <= _HEADED else None
    if collection is None or collection + 2 >= len(evidence.lines):
        return None
    return collection if all(_ENUMERATED.match(evidence.text(n)) for n in (collection + 1, collection + 2)) else None


def _entitles(evidence: Evidence, number: int) -> bool:
    """Whether a line is a speech's title for some rule, or the motto above one that begins with a dash."""
    if evidence.ruled(number, "speech_title") >= 3.0:
        return True
    below = number + 1
    return below < len(evidence.lines) and evidence.ruled(below, "speech_title") >= 1.5 and evidence.text(below)[0] == "—"


def _first_by(evidence: Evidence, state: str, rule: str) -> int | None:
    """The first line at the page's top for which a rule is the one that says most for a state."""
    return next((number for number in range(min(_HEAD, len(evidence.lines))) if evidence.rule(number, state) == rule), None)


def _by_marked_again(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Below a numbered title (第二篇：…) the same title without its number."""
    for number, rules in enumerate(evidence.rules[:-1]):
        if "speech_title" not in rules or rules["speech_title"][0] < 5.0:
            continue
        title, below = evidence.lines[number], evidence.lines[number + 1]
        if 4 <= below.size <= title.size and evidence.view[below.right - 1] == evidence.view[title.right - 1]:
            again = letters(evidence.text(number + 1))
            if len(again) >= 4 and letters(evidence.text(number)).endswith(again):
                evidence.add(number + 1, "speech_title", settings["again"], "labels/title-again")


def _by_count(evidence: Evidence, settings: Mapping[str, Any], head: int | None) -> None:
    """The collection's title with a number behind it, counting up from one and with text below: titles of no known genre."""
    if head is None:
        return
    title, again, view = evidence.text(head), settings["again"], evidence.view
    counted: dict[str, list[int]] = {}
    ends = [n for n, (_, _, left, right) in enumerate(evidence.lines) if right > left and view[right - 1] in _COUNT_ENDS]
    for number in ends:
        line = evidence.lines[number]
        if not 6 <= line.size <= 40 or evidence.ruled(number, "speech_title") >= again:
            continue
        found = _COUNTED.match(view, line.left, line.right)
        stem = "" if found is None else letters(found["stem"])
        if found is None or len(stem) < 6 or stem[-4:] not in title:
            continue
        group = counted.setdefault(stem, [])
        if found["number"] in (str(len(group) + 1), _FIGURES[len(group) % 10]) and not (group and number - group[-1] < 2):
            group.append(number)
    for group in counted.values():
        for number in group if len(group) > 1 else ():
            evidence.add(number, "speech_title", again, "labels/title-again")


def _by_portal(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Sentences in which a portal speaks of itself among its furniture above the first salutation or numbered title."""
    numbers = range(min(60, len(evidence.lines)))
    top = next((n for n in numbers if evidence.ruled(n, "salutation") >= 3.0 or evidence.ruled(n, "speech_title") >= 5.0), 0)
    for above in range(top):
        if evidence.lines[above].size <= settings["loose_size"] or evidence.set_apart(above):
            continue
        near = any(evidence.set_apart(n) for n in range(max(0, above - 2), min(above + 3, top)))
        if near and _speaks_of_site(evidence, above):
            evidence.add(above, "intro", settings["site_words"], "labels/site-words")


def limit_page_titles(evidence: Evidence) -> None:
    """A page's title stands above its text: none below the first salutation, marked title or long paragraph."""
    spoken = False
    for number, scores in enumerate(evidence.scores):
        if spoken:
            scores.pop("page_title", None)
        elif scores.get("salutation", 0.0) >= 3.0 or (
            scores.get("body", 0.0) >= 5.0 and not evidence.set_apart(number) and max(scores.get("intro", 0.0), 0.0) < 5.0
        ):
            spoken = True


def _by_first(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The page's first line is its title, or its only speech's if a salutation follows.

    Where another line above the first speech is known for a title the first line is a site's name or a button, unless it
    is known for one itself. Where furniture stands first and no line is known for a title, the short line above the meta line
    is one.
    """
    first = next((number for number, line in enumerate(evidence.lines) if line.size), None)
    if first is None:
        return
    lines = evidence.lines
    known = [
        n for n in range(first, min(len(lines), first + 24)) if evidence.is_title(n) and evidence.ruled(n, "speech_title") < 5.0
    ]
    if evidence.set_apart(first) and not known:
        for number in range(first + 1, min(len(lines) - 1, first + 12)):
            loose = settings["name_size"] < lines[number].size <= settings["loose_size"] and not evidence.rules[number]
            if loose and evidence.ruled(number + 1, "page_meta") >= (5.0 if evidence.inner(number) else 3.0):
                evidence.add(number, "page_title", settings["above_meta"], "labels/first-line")
                return
    if lines[first].size > settings["first_size"] or evidence.set_apart(first):
        return
    if evidence.closed[first]:
        if _ASKED.fullmatch(evidence.text(first)) and _top(evidence)[1]:
            evidence.add(first, "page_title", settings["above_meta"], "labels/first-line")
        return
    if not evidence.inner(first):
        if (
            not known
            or first in known
            or evidence.ruled(first, "speech_title", "page_title") >= 3.0
            or (lines[first].size >= 12 and first + 1 < len(lines) and evidence.ruled(first + 1, "page_meta") >= 3.0)
            or _NAMES_TEXTS.search(evidence.text(first))
        ):
            evidence.add(first, "page_title", settings["first_line"], "labels/first-line")
    elif first + 1 < len(lines) and evidence.scores[first + 1].get("salutation", 0.0) >= 3.0:
        evidence.add(first, "speech_title", settings["above_salutation"], "labels/above-salutation")
    elif first + 1 < len(lines) and evidence.ruled(first + 1, "page_meta") >= 5.0:
        evidence.add(first, "page_title", settings["above_meta"], "labels/first-line")


def _by_preview(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The beginning of the page's text printed once before the text: the following lines hold the whole of the line again.

    A title, a salutation or furniture stands between them, or the line begins with the page's title; else two paragraphs of a
    speech only begin alike.
    """
    lines, view = evidence.lines, evidence.view
    for number in range(min(len(lines) - 1, 20)):
        line, rules = lines[number], evidence.rules[number]
        if rules.get("salutation", (0.0, ""))[0] >= 3.0 or rules.get("speech_title", (0.0, ""))[0] >= 4.0:
            return
        if 30 <= line.size <= 400:
            if _plain(evidence, number + 1):
                continue
            shown = letters(view[line.left : line.right])[:-2]
            following = view[lines[number + 1].left : lines[number + 1].left + 6 * line.size + 600]
            if len(shown) >= 24 and all(char in following for char in shown) and shown in letters(following):
                for state in ("intro", "mark"):
                    evidence.add(number, state, settings["preview"], "labels/preview")


def _by_second_title(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """A title with the first lines below it, and then both again: what stands first is a preview.

    A numbered title goes with its preview; one without a number is the page's.
    """
    keys = [title_key(evidence.text(n)) for n in range(min(len(evidence.lines) - 1, _HEAD))]
    for first, key in enumerate(keys):
        if len(key) < 4 or not (evidence.is_title(first) or evidence.ruled(first, "speech_title") >= 1.5):
            continue
        again = next((n for n in range(first + 2, len(keys)) if keys[n] == key), None)
        if again is None or not _stands_again(evidence, range(first + 1, again), again + 1):
            continue
        numbered = evidence.ruled(first, "speech_title") >= 5.0
        if not numbered:
            evidence.prefer_page_title(first, settings["first_title"], "labels/first-title")
        for number in range(first if numbered else first + 1, again):
            for state in ("intro", "mark"):
                evidence.add(number, state, settings["preview"], "labels/preview")
        return


def _stands_again(evidence: Evidence, shown: range, below: int) -> bool:
    """Whether the text from a line on begins with what some lines say."""
    texts = [letters(evidence.text(number)) for number in shown]
    size = sum(map(len, texts))
    following = letters(evidence.view[evidence.lines[below].left :][: 2 * size + 200])
    return len(texts[0]) >= 4 and following.startswith(texts[0]) and all(text in following for text in texts)


def _plain(evidence: Evidence, number: int) -> bool:
    """Whether no rule says that a line is a title, a salutation or furniture."""
    return not evidence.set_apart(number) and evidence.ruled(number, "speech_title", "salutation") < 1.5


def _by_preamble(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """What stands between the title of a collection and its first numbered title is an introduction.

    Without a title of the collection it is one if the numbered title is the first: nothing can have been said before it.
    Below a title that asks how to write something it is one up to the first title of a sample.
    """
    title = next((n for n in range(min(_HEAD, len(evidence.lines))) if evidence.is_title(n)), None)
    top = 0 if title is None else title + 1
    marked = _first_sample(evidence, title)
    if marked is None or any(_begins_or_ends(evidence, n) for n in range(top, marked)):
        return
    for number in range(top, marked):
        scores = evidence.scores[number]
        titled = scores.get("page_meta", 0.0) >= 3.0 or scores.get("page_title", 0.0) >= (1.0 if title is None else 3.0)
        titled = titled or evidence.rule(number, "speech_title") == "labels/split-title"
        titled = titled or (title is not None and title_key(evidence.text(number)) == title_key(evidence.text(title)) != "")
        if evidence.lines[number].size <= settings["preamble_size"] and not titled:
            evidence.add(number, "intro", settings["preamble"], "labels/preamble")


def _first_sample(evidence: Evidence, title: int | None) -> int | None:
    """The first title of a speech below the page's, unless its number says that there were others before it.

    Below a collection's title the number may stand alone.
    """
    top, least, lone = 0, 5.0, False
    if title is not None:
        known = evidence.rule(title, "page_title")
        top, least = title + 1, 2.5 if known in _ASKING or _HOW_TO.search(evidence.text(title)) else 5.0
        lone = known == "labels/page-title-collection"
    for number in range(top, min(len(evidence.lines), top + 30)):
        if evidence.ruled(number, "speech_title") >= least:
            found = _NUMBER.search(evidence.text(number)) or _counts(evidence, number - 1)
            first = found["number"].lstrip("0") in _FIRST if found else title is not None
            return number if first else None
        if lone and evidence.rule(number, "speech_title") == "labels/title-number":
            return number if letters(evidence.text(number)).lstrip("0") in _FIRST else None
    return None


def _begins_or_ends(evidence: Evidence, number: int) -> bool:
    """Whether a line may be the first or the last one of a speech, as far as rules know."""
    if evidence.set_apart(number):
        return False
    spoken = max(evidence.scores[number].get("salutation", 0.0), 2 * evidence.ruled(number, "closing")) >= 3.0
    return spoken or _addressed(evidence, number)


def _counts(evidence: Evidence, number: int) -> Match[str] | None:
    """The number of the speech whose title stands below a line that holds nothing else."""
    if number < 0 or evidence.rule(number, "speech_title") != "labels/title-number":
        return None
    return _LONE_NUMBER.search(evidence.text(number))


def _addressed(evidence: Evidence, number: int) -> bool:
    """Whether a line begins with a form of address, as a speech without a line for its salutation does."""
    line = evidence.lines[number]
    return _ADDRESSED.match(evidence.view, line.left, line.right) is not None and not evidence.set_apart(number)


def _by_repetition(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The page's title again, and lines that stand among the paragraphs again and again."""
    view = evidence.view
    texts = [view[left:right] if 2 <= right - left <= 90 else "" for _, _, left, right in evidence.lines]
    title = _page_title(evidence)
    if title is not None and not evidence.opens(title + 1):
        evidence.prefer_page_title(title, settings["first_title"], "labels/first-title")
        if title and evidence.rule(title - 1, "speech_title") == "labels/split-title":
            evidence.prefer_page_title(title - 1, settings["first_title"], "labels/split-title")
        key = title_key(texts[title])
        for number in range(title + 1, min(len(texts), title + 12)) if len(key) >= 4 else ():
            text = texts[number]
            if key[0] not in text or key[-1] not in text or title_key(text) != key:
                continue
            if evidence.ruled(number - 1, "salutation") >= 3.0:
                evidence.add(number, "mark", settings["preview"], "labels/title-again")
            elif not evidence.opens(number + 1):
                evidence.prefer_page_title(number, settings["title_again"], "labels/title-again")
    elif title is None:
        _lone_mark(evidence, settings)
    counts = Counter(texts)
    least = settings["repeated_times"]
    often = {text for text, times in counts.items() if times >= least and text}
    _by_many_titles(evidence, title, settings)
    for number, text in enumerate(texts) if often else ():
        if text in often and text[-1] not in "。!?:;" and len(text) <= 30:
            scores = evidence.scores[number]
            if max(scores.get(state, 0.0) for state in ("speech_title", "salutation", "closing", "heading", "page_meta")) < 1.0:
                evidence.add(number, "mark", settings["repeated"], "labels/repeated")


def _by_many_titles(evidence: Evidence, title: int | None, settings: Mapping[str, Any]) -> None:
    """A line of nothing but the page's title again and again."""
    shown = "" if title is None else evidence.text(title)
    for number in range((title or 0) + 1, min(len(evidence.lines), (title or 0) + 6)) if len(shown) >= 4 else ():
        line = evidence.lines[number]
        if line.size < 2 * len(shown) or not evidence.view.startswith(shown, line.left):
            continue
        if not letters(evidence.text(number).replace(shown, "")):
            for state in ("intro", "mark"):
                evidence.add(number, state, settings["preview"], "labels/title-again")


def _page_title(evidence: Evidence) -> int | None:
    """The line above the first numbered title or salutation that is the page's title.

    Of several that look like one it is the first that is printed again, else the first above a meta line, else the first.
    """
    found: list[int] = []
    for number in range(min(len(evidence.lines), _HEAD)):
        if evidence.is_title(number):
            found.append(number)
        elif evidence.ruled(number, "speech_title") >= 4.0 or evidence.ruled(number, "salutation") >= 3.0:
            break
    keys = [title_key(evidence.text(number)) for number in found]
    again = (number for number, key in zip(found, keys, strict=True) if len(key) >= 4 and keys.count(key) > 1)
    above_meta = (n for n in found if n + 1 < len(evidence.lines) and evidence.ruled(n + 1, "page_meta") >= 3.0)
    return next(again, next(above_meta, found[0] if found else None))


def _lone_mark(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """The page's only title has a number (… (2)) and a meta line below it: it is the title of the second page of a text."""
    marked = [n for n in range(len(evidence.lines)) if evidence.ruled(n, "speech_title") >= 5.0]
    if len(marked) != 1 or marked[0] >= min(_HEAD, len(evidence.lines) - 1):
        return
    if evidence.ruled(marked[0] + 1, "page_meta") >= 3.0:
        evidence.prefer_page_title(marked[0], settings["first_title"], "labels/first-title")


def _by_head(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Short lines above the page's first speech that no rule knows are furniture: names of sites, buttons, counters.

    A line that ends like a sentence is so only above a title; a page without a salutation has no line that is surely a speech's
    first, so there no sentence is furniture by its place.
    """
    top, sure = _top(evidence)
    title = next((n for n in range(top - 1, -1, -1) if evidence.is_title(n) and not evidence.closed[n]), None)
    _release_list(evidence, top if title is None else title)
    for number in range(top):
        if sure and evidence.lines[number].size > settings["loose_size"] and _introduces(evidence, number):
            evidence.add(number, "intro", settings["intro_words"], "labels/intro-words")
        if _is_row(evidence, number, settings["loose_size"]):
            evidence.add(number, "intro", settings["site_words"], "labels/site-words")
        if not 0 < evidence.lines[number].size <= settings["loose_size"] or evidence.set_apart(number):
            continue
        if evidence.ruled(number, "body") or evidence.ruled(number, "speech_title") >= 1.5:
            continue
        if "page_title" in evidence.rules[number] and _NAMES_TEXTS.search(evidence.text(number)) is not None:
            continue
        if title is not None and title < number and _names_speaker(evidence, number, title, top):
            evidence.add(number, "body", settings["name"], "")
            continue
        above = title is not None and number < title
        scores = evidence.scores[number]
        field = evidence.view[evidence.lines[number].right - 1] == ":" and evidence.lines[number].size <= 12
        if (evidence.closed[number] or evidence.inner(number)) and not field:
            if sure and (above or _introduces(evidence, number)):
                scores["intro"] = max(scores.get("intro", 0.0), 0.0) + settings["head"]
        elif sure or above:
            scores["intro"] = max(scores.get("intro", 0.0), 0.0) + settings["head"]
            if title is not None and title < number and "speech_title" in scores:
                scores["speech_title"] += settings["below_title"]


def _by_preface(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """One or two short paragraphs between the page's title and the first salutation tell of the text, and are no part of it."""
    top, _ = _top(evidence)
    title = next((n for n in range(top - 1, -1, -1) if evidence.is_title(n)), None)
    if title is None or evidence.ruled(top, "salutation") < 3.0:
        return
    told = [n for n in range(title + 1, top) if evidence.closed[n] and evidence.lines[n].size and not evidence.set_apart(n)]
    if len(told) > 2 or sum(evidence.lines[n].size for n in told) > settings["preface_size"]:
        return
    if any(evidence.ruled(n, "body", "link_residue") or _begins_or_ends(evidence, n) for n in told):
        return
    for number in told:
        evidence.add(number, "intro", settings["preface"], "labels/preamble")


def _names_speaker(evidence: Evidence, number: int, title: int, top: int) -> bool:
    """Whether a line between a title and a salutation may name the speaker, with nothing but dates beside it.

    When unsure, keep: alone between the two it is so whatever it says, unless it looks like furniture.
    """
    text = evidence.text(number)
    if (
        _FURNISHED.search(text) is not None
        or number - title > 2
        or top - number > 2
        or "link_residue" in evidence.rules[number]
    ):
        return False
    if number - title == 1 == top - number:
        return True
    return _NAME.fullmatch(text) is not None and all("body" in evidence.rules[n] for n in range(title + 1, top) if n != number)


def _release_list(evidence: Evidence, below: int) -> None:
    """The heading of a list that stands above the page's title begins no list of all that follows."""
    for number in range(min(below, 12)):
        if evidence.ruled(number, "list") >= 5.0 and "mark" not in evidence.scores[number]:
            for state in ("intro", "mark"):
                evidence.add(number, state, evidence.ruled(number, "list"), evidence.rules[number]["list"][1])


def _top(evidence: Evidence) -> tuple[int, bool]:
    """The first line that may be a speech's, and whether it surely is: it addresses people, or is a numbered title."""
    for number, line in enumerate(evidence.lines[:60]):
        if evidence.ruled(number, "salutation") >= 3.0 or evidence.ruled(number, "speech_title") >= 5.0:
            return number, True
        if line.size > 40 and _GLUED.match(evidence.view, line.left, line.right) and not evidence.set_apart(number):
            return number, True
        if line.size > 40 and evidence.closed[number] and not (evidence.set_apart(number) or _introduces(evidence, number)):
            return number, False
    return 0, False


def _introduces(evidence: Evidence, number: int) -> bool:
    """Whether a line speaks of sample texts and of what readers do with them, and addresses nobody."""
    line = evidence.lines[number]
    if line.size > 300 or _addressed(evidence, number):
        return False
    return all(words.search(evidence.view, line.left, line.right) is not None for words in (_SAMPLES, _OFFERED))


def _by_tail(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Short lines below the last paragraph, behind a line that a rule knows as furniture, are a list of furniture.

    They are looked at from the page's end upwards, run by run between lines that are known: the first run that reads like
    text, as a poem's lines do, is a speech's, and nothing above it is furniture by its place.
    """
    last = next((n for n in range(len(evidence.lines) - 1, -1, -1) if _substantial(evidence, n)), len(evidence.lines))
    run: list[int] = []
    for number in range(len(evidence.lines) - 1, last, -1):
        if evidence.ruled(number, "intro", "list", "page_meta") >= 5.0:
            if _reads_like_text(evidence, run):
                return
            for known in run:
                _lean_to_list(evidence, known, settings)
            run = []
        elif evidence.lines[number].size:
            run.append(number)
    if last + 1 + len(run) < len(evidence.lines):
        for known in run:
            if _speaks_of_site(evidence, known, 2):
                _lean_to_list(evidence, known, settings)
            elif len(run) <= 2 and _LISTED.search(evidence.text(known)) is None and not evidence.rules[known]:
                evidence.scores[known]["body"] = evidence.scores[known].get("body", 0.0) + settings["last_words"]


def _by_replies(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Below the last line that is surely a speech's, who wrote a reply and when, and the reply itself, are furniture."""
    last = next((n for n in range(len(evidence.lines) - 1, -1, -1) if _spoken(evidence, n)), len(evidence.lines))
    below = ""
    for number in range(last + 1, len(evidence.lines)):
        above, below = below, _poster(evidence, number)
        if below and "page_meta" in evidence.rules[number]:
            evidence.scores[number]["page_meta"] += settings["in_speech"]
        if below == "labels/meta-date" or (above and not below and _may_reply(evidence, number)):
            own = evidence.scores[number].get("list", 0.0)
            evidence.add(number, "list", settings["reply"] - min(own, 0.0), "labels/site-words")


def _by_shown_texts(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Below furniture, a title and the first words of its text, which break off with dots, are an entry of a list."""
    for number in range(1, len(evidence.lines)):
        line, above = evidence.lines[number], number - 1
        if line.size < _SHOWN or not evidence.view.endswith(("…", "..."), line.left, line.right):
            continue
        titled = not evidence.closed[above] and _NAMES_TEXTS.search(evidence.text(above)) is not None
        if titled and any(evidence.ruled(n, "list") >= 5.0 for n in range(max(0, above - _NEAR), above)):
            for part in (above, number):
                evidence.add(part, "list", settings["preview"], "labels/preview")


def _poster(evidence: Evidence, number: int) -> str:
    """The rule that knows a line for the one above a reply; empty where none does."""
    known = evidence.rule(number, "list")
    if known in _POSTED:
        return known
    dated = evidence.rule(number, "page_meta")
    return dated if dated == "labels/meta-date" and _commented(evidence, number) else ""


def _commented(evidence: Evidence, number: int) -> bool:
    """Whether a line stands not far below the heading of a page's comments, or below another reply."""
    return any(evidence.rule(n, "list") in _COMMENTED for n in range(max(0, number - 6), number))


def _may_reply(evidence: Evidence, number: int) -> bool:
    """Whether a line is too short for a speech and addresses nobody."""
    return evidence.lines[number].size <= _REPLY and not _addressed(evidence, number)


def _spoken(evidence: Evidence, number: int) -> bool:
    """Whether a rule says that a line is a speech's own."""
    return evidence.ruled(number, "salutation", "closing", "body") >= 3.0 or evidence.ruled(number, "speech_title") >= 5.0


def _reads_like_text(evidence: Evidence, run: Sequence[int]) -> bool:
    """Whether a run of lines has hardly any words of titles or of sites."""
    known = sum(_LISTED.search(evidence.text(n)) is not None for n in run if evidence.lines[n].size <= 40)
    return len(run) > 2 and 3 * known < len(run)


def _lean_to_list(evidence: Evidence, number: int, settings: Mapping[str, Any]) -> None:
    """Let a line in a list's place be furniture if it is short or speaks of the site."""
    scores = evidence.scores[number]
    if evidence.lines[number].size > settings["loose_size"]:
        if _speaks_of_site(evidence, number):
            evidence.add(number, "list", settings["site_words"], "labels/site-words")
        return
    scores["list"] = scores.get("list", settings["loose_open"]) + settings["tail"]
    if _speaks_of_site(evidence, number, 1):
        scores["list"] += settings["tail_site"]
    if number and evidence.rule(number - 1, "list") in _POSTED:
        scores["list"] += settings["tail"]
    if evidence.ruled(number, "speech_title") < 5.0 and "speech_title" in scores:
        scores["speech_title"] -= settings["tail"]


def _by_middle(evidence: Evidence, settings: Mapping[str, Any]) -> None:
    """Lines like 「时间:…」 inside a speech are a list in the speech, not what the page says of itself."""
    for number in range(1, len(evidence.lines) - 1):
        if "page_meta" in evidence.rules[number] and _in_speech(evidence, number):
            evidence.scores[number]["page_meta"] += settings["in_speech"]


def _in_speech(evidence: Evidence, number: int) -> bool:
    """Whether lines of one speech stand closely above and below a line, as far as rules know."""
    for step in (-1, 1):
        for near in range(number + step, number + 6 * step, step):
            if not 0 <= near < len(evidence.lines) or evidence.ruled(near, "speech_title", "salutation") >= 1.5:
                return False
            if evidence.ruled(near, "page_meta") < 3.0 and evidence.set_apart(near):
                return False
            if evidence.lines[near].size >= 15 and evidence.closed[near] and evidence.ruled(near, "page_meta") < 3.0:
                break
            if evidence.ruled(near, "closing") >= 3.0:
                break
        else:
            return False
    return True


def _substantial(evidence: Evidence, number: int) -> bool:
    """Whether a line is surely spoken: a rule says so, or it is a long sentence and nothing says that it is furniture."""
    if _spoken(evidence, number):
        return True
    size = evidence.lines[number].size
    if size <= 40 or evidence.set_apart(number) or (size <= 60 and not evidence.closed[number]):
        return False
    return not _speaks_of_site(evidence, number)


def _is_row(evidence: Evidence, number: int, least: int) -> bool:
    """Whether a long line with spaces and without a sentence's end is a row of a site's buttons and fields."""
    line = evidence.lines[number]
    if not least < line.size <= 400 or evidence.view.count(" ", line.left, line.right) < 4:
        return False
    if any(words.search(evidence.view, line.left, line.right) is not None for words in (_STOP, _SPEAKER)):
        return False
    return len(set(_SITE.findall(evidence.view, line.left, line.right))) >= 5


def _speaks_of_site(evidence: Evidence, number: int, least: int = 3) -> bool:
    """Whether a line has so many words of those in which sites speak of themselves, and none of a speaker's."""
    line = evidence.lines[number]
    if line.size > 160 or _SPEAKER.search(evidence.view, line.left, line.right) is not None:
        return False
    return len(set(_SITE.findall(evidence.view, line.left, line.right))) >= least
