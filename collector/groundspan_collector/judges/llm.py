"""A model behind an endpoint as a judge: one request for all claims of an answer."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from groundspan_collector.judges import Case, ModelCall, PaidFailure, Ruling, Verdict, framing, reply, worst_doubt

MOST_CLAIMS = 100
"""More claims than this are asked about in several requests: a reply that is too long is cut off."""

Taken = TypeVar("Taken")


class Ask(Protocol):
    """How a model is asked; what is not accepted is asked for again, a few times."""

    def __call__(
        self, system: str, user: str, schema: dict[str, object], accept: Callable[[str], Taken]
    ) -> tuple[Taken, tuple[ModelCall, ...]]:
        """What *accept* made of the reply, and the calls it took; raises PaidFailure."""


@dataclass(frozen=True, slots=True)
class Llm:
    """Asks a model, and takes only a reply that can be checked."""

    model: str
    place: str
    """Where the model is: another place may have another model of that name."""
    most_chars: int
    """Of the chunks, in one request."""
    ask: Ask
    ticket: Callable[[], str]
    threshold: float = 0.5

    @property
    def name(self) -> str:
        """As it is asked for."""
        return f"llm:{self.model}"

    @property
    def version(self) -> str:
        """The words and bounds of the request, and the place of the model."""
        asked = json.dumps([framing.SYSTEM, framing.SCHEMA, self.place, self.most_chars, reply.SUPPORT, MOST_CLAIMS])
        return f"{framing.RULES}-{hashlib.sha256(asked.encode()).hexdigest()[:8]}"

    def judge(self, case: Case) -> Ruling:
        """Ask about all claims; the answer is as doubtful as its most doubtful claim."""
        verdicts: list[Verdict] = []
        calls: list[ModelCall] = []
        numbered = [framing.Numbered(number, claim) for number, claim in enumerate(case.claims)]
        for first in range(0, len(numbered), MOST_CLAIMS):
            part = numbered[first : first + MOST_CLAIMS]
            try:
                found, paid = self._asked(case, part)
            except PaidFailure as failure:
                raise PaidFailure(str(failure), [*calls, *failure.calls]) from failure
            verdicts += found
            calls += paid
        return Ruling(verdicts, worst_doubt(verdicts), calls)

    def _asked(self, case: Case, part: Sequence[framing.Numbered]) -> tuple[list[Verdict], tuple[ModelCall, ...]]:
        ticket = self.ticket()
        numbers = [one.number for one in part]
        return self.ask(
            framing.SYSTEM,
            framing.data(case, part, ticket, self.most_chars),
            framing.SCHEMA,
            lambda text: reply.read(text, ticket, numbers, case.context.context),
        )
