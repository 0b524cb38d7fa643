"""What the documentation quotes is what the commands wrote."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


CARD = "collector/groundspan_collector/judges/MODEL_CARD.md"


def _stored(file: str) -> Any:
    return json.loads(files("groundspan_collector.judges").joinpath(file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["README.md", "docs/judging.md", CARD])
def test_figures_of_the_local_judge_are_the_measured_ones_when_quoted(page: str) -> None:
    """What stands with the weights, from the command that wrote it."""
    value, low, high = _stored("local.json")["out_of_fold"]["all"]["AUROC"]

    assert f"{value:.3f} [{low:.3f}, {high:.3f}]" in (ROOT / page).read_text(encoding="utf-8")


def test_model_card_quotes_every_set_that_was_left_out() -> None:
    """Both judges' figures on each, and the pooled difference."""
    card, found = (ROOT / CARD).read_text(encoding="utf-8"), _stored("local_figures.json")

    for one in (*found["pooled_difference"].values(), *(each["AUROC_difference"] for each in found["sets"].values())):
        assert f"{one[0]:+.3f} [{one[1]:+.3f}, {one[2]:+.3f}]" in card
    for name, each in found["sets"].items():
        assert name in card
        assert f"{each['local']['AUROC'][0]:.3f}" in card


@pytest.mark.parametrize("page", ["README.md", "docs/judging.md"])
def test_auroc_is_the_measured_one_when_quoted(page: str) -> None:
    """The lexical judge's AUROC in the documentation is the out-of-fold figure stored with its weights."""
    stored = json.loads(files("groundspan_collector.judges").joinpath("lexical.json").read_text(encoding="utf-8"))
    value, low, high = stored["out_of_fold"]["all"]["AUROC"]

    assert f"{value:.3f} [{low:.3f}, {high:.3f}]" in (ROOT / page).read_text(encoding="utf-8")
