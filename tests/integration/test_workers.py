"""Workers in processes of their own: killed at any moment, several at once, and judging the past again."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import otlp
import processes
from processes import CollectorProcess, collector, eventually

PROGRAM = Path(__file__).parents[1] / "programs" / "other_judge.py"
TEXT = "The tower was built in 1889 by Gustave Eiffel. It is 330 metres high."
READ = """
import json, os, sys
from pathlib import Path
from groundspan_collector.store import Store
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
print(json.dumps([store.rows(sql) for sql in sys.argv[2:]], default=str))
store.close()
"""
ANSWERS = "SELECT trace_id, judge, status, beside, count() AS n FROM answers GROUP BY ALL"
VERDICTS = "SELECT trace_id, judge, claim, input_hash, count() AS n FROM verdicts GROUP BY ALL"
ONCE = "SELECT trace_id, judge, claim, input_hash, count() AS n FROM verdicts FINAL GROUP BY ALL"


def raw(data_dir: Path, *queries: str) -> list[list[dict[str, Any]]]:
    """What *queries* give in a store that no collector has open."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(data_dir), *queries], capture_output=True, text=True, timeout=60, check=True
    )
    return list(json.loads(done.stdout))


def traces(count: int, *, retrieve: bool = True) -> tuple[bytes, list[str]]:
    """A request with *count* RAG traces that began a while ago, and their ids."""
    documents = json.dumps([{"id": "d1", "content": "The tower was built in 1887. It is 330 metres high."}])
    output = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": TEXT}]}])
    start_ns = time.time_ns() - 60 * otlp.SECOND
    spans, ids = [], []
    for _ in range(count):
        trace_id, root = os.urandom(16), otlp.new_span_id()
        ids.append(trace_id.hex())
        root_span: otlp.Attributes = {"groundspan.stage": "pipeline", "gen_ai.output.messages": output}
        spans.append(otlp.span(root_span, trace_id=trace_id, span_id=root, start_ns=start_ns))
        fetched: otlp.Attributes = {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": documents}
        if retrieve:
            spans.append(otlp.span(fetched, trace_id=trace_id, parent=root, start_ns=start_ns + 1))
    return otlp.body(*spans), ids


@contextmanager
def worker(running: CollectorProcess, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker of *running*, until the end of the block."""
    command = [sys.executable, str(PROGRAM), *options, "--url", running.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def pending(running: CollectorProcess) -> int:
    """How many answers wait."""
    return int(running.get("/api/v1/scoring")["pending"])


def wait_until_left(running: CollectorProcess, most: int) -> None:
    """Back when at most so many wait."""
    eventually(lambda: pending(running) <= most, 60)


def rescored(running: CollectorProcess, judge: str) -> tuple[int, int]:
    """How many answers of the last hour there are, and how many *judge* has judged."""
    asked = json.dumps({"judge": judge, "judge_version": "1", "since": "1h"}).encode()
    answer = json.loads(processes.fetch(f"{running.url}/api/v1/scoring/rescore", asked).body)
    return int(answer["total"]), int(answer["done"])


def test_each_answer_is_judged_once_when_workers_are_killed_and_restarted(tmp_path: Path) -> None:
    """At random moments, while another one works on."""
    moments = Random(5)
    with collector(tmp_path, "--no-judge") as running:
        body, ids = traces(150)
        assert running.send(body).status == 200
        eventually(lambda: pending(running) == 150)
        for _ in range(3):
            left = pending(running)
            below = left - moments.randrange(1, max(2, left // 2))
            with worker(running, "score", "--judge", "slow") as doomed, worker(running, "score", "--judge", "slow"):
                wait_until_left(running, below)
                doomed.kill()
                doomed.wait(processes.DEADLINE_S)
        with (
            worker(running, "score", "--judge", "slow", "--share", "1/2") as one,
            worker(running, "score", "--judge", "slow", "--share", "2/2") as two,
        ):
            eventually(lambda: pending(running) == 0, 90)
            for each in (one, two):
                each.terminate()
                assert each.wait(processes.DEADLINE_S) == 0
        assert running.rows("hallucination")[0]["judged"] == 150
        assert running.stop() == 0

    answers, verdicts = raw(tmp_path, ANSWERS, VERDICTS)
    assert Counter(row["trace_id"] for row in answers) == Counter(ids)
    assert {(row["judge"], row["status"], row["n"]) for row in answers} == {("slow", "judged", 1)}
    assert {row["n"] for row in verdicts} == {1}
    assert len(verdicts) == 2 * 150


def test_each_answer_is_judged_once_when_the_collector_is_killed_while_it_judges(tmp_path: Path) -> None:
    """The judge in the collector itself, several times."""
    serve = (str(PROGRAM), "serve", "--port", "0", "--judge", "slow", "--data-dir", str(tmp_path))
    body, ids = traces(120)
    with processes.server(*serve) as running:
        assert running.send(body).status == 200
        eventually(lambda: running.metrics().get('groundspan_answers_judged_total{status="judged"}', 0) > 0, 60)
        running.kill()
    with processes.server(*serve) as running:
        eventually(lambda: pending(running) < 60, 60)
        running.kill()
    with processes.server(*serve) as running:
        eventually(lambda: pending(running) == 0, 60)
        assert running.rows("hallucination")[0]["judged"] == 120
        assert running.stop() == 0

    answers, once = raw(tmp_path, ANSWERS, ONCE)
    assert Counter(row["trace_id"] for row in answers) == Counter(ids)
    assert {row["n"] for row in answers} == {1}
    assert Counter(row["trace_id"] for row in once) == Counter(ids * 2)


def test_answer_is_judged_again_when_chunks_come_late(tmp_path: Path) -> None:
    """By a worker too; the newest counts."""
    with collector(tmp_path, "--no-judge") as running, worker(running, "score"):
        body, (trace_id,) = traces(1, retrieve=False)
        assert running.send(body).status == 200

        def status() -> str:
            return str((running.get(f"/api/v1/traces/{trace_id}")["answer"] or {}).get("status", ""))

        eventually(lambda: status() == "no_context", 60)
        documents = json.dumps([{"id": "d1", "content": TEXT}])
        late: otlp.Attributes = {"groundspan.stage": "retrieve", "gen_ai.retrieval.documents": documents}
        span = otlp.span(late, trace_id=bytes.fromhex(trace_id), start_ns=time.time_ns() - 30 * otlp.SECOND)
        assert running.send(otlp.body(span)).status == 200

        eventually(lambda: status() == "judged", 60)


def test_rescore_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    """The new judge's verdicts stand beside; reports change when it judges what arrives, and then at once."""
    with collector(tmp_path) as running:
        body, ids = traces(200)
        assert running.send(body).status == 200
        eventually(lambda: running.rows("hallucination") and running.rows("hallucination")[0]["judged"] == 200, 60)
        before = running.rows("hallucination")
        with worker(running, "rescore", "--since", "1h", "--judge", "strict-slow") as killed:
            eventually(lambda: 0 < rescored(running, "strict-slow")[1] < 200, 60)
            killed.kill()
        reached = rescored(running, "strict-slow")
        with worker(running, "rescore", "--since", "1h", "--judge", "strict-slow") as resumed:
            _, errors = resumed.communicate(timeout=90)
            assert resumed.returncode == 0, errors

        assert 0 < reached[1] < 200
        # What the killed worker had just handed in may be stored after it was asked how far it was.
        assert reached[1] <= int(errors.partition(" of 200 answers")[0]) < 200
        assert "200 of 200 answers (100%)" in errors
        assert running.rows("hallucination") == before
        assert running.stop() == 0

    answers, verdicts = raw(tmp_path, ANSWERS, VERDICTS)
    assert Counter((row["trace_id"], row["judge"], row["beside"]) for row in answers) == Counter(
        [(each, "local", False) for each in ids] + [(each, "strict-slow", True) for each in ids]
    )
    assert {row["n"] for row in verdicts} == {1}
