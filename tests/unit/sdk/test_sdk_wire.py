"""The encoder of our own: what OTel's writes, and what OTel's would lose."""

import pytest
from groundspan import _guard
from groundspan._exporter import exporter_class
from groundspan._wire import encoded
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http import Compression, trace_exporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode
from sdk_support import stub_collector

CONTEXT = SpanContext(2**127 + 1, 2**63 + 1, is_remote=False)


def span(name: str = "a", **attributes: object) -> ReadableSpan:
    """Make a span that holds what OTel's own would have refused to hold."""
    return ReadableSpan(name, CONTEXT, resource=Resource({}), attributes=attributes)  # type: ignore[arg-type] # as said


def read(*spans: ReadableSpan) -> list[Span]:
    """Encode spans, and read them as a collector does."""
    request = ExportTraceServiceRequest.FromString(encoded(spans))
    return [each for resource in request.resource_spans for scope in resource.scope_spans for each in scope.spans]


def value(written: object) -> AnyValue:
    """Encode one attribute."""
    ((attribute,),) = [each.attributes for each in read(span(key=written))]
    return attribute.value


def _host_spans() -> list[ReadableSpan]:
    """Let OTel's SDK make spans with all that there is, and drop some of it."""
    kept = InMemorySpanExporter()
    limits = SpanLimits(max_span_attributes=3, max_events=1, max_links=1, max_event_attributes=1, max_link_attributes=1)
    provider = TracerProvider(resource=Resource({"service.name": "host"}), span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("host", "1.2")
    links = [Link(CONTEXT, {"a": 1, "b": 2}), Link(CONTEXT)]
    with tracer.start_as_current_span("GET /é", kind=SpanKind.SERVER, links=links) as outer:
        outer.set_attributes({"dropped": 1, "text": "é" * 200, "whole": -1, "part": 0.5, "flags": [True, False]})
        outer.add_event("first", {"a": 1})
        outer.add_event("second", {"a": 1, "b": 2})
        with tracer.start_as_current_span("inner") as inner:
            inner.set_status(StatusCode.ERROR, "no")
            inner.record_exception(ValueError("no"))
    provider.get_tracer("other").start_span("last").end()
    return list(kept.get_finished_spans())


def test_spans_of_a_host_are_as_otel_writes_them() -> None:
    """Events, links, status, parents, scopes, and counts of what was dropped."""
    spans = _host_spans()

    with _guard.reraising():
        assert ExportTraceServiceRequest.FromString(encoded(spans)) == encode_spans(spans)
    assert {each.dropped_attributes_count for each in read(*spans)} == {2, 0}


def test_equal_resources_are_one() -> None:
    """A resource that was made twice is sent once."""
    spans = [ReadableSpan(name, CONTEXT, resource=Resource({"a": "b"})) for name in ("one", "two")]

    request = ExportTraceServiceRequest.FromString(encoded(spans))

    assert [len(each.scope_spans[0].spans) for each in request.resource_spans] == [2]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_integer_is_text_when_it_needs_more_than_64_bits(number: int) -> None:
    """OTel leaves the attribute out."""
    assert value(number).string_value == str(number)


def test_attribute_alone_is_left_out_when_no_attribute_can_hold_it() -> None:
    """What stands beside it, and the span, are sent."""
    (found,) = read(span(before=1, odd=object(), cyclic=_cyclic(), endless=10**5000, after=2))

    assert [each.key for each in found.attributes] == ["before", "after"]


def _cyclic() -> list[object]:
    cyclic: list[object] = []
    cyclic.append(cyclic)
    return cyclic


def test_lone_surrogates_are_replaced_wherever_text_is() -> None:
    """OTel loses the attribute, and with a name of such the whole batch."""
    bad = "a\ud800b"
    (found,) = read(span(bad, **{bad: bad, "long": bad * 100, "listed": [bad]}))

    good = "a\ufffdb"
    assert found.name == good
    assert [each.key for each in found.attributes] == [good, "long", "listed"]
    assert found.attributes[0].value.string_value == good
    assert found.attributes[1].value.string_value == good * 100
    assert found.attributes[2].value.array_value.values[0].string_value == good


def test_long_names_are_whole() -> None:
    """Only short ones are remembered."""
    (found,) = read(span("n" * 300, **{"k" * 300: 1, "l" * 300: "text" * 300}))

    assert found.name == "n" * 300
    assert [(each.key[0], len(each.key)) for each in found.attributes] == [("k", 300), ("l", 300)]
    assert found.attributes[1].value.string_value == "text" * 300


def test_missing_items_keep_their_places() -> None:
    """A None in a list is an empty value."""
    items = value(["a", None, "b"]).array_value.values

    assert [item.WhichOneof("value") for item in items] == ["string_value", None, "string_value"]


def test_span_costs_itself_alone_when_it_cannot_be_written() -> None:
    """A span of another make may have no context."""
    assert [each.name for each in read(span("a"), ReadableSpan("b"), span("c"))] == ["a", "c"]


def test_times_that_do_not_fit_are_unset() -> None:
    """OTel loses the batch for one time before 1970."""
    (found,) = read(ReadableSpan("a", CONTEXT, start_time=-1, end_time=2**64))

    assert (found.start_time_unix_nano, found.end_time_unix_nano) == (0, 0)


def test_exporter_sends_what_our_encoder_wrote() -> None:
    """In this version of OTel: the integer would not have been sent by its own encoder."""
    with stub_collector() as collector:
        exporter = exporter_class()(endpoint=f"{collector.endpoint}/v1/traces", compression=Compression.Gzip)
        assert exporter.export([span(key=2**64)]) is SpanExportResult.SUCCESS
        exporter.shutdown()  # type: ignore[no-untyped-call] # OTel's own

    ((resource,),) = [request.resource_spans for request in collector.requests]
    assert resource.scope_spans[0].spans[0].attributes[0].value.string_value == str(2**64)


def test_exporters_of_the_host_keep_otels_encoder() -> None:
    """Ours is a class of its own."""
    before = dict(vars(OTLPSpanExporter))

    assert issubclass(exporter_class(), OTLPSpanExporter)

    assert dict(vars(OTLPSpanExporter)) == before
    assert vars(trace_exporter)["encode_spans"] is encode_spans
