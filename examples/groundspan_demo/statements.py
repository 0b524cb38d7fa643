"""What a careful answer says: sentences of the retrieved passages, word for word."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from groundspan_demo.corpus import Chunk
from groundspan_demo.wording import keywords, overlap, sentences

MAX_STATEMENTS = 3
# Passages this far from the question answer another one.
ABSTAIN_BELOW = 0.3
ASIDE_ABOVE = 0.6

ATTRIBUTION: Final = "According to the documentation of {object}: "
_LEADS = ("", "", "{object}: ", ATTRIBUTION)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, and the object that its passage documents."""

    text: str
    object: str
    lead: str = ""
    """What introduces the sentence; may name the object."""

    def __str__(self) -> str:
        full_stop = "" if self.text.endswith((".", "!")) else "."
        return self.lead.format(object=self.object) + self.text + full_stop


def choose(question: str, chunks: Sequence[Chunk], rng: random.Random) -> list[Statement]:
    """Choose the sentences that answer *question*; none if the passages are about something else."""
    if not chunks or chunks[0]["score"] < ABSTAIN_BELOW:
        return []
    subject = next((chunk["metadata"]["object"] for chunk in chunks if _body(chunk)), "")
    chosen = _of_subject(question, chunks, subject) + _asides(question, chunks, subject)
    return [_led(statement, number, rng) for number, statement in enumerate(chosen[:MAX_STATEMENTS])]


def _of_subject(question: str, chunks: Sequence[Chunk], subject: str) -> list[Statement]:
    """Return what its own passages say of the *subject*: their opening, and what is nearest to *question*."""
    own = [text for chunk in chunks if chunk["metadata"]["object"] == subject for text in _body(chunk)]
    wanted = keywords(question)
    nearest = sorted(own[1:], key=lambda text: overlap(wanted, text), reverse=True)[: MAX_STATEMENTS - 1]
    return [Statement(text, subject) for text in own if text in {*own[:1], *nearest}]


def _asides(question: str, chunks: Sequence[Chunk], subject: str) -> list[Statement]:
    wanted = keywords(question)
    return [
        Statement(text, chunk["metadata"]["object"], lead="{object}: ")
        for chunk in chunks
        for text in _body(chunk)[:1]
        if chunk["metadata"]["object"] != subject and overlap(wanted, text) > ASIDE_ABOVE
    ]


def _led(statement: Statement, number: int, rng: random.Random) -> Statement:
    if number == 0:
        return Statement(statement.text, statement.object, rng.choice(_LEADS))
    return statement


def _body(chunk: Chunk) -> list[str]:
    """Return the sentences of a chunk without its first line, the object's name."""
    return sentences(chunk["text"].partition("\n")[2])
