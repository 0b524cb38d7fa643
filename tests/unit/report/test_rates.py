"""The corrected rate: against figures worked out by hand, and against the truth of made answers."""

import random
from collections.abc import Callable

import pytest
from groundspan_collector import rates, strata
from groundspan_collector.rates import ErrorRates, Estimate, Label

REPEATS = 500
SEED = 20_261


def labels(cell: int, grounded: int, ungrounded: int, weight: float = 1.0) -> list[Label]:
    """Labels of one cell."""
    return [Label(cell, weight, truth) for truth in [False] * grounded + [True] * ungrounded]


def test_each_cell_of_the_answers_gets_the_rate_of_its_labels() -> None:
    """900 answers called grounded of which one in ten is not, 100 called ungrounded of which half are."""
    found = rates.from_labels({0: 900, 3: 100}, labels(0, 9, 1) + labels(3, 5, 5))

    assert found
    assert found.rate == pytest.approx(0.9 * 0.1 + 0.1 * 0.5)
    assert 0 < found.low < found.rate < found.high < 1


def test_it_is_the_prediction_powered_estimate_at_its_best_lambda() -> None:
    """lambda * mean of all calls + mean of what the labels say beyond it, with lambda = cov / var of the labelled."""
    answers, given = {0: 700, 3: 300}, labels(0, 36, 4) + labels(3, 8, 12)
    calls = [float(label.cell == 3) for label in given]
    truths = [float(label.is_ungrounded) for label in given]
    n, call_mean, truth_mean = len(given), sum(calls) / len(calls), sum(truths) / len(truths)
    covariance = sum((call - call_mean) * (truth - truth_mean) for call, truth in zip(calls, truths, strict=True)) / n
    power = covariance / (sum((call - call_mean) ** 2 for call in calls) / n)

    found = rates.from_labels(answers, given)

    assert found
    assert found.rate == pytest.approx(power * 0.3 + (truth_mean - power * call_mean))


def test_labels_count_for_the_answers_they_stand_for() -> None:
    """Within a cell, a label that was drawn with a tenth of another's chance weighs ten times as much."""
    found = rates.from_labels({0: 100}, [*labels(0, 10, 0, weight=1.0), *labels(0, 0, 1, weight=10.0)])

    assert found
    assert found.rate == pytest.approx(0.5)
    # 2 * 10 answers, of which one label is half: as good as (20 ** 2) / (10 + 100) labels.
    assert (found.low, found.high) == pytest.approx(rates.wilson(0.5, 400 / 110, rates.deviations()), abs=1e-9)


def test_a_cell_with_few_labels_joins_its_neighbour() -> None:
    """Two labels say nothing of a cell alone: it is taken together with the other cell of the same call."""
    joined = rates.from_labels({0: 500, 1: 500, 3: 100}, labels(0, 8, 0) + labels(1, 0, 2) + labels(3, 0, 8))

    assert joined
    assert joined.rate == pytest.approx((1000 * 2 / 10 + 100) / 1100)


def test_without_labels_there_is_no_rate_from_labels() -> None:
    """Nor without answers."""
    assert rates.from_labels({0: 10}, []) is None
    assert rates.from_labels({}, labels(0, 1, 1)) is None


def test_a_wider_interval_is_given_when_more_certainty_is_asked() -> None:
    """99 % holds 95 % holds 80 %; what is no level is refused."""
    wide, usual, narrow = (rates.from_labels({0: 50}, labels(0, 20, 5), level) for level in (0.99, 0.95, 0.8))

    assert wide
    assert usual
    assert narrow
    assert wide.low < usual.low < narrow.low < 0.2 < narrow.high < usual.high < wide.high
    with pytest.raises(ValueError, match="between 0 and 1"):
        rates.deviations(95)


def test_the_published_rates_are_turned_around() -> None:
    """(raw + specificity - 1) / (sensitivity + specificity - 1), as Rogan and Gladen wrote it."""
    found = rates.from_error_rates(300, 1000, ErrorRates(0.8, 500, 0.9, 500, 1000))

    assert found
    assert found.rate == pytest.approx((0.3 + 0.9 - 1) / (0.8 + 0.9 - 1))
    assert found.low < found.rate < found.high


