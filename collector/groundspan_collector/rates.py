"""The rate of ungrounded answers with the judge's own errors taken out: from labels, or from its published error rates.

Labels: the judge's calls and probabilities make cells; each cell of all judged answers is given the rate that was seen
among its labels. That is the prediction-powered estimate (the judge's mean, plus the mean error seen on the labels)
whose prediction is tuned in each cell: what PPI++ calls lambda is then the difference between the cells' labelled
rates, so that a judge who knows nothing costs nothing. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

LEVEL: Final = 0.95
FEWEST_LABELS: Final = 5
"""Of a cell; fewer say too little of it: it joins its neighbour. And of a report's row."""
PSEUDO_LABELS: Final = 2.0
"""That each cell is given at the overall rate, for its variance alone: none seen of five is not certainty."""
CALLED: Final = 2
"""The first cell that the judge calls ungrounded; cells are numbered in the order of the judge's probability."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a person found of one answer that was drawn."""

    cell: int
    weight: float
    """How many answers it stands for: 1 / the probability that it was drawn and labelled."""
    is_ungrounded: bool


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often a judge is right on labelled answers: of those that are ungrounded, and of those that are not."""

    sensitivity: float
    sensitivity_n: float
    """So many independent answers would give as narrow an interval."""
    specificity: float
    specificity_n: float
    answers: int
    """That were labelled."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate between the ends of its interval."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Cell:
    """One or more cells that are taken together: their share of all answers, their labels' rate, how many these are."""

    share: float
    rate: float
    labels: float


def deviations(level: float = LEVEL) -> float:
    """Half the width, in standard deviations, of the middle part *level* of a normal distribution."""
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, got {level}")
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson(rate: float, n: float, z: float) -> tuple[float, float]:
    """The rates of which *rate*, seen in *n*, is at most *z* of their own standard errors away."""
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))


def from_labels(answers: Mapping[int, int], labels: Sequence[Label], level: float = LEVEL) -> Estimate | None:
    """The true rate among *answers* (how many of each cell the judge judged), or None without labels.

    The interval is Wilson's at the effective number of labels: so many, drawn without a judge, would have the variance
    that the estimate has.
    """
    total = sum(answers.values())
    if not labels or not total:
        return None
    cells = [_cell(group, answers, labels, total) for group in _groups(answers, labels)]
    rate = min(1.0, sum(cell.share * cell.rate for cell in cells))
    return Estimate(rate, *wilson(rate, _effective(cells, total), deviations(level)))


def _groups(answers: Mapping[int, int], labels: Iterable[Label]) -> list[list[int]]:
    """The cells, joined until each has enough labels: within one call of the judge first."""
    counts = dict.fromkeys(sorted(answers), 0)
    for label in labels:
        counts[label.cell] = counts.get(label.cell, 0) + 1
    groups = [[cell] for cell in sorted(counts)]
    while len(groups) > 1:
        sizes = [sum(counts[cell] for cell in group) for group in groups]
        least = min(range(len(groups)), key=lambda i: sizes[i])
        if sizes[least] >= FEWEST_LABELS:
            break
        beside = [i for i in (least - 1, least + 1) if 0 <= i < len(groups)]
        other = min(beside, key=lambda i: (_is_called(groups[i]) != _is_called(groups[least]), sizes[i]))
        first = min(least, other)
        groups[first : first + 2] = [groups[first] + groups[first + 1]]
    return groups


def _is_called(group: Sequence[int]) -> bool:
    return group[0] >= CALLED


def _cell(group: Sequence[int], answers: Mapping[int, int], labels: Iterable[Label], total: int) -> _Cell:
    own = [label for label in labels if label.cell in group]
    weight = sum(label.weight for label in own)
    rate = sum(label.weight for label in own if label.is_ungrounded) / weight
    share = sum(answers.get(cell, 0) for cell in group) / total
    return _Cell(share, rate, weight * weight / sum(label.weight**2 for label in own))


def _effective(cells: Sequence[_Cell], total: int) -> float:
    """The number of labels, drawn from all answers alike, that would give the estimate's variance."""
    n = sum(cell.labels for cell in cells)
    mean = sum(cell.share * cell.rate for cell in cells)
    overall = (mean * n + PSEUDO_LABELS / 2) / (n + PSEUDO_LABELS)
    rates = [(cell.rate * cell.labels + PSEUDO_LABELS * overall) / (cell.labels + PSEUDO_LABELS) for cell in cells]
    middle = sum(cell.share * rate for cell, rate in zip(cells, rates, strict=True))
    within = sum(cell.share**2 * rate * (1 - rate) / cell.labels for cell, rate in zip(cells, rates, strict=True))
    # How many answers the judge calls what is known no better than the number of answers allows.
    between = sum(cell.share * (rate - middle) ** 2 for cell, rate in zip(cells, rates, strict=True)) / total
    return middle * (1 - middle) / (within + between)


def from_error_rates(called: int, judged: int, rates: ErrorRates, level: float = LEVEL) -> Estimate | None:
    """The true rate (Rogan and Gladen) where *called* of *judged* answers were called ungrounded; None: see fault().

    The interval has the true rates at which *called* would be no surprise (Fieller), given how well *rates* are known.
    """
    z = deviations(level)
    excess, slope, variances = _seen(called, judged, rates, z)
    of_called, of_sensitivity, of_specificity = variances
    # (excess - rate * slope)^2 <= z^2 * (variance at that rate), as a * rate^2 + 2 * b * rate + c <= 0
    a = slope**2 - z * z * (of_sensitivity + of_specificity)
    b = z * z * of_specificity - excess * slope
    c = excess**2 - z * z * (of_called + of_specificity)
    if slope <= 0 or a <= 0:
        return None
    half = sqrt(max(0.0, b * b - a * c))
    low, high = (-b - half) / a, (-b + half) / a
    if high < 0 or low > 1:
        return None
    low, high = max(0.0, low), min(1.0, high)
    gain = rates.sensitivity + rates.specificity - 1
    rate = (called / judged + rates.specificity - 1) / gain if gain > 0 else excess / slope
    return Estimate(min(max(rate, low), high), low, high)


def fault(called: int, judged: int, rates: ErrorRates, level: float = LEVEL) -> str:
    """Why from_error_rates() gives nothing; empty where it gives something."""
    if from_error_rates(called, judged, rates, level):
        return ""
    z = deviations(level)
    _, slope, (_, of_sensitivity, of_specificity) = _seen(called, judged, rates, z)
    is_better_than_chance = slope > 0 and slope**2 > z * z * (of_sensitivity + of_specificity)
    return "rates do not fit" if is_better_than_chance else "not identifiable"


def _seen(called: int, judged: int, rates: ErrorRates, z: float) -> tuple[float, float, tuple[float, float, float]]:
    """By how much the raw rate is above the false alarms' alone, what a true rate of 1 adds, and three variances.

    Each share is drawn a little towards one half, so that none seen is not certainty (Agresti and Coull).
    """
    raw, raw_n = (called + z * z / 2) / (judged + z * z), judged + z * z
    found, found_n = _softened(rates.sensitivity, rates.sensitivity_n)
    passed, passed_n = _softened(rates.specificity, rates.specificity_n)
    variances = (raw * (1 - raw) / raw_n, found * (1 - found) / found_n, passed * (1 - passed) / passed_n)
    return raw + passed - 1, found + passed - 1, variances


def _softened(share: float, n: float) -> tuple[float, float]:
    return (share * n + 1) / (n + 2), n + 2
