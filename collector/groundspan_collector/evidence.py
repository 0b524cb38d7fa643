"""For a claim, the passages of a context that are most able to support or refute it.

A context is read once per answer: its chunks are cut into statements (sentences, the values of records and
tables), each with the place it stands at, and their words are indexed. A claim then looks only at the
statements that share its words.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from groundspan_collector import structured
from groundspan_collector.claims import sentences, statements
from groundspan_collector.structured import Reading, Span
from groundspan_collector.wording import NOT, NUMBER, STOP, WORD, Word, normal, words

CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^A-Za-z\s_]+")
KEYED = 2.0
"""A word that is a field's key tells so much more of what a claim is about than one in its value or its name."""
LONG_VALUE = 60
"""A value longer than this may hold several sentences."""
OPEN, CLOSE, CLOSED = (normal(word)[0] for word in ("open", "closes", "closed"))
Keyed = Callable[[Span], Sequence[Word]]
"""The words of a key or name; one leads to many values."""
HOURS_KEY = re.compile(r"(?i)hours|opening|open")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage of the context: the index of its chunk, and code points within that chunk."""

    chunk: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, row or leaf of a chunk, with its words."""

    at: Evidence
    words: tuple[Word, ...]
    stems: frozenset[str]
    reading: Reading | None = None
    """How it is read where it is a value of a record or table."""
    keys: frozenset[str] = frozenset()
    """The words of its key there, unless the value is only the record's name."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A statement, with the neighbour it needs to be understood, if any."""

    at: Evidence
    words: tuple[Word, ...]
    stems: frozenset[str]
    size: int
    """Content words of the statement itself, without its neighbour."""
    score: float
    reading: Reading | None = None
    """How it is read where it is a value of a record or table; it then has no neighbour."""


@dataclass(frozen=True, slots=True)
class Index:
    """A context made ready to be asked for passages."""

    context: tuple[str, ...]
    statements: tuple[Statement, ...]
    postings: dict[str, list[int]]

    def rarity(self, stem: str) -> float:
        """How much it tells that a statement has *stem*: rare words tell more."""
        return math.log(1 + len(self.statements) / (1 + len(self.postings.get(stem, ()))))


def read(context: Sequence[str]) -> Index:
    """Cut *context* into statements and index their words."""
    statements = tuple(statement for chunk, text in enumerate(context) for statement in _statements(chunk, text))
    postings: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for stem in statement.stems:
            postings.setdefault(stem, []).append(number)
    return Index(tuple(context), statements, postings)


def passages(index: Index, stems: Iterable[str], limit: int = 3) -> list[Passage]:
    """The *limit* passages that share the most telling words with *stems*, best first."""
    # In the order of the claim, never of a set: sums of floats must come out the same in every process.
    asked = {stem: index.rarity(stem) for stem in stems if stem in index.postings}
    scores: dict[int, float] = {}
    for stem, rarity in asked.items():
        for number in index.postings[stem]:
            worth = rarity * KEYED if stem in index.statements[number].keys else rarity
            scores[number] = scores.get(number, 0.0) + worth
    best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
    return [_passage(index, number, scores[number], asked) for number in best]


def _passage(index: Index, number: int, score: float, asked: dict[str, float]) -> Passage:
    """The statement *number*, with the neighbour that adds more than a fifth to its score, if one does."""
    own = index.statements[number]
    size = sum(word.kind != STOP for word in own.words)
    if own.reading:
        return Passage(own.at, own.words, own.stems, size, score, own.reading)
    added, other = 0.0, own
    for neighbour in index.statements[max(0, number - 1) : number + 2]:
        gain = sum(worth for stem, worth in asked.items() if stem in neighbour.stems and stem not in own.stems)
        if neighbour.at.chunk == own.at.chunk and not neighbour.reading and gain > added:
            added, other = gain, neighbour
    if added <= 0.2 * score:
        return Passage(own.at, own.words, own.stems, size, score)
    first, second = sorted((own, other), key=lambda statement: statement.at.start)
    at = Evidence(own.at.chunk, first.at.start, max(first.at.end, second.at.end))
    return Passage(at, first.words + second.words, own.stems | other.stems, size, score + added)


