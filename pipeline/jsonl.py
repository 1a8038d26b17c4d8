"""JSON Lines of other people: one field is read or changed, every other byte of the line stays as it was.

>>> replace_field('{"n": 1.50, "text": "好,很好", "z": [ ]}', {"text": "好，很好"})
'{"n": 1.50, "text": "好，很好", "z": [ ]}'
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any

from pipeline.errors import JinggaoError

_DECODER = json.JSONDecoder()
_SCAN: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]
_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
"""Records hold no record that holds them, and to look for one takes a fourth of the time."""
_BLANK = " \t\r\n"


class LineError(JinggaoError, ValueError):
    """A line of a JSONL file that cannot be used: names file and line, what is wrong and the mend."""


def dumps(record: Mapping[str, Any]) -> str:
    """One record as one line of JSON, without its line end.

    >>> dumps({"text": "稿", "at": [1, 2]})
    '{"text": "稿", "at": [1, 2]}'
    """
    return _ENCODE(record)


def encoded(line: str) -> bytes:
    """A line of JSON in UTF-8; a lone surrogate, which UTF-8 cannot hold, is written as its JSON escape.

    >>> encoded(dumps({"text": "稿\\ud800"})).decode()
    '{"text": "稿\\\\ud800"}'
    """
    return line.encode("utf-8", "backslashreplace")


def members(line: str) -> list[tuple[str, int, int, Any]]:
    """(key, start, end, value) of each member of the JSON object in ``line``; line[start:end] is the value as written.

    Raises ValueError where the line is not one JSON object.

    >>> members('{"a": 1, "b": "x"}')
    [('a', 6, 7, 1), ('b', 14, 17, 'x')]
    """
    found: list[tuple[str, int, int, Any]] = []
    place = _skip(line, _expect(line, _skip(line, 0), "{"))
    while line[place : place + 1] != "}":
        if found:
            place = _skip(line, _expect(line, place, ","))
        key, place = _DECODER.raw_decode(line, place)
        if not isinstance(key, str):
            raise ValueError("a key is not a text")
        start = _skip(line, _expect(line, _skip(line, place), ":"))
        value, end = _DECODER.raw_decode(line, start)
        found.append((key, start, end, value))
        place = _skip(line, end)
    if _skip(line, place + 1) != len(line):
        raise ValueError(f"something follows the object at character {place + 2}")
    return found


def _skip(line: str, place: int) -> int:
    while line[place : place + 1] and line[place] in _BLANK:
        place += 1
    return place


def _expect(line: str, place: int, sign: str) -> int:
    if line[place : place + 1] != sign:
        raise ValueError(f"{sign!r} expected at character {place + 1}")
    return place + 1


def replace_field(line: str, values: Mapping[str, Any]) -> str:
    """The line with new values for some keys; a key that is not there yet is added behind the others.

    Raises ValueError where the line is not one JSON object.

    >>> replace_field('{"text":"a"}', {"found": [1]})
    '{"text":"a", "found": [1]}'
    """
    there = {key: (start, end) for key, start, end, _ in members(line)}
    known = sorted(((there[key], value) for key, value in values.items() if key in there), key=lambda one: one[0], reverse=True)
    for (start, end), value in known:
        line = line[:start] + json.dumps(value, ensure_ascii=False) + line[end:]
    fresh = [
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}"
        for key, v in values.items()
        if key not in there
    ]
    if not fresh:
        return line
    close = line.rindex("}")
    return line[:close].rstrip(_BLANK) + (", " if there else "") + ", ".join(fresh) + line[close:]


def read_field(line: str, key: str, source: str, number: int) -> Any:
    """One field's value. Raises LineError naming source and line where there is none.

    >>> read_field('{"id": 7}', "text", "a.jsonl", 3)
    Traceback (most recent call last):
        ...
    pipeline.jsonl.LineError: a.jsonl:3: no field 'text'; it has 'id'; name one with --field or --id
    """
    return _field(_record(line, source, number), key, source, number)


def _record(line: str, source: str, number: int) -> dict[str, Any]:
    try:
        record = _loaded(line)
    except (ValueError, RecursionError) as error:
        raise LineError(f"{source}:{number}: not JSON: {error}; each line must be one JSON object") from None
    if not isinstance(record, dict):
        raise LineError(f"{source}:{number}: not a JSON object; each line must be one")
    return record


def _loaded(line: str) -> Any:
    """`json.loads`, which takes half of its time to look for blanks around the value."""
    try:
        value, end = _SCAN(line, 0)
    except StopIteration:
        return json.loads(line)
    return value if end == len(line) else json.loads(line)


def _field(record: Mapping[str, Any], key: str, source: str, number: int) -> Any:
    if key not in record:
        known = ", ".join(map(repr, record)) or "none"
        raise LineError(f"{source}:{number}: no field {key!r}; it has {known}; name one with --field or --id")
    return record[key]


def read_text(line: str, key: str, source: str, number: int) -> str:
    """One field's text. Raises LineError where it is missing or something else.

    >>> read_text('{"text": "稿"}', "text", "a.jsonl", 1)
    '稿'
    """
    return _text(_record(line, source, number), key, source, number)


def _text(record: Mapping[str, Any], key: str, source: str, number: int) -> str:
    value = _field(record, key, source, number)
    if not isinstance(value, str):
        raise LineError(f"{source}:{number}: field {key!r} is not a text; name a field that holds text with --field")
    return value


def utf8_lines(raw: Iterable[bytes], source: str) -> Iterator[tuple[int, str]]:
    """(number from 1, line without its line end) of every line that is not blank. Raises LineError where one is not UTF-8."""
    for number, data in enumerate(raw, 1):
        line = _decoded(data, source, number)
        if line.strip(_BLANK):
            yield number, line


def _decoded(data: bytes, source: str, number: int) -> str:
    try:
        return data.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        mend = "decode it first: jinggao stage decode"
        raise LineError(f"{source}:{number}: not UTF-8 (byte {error.start + 1}); {mend}") from None


def documents(raw: Iterable[bytes], source: str, *, key: str = "id", field: str = "text") -> list[tuple[str, str]]:
    """(id, text) of every record of a JSONL corpus. An id may be a text or a whole number.

    Raises LineError where a line has no such fields, or an id stands twice.

    >>> documents([b'{"id": 1, "text": "a"}', b'{"id": 2, "text": "b"}'], "corpus.jsonl")
    [('1', 'a'), ('2', 'b')]
    """
    found: list[tuple[str, str]] = []
    seen: dict[str, int] = {}
    for number, line in utf8_lines(raw, source):
        name, text = _document(line, key, field, source, number)
        if name in seen:
            raise _twice(name, source, number, seen[name])
        seen[name] = number
        found.append((name, text))
    return found


def _document(line: str, key: str, field: str, source: str, number: int) -> tuple[str, str]:
    record = _record(line, source, number)
    name = _field(record, key, source, number)
    if not isinstance(name, (str, int)) or isinstance(name, bool):
        raise LineError(f"{source}:{number}: field {key!r} is neither a text nor a whole number; name another with --id")
    return str(name), _text(record, field, source, number)


def document(data: bytes, source: str, number: int, *, key: str = "id", field: str = "text") -> tuple[str, str]:
    """(id, text) of one line, of the number from 1. Raises LineError where it has no such fields.

    >>> document(b'{"id": 1, "text": "a"}', "corpus.jsonl", 1)
    ('1', 'a')
    """
    return _document(_decoded(data, source, number), key, field, source, number)


def _twice(name: str, source: str, number: int, before: int) -> LineError:
    return LineError(f"{source}:{number}: the id {name!r} stands on line {before} already; ids must differ")


class Corpus:
    """The records of a JSONL corpus as documents that stay in the file: each is read again where it is asked for.

    Going through them all comes first. Raises LineError where a line has no such fields; an id that stands twice is for the
    caller to find and to report by `twice`.

    >>> import io
    >>> found = Corpus(io.BytesIO(b'{"id": 1, "text": "a"}\\n{"id": 2, "text": "b"}\\n'), "corpus.jsonl")
    >>> list(found), found[1]
    ([('1', 'a'), ('2', 'b')], ('2', 'b'))
    """

    def __init__(self, file: IO[bytes], source: str, *, key: str = "id", field: str = "text") -> None:
        self._file, self._source, self._key, self._field = file, source, key, field
        self._starts = array("q")
        self._lines = array("q")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        del self._starts[:], self._lines[:]
        self._file.seek(0)
        start = 0
        for number, data in enumerate(self._file, 1):
            if data.strip():
                self._starts.append(start)
                self._lines.append(number)
                yield self._read(data, number)
            start += len(data)

    def __getitem__(self, number: int) -> tuple[str, str]:
        self._file.seek(self._starts[number])
        return self._read(self._file.readline(), self._lines[number])

    def _read(self, data: bytes, number: int) -> tuple[str, str]:
        return document(data, self._source, number, key=self._key, field=self._field)

    def twice(self, first: int, second: int) -> LineError:
        """The error of two documents with the same id."""
        return _twice(self[second][0], self._source, self._lines[second], self._lines[first])
