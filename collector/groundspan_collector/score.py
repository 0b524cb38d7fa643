"""Loop: quiet traces -> their answers -> claims and evidence -> judge -> verdicts. The table is the queue.

A trace is due when text arrived and nothing more for a while, and again whenever more spans of it arrive. What a
crash interrupts is due again, since an answer's row is written last.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from groundspan_collector import judging_cost, metrics, queries
from groundspan_collector.answers import Answer, Chunk, TraceSpan, answer_of
from groundspan_collector.errors import JudgeFailed, Stopping
from groundspan_collector.judgement import JudgedClaim, Judgement, judge_answer, unjudged
from groundspan_collector.judges import Judge, paid
from groundspan_collector.prices import EPOCH
from groundspan_collector.settings import WHOLE, JudgeShare
from groundspan_collector.store import Row, Store

BATCH: Final = 100
SLICE_S: Final = 5.0
"""After so long, what was judged is written: a judge that takes seconds for an answer would hold back a whole batch."""
# A trace row is visible before its spans; an insert takes less than this.
_SLOWEST_INSERT = timedelta(minutes=1)

TraceKey = tuple[str, str]
"""Project and trace id."""
Spend = Callable[[str, bytes, int], None]
"""Takes an OTLP request of a project with so many spans: what judging cost."""


@dataclass(frozen=True, slots=True)
class Due:
    """A trace to be judged, and the time of the last receipt that the judgement will cover."""

    project: str
    trace_id: str
    root_start: datetime
    covers: datetime
    answer: Answer | None


class Scorer:
    """Judges what is due."""

    def __init__(
        self,
        store: Store,
        judge: Judge,
        clock: Callable[[], datetime],
        *,
        settled: Callable[[], datetime],
        quiet_s: float,
        share: JudgeShare = WHOLE,
        late: timedelta = timedelta(0),
        spend: Spend | None = None,
    ) -> None:
        """Look through the whole store at first, then only at what came since; and of that at *share*.

        Up to *settled()*, everything that was received here can be seen: only that is judged. What other collectors
        received may be so *late*. *spend* is given the calls of models that a judge paid for.
        """
        self._store = store
        self._judge = judge
        self._clock = clock
        self._settled = settled
        self._quiet = timedelta(seconds=quiet_s)
        self._share = share
        self._late = late
        self._spend = spend
        self._since = EPOCH

    def pending(self) -> int:
        """How many traces with text are not judged yet, or got spans since."""
        return len(self._unscored(quiet_before=self._clock(), most=100_000))

    def oldest_pending_s(self) -> float:
        """How long the trace that waits longest to be judged has waited; 0 if none does."""
        now = self._clock()
        waiting = self._unscored(quiet_before=now, most=1)
        return max(0.0, (now - _time(waiting[0]["last_received"])).total_seconds()) if waiting else 0.0

    def score_due(self) -> int:
        """Judge one batch of quiet traces; how many were judged."""
        now = self._clock()
        quiet_before = min(now - self._quiet, self._settled())
        traces = self._unscored(quiet_before=quiet_before, most=BATCH)
        due = self._due(traces, now) if traces else []
        judged = self._judge_all(due, now) if due else 0
        if len(traces) < BATCH and judged == len(due):
            self._since = quiet_before - _SLOWEST_INSERT - self._late
        return judged

    def _unscored(self, *, quiet_before: datetime, most: int) -> list[Row]:
        share = {"part": self._share.number - 1, "parts": self._share.of}
        parameters = {"since": self._since, "quiet_before": quiet_before, "most": most} | share
        return self._store.rows(queries.sql("unscored"), parameters)

    def _due(self, traces: Sequence[Row], now: datetime) -> list[Due]:
        """The answers of *traces*, without those whose spans are still being written."""
        spans, received = self._spans(traces)
        due = []
        for row in traces:
            key = (str(row["project"]), str(row["trace_id"]))
            covers = covered_until(received.get(key), _time(row["last_received"]), now)
            if covers is not None:
                answer = answer_of(spans.get(key, []))
                due.append(Due(*key, _time(row["root_start"]), covers, answer))
        return due

    def _spans(self, traces: Sequence[Row]) -> tuple[dict[TraceKey, list[TraceSpan]], dict[TraceKey, datetime]]:
        rows = self._store.rows(
            queries.sql("answer_spans"),
            {
                "first_start": min(_time(row["first_start"]) for row in traces),
                # rows() cuts times to the microsecond.
                "last_end": max(_time(row["last_end"]) for row in traces) + timedelta(microseconds=1),
                "projects": sorted({str(row["project"]) for row in traces}),
                "trace_ids": [str(row["trace_id"]) for row in traces],
            },
        )
        spans: dict[TraceKey, list[TraceSpan]] = {}
        received: dict[TraceKey, datetime] = {}
        for row in rows:
            key = (str(row["project"]), str(row["trace_id"]))
            spans.setdefault(key, []).append(trace_span(row))
            received[key] = max(received.get(key, EPOCH), _time(row["received_at"]))
        return spans, received

    def _judge_all(self, due: Sequence[Due], now: datetime) -> int:
        """Judge as many of *due*, in their order, as a slice of time allows; at least one. How many that were."""
        until_s = time.monotonic() + SLICE_S
        texts = self._texts(due)
        earlier = self._earlier(due)
        answers: list[Row] = []
        verdicts: list[Row] = []
        for item in due:
            if answers and time.monotonic() >= until_s:
                break
            identity = self._identity(item, now)
            if item.answer is None:
                answers.append(identity | no_answer())
                continue
            dimensions = identity | answer_dimensions(item.answer)
            old = earlier.get((item.project, item.trace_id))
            if old and old["input_hash"] == dimensions["input_hash"]:
                answers.append(old | dimensions)
                continue
            context = [texts.get((item.project, chunk.hash), "") for chunk in item.answer.chunks]
            try:
                judgement = self._judged(item.answer, context)
            except Stopping:
                break
            if judgement.calls and self._spend:
                spent = judging_cost.request(dimensions, judgement.calls, secrets.token_bytes)
                self._spend(item.project, spent, len(judgement.calls))
            metrics.JUDGED.labels(judgement.status).inc()
            answers.append(dimensions | answer_outcome(judgement))
            verdicts += verdict_rows(dimensions, judgement, item.answer.chunks)
        self._store.insert("verdicts", verdicts)
        self._store.insert("answers", answers)
        return len(answers)

    def _judged(self, answer: Answer, context: Sequence[str]) -> Judgement:
        """What the judge says; where it fails, that it did: no answer is passed over, and none holds up the others."""
        try:
            return judge_answer(answer.question, context, answer.text, self._judge)
        except JudgeFailed as error:
            return unjudged(answer.text, str(error), paid(error))
        except Stopping:
            raise
        except Exception as error:  # noqa: BLE001 - the queue must move on, or one odd answer ends all judging
            metrics.SWALLOWED.labels("judge").inc()
            return Judgement("unjudged", reason=f"unforeseen: {error!r}")

    def _identity(self, item: Due, now: datetime) -> Row:
        return {
            "project": item.project,
            "trace_id": item.trace_id,
            "root_start": item.root_start,
            "judge": self._judge.name,
            "judge_version": self._judge.version,
            "last_received": item.covers,
            "judged_at": now,
        }

    def _texts(self, due: Sequence[Due]) -> dict[tuple[str, int], str]:
        hashes = {chunk.hash for item in due if item.answer for chunk in item.answer.chunks}
        if not hashes:
            return {}
        rows = self._store.rows(
            queries.sql("chunk_texts"),
            {"projects": sorted({item.project for item in due}), "hashes": sorted(hashes)},
        )
        return {(str(row["project"]), int(str(row["hash"]))): str(row["text"]) for row in rows}

    def _earlier(self, due: Sequence[Due]) -> dict[TraceKey, Row]:
        """What this judge said before: the same inputs are not judged twice."""
        rows = self._store.rows(
            "SELECT * FROM answers FINAL WHERE judge = {judge:String} AND judge_version = {version:String} "
            "AND trace_id IN {trace_ids:Array(String)}",
            {
                "judge": self._judge.name,
                "version": self._judge.version,
                "trace_ids": [item.trace_id for item in due],
            },
        )
        return {(str(row["project"]), str(row["trace_id"])): row for row in rows}


def covered_until(received: datetime | None, last_received: datetime, now: datetime) -> datetime | None:
    """Up to which receipt a judgement made now of the visible spans holds; None if it should wait.

    *received* is the last receipt among the visible spans. They lag behind *last_received* while an insert runs, and
    for good if it was cut off.
    """
    if received is not None and received >= last_received:
        return received
    return last_received if now - last_received > _SLOWEST_INSERT else None


def trace_span(row: Mapping[str, Any]) -> TraceSpan:
    """A row of answer_spans.sql as a span."""
    chunks = tuple(Chunk(chunk["hash"], chunk["id"], chunk["source"]) for chunk in row["chunks"])
    plain = {name: row[name] for name in TraceSpan.__dataclass_fields__ if name not in {"chunks", "context_span_ids"}}
    return TraceSpan(chunks=chunks, context_span_ids=tuple(row["context_span_ids"]), **plain)


def input_hash(answer: Answer) -> int:
    """128 bits of everything that a judge is given of *answer*."""
    seen = json.dumps([answer.question, answer.text, [chunk.hash for chunk in answer.chunks]])
    return int.from_bytes(hashlib.sha256(seen.encode()).digest()[:16], "big")


def answer_dimensions(answer: Answer) -> Row:
    """Where an answer belongs in reports: the root's words, else those of the model call."""
    root, generate = answer.root, answer.generate or answer.span
    return {
        "span_id": answer.span.span_id,
        "context_span_id": answer.context_span_id,
        "service": root.service or generate.service,
        "version": root.version or generate.version,
        "environment": root.environment or generate.environment,
        "provider": generate.provider,
        "model": generate.model,
        "session": root.session or generate.session,
        "user": root.user or generate.user,
        "segments": dict(root.segments or generate.segments),
        "question": answer.question,
        "answer": answer.text,
        "chunks": len(answer.chunks),
        "input_hash": input_hash(answer),
    }


