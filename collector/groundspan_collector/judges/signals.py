"""What can be counted about a claim beside its context: the signals that the lexical judge weighs.

*Unlikeness* is how far a claim is from anything in the context: words that appear nowhere, pairs of words that
never met. It ranks what models write freely. *Faults* are what is wrong in a claim that is otherwise copied:
there, one number, one "not", one added clause decides, so each is counted in proportion to what was copied.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from groundspan_collector import evidence, wording
from groundspan_collector.claims import Claim
from groundspan_collector.evidence import Index, Passage
from groundspan_collector.judges import fields
from groundspan_collector.judges.alignment import NOTHING, OPPOSITE, Alignment, Difference, align
from groundspan_collector.judges.words import ARTICLES, ATTRIBUTION, AUXILIARIES, CAUSE, CODE_NAME, DOTTED, REFERENCE
from groundspan_collector.wording import NAME, NOT, NUMBER, STOP, Word

UNLIKENESS = (
    "novel share",
    "novel words",
    "novel numbers",
    "novel names",
    "missing in passages",
    "missing in chunk",
    "out of order",
    "new pairs",
    "length",
)
FAULTS = (
    "novel run",
    "novel number",
    "novel name",
    "number",
    "name",
    "negation",
    "opposite",
    "cause",
    "subject elsewhere",
    "run elsewhere",
)
CLOSE_SECOND = 0.7
"""The second best passage is aligned too if its score is at least this share of the best one's."""
SHORT_STATEMENT = 4
"""Covering a statement of fewer content words than this says little."""
CAUSE_WORDS = 12


@dataclass(frozen=True, slots=True)
class Ground:
    """What an answer may stand on: the context, and the words that the question gave."""

    index: Index
    asked: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    chunks: tuple[frozenset[str], ...]
    records: dict[tuple[int, int], set[str]]
    """What is said of each record: (chunk, record) -> words."""


@dataclass(frozen=True, slots=True)
class Signals:
    """The values of UNLIKENESS and FAULTS, and what they were counted from."""

    unlikeness: tuple[float, ...]
    faults: tuple[float, ...]
    content: tuple[Word, ...]
    novel: tuple[Word, ...]
    missing: tuple[Word, ...]
    differences: tuple[Difference, ...]
    cause: tuple[int, int] | None
    passage: Passage | None


def ground(index: Index, question: str) -> Ground:
    """Make *index* and *question* ready for the claims of one answer."""
    pairs: set[tuple[str, str]] = set()
    chunks: list[set[str]] = [set() for _ in index.context]
    records: dict[tuple[int, int], set[str]] = {}
    for statement in index.statements:
        stems = [word.stem for word in statement.words if word.kind != STOP]
        for distance in (1, 2):
            pairs.update(zip(stems, stems[distance:], strict=False))
        chunks[statement.at.chunk] |= statement.stems
        if statement.reading:
            records.setdefault((statement.at.chunk, statement.reading.record), set()).update(statement.stems)
    asked = frozenset(word.stem for word in wording.words(question) if word.kind != STOP)
    return Ground(index, asked, frozenset(pairs), tuple(map(frozenset, chunks)), records)


def measure(claim: Claim, base: Ground) -> Signals:
    """Count what *claim* shares with *base*, and where it departs from the passage nearest to it."""
    said = list(_said(claim.text))
    content = [word for word in said if word.kind != STOP]
    passages = evidence.passages(base.index, dict.fromkeys(word.stem for word in content))
    passage, alignment = _nearest(said, passages)
    near, around = _surroundings(passage, base)

    def novel(word: Word) -> bool:
        return word.stem not in base.index.postings and word.stem not in base.asked and word.kind != NOT

    def missing(word: Word) -> bool:
        return word.stem not in near and word.stem not in base.asked and word.kind != NOT

    def elsewhere(word: Word) -> bool:
        return missing(word) and word.stem not in around and word.stem in base.index.postings

    unknown = tuple(filter(novel, content))
    in_record = passage is not None and passage.reading is not None
    if passage and in_record:
        differences = tuple(fields.differences(content, passage, missing, elsewhere))
        closeness = fields.closeness(content, passage, missing)
    else:
        differences = tuple(
            d for d in alignment.differences if d.kind == NOT or any(map(missing, d.said)) or _opposed(d)
        )
        closeness = _closeness(alignment, passage)
    kinds = {difference.kind for difference in differences}
    if in_record and any(word.kind == NUMBER and elsewhere(word) for word in content):
        kinds.add(NUMBER)  # another record's
    cause = _cause(claim.text, content, missing)
    return Signals(
        unlikeness=_unlikeness(said, content, unknown, base, passages, alignment),
        faults=tuple(
            closeness * fault
            for fault in (
                math.log1p(_longest_run(content, novel)),
                float(_count(unknown, NUMBER)),
                float(_names(unknown, said)),
                *(float(kind in kinds) for kind in (NUMBER, NAME, NOT, OPPOSITE)),
                cause[1] if cause else 0.0,
                float(any(map(elsewhere, _subject(claim.text, said)))),
                math.log1p(max(0, _longest_run(content, elsewhere) - (not in_record))),
            )
        ),
        content=tuple(content),
        novel=unknown,
        missing=tuple(filter(missing, content)),
        differences=differences,
        cause=cause[0] if cause else None,
        passage=passage,
    )


