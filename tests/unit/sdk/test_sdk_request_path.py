"""What a call leaves behind on the request path, and which of OTel's defaults ours stands in for."""

import gc
import weakref
from collections.abc import Iterator, Mapping

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan._opening import put
from groundspan._provider import AsParent
from groundspan._span import StageSpan
from groundspan.testing import CapturedSpans
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context
from opentelemetry.util.types import AttributeValue
from sdk_support import attributes, provider_put_back, strict_spans

_STATE = TraceState([("vendor", "x")])


@pytest.fixture(name="spans")
def _spans() -> Iterator[CapturedSpans]:
    with strict_spans() as captured:
        yield captured


def _beneath(flags: int, *, is_remote: bool) -> Context:
    parent = SpanContext(1, 2, is_remote=is_remote, trace_flags=TraceFlags(flags), trace_state=_STATE)
    return set_span_in_context(NonRecordingSpan(parent), Context())


def test_span_is_gone_without_the_garbage_collector_when_its_call_ends(spans: CapturedSpans) -> None:
    """No reference leads from a finished span back to itself: a busy host's collector has nothing to find."""
    ended: list[weakref.ref[StageSpan]] = []
    gc.collect()
    gc.disable()
    try:
        with gs.pipeline.span("answer", question="why?") as outer, gs.retrieve.span(query="why?") as inner:
            inner.chunks([{"id": "a", "text": "because"}])
            ended += [weakref.ref(outer), weakref.ref(inner)]
        del outer, inner
        assert [each() for each in ended] == [None, None]
    finally:
        gc.enable()
    assert len(spans) == 2


def test_relevant_ids_are_the_nearest_pipelines_when_pipelines_are_nested(spans: CapturedSpans) -> None:
    """gs.relevant() from a stage speaks of the pipeline that the stage runs in, and of no other."""
    with gs.pipeline.span("outer"), gs.pipeline.span("inner"), gs.retrieve.span():
        gs.relevant(["a"])
    said = [span.name for span in spans if keys.RELEVANT_IDS in attributes(span)]
    assert said == ["invoke_workflow inner"]


@pytest.mark.parametrize(
    "around",
    [
        Context(),
        _beneath(0, is_remote=False),
        _beneath(1, is_remote=False),
        _beneath(0, is_remote=True),
        _beneath(3, is_remote=True),
    ],
    ids=["none", "not sampled", "sampled", "remote, not sampled", "remote, sampled"],
)
def test_sampler_decides_as_the_default_one_whatever_is_around(around: Context) -> None:
    """A provider that init() makes samples as one without a sampler does."""
    ours, otels = (
        sampler.should_sample(around, 1, "name", attributes={"a": 1}) for sampler in (AsParent(), DEFAULT_ON)
    )
    assert (ours.decision, ours.attributes, ours.trace_state) == (otels.decision, otels.attributes, otels.trace_state)


def test_sampler_of_the_environment_is_obeyed_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_TRACES_SAMPLER says what is sampled, where it is set."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with provider_put_back():
        gs.init("bench", endpoint="http://127.0.0.1:9")
        try:
            with gs.pipeline.span("answer") as span:
                assert not span.is_recording
        finally:
            gs.shutdown(0)


class _AtStart(SpanProcessor):
    """A processor of the host's that looks at spans when they start."""

    def __init__(self) -> None:
        self.seen: list[AttributeValue | None] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - OTel's signature
        self.seen.append(attributes(span).get(keys.STAGE))


@pytest.mark.parametrize("processors", [[], [_AtStart()]], ids=["nobody else", "a processor of the host's"])
def test_span_starts_with_its_attributes_whoever_looks(processors: list[_AtStart]) -> None:
    """On a provider that init() made, the host's processors see a span start as on any other."""
    with provider_put_back():
        gs.init("bench", endpoint="http://127.0.0.1:9")
        try:
            provider = trace.get_tracer_provider()
            assert isinstance(provider, TracerProvider)
            for each in processors:
                provider.add_span_processor(each)
            with gs.pipeline.span("answer"):
                started = trace.get_current_span()
                assert isinstance(started, ReadableSpan)
                stage, name = (attributes(started)[key] for key in (keys.STAGE, keys.WORKFLOW_NAME))
        finally:
            gs.shutdown(0)
    assert (stage, name) == ("pipeline", "answer")
    assert [each.seen for each in processors] == [["pipeline"] for _ in processors]


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (SpanLimits(), {"a": "long", "b": 2}),
        (SpanLimits(max_span_attributes=1), {"b": 2}),
        (SpanLimits(max_span_attribute_length=2), {"a": "lo", "b": 2}),
    ],
    ids=["none", "one attribute", "two characters"],
)
def test_opening_is_within_the_limits_of_its_span(limits: SpanLimits, kept: dict[str, AttributeValue]) -> None:
    """What is put on a span past OTel's own way in is bounded as if it had come that way."""
    span = TracerProvider(span_limits=limits, shutdown_on_exit=False).get_tracer("test").start_span("name")
    assert isinstance(span, ReadableSpan)
    put(span, {"a": "long", "b": 2})
    assert attributes(span) == kept
    span.end()


def test_opening_is_set_when_a_span_keeps_its_attributes_otherwise() -> None:
    """A span of another make than is known gets its attributes through its own method."""
    set_on: dict[str, AttributeValue] = {}

    class Other(NonRecordingSpan):
        def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
            set_on.update(attributes)

    put(Other(SpanContext(1, 2, is_remote=False)), {"a": 1})
    assert set_on == {"a": 1}
