"""The window of a context that a judge is shown for one claim: its best statements, put together within a budget.

Statements are taken one by one, each time the one that tells most of what the claim says and the window does not say
yet. A value of a record brings the names and keys that lead to it; where there is room left, the best sentences bring
their neighbours. The text is in the order of the context, and all of its parts are cut from there.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from groundspan_collector import structured
from groundspan_collector.evidence import Evidence, Index, Statement
from groundspan_collector.structured import Reading, Span
from groundspan_collector.wording import NAME, NUMBER, STOP, Word

CANDIDATES = 48
"""So many statements are weighed against one another."""
SAID_AGAIN = 0.5
"""What a word counts that the window has already, as a share of what it counts the first time."""
BESIDE = 0.2
"""What the words of its better neighbour count for a sentence, as a share of its own."""
TELLING = 1.5
"""How much more the numbers and names of a claim count than its other words."""
USUAL_WORDS = 20
"""A statement of more words than this must tell more to be taken."""
WORTH = 0.05
"""A statement that tells less than this share of what the best one tells is left out for neighbours of better ones."""
HEADING_SHARE = 0.1
"""The heading above the best sentence may take so much of the window."""

LONGEST_HEADING = 120
HEADING_WITHIN = 30
"""So many sentences above the best one are looked at for its heading."""
SENTENCE_ENDS = frozenset(".!?,;。！？")


@dataclass(frozen=True, slots=True)
class Window:
    """A text for a judge to read, and the parts of the context that it was cut from, in the order of the text."""

    text: str
    parts: tuple[Evidence, ...]


def window(index: Index, claim: Iterable[Word], most_chars: int) -> Window:
    """What of the context tells most about *claim*, in at most *most_chars* characters."""
    asked = _asked(index, claim)
    ranked = list(_ranked(index, asked)) if most_chars > 0 else []
    picked = _fitting(index, _wanted(index, ranked, most_chars), most_chars)
    if ranked and ranked[0] not in picked:
        return _cut_down(index, ranked[0], asked, most_chars)
    written = _written(index, picked)
    while len(written.text) > most_chars:
        # A lead that had to be written twice.
        picked.pop()
        written = _written(index, picked)
    return written


def _asked(index: Index, claim: Iterable[Word]) -> dict[str, float]:
    """What each word of the claim that the context has is worth."""
    return {
        word.stem: index.rarity(word.stem) * (TELLING if word.kind in {NUMBER, NAME} else 1)
        for word in claim
        if word.kind != STOP and word.stem in index.postings
    }


def _ranked(index: Index, asked: Mapping[str, float]) -> Iterator[int]:
    """Statements, each the best of those left beside what was said before it."""
    told: dict[int, float] = {}
    for stem, worth in asked.items():
        for number in index.postings[stem]:
            told[number] = told.get(number, 0.0) + worth
    around = {number: BESIDE * _beside(index, number, told) for number in told}
    best = heapq.nlargest(
        CANDIDATES, told, key=lambda number: (_per_length(index, number, told[number] + around[number]), -number)
    )
    covered: set[str] = set()
    # What a statement tells only falls as others are taken, so one that is still the best when looked at again is.
    waiting = [(-_per_length(index, number, told[number] + around[number]), number) for number in best]
    heapq.heapify(waiting)
    first = -waiting[0][0] if waiting else 0.0
    while waiting:
        _, number = heapq.heappop(waiting)
        shared = [stem for stem in asked if stem in index.statements[number].stems]
        tells = sum(asked[stem] * (SAID_AGAIN if stem in covered else 1) for stem in shared)
        tells = _per_length(index, number, tells + around[number])
        if waiting and tells < -waiting[0][0]:
            heapq.heappush(waiting, (-tells, number))
            continue
        if tells < WORTH * first:
            break
        covered.update(shared)
        yield number


def _per_length(index: Index, number: int, tells: float) -> float:
    return tells / math.sqrt(max(1.0, len(index.statements[number].words) / USUAL_WORDS))


def _beside(index: Index, number: int, told: Mapping[int, float]) -> float:
    """What the better neighbour of a sentence tells."""
    if index.statements[number].reading:
        return 0.0
    return max(
        told.get(other, 0.0) if _are_neighbours(index, number, other) else 0.0 for other in (number - 1, number + 1)
    )


def _are_neighbours(index: Index, number: int, other: int) -> bool:
    if not 0 <= other < len(index.statements):
        return False
    one, beside = index.statements[number], index.statements[other]
    return one.at.chunk == beside.at.chunk and not one.reading and not beside.reading


def _wanted(index: Index, ranked: list[int], most_chars: int) -> Iterator[int]:
    """What is worth showing, the best first: the ranked statements, the best one's heading, their neighbours."""
    for number in ranked[:1]:
        yield number
        heading = _heading(index, number)
        if heading is not None and _length(index.statements[heading].at) <= HEADING_SHARE * most_chars:
            yield heading
    yield from ranked[1:]
    for number in ranked:
        for other in (number + 1, number - 1):
            if _are_neighbours(index, number, other):
                yield other


