"""What the documentation quotes is what the commands wrote."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/judging.md"])
def test_auroc_is_the_measured_one_when_quoted(page: str) -> None:
    """The lexical judge's AUROC in the documentation is the out-of-fold figure stored with its weights."""
    stored = json.loads(files("groundspan_collector.judges").joinpath("lexical.json").read_text(encoding="utf-8"))
    value, low, high = stored["out_of_fold"]["all"]["AUROC"]

    assert f"{value:.3f} [{low:.3f}, {high:.3f}]" in (ROOT / page).read_text(encoding="utf-8")
