"""The command ``jinggao``: the library said aloud. Each command reads its arguments and calls one function of the library.

Data goes to standard output, messages to standard error. Exit status: 0 done, 1 differences found or pages that failed,
2 wrong use, 130 stopped by Ctrl-C. Modules are imported by the command that needs them, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import io
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, NoReturn

from pipeline import __version__
from pipeline.errors import JinggaoError

if TYPE_CHECKING:
    from pipeline.rulebook import Rulebook

STAGE_NAMES = ("decode", "repair", "labels", "boilerplate", "links", "paragraphs", "script", "placeholders", "punctuation")
DONE, DIFFERENT, WRONG_USE, STOPPED = 0, 1, 2, 130

Args = argparse.Namespace


class UsageError(JinggaoError):
    """Arguments that do not go together."""


# --- commands: each takes its arguments and returns the exit status -----------------------------------------------------


def _run(args: Args) -> int:
    from pipeline.report import progress_bar, summary_text
    from pipeline.run import RunOptions, run_folder

    options = RunOptions(placeholders=args.placeholders, duplicates=args.duplicates, fill=args.fill)
    given: dict[str, Any] = {"rules": args.rules, "options": options, "fail_fast": args.fail_fast, "warn": say}
    if args.engine != "ray":
        _refuse(args, ("address",), "ray")
    with progress_bar(sys.stderr) as progress:
        if args.engine == "local":
            _refuse(args, ("work", "id", "field"), "daft or ray")
            if "://" in args.raw:
                raise UsageError(f"{args.raw}: is a URL; read it with --engine daft or ray")
            summary = run_folder(args.raw, args.out, jobs=args.jobs, memory=args.memory, progress=progress, **given)
        else:
            _refuse(args, ("memory",), "local")
            from pipeline.cluster import CONTENT, PATH, run_on
            from pipeline.engine import engine

            with engine(args.engine, address=args.address, work=args.work) as one:
                summary = run_on(
                    one, args.raw, args.out, key=args.id or PATH, field=args.field or CONTENT, progress=progress, **given
                )
    print(summary_text(summary, args.out), file=sys.stderr)
    return DIFFERENT if summary.failed else DONE


def _refuse(args: Args, names: Sequence[str], engines: str) -> None:
    """Raise UsageError where an option is given that belongs to other engines."""
    for name in names:
        if getattr(args, name) is not None:
            raise UsageError(f"--{name} belongs to --engine {engines}; add it, or leave --{name} out")


def _restore(args: Args) -> int:
    from pipeline.restore import restore_folder

    count = restore_folder(args.clean, args.out)
    print(f"{count} {'page' if count == 1 else 'pages'} restored in {args.out}", file=sys.stderr)
    return DONE


def _stage(args: Args) -> int:
    from pipeline import filters

    options = {} if args.profile is None else {"profile": args.profile}
    if args.name != "punctuation" and (args.lint or options):
        raise UsageError(f"stage {args.name}: --lint and --profile belong to stage punctuation")
    if args.lint and args.jsonl:
        raise UsageError("stage punctuation: --lint reads plain text; leave out --jsonl")
    if args.name == "decode":
        if args.jsonl:
            raise UsageError("stage decode: reads the bytes of one page; leave out --jsonl")
        _write([filters.decode_bytes(_stdin().read())])
        return DONE
    book = _rulebook(args)
    if args.jsonl:
        records = filters.filter_jsonl(args.name, _stdin(), "standard input", field=args.field, rules=book, **options)
        _write(line + "\n" for line in records)
        return DONE
    text = _stdin_text()
    if args.lint:
        found = filters.lint_lines(text, book, **options)
        _write(line + "\n" for line in found)
        return DIFFERENT if found else DONE
    _write([filters.filter_text(args.name, text, book, **options)])
    return DONE


def _duplicates(args: Args) -> int:
    from pipeline import corpus
    from pipeline.jsonl import Corpus
    from pipeline.report import progress_bar

    book, options = _laid_over(args), {"key": args.id, "field": args.field}
    if args.engine != "ray":
        _refuse(args, ("address",), "ray")
    if args.engine != "local":
        return _duplicates_on(args, _rulebook(args), options)
    with contextlib.ExitStack() as stack:
        lines, name = stack.enter_context(_source(args.file))
        if args.explain or (args.memory is None and args.work is None):
            texts: Any = corpus.read(lines, name, **options)
        else:
            texts = Corpus(lines if lines.seekable() else _copied(lines, stack), name, **options)
        if args.explain:
            _write([corpus.explain(texts, args.explain[0], args.explain[1], book) + "\n"])
            return DONE
        with progress_bar(sys.stderr) as progress:
            found = stack.enter_context(
                corpus.search(texts, book, memory=args.memory, work=args.work, jobs=args.jobs, progress=progress)
            )
            said = corpus.clusters(found) if args.clusters else corpus.pairs(found)
            first = list(itertools.islice(said, 1))
        _write(line + "\n" for line in itertools.chain(first, said))
        sys.stdout.flush()
    return DONE


def _duplicates_on(args: Args, book: Rulebook, options: Mapping[str, str]) -> int:
    from pipeline import corpus
    from pipeline.cluster import search_on
    from pipeline.engine import engine
    from pipeline.report import progress_bar

    if args.file == "-" or args.explain or args.memory is not None:
        raise UsageError(
            f"--engine {args.engine}: reads files, and goes neither with --explain nor with --memory; leave them out"
        )
    with (
        engine(args.engine, address=args.address, work=args.work) as one,
        progress_bar(sys.stderr) as progress,
        search_on(one, args.file, book, **options, progress=progress) as found,
    ):
        said = corpus.clusters(found) if args.clusters else corpus.pairs(found)
        first = list(itertools.islice(said, 1))  # all is found with the first
    _write(line + "\n" for line in itertools.chain(first, said))
    return DONE


def _copied(lines: IO[bytes], stack: contextlib.ExitStack) -> IO[bytes]:
    """Standard input as a file that can be read again."""
    import shutil
    import tempfile

    file: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    shutil.copyfileobj(lines, file)
    return file


def _index_build(args: Args) -> int:
    from pipeline import corpus

    return _said(corpus.index_build(args.index, _documents(args), _laid_over(args)), args)


def _index_add(args: Args) -> int:
    from pipeline import corpus

    return _said(corpus.index_add(args.index, _documents(args), _laid_over(args)), args)


def _index_query(args: Args) -> int:
    from pipeline import corpus

    with _source(args.file) as (lines, name):
        found = corpus.index_query(args.index, lines, name, key=args.id, field=args.field, rules=_laid_over(args))
        _write(line + "\n" for line in found)
    return DONE


def _index_show(args: Args) -> int:
    from pipeline import corpus

    _write(line + "\n" for line in corpus.index_lines(args.index, args.what, _laid_over(args)))
    return DONE


def _documents(args: Args) -> list[tuple[str, str]]:
    from pipeline import corpus

    texts: list[tuple[str, str]] = []
    for one in args.files:
        with _source(one) as (lines, name):
            texts += corpus.read(lines, name, key=args.id, field=args.field)
    return texts


def _said(count: int, args: Args) -> int:
    print(f"{count} {'text' if count == 1 else 'texts'} in {args.index}", file=sys.stderr)
    return DONE


def _check(args: Args) -> int:
    from pipeline.check import check_folder, comparison_lines
    from pipeline.report import progress_bar

    with progress_bar(sys.stderr) as progress:
        found = check_folder(args.clean, args.raw, jobs=args.jobs, rules=args.rules, progress=progress)
    _write(line + "\n" for line in comparison_lines(found))
    return DIFFERENT if found else DONE


def _explain(args: Args) -> int:
    from pipeline.explain import character_lines, explain_character, explain_speech, speech_lines

    name, colon, offset = args.id.partition(":")
    if not name or (colon and not offset.isdecimal()):
        raise UsageError(f"explain: {args.id!r} is no ID or ID:OFFSET; the offset is a whole number of characters, from 0")
    if colon:
        lines = character_lines(explain_character(args.clean, name, int(offset)), _rulebook(args))
    else:
        lines = speech_lines(explain_speech(args.clean, name))
    _write(line + "\n" for line in lines)
    return DONE


def _learn(args: Args) -> int:
    from pipeline.learn import learn_folder
    from pipeline.report import progress_bar
    from pipeline.rulefile import summary_line, write_rules

    if args.out.suffix != ".toml":
        raise UsageError(f"{args.out}: is no name for a rule file; give --out a name that ends in .toml")
    if args.out.resolve().is_relative_to(args.raw.resolve()):
        raise UsageError(f"{args.out}: lies inside the raw folder, so that it would become a page; choose another --out")
    with progress_bar(sys.stderr) as progress:
        lesson = learn_folder(args.raw, jobs=args.jobs, rules=args.rules, progress=progress, warn=say)
    count = write_rules(lesson, args.out, _rulebook(args), args.rules)
    print(summary_line(lesson, count, args.out), file=sys.stderr)
    return DIFFERENT if lesson.failed else DONE


def _rules_list(args: Args) -> int:
    from pipeline.rulesdoc import list_rules

    book = _rulebook(args)
    _write(line + "\n" for line in list_rules(book[args.stage] if args.stage else book))
    return DONE


def _rules_show(args: Args) -> int:
    from pipeline.rulesdoc import show_rule

    book = _rulebook(args)
    _write([show_rule(book.find(args.id), book) + "\n"])
    return DONE


def _rules_test(args: Args) -> int:
    from pipeline.selftest import find_faults, load_for_test

    book, rules = load_for_test(args.files, args.rules)
    faults = find_faults(book, rules)
    _write(f"{fault}\n" for fault in faults)
    examples, keeps = (sum(len(getattr(rule, name)) for rule in rules) for name in ("examples", "keeps"))
    print(f"{len(rules)} rules, {examples} examples, {keeps} keeps: {len(faults)} faults", file=sys.stderr)
    return DIFFERENT if faults else DONE


def _rules_docs(args: Args) -> int:
    from pipeline.rulesdoc import rules_page

    _write([rules_page(_rulebook(args))])
    return DONE


# --- the parser -------------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line with the mend."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        say(f"{message}; see {self.prog} --help")
        sys.exit(WRONG_USE)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command."""
    top = _Parser(
        prog="jinggao",
        description="Clean scraped Chinese speech pages: one clean record a speech, every change accounted for.",
        epilog=_examples(
            "jinggao run raw --out clean", "jinggao explain clean 3f2a:120", "jinggao stage punctuation < page.txt"
        ),
    )
    top.add_argument("--version", action="version", version=f"jinggao {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parts = (_add_run, _add_restore, _add_stage, _add_duplicates, _add_index, _add_check, _add_explain, _add_learn, _add_rules)
    for add in parts:
        add(commands)
    return top


def _command(commands: Any, name: str, call: Callable[[Args], int], what: str, *examples: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what, epilog=_examples(*examples))
    made.set_defaults(call=call)
    return made


def _examples(*lines: str) -> str:
    return "example:\n" + "\n".join(f"  {line}" for line in lines)


def _add_run(commands: Any) -> None:
    one = _command(
        commands, "run", _run, "clean a folder of raw pages into an output folder",
        "jinggao run raw --out clean", "jinggao run raw --out clean --jobs 8 --placeholders tag --duplicates drop",
        "jinggao run 's3://bucket/pages/*.parquet' --out clean --engine ray --address 10.0.0.1:6379 --work s3://bucket/work",
    )  # fmt: skip
    one.add_argument(
        "raw", metavar="RAW", help="folder of raw pages, searched to any depth; with an engine also a URL, *.parquet or *.jsonl"
    )
    one.add_argument("--out", metavar="CLEAN", type=Path, default=Path("clean"), help="folder to write (default: clean)")
    _add_jobs(one)
    _add_rules_option(one)
    one.add_argument(
        "--placeholders", choices=("keep", "tag"), default="keep", help="leave masks as they stand, or write them as tags"
    )
    one.add_argument(
        "--duplicates", choices=("mark", "drop"), default="mark", help="mark copies of a speech, or leave them out"
    )
    one.add_argument(
        "--fill", choices=("none", "certain"), default="none", help="write suggestions that are certain into the text"
    )
    one.add_argument("--fail-fast", action="store_true", help="stop at the first page that fails, and write nothing")
    one.add_argument(
        "--memory", metavar="SIZE", type=_size,
        help="find copies with temporary files for what takes more than this, such as 2G (default: all in memory but texts)",
    )  # fmt: skip
    _add_engine(one)
    one.add_argument("--work", metavar="DIR", help="with an engine: folder or URL that all workers read and write")
    one.add_argument("--id", metavar="NAME", help="of a table: the column that holds a page's path (default: path)")
    one.add_argument("--field", metavar="NAME", help="of a table: the column that holds its bytes or text (default: content)")


def _add_engine(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--engine", choices=("local", "daft", "ray"), default="local",
        help="who works: processes of this machine, Daft on this machine, or Daft on a Ray cluster (default: local)",
    )  # fmt: skip
    one.add_argument("--address", metavar="HOST:PORT", help="with --engine ray: the cluster (default: the one that is here)")


def _add_restore(commands: Any) -> None:
    one = _command(
        commands, "restore", _restore, "write the raw pages again, byte for byte, out of an output folder",
        "jinggao restore clean --out raw-again",
    )  # fmt: skip
    one.add_argument("clean", metavar="CLEAN", type=Path, help="folder that jinggao run wrote")
    one.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder to write; must be empty or new")


def _add_stage(commands: Any) -> None:
    one = _command(
        commands, "stage", _stage, "one stage as a filter from standard input to standard output",
        "jinggao stage decode < page.html | jinggao stage repair | jinggao stage punctuation",
        "jinggao stage placeholders --jsonl --field text < speeches.jsonl > marked.jsonl",
        "jinggao stage punctuation --lint < speech.txt",
    )  # fmt: skip
    one.add_argument("name", metavar="NAME", choices=STAGE_NAMES, help=f"one of {', '.join(STAGE_NAMES)}")
    one.add_argument("--jsonl", action="store_true", help="read and write JSON Lines; all but one field stays byte for byte")
    one.add_argument("--field", metavar="NAME", default="text", help="the field to clean with --jsonl (default: text)")
    one.add_argument(
        "--lint", action="store_true", help="punctuation: say what would change (line:column, rule, before → after)"
    )
    one.add_argument("--profile", metavar="NAME", help="punctuation: the profile of the standard to follow")
    _add_rules_option(one)


def _add_duplicates(commands: Any) -> None:
    one = _command(
        commands, "duplicates", _duplicates, "find copies in any JSONL corpus: verified pairs, or clusters",
        "jinggao duplicates corpus.jsonl --id url --field content > pairs.jsonl",
        "jinggao duplicates corpus.jsonl --memory 2G --work corpus.work --jobs 4 > pairs.jsonl",
        "jinggao duplicates clean/speeches.jsonl --clusters", "cat corpus.jsonl | jinggao duplicates - --explain 17 23",
        "jinggao duplicates 's3://bucket/*.parquet' --engine ray --work s3://bucket/work > pairs.jsonl",
    )  # fmt: skip
    one.add_argument(
        "file", metavar="FILE", help="JSONL file, or - for standard input; with an engine also a URL, *.jsonl or *.parquet"
    )
    _add_fields(one)
    answer = one.add_mutually_exclusive_group()
    answer.add_argument("--clusters", action="store_true", help="write one {id, cluster, canonical} a document")
    answer.add_argument("--explain", nargs=2, metavar=("A", "B"), help="say why two documents are copies, or are not")
    one.add_argument(
        "--memory",
        metavar="SIZE",
        type=_size,
        help="leave texts in FILE, and sort in files what takes more than this, such as 2G (default: all in memory)",
    )
    one.add_argument(
        "--work", metavar="DIR",
        help="keep what is worked out in this folder until the end: the same command goes on where it was interrupted;"
        " with an engine: folder or URL that all workers read and write",
    )  # fmt: skip
    _add_engine(one)
    _add_jobs(one, 1)  # two take a sixth less time and a third more work: to read and to sort is one's in any case
    _add_rules_option(one)


def _add_index(commands: Any) -> None:
    what = "an index on the disk for texts that come in batches: build, add, query, pairs, clusters"
    group = commands.add_parser(
        "index", help=what, description=what, epilog=_examples("jinggao index build speeches.index corpus.jsonl")
    )
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb, call, said, example in (
        ("build", _index_build, "a new index of JSONL corpora", "jinggao index build speeches.index corpus.jsonl"),
        ("add", _index_add, "add texts, as if all had come at once", "jinggao index add speeches.index new.jsonl"),
    ):
        one = _command(verbs, verb, call, said, example)
        one.add_argument("index", metavar="INDEX", type=Path, help="folder of the index")
        one.add_argument("files", metavar="FILE", nargs="+", help="JSONL files, or - for standard input")
        _add_fields(one)
        _add_rules_option(one)
    one = _command(
        verbs, "query", _index_query, "the copies of texts in an index, as pairs: a is the text asked for, b one of the index",
        "jinggao index query speeches.index new.jsonl",
    )  # fmt: skip
    one.add_argument("index", metavar="INDEX", type=Path, help="folder of the index")
    one.add_argument("file", metavar="FILE", nargs="?", default="-", help="JSONL file (default: standard input)")
    _add_fields(one)
    _add_rules_option(one)
    for verb, said in (("pairs", "the verified pairs of an index"), ("clusters", "one {id, cluster, canonical} a text")):
        one = _command(verbs, verb, _index_show, said, f"jinggao index {verb} speeches.index > {verb}.jsonl")
        one.add_argument("index", metavar="INDEX", type=Path, help="folder of the index")
        one.set_defaults(what=verb)
        _add_rules_option(one)


def _add_fields(one: argparse.ArgumentParser) -> None:
    one.add_argument("--id", metavar="NAME", default="id", help="field that holds a document's id (default: id)")
    one.add_argument("--field", metavar="NAME", default="text", help="field that holds its text (default: text)")


def _add_check(commands: Any) -> None:
    one = _command(
        commands, "check", _check, "clean the same pages again and say which speeches change, how, and by which rules",
        "jinggao check clean --raw raw", "jinggao check clean --rules my-rules --jobs 4",
    )  # fmt: skip
    one.add_argument("clean", metavar="CLEAN", type=Path, help="folder that jinggao run wrote; it is not changed")
    one.add_argument("--raw", metavar="RAW", type=Path, help="folder of raw pages (default: restored out of CLEAN)")
    _add_jobs(one)
    _add_rules_option(one)


def _add_explain(commands: Any) -> None:
    one = _command(
        commands, "explain", _explain, "where a speech, or a character of it, stood in the raw page, and by which rules",
        "jinggao explain clean 3f2a91c0", "jinggao explain clean 3f2a91c0:120",
    )  # fmt: skip
    one.add_argument("clean", metavar="CLEAN", type=Path, help="folder that jinggao run wrote")
    one.add_argument("id", metavar="ID[:OFFSET]", help="a speech's id or its beginning; the offset of a character in its text")
    _add_rules_option(one)


def _add_learn(commands: Any) -> None:
    one = _command(
        commands, "learn", _learn, "learn the furniture of many pages, and write it as a rule file to read, edit and use",
        "jinggao learn raw --out learned.toml && jinggao run raw --rules learned.toml",
    )  # fmt: skip
    one.add_argument("raw", metavar="RAW", type=Path, help="folder of raw pages, searched to any depth")
    one.add_argument("--out", metavar="FILE", type=Path, required=True, help="rule file to write, such as learned.toml")
    _add_jobs(one)
    _add_rules_option(one)


def _add_rules(commands: Any) -> None:
    what = "list, show, test and document the rules"
    group = commands.add_parser(
        "rules", help=what, description=what, epilog=_examples("jinggao rules list --stage punctuation")
    )
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    one = _command(
        verbs, "list", _rules_list, "one line a rule: name, action, safety, what it does", "jinggao rules list --stage repair"
    )
    one.add_argument("--stage", metavar="NAME", choices=STAGE_NAMES[1:], help="only the rules of this stage")
    _add_rules_option(one)
    one = _command(verbs, "show", _rules_show, "all about one rule", "jinggao rules show repair/entity")
    one.add_argument("id", metavar="ID", help="a rule's name, such as repair/entity, or its id alone")
    _add_rules_option(one)
    one = _command(
        verbs, "test", _rules_test, "try every rule on its own examples and counter-examples",
        "jinggao rules test", "jinggao rules test my-rules/punctuation.toml",
    )  # fmt: skip
    one.add_argument("files", metavar="FILE", nargs="*", type=Path, help="rule files to test (default: all rules)")
    _add_rules_option(one)
    one = _command(
        verbs, "docs", _rules_docs, "write the rules' documentation page, in Markdown", "jinggao rules docs > rules.md"
    )
    _add_rules_option(one)


def _add_jobs(one: argparse.ArgumentParser, default: int | None = None) -> None:
    meant = str(default) if default else "one a usable CPU"
    one.add_argument(
        "--jobs", metavar="N", type=_positive, default=default or usable_cpus(), help=f"worker processes (default: {meant})"
    )


def _add_rules_option(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--rules",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="folder of rule files to lay over the built-in ones",
    )


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number from 1 on")
    return int(value)


def _size(value: str) -> int:
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    number = value.upper().removesuffix("B")
    factor = units.get(number[-1:], 1)
    number = number[:-1] if factor > 1 else number
    if not number.isdecimal() or int(number) * factor < units["M"]:
        raise argparse.ArgumentTypeError(f"{value!r} is no size from 1M on; write 500M or 2G")
    return int(number) * factor


def usable_cpus() -> int:
    """How many processors this process may use.

    >>> usable_cpus() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# --- input and output -------------------------------------------------------------------------------------------------


def say(message: str) -> None:
    """A message for people, one line whatever stands in it."""
    line = "jinggao: " + message.replace("\r", "\\r").replace("\n", "\\n")
    if "tqdm" in sys.modules:  # a progress bar may be on the terminal
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
    else:
        print(line, file=sys.stderr)


def _rulebook(args: Args) -> Rulebook:
    from pipeline.rulebook import rulebook_over

    return rulebook_over(args.rules)


def _laid_over(args: Args) -> Rulebook | None:
    """The rulebook where there are rules over the package's own; they alone would take a while to read."""
    return _rulebook(args) if args.rules else None


def _stdin() -> IO[bytes]:
    if sys.stdin is None:
        raise UsageError("standard input is closed; give it a file: jinggao … < FILE")
    return sys.stdin.buffer


def _stdin_text() -> str:
    data = _stdin().read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"standard input is not UTF-8 (byte {error.start + 1}); decode it first: jinggao stage decode"
        ) from None


