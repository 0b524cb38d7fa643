"""What is said of an answer is in the collector's store when flush() has returned."""

import json
import subprocess
import sys
from pathlib import Path

import groundspan as gs
import processes
from groundspan import _guard

READER = """
import json, sys
from pathlib import Path
from groundspan_collector.store import Store

store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
print(json.dumps(store.rows(
    "SELECT project, trace_id, span_id, name, score_value, score_label, explanation FROM evaluations_once ORDER BY time"
)))
store.close()
"""


@gs.pipeline
def _answer(question: str) -> str | None:
    gs.feedback(score=0.5, label="so-so", comment=question)
    return gs.trace_id()


def test_feedback_arrives_as_rows(tmp_path: Path) -> None:
    """Said in a trace and after it; each belongs to that trace, which the collector has as well."""
    with processes.collector(tmp_path) as running, _guard.reraising():
        gs.init("bot", endpoint=running.url, project="support")
        trace_id = _answer("Why?")
        gs.feedback(score=1, name="thumbs", trace_id=trace_id)
        gs.relevant(["d1", "d2"], trace_id=trace_id)
        assert gs.shutdown(processes.DEADLINE_S)
        (span,) = running.get(f"/api/v1/traces/{trace_id}")["spans"]
        assert running.metrics()["groundspan_log_records_stored_total"] == 3
        assert running.stop() == 0

    read = subprocess.run(
        [sys.executable, "-c", READER, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE_S,
    )
    assert [list(row.values()) for row in json.loads(read.stdout)] == [
        ["support", trace_id, span["span_id"], "feedback", 0.5, "so-so", "Why?"],
        ["support", trace_id, "", "thumbs", 1.0, "", ""],
        ["support", trace_id, "", "relevant_ids", None, "", '["d1","d2"]'],
    ]
