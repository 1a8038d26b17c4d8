"""Small pages that several tests clean."""

from pathlib import Path

GATE = """关于修缮校门的讲话
来源:本站 作者:佚名

老师们、同学们:

今天说三件事,请大家记在心上.第一件,校门要修了,20xx年xx月以前大家都走侧门.

一、注意安全

路过工地的时候不要停留,更不要攀爬脚手架;看见险情要马上告诉值班老师.

谢谢大家!
"""
CANAL = """在清淤工程动员会上的讲话

同志们:

这条渠已经二十年没有清过了,今年冬天一定要把它清完.各村要出人,乡里来出机械.

工期只有四十天,哪一段误了工,就由哪一段的负责人来说明原因.

谢谢大家!
"""
PAGES = {"school/gate.txt": GATE.encode("gb18030"), "canal.txt": b"\xef\xbb\xbf" + CANAL.replace("\n", "\r\n").encode()}


def make_raw(folder: Path, pages: dict[str, bytes] | None = None) -> Path:
    """Write pages below a folder and return it."""
    for name, data in (PAGES if pages is None else pages).items():
        path = folder.joinpath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
