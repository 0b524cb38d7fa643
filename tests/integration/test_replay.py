"""Real answers of real models, replayed through the decorators into a collector."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import CollectorProcess, collector

RAGTRUTH = Path(__file__).parents[3] / "shared" / "data" / "calibrate" / "ragtruth.jsonl.gz"
REPLAY = Path(__file__).parents[1] / "programs" / "replay.py"
ANSWERS = 391

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not RAGTRUTH.exists(), reason="the labelled answers of ../shared/data are not here"),
]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that has judged all of the file's answers."""
    with collector(tmp_path_factory.mktemp("replay")) as running:
        subprocess.run([sys.executable, str(REPLAY), running.url, str(RAGTRUTH)], check=True, timeout=120)
        running.wait_until_judged()
        yield running


def test_every_answer_is_counted_once_when_all_are_judged(replayed: CollectorProcess) -> None:
    """The report accounts for each of the 391 answers, under one status."""
    rows = replayed.rows("hallucination", by="model")

    statuses = ("judged", "no_context", "abstained", "no_claims", "unjudged")
    assert sum(row["answers"] for row in rows) == ANSWERS
    assert sum(row[status] for row in rows for status in statuses) == ANSWERS
    assert len(rows) == 6


def test_offsets_cut_the_claims_when_the_answers_are_long(replayed: CollectorProcess) -> None:
    """Every claim's offsets cut exactly its text out of the answer, whatever the model wrote."""
    listed = replayed.get("/api/v1/traces", limit=1000)["traces"]
    answers = [replayed.get(f"/api/v1/traces/{trace['trace_id']}")["answer"] for trace in listed]
    claims = [
        (answer["text"][claim["start"] : claim["end"]], claim) for answer in answers for claim in answer["claims"]
    ]

    assert len(answers) == ANSWERS
    assert len(claims) > ANSWERS
    assert [cut for cut, claim in claims if cut != claim["text"]] == []


def test_hallucination_report_is_printed_by_model_when_asked(replayed: CollectorProcess) -> None:
    """`groundspan report hallucination --by model` names all six models."""
    command = [sys.executable, "-m", "groundspan_collector", "report", "hallucination", "--by", "model"]
    printed = subprocess.run(
        [*command, "--url", replayed.url], check=True, capture_output=True, text=True, timeout=60
    ).stdout

    sys.stdout.write(printed)
    for model in ("gpt-4-0613", "gpt-3.5-turbo-0613", "llama-2-70b-chat", "mistral-7B-instruct"):
        assert model in printed
