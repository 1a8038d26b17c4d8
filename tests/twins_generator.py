"""A seeded generator of copies that are masked in different ways, with the truth about every masked value.

Speeches are strings of made-up two-character words with frames between them that hold figures and names, each frame with the
unit or title that such a value has in speeches. A copy masks some of the values in its own style and may be edited: at any
place between the values, beside them too, words are replaced, left out or put in.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

WORDS = (
    "天地山水风云雨雪春夏秋冬东西南北上下左右前后里外大小长短高低远近新旧好坏早晚冷热轻重快慢明暗红黄蓝绿土石田林海河湖岸桥路车船门窗房屋心手足眼"
    "耳口头身力气声光书画诗文字词句章课题目标线面角形色香味道理法则定约束责任权利义务农学友亲朋邻父母子女老幼青壮想念思考问答听说读写看见闻知觉感"
    "爱恨喜怒忧愁安危存亡成败得失进退来去开关起落升降增减算量测试验证实践动作耕种收割织建筑修理造运输销买卖租借取投管组导指挥协调服保障监督检评价"
)
SURNAMES = "王李张刘陈杨赵吴周徐孙马朱胡郭何林高罗郑"
STYLES = ("xx", "XX", "××", "**", "某某")
Slot = tuple[str, str, str, str]
"""(type, what stands before, the value, what stands behind)."""


@dataclass
class Version:
    """A copy. hidden, clear: the places of values that are masked and that are not, by the slot's number."""

    text: str = ""
    hidden: dict[int, tuple[int, int]] = field(default_factory=dict)
    clear: dict[int, tuple[int, int]] = field(default_factory=dict)


class Copies:
    """One speech, a list of words and slots, and the copies made of it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.parts: list[str | Slot] = ["同志们：\n\n"]
        for _ in range(self.random.randint(7, 12)):
            for _ in range(self.random.randint(2, 5)):
                self.parts += [self._words(2, 7), self._slot(), self._words(1, 8), "，", self._words(2, 8), "。"]
            self.parts.append("\n\n")
        self.parts.append("谢谢大家！")
        self.values = {number: part[2] for number, part in enumerate(self.parts) if isinstance(part, tuple)}

    def _words(self, least: int, most: int) -> str:
        return "".join("".join(self.random.choices(WORDS, k=2)) for _ in range(self.random.randint(least, most)))

    def _slot(self) -> Slot:
        pick = self.random
        place = "".join(pick.choices("青石白云柳岭清平永安宁长兴", k=pick.choice((2, 2, 2, 3))))
        person = pick.choice(SURNAMES) + "".join(pick.choices("明华建国志强秀英文海", k=pick.choice((1, 2))))
        amount = pick.choice((f"{pick.randint(11, 99)}.{pick.randint(1, 9)}", str(pick.randint(11, 999))))
        slots: list[Slot] = [
            ("year", "到", str(pick.randint(2001, 2022)), "年"),
            ("year", "自", str(pick.randint(2001, 2022)), "年"),
            ("month", "每年", str(pick.randint(1, 12)), "月"),
            ("count", "共有", str(pick.randint(11, 980)), "户"),
            ("count", "组织", str(pick.randint(11, 980)), "人"),
            ("amount", "投入", amount, "万元"),
            ("percent", "增长", f"{pick.randint(2, 60)}.{pick.randint(1, 9)}", "%"),
            ("place", "来到", place, pick.choice(("市", "县", "镇"))),
            ("person", "请", person, "同志"),
        ]
        return pick.choice(slots)

    def version(self, style: str, masked: float, edited: float) -> Version:
        """A copy with this share of its values masked, and this share of its other characters edited."""
        made = Version()
        for number, part in enumerate(self.parts):
            if isinstance(part, str):
                made.text += self._edit(part, edited)
                continue
            kind, before, value, behind = part
            made.text += self._edit(before, edited)
            start, hide = len(made.text), self.random.random() < masked
            made.text += ("20" + style if kind == "year" else style) if hide else value
            (made.hidden if hide else made.clear)[number] = (start, len(made.text))
            made.text += self._edit(behind, edited)
        return made

    def _edit(self, words: str, share: float) -> str:
        """Two characters replaced, left out or doubled by others, so that about ``share`` of the characters are edited."""
        made, place = "", 0
        while place < len(words):
            char = words[place]
            if char not in "\n。，" and self.random.random() < share / 2:
                made += self.random.choice((self._words(1, 1), "", self._words(1, 1) + words[place : place + 2]))
                place += 2
            else:
                made += char
                place += 1
        return made


def speeches(seed: int, count: int) -> Iterator[Copies]:
    """So many different speeches."""
    for number in range(count):
        yield Copies(seed * 1000 + number)
