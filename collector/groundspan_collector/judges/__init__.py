"""What every judge is given, what it answers, and how a judge is found by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from groundspan_collector.claims import Claim
from groundspan_collector.errors import ConfigError, JudgeFailed
from groundspan_collector.evidence import Evidence, Index
from groundspan_collector.rates import ErrorRates

SUPPORTED, CONTRADICTED, UNSUPPORTED, UNJUDGED = "supported", "contradicted", "unsupported", "unjudged"
NAMES = ("lexical", "local")


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to be judged: its claims, and the context they should stand on."""

    question: str
    context: Index
    answer: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge found about one claim; *support* is P(supported), *reason* is for a person to read."""

    word: str
    support: float
    evidence: Evidence | None
    reason: str


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call that a judge made of somebody's model, as it is entered in the cost report."""

    provider: str
    model: str
    started_ns: int
    duration_ns: int
    input_tokens: int | None
    """None where the endpoint did not tell."""
    output_tokens: int | None
    cache_read_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """One verdict per claim, in order, and how likely it is that any of them is ungrounded."""

    verdicts: Sequence[Verdict]
    ungrounded_probability: float
    calls: Sequence[ModelCall] = ()
    """What it cost, where somebody's model was asked."""


class PaidFailure(JudgeFailed):
    """No ruling, and yet calls that were paid for."""

    def __init__(self, message: str, calls: Sequence[ModelCall]) -> None:
        super().__init__(message)
        self.calls = tuple(calls)


class Judge(Protocol):
    """Judges all claims of an answer at once, so that a model can batch them or read them in one call."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def version(self) -> str:
        """Changes whenever the same case may get another ruling."""

    @property
    def threshold(self) -> float:
        """An answer is called ungrounded from this probability on."""

    def judge(self, case: Case) -> Ruling:
        """Rule on *case*; raises JudgeFailed if no ruling can be given."""


def paid(failure: JudgeFailed) -> tuple[ModelCall, ...]:
    """The calls that were made before *failure*."""
    return failure.calls if isinstance(failure, PaidFailure) else ()


def worst_doubt(verdicts: Sequence[Verdict]) -> float:
    """P(an answer is ungrounded) where nothing was fitted: that of its most doubtful claim."""
    return max((1 - verdict.support for verdict in verdicts if verdict.word != UNJUDGED), default=0.0)


@lru_cache(maxsize=64)
def published(name: str, version: str) -> ErrorRates | None:
    """How often the judge called *name*, at *version*, is right as its own files say; None where they do not."""
    from groundspan_collector.judges import lexical, local, weights

    if name == "lexical":
        return weights.published(weights.FILE) if lexical.load().version == version else None
    if name == "local":
        return weights.published(weights.COMBINATION_FILE) if local.version() == version else None
    return None


def load(name: str, threads: int = 1) -> Judge:
    """The judge in the package that is called *name*, reading in *threads*; judge_names.load knows all others too."""
    if name == "lexical":
        from groundspan_collector.judges import lexical

        return lexical.load()
    if name == "local":
        from groundspan_collector.judges import local

        return local.load(threads)
    raise ConfigError(f"no judge is called {name!r}: accepted are {', '.join(NAMES)}")
