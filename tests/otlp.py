"""OTLP trace requests, written out in tests."""

import base64
import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TypeAlias

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

Value: TypeAlias = "bool | int | float | str | bytes | Sequence[Value] | Mapping[str, Value] | None"
Attributes: TypeAlias = Mapping[str, Value]

SECOND = 1_000_000_000
NOON_NS = 1_788_955_200 * SECOND
"""2026-09-09 12:00 UTC: when the spans of tests happen, unless a test says otherwise."""

_numbers = count(1)


def new_trace_id() -> bytes:
    """A trace id that no other test of this process has."""
    return b"\xa1" + next(_numbers).to_bytes(15, "big")


def new_span_id() -> bytes:
    """A span id that no other test of this process has."""
    return b"\xb2" + next(_numbers).to_bytes(7, "big")


def any_value(value: Value) -> AnyValue:
    """*value* as OTLP carries it: dicts are kvlists, lists are arrays, None is a value that says nothing."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case Mapping():
            return AnyValue(kvlist_value=KeyValueList(values=key_values(value)))
        case _:
            return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))


def key_values(attributes: Attributes) -> list[KeyValue]:
    """*attributes* as OTLP carries them."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span(
    attributes: Attributes | None = None,
    *,
    name: str = "work",
    trace_id: bytes | None = None,
    span_id: bytes | None = None,
    parent: bytes = b"",
    start_ns: int = NOON_NS,
    duration_ns: int = SECOND,
) -> Span:
    """A span; ids that are not given are new."""
    return Span(
        trace_id=new_trace_id() if trace_id is None else trace_id,
        span_id=new_span_id() if span_id is None else span_id,
        parent_span_id=parent,
        name=name,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + duration_ns,
        attributes=key_values(attributes or {}),
    )


def request(*spans: Span, resource: Attributes | None = None, scope: str = "tests") -> ExportTraceServiceRequest:
    """One export request with *spans*."""
    resource_spans = ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])
    if scope:
        resource_spans.scope_spans[0].scope.name = scope
    if resource is not None:
        resource_spans.resource.attributes.extend(key_values(resource))
    return ExportTraceServiceRequest(resource_spans=[resource_spans])


def body(*spans: Span, resource: Attributes | None = None) -> bytes:
    """One export request with *spans*, as it travels."""
    return request(*spans, resource=resource).SerializeToString()


def log(
    event: str,
    attributes: Attributes | None = None,
    body: Value = None,
    *,
    span: Span | None = None,
    time_ns: int = NOON_NS,
) -> LogRecord:
    """A log record that tells of *event*, and belongs to *span*."""
    return LogRecord(
        event_name=event,
        attributes=key_values(attributes or {}),
        body=any_value(body),
        time_unix_nano=time_ns,
        trace_id=span.trace_id if span else b"",
        span_id=span.span_id if span else b"",
    )


def logs(*records: LogRecord, resource: Attributes | None = None) -> ExportLogsServiceRequest:
    """One export request with *records*."""
    resource_logs = ResourceLogs(scope_logs=[ScopeLogs(log_records=records)])
    resource_logs.resource.attributes.extend(key_values(resource or {}))
    return ExportLogsServiceRequest(resource_logs=[resource_logs])


def metrics(*measured: Metric, resource: Attributes | None = None) -> ExportMetricsServiceRequest:
    """One export request with *measured*."""
    resource_metrics = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=measured)])
    resource_metrics.resource.attributes.extend(key_values(resource or {}))
    return ExportMetricsServiceRequest(resource_metrics=[resource_metrics])


def as_json(message: Message) -> bytes:
    """*message* as OTLP/JSON: ids in hex, enums as numbers."""
    return json.dumps(_with_hex_ids(MessageToDict(message, use_integers_for_enums=True))).encode()


def _with_hex_ids(value: object) -> object:
    match value:
        case list():
            return [_with_hex_ids(item) for item in value]
        case dict():
            return {
                key: base64.b64decode(item).hex()
                if key in {"traceId", "spanId", "parentSpanId"}
                else _with_hex_ids(item)
                for key, item in value.items()
            }
        case _:
            return value
