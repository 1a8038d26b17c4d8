"""What speaks for each state of each line of one page, and what its rules and its form say when they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.patterns import compiled
from pipeline.stages._lines import Line, is_closed, letters

APART = ("intro", "mark", "list", "page_meta", "page_title")
"""States of lines that are no speech's own."""

HEAD = 24
"""Lines at a page's head, among which its title and the paths of its site stand."""
_SENTENCE = compiled(r"[,;。!]|^[\[(【*<>|-]")
_SUFFIX = compiled(
    r"(?:[(【\[][^()【】\[\]]{1,10}[)】\]]|\(?全文\d+字\)?|_第\d+页|\.(?:docx?|pdf|txt)|[-_|]{1,2}[^-_|]{2,10}|\{[^}]{0,10}\})+$|^B\d{4,6}-?|^\[标签[^\]]*\]"
)


class Evidence:
    """Scores of one page's lines, gathered rule by rule.

    closed: whether each line ends as a sentence does.
    """

    def __init__(self, lines: list[Line], view: str) -> None:
        self.lines = lines
        self.view = view
        self.scores: list[dict[str, float]] = [{} for _ in lines]
        self.rules: list[dict[str, tuple[float, str]]] = [{} for _ in lines]
        self.closed = [is_closed(view, line.left, line.right) for line in lines]

    def add(self, number: int, state: str, score: float, rule: str) -> None:
        """Add to a line's score for a state in the name of a rule."""
        scores, rules = self.scores[number], self.rules[number]
        scores[state] = scores.get(state, 0.0) + score
        if state not in rules or rules[state][0] < score:
            rules[state] = (score, rule)

    def add_furniture(self, number: int, score: float, rule: str) -> None:
        """Add to what speaks for furniture, above a speech and between two alike, in the name of a rule."""
        for state in ("intro", "mark"):
            self.add(number, state, score, rule)

    def withdraw(self, number: int, *states: str) -> None:
        """Forget all that speaks for or against some states of a line."""
        for state in states:
            self.scores[number].pop(state, None)
            self.rules[number].pop(state, None)

    def ruled(self, number: int, *states: str) -> float:
        """The highest score that one rule alone gives a line for one of the states; 0 where none does."""
        rules, best = self.rules[number], 0.0
        if rules:
            for state in states:
                found = rules.get(state)
                if found is not None and found[0] > best:
                    best = found[0]
        return best

    def rule(self, number: int, state: str) -> str:
        """The full name of the rule that says most for a line's state; empty where none does."""
        found = self.rules[number].get(state)
        return found[1] if found else ""

    def led_by(self, state: str, *rules: str) -> list[int]:
        """The lines of which one of some rules says most for a state, ascending."""
        return [number for number, known in enumerate(self.rules) if state in known and known[state][1] in rules]

    def set_apart(self, number: int) -> bool:
        """Whether a rule says that a line is furniture, a meta line or the page's title."""
        return self.ruled(number, *APART) >= 3.0

    def inner(self, number: int) -> bool:
        """Whether a line has a sentence's punctuation inside, so that it is hardly a title."""
        line = self.lines[number]
        return _SENTENCE.search(self.view, line.left, line.right) is not None

    def is_title(self, number: int) -> bool:
        """Whether a line looks like a title that has no number."""
        rules, scores = self.rules[number], self.scores[number]
        if "page_title" not in rules and "speech_title" not in rules:
            return False
        furniture = max(scores.get("intro", 0.0), scores.get("mark", 0.0))
        if furniture >= 3.0 and self.ruled(number, "page_title") <= furniture:
            return False
        if self.ruled(number, "page_meta") >= 6.0:
            return False
        if "page_title" in rules and rules["page_title"][1] != "labels/first-line":
            return True
        score, rule = rules.get("speech_title", (0.0, ""))
        if not 1.5 <= score < 5.0 or rule == "labels/title-number":
            return False
        return not self.closed[number] or "," not in self.text(number)

    def opens(self, number: int) -> bool:
        """Whether a line may begin a speech: it is no title, and nothing says that it is furniture or a meta line."""
        while number < len(self.lines) and (
            self.rule(number, "body") == "labels/speech-date-plain" or self.ruled(number, "mark") >= 7.0
        ):
            number += 1
        if number >= len(self.lines) or self.set_apart(number) or self.ruled(number, "speech_title") >= 1.5:
            return False
        return (
            self.scores[number].get("salutation", 0.0) >= 3.0
            or "body" in self.rules[number]
            or self.lines[number].size >= 30
            or self.closed[number]
        )

    def prefer_page_title(self, number: int, margin: float, rule: str) -> None:
        """Let page_title lead speech_title by a margin for one line."""
        own = self.scores[number]
        self.add(number, "page_title", max(0.0, own.get("speech_title", 0.0) + margin - own.get("page_title", 0.0)), rule)

    def text(self, number: int) -> str:
        """The visible part of a line."""
        line = self.lines[number]
        return self.view[line.left : line.right]


def title_key(text: str) -> str:
    """A title's letters without file suffixes and remarks in brackets, to find it again."""
    return letters(_SUFFIX.sub("", text.replace(" ", "")))


def has_key(text: str, key: str) -> bool:
    """Whether a text is the title that has this key; most texts lack one of its characters, which is seen at once."""
    return key[:1] in text and key[-1:] in text and title_key(text) == key


def titled(scores: Mapping[str, float]) -> bool:
    """Whether a line's scores speak for a title, a heading or furniture."""
    return (
        max(scores.get(state, 0.0) for state in ("speech_title", "page_title", "page_meta", "intro", "mark", "list", "heading"))
        >= 1.5
    )
