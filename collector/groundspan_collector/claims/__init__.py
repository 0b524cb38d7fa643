"""An answer is cut into claims, each with the exact place it stands at.

Every letter and digit of an answer belongs to one *part*. Parts of kind ``claim`` can be checked against a context.
The other kinds (greetings, questions, words about the answer itself, citations, code, titles, abstentions) say
nothing of the world; they are left out of the claims, and nothing else is.

``layout`` finds the lines that belong together, ``punctuation`` the sentences, ``kinds`` what each of them is (by
``phrases`` and ``abstentions``), ``clauses`` the statements of one sentence, ``records`` what JSON says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from groundspan_collector.claims import layout
from groundspan_collector.claims.clauses import classified
from groundspan_collector.claims.kinds import bare_head
from groundspan_collector.claims.layout import statements
from groundspan_collector.claims.part import ABSTENTION, CITATION, CLAIM, MARK, TITLE, Part, trimmed
from groundspan_collector.claims.phrases import REFERENCE, SOURCES, VERB
from groundspan_collector.claims.punctuation import LONGEST_SENTENCE, sentences
from groundspan_collector.claims.records import (
    JSON_COLON,
    JSON_LINE,
    JSON_OPENING,
    JSON_TOKEN,
    json_end,
    json_parts,
)

__all__ = [
    "JSON_COLON",
    "JSON_OPENING",
    "JSON_TOKEN",
    "LONGEST_SENTENCE",
    "Claim",
    "Part",
    "Split",
    "parts",
    "sentences",
    "split",
    "statements",
]


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer; ``answer[start:end]`` is exactly ``text``."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Split:
    """The claims of an answer, in order, and whether it only says that it does not know."""

    claims: tuple[Claim, ...]
    abstains: bool


def split(answer: str) -> Split:
    """Cut *answer* into claims; it abstains if it says that it does not know, and claims nothing."""
    found = parts(answer)
    claims = tuple(Claim(answer[p.start : p.end], p.start, p.end) for p in found if p.kind == CLAIM)
    return Split(claims, not claims and any(p.kind == ABSTENTION for p in found))


def parts(answer: str) -> list[Part]:
    """Every part of *answer* in order, disjoint; together they hold all of its letters and digits."""
    found = list(json_parts(answer, 0, len(answer)) if JSON_OPENING.match(answer) else _text_parts(answer))
    said = [part for part in found if part.kind != MARK]
    if not {CLAIM, ABSTENTION} & {part.kind for part in said}:
        # A bare "**30 days**" or "Yes." is then all that is claimed.
        return [replace(part, kind=CLAIM) if part.kind == TITLE else part for part in found]
    last, bold = said[-1], answer[said[-1].start : said[-1].end]
    if last.kind == TITLE and bold.endswith(("**", "__")) and not bold.rstrip("*_ ").endswith((":", "：")):
        # A title with nothing under it heads nothing: it is the answer itself, set in bold at its end.
        return [replace(part, kind=CLAIM) if part is last else part for part in found]
    return found


def _text_parts(answer: str) -> Iterator[Part]:
    for fenced, start, end in layout.fences(answer):
        if fenced == layout.JSON:
            yield from json_parts(answer, start, end)
        elif fenced:
            yield Part(fenced, *trimmed(answer, start, end))
        else:
            yield from _open_parts(answer, start, end)


def _open_parts(answer: str, start: int, end: int) -> Iterator[Part]:
    """The parts of prose in which a JSON record may stand."""
    while opening := JSON_LINE.search(answer, start, end):
        yield from _prose_parts(answer, start, opening.start())
        start = json_end(answer, opening.start(), end)
        yield from json_parts(answer, opening.start(), start)
    yield from _prose_parts(answer, start, end)


def _prose_parts(answer: str, start: int, end: int) -> Iterator[Part]:
    sources = False
    for kind, low, high in layout.blocks(answer, start, end):
        title = SOURCES.match(REFERENCE.sub("", bare_head(answer[low:high]))) is not None
        if kind != MARK:
            sources = title or (sources and kind == layout.PROSE)
        if kind != MARK and (title or (sources and not VERB.search(answer, low, high))):
            yield Part(CITATION, *trimmed(answer, low, high))
        elif kind == layout.PROSE:
            for sentence in sentences(answer, low, high):
                yield from classified(answer, *sentence)
        else:
            yield Part(kind, low, high)
