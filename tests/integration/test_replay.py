"""Real answers of real models, replayed through the decorators into a collector."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from processes import collector

RAGTRUTH = Path(__file__).parents[3] / "shared" / "data" / "calibrate" / "ragtruth.jsonl.gz"
REPLAY = Path(__file__).parents[1] / "programs" / "replay.py"
ANSWERS = 391
EVERY = 20
"""The page of every so many traces is looked at: one costs as much as reading all that is stored."""
CLAIM = ("start", "end", "text", "verdict")

READ = """
import json, os, sys
from pathlib import Path
from groundspan_collector.store import Store
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
answers = {
    row["trace_id"]: {"text": row["answer"], "claims": []}
    for row in store.rows("SELECT trace_id, answer FROM answers_newest")
}
for row in store.rows("SELECT trace_id, start, end, text, verdict FROM verdicts_newest ORDER BY trace_id, claim"):
    answers[row.pop("trace_id")]["claims"].append(row)
print(json.dumps(answers))
store.close()
"""

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not RAGTRUTH.exists(), reason="the labelled answers of ../shared/data are not here"),
]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a collector shows that has judged all of the file's answers, and what is in its store."""

    rows: list[dict[str, Any]]
    """Of the hallucination report, by model."""
    printed: str
    """The same by `groundspan report`."""
    listed: int
    """Traces in the list."""
    pages: dict[str, dict[str, Any]]
    """Some traces as their pages show them: trace id -> answer."""
    answers: dict[str, dict[str, Any]]
    """All answers as they are stored, with their claims: trace id -> answer."""


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """The file, replayed once for all tests."""
    folder = tmp_path_factory.mktemp("replay")
    with collector(folder) as running:
        subprocess.run([sys.executable, str(REPLAY), running.url, str(RAGTRUTH)], check=True, timeout=120)
        running.wait_until_judged()
        rows = running.rows("hallucination", by="model")
        printed = _printed("report", "hallucination", "--by", "model", "--url", running.url)
        traces = [trace["trace_id"] for trace in running.get("/api/v1/traces", limit=1000)["traces"]]
        pages = {trace: running.get(f"/api/v1/traces/{trace}")["answer"] for trace in traces[::EVERY]}
        assert running.stop() == 0
    return Replayed(rows, printed, len(traces), pages, _stored(folder))


def _printed(*arguments: str) -> str:
    command = [sys.executable, "-m", "groundspan_collector", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def _stored(data_dir: Path) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-c", READ, str(data_dir)]
    answers: dict[str, dict[str, Any]] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    )
    return answers


def test_every_answer_is_counted_once_when_all_are_judged(replayed: Replayed) -> None:
    """The report accounts for each of the 391 answers, under one status."""
    statuses = ("judged", "no_context", "abstained", "no_claims", "unjudged")
    assert sum(row["answers"] for row in replayed.rows) == ANSWERS
    assert sum(row[status] for row in replayed.rows for status in statuses) == ANSWERS
    assert len(replayed.rows) == 6
    assert replayed.listed == ANSWERS


def test_offsets_cut_the_claims_when_the_answers_are_long(replayed: Replayed) -> None:
    """Every claim's offsets cut exactly its text out of the answer, whatever the model wrote."""
    claims = [
        (answer["text"][claim["start"] : claim["end"]], claim)
        for answer in replayed.answers.values()
        for claim in answer["claims"]
    ]

    assert len(replayed.answers) == ANSWERS
    assert len(claims) > ANSWERS
    assert [cut for cut, claim in claims if cut != claim["text"]] == []


def test_page_of_a_trace_shows_the_claims_that_are_stored(replayed: Replayed) -> None:
    """Of a sample of the traces: the whole answer, and each claim with its offsets and verdict."""
    shown = {
        trace: {"text": page["text"], "claims": [{name: claim[name] for name in CLAIM} for claim in page["claims"]]}
        for trace, page in replayed.pages.items()
    }

    assert len(shown) == -(-ANSWERS // EVERY)
    assert shown == {trace: replayed.answers[trace] for trace in shown}


def test_hallucination_report_is_printed_by_model_when_asked(replayed: Replayed) -> None:
    """`groundspan report hallucination --by model` names all six models."""
    sys.stdout.write(replayed.printed)
    for model in ("gpt-4-0613", "gpt-3.5-turbo-0613", "llama-2-70b-chat", "mistral-7B-instruct"):
        assert model in replayed.printed
