"""What a line's words say: whom it addresses, whether it speaks of texts or of the site, whether rules know it for spoken."""

from __future__ import annotations

from pipeline.patterns import compiled
from pipeline.stages._evidence import Evidence

_ADDRESSED = compiled(r"(?:尊敬|敬爱|亲爱)的|各位|诸位|大家好|\p{Han}{1,6}(?<![我你他她它咱])们[,:!、]")
_NAMES_TEXTS = compiled(r"(?:讲话|发言|致[辞词]|演讲|主持|材料|文稿|公文|范文|作文|稿|篇)(?!(?:大全)?(?:网|库|站|频道))")
_SITE = compiled(
    r"文档|文件|文库|下载|上传|预览|会员|VIP|积分|金币|充值|客服|版权|侵权|本站|网站|网友|用户|登录|注册|付费|免费|资源|转载|收藏|点击|链接|"
    r"二维码|公众号|微信|QQ|邮箱|投稿|浏览|打印|账号|帐号|举报|删除|全文|Word|word|PDF|pdf|APP|App|客户端|网络|原作者|免责|水印|资料|著作权|所有权|权益|侵犯|模板|范文|素材|楼主|回帖|站长|在看"
)
_STOP = compiled(r"[。!?;]")
_SPEAKER = compiled(r"我们|咱们|同志|同学|各位|乡亲|群众|我(?![要想的]?[下注登搜])|谢谢|企业|工作|今年|明年|去年")
_TOGETHER = compiled(r"我们|咱们|各位|大家|你们|我代表")
_SAMPLES = compiled(r"[讲发演主致][话言讲持辞]稿|主持词|范文|例文|文稿|稿子|文章|素材|模板|[几\d一二三四五六七八九十]篇")
_OFFERED = compiled(r"写作|撰写|起草|[怎如]么?何?写|参考|借鉴|阅读|整理|搜集|收集|小编|网友|用到|使用|欢迎|推荐|分享|范本|格式")


def addressed(evidence: Evidence, number: int) -> bool:
    """Whether a line begins with a form of address, as a speech without a line for its salutation does."""
    line = evidence.lines[number]
    return _ADDRESSED.match(evidence.view, line.left, line.right) is not None and not evidence.set_apart(number)


def speaks_to(evidence: Evidence, number: int) -> bool:
    """Whether a line has a speaker's words for himself and his audience together (我们, 大家)."""
    line = evidence.lines[number]
    return _TOGETHER.search(evidence.view, line.left, line.right) is not None


def spoken(evidence: Evidence, number: int) -> bool:
    """Whether a rule says that a line is a speech's own."""
    if evidence.ruled(number, "salutation", "closing") >= 3.0 or evidence.ruled(number, "speech_title") >= 5.0:
        return True
    return evidence.ruled(number, "body") >= 3.0 and not evidence.set_apart(number)


def names_texts(evidence: Evidence, number: int) -> bool:
    """Whether a line has a word for speeches and other texts, outside of a site's name."""
    return _NAMES_TEXTS.search(evidence.text(number)) is not None


def introduces(evidence: Evidence, number: int) -> bool:
    """Whether a line speaks of sample texts and of what readers do with them, and addresses nobody."""
    line = evidence.lines[number]
    if line.size > 300 or addressed(evidence, number):
        return False
    return all(words.search(evidence.view, line.left, line.right) is not None for words in (_SAMPLES, _OFFERED))


def speaks_of_site(evidence: Evidence, number: int, least: int = 3) -> bool:
    """Whether a line has so many words of those in which sites speak of themselves, and none of a speaker's."""
    line = evidence.lines[number]
    if line.size > 160 or _SPEAKER.search(evidence.view, line.left, line.right) is not None:
        return False
    return len(set(_SITE.findall(evidence.view, line.left, line.right))) >= least


def is_row(evidence: Evidence, number: int, least: int) -> bool:
    """Whether a long line with spaces and without a sentence's end is a row of a site's buttons and fields."""
    line = evidence.lines[number]
    if not least < line.size <= 400 or evidence.view.count(" ", line.left, line.right) < 4:
        return False
    if any(words.search(evidence.view, line.left, line.right) is not None for words in (_STOP, _SPEAKER)):
        return False
    return len(set(_SITE.findall(evidence.view, line.left, line.right))) >= 5
