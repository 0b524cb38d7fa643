"""The kinds of data that OTLP knows, and the way of a request of each to the store, however it came."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from groundspan_collector import metrics
from groundspan_collector.commit import Committer
from groundspan_collector.decode import cutting, validate
from groundspan_collector.decode import logs as log_rows
from groundspan_collector.decode import metric_points as point_rows
from groundspan_collector.errors import RejectedData


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of data."""

    name: str
    """As in its path, /v1/traces."""
    service: str
    """Its gRPC service, which has one method, Export."""
    request: type[Message]
    check: Callable[[bytes], validate.Request]
    """Bytes of a *request* -> what of it can be stored; raises RejectedData where they are none."""
    committer: Committer
    ledger: metrics.Ledger
    """The committer's."""
    partial: Callable[[int, str], Message]
    """How many were refused, and why -> the answer that says so."""


async def keep(signal: Signal, body: bytes, project: str) -> Message:
    """Store an uncompressed request in protobuf; the answer to it, when it is safe.

    Of what is to be sent again, nothing is taken out yet. Raises RejectedData, or StoreUnavailable.
    """
    valid = signal.check(body)
    if valid.items:
        try:
            await signal.committer.commit(valid.body, project, valid.items)
        except RejectedData:
            _count_taken_out(signal.ledger, valid)
            raise
    _count_taken_out(signal.ledger, valid)
    metrics.ATTRIBUTES_CUT.inc(valid.cut)
    metrics.DROPPED_BY_SENDERS.inc(valid.dropped_by_sender)
    return signal.partial(valid.rejected, valid.reason)


def _count_taken_out(ledger: metrics.Ledger, valid: validate.Request) -> None:
    """The committer counts the others, whatever becomes of them."""
    ledger.turn_away(valid.rejected, "malformed")
    ledger.turn_away(valid.ignored, "ignored")


def traces(committer: Committer, max_attribute_bytes: int = cutting.DEFAULT_MAX_BYTES) -> Signal:
    """Spans."""
    return Signal(
        "traces",
        "opentelemetry.proto.collector.trace.v1.TraceService",
        ExportTraceServiceRequest,
        partial(validate.trace_request, max_attribute_bytes=max_attribute_bytes),
        committer,
        metrics.SPANS,
        _spans_answer,
    )


def _spans_answer(rejected: int, reason: str) -> Message:
    response = ExportTraceServiceResponse()
    if rejected:
        response.partial_success.CopyFrom(ExportTracePartialSuccess(rejected_spans=rejected, error_message=reason))
    return response


def logs(committer: Committer, max_attribute_bytes: int = cutting.DEFAULT_MAX_BYTES) -> Signal:
    """Log records; of most nothing is made."""
    return Signal(
        "logs",
        "opentelemetry.proto.collector.logs.v1.LogsService",
        ExportLogsServiceRequest,
        partial(log_rows.request, max_attribute_bytes=max_attribute_bytes),
        committer,
        metrics.LOG_RECORDS,
        _records_answer,
    )


def _records_answer(rejected: int, reason: str) -> Message:
    response = ExportLogsServiceResponse()
    if rejected:
        response.partial_success.CopyFrom(ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=reason))
    return response


def metric_points(committer: Committer) -> Signal:
    """Data points of metrics."""
    return Signal(
        "metrics",
        "opentelemetry.proto.collector.metrics.v1.MetricsService",
        ExportMetricsServiceRequest,
        point_rows.request,
        committer,
        metrics.METRIC_POINTS,
        _points_answer,
    )


def _points_answer(rejected: int, reason: str) -> Message:
    response = ExportMetricsServiceResponse()
    if rejected:
        response.partial_success.CopyFrom(
            ExportMetricsPartialSuccess(rejected_data_points=rejected, error_message=reason)
        )
    return response
