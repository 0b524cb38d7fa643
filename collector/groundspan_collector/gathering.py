"""Traces -> their answers with the texts of their chunks: what a judge is given."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from groundspan_collector import queries
from groundspan_collector.answers import Answer, Chunk, TraceSpan
from groundspan_collector.prices import EPOCH
from groundspan_collector.store import Row, Store
from groundspan_collector.tasks import Key, Task

MOST_TEXT_BYTES: Final = 16 * 1024 * 1024
"""Of the chunks of the answers that are judged at a time, all together; one answer may have more."""
MOST_LEFT_OUT: Final = 100
"""Of an answer's chunks that were fetched and left out, so many are looked at."""


def spans(store: Store, traces: Sequence[Row]) -> tuple[dict[Key, list[TraceSpan]], dict[Key, datetime]]:
    """The spans of each of *traces*, and when the last of them was received."""
    rows = store.rows(
        queries.sql("answer_spans"),
        {
            "first_start": min(time(row["first_start"]) for row in traces),
            # rows() cuts times to the microsecond.
            "last_end": max(time(row["last_end"]) for row in traces) + timedelta(microseconds=1),
            "projects": sorted({str(row["project"]) for row in traces}),
            "trace_ids": [str(row["trace_id"]) for row in traces],
        },
    )
    found: dict[Key, list[TraceSpan]] = {}
    received: dict[Key, datetime] = {}
    for row in rows:
        key = key_of(row)
        found.setdefault(key, []).append(trace_span(row))
        received[key] = max(received.get(key, EPOCH), time(row["received_at"]))
    return found, received


def tasks(store: Store, found: Sequence[tuple[Row, Answer]]) -> list[Task]:
    """What is to be judged of *found*: rows, and the answers they are about. As many as fit, the first always."""
    left_out = [answer.left_out[:MOST_LEFT_OUT] for _, answer in found]
    needed = [(str(row["project"]), answer.chunks + out) for (row, answer), out in zip(found, left_out, strict=True)]
    most = _fitting(needed, _by_hash(store, "chunk_sizes", needed))
    texts = _by_hash(store, "chunk_texts", needed[:most])
    return [
        Task(row, answer.chunks, _texts(texts, row, answer.chunks), out, _texts(texts, row, out))
        for (row, answer), out in zip(found[:most], left_out, strict=False)
    ]


def _texts(texts: Mapping[tuple[str, int], Any], row: Row, chunks: Iterable[Chunk]) -> tuple[str, ...]:
    return tuple(texts.get((str(row["project"]), chunk.hash), "") for chunk in chunks)


def _fitting(needed: Sequence[tuple[str, tuple[Chunk, ...]]], sizes: Mapping[tuple[str, int], Any]) -> int:
    """How many of the first have texts that fit together; a text that two of them have is held twice when judged."""
    total = 0
    for number, (project, chunks) in enumerate(needed):
        total += sum(sizes.get((project, chunk.hash), 0) for chunk in chunks)
        if total > MOST_TEXT_BYTES and number:
            return number
    return len(needed)


def _by_hash(
    store: Store, query: str, needed: Sequence[tuple[str, tuple[Chunk, ...]]]
) -> dict[tuple[str, int], object]:
    hashes = {chunk.hash for _, chunks in needed for chunk in chunks}
    if not hashes:
        return {}
    projects = sorted({project for project, _ in needed})
    rows = store.rows(queries.sql(query), {"projects": projects, "hashes": sorted(hashes)})
    return {(str(row["project"]), int(str(row["hash"]))): row["text"] for row in rows}


def key_of(row: Mapping[str, object]) -> Key:
    """Whose row it is."""
    return str(row["project"]), str(row["trace_id"])


def time(value: object) -> datetime:
    """A column of times."""
    assert isinstance(value, datetime)  # noqa: S101 - the columns are DateTime64
    return value


def trace_span(row: Mapping[str, Any]) -> TraceSpan:
    """A row of answer_spans.sql as a span."""
    chunks = tuple(Chunk(chunk["hash"], chunk["id"], chunk["source"]) for chunk in row["chunks"])
    plain = {name: row[name] for name in TraceSpan.__dataclass_fields__ if name not in {"chunks", "context_span_ids"}}
    return TraceSpan(chunks=chunks, context_span_ids=tuple(row["context_span_ids"]), **plain)
