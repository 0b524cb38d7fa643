"""The default judge: what can be counted about a claim, and what a small network reads in it, weighed together.

The network reads each claim beside its window of the context and says how likely it is not supported, and which of its
words are at fault. It knows English. A claim that it cannot read is ruled on by what can be counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groundspan_collector import evidence_window
from groundspan_collector.claims import Claim
from groundspan_collector.judges import (
    CONTRADICTED,
    SUPPORTED,
    UNJUDGED,
    UNSUPPORTED,
    Case,
    Ruling,
    Verdict,
    encoder,
    lexical,
    reasons,
    weights,
)
from groundspan_collector.judges.encoder import Encoder, Reading
from groundspan_collector.judges.signals import Ground, Signals, ground, measure
from groundspan_collector.judges.weights import Combination, probability
from groundspan_collector.wording import words

RULES = 1
"""Raised when the same weights would rule otherwise: part of the judge's version."""
WINDOW_CHARS = 600
AT_FAULT = 0.0
"""Log odds from which on a word is shown as one that the network does not find."""
SHOWN_RUNS = 2


@dataclass(frozen=True, slots=True)
class Weighed:
    """A claim as both have seen it; *reading* is None where the network cannot read it."""

    signals: Signals
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Local:
    """Weighs signals and readings."""

    combination: Combination
    encoder: Encoder
    name: str = "local"

    @property
    def version(self) -> str:
        """The rules, what was fitted, and the network."""
        return _version(self.combination)

    @property
    def threshold(self) -> float:
        """Where F1 of the answers was highest on the calibration data."""
        return self.combination.threshold

    def judge(self, case: Case) -> Ruling:
        """Rule on each claim by its signals and its reading, and on the answer by its claims together."""
        return self.judge_all([case])[0]

    def judge_all(self, cases: Sequence[Case]) -> list[Ruling]:
        """Rule on *cases*, in their order."""
        grounds = [ground(case.context, case.question) for case in cases]
        claims = [(claim, base) for case, base in zip(cases, grounds, strict=True) for claim in case.claims]
        weighed = iter(weigh(claims, self.encoder))
        return [self._ruling(case, [next(weighed) for _ in case.claims]) for case in cases]

    def _ruling(self, case: Case, weighed: Sequence[Weighed]) -> Ruling:
        odds = [log_odds(one, self.combination) for one in weighed]
        verdicts = [
            self._verdict(claim, one, doubt, case.context.context)
            for claim, one, doubt in zip(case.claims, weighed, odds, strict=True)
        ]
        stated = [doubt for one, doubt in zip(weighed, odds, strict=True) if one.signals.content]
        return Ruling(verdicts, answer_probability(stated, self.combination))

    def _verdict(self, claim: Claim, one: Weighed, doubt: float, context: Sequence[str]) -> Verdict:
        if not one.signals.content:
            return Verdict(UNJUDGED, 0.0, None, "it has no word that could be looked for in the context")
        support = probability(-doubt)
        at = one.signals.passage.at if one.signals.passage else None
        if support > 1 - self.combination.claim_threshold:
            return Verdict(SUPPORTED, support, at, reasons.supported(one.signals))
        against = list(reasons.ungrounded(claim.text, one.signals, context))
        unread = "" if one.signals.differences else _unread(claim.text, one.reading)
        return Verdict(_word(one), support, at, "; ".join([*against, unread] if unread else against))


def load(threads: int = 1) -> Local:
    """The judge with the weights and the network in the package, which reads in *threads*."""
    return Local(weights.shipped_combination(), encoder.shipped(threads))


def version() -> str:
    """That of the judge in the package."""
    return _version(weights.shipped_combination())


def _version(fitted: Combination) -> str:
    return f"{RULES}-{fitted.digest}"


def weigh(claims: Iterable[tuple[Claim, Ground]], network: Encoder) -> list[Weighed]:
    """Count the signals of each claim beside its ground, and have the network read those that it can."""
    found = [(measure(claim, base), claim, base) for claim, base in claims]
    pairs = [
        (claim.text, evidence_window.window(base.index, words(claim.text), WINDOW_CHARS).text)
        for signals, claim, base in found
        if signals.content
    ]
    readings = iter(network.read(pairs))
    read = [next(readings) if signals.content else None for signals, _, _ in found]
    return [
        Weighed(signals, reading if reading and reading.is_english else None)
        for (signals, _, _), reading in zip(found, read, strict=True)
    ]


def seen(one: Weighed, fitted: Combination) -> tuple[float, ...]:
    """What is weighed of a claim that could be read: two views of what was counted, two of the network's."""
    assert one.reading is not None  # noqa: S101
    return (
        fitted.unlikeness.log_odds(one.signals.unlikeness),
        fitted.faults.log_odds(one.signals.faults),
        one.reading.ungrounded,
        one.reading.worst,
    )


def log_odds(one: Weighed, fitted: Combination) -> float:
    """The log odds that a claim is ungrounded."""
    if one.reading is None:
        return weights.log_odds(lexical.doubt(one.signals, fitted))
    return fitted.claim.log_odds(seen(one, fitted))


def answer_probability(odds: Iterable[float], fitted: Combination) -> float:
    """P(any claim is ungrounded), from the claims' own; 0 if none says anything."""
    doubts = list(odds)
    return probability(fitted.answer.log_odds(of_answer(doubts))) if doubts else 0.0


def of_answer(doubts: Sequence[float]) -> tuple[float, float]:
    """The most doubtful claim, and all of them as if each were wrong by itself, in log odds."""
    none_wrong = 1.0
    for doubt in doubts:
        none_wrong *= probability(-doubt)
    return max(doubts), weights.log_odds(1 - none_wrong)


def _word(one: Weighed) -> str:
    contradicts = one.signals.differences or (one.reading and one.reading.contradicted > 0)
    return CONTRADICTED if contradicts else UNSUPPORTED


def _unread(text: str, reading: Reading | None) -> str:
    """The words that the network finds no ground for."""
    if reading is None:
        return ""
    spans = [span for span, odds in reading.words if odds > AT_FAULT]
    runs: list[tuple[int, int]] = []
    for place, (start, end) in enumerate(spans):
        if place and start - spans[place - 1][1] <= 1:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    longest = sorted(runs, key=lambda run: run[0] - run[1])[:SHOWN_RUNS]
    quoted = [f'"{text[start:end]}"' for start, end in sorted(longest)]
    return f"read without ground: {', '.join(quoted)}" if quoted else ""
