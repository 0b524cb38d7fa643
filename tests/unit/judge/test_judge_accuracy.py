"""The figures are those of the textbook, and their intervals hold them."""

import pytest
from groundspan_collector import accuracy
from groundspan_collector.accuracy import Figure, Figures, Scored

ANSWERS = [
    Scored(True, True, 0.9, "qa"),
    Scored(True, False, 0.4, "qa"),
    Scored(False, True, 0.6, "summary"),
    Scored(False, False, 0.1, "summary"),
    Scored(False, False, 0.2, "qa"),
]


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (accuracy.f1, 0.5),
        (accuracy.precision, 0.5),
        (accuracy.recall, 0.5),
        (accuracy.balanced_accuracy, (1 / 2 + 2 / 3) / 2),
        (accuracy.auroc, 5 / 6),
    ],
)
def test_a_figure_is_as_defined(measure: accuracy.Measure, expected: float) -> None:
    """Two ungrounded answers, three grounded ones, one mistake in each."""
    assert measure(ANSWERS) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("measure", "answers"),
    [
        (accuracy.f1, [Scored(False, False, 0.1)]),
        (accuracy.precision, [Scored(True, False, 0.1)]),
        (accuracy.recall, [Scored(False, True, 0.9)]),
        (accuracy.balanced_accuracy, [Scored(True, True, 0.9)]),
        (accuracy.auroc, [Scored(True, True, 0.9)]),
        (accuracy.auroc, []),
    ],
)
def test_a_figure_is_none_when_it_is_not_defined(measure: accuracy.Measure, answers: list[Scored]) -> None:
    """Nothing is divided by nothing, and one class has no ranking."""
    assert measure(answers) is None


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ([0.1, 0.1, 0.1, 0.1], 0.5),
        ([0.9, 0.8, 0.2, 0.1], 1.0),
        ([0.1, 0.2, 0.8, 0.9], 0.0),
        ([0.5, 0.2, 0.5, 0.1], 0.625),
    ],
)
def test_auroc_counts_ties_half(ranks: list[float], expected: float) -> None:
    """Of the four answers, the first two are ungrounded."""
    answers = [Scored(place < 2, False, rank) for place, rank in enumerate(ranks)]

    assert accuracy.auroc(answers) == expected


def test_figures_are_given_overall_and_by_task() -> None:
    """Tasks come after the whole, in alphabetical order, each with its count."""
    found = accuracy.figures(ANSWERS, resamples=10)

    assert [(row.task, row.n, row.positives) for row in found] == [("all", 5, 2), ("qa", 3, 2), ("summary", 2, 0)]


def test_figures_are_given_once_when_no_line_has_a_task() -> None:
    """Without tasks there is one row."""
    assert len(accuracy.figures([Scored(True, True, 0.9)], resamples=10)) == 1


def test_an_interval_holds_its_figure_and_is_the_same_every_time() -> None:
    """The bootstrap is seeded."""
    first, again = (accuracy.figures(ANSWERS * 20)[0].values["AUROC"] for _ in range(2))

    assert first == again
    assert first.low is not None
    assert first.value is not None
    assert first.high is not None
    assert first.low < first.value < first.high


def test_an_interval_is_wider_when_answers_come_in_groups() -> None:
    """Forty answers to two documents tell less than forty answers to forty."""

    def width(groups: int) -> float:
        answers = [Scored(n % 2 == 0, n % (groups // 2 + 1) > 0, 0.5, group=str(n % groups)) for n in range(40)]
        found = accuracy.figures(answers)[0].values["precision"]
        return (found.high or 0) - (found.low or 0)

    assert width(4) > width(40)


def test_a_table_shows_what_is_not_defined_and_what_a_terminal_would_obey() -> None:
    """A task name is the user's text, so control characters are shown."""
    row = Figures("\x1b[31mred", 1, 1, {name: Figure(None, None, None) for name in accuracy.MEASURES})

    shown = accuracy.table([row]).splitlines()[1]

    assert "\x1b" not in shown
    assert "\\x1b[31mred" in shown
    assert shown.count("n/a") == len(accuracy.MEASURES)