def test_the_interval_carries_how_well_the_error_rates_are_known() -> None:
    """The same rates from fewer labelled answers: a wider interval."""
    well, badly = (rates.from_error_rates(300, 1000, ErrorRates(0.8, n, 0.9, n, 2 * n)) for n in (5000, 50))

    assert well
    assert badly
    assert badly.high - badly.low > 2 * (well.high - well.low)


@pytest.mark.parametrize(
    ("known", "called", "why"),
    [
        (ErrorRates(0.5, 100, 0.5, 100, 200), 300, "not identifiable"),
        (ErrorRates(0.4, 100, 0.3, 100, 200), 300, "not identifiable"),
        (ErrorRates(0.6, 20, 0.6, 20, 40), 300, "not identifiable"),
        (ErrorRates(0.73, 78, 0.68, 138, 391), 0, "rates do not fit"),
        (ErrorRates(0.7, 200, 0.95, 200, 400), 1000, "rates do not fit"),
        (ErrorRates(0.8, 500, 0.9, 500, 1000), 300, ""),
    ],
)
def test_it_is_said_why_no_rate_follows(known: ErrorRates, called: int, why: str) -> None:
    """A judge that may be no better than chance; fewer, or more, called ungrounded than its rates allow."""
    assert rates.fault(called, 1000, known) == why
    assert (rates.from_error_rates(called, 1000, known) is None) == bool(why)


def covered(truth: float, estimate: Callable[[random.Random], Estimate | None]) -> float:
    """How often the interval of *estimate* holds *truth*."""
    chance = random.Random(SEED)
    found = [estimate(chance) for _ in range(REPEATS)]
    return sum(one is not None and one.low <= truth <= one.high for one in found) / REPEATS


def labelled(chance: random.Random, truth: float, wanted: int) -> Estimate | None:
    """400 answers, judged with sensitivity 0.6 and specificity 0.85, of which *wanted* were drawn and labelled."""
    cells: dict[int, list[bool]] = {}
    for _ in range(400):
        is_ungrounded = chance.random() < truth
        is_called = chance.random() < (0.6 if is_ungrounded else 0.15)
        is_sure = chance.random() < (0.7 if is_called == is_ungrounded else 0.4)
        cell = 2 + is_sure if is_called else 1 - is_sure
        cells.setdefault(cell, []).append(is_ungrounded)
    sizes = {cell: len(truths) for cell, truths in cells.items()}
    taken = strata.allocation(sizes, wanted)
    drawn = [
        Label(cell, sizes[cell] / taken[cell], found)
        for cell, truths in sorted(cells.items())
        for found in chance.sample(truths, taken[cell])
    ]
    return rates.from_labels(sizes, drawn)


@pytest.mark.parametrize("truth", [0.02, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("wanted", [20, 50, 100, 200])
def test_the_interval_from_labels_holds_the_truth_as_often_as_it_says(truth: float, wanted: int) -> None:
    """95 %, give or take what 500 repetitions of a discrete count allow, at rates from 2 % to 40 %."""
    assert 0.92 <= covered(truth, lambda chance: labelled(chance, truth, wanted)) <= 0.99


def turned_around(chance: random.Random, truth: float) -> Estimate | None:
    """1,000 answers, and error rates that were measured on 142 ungrounded and 249 grounded ones."""
    found = sum(chance.random() < 0.6 for _ in range(142))
    passed = sum(chance.random() < 0.85 for _ in range(249))
    called = sum(chance.random() < truth * 0.6 + (1 - truth) * 0.15 for _ in range(1000))
    return rates.from_error_rates(called, 1000, ErrorRates(found / 142, 142, passed / 249, 249, 391))


@pytest.mark.parametrize("truth", [0.02, 0.1, 0.4])
def test_the_interval_from_published_rates_holds_the_truth_as_often_as_it_says(truth: float) -> None:
    """Where the traffic is like what they were measured on."""
    assert 0.92 <= covered(truth, lambda chance: turned_around(chance, truth)) <= 0.99