def answer_outcome(judgement: Judgement) -> Row:
    """What a judgement says of the answer as a whole."""
    verdicts = [judged.verdict for judged in judgement.claims]
    return {
        "status": judgement.status,
        "reason": judgement.reason,
        "ungrounded": judgement.ungrounded,
        "ungrounded_probability": judgement.ungrounded_probability,
        "claims": len(verdicts),
        "supported_claims": verdicts.count("supported"),
        "contradicted_claims": verdicts.count("contradicted"),
        "unsupported_claims": verdicts.count("unsupported"),
        "unjudged_claims": verdicts.count("unjudged"),
        "attempts": 1,
    }


def no_answer() -> Row:
    """Of a trace that turned out to have no text of its own to judge; no report counts it."""
    texts = [
        "span_id",
        "context_span_id",
        "service",
        "version",
        "environment",
        "provider",
        "model",
        "session",
    ]
    texts += ["user", "question", "answer"]
    nothing = Judgement("no_answer", False, 0.0, ())
    return dict.fromkeys(texts, "") | {"segments": {}, "chunks": 0, "input_hash": 0} | answer_outcome(nothing)


def verdict_rows(dimensions: Row, judgement: Judgement, chunks: Sequence[Chunk]) -> list[Row]:
    """The claims of a judgement, with the chunk that each was decided by."""
    shared = ("project", "trace_id", "root_start", "judge", "judge_version", "input_hash", "judged_at")
    identity = {name: dimensions[name] for name in shared}
    return [identity | {"claim": number} | _verdict(judged, chunks) for number, judged in enumerate(judgement.claims)]


