"""sample=: whole traces, by a ratio or by a rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import groundspan as gs
import pytest
from groundspan import _guard, _runtime
from groundspan import attributes as keys
from groundspan._sampling import Call, Sample
from groundspan.settings import Settings
from groundspan.testing import CapturedSpans, capture_spans
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from sdk_support import attributes


@contextmanager
def sampling(sample: Sample) -> Iterator[CapturedSpans]:
    """Capture spans as init(sample=...) would have them."""
    with capture_spans(sampler=ParentBased(ALWAYS_ON)) as spans:
        runtime = _runtime.current()
        assert runtime
        _runtime.install(replace(runtime, sample=sample))
        yield spans


@gs.retrieve
def search(query: str) -> list[str]:
    """Find a chunk."""
    with trace.get_tracer("another-library").start_as_current_span("theirs"):
        return [query]


@gs.pipeline
def answer(question: str) -> str:
    """Answer with what was found."""
    return search(question)[0]


def test_no_trace_is_kept_when_the_ratio_is_nothing() -> None:
    """The functions run as ever."""
    with sampling(0.0) as spans:
        assert answer("why?") == "why?"

    assert len(spans) == 0


def test_traces_are_whole_when_some_are_kept() -> None:
    """Each with all its stages and its ratio, about as many as were asked for."""
    with sampling(0.5) as spans:
        for _ in range(400):
            answer("why?")

    pipelines, found = spans.stage("pipeline"), spans.stage("retrieve")
    assert 120 < len(pipelines) < 280
    assert {span.context.trace_id for span in pipelines} == {span.context.trace_id for span in found}
    assert {attributes(span)[keys.SAMPLE_RATIO] for span in spans} == {0.5}


def test_rule_decides_when_it_knows_who_asks() -> None:
    """It is told the name, the question, the user and the segments."""
    calls: list[Call] = []

    def rule(call: Call) -> bool:
        calls.append(call)
        return call.user == "ann"

    with sampling(rule) as spans:
        for user in ("ann", "bob"):
            with gs.context(user=user, session="s", plan="team"):
                answer("why?")

    assert calls == [Call("invoke_workflow answer", "why?", "s", user, {"plan": "team"}) for user in ("ann", "bob")]
    assert [attributes(span)[keys.USER] for span in spans.stage("pipeline")] == ["ann"]


def test_trace_is_kept_when_the_rule_fails() -> None:
    """A mistake in a rule must not make production blind."""

    def rule(_call: Call) -> bool:
        raise ValueError("mistake")

    before = _guard.swallowed()
    with sampling(rule) as spans:
        answer("why?")

    assert len(spans.stage("pipeline")) == 1
    assert _guard.swallowed() == before + 1


def test_trace_goes_on_when_it_began_elsewhere() -> None:
    """Who began it has decided: this service does not tear it apart."""
    kept = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    left_out = {"traceparent": f"00-{'c' * 32}-{'b' * 16}-00"}
    with sampling(0.0) as spans:
        with gs.continued(kept):
            answer("kept")
        with gs.continued(left_out):
            answer("left out")

    assert [f"{span.context.trace_id:x}" for span in spans.stage("pipeline")] == ["a" * 32]


def test_headers_say_that_a_trace_is_not_kept_when_it_is_not() -> None:
    """The next service keeps none of it either."""
    with sampling(0.0), gs.pipeline.span("p"):
        headers = gs.headers()

    assert headers["traceparent"].endswith("-00")


@pytest.mark.parametrize("sample", [-0.1, 1.5, float("nan")])
def test_ratio_is_refused_when_it_is_none(sample: float) -> None:
    """The message says what was got and what is accepted."""
    with pytest.raises(gs.ConfigError, match="sample must be between 0 and 1"):
        Settings(sample=sample)


def test_ratio_is_read_from_the_environment() -> None:
    """As every setting is."""
    assert Settings.from_env({"GROUNDSPAN_SAMPLE": "0.25"}).sample == 0.25
