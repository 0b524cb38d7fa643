"""Structured contexts with true and false claims about them, made from a seed: there are none among the labelled sets.

A context holds a few records of one domain (restaurants, products, people, flights, API settings), spelled as JSON, as
a Python dict, as ``key: value`` lines, or as a table. A claim is about one field of one record; where the field's value
stands is kept, so that one can ask whether a window shows it.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from record_domains import DOMAINS, Domain, Path, Value

FORMATS = ("json", "json lines", "python", "key: value", "markdown", "csv", "tsv")
RECORDS = (2, 3, 4, 6)
CLAIMS_PER_CONTEXT = 6

Record = dict[str, object]
Spans = dict[Path, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class StructuredClaim:
    """A sentence about one field of a record, and where in the context the field's value stands."""

    text: str
    supported: bool
    kind: str
    """What the field holds: a truth, hours, a number, a word."""
    chunk: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StructuredContext:
    """Chunks that hold records, and claims about them."""

    domain: str
    format: str
    chunks: tuple[str, ...]
    claims: tuple[StructuredClaim, ...]


def contexts(count: int, seed: int, domains: Sequence[Domain] = DOMAINS) -> Iterator[StructuredContext]:
    """*count* contexts, each domain and format in turn, the same for one *seed*."""
    draw = random.Random(seed)  # noqa: S311
    for turn in range(count):
        domain = domains[turn % len(domains)]
        yield _context(domain, FORMATS[turn // len(domains) % len(FORMATS)], draw)


def _context(domain: Domain, spelling: str, draw: random.Random) -> StructuredContext:
    names = draw.sample(domain.names, draw.choice(RECORDS))
    values = [{field.path: draw.choice(field.values) for field in domain.fields} for _ in names]
    records = [_record(domain, name, of) for name, of in zip(names, values, strict=True)]
    chunks, places = _spelled(spelling, domain, records)
    claims = []
    for turn in range(CLAIMS_PER_CONTEXT):
        at_record, field = draw.randrange(len(names)), draw.choice(domain.fields)
        truth_told = turn % 2 == 0
        mine = values[at_record][field.path]
        true = field.sentences(names[at_record], mine)
        # "Open until 9 pm" is true of more than one value.
        false = [
            text for value in field.values for text in field.sentences(names[at_record], value) if text not in true
        ]
        text = draw.choice(true if truth_told else false)
        claims.append(StructuredClaim(text, truth_told, field.kind, *places[at_record, field.path]))
    return StructuredContext(domain.name, spelling, tuple(chunks), tuple(claims))


def _record(domain: Domain, name: str, values: Mapping[Path, Value]) -> Record:
    record: Record = {domain.key: name}
    for path, value in values.items():
        inside = record
        for key in path[:-1]:
            below = inside.setdefault(key, {})
            assert isinstance(below, dict)  # noqa: S101
            inside = below
        inside[path[-1]] = value
    return record


Places = dict[tuple[int, Path], tuple[int, int, int]]


def _spelled(spelling: str, domain: Domain, records: Sequence[Record]) -> tuple[list[str], Places]:
    if spelling in {"markdown", "csv", "tsv", "json lines"}:
        text, spans = _table(spelling, records) if spelling != "json lines" else _lines_of_json(records)
        return [text], {(record, path): (0, *span) for (record, path), span in spans.items()}
    chunks: list[str] = []
    places: Places = {}
    for number_of, record in enumerate(records):
        writer = Writer()
        if spelling == "key: value":
            writer.put(f"{domain.name}\n\n")
            writer.lines(record)
        else:
            writer.value(record, (), PYTHON if spelling == "python" else JSON, 1 if number_of % 2 else None)
        chunks.append(writer.text)
        places |= {(number_of, path): (number_of, *span) for path, span in writer.spans.items()}
    return chunks, places


def _lines_of_json(records: Sequence[Record]) -> tuple[str, dict[tuple[int, Path], tuple[int, int]]]:
    writer = Writer()
    spans = {}
    for number_of, record in enumerate(records):
        writer.value(record, (), JSON, None)
        writer.put("\n")
        spans.update({(number_of, path): span for path, span in writer.spans.items()})
    return writer.text, spans


def _table(spelling: str, records: Sequence[Record]) -> tuple[str, dict[tuple[int, Path], tuple[int, int]]]:
    before, between, after = {"markdown": ("| ", " | ", " |\n"), "csv": ("", ",", "\n"), "tsv": ("", "\t", "\n")}[
        spelling
    ]
    writer = Writer()
    spans = {}
    columns = list(_leaves(records[0], ()))
    writer.put(before + between.join(path[-1] for path, _ in columns) + after)
    if spelling == "markdown":
        writer.put("|" + " --- |" * len(columns) + "\n")
    for number_of, record in enumerate(records):
        for place, (path, value) in enumerate(_leaves(record, ())):
            writer.put(between if place else before)
            spans[number_of, path] = writer.put("" if value is None else _bare(value))
        writer.put(after)
    return writer.text, spans


def _leaves(value: Record, path: Path) -> Iterator[tuple[Path, Value]]:
    for key, below in value.items():
        if isinstance(below, dict):
            yield from _leaves(below, (*path, key))
        else:
            yield (*path, key), below  # type: ignore[misc]


def _bare(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


JSON: Callable[[object], str] = json.dumps
PYTHON: Callable[[object], str] = repr


class Writer:
    """A text that grows, and where each value was put."""

    def __init__(self) -> None:
        self.text = ""
        self.spans: Spans = {}

    def put(self, text: str) -> tuple[int, int]:
        """Append *text*; where it stands."""
        start = len(self.text)
        self.text += text
        return start, len(self.text)

    def value(self, value: object, path: Path, spell: Callable[[object], str], indent: int | None) -> None:
        """Append *value* as *spell* spells it, on lines of their own if *indent* is a number."""
        if not isinstance(value, dict):
            start, end = self.put(spell(value))
            quotes = isinstance(value, str)
            self.spans[path] = start + quotes, end - quotes
            return
        gap = "\n" + "  " * indent if indent is not None else ""
        self.put("{")
        for place, (key, below) in enumerate(value.items()):
            self.put((", " if not gap else ",") * (place > 0) + gap + spell(key) + ": ")
            self.value(below, (*path, key), spell, indent + 1 if indent is not None else None)
        self.put(("\n" + "  " * (indent - 1) if indent is not None else "") + "}")

    def lines(self, record: Record, path: Path = ()) -> None:
        """Append *record* as ``key: value`` lines, what is nested indented."""
        for key, below in record.items():
            self.put("  " * len(path) + key + ":")
            if isinstance(below, dict):
                self.put("\n")
                self.lines(below, (*path, key))
            else:
                self.put(" ")
                self.spans[(*path, key)] = self.put("closed" if below is None else _bare(below))
                self.put("\n")