def _verdict(judged: JudgedClaim, chunks: Sequence[Chunk]) -> Row:
    evidence = judged.evidence
    chunk = chunks[evidence.chunk] if evidence else None
    return {
        "start": judged.claim.start,
        "end": judged.claim.end,
        "text": judged.claim.text,
        "verdict": judged.verdict,
        "support": judged.support,
        "reason": judged.reason,
        "chunk": evidence.chunk if evidence else None,
        "chunk_hash": chunk.hash if chunk else None,
        "chunk_id": chunk.id if chunk else "",
        "chunk_source": chunk.source if chunk else "",
        "evidence_start": evidence.start if evidence else None,
        "evidence_end": evidence.end if evidence else None,
    }


def _time(value: object) -> datetime:
    assert isinstance(value, datetime)  # noqa: S101 - the columns are DateTime64
    return value


def loop(
    work: Callable[[], int], *, stop: Callable[[float], bool], idle_s: float, place: str, share: Callable[[], float]
) -> None:
    """Call *work* until *stop* (which waits so many seconds) says so; without a pause while there is work.

    *share* is asked after each call for the part of the time, above 0 and up to 1, that *work* may take.
    """
    pause_s = 0.0
    while not stop(pause_s):
        begin_s = time.monotonic()
        try:
            found = work()
            pause_s = (time.monotonic() - begin_s) * (1 / share() - 1) if found else idle_s
        except Exception:  # noqa: BLE001 - a background loop must outlive what nobody foresaw; it is counted
            metrics.SWALLOWED.labels(place).inc()
            pause_s = 5 * idle_s