def _heading(index: Index, number: int) -> int | None:
    """The nearest line above a sentence, in its chunk, that does not end as a sentence does."""
    for above in range(number - 1, max(-1, number - HEADING_WITHIN), -1):
        if not _are_neighbours(index, above + 1, above):
            return None
        at = index.statements[above].at
        if _length(at) <= LONGEST_HEADING and index.context[at.chunk][at.end - 1] not in SENTENCE_ENDS:
            return above
    return None


def _length(at: Evidence) -> int:
    return at.end - at.start


def _fitting(index: Index, wanted: Iterable[int], most_chars: int) -> list[int]:
    """Those of *wanted* that there is room for, in the order of what they are worth."""
    left = most_chars
    picked: dict[int, None] = {}
    leads: set[tuple[int, Span]] = set()
    for number in wanted:
        statement = index.statements[number]
        chars = _cost(index, statement, leads)
        if number not in picked and chars <= left + 1:
            left -= chars
            picked[number] = None
            if statement.reading:
                leads.update((statement.at.chunk, span) for span in (*statement.reading.lead, statement.reading.value))
    return list(picked)


def _cost(index: Index, statement: Statement, leads: set[tuple[int, Span]]) -> int:
    """Characters of the statement, and of what leads to it and is not written yet."""
    reading, chunk = statement.reading, statement.at.chunk
    if reading is None:
        return _length(statement.at) + 1
    new = [span for span in reading.lead if (chunk, span) not in leads]
    own = [reading.key, reading.value] if reading.key else [reading.value]
    return sum(high - low + 2 for low, high in [*new, *own]) + len(_gloss(index.context[chunk], reading))


def _gloss(text: str, reading: Reading) -> str:
    """Hours as people say them: a judge knows 9 pm better than 21:0."""
    hours = structured.HOURS.match(text, *reading.value)
    return " ({} to {})".format(*structured.opening_and_closing(hours)) if hours else ""


def _written(index: Index, picked: Iterable[int]) -> Window:
    """The statements as one text: neighbours as they stand, the values of one record on one line."""
    text = _Text()
    for number in sorted(picked):
        statement = index.statements[number]
        chunk = index.context[statement.at.chunk]
        if statement.reading:
            text.add_value(chunk, statement, statement.reading)
        else:
            text.add_sentence(chunk, statement, follows=number > 0 and text.before is index.statements[number - 1])
    return Window("".join(text.pieces), tuple(text.parts))


@dataclass(slots=True)
class _Text:
    """A window that is being written."""

    pieces: list[str] = field(default_factory=list)
    parts: dict[Evidence, None] = field(default_factory=dict)
    before: Statement | None = None
    """The statement written last."""
    run: Evidence | None = None
    """The sentences written last, if they stand in one piece."""

    def add_sentence(self, chunk: str, statement: Statement, *, follows: bool) -> None:
        """Write a sentence; one that *follows* the one before in its chunk goes on where that ends."""
        at = statement.at
        if follows and self.run and self.run.chunk == at.chunk:
            del self.parts[self.run]
            self.pieces.pop()
            at = replace(self.run, end=at.end)
        elif self.pieces:
            self.pieces.append("\n")
        self.pieces.append(chunk[at.start : at.end])
        self.parts[at] = None
        self.before, self.run = statement, at

    def add_value(self, chunk: str, statement: Statement, reading: Reading) -> None:
        """Write a value with its key, and with those names and keys around it that its line does not have yet."""
        shared = _shared_lead(self.before, statement)
        leading = [*reading.lead[shared:], *([reading.key] if reading.key else [])]
        self.pieces.append("; " if shared else "\n" if self.pieces else "")
        self.pieces.append(", ".join(structured.plain(chunk[slice(*span)]) for span in leading) + ": " * bool(leading))
        self.pieces.append(structured.plain(chunk[slice(*reading.value)]) + _gloss(chunk, reading))
        self.parts |= dict.fromkeys(Evidence(statement.at.chunk, *span) for span in [*leading, reading.value])
        self.before, self.run = statement, None


def _shared_lead(before: Statement | None, statement: Statement) -> int:
    """How many names and keys the line that *before* stands on has already."""
    if before is None or before.reading is None or statement.reading is None or before.at.chunk != statement.at.chunk:
        return 0
    lead = statement.reading.lead
    if lead[:1] == (before.reading.value,):
        return 1
    shared = 0
    for one, other in zip(before.reading.lead, lead, strict=False):
        if one != other:
            break
        shared += 1
    return shared


def _cut_down(index: Index, number: int, asked: Mapping[str, float], most_chars: int) -> Window:
    """The stretch of one statement, too long as a whole, that has the most of the claim's words."""
    at = index.statements[number].at
    text = index.context[at.chunk]
    told = [word for word in index.statements[number].words if word.stem in asked and at.start <= word.start < at.end]
    best, start = -1.0, at.start
    for first in told:
        inside = {word.stem for word in told if first.start <= word.start and word.end <= first.start + most_chars}
        if (tells := sum(worth for stem, worth in asked.items() if stem in inside)) > best:
            best, start = tells, first.start
    start = max(at.start, min(start, at.end - most_chars))
    end = min(at.end, start + most_chars)
    if end < at.end:
        end = space if (space := text.rfind(" ", start, end)) > start else end
    return Window(text[start:end], (Evidence(at.chunk, start, end),))
