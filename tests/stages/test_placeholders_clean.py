"""False alarms on clean prose: text in which nothing is hidden, made by a seeded generator out of sentences of our own.

Each sentence is a frame with holes for numbers, dates, names, places, terms and Latin words, filled at random; paragraphs of
three to seven of them, with ASCII or full-width punctuation, make the prose. `make` with other sizes gives more of it:
``python tests/stages/test_placeholders_clean.py 200000`` prints the false alarms in that many characters.
"""

from __future__ import annotations

import random
import sys

from pipeline.stages import placeholders

FRAMES = """
{place}地处三县交界，人口{n}万，去年粮食总产量{n}.{d}万吨，比上年增长{d}.{d}%。
{year}年{m}月{day}日，{name}同志到{place}调研，走访了{n}户农家。
会议由{place}党委书记{name}主持，{place}镇长{name}作了工作报告。
一是抓学习，二是抓作风，三是抓落实，每一项都要有人管、有人问。
全市共有中小学{n}所，在校学生{n}00余人，专任教师{n}{d}人。
县人大常委会听取和审议了关于{topic}的专项工作报告。
党的{congress}以来，我们始终把{topic}放在心上、抓在手上。
请各位代表对照{year}年的目标，逐条核对，有一条没有完成就补一条。
{place}的路修通以后，从村口到县城只要{n}分钟。
我在{place}工作了{n}年，见过这里的春天，也见过这里的大水。
某些同志认为{topic}是别人的事，这种想法要不得。
厂里新添了{n}台{latin}设备，价格从{n}万元降到{d}万元。
工期{n}天，面积{n}×{d}米，用工{n}人，一分钱没有超。
{name}老人今年{n}岁，耳不聋、眼不花，还能下地干活。
同志们，{topic}关系到每一个家庭，也关系到每一个人的前途。
经{place}党委第{d}次会议研究，决定成立{topic}领导小组。
“{slogan}”不是喊出来的，是一锹一镐干出来的。
截至{m}月底，{topic}已完成投资{n}.{d}亿元，占年度计划的{n}%。
电话0571-8{n}66{d}0，传真同号，请于{m}月{day}日前回复。
今天到会的有{n}个单位、{n}名代表，应到的都到了。
二〇一{d}年，老支书把公章交给了{name}；二〇二{d}年，{name}又交给了下一任。
有的人说难，有的人说苦，可是{name}什么也没说，扛起锄头就走。
习惯要从小养成，公共场所不吸烟，公交车上让个座，都是小事。
{latin}的培训办了{d}期，学员来自{n}个村，最大的{n}岁。
年底了，账要算清，人要回家，心要安定。
学习{place}的做法，关键是学习他们的那股子劲。
这件事我讲三点意见：第一，认识要高；第二，措施要实；第三，作风要硬。
比分是{d}:{d}，用时{n}分{d}秒，观众席上坐了{n}00人。
中共中央、国务院的文件下发以后，{place}第一时间开会传达。
共同富裕的路上，一户也不能少，一个人也不能掉队。
社会主义核心价值观写在墙上，更要写在心里。
我们坚持以人民为中心的发展思想，把{topic}办成放心工程。
下午{d}点，会议准时开始；晚上{d}点半，大家才散。
孩子们把画贴在走廊里，每一张画上都有自己的名字。
他叫{name}，是个退伍军人，{year}年回乡办了合作社。
办公室要做好服务，后勤组要管好食堂，宣传组要拍好照片。
“十三五”规划的{n}个项目，有{d}个提前完成。
欢迎大家来到{place}，看看山，看看水，看看我们的变化。
产值达{n}亿元，利税{d}亿元，安排就业{n}00人。
详见附件{d}，也可以登录www.fuwu{d}.example/a_{d}查询。
A类企业{n}家，B类企业{d}家，C类企业一家也没有。
把“三个代表”重要思想和科学发展观学深学透，不能只记几句话。
老人拉着我的手说：“日子好了，路也好了，就盼着孩子们常回来。”
20{d}{d}号楼的电梯坏了{n}天，物业说等件，业主说等不起。
{topic}——这四个字，说起来容易，做起来难。
""".strip().splitlines()
WORDS = {
    "place": ["青禾县", "柳湾镇", "石桥头村", "云岭区", "白沙市", "望江乡", "临湖街道", "东坪社区"],
    "name": ["王大勇", "李秀兰", "陈实", "贺长清", "欧阳明", "孙建国", "田小草", "周海"],
    "topic": ["防汛抗旱", "安全生产", "乡村振兴", "教育均衡", "环境整治", "招商引资", "食品安全", "信访稳定"],
    "latin": ["LED", "X光", "ISO9001", "PPP", "CT", "PLC", "Excel", "5G"],
    "congress": ["十七大", "十八大", "十九大", "二十大"],
    "slogan": ["两学一做", "三严三实", "一岗双责", "两个维护", "四个全面", "最多跑一次"],
}
TO_ASCII = str.maketrans("，：；！？（）", ",:;!?()")


def make(size: int, seed: int = 7) -> list[str]:
    """Clean speeches of together at least ``size`` characters."""
    chance = random.Random(seed)
    speeches, total = [], 0
    while total < size:
        paragraphs = []
        for _ in range(chance.randint(4, 12)):
            frames = chance.sample(FRAMES, chance.randint(3, 7))
            paragraphs.append("".join(_filled(frame, chance) for frame in frames))
        text = "\n\n".join(["同志们：", *paragraphs, "谢谢大家！"])
        if chance.random() < 0.5:
            text = text.translate(TO_ASCII)
        speeches.append(text)
        total += len(text)
    return speeches


def _filled(frame: str, chance: random.Random) -> str:
    pieces = frame.split("{")
    made = [pieces[0]]
    for piece in pieces[1:]:
        hole, _, rest = piece.partition("}")
        made.append(_word(hole, chance) + rest)
    return "".join(made)


def _word(hole: str, chance: random.Random) -> str:
    ranges = {"n": (11, 98), "d": (1, 9), "m": (1, 12), "day": (1, 28), "year": (1978, 2022)}
    return str(chance.randint(*ranges[hole])) if hole in ranges else chance.choice(WORDS[hole])


def test_clean_prose_gives_no_false_alarm() -> None:
    speeches = make(60_000)
    alarms = [found for staged in placeholders.run_many(speeches) for found in staged.placeholders]
    assert len(alarms) <= sum(map(len, speeches)) / 10_000, alarms[:5]


def test_clean_prose_is_the_same_each_time() -> None:
    assert make(3000) == make(3000)
    assert make(3000, seed=8) != make(3000)


if __name__ == "__main__":
    prose = make(int(sys.argv[1]))
    found = [
        (text[max(0, one.start - 12) : one.end + 12], one.rule)
        for text, staged in zip(prose, placeholders.run_many(prose), strict=True)
        for one in staged.placeholders
    ]
    print(sum(map(len, prose)), "characters,", len(found), "false alarms")
    for line in sorted(set(found)):
        print(*line)
