"""The recorded requests in golden/, sent into a store, and what is found there of the call they have in common."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import stored
from groundspan_collector.answers import answer_of
from groundspan_collector.decode import validate
from groundspan_collector.gathering import trace_span
from groundspan_collector.prices import price_rows
from groundspan_collector.store import Row, Store

GOLDEN = Path(__file__).parent / "golden"
PROGRAMS = tuple(sorted(path.stem for path in GOLDEN.glob("*.otlp")))
RETRIEVING = ("langfuse_sdk", "openinference_langchain", "openinference_llama_index", "util_genai")
"""Programs that look for passages before they ask."""
MODEL_ASKED = ("openinference_llama_index",)
"""Programs whose library tells which model was asked, not which one answered."""
CANONICAL = ("stage", "model", "input_tokens", "output_tokens", "cache_read_tokens", "query", "output")


def replay(store: Store, project: str, name: str) -> list[dict[str, Any]]:
    """Send a golden request; the rows of its spans in the order in which they started."""
    valid = validate.trace_request((GOLDEN / f"{name}.otlp").read_bytes())
    store.insert_spans([valid.body], valid.items, project=project, received_at_ns=stored.RECEIVED_NS)
    return store.rows(
        "SELECT * FROM spans_once WHERE project = {project:String} ORDER BY start_time", {"project": project}
    )


def first_call(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The chat that all programs have in common; LlamaIndex has a span around it that tells of no tokens."""
    return next(row for row in rows if row["stage"] == "generate" and row["input_tokens"] is not None)


def first_answer(store: Store, project: str, rows: list[dict[str, Any]]) -> tuple[str, str, list[str]]:
    """Question, answer and passages of the trace of that chat."""
    of_trace = [row for row in rows if row["trace_id"] == first_call(rows)["trace_id"]]
    answer = answer_of([trace_span(row) for row in of_trace])
    assert answer
    texts = {
        row["hash"]: str(row["text"])
        for row in store.rows("SELECT hash, text FROM chunks WHERE project = {project:String}", {"project": project})
    }
    return answer.question, answer.text, [texts[chunk.hash] for chunk in answer.chunks]


def priced_calls(store: Store, project: str) -> list[Row]:
    """The project's calls that are paid for, with our prices."""
    pairs = store.rows(
        "SELECT DISTINCT provider, model FROM spans_once WHERE project = {project:String}", {"project": project}
    )
    for pair in pairs:
        store.insert("prices", [asdict(row) for row in price_rows(str(pair["provider"]), str(pair["model"]))])
    return store.rows(
        "SELECT trace_id, stage, model, cost_usd, unpriced_reason, emitted_cost_usd FROM model_calls("
        "project = {project:String}, since = {since:DateTime64(9)}, until = {until:DateTime64(9)}, suspects = true) "
        "ORDER BY start_time",
        {"project": project, "since": datetime(2026, 1, 1, tzinfo=UTC), "until": datetime(2027, 1, 1, tzinfo=UTC)},
    )
