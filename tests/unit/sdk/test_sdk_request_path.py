"""What a call leaves behind on the request path, and which of OTel's defaults ours stands in for."""

import gc
import weakref
from collections.abc import Iterator

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan._sampler import AsParent
from groundspan._span import StageSpan
from groundspan.testing import CapturedSpans
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context
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
