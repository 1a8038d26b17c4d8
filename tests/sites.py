"""Pages of imagined sites, made by chance from a seed: speeches that differ, with one site's furniture on all its pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random


def words(text: str) -> list[str]:
    """Words with blanks between."""
    return text.split()


SLOTS = {
    "place": words(
        """
        石桥镇 柳湾村 北关街道 青岭乡 河口社区 南坪林场 东塘水库 老城片区 白马小学 红土坡 渡口站 大沙洲 枫树坳
        西山矿区 上游灌区 梅林 桃花渡 新港码头 羊角岭 云台
        """
    ),
    "thing": words(
        """
        排水沟 路灯 老井 校车 粮仓 护坡 水泵 果园 图书室 卫生室 养老院 公交站 晒谷场 苗圃 桥墩 供暖管 垃圾站
        鱼塘 茶山 变电箱 村史馆 篮球场 渠首 烘干房
        """
    ),
    "who": words(
        """
        老支书 值班员 电工师傅 两位护士 护林员 放水员 驾驶员 炊事员 种粮大户 返乡青年 退伍老兵 网格员 班主任
        测绘队 消防员 三位裁缝 木匠 气象员 会计 保洁员
        """
    ),
    "when": words(
        """
        立春 谷雨 芒种 处暑 白露 霜降 冬至 腊月 入梅 秋收 开学 汛前 头一场雪 端午 中元 农忙 年底 上半年
        这个季度 上个月
        """
    ),
    "act": words(
        """
        挨家敲门 连夜抢修 逐段丈量 重新登记 当面核对 上山清点 贴出清单 拉线放样 先垫材料 排出班次 改走山路
        补种树苗 清掉淤泥 换下旧管 画好图纸 试车三遍 腾出库房 拆除围挡 搭起棚子 修好闸门
        """
    ),
    "n": [str(n) for n in range(3, 97)],
    "trait": words(
        """
        慢工出细活 账目要见光 丑话说在前头 人手紧但不慌 早一天是一天 雨水不等人 话说三遍淡如水 好钢用在刀刃上
        干净利落 有始有终 宁可多走一趟 不图热闹 先难后易 一事一清 谁家的孩子谁抱
        """
    ),
}
SENTENCES = [
    "{when}那几天，{place}的{thing}坏了{n}处，{who}{act}，没有等谁来催。",
    "有人问{thing}为什么要挪到{place}，道理很简单，{trait}。",
    "{who}给我算过一笔账，{n}户人家用一个{thing}，平均下来每天只多走{n}步。",
    "从{when}到{when}，{place}一共开了{n}次院坝会，吵得最凶的一次是为了{thing}。",
    "{place}的办法是{act}，{n}天以后再看，缺什么补什么。",
    "去年{thing}的钱花在哪里，{who}记了{n}页，一笔也没有含糊。",
    "{act}的时候碰上大雨，{who}守着{thing}坐到天亮，裤脚没有干过。",
    "我把{place}和{place}放在一起比，差的不是{thing}，差的是{trait}这股劲。",
    "{n}年前这里还没有{thing}，{when}一到，{who}就要背着东西翻过山去。",
    "{thing}的钥匙一共{n}把，交给{who}保管，借用要写条子。",
    "{when}以前要办的事有{n}件，排在最前面的是{place}的{thing}。",
    "{who}说得好，{trait}，这句话应当写在{place}的墙上。",
    "缺口还有{n}万元，先从{thing}里省出一半，另一半由{place}自己筹。",
    "{place}那条路，{who}走了{n}年，哪里有坑比地图还清楚。",
    "有的地方{act}只做给人看，{when}一过{thing}照样漏水，这不行。",
    "{thing}修得好不好，不问验收单，问{who}，问住在{place}的{n}户人家。",
    "上回检查，{place}的{thing}有{n}个螺丝是松的，{who}当场红了脸。",
    "我赞成{who}的意见，{act}可以，但是要赶在{when}以前。",
    "{n}个人分成三班，{who}带头，从{place}一直查到{place}。",
    "{trait}，这是{who}在{place}干了{n}年留下的话。",
    "{thing}旁边那块空地，{when}起归{place}使用，期限{n}年，不收租金。",
    "今天到会的{n}个单位，回去先把{thing}的底数摸清，再谈{act}。",
    "{who}病了{n}天，{place}的{thing}没有停过一个钟头，是邻居们轮着看的。",
    "要是{when}还没有动静，就请{who}到会上来说明{thing}卡在哪里。",
    "{place}种下的{n}棵树活了九成，靠的是{who}每天挑水，不是靠{act}。",
    "凡是答应过{place}的，{n}天之内要有回音，{thing}的事也不例外。",
]
STOCK = [
    "下面，我讲三点意见。",
    "让我们携起手来，共同把这件事办好。",
    "请各单位会后抓紧落实。",
    "以上意见，请认真研究，抓好落实。",
    "会议开得很好，很成功。",
    "时间紧，任务重，要求高。",
    "今年的工作总的来说是好的，成绩来之不易。",
    "请关注天气，备好雨具。",
    "更多的话不说了，关键看行动。",
    "以上报告，请予审议。",
]
HEADINGS = ["提高认识，加强领导", "突出重点，狠抓落实", "严明纪律，转变作风", "统筹兼顾，注重实效"]
GREETINGS = ["同志们：", "各位乡亲：", "老师们、同学们：", "尊敬的各位领导、各位来宾："]
THANKS = ["谢谢大家！", "我的讲话完了，谢谢大家！", "散会！"]
TOPICS = words("修渠 护林 防汛 秋收 办学 养老 防火 通车 清淤 植树 供暖 验收 换届 征兵 普查")


@dataclass(frozen=True)
class Site:
    """One site's furniture; none of it has a rule of its own."""

    name: str
    banner: tuple[str, ...]
    counter: str
    shelf: str
    note: str
    between: str
    tail: str
    opening: str
    footer: tuple[str, ...]


