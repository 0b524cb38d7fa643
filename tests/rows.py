"""Rows of the store's tables for tests that read: what a test does not name is filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from groundspan_collector.store import Store

Row: TypeAlias = dict[str, object]

NOON: Final = datetime(2026, 11, 3, 12, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def ns(at: datetime) -> int:
    """*at* as the store takes it without losing digits."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1_000


def chunk(hash: int, id: str = "", score: float | None = None, source: str = "") -> Row:  # noqa: A002
    """A span's reference to a chunk."""
    return {"hash": hash, "id": id, "score": score, "source": source}


@dataclass(slots=True)
class Trace:
    """Spans, answer and verdicts of one trace; `store` puts them where the collector would."""

    project: str
    trace_id: str
    at: datetime = NOON
    dimensions: Row = field(default_factory=dict)
    """Columns that all its spans, and its answer, have."""
    spans: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)

    def span(
        self,
        span_id: str,
        parent: str = "",
        *,
        stage: str = "pipeline",
        from_ms: float = 0,
        for_ms: float = 1,
        **columns: object,
    ) -> "Trace":
        """Add a span that starts *from_ms* after the trace and lasts *for_ms*."""
        self.spans.append(
            _SPAN
            | self.dimensions
            | {
                "project": self.project,
                "trace_id": self.trace_id,
                "span_id": span_id,
                "parent_span_id": parent,
                "stage": stage,
                "start_time": ns(self.at) + round(from_ms * 1e6),
                "duration_ns": round(for_ms * 1e6),
            }
            | columns
        )
        return self

    def answer(self, status: str = "judged", *, judged_after_s: float = 1, **columns: object) -> "Trace":
        """Add a judgement of the trace's answer."""
        judged_at = ns(self.at) + round(judged_after_s * 1e9)
        own = {"project": self.project, "trace_id": self.trace_id, "root_start": ns(self.at), "status": status}
        self.answers.append(_ANSWER | self.dimensions | own | {"judged_at": judged_at} | columns)
        return self

    def verdict(self, claim: int, verdict: str, **columns: object) -> "Trace":
        """Add the verdict of one claim of that answer."""
        own = {"project": self.project, "trace_id": self.trace_id, "root_start": ns(self.at)}
        self.verdicts.append(_VERDICT | own | {"claim": claim, "verdict": verdict} | columns)
        return self

    def places(self) -> list[Row]:
        """The trace's rows of spans_trace_id_ts: one for each span."""
        return [
            {
                "project": span["project"],
                "TraceId": span["trace_id"],
                "Start": span["start_time"],
                "End": int(str(span["start_time"])) + int(str(span["duration_ns"])),
                "root_start": None if span["parent_span_id"] else span["start_time"],
                "answerable": 0,
                "last_received": ns(self.at),
            }
            for span in self.spans
        ]


def insert(store: Store, *traces: Trace) -> None:
    """Store what *traces* hold."""
    for table, rows in (
        ("spans_trace_id_ts", [row for trace in traces for row in trace.places()]),
        ("verdicts", [row for trace in traces for row in trace.verdicts]),
        ("answers", [row for trace in traces for row in trace.answers]),
        ("spans", [row for trace in traces for row in trace.spans]),
    ):
        store.insert(table, rows)


def insert_chunks(store: Store, project: str, texts: Mapping[int, str]) -> None:
    """Store the texts of chunks by their hashes."""
    store.insert("chunks", [{"project": project, "hash": key, "text": text} for key, text in texts.items()])


def insert_prices(store: Store, rows: Sequence[Mapping[str, object]]) -> None:
    """Store prices that hold from the epoch on, at all hours."""
    store.insert("prices", [_PRICE | dict(row) for row in rows])


_SPAN: Final[Row] = {
    "name": "ask",
    "status": "unset",
    "status_message": "",
    "error_type": "",
    "service": "library",
    "version": "",
    "environment": "",
    "provider": "",
    "model": "",
    "input_tokens": None,
    "output_tokens": None,
    "cache_read_tokens": None,
    "cache_write_tokens": None,
    "reasoning_tokens": None,
    "time_to_first_token_ns": None,
    "query": "",
    "output": "",
    "chunks": [],
    "relevant_ids": [],
    "session": "",
    "user": "",
    "segments": {},
    "attributes": {},
    "received_at": ns(NOON),
}
_ANSWER: Final[Row] = {
    "span_id": "",
    "context_span_id": "",
    "service": "library",
    "version": "",
    "environment": "",
    "provider": "",
    "model": "",
    "session": "",
    "user": "",
    "segments": {},
    "judge": "lexical",
    "judge_version": "1",
    "input_hash": 1,
    "reason": "",
    "ungrounded": False,
    "ungrounded_probability": 0.0,
    "question": "",
    "answer": "",
    "chunks": 0,
    "claims": 0,
    "supported_claims": 0,
    "contradicted_claims": 0,
    "unsupported_claims": 0,
    "unjudged_claims": 0,
    "causes": {},
    "sample_ratio": 1.0,
    "beside": False,
    "attempts": 1,
    "last_received": ns(NOON),
}
_VERDICT: Final[Row] = {
    "judge": "lexical",
    "judge_version": "1",
    "input_hash": 1,
    "start": 0,
    "end": 0,
    "text": "",
    "cause": "",
    "support": 0.5,
    "reason": "",
    "chunk": None,
    "chunk_hash": None,
    "chunk_id": "",
    "chunk_source": "",
    "evidence_start": None,
    "evidence_end": None,
    "judged_at": ns(NOON),
}
_PRICE: Final[Row] = {
    "version": 1,
    "rank": 0,
    "above_input_tokens": 0,
    "valid_from": 0,
    "daily_from_s": 0,
    "daily_until_s": 0,
    "input_usd": None,
    "cache_read_usd": None,
    "cache_write_usd": None,
    "output_usd": None,
    "reasoning_usd": None,
    "request_usd": None,
    "source": "test",
    "priced_as": "",
    "unpriced_reason": "",
    "inserted_at": ns(NOON),
}
