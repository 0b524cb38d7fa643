"""The demo: a real RAG application in two versions, and what the collector says of them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from processes import CollectorProcess, collector

pytestmark = pytest.mark.demo


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mistakes that the answerer says it made."""
    return tmp_path_factory.mktemp("planted") / "planted.jsonl"


@pytest.fixture(scope="module")
def judged_demo(tmp_path_factory: pytest.TempPathFactory, planted: Path) -> Iterator[CollectorProcess]:
    """A collector that has judged all answers of both versions."""
    with collector(tmp_path_factory.mktemp("demo")) as running:
        command = [sys.executable, "-m", "groundspan_demo", "--endpoint", running.url, "--planted", str(planted)]
        subprocess.run(command, check=True, timeout=180)
        running.wait_until_judged()
        yield running


def _by_version(running: CollectorProcess, report: str) -> dict[str, dict[str, Any]]:
    return {row["version"]: row for row in running.rows(report, by="version")}


def test_careless_version_is_clearly_worse_when_both_are_judged(judged_demo: CollectorProcess) -> None:
    """The interval of v2's ungrounded answers lies above that of v1's."""
    rows = _by_version(judged_demo, "hallucination")

    assert rows["v1"]["ungrounded_answer_rate_high"] < rows["v2"]["ungrounded_answer_rate_low"]
    assert rows["v1"]["ungrounded_claim_rate_high"] < rows["v2"]["ungrounded_claim_rate_low"]


def test_versions_retrieve_alike_when_only_the_answerer_differs(judged_demo: CollectorProcess) -> None:
    """Retrieval is real and the same for both, so its report must not tell them apart."""
    rows = _by_version(judged_demo, "retrieval")

    assert rows["v1"]["hit_rate"] == rows["v2"]["hit_rate"]
    assert rows["v1"]["hit_rate"] > 0.8


def test_every_request_is_in_every_report_when_the_demo_ran(judged_demo: CollectorProcess) -> None:
    """Answers, requests and pipeline spans are the same number for each version."""
    answers = _by_version(judged_demo, "hallucination")
    requests = _by_version(judged_demo, "retrieval")
    pipelines = judged_demo.rows("latency", by="version,stage")

    for row in pipelines:
        assert row["spans"] == answers[row["version"]]["answers"] == requests[row["version"]]["requests"]


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the planted mistakes: the share that was found of each kind, and of all; the false alarms."""

    recall: dict[str, float]
    overall: float
    precision: float
    false_alarms: int
    """Claims of v1 that were called ungrounded: nothing was planted there."""


@pytest.fixture(scope="module")
def found(judged_demo: CollectorProcess, planted: Path) -> Found:
    """The answerer's own list beside the verdicts; printed with -s."""
    mistakes = [json.loads(line) for line in planted.read_text(encoding="utf-8").splitlines()]
    wrong = {version: list(_ungrounded(judged_demo, version)) for version in ("v1", "v2")}
    hits: dict[str, list[bool]] = {}
    for mistake in mistakes:
        called = [text for trace_id, text in wrong["v2"] if trace_id == mistake["trace_id"]]
        hits.setdefault(mistake["kind"], []).append(any(_is_about(text, mistake["text"]) for text in called))
    right = [
        any(trace_id == each["trace_id"] and _is_about(text, each["text"]) for each in mistakes)
        for trace_id, text in wrong["v2"]
    ]
    recall = {kind: sum(each) / len(each) for kind, each in hits.items()}
    overall = sum(map(sum, hits.values())) / len(mistakes)
    told = Found(recall, overall, sum(right) / len(right), len(wrong["v1"]))
    sys.stdout.write(f"{told}\n")
    return told


def test_planted_mistakes_are_found_when_answers_are_judged(found: Found) -> None:
    """Most of them, with few false alarms, and none where nothing was planted."""
    assert found.overall >= 0.8
    assert found.precision >= 0.9
    assert found.false_alarms == 0


@pytest.mark.xfail(
    reason="another common word in the place of a name ('list' for 'dict') is mostly missed", strict=True
)
def test_half_of_each_kind_of_mistake_is_found_when_answers_are_judged(found: Found) -> None:
    """No kind is overlooked."""
    assert min(found.recall.values()) >= 0.5


def _ungrounded(running: CollectorProcess, version: str) -> Iterator[tuple[str, str]]:
    """Trace id and text of each claim of *version* that is called ungrounded."""
    for trace in running.get("/api/v1/traces", limit=1000)["traces"]:
        shown = running.get(f"/api/v1/traces/{trace['trace_id']}")
        if shown["version"] == version and shown["answer"]:
            for claim in shown["answer"]["claims"]:
                if claim["verdict"] in {"contradicted", "unsupported"}:
                    yield trace["trace_id"], claim["text"]


def _is_about(claim: str, mistake: str) -> bool:
    return claim in mistake or mistake in claim


def test_demo_prints_reports_and_an_ungrounded_claim_when_run_once() -> None:
    """`groundspan demo --once` ends well and shows the four reports, a claim, and what it was compared with."""
    command = [sys.executable, "-m", "groundspan_collector", "demo", "--once", "--port", "0", "--questions", "20"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=180).stdout

    for expected in ("simulated answers", "cost by", "hallucination by", "retrieval by", "latency by", "compared with"):
        assert expected in printed
    assert "✗ contradicted" in printed or "? unsupported" in printed