def _statements(chunk: int, text: str) -> Iterator[Statement]:
    keyed = lru_cache(maxsize=None)(lambda span: tuple(_keyed(text, span)))
    for (start, end), readings in structured.stretches(text):
        for reading in readings:
            yield from _read_value(chunk, text, reading, keyed)
        if not readings:
            for low, high in statements(text[start:end]):
                yield _statement(Evidence(chunk, start + low, start + high), words(text, start + low, start + high))


def _statement(at: Evidence, found: Iterable[Word], reading: Reading | None = None) -> Statement:
    kept = tuple(found)
    # Each field that is "no" has a "not", so that a "not" does not tell which field is asked for.
    passed_over = {STOP, NOT} if reading else {STOP}
    stems = frozenset(word.stem for word in kept if word.kind not in passed_over)
    if reading is None or reading.key is None or reading.value[0] == reading.record:
        return Statement(at, kept, stems, reading)
    low, high = reading.key
    keys = frozenset(word.stem for word in kept if low <= word.start < high and word.kind != STOP)
    return Statement(at, kept, stems, reading, keys)


def _read_value(chunk: int, text: str, reading: Reading, keyed: Keyed) -> Iterator[Statement]:
    """The value with the names and keys that lead to it: "Blue Cafe: not WiFi". A text is read by its sentences."""
    low, high = reading.value
    parts = list(sentences(text, low, high)) if high - low > LONG_VALUE else []
    if len(parts) < 2:
        yield _statement(Evidence(chunk, *reading.at), _said(text, reading, keyed), reading)
        return
    for part in parts:
        one = replace(reading, value=part, at=part)
        yield _statement(Evidence(chunk, *part), _said(text, one, keyed), one)


def _said(text: str, reading: Reading, keyed: Keyed) -> list[Word]:
    value = structured.bare(text[slice(*reading.value)])
    found: list[Word] = []
    for span in reading.lead:
        found += keyed(span)
    keys = keyed(reading.key) if reading.key else ()
    if hours := structured.HOURS.match(value):
        found += _hours(keys, hours, reading.value)
    elif value in structured.CLOSED or (value in structured.NO and _are_hours(text, reading)):
        found += (*keys, Word(CLOSED, WORD, *reading.value))
    elif value in structured.NO:
        found += (Word("not", NOT, *reading.value), *keys)
    else:
        found += keys
        if value not in structured.YES:
            found += _unescaped(text, *reading.value)
    return found


def _hours(day: Iterable[Word], hours: re.Match[str], at: Span) -> Iterator[Word]:
    """``"Monday": "8:0-21:0"`` says: open Monday 8:00, close 21:00."""
    opening, closing = structured.opening_and_closing(hours)
    yield Word(OPEN, WORD, *at)
    yield from day
    for time in (opening, closing):
        yield from (Word(word.stem, NUMBER, *at) for word in words(time))
    yield Word(CLOSE, WORD, *at)


def _are_hours(text: str, reading: Reading) -> bool:
    return any(HOURS_KEY.search(text, *span) for span in reading.lead)


def _keyed(text: str, span: Span) -> Iterator[Word]:
    """A key or a name; "OutdoorSeating" is also "outdoor seating"."""
    yield from _unescaped(text, *span)
    name = text[slice(*span)]
    if " " not in name and not name.islower():
        inner = list(CAMEL.finditer(text, *span))
        for part in inner if len(inner) > 1 else ():
            yield from words(text, *part.span())


def _unescaped(text: str, start: int, end: int) -> Iterator[Word]:
    """The words of a string as JSON spells it: an escaped letter is a letter, an escaped newline is none."""
    if "\\" not in text[start:end]:
        yield from words(text, start, end)
        return
    plain: list[str] = []
    places: list[int] = []
    done = start
    for escape in structured.ESCAPE.finditer(text, start, end):
        plain += [text[done : escape.start()], structured.letter(escape)]
        places += range(done, escape.start() + 1)
        done = escape.end()
    plain.append(text[done:end])
    places += range(done, end + 1)
    for word in words("".join(plain)):
        yield Word(word.stem, word.kind, places[word.start], places[word.end])