SITES = (
    Site(
        name="moxi",
        banner=("墨溪书案", "卷宗目次", "笔会来稿", "晨昏手记", "书案公约"),
        counter="归卷{y}-{m}-{d} 翻过{n}回",
        shelf="架位：{topic}",
        note="墨溪书案每日收三卷，字字有来处",
        between="——墨溪书案文稿合订——",
        tail="墨溪书案校录",
        opening="墨溪书案文稿在此。",
        footer=("墨溪书案读者茶座", "书案守则与器物借用", "甲库丙架钥匙寄存处", "纸张霉变请告知掌灯人"),
    ),
    Site(
        name="lusheng",
        banner=("芦声笔库", "渔火专卷", "潮汐日程", "摇橹人"),
        counter="入库第{n}号 存放{m}天",
        shelf="舱号｜{topic}",
        note="芦声笔库不收润笔，来去自便",
        between="芦声笔库 原文照录",
        tail="芦声笔库拾遗",
        opening="芦声笔库好文连载。",
        footer=("芦声笔库渡口通告", "船票与笔墨一并寄存", "夜航时刻以木牌为准"),
    ),
    Site(
        name="yanta",
        banner=("雁塔阁楼", "值夜人名单"),
        counter="雁季{y} 第{n}张",
        shelf="梯号—{topic}",
        note="阁楼里的文稿都由值夜人逐字抄录，错漏之处欢迎来信指出，信到必改，绝不拖到下一个雁季。",
        between="阁楼文稿，抄完即挂，挂满即换。",
        tail="本文稿由雁塔阁楼抄录。",
        opening="（雁塔阁楼文稿）",
        footer=(
            "抄录的纸张由阁楼自备，墨由来客自带。",
            "阁楼只抄录、不评说；凡在阁楼挂出的文稿，来客可以读、可以抄，不可以揭走。揭走一张，罚抄十张；罚抄期间由值夜人供应晚饭，"
            "饭后清洗碗筷，并把当天的抄录登记在册，字迹不清的重抄，重抄仍不清的，次日白天到楼下练字，练满一个时辰为止。",
            "雁去雁来，梯子不收。",
        ),
    ),
)
BARE = Site("bare", (), "", "", "", "", "", "", ())


@dataclass(frozen=True)
class Page:
    """A page: its lines, and for each whether it is furniture (or title, or meta); and the words put into paragraphs."""

    text: str
    away: tuple[bool, ...]
    injected: tuple[str, ...]
    spoken: tuple[str, ...]


def make_page(site: Site, random: Random) -> Page:
    """One page of a site with one speech of its own."""
    rows: list[tuple[str, bool]] = [(line, True) for line in site.banner]
    topic = random.choice(TOPICS)
    rows.append((f"在{random.choice(SLOTS['place'])}{topic}工作会议上的讲话", True))
    if site.counter:
        y, m, d, n = (random.randint(*pair) for pair in ((2009, 2024), (1, 12), (1, 28), (10, 9999)))
        shelf = site.shelf.format(topic=topic + random.choice(SLOTS["thing"]))
        rows += [(site.counter.format(y=y, m=m, d=d, n=n), True), (shelf, True), (site.note, True)]
    spoken, injected = [random.choice(GREETINGS)], []
    rows.append((spoken[0], False))
    for number, paragraph in enumerate(_paragraphs(random)):
        if number in (2, 4):
            heading = f"{'一二三'[number // 2 - 1]}、{random.choice(HEADINGS)}"
            rows.append((heading, False))
            spoken.append(heading)
        spoken.append(paragraph)
        shown = paragraph
        if site.opening and len(paragraph) > 40 and random.random() < 0.25:
            shown = site.opening + shown
            injected.append(site.opening)
        if site.tail and len(paragraph) > 40 and random.random() < 0.25:
            shown += site.tail
            injected.append(site.tail)
        rows.append((shown, False))
        if site.between and number in (1, 3) and random.random() < 0.5:
            rows.append((site.between, True))
    spoken.append(random.choice(THANKS))
    rows.append((spoken[-1], False))
    rows += [(line, True) for line in site.footer]
    return Page("\n".join(row for row, _ in rows), tuple(away for _, away in rows), tuple(injected), tuple(spoken))


def _paragraphs(random: Random) -> Iterator[str]:
    for _ in range(random.randint(5, 8)):
        yield "".join(_sentence(random) for _ in range(random.randint(2, 4)))
        if random.random() < 0.3:
            yield random.choice(STOCK)


def _sentence(random: Random) -> str:
    pieces = random.choice(SENTENCES).split("{")
    return pieces[0] + "".join(random.choice(SLOTS[slot]) + rest for slot, rest in (one.split("}", 1) for one in pieces[1:]))


def write_site(folder: Path, site: Site, pages: int, seed: int) -> list[Page]:
    """Write pages of a site below a folder and return them."""
    random = Random(seed)
    made = [make_page(site, random) for _ in range(pages)]
    target = folder / site.name
    target.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(made):
        (target / f"{number:04}.txt").write_text(page.text, encoding="utf-8")
    return made
