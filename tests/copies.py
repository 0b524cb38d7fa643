"""Copies of one span on their way into a store, and what is found there."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count

from groundspan_collector.store import Store
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE_ID, ROOT_ID, CHILD_ID = b"\x01" * 16, b"\x02" * 8, b"\x03" * 8
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
BEFORE, AFTER = MIDNIGHT - timedelta(minutes=1), MIDNIGHT + timedelta(minutes=1)

_receipts = count(time.time_ns(), 1000)


def one_span(
    start: datetime, name: str, *, span_id: bytes = ROOT_ID, parent_id: bytes = b"", seconds: int = 1
) -> bytes:
    """A request with one span."""
    request = ExportTraceServiceRequest()
    start_ns = int(start.timestamp()) * 1_000_000_000
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            trace_id=TRACE_ID, span_id=span_id, parent_span_id=parent_id, name=name, start_time_unix_nano=start_ns
        )
    )
    span.end_time_unix_nano = start_ns + seconds * 1_000_000_000
    return request.SerializeToString()


def sent(store: Store, project: str, *bodies: bytes) -> int:
    """Store *bodies* as one group; how many copies were superseded."""
    return store.insert_spans(bodies, len(bodies), project=project, received_at_ns=next(_receipts))


def names(store: Store, project: str) -> list[object]:
    """The names of the project's spans, each as often as it is found."""
    rows = store.rows("SELECT name FROM spans_once WHERE project = {p:String} ORDER BY name", {"p": project})
    return [row["name"] for row in rows]


def root_start(store: Store, project: str) -> object:
    """Where the project's one trace starts."""
    [row] = store.rows("SELECT root_start FROM traces_once WHERE project = {p:String}", {"p": project})
    return row["root_start"]
