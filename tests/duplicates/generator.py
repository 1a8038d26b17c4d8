"""A seeded corpus of made-up speeches with copies of known kinds.

Sentences are strings of two-character words out of common characters, with stock phrases between them: they mean nothing, but
have the lengths, the repetitions and the figures of speeches, and two of them have as little in common as real speeches do.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

_CHARACTERS = (
    "天地山水风云雨雪春夏秋冬东西南北上下左右前后里外大小多少长短高低远近新旧好坏早晚冷热轻重快慢明暗红黄蓝绿白黑金木土火石田林海河湖江岸"
    "桥路车船门窗房屋城乡村镇街市场店厂校院馆站所心手足眼耳口头身力气声光电影音乐书画诗文字词句章节课题目标线面点边角形状色香味道理法则规"
    "定约束责任权利义务工农商学兵医师生员友亲朋邻里父母子女兄弟姐妹老幼青壮男女你我他们这那此其何谁孰为以于而且但虽因果若则须应能可会愿要"
    "想念思考问答听说读写看见闻知觉感受爱恨喜怒哀乐惊恐忧愁安危存亡成败得失进退来去出入开关起落升降增减加乘除算量数计测试验证实践行动作业"
    "务农耕种收割养殖纺织建筑修理制造运输销售买卖租借存取投资管理组织领导指挥协调服务保障监督检查考核评价奖励惩罚教育培训宣传推广普及提高"
)
_STOCK = (
    "大家要把思想统一到这次会议的要求上来。",
    "各单位要对照清单逐项抓好落实。",
    "这一点怎么强调都不过分。",
    "下面我就今年的任务讲三点意见。",
    "请各部门会后认真传达并抓紧部署。",
)
_PLACES = ("青石市", "白河县", "云岭镇", "东湾区", "柳桥乡")
_WIDE = str.maketrans("，：；！？（）", ",:;!?()")


@dataclass
class Corpus:
    """documents: (id, text). truth: (original, copy, kind) of each copy."""

    documents: list[tuple[str, str]] = field(default_factory=list)
    truth: list[tuple[str, str, str]] = field(default_factory=list)


class Generator:
    """Makes speeches, lists of paragraphs, and copies of them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def sentence(self) -> str:
        """One sentence of 12 to 50 characters, one in eight of them a stock phrase."""
        if self.random.random() < 0.12:
            return self.random.choice(_STOCK)
        words = ["".join(self.random.choices(_CHARACTERS, k=2)) for _ in range(self.random.randint(6, 22))]
        if self.random.random() < 0.4:
            place = self.random.choice(_PLACES)
            words[0] = f"{self.random.randint(2009, 2023)}年{place}完成投资{self.random.randint(11, 999)}万元"
        cut = self.random.randint(2, len(words))
        return "".join(words[:cut]) + "，" + "".join(words[cut:]) + "。"

    def paragraph(self) -> str:
        """Two to five sentences."""
        return "".join(self.sentence() for _ in range(self.random.randint(2, 5)))

    def speech(self, paragraphs: int | None = None) -> list[str]:
        """A salutation and 6 to 12 paragraphs, some with a heading."""
        count = paragraphs or self.random.randint(6, 12)
        made = ["同志们："]
        for number in range(count):
            if number % 4 == 0:
                made.append("一二三四五六七八九十"[number // 4] + "、" + "".join(self.random.choices(_CHARACTERS, k=10)))
            made.append(self.paragraph())
        return made

    def copy(self, speech: list[str], kind: str) -> list[str]:
        """A copy of one kind; for sibling and reuse a different speech with paragraphs of this one."""
        made: list[str] = getattr(self, f"_{kind.rstrip('0123456789')}")(list(speech), int("0" + re.sub(r"\D", "", kind)))
        return made

    def _exact(self, speech: list[str], _: int) -> list[str]:
        return speech

    def _norm(self, speech: list[str], _: int) -> list[str]:
        return ["　　" + line.translate(_WIDE) for line in speech]

    def _edited(self, speech: list[str], percent: int) -> list[str]:
        return [self._edit(line, percent / 200) for line in speech]

    def _edit(self, line: str, chance: float) -> str:
        """Words of two characters replaced, left out or put in, at any place with this chance."""
        made, place = [], 0
        while place < len(line):
            if self.random.random() < chance:
                made.append(
                    self.random.choice(("".join(self.random.choices(_CHARACTERS, k=2)), "", line[place : place + 2] * 2))
                )
                place += 2
            else:
                made.append(line[place])
                place += 1
        return "".join(made)

    def _mask(self, speech: list[str], _: int) -> list[str]:
        text = "\n".join(speech)
        for place in _PLACES:
            text = text.replace(place, "××" + place[-1])
        return re.sub(r"20\d\d(?=年)", "20xx", re.sub(r"\d+(?=万元)", "xx", text)).split("\n")

    def _para(self, speech: list[str], _: int) -> list[str]:
        kept = [line for line in speech if self.random.random() > 0.15]
        kept.insert(self.random.randrange(len(kept) + 1), self.paragraph())
        return kept

    def _order(self, speech: list[str], _: int) -> list[str]:
        self.random.shuffle(speech)
        return speech

    def _embed(self, speech: list[str], _: int) -> list[str]:
        host = self.speech(40)
        cut = self.random.randrange(len(host))
        return host[:cut] + speech + host[cut:]

    def _compile(self, speech: list[str], _: int) -> list[str]:
        return [*self.speech(12), *speech, *self.speech(12)]

    def _reuse(self, speech: list[str], _: int) -> list[str]:
        host = self.speech(12)
        for line in sorted(speech, key=len)[-2:]:
            host.insert(self.random.randrange(len(host)), line)
        return host

    def _sibling(self, speech: list[str], _: int) -> list[str]:
        return [line if number % 3 == 0 or len(line) < 30 else self.paragraph() for number, line in enumerate(speech)]


KINDS = ("exact", "norm", "edited5", "edited15", "edited30", "mask", "para", "order", "embed", "compile", "reuse", "sibling")


def corpus(seed: int, originals: int, copies: int) -> Corpus:
    """A corpus of so many speeches, and so many copies of each kind, in mixed order."""
    generator = Generator(seed)
    speeches = [generator.speech() for _ in range(originals)]
    texts = list(speeches)
    truth = []
    for kind in KINDS:
        for number in generator.random.sample(range(originals), copies):
            truth.append((number, len(texts), kind))
            texts.append(generator.copy(speeches[number], kind))
    names = [f"d{number:05d}" for number in generator.random.sample(range(len(texts)), len(texts))]
    documents = sorted(zip(names, ("\n".join(text) for text in texts), strict=True))
    return Corpus(documents, [(names[a], names[b], kind) for a, b, kind in truth])
