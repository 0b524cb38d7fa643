"""The judge that needs no model: words, numbers, names, order and negation of a claim beside the context's."""

from collections.abc import Iterable, Iterator, Sequence
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
    weights,
)
from groundspan_collector.judges.alignment import Difference
from groundspan_collector.judges.signals import Signals, ground, measure
from groundspan_collector.judges.weights import Weights, probability
from groundspan_collector.wording import NOT, NUMBER, Word

RULES = 2
"""Raised when the same weights would rule otherwise: part of the judge's version."""
SHOWN_WORDS = 3


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


def doubt(signals: Signals, fitted: Weights) -> float:
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
        return Verdict(SUPPORTED, support, at, _support(signals))
    word = CONTRADICTED if signals.differences else UNSUPPORTED
    return Verdict(word, support, at, "; ".join(_reasons(claim.text, signals, context.context)))


def _support(signals: Signals) -> str:
    found = len(signals.content) - len(signals.missing)
    where = f"chunk {signals.passage.at.chunk}" if signals.passage else "the question"
    return f"{found} of its {len(signals.content)} words stand together in {where}"


def _reasons(text: str, signals: Signals, context: Sequence[str]) -> Iterator[str]:
    """Why a claim is not supported, the plainest reason first."""
    passage = signals.passage
    if passage is None:
        yield "none of its words is in the context"
        return
    for difference in signals.differences:
        yield _disagreement(difference, text, context[passage.at.chunk], passage.at.chunk)
    if signals.cause and set(signals.missing) & set(_within(signals.content, *signals.cause)):
        yield f'the cause "{text[slice(*signals.cause)]}" is not in chunk {passage.at.chunk}'
    if signals.novel:
        yield f"nowhere in the context: {_quoted(text, signals.novel)}"
    elif signals.missing:
        yield f"not where the rest is, in chunk {passage.at.chunk}: {_quoted(text, signals.missing)}"
    elif not signals.differences:
        yield f"its words are in chunk {passage.at.chunk}, but not put together like this"


def _within(words: Iterable[Word], start: int, end: int) -> Iterator[Word]:
    return (word for word in words if start <= word.start < end)


def _quoted(text: str, words: Sequence[Word]) -> str:
    shown = [f'"{text[word.start : word.end]}"' for word in words[:SHOWN_WORDS]]
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _disagreement(difference: Difference, said: str, found: str, chunk: int) -> str:
    if difference.kind == NOT:
        return f"the answer denies what chunk {chunk} says" if difference.said else f"chunk {chunk} denies it"
    ours, theirs = _cut(said, difference), found[difference.found[0].start : difference.found[-1].end]
    if difference.kind == NUMBER:
        theirs += _unit(found, difference.found[-1].end)
    return f'"{ours}" in the answer, "{theirs}" in chunk {chunk}'


def _cut(text: str, difference: Difference) -> str:
    end = difference.said[-1].end
    return text[difference.said[0].start : end] + (_unit(text, end) if difference.kind == NUMBER else "")


def _unit(text: str, end: int) -> str:
    """The word or the percent sign after a number, so that a person sees what was counted."""
    following = text[end : end + 20]
    if following[:1] in {"%", "°"}:
        return following[:1]
    word = following[1:].split(" ")[0].rstrip(".,;:)")
    return f" {word}" if following[:1] == " " and word.isalpha() else ""
