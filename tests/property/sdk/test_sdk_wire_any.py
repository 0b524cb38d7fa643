"""Whatever spans hold, our encoder writes what OTel's does."""

from collections.abc import Sequence

from groundspan import _guard
from groundspan._wire import encoded
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(["x" * 130, "é" * 9_000])
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXTS | st.binary(max_size=200)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)
ATTRIBUTES = st.none() | st.dictionaries(TEXTS, VALUES, max_size=6)
TIMES_NS = st.integers(0, 2**64 - 1)
COUNTS = st.integers(0, 300)
CONTEXTS = st.builds(
    SpanContext,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.just(TraceFlags(TraceFlags.SAMPLED)),
    trace_state=st.just(TraceState()) | st.just(TraceState([("vendor", "a:b"), ("other", "c")])),
)
EVENTS = st.builds(Event, name=TEXTS, attributes=st.dictionaries(TEXTS, SCALARS, max_size=2), timestamp=TIMES_NS)
LINKS = st.builds(Link, context=CONTEXTS, attributes=st.dictionaries(TEXTS, SCALARS, max_size=2))
# An OK or unset status has no description: OTel takes it away with a warning.
STATUSES = st.builds(Status, st.sampled_from([StatusCode.UNSET, StatusCode.OK])) | st.builds(
    Status, st.just(StatusCode.ERROR), st.none() | TEXTS
)
RESOURCES = st.builds(Resource, st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=3), TEXTS)
# No schema: OpenTelemetry before 1.28 leaves it out.
SCOPES = st.none() | st.builds(InstrumentationScope, name=TEXTS.filter(bool), version=st.none() | TEXTS)
SPANS = st.builds(
    ReadableSpan,
    name=TEXTS,
    context=CONTEXTS,
    parent=st.none() | CONTEXTS,
    resource=RESOURCES | st.just(Resource({"service.name": "one"})),
    attributes=ATTRIBUTES,
    events=st.lists(EVENTS, max_size=3),
    links=st.lists(LINKS, max_size=3),
    kind=st.sampled_from(SpanKind),
    status=STATUSES,
    start_time=st.none() | TIMES_NS,
    end_time=st.none() | TIMES_NS,
    instrumentation_scope=SCOPES | st.just(InstrumentationScope("one", "1")),
)


@given(st.lists(SPANS, max_size=5))
def test_bytes_mean_what_otels_mean(spans: Sequence[ReadableSpan]) -> None:
    """Read by protobuf and written again, so that NaN is like NaN."""
    with _guard.reraising():
        ours = ExportTraceServiceRequest.FromString(encoded(spans))

    assert ours.SerializeToString(deterministic=True) == encode_spans(spans).SerializeToString(deterministic=True)
