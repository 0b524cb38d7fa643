"""Is this body OTLP, and which of its spans can be stored? Answered before anything is queued."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from groundspan_collector.decode import cutting, structured
from groundspan_collector.errors import RejectedData

TIME_FAULT: Final = "times must lie before the year 2262, in nanoseconds since 1970"

_DROPPED: Final = "groundspan.dropped"
_NO_TRACE: Final = bytes(16)
_NO_SPAN: Final = bytes(8)

Kind = TypeVar("Kind", bound=Message)


@dataclass(frozen=True, slots=True)
class Request:
    """One valid OTLP request as it can be stored."""

    body: bytes
    items: int
    """How many spans, log records or metric points the body holds."""
    rejected: int
    """How many were taken out of it."""
    reason: str
    """Why, for the partial_success; empty where none was."""
    ignored: int = 0
    """How many log records were taken out because nothing is made of them."""
    cut: int = 0
    """How many values of attributes were cut."""
    dropped_by_sender: int = 0
    """How many spans the sender says it had no room for."""


def trace_request(body: bytes, max_attribute_bytes: int = cutting.DEFAULT_MAX_BYTES) -> Request:
    """Check *body*, an uncompressed ExportTraceServiceRequest.

    Spans that cannot be stored are taken out and counted, values of more than *max_attribute_bytes* are cut. Raises
    RejectedData where the body is no such message.
    """
    request = message(body, ExportTraceServiceRequest)
    refused = [span for span in spans(request) if _is_faulty(span)]
    reason = _fault(refused[0]) if refused else ""
    count = sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
    nested = structured.perhaps_nested(body)
    if refused:
        _take_out(request)
    if nested:
        structured.flatten(request)
    # After nested ones became text: it is the text that is stored.
    cut = cutting.cut_spans(request, max_attribute_bytes) if cutting.perhaps_long(body, max_attribute_bytes) else 0
    dropped = _dropped_by_sender(request)
    if refused or nested or cut:
        body = request.SerializeToString()
    return Request(body, count - len(refused), len(refused), reason, cut=cut, dropped_by_sender=dropped)


def message(body: bytes, kind: type[Kind]) -> Kind:
    """The message that *body* is. Raises RejectedData where it is none of *kind*."""
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise RejectedData(
            f"the body ({len(body)} bytes) is no OTLP {kind.DESCRIPTOR.name} in protobuf: {error}"
        ) from error


def spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Every span of *request*."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield from scope_spans.spans


def _is_faulty(span: Span) -> bool:
    """Whether *span* cannot be stored."""
    trace_id, span_id = span.trace_id, span.span_id
    if len(trace_id) != 16 or trace_id == _NO_TRACE or len(span_id) != 8 or span_id == _NO_SPAN:
        return True
    return (span.start_time_unix_nano | span.end_time_unix_nano) >> 63 != 0


def _fault(span: Span) -> str:
    """Why a faulty *span* cannot be stored."""
    if len(span.trace_id) != 16 or span.trace_id == _NO_TRACE:
        return f"trace_id must be 16 bytes and not all zero, got {span.trace_id.hex() or 'none'}"
    if len(span.span_id) != 8 or span.span_id == _NO_SPAN:
        return f"span_id must be 8 bytes and not all zero, got {span.span_id.hex() or 'none'}"
    return TIME_FAULT


def _dropped_by_sender(request: ExportTraceServiceRequest) -> int:
    """How many spans our SDK had no room for: it tells so with the first span of what it sends."""
    first = (scope.spans[0] for resource in request.resource_spans for scope in resource.scope_spans if scope.spans)
    told = (attribute for span in first for attribute in span.attributes if attribute.key == _DROPPED)
    return sum(max(0, attribute.value.int_value) for attribute in told)


def _take_out(request: ExportTraceServiceRequest) -> None:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            kept = [span for span in scope_spans.spans if not _is_faulty(span)]
            if len(kept) < len(scope_spans.spans):
                del scope_spans.spans[:]
                scope_spans.spans.extend(kept)
