"""The error rates that a judge's weights file publishes: what was measured on answers that its weights had not seen."""

import json
from collections.abc import Mapping, Sequence

from groundspan_collector.rates import ErrorRates, deviations

_Figures = Mapping[str, object]


def read(text: str) -> ErrorRates | None:
    """The error rates of the answers in *text*, a weights file with "out_of_fold"; None where it tells too little.

    Each figure is [value, low, high] at 95 %. Specificity may stand there itself, or follow from balanced accuracy.
    The intervals were drawn by source document, so they are wider than those of as many independent answers: a share
    counts for as many as have its interval.
    """
    found = json.loads(text).get("out_of_fold", {}).get("all", {})
    answers, ungrounded = found.get("n"), found.get("ungrounded")
    sensitivity = _figure(found, "recall")
    if not sensitivity or not answers or not ungrounded or ungrounded >= answers:
        return None
    grounded = answers - ungrounded
    sensitivity_n = _independent(sensitivity, ungrounded)
    if specificity := _figure(found, "specificity"):
        specificity_n = _independent(specificity, grounded)
    elif balanced := _figure(found, "balanced accuracy"):
        specificity = [2 * balanced[0] - sensitivity[0]]
        specificity_n = grounded * sensitivity_n / ungrounded
    else:
        return None
    return ErrorRates(sensitivity[0], sensitivity_n, min(max(specificity[0], 0.0), 1.0), specificity_n, answers)


def _figure(found: _Figures, name: str) -> list[float]:
    """A value, with the ends of its interval where they are there; empty where it is not."""
    value = found.get(name)
    figure = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    numbers = [float(number) for number in figure if isinstance(number, int | float)]
    return numbers if len(numbers) in {1, 3} else []


def _independent(figure: Sequence[float], most: int) -> float:
    """How many independent answers, at most *most*, would give the figure its interval."""
    if len(figure) < 3 or figure[2] <= figure[1]:
        return float(most)
    value, low, high = figure
    return min(float(most), max(1.0, value * (1 - value) * (2 * deviations() / (high - low)) ** 2))