def _said(text: str) -> Iterator[Word]:
    """The words of a claim, less those that say which passage it is from."""
    lead = ATTRIBUTION.match(text)
    references = [found.span() for found in REFERENCE.finditer(text)]
    for word in wording.words(text, lead.end() if lead else 0):
        if not any(start <= word.start < end for start, end in references):
            yield word


def _nearest(said: Sequence[Word], passages: Sequence[Passage]) -> tuple[Passage | None, Alignment]:
    best: tuple[Passage | None, Alignment] = (None, NOTHING)
    for passage in passages[:2]:
        if best[0] and passage.score < CLOSE_SECOND * best[0].score:
            break
        alignment = align(said, passage.words)
        if best[0] is None or alignment.in_order > best[1].in_order:
            best = passage, alignment
    return best


def _surroundings(passage: Passage | None, base: Ground) -> tuple[Set[str], Set[str]]:
    """The words of the passage and of its chunk; for a value of a record, those of the record."""
    if passage is None:
        return frozenset(), frozenset()
    if passage.reading:
        record = base.records[passage.at.chunk, passage.reading.record]
        return record, record
    return passage.stems, base.chunks[passage.at.chunk]


def _closeness(alignment: Alignment, passage: Passage | None) -> float:
    """Near 1 where the claim copies the passage, or holds all of it: only there does one word decide."""
    if passage is None or not alignment.copied:
        return 0.0
    covered = alignment.copied / max(passage.size, SHORT_STATEMENT)
    return min(1.0, max(alignment.copied / alignment.size, covered)) ** 2


def _unlikeness(
    said: Sequence[Word],
    content: Sequence[Word],
    novel: Sequence[Word],
    base: Ground,
    passages: Sequence[Passage],
    alignment: Alignment,
) -> tuple[float, ...]:
    stems = [word.stem for word in content if word.kind != NOT and word.stem not in base.asked]
    size = len(content) or 1
    near = frozenset[str]().union(*(passage.stems for passage in passages))
    pairs = list(pairwise(word.stem for word in content))
    new = sum(pair not in base.pairs and pair[::-1] not in base.pairs for pair in pairs)
    return (
        len(novel) / size,
        math.log1p(len(novel)),
        float(min(2, _count(novel, NUMBER))),
        float(min(2, _names(novel, said))),
        sum(stem not in near for stem in stems) / size,
        min((sum(stem not in chunk for stem in stems) for chunk in base.chunks), default=size) / size,
        1 - alignment.in_order,
        new / (len(pairs) or 1),
        math.log1p(len(content)),
    )


def _count(words: Iterable[Word], kind: str) -> int:
    return sum(word.kind == kind for word in words)


def _names(words: Iterable[Word], said: Sequence[Word]) -> int:
    """Names among *words*: the first word of a claim is capital anyway, and a lone letter is a unit or a label."""
    return sum(word.kind == NAME and word is not said[0] and word.end - word.start > 1 for word in words)


def _opposed(difference: Difference) -> bool:
    return difference.kind == OPPOSITE


def _subject(text: str, said: Sequence[Word]) -> Iterator[Word]:
    """The first content word, if it is a thing: after an article, or before an auxiliary; all of a name of code."""
    place = next((place for place, word in enumerate(said) if word.kind != STOP), None)
    if place is None:
        return
    if CODE_NAME.match(text, said[place].start):
        end = DOTTED.match(text, said[place].start).end()  # type: ignore[union-attr]
        yield from (word for word in said[place:] if word.start < end)
        return
    after = said[place + 1].stem if place + 1 < len(said) else ""
    before = said[place - 1].stem if place else ""
    if before in ARTICLES or after in AUXILIARIES:
        yield said[place]


def _longest_run(words: Iterable[Word], wanted: Callable[[Word], bool]) -> int:
    longest = run = 0
    for word in words:
        run = run + 1 if wanted(word) else 0
        longest = max(longest, run)
    return longest


def _cause(text: str, content: Sequence[Word], missing: Callable[[Word], bool]) -> tuple[tuple[int, int], float] | None:
    """Where the claim gives a cause, and the share of its words that the passage does not have."""
    connective = CAUSE.search(text)
    if not connective:
        return None
    words = [word for word in content if word.start >= connective.end()][:CAUSE_WORDS]
    if not words:
        return None
    return (connective.start(), words[-1].end), sum(map(missing, words)) / len(words)
