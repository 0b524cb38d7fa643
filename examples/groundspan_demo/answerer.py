"""The built-in answerer: plays two versions of an application without a language model.

v1 sticks to the passages; v2 is careless, and keeps a list of what it got wrong. Nothing here
knows the judge.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry import trace

from groundspan_demo.corpus import Chunk
from groundspan_demo.mistakes import MISTAKES, Mistake, Told
from groundspan_demo.statements import Statement, choose

# Of the answers that say anything, this share is given a mistake.
MISTAKE_SHARE = 0.45

ABSTENTIONS = (
    "I could not find the answer in the documentation.",
    "The documentation I was given does not say.",
)


@dataclass(frozen=True, slots=True)
class Planted:
    """One mistake, where it stands, and what would have been right."""

    trace_id: str
    question: str
    kind: str
    text: str
    original: str
    answer: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answer could truly say, before it is put into words."""

    question: str
    statements: list[Statement]
    chunks: Sequence[Chunk]
    rng: random.Random


class Faithful:
    """Answers in the words of the passages, or says that they do not hold the answer."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def answer(self, question: str, chunks: Sequence[Chunk]) -> str:
        """Answer *question* from *chunks*, the same way in every run."""
        rng = random.Random(f"{self.seed}:{question}")
        statements = choose(question, chunks, rng)
        return self.say(Draft(question, statements, chunks, rng)) if statements else rng.choice(ABSTENTIONS)

    def say(self, draft: Draft) -> str:
        """Put the draft into words."""
        return " ".join(str(statement) for statement in draft.statements)


class Careless(Faithful):
    """Answers like its faithful sibling, and now and then gets one thing wrong."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.planted: list[Planted] = []
        self._answers = 0

    def say(self, draft: Draft) -> str:
        """Put the draft into words, one statement of it perhaps wrongly."""
        slip = self._slip(draft) if self._is_due(draft.rng) else None
        if slip is None:
            return super().say(draft)
        kind, position, mistake = slip
        said = [str(statement) for statement in draft.statements]
        said[position] = mistake.text
        answer = " ".join(said)
        self.planted.append(_noted(draft.question, kind, mistake, answer))
        return answer

    def _is_due(self, rng: random.Random) -> bool:
        """Tell whether it is time for a mistake: at random, and yet close to the share at any moment."""
        self._answers += 1
        return len(self.planted) + rng.random() < MISTAKE_SHARE * self._answers

    def _slip(self, draft: Draft) -> tuple[str, int, Mistake] | None:
        """Find a mistake that the draft allows, of the kind made least often so far."""
        made = Counter(planted.kind for planted in self.planted)
        for kind in sorted(MISTAKES, key=lambda kind: made[kind]):
            for position in draft.rng.sample(range(len(draft.statements)), len(draft.statements)):
                mistake = MISTAKES[kind](Told(draft.statements[position], draft.chunks, draft.rng))
                if mistake and not any(mistake.planted in chunk["text"] for chunk in draft.chunks):
                    return kind, position, mistake
        return None


def _noted(question: str, kind: str, mistake: Mistake, answer: str) -> Planted:
    context = trace.get_current_span().get_span_context()
    trace_id = trace.format_trace_id(context.trace_id)
    return Planted(trace_id, question, kind, mistake.planted, mistake.original, answer)
