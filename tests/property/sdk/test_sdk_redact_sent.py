"""Secrets planted anywhere in a decorated application are in none of the bytes that its collector gets."""
# ruff: noqa: ARG001 - what a decorated function is given is recorded whether it uses it or not

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import groundspan as gs
import pytest
from groundspan import _guard
from hypothesis import HealthCheck, given, settings
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanContext, StatusCode
from sdk_support import StubCollector, stub_collector
from secrets_planted import planted

EVIDENCE = b"what you need"
IN_RESOURCE = 6
"""How often _sent() puts a text into the resource."""


@pytest.fixture(scope="module")
def collector() -> Iterator[StubCollector]:
    """A collector that keeps the bytes, decompressed."""
    with stub_collector() as stub:
        yield stub


def retrieving(text: str) -> None:
    """The query, and chunks with their ids, texts and metadata, in more than one shape."""
    chunk: dict[str, object] = {
        "id": text,
        "text": text,
        "score": 0.5,
        "metadata": {"by": text, text: [text, {"x": text}]},
    }

    @gs.retrieve(data_source=text, relevant=[text])
    def search(query: str) -> list[dict[str, object]]:
        return [chunk]

    @gs.rerank(model=text)
    def rerank(query: str, hits: list[dict[str, object]]) -> list[tuple[str, float]]:
        return [(text, 0.5)]

    rerank(text, search(text))


def generating(text: str) -> None:
    """Messages with parts and tool calls, the answer, its model and finish reason, and chunks given as context."""
    call = {"id": text, "type": "function", "function": {"name": "look", "arguments": json.dumps({"at": text})}}
    messages: list[dict[str, object]] = [
        {"role": "system", "content": text},
        {"role": "user", "content": [{"type": "text", "text": text}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": text, "content": text},
    ]
    choice = {
        "index": 0,
        "finish_reason": text,
        "message": {"role": "assistant", "content": text, "tool_calls": [call]},
    }

    @gs.generate(provider=text, context="passages")
    def complete(messages: list[dict[str, object]], passages: list[str], model: str) -> Mapping[str, object]:
        return {"id": text, "object": "chat.completion", "model": text, "choices": [choice]}

    complete(messages, [text], text)


def streaming(text: str) -> None:
    """Pieces in whose seams the secret stands."""

    @gs.generate(model="m")
    def stream(prompt: str) -> Iterator[str]:
        yield from (text[start : start + 3] for start in range(0, len(text), 3))

    assert "".join(stream(text)) == text


def calling_tools(text: str) -> None:
    """Arguments and results of tools, nested."""

    @gs.tool(name=text)
    def look(at: str, *, options: Mapping[str, object]) -> dict[str, object]:
        return {"found": text, text: [text, {"deep": (text, {"deeper": text})}]}

    look(text, options={"a": [text, {text: text}]})


def failing(text: str) -> None:
    """An exception's message, its stack, its causes and its notes."""

    @gs.embed(model="m")
    def embed(query: str) -> list[float]:
        try:
            raise KeyError(text)
        except KeyError as cause:
            error = ValueError(text, {"inner": text})
            error.add_note(text)
            raise error from cause

    with suppress(ValueError):
        embed(text)


def failing_stream(text: str) -> None:
    """An exception in mid-stream, after a piece."""

    @gs.generate(model="m")
    def stream(prompt: str) -> Iterator[str]:
        yield text
        raise ValueError(text)

    with suppress(ValueError):
        list(stream(text))


def with_forms(text: str) -> None:
    """What the ``with`` forms are told, attributes of the host's own included."""
    with gs.pipeline.span(text, question=text) as pipeline:
        with gs.retrieve.span(query=text, relevant=[text]) as span:
            span.chunks([(text, 0.9)])
            span.set(f"note {text}", text)
        with gs.generate.span(prompt=text, model=text, context=[text]) as span:
            span.answer(text)
        with gs.tool.span(text, arguments={text: text}) as span:
            span.result({text: text})
        pipeline.relevant([text])
        pipeline.answer(text)


def in_context(text: str) -> None:
    """Session, user and segments, on our spans and on other libraries'."""
    with gs.context(session=text, user=text, region=text), trace.get_tracer_provider().get_tracer("x").start_span("x"):
        retrieving("nothing to hide")


def other_library(text: str) -> None:
    """A span that is not ours: its name, attributes, events, links, exception and status."""
    link = Link(SpanContext(1, 2, is_remote=True), {f"note {text}": text})
    tracer = trace.get_tracer_provider().get_tracer("other")
    span = tracer.start_span(f"GET {text}", attributes={"url": text, "all": [text, text]}, links=[link])
    span.add_event(f"said {text}", {"said": text, "list": [text]})
    span.record_exception(ValueError(text))
    span.set_status(StatusCode.ERROR, text)
    span.end()


def evaluating(text: str) -> None:
    """What is said of an answer: log events."""
    with gs.pipeline.span(question=text):
        gs.feedback(label=text, comment=text, name=text)
        gs.relevant([text], trace_id=gs.trace_id())


PLACES: tuple[Callable[[str], None], ...] = (
    retrieving,
    generating,
    streaming,
    calling_tools,
    failing,
    failing_stream,
    with_forms,
    in_context,
    other_library,
    evaluating,
)
"""Everything that puts text on a span or into a log event."""


def _sent(place: Callable[[str], None], text: str, collector: StubCollector, redact: str | None = "all") -> bytes:
    """Run *place* in an application whose resource has the text as well; give what its collector got."""
    collector.bodies.clear()
    collector.requests.clear()
    provider = TracerProvider(resource=Resource({"host.note": text, "all": [text]}), shutdown_on_exit=False)
    with pytest.MonkeyPatch.context() as patch, _guard.reraising():
        patch.setattr(trace, "get_tracer_provider", lambda: provider)
        gs.init(text, project=text, version=text, environment=text, endpoint=collector.endpoint, redact=redact)
        try:
            place(text)
            assert gs.flush(10)
        finally:
            gs.shutdown()
    scopes = [scope for resource in collector.resources() for scope in resource.scope_spans]
    assert EVIDENCE in b"".join(scope.SerializeToString() for scope in scopes)
    return b"".join(collector.bodies)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret_and_text=planted())
def test_no_secret_reaches_the_collector(
    place: Callable[[str], None], secret_and_text: tuple[str, str], collector: StubCollector
) -> None:
    """Whichever secret, wherever the application put it: the spans arrive, the secret does not."""
    secret, text = secret_and_text

    sent = _sent(place, text, collector)

    assert secret.encode() not in sent


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_secret_reaches_the_collector_where_nothing_is_redacted(
    place: Callable[[str], None], collector: StubCollector
) -> None:
    """What the test above plants does stand on the spans of each place, not on the resource alone."""
    sent = _sent(place, f"Write to ann@example.org, is {EVIDENCE.decode()}.", collector, None)

    assert sent.count(b"ann@example.org") > IN_RESOURCE