@contextlib.contextmanager
def _source(name: str) -> Iterator[tuple[IO[bytes], str]]:
    if name == "-":
        yield _stdin(), "standard input"
        return
    try:
        with Path(name).open("rb") as lines:
            yield lines, name
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}; give a JSONL file, or - for standard input") from None


def _write(parts: Iterable[str]) -> None:
    if sys.stdout is None:
        raise UsageError("standard output is closed; give it a file: jinggao … > FILE")
    for part in parts:
        sys.stdout.write(part)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (without the program's name) and return its exit status.

    Raises SystemExit for ``--help``, ``--version`` and arguments that are wrong.
    """
    args = parser().parse_args(argv)
    try:
        status: int = args.call(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except JinggaoError as error:
        say(str(error))
        return error.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer has no reader
        return DONE
    except KeyboardInterrupt:
        say("stopped; nothing half-written stays")
        return STOPPED
    except OSError as error:
        mend = "free the disk" if error.errno == errno.ENOSPC else "look at its permissions"
        say(f"{error.filename or 'standard input or output'}: {error.strerror or error}; {mend}, or read and write elsewhere")
        return WRONG_USE
    finally:
        from pipeline import cache

        cache.keep()
    return status


def entry() -> NoReturn:
    """What the command ``jinggao`` calls: UTF-8 on every stream whatever the locale, and a quiet end by signals."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start threads for matrices, of which there are none
    gc.set_threshold(20_000)  # a page makes many objects and hardly a cycle among them
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it is closed
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    signal.signal(signal.SIGTERM, _terminated)
    status = main()
    gc.freeze()  # the interpreter would look for cycles in all of it once more before it ends
    sys.exit(status)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)  # unwinds, so that nothing half-written stays


if __name__ == "__main__":
    entry()
