"""What judging cost -> spans of our own, priced like everybody's: the cost report has them as stage `evaluate`.

Each answer's calls are a trace of their own, linked to the answer's: a span in the answer's trace would make it look
unfinished, and later than it was. They carry no text, so they are no answer and are never judged;
and neither user nor session, of whom nothing must be left when the answer's trace is forgotten.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from groundspan_collector.judges import ModelCall

SCOPE: Final = "groundspan.judge"
"""Marks the spans as ours."""
TRACE_PREFIX: Final = b"groundjg"
"""The first half of their trace ids, by which lists of traces leave them out."""

_RESOURCE: Final = {
    "service.name": "service",
    "service.version": "version",
    "deployment.environment.name": "environment",
}


def request(dimensions: Mapping[str, object], calls: Sequence[ModelCall], fresh: Callable[[int], bytes]) -> bytes:
    """An OTLP request with *calls*, which are costs of the answer that has these *dimensions*.

    *fresh* gives so many random bytes: each call was paid for, so none is taken for another.
    """
    trace_id = TRACE_PREFIX + fresh(8)
    spans = [_span(dimensions, call, trace_id, fresh(8)) for call in calls]
    resource = Resource(attributes=_key_values({key: dimensions[name] for key, name in _RESOURCE.items()}))
    scope = ScopeSpans(scope=InstrumentationScope(name=SCOPE), spans=spans)
    message = ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=[scope])])
    return message.SerializeToString()


def _span(dimensions: Mapping[str, object], call: ModelCall, trace_id: bytes, span_id: bytes) -> Span:
    segments = dimensions["segments"]
    assert isinstance(segments, Mapping)  # noqa: S101 - the column is a map
    attributes: dict[str, object] = {
        "groundspan.stage": "evaluate",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.model,
        "gen_ai.usage.input_tokens": call.input_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": call.cache_read_tokens,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning_tokens,
        "groundspan.judge.name": dimensions["judge"],
        "groundspan.judge.version": dimensions["judge_version"],
    }
    attributes |= {f"groundspan.segment.{name}": value for name, value in segments.items()}
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=f"judge {call.model}",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=call.started_ns,
        end_time_unix_nano=call.started_ns + call.duration_ns,
        attributes=_key_values(attributes),
        links=[_link(dimensions)],
    )


def _link(dimensions: Mapping[str, object]) -> Span.Link:
    return Span.Link(
        trace_id=bytes.fromhex(str(dimensions["trace_id"])), span_id=bytes.fromhex(str(dimensions["span_id"]))
    )


def _key_values(attributes: Mapping[str, object]) -> Iterator[KeyValue]:
    """Those that say something."""
    for key, value in attributes.items():
        if isinstance(value, int):
            yield KeyValue(key=key, value=AnyValue(int_value=value))
        elif value:
            yield KeyValue(key=key, value=AnyValue(string_value=str(value)))
