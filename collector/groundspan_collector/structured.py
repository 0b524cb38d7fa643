"""Records and tables inside a text, read as statements: each value with the name of its record and its keys.

JSON and Python's spelling of it, whole or cut, JSON in JSON strings, ``key: value`` lines, tables of markdown,
CSV and TSV. What is none of these is prose, and left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Span = tuple[int, int]

LONGEST_VALUE = 200
"""What follows a colon on a line and is longer than this is prose."""
LONGEST_NAME, LONGEST_COLUMN = 60, 40
MOST_KEY_WORDS = 4
DEEPEST = 8
"""So many records around a value are looked at."""
FEW_COLUMNS = 3
"""A table of fewer columns than this, with no rule below its head, must have two rows to be seen as one."""
NAMING_KEYS = ("name", "title")
"""What stands under the first of these keys names the record: all its values are of that thing."""
NO = frozenset(["false", "no", "none", "null", "nil"])
YES = frozenset(["true", "yes"])
CLOSED = frozenset(["closed"])
HOURS = re.compile(r"\s*(\d{1,2}):(\d{1,2})\s?[-–]\s?(\d{1,2}):(\d{1,2})\s*$")

STRING = (
    r"""u?(?:"(?P<double>(?:[^"\\]|\\.)*)(?:"|\\?\Z)|'(?P<single>(?:[^'\\]|\\.|'(?!\s*(?:[,:}\]]|\Z)))*)(?:'|\\?\Z))"""
)
TOKEN = re.compile(STRING + r"|(?P<mark>[{}\[\],:\s]+)|(?P<scalar>[^\"'{}\[\],:\s][^{}\[\],\n]*)|.", re.DOTALL)
ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<letter>.))", re.DOTALL)
"""One letter as JSON may spell it: always longer than the letter itself."""
COLON = re.compile(r"\s*:")
INSIDE_STRING = re.compile(r"\s*[{\[]\s*u?['\"]")
QUOTED_KEY = r"""u?(?:"[^"\n]{1,60}"|'[^'\n]{1,60}')\s*:"""
CUT_RECORD = re.compile(rf"[,}}\]\s]*{QUOTED_KEY}\s")
KEY = r"[ \t]*(?:- )?(?:\*\*)?[^\W\d][\w .()/-]{0,39}(?:\*\*)?:"
OPENING = re.compile(
    # A label may stand before a record: "Data: {...".
    rf"^(?P<record>[ \t]*(?:[\w ]{{1,40}}:\s*)?(?=(?:[{{\[]\s*){{1,4}}(?:{QUOTED_KEY}|\}}))[{{\[])"
    r"|^(?P<table>[^\n|]*\|[^\n]*\n[ \t]{0,20}(?:\|[ \t]{0,20})?:?-{2,}:?[ \t]{0,20}[|\n])"
    rf"|^(?P<lines>{KEY}(?:[ \t]+\S[^\n]{{0,{LONGEST_VALUE}}})?\n(?={KEY}(?:[ \t]+\S|[ \t]*\n[ \t]+(?:-|{KEY}))))"
    r"|^(?P<cells>[^\n\t]*\t[^\n]+\n|[^\n,.]*,[^\n,.]*,[^\n.]*\n|[^\n;.]*;[^\n;.]*;[^\n.]*\n)",
    re.MULTILINE,
)
LINE = re.compile(
    r"(?P<indent>[ \t]*)(?P<item>- +)?(?:\*\*)?(?P<key>[^\W\d][\w .()/-]{0,39})(?:\*\*)?:(?:\*\*)?"
    rf"(?:[ \t]+(?P<value>\S[^\n]{{0,{LONGEST_VALUE}}}))?[ \t]*(?:\n|\Z)"
)
ITEM = re.compile(rf"[ \t]*- +(?P<value>\S[^\n]{{0,{LONGEST_VALUE}}})(?:\n|\Z)")
PIPE = re.compile(r"(?<!\\)\|")
CELL = {
    mark: re.compile(
        rf'(?:^|(?<={mark}))(?:"(?P<quoted>(?:[^"\n]|"")*)"(?=[{mark}\r\n]|\Z)|(?P<bare>[^{mark}\n]*))', re.MULTILINE
    )
    for mark in ("\t", ",", ";")
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value, and what is needed to understand it, as places in the text."""

    lead: tuple[Span, ...]
    """The names of the records that it is in, and the keys around its own, the outermost first."""
    key: Span | None
    value: Span
    at: Span
    """What a person is shown: the value with its key, or with the name of its row."""
    record: int
    """Where the record begins, or its name: values with the same number are of one thing."""


@dataclass(slots=True)
class Frame:
    """A record or list that is being read."""

    listed: bool = True
    """It stands alone or in a list, so that it is a thing of its own, and its first value may be its name."""
    key: Span | None = None
    name: Span | None = None
    naming: int | None = None
    """What the name is taken from; a lower number is better."""
    outer: "Frame | None" = None
    readings: int = 0


@dataclass(slots=True)
class _Record:
    """The values of a record so far; a name counts for the values before it too."""

    found: list[tuple[Frame, Span | None, Span]] = field(default_factory=list)

    def add(self, text: str, frame: Frame, key: Span | None, value: Span) -> None:
        """Take one value, which may be the name of its record."""
        label = text[slice(*key)].strip().casefold() if key else ""
        first = frame.listed and key is not None and not frame.readings and _may_be_name(text[slice(*value)])
        naming = NAMING_KEYS.index(label) if label in NAMING_KEYS else len(NAMING_KEYS) if first else None
        if naming is not None and (frame.naming is None or naming < frame.naming):
            frame.name, frame.naming = value, naming
        frame.readings += 1
        self.found.append((frame, key, value))

    def readings(self, text: str) -> Iterator[Reading]:
        """The values, each with the names and keys around it."""
        for frame, key, value in self.found:
            shown = _quoted(text, key or value)[0], _quoted(text, value)[1]
            around = list(_around(frame))
            lead = [span for one in around for span in (one.key, one.name) if span and span != value]
            record = next((one.name[0] for one in around if one.name), self.found[0][2][0])
            yield Reading(tuple(lead), key, value, shown, record)


def stretches(text: str) -> Iterator[tuple[Span, list[Reading]]]:
    """The text in order, cut where records and tables begin and end; prose has no readings."""
    done = at = 0
    cut = CUT_RECORD.match(text)
    if cut:
        at, found = _record(text, 0)
        yield (0, at), found
        done = at
    while opening := OPENING.search(text, at):
        end, found = _READERS[opening.lastgroup or ""](text, opening.start())
        if not found:
            at = max(end, text.find("\n", opening.start()) + 1, opening.start() + 1)
            continue
        if text[done : opening.start()].strip():
            yield (done, opening.start()), []
        yield (opening.start(), end), found
        done = at = end
    if text[done:].strip():
        yield (done, len(text)), []


def plain(value: str) -> str:
    """*value* as it reads, without the escapes of JSON."""
    return ESCAPE.sub(letter, value) if "\\" in value else value


def letter(escape: re.Match[str]) -> str:
    """The one letter that ESCAPE found; a blank for half of one, and for a control character."""
    if escape["letter"]:
        return " " if escape["letter"] in "nrtbfu" else escape["letter"]
    found = chr(int(escape["code"], 16))
    return found if found.isprintable() else " "


def opening_and_closing(hours: re.Match[str]) -> tuple[str, str]:
    """What HOURS found, as people say it: ``8:0-21:30`` is 8 am and 9:30 pm."""
    numbers = [int(number) for number in hours.groups()]
    return _said(*numbers[:2]), _said(*numbers[2:])


def _said(hour: int, minute: int) -> str:
    return f"{(hour + 11) % 12 + 1}{f':{minute:02}' if minute else ''} {'pm' if hour % 24 >= 12 else 'am'}"


def bare(value: str) -> str:
    """*value* without quotes and blanks: ``u'no'`` is no."""
    value = value.strip()
    if value[:2] in {"u'", 'u"'}:
        value = value[1:]
    return value.strip("\"' ").casefold()


def _around(frame: Frame) -> list[Frame]:
    """The records that a value is in, the outermost first; of a very deep nest, the innermost."""
    found: list[Frame] = []
    around: Frame | None = frame
    while around and len(found) < DEEPEST:
        found.append(around)
        around = around.outer
    return found[::-1]


def _quoted(text: str, span: Span) -> Span:
    """*span* with the quotes around it."""
    low, high = span
    quoted = low > 0 and text[low - 1] in "\"'" and text[high : high + 1] == text[low - 1]
    return low - quoted, high + quoted


def _may_be_name(value: str) -> bool:
    plain = bare(value)
    known = plain in NO or plain in YES or HOURS.match(plain)
    return 0 < len(plain) <= LONGEST_NAME and not known and any(map(str.isalpha, plain))


def _record(text: str, start: int) -> tuple[int, list[Reading]]:
    """What is read from the brace at or after *start* to the one that closes it, and where that is."""
    record = _Record()
    end = _read_record(text, start, len(text), Frame(), record)
    return end, list(record.readings(text))


def _read_record(text: str, start: int, stop: int, frame: Frame, record: _Record, *, inner: bool = False) -> int:
    opening = text.find("{", start), text.find("[", start)
    whole = CUT_RECORD.match(text, start, stop) is None
    at = min((place for place in opening if place >= 0), default=start) if whole else start
    key: Span | None = None
    depth = 0
    for token in TOKEN.finditer(text, at, stop):
        kind = token.lastgroup
        if kind == "mark":
            for place, mark in enumerate(token[0], token.start()):
                if mark in "{[":
                    # An object in a list is a thing of its own; one under a key is a part of the thing around it.
                    frame = Frame(key=key, listed=(mark == "[" or frame.listed) and key is None, outer=frame)
                    depth += 1
                elif mark in "}]":
                    frame, depth = frame.outer or frame, depth - 1
                    if whole and not depth:
                        return place + 1
                if mark in "{[,}]":
                    key = None
        elif kind in {"double", "single", "scalar"}:
            low, high = token.span(kind)
            if kind != "scalar" and COLON.match(text, token.end(), stop):
                key = (low, high) if low < high else None
                continue
            if not inner and INSIDE_STRING.match(text, low, high):
                _read_record(text, low, high, Frame(key=key, listed=False, outer=frame), record, inner=True)
            else:
                high = low + len(text[low:high].rstrip())
                if low < high:
                    record.add(text, frame, key, (low, high))
            key = None
    return stop


def _lines(text: str, start: int) -> tuple[int, list[Reading]]:
    """``key: value`` lines, what is indented below a key belonging to it."""
    record = _Record()
    open_frames: list[tuple[float, Frame]] = [(-1, Frame())]
    at = start
    while at < len(text):
        line, item = LINE.match(text, at), ITEM.match(text, at)
        if line and line["key"].count(" ") < MOST_KEY_WORDS:
            indent = len(line["indent"])
            while open_frames[-1][0] >= indent + (0.5 if line["item"] else 0):
                open_frames.pop()
            if line["item"]:
                # It is inside the key before it, also where it is indented no further than that.
                open_frames.append((indent + 0.5, Frame(outer=open_frames[-1][1])))
            frame = open_frames[-1][1]
            if line["value"]:
                low, high = line.span("value")
                record.add(text, frame, line.span("key"), (low, low + len(text[low:high].rstrip())))
            else:
                inner = indent + (len(line["item"]) if line["item"] else 0)
                open_frames.append((inner, Frame(key=line.span("key"), listed=False, outer=frame)))
            at = line.end()
        elif item:
            record.add(text, open_frames[-1][1], None, item.span("value"))
            at = item.end()
        else:
            break
    return at, list(record.readings(text)) if _are_fields(text, record) else []


def _are_fields(text: str, record: _Record) -> bool:
    """Whether lines are a record's: in a talk the same people speak again and again, in whole sentences."""
    keys = [(id(frame), text[slice(*key)].casefold()) for frame, key, _ in record.found if key]
    spoken = sum(text[high - 1] in ".?!" for _, _, (_, high) in record.found)
    return len(record.found) > 1 and len(set(keys)) == len(keys) and 2 * spoken < len(record.found)


def _piped(text: str, start: int) -> tuple[int, list[Reading]]:
    """A table of markdown: a head, a rule, rows."""
    rows: list[list[Span]] = []
    at = start
    while at < len(text):
        end = (text.find("\n", at) + 1) or len(text)
        if "|" not in text[at:end]:
            break
        low, high = _within_pipes(text, at, end)
        pipes = [pipe.start() for pipe in PIPE.finditer(text, low, high)]
        rows.append(
            [_trimmed(text, *cell) for cell in zip([low, *(p + 1 for p in pipes)], [*pipes, high], strict=True)]
        )
        at = end
    return at, list(_rows(text, rows[0], rows[2:])) if len(rows) > 2 else []


def _within_pipes(text: str, start: int, end: int) -> Span:
    low, high = _trimmed(text, start, end)
    return low + (text[low : low + 1] == "|"), high - (high - low > 1 and text[high - 1] == "|")


def _cells(text: str, start: int) -> tuple[int, list[Reading]]:
    """A table of CSV or TSV: lines of as many cells as the first one, which holds the names of the columns."""
    first = text[start : text.find("\n", start)]
    mark = max(CELL, key=first.count)
    rows: list[list[Span]] = []
    at = start
    while at < len(text):
        end = (text.find("\n", at) + 1) or len(text)
        cells = [_cell(text, found) for found in CELL[mark].finditer(text, at, end - text.endswith("\n", at, end))]
        if rows and len(cells) != len(rows[0]):
            break
        rows.append(cells)
        at = end
    is_table = len(rows) > (1 if len(rows[0]) > FEW_COLUMNS else 2) and _is_head(
        [text[slice(*cell)] for cell in rows[0]]
    )
    return at, list(_rows(text, rows[0], rows[1:])) if is_table else []


def _cell(text: str, found: re.Match[str]) -> Span:
    return _trimmed(text, *found.span("bare" if found["quoted"] is None else "quoted"))


def _is_head(names: list[str]) -> bool:
    plain = all(0 < len(name) <= LONGEST_COLUMN and name[-1] not in ".!?" and not name[0].isdigit() for name in names)
    return plain and len({name.casefold() for name in names}) == len(names) > 1


def _rows(text: str, head: list[Span], rows: list[list[Span]]) -> Iterator[Reading]:
    """The cells of each row, after the cell that names the row."""
    columns = [text[slice(*cell)].casefold() for cell in head]
    naming = next((place for place, column in enumerate(columns) if column in NAMING_KEYS), 0)
    for row in rows:
        name = row[naming] if naming < len(row) and _may_be_name(text[slice(*row[naming])]) else None
        for place, cell in enumerate(row[: len(head)]):
            if cell[0] < cell[1]:
                lead = (name,) if name and place != naming else ()
                shown = (
                    min(cell[0], *(low for low, _ in lead), cell[0]),
                    max(cell[1], *(high for _, high in lead), cell[1]),
                )
                yield Reading(lead, head[place], cell, shown, row[naming if name else 0][0])


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    low = start + len(piece) - len(piece.lstrip())
    return low, low + len(piece.strip())


_READERS = {"record": _record, "table": _piped, "lines": _lines, "cells": _cells}
