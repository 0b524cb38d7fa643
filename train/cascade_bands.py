"""How much of a cascade the lexical judge decides, and how often it is wrong there: ``python train/cascade_bands.py``.

Out of fold on calibrate/ragtruth: answers to one source document are never on both sides. A claim is wrong where the
annotators marked any of its characters. Intervals are 95 %, drawn by source document.
"""

import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fit_lexical import FOLDS, SEED, counted, labelled, out_of_fold, sentences_made
from groundspan_collector.judges import lexical
from groundspan_collector.judges.cascade import CERTAIN

RESAMPLES = 1_000
HIGH = (0.94, 0.92, 0.91, 0.9, 0.89, 0.88, 0.85, 0.8)
LOW = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True, slots=True)
class Doubted:
    """A claim judged out of fold: P(supported), and whether people marked it; of one answer, of one source."""

    support: float
    wrong: bool
    answer: int
    source: str


Claims = Sequence[Doubted]


def judged() -> list[Doubted]:
    """Every claim with a word to look for; the lexical judge has no verdict on the others."""
    answers = labelled()
    made_ones = [counted(sentence) for sentence in sentences_made(random.Random(SEED))]  # noqa: S311
    return [
        Doubted(1 - lexical.doubt(signals, weights), wrong, at, answers[at].group)
        for weights, _, left, _ in out_of_fold(answers, made_ones, FOLDS)
        for at in left
        for signals, wrong in zip(answers[at].claims, answers[at].claim_labels, strict=True)
        if signals.content
    ]


def by_source(claims: Claims) -> list[Claims]:
    """The claims of each source document, which are drawn together."""
    sources: dict[str, list[Doubted]] = {}
    for claim in claims:
        sources.setdefault(claim.source, []).append(claim)
    return list(sources.values())


def share(part: Iterable[bool]) -> float | None:
    """Of *part*, how many are true."""
    found = list(part)
    return sum(found) / len(found) if found else None


def interval(claims: Claims, wanted: Sequence[bool]) -> str:
    """The share of errors among the claims decided, with its interval: ``0.021 [0.011, 0.033]``."""
    paired = dict(zip(map(id, claims), wanted, strict=True))
    sources = by_source(claims)
    draw = random.Random(SEED)  # noqa: S311 - a bootstrap wants to be repeatable, not secret
    spread = sorted(
        found
        for _ in range(RESAMPLES)
        if (found := share(paired[id(claim)] for source in draw.choices(sources, k=len(sources)) for claim in source))
        is not None
    )
    return f"{share(wanted):.3f} [{spread[int(0.025 * len(spread))]:.3f}, {spread[int(0.975 * len(spread))]:.3f}]"


def row(claims: Claims, name: str, decided: Claims, errors: Sequence[bool]) -> str:
    """One line of the table."""
    of_all = len(decided) / len(claims)
    error = interval(decided, errors) if decided else "n/a"
    return f"{name:24} {len(decided):6} {of_all:8.3f}   {error}\n"


def main() -> None:
    """Print what each bound decides, and what the band that is shipped saves."""
    claims = judged()
    out = sys.stdout.write
    marked = sum(claim.wrong for claim in claims)
    out(f"{len(claims)} claims, {marked} of them marked ({marked / len(claims):.3f}); out of fold, {FOLDS} folds\n\n")
    out("decided if P(supported)   claims    share   wrong there\n")
    for high in HIGH:
        decided = [claim for claim in claims if claim.support >= high]
        out(row(claims, f"at least {high}: supported", decided, [claim.wrong for claim in decided]))
    for low in LOW:
        decided = [claim for claim in claims if claim.support <= low]
        out(row(claims, f"at most {low}: not", decided, [not claim.wrong for claim in decided]))
    band = CERTAIN["lexical"]
    sure = [claim for claim in claims if not band.low <= claim.support < band.high]
    out(f"\nthe band of `lexical` in a cascade, {band}\n")
    out(row(claims, "decided", sure, [claim.wrong != (claim.support < band.low) for claim in sure]))
    missed = sum(claim.wrong and claim.support >= band.high for claim in claims)
    out(f"marked claims that it lets pass: {missed} of {marked} ({missed / marked:.3f})\n")
    asked = {claim.answer for claim in claims if band.low <= claim.support < band.high}
    every = {claim.answer for claim in claims}
    out(f"answers of which no claim is left for the next judge: {len(every - asked)} of {len(every)}\n")


if __name__ == "__main__":
    main()
