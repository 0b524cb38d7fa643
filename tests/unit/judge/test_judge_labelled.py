"""On answers that people labelled, the shipped judge does what its page says."""

import io
import json
from pathlib import Path

import pytest
from groundspan_collector import offline
from groundspan_collector.judges import weights

LABELLED = Path(__file__).resolve().parents[4] / "shared" / "data" / "calibrate" / "ragtruth.jsonl.gz"
ANSWERS = 391


@pytest.fixture(scope="module")
def judged() -> tuple[list[dict[str, object]], str]:
    """The records of all labelled answers, and what was said on standard error."""
    if not LABELLED.exists():
        pytest.skip("the human-labelled answers are not in ../shared/data")
    stdout, stderr = io.StringIO(), io.StringIO()
    assert offline.run(str(LABELLED), None, "lexical", io.StringIO(), stdout, stderr) == 0
    return [json.loads(line) for line in stdout.getvalue().splitlines()], stderr.getvalue()


@pytest.mark.data
def test_every_labelled_answer_is_judged_or_abstains(judged: tuple[list[dict[str, object]], str]) -> None:
    """No answer is lost, and each has a status of its own."""
    statuses = [record["status"] for record in judged[0]]

    assert len(statuses) == ANSWERS
    assert set(statuses) <= {"judged", "abstained", "no_claims"}


@pytest.mark.data
def test_labelled_answers_are_ranked_as_well_as_published(judged: tuple[list[dict[str, object]], str]) -> None:
    """In sample the judge is at least near its out-of-fold figure."""
    shown = judged[1].splitlines()[1].split()

    assert shown[:3] == ["all", str(ANSWERS), "142"]
    assert float(judged[1].splitlines()[1].split("  ")[-1].split()[0]) > 0.75


def test_the_weights_carry_the_figures_that_were_measured() -> None:
    """Who reads the file sees the out-of-fold figures with their intervals."""
    found = json.loads((Path(weights.__file__).parent / weights.FILE).read_text(encoding="utf-8"))

    assert [len(found["out_of_fold"][task]["AUROC"]) for task in ("all", "qa", "summarization", "claims")] == [3] * 4
