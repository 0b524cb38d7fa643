"""The judge that needs no model: words, numbers, names, order and negation of a claim beside the context's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groundspan_collector.claims import Claim
from groundspan_collector.evidence import Index
from groundspan_collector.judges import (
    CONTRADICTED,
    SUPPORTED,
    UNJUDGED,
    UNSUPPORTED,
    Case,
    Ruling,
    Verdict,
    reasons,
    weights,
)
from groundspan_collector.judges.signals import Signals, ground, measure
from groundspan_collector.judges.weights import Combination, Weights, probability

RULES = 3
"""Raised when the same weights would rule otherwise: part of the judge's version."""


@dataclass(frozen=True, slots=True)
class Lexical:
    """Weighs what can be counted about a claim."""

    weights: Weights
    name: str = "lexical"

    @property
    def version(self) -> str:
        """The rules and the weights."""
        return f"{RULES}-{self.weights.digest}"

    @property
    def threshold(self) -> float:
        """Where F1 of the answers was highest on the calibration data."""
        return self.weights.threshold

    def judge(self, case: Case) -> Ruling:
        """Rule on each claim by its signals, and on the answer by its most doubtful claims."""
        base = ground(case.context, case.question)
        measured = [measure(claim, base) for claim in case.claims]
        verdicts = [
            _verdict(claim, signals, case.context, self.weights)
            for claim, signals in zip(case.claims, measured, strict=True)
        ]
        return Ruling(verdicts, answer_probability(measured, self.weights))


def load() -> Lexical:
    """The judge with the weights in the package."""
    return Lexical(weights.shipped())


def doubt(signals: Signals, fitted: Weights | Combination) -> float:
    """P(the claim is ungrounded): it is unlike the context, or it is wrong in what it copies."""
    unlike = probability(fitted.unlikeness.log_odds(signals.unlikeness))
    faulty = probability(fitted.faults.log_odds(signals.faults))
    return 1 - (1 - unlike) * (1 - faulty)


def answer_probability(measured: Iterable[Signals], fitted: Weights) -> float:
    """P(any claim is ungrounded), from the claim that is most unlike the context and the one most at fault."""
    judged = [signals for signals in measured if signals.content]
    return probability(fitted.answer.log_odds(worst(judged, fitted))) if judged else 0.0


def worst(measured: Sequence[Signals], fitted: Weights) -> tuple[float, float]:
    """The highest log odds among the claims of an answer, for unlikeness and for faults."""
    return (
        max(fitted.unlikeness.log_odds(signals.unlikeness) for signals in measured),
        max(fitted.faults.log_odds(signals.faults) for signals in measured),
    )


def _verdict(claim: Claim, signals: Signals, context: Index, fitted: Weights) -> Verdict:
    if not signals.content:
        return Verdict(UNJUDGED, 0.0, None, "it has no word that could be looked for in the context")
    support = 1 - doubt(signals, fitted)
    at = signals.passage.at if signals.passage else None
    if support > 1 - fitted.claim_threshold:
        return Verdict(SUPPORTED, support, at, reasons.supported(signals))
    word = CONTRADICTED if signals.differences else UNSUPPORTED
    return Verdict(word, support, at, "; ".join(reasons.ungrounded(claim.text, signals, context.context)))
