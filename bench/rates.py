"""How near a labelled rate comes: width and coverage of its 95 % interval, by the number of labels.

Made answers, so that the truth is known: 2,000 of them, a judge that finds 60 % of the ungrounded ones and passes 85 %
of the others, and is surer of itself where it is right. `python bench/rates.py` prints the tables of docs/rates.md.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from statistics import fmean

from groundspan_collector import judges, rates, strata
from groundspan_collector.judges import lexical
from groundspan_collector.rates import ErrorRates, Estimate, Label

ANSWERS = 2_000
SENSITIVITY, SPECIFICITY = 0.6, 0.85
TRUTHS = (0.02, 0.1, 0.3)
LABELS = (10, 20, 50, 100, 200, 400)
SEED = 20_261


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="made samples for each cell (default: %(default)s)")
    repeats = parser.parse_args().repeats
    raw = ", ".join(f"{_raw(truth):.1%} where {truth:.0%} are ungrounded" for truth in TRUTHS)
    print(f"raw rate of that judge: {raw}\n")
    print("from labels: mean interval (share of the intervals that hold the true rate)\n")
    _table(
        ["labels", *(f"true rate {truth:.0%}" for truth in TRUTHS)],
        [[str(wanted), *(_figure(truth, repeats, _labelled(truth, wanted)) for truth in TRUTHS)] for wanted in LABELS],
    )
    print("\nwithout labels, from published error rates, of traffic like what they were measured on\n")
    known = judges.published("lexical", lexical.load().version)
    named = {"the same judge, measured on 391 answers": ErrorRates(SENSITIVITY, 142, SPECIFICITY, 249, 391)}
    if known:
        named["the lexical judge"] = known
    _table(
        ["judge", *(f"true rate {truth:.0%}" for truth in TRUTHS)],
        [[name, *(_figure(truth, repeats, _turned(truth, each)) for truth in TRUTHS)] for name, each in named.items()],
    )


def _raw(truth: float) -> float:
    return truth * SENSITIVITY + (1 - truth) * (1 - SPECIFICITY)


def _figure(truth: float, repeats: int, estimate: Callable[[random.Random], Estimate | None]) -> str:
    """The mean ends of the intervals, and how often they hold *truth*."""
    chance = random.Random(SEED)
    found = [one for _ in range(repeats) if (one := estimate(chance))]
    held = sum(one.low <= truth <= one.high for one in found) / repeats
    return f"{fmean(one.low for one in found):.1%} to {fmean(one.high for one in found):.1%} ({held:.0%})"


def _labelled(truth: float, wanted: int) -> Callable[[random.Random], Estimate | None]:
    def estimate(chance: random.Random) -> Estimate | None:
        cells: dict[int, list[bool]] = {}
        for _ in range(ANSWERS):
            is_ungrounded = chance.random() < truth
            is_called = chance.random() < (SENSITIVITY if is_ungrounded else 1 - SPECIFICITY)
            is_sure = chance.random() < (0.7 if is_called == is_ungrounded else 0.4)
            cells.setdefault(2 + is_sure if is_called else 1 - is_sure, []).append(is_ungrounded)
        sizes = {cell: len(truths) for cell, truths in cells.items()}
        taken = strata.allocation(sizes, wanted)
        drawn = [
            Label(cell, sizes[cell] / taken[cell], found)
            for cell, truths in sorted(cells.items())
            for found in chance.sample(truths, taken[cell])
        ]
        return rates.from_labels(sizes, drawn)

    return estimate


def _turned(truth: float, known: ErrorRates) -> Callable[[random.Random], Estimate | None]:
    """The published rates as they might have been measured again, turned around on as many answers."""

    def share(chance: random.Random, rate: float, n: float) -> float:
        return sum(chance.random() < rate for _ in range(round(n))) / round(n)

    def estimate(chance: random.Random) -> Estimate | None:
        measured = ErrorRates(
            share(chance, known.sensitivity, known.sensitivity_n),
            known.sensitivity_n,
            share(chance, known.specificity, known.specificity_n),
            known.specificity_n,
            known.answers,
        )
        called = sum(
            chance.random() < truth * known.sensitivity + (1 - truth) * (1 - known.specificity) for _ in range(ANSWERS)
        )
        return rates.from_error_rates(called, ANSWERS, measured)

    return estimate


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    for line in (head, ["---"] * len(head), *lines):
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    main()
