"""The error rates that a weights file publishes, and what is made of one that tells less."""

import json

import pytest
from groundspan_collector import judges
from groundspan_collector.judges import error_rates, lexical

FIGURES = {"n": 300, "ungrounded": 100, "recall": [0.6, 0.5, 0.7], "balanced accuracy": [0.7, 0.65, 0.75]}


def read(**figures: object) -> tuple[float, ...] | None:
    """Sensitivity, its n, specificity, its n, and the answers of a file with these figures."""
    found = error_rates.read(json.dumps({"out_of_fold": {"all": FIGURES | figures}}))
    return (
        found and (found.sensitivity, found.sensitivity_n, found.specificity, found.specificity_n, float(found.answers))
    ) or None


def test_specificity_follows_from_balanced_accuracy() -> None:
    """And both shares count for as many answers as have the interval of recall: 0.2 wide, so 92 of 100."""
    found = read()

    assert found == pytest.approx((0.6, 92.2, 0.8, 184.4, 300), abs=0.1)


def test_specificity_that_stands_there_is_taken() -> None:
    """With its own interval."""
    found = read(specificity=[0.9, 0.85, 0.95])

    assert found
    assert found[2:4] == pytest.approx((0.9, 138.3), abs=0.1)


def test_a_figure_without_an_interval_counts_for_all_its_answers() -> None:
    """A file may hold bare numbers."""
    assert read(recall=0.6, specificity=0.9) == (0.6, 100, 0.9, 200, 300)


@pytest.mark.parametrize(
    "figures",
    [
        {"recall": None},
        {"balanced accuracy": None},
        {"n": 0},
        {"ungrounded": 0},
        {"ungrounded": 300},
        {"recall": "0.6"},
    ],
)
def test_a_file_that_tells_too_little_publishes_nothing(figures: dict[str, object]) -> None:
    """None, rather than a guess."""
    assert read(**figures) is None
    assert error_rates.read("{}") is None


def test_the_lexical_judge_publishes_its_rates_at_its_own_version_alone() -> None:
    """Another version's answers were judged otherwise."""
    known = judges.published("lexical", lexical.load().version)

    assert known
    assert (known.sensitivity, known.specificity, known.answers) == pytest.approx((0.732, 0.684, 391), abs=0.001)
    assert known.sensitivity_n < 142
    assert judges.published("lexical", "0-other") is None
    assert judges.published("somebody's", "1") is None
