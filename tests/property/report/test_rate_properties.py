"""What must hold of every corrected rate, and of every sample, whatever the answers and the labels."""

from groundspan_collector import rates, strata
from groundspan_collector.rates import ErrorRates, Label
from hypothesis import given
from hypothesis import strategies as st

CELLS = st.integers(0, 3)
SIZES = st.dictionaries(CELLS, st.integers(0, 10_000), max_size=4)
LABELS = st.lists(st.builds(Label, CELLS, st.floats(1, 1e6), st.booleans()), min_size=1, max_size=60)
SHARES = st.floats(0, 1)
KNOWN = st.builds(ErrorRates, SHARES, st.floats(1, 1e6), SHARES, st.floats(1, 1e6), st.integers(2, 10_000))
LEVELS = st.floats(0.5, 0.999)


@given(answers=SIZES, labels=LABELS, level=LEVELS)
def test_a_rate_from_labels_lies_in_its_interval_and_that_in_0_to_1(
    answers: dict[int, int], labels: list[Label], level: float
) -> None:
    """Also where labels are of cells that have no answers, and where a cell has answers and no labels."""
    found = rates.from_labels(answers, labels, level)

    assert (found is None) == (sum(answers.values()) == 0)
    if found:
        assert 0 <= found.low <= found.rate <= found.high <= 1
        assert found.low < found.high


@given(judged=st.integers(1, 100_000), share=SHARES, known=KNOWN, level=LEVELS)
def test_a_rate_from_error_rates_lies_in_its_interval_or_it_is_said_why_there_is_none(
    judged: int, share: float, known: ErrorRates, level: float
) -> None:
    """Never beyond 0 and 1, whatever was published."""
    called = round(judged * share)
    found = rates.from_error_rates(called, judged, known, level)

    assert (found is None) == bool(rates.fault(called, judged, known, level))
    if found:
        assert 0 <= found.low <= found.rate <= found.high <= 1


@given(labels=LABELS, answers=SIZES.filter(lambda sizes: sum(sizes.values()) > 0), times=st.integers(2, 5))
def test_more_of_the_same_is_known_better(labels: list[Label], answers: dict[int, int], times: int) -> None:
    """Enough labels of each cell, and each of them several times over: the same rate, a narrower interval."""
    fives = [label for label in labels for _ in range(rates.FEWEST_LABELS)]
    fives += [Label(cell, 1.0, False) for cell in answers for _ in range(rates.FEWEST_LABELS)]
    once = rates.from_labels(answers, fives)
    often = rates.from_labels({cell: times * size for cell, size in answers.items()}, fives * times)

    assert once
    assert often
    assert abs(once.rate - often.rate) < 1e-9
    assert often.high - often.low < once.high - once.low


@given(sizes=SIZES, wanted=st.integers(1, 1000))
def test_a_sample_takes_what_is_wanted_and_something_of_every_cell(sizes: dict[int, int], wanted: int) -> None:
    """Never more of a cell than it has; all of them where fewer are there than wanted."""
    taken = strata.allocation(sizes, wanted)
    present = {cell for cell, size in sizes.items() if size}

    assert sum(taken.values()) == min(wanted, sum(sizes.values()))
    assert all(0 <= count <= sizes[cell] for cell, count in taken.items())
    assert set(taken) == present
    if wanted >= len(present):
        assert all(taken.values())


@given(sizes=SIZES, wanted=st.integers(1, 500))
def test_a_larger_sample_takes_no_less_of_any_cell(sizes: dict[int, int], wanted: int) -> None:
    """Up to one answer, which the shares' rounding may move."""
    less, more = strata.allocation(sizes, wanted), strata.allocation(sizes, wanted + 50)

    assert all(more[cell] >= less[cell] - 1 for cell in less)
