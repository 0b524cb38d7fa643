"""An answer is judged: split into claims, each ruled on, the answer decided at the judge's threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundspan_collector import claims, evidence
from groundspan_collector.claims import Claim
from groundspan_collector.evidence import Evidence
from groundspan_collector.judges import UNJUDGED, Case, Judge, ModelCall, Ruling

__all__ = ["Claim", "Evidence", "JudgedClaim", "Judgement", "decided", "judge_answer", "opened", "unjudged"]


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim with its verdict; *support* is P(supported)."""

    claim: Claim
    verdict: str
    support: float
    evidence: Evidence | None
    reason: str
    cause: str = ""
    """Where an ungrounded claim failed: see causes.py."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one answer; *ungrounded* is False and the probability 0.0 unless it was judged."""

    status: str
    ungrounded: bool = False
    ungrounded_probability: float = 0.0
    claims: tuple[JudgedClaim, ...] = ()
    reason: str = ""
    calls: tuple[ModelCall, ...] = ()
    """What it cost, where somebody's model was asked."""


def judge_answer(question: str, context: Sequence[str], answer: str, judge: Judge) -> Judgement:
    """Judge every claim of *answer* against *context*; raises JudgeFailed where the judge does."""
    case = opened(question, context, answer)
    return case if isinstance(case, Judgement) else decided(case, judge.judge(case), judge.threshold)


def opened(question: str, context: Sequence[str], answer: str) -> Case | Judgement:
    """What a judge has to rule on, or the judgement of an answer that needs no judge."""
    if not any(chunk.strip() for chunk in context):
        return Judgement("no_context", reason="nothing was retrieved")
    found = claims.split(answer)
    if not found.claims:
        if found.abstains:
            return Judgement("abstained", reason="the answer only says that it does not know")
        return Judgement("no_claims", reason="the answer states nothing that can be checked")
    return Case(question, evidence.read(context), answer, found.claims)


def decided(case: Case, ruling: Ruling, threshold: float) -> Judgement:
    """What a judge's *ruling* says of the answer, which is ungrounded from *threshold* on."""
    judged = tuple(
        JudgedClaim(claim, verdict.word, verdict.support, verdict.evidence, verdict.reason)
        for claim, verdict in zip(case.claims, ruling.verdicts, strict=True)
    )
    if all(claim.verdict == UNJUDGED for claim in judged):
        return Judgement("unjudged", claims=judged, reason=judged[0].reason, calls=tuple(ruling.calls))
    probability = ruling.ungrounded_probability
    return Judgement("judged", probability >= threshold, probability, judged, calls=tuple(ruling.calls))


def unjudged(answer: str, reason: str) -> Judgement:
    """What is stored for *answer* when its judge has failed for good."""
    return Judgement(
        "unjudged",
        claims=tuple(JudgedClaim(claim, UNJUDGED, 0.0, None, reason) for claim in claims.split(answer).claims),
        reason=reason,
    )
