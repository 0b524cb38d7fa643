"""How often a judge is right on answers that people labelled, with 95 % bootstrap intervals."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from groundspan_collector import escapes

LONGEST_TASK = 40
RESAMPLES = 1_000
SEED = 20_261
"""The same file gets the same intervals, every time."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One labelled answer and what a judge made of it; True means that it contains something ungrounded."""

    label: bool
    ungrounded: bool
    probability: float
    task: str = ""
    group: str = ""
    """Answers of one group (a source document) are drawn together; empty stands for a group of its own."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value between the ends of its interval; all are None where the value is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one task, or of all answers."""

    task: str
    n: int
    positives: int
    values: dict[str, Figure]


def figures(answers: Sequence[Scored], resamples: int = RESAMPLES, seed: int = SEED) -> list[Figures]:
    """Figures over all *answers*, then by task where there is more than one."""
    tasks = sorted({answer.task for answer in answers})
    slices = [("all", list(answers))]
    if tasks != [""]:
        slices += [(task, [answer for answer in answers if answer.task == task]) for task in tasks]
    return [_figures(task, part, resamples, seed) for task, part in slices if part]


def _figures(task: str, answers: list[Scored], resamples: int, seed: int) -> Figures:
    groups = _groups(answers)
    draw = random.Random(seed)  # noqa: S311 (a bootstrap wants to be repeatable, not secret)
    drawn = [_resample(groups, draw) for _ in range(resamples)]
    values = {name: _figure(measure, answers, drawn) for name, measure in MEASURES.items()}
    return Figures(task, len(answers), sum(answer.label for answer in answers), values)


def _groups(answers: Iterable[Scored]) -> list[list[Scored]]:
    groups: dict[str, list[Scored]] = {}
    for number, answer in enumerate(answers):
        groups.setdefault(answer.group or f"\0{number}", []).append(answer)
    return list(groups.values())


def _resample(groups: list[list[Scored]], draw: random.Random) -> list[Scored]:
    return [answer for group in draw.choices(groups, k=len(groups)) for answer in group]


Measure = Callable[[Sequence[Scored]], float | None]


def _figure(measure: Measure, answers: Sequence[Scored], drawn: Iterable[Sequence[Scored]]) -> Figure:
    value = measure(answers)
    spread = sorted(found for sample in drawn if (found := measure(sample)) is not None)
    if value is None or not spread:
        return Figure(value, None, None)
    return Figure(value, spread[int(0.025 * len(spread))], spread[min(int(0.975 * len(spread)), len(spread) - 1)])


def _share(hits: int, of: int) -> float | None:
    return hits / of if of else None


def f1(answers: Sequence[Scored]) -> float | None:
    """Twice the hits over everything called or labelled positive; None if nothing is either."""
    hits = sum(answer.label and answer.ungrounded for answer in answers)
    return _share(2 * hits, sum(answer.label + answer.ungrounded for answer in answers))


def precision(answers: Sequence[Scored]) -> float | None:
    """The share of answers called ungrounded that are; None if none was called so."""
    called = [answer for answer in answers if answer.ungrounded]
    return _share(sum(answer.label for answer in called), len(called))


def recall(answers: Sequence[Scored]) -> float | None:
    """The share of ungrounded answers that were called so; None if there is none."""
    wrong = [answer for answer in answers if answer.label]
    return _share(sum(answer.ungrounded for answer in wrong), len(wrong))


def balanced_accuracy(answers: Sequence[Scored]) -> float | None:
    """The mean of the recall of both classes; None if only one is there."""
    found = recall(answers)
    right = [answer for answer in answers if not answer.label]
    kept = _share(sum(not answer.ungrounded for answer in right), len(right))
    return None if found is None or kept is None else (found + kept) / 2


def auroc(answers: Sequence[Scored]) -> float | None:
    """How often an ungrounded answer ranks above a grounded one, ties half; None if only one class is there."""
    wins, grounded_below, tied = 0.0, 0, [0, 0]
    ranked = sorted(answers, key=lambda answer: answer.probability)
    for number, answer in enumerate(ranked):
        if number and answer.probability != ranked[number - 1].probability:
            grounded_below += tied[False]
            tied = [0, 0]
        # Those tied with it and already counted win half against it, and it half against them.
        wins += grounded_below + tied[False] / 2 if answer.label else tied[True] / 2
        tied[answer.label] += 1
    positives = sum(answer.label for answer in answers)
    pairs = positives * (len(answers) - positives)
    return wins / pairs if pairs else None


def calibration_error(answers: Sequence[Scored], bins: int = 10) -> float:
    """Expected calibration error: how far, on average, a probability is from the share that it speaks of.

    Over *bins* of as many answers each, weighted by their size (Nguyen and O'Connor, 2015).
    """
    ranked = sorted(answers, key=lambda answer: answer.probability)
    cuts = [len(ranked) * place // bins for place in range(bins + 1)]
    parts = [ranked[low:high] for low, high in pairwise(cuts) if high > low]
    return sum(abs(sum(a.label - a.probability for a in part)) for part in parts) / len(ranked)


MEASURES: dict[str, Measure] = {
    "F1": f1,
    "precision": precision,
    "recall": recall,
    "balanced accuracy": balanced_accuracy,
    "AUROC": auroc,
}


def table(rows: Sequence[Figures]) -> str:
    """*rows* as text: one line per task, each figure with its interval."""
    cells = [["task", "n", "ungrounded", *MEASURES]]
    cells += [[_shown(row.task), str(row.n), str(row.positives), *map(_cell, row.values.values())] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def _shown(task: str) -> str:
    return escapes.visible(task)[:LONGEST_TASK] or "(none)"


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return "n/a"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
