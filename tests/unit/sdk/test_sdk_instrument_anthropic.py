"""Anthropic's own client, traced without a decorator, against a stub of its API."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.integrations.anthropic import request
from groundspan.testing import CapturedSpans
from messages_api import ANSWER, BROKEN_MODEL, OVERLOADED_MODEL, WORDS, messages_api
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, get_current_span
from sdk_support import attributes, loaded, strict_spans

pytest.importorskip("anthropic", reason="not part of the plain install")

import anthropic

MODEL = "claude-stub"
with_own_spans = pytest.mark.skipif(
    not hasattr(anthropic._base_client, "start_api_call_span"), reason="a client that does not trace itself"
)
ASKED: Any = {
    "model": MODEL,
    "max_tokens": 64,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "May I return it?"}],
}


@pytest.fixture
def spans(caplog: pytest.LogCaptureFixture) -> Iterator[CapturedSpans]:
    """The spans of a test, which leaves the client and the context as they were, and nothing to complain of."""
    before = dict(copy_context())
    gs.instrument("anthropic")
    try:
        with caplog.at_level(logging.WARNING), strict_spans() as captured:
            yield captured
            assert get_current_span().is_recording() is False
    finally:
        gs.integrations.uninstrument("anthropic")
    assert dict(copy_context()) == before
    assert [record.getMessage() for record in caplog.records if record.name.startswith("groundspan")] == []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a stub of the model's API."""
    with messages_api() as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[anthropic.Anthropic]:
    """Anthropic's own client."""
    with anthropic.Anthropic(base_url=url, api_key="none", max_retries=0) as opened:
        yield opened


def _run(url: str, work: Callable[[anthropic.AsyncAnthropic], Any]) -> None:
    async def run() -> None:
        async with anthropic.AsyncAnthropic(base_url=url, api_key="none", max_retries=0) as client:
            await work(client)

    asyncio.run(run())


def _text(spans: CapturedSpans, key: str = keys.OUTPUT_MESSAGES) -> object:
    return loaded(spans[0], key)[-1]["parts"][0]["content"]  # type: ignore[index]


def _usage(spans: CapturedSpans) -> tuple[object, ...]:
    told = attributes(spans[0])
    counts = (keys.INPUT_TOKENS, keys.OUTPUT_TOKENS, keys.CACHE_READ_TOKENS, keys.CACHE_WRITE_TOKENS)
    return tuple(told.get(key) for key in counts)


def _assert_whole(spans: CapturedSpans) -> None:
    """One span with question, answer, model and usage."""
    assert len(spans) == 1
    told = attributes(spans[0])
    assert (_text(spans, keys.INPUT_MESSAGES), _text(spans)) == ("May I return it?", ANSWER)
    assert _usage(spans) == (1000, 50, 300, 100)
    assert (told[keys.STAGE], told[keys.PROVIDER]) == ("generate", "anthropic")
    assert (told[keys.REQUEST_MODEL], told[keys.RESPONSE_MODEL]) == (MODEL, "claude-stub-20261001")
    assert (told[keys.FINISH_REASONS], told[keys.REQUEST_MAX_TOKENS]) == (("end_turn",), 64)


def test_message_is_a_generate_span(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """With what the system was told before the messages."""
    client.messages.create(**ASKED)

    _assert_whole(spans)
    assert spans[0].name == "chat claude-stub"
    assert [message["role"] for message in loaded(spans[0], keys.INPUT_MESSAGES)] == ["system", "user"]


def test_beta_message_is_a_generate_span(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """The beta API has methods of its own."""
    client.beta.messages.create(**ASKED)

    _assert_whole(spans)


def test_async_message_is_a_generate_span(spans: CapturedSpans, url: str) -> None:
    """Of the async client the same."""
    _run(url, lambda client: client.messages.create(**ASKED))

    _assert_whole(spans)


@pytest.mark.parametrize("is_async", [False, True])
def test_raw_response_is_read(spans: CapturedSpans, url: str, client: anthropic.Anthropic, is_async: bool) -> None:
    """The caller's response is the one it wanted."""
    if is_async:
        _run(url, lambda other: other.messages.with_raw_response.create(**ASKED))
    else:
        raw = client.messages.with_raw_response.create(**ASKED)
        assert (raw.http_response.status_code, raw.parse().id) == (200, "msg_1")

    _assert_whole(spans)


def test_streamed_raw_response_is_the_caller_s_to_read(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """Its body is not touched."""
    with client.messages.with_streaming_response.create(**ASKED) as raw:
        assert not raw.http_response.is_stream_consumed
        assert raw.parse().id == "msg_1"

    assert len(spans) == 1


def test_message_stream_is_followed_to_its_end(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """Its usage is in its first and its last event."""
    stream = client.messages.create(**ASKED, stream=True)
    # Not isinstance(), which older clients answer with no for every stream.
    assert stream.__class__ is anthropic.Stream
    for _ in stream:
        pass

    _assert_whole(spans)
    told = attributes(spans[0])
    assert (told[keys.STREAM_OUTCOME], told[keys.STREAM_PIECES]) == ("finished", len(WORDS))
    assert float(str(told[keys.TIME_TO_FIRST_CHUNK_S])) > 0


def test_async_message_stream_is_followed_to_its_end(spans: CapturedSpans, url: str) -> None:
    """Of the async client the same."""

    async def work(client: anthropic.AsyncAnthropic) -> None:
        async for _ in await client.messages.create(**ASKED, stream=True):
            pass

    _run(url, work)

    _assert_whole(spans)


def test_message_stream_that_is_left_is_stopped(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """What came is kept; the count of the output did not come."""
    with client.messages.create(**ASKED, stream=True) as stream:
        for event in stream:
            if event.type == "content_block_delta":
                break

    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans)) == ("stopped", WORDS[0])
    assert _usage(spans) == (1000, None, 300, 100)


def test_message_stream_that_breaks_is_failed(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """An error of the server's in mid-stream."""
    stream = client.messages.create(**(ASKED | {"model": OVERLOADED_MODEL}), stream=True)
    with pytest.raises(anthropic.APIStatusError):
        list(stream)

    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans)) == ("failed", WORDS[0])
    assert spans[0].status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("way", ["events", "texts", "final"])
def test_stream_manager_is_followed(spans: CapturedSpans, client: anthropic.Anthropic, way: str) -> None:
    """In every way that it is read."""
    with client.messages.stream(**ASKED) as stream:
        if way == "texts":
            assert "".join(stream.text_stream) == ANSWER
        elif way == "final":
            assert stream.get_final_text() == ANSWER
        else:
            assert "message_stop" in [event.type for event in stream]

    _assert_whole(spans)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_stream_manager_that_is_left_is_stopped(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """With what came."""
    with client.messages.stream(**ASKED) as stream:
        next(stream.text_stream)

    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans)) == ("stopped", WORDS[0])


def test_async_stream_manager_is_followed(spans: CapturedSpans, url: str) -> None:
    """By its texts."""

    async def work(client: anthropic.AsyncAnthropic) -> None:
        async with client.messages.stream(**ASKED) as stream:
            assert [text async for text in stream.text_stream] == WORDS

    _run(url, work)

    _assert_whole(spans)


def test_error_passes_and_is_recorded(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """The host's exception is the client's own."""
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(**(ASKED | {"model": BROKEN_MODEL}))

    assert spans[0].status.status_code is StatusCode.ERROR
    assert attributes(spans[0])[keys.ERROR_TYPE] == "anthropic.NotFoundError"


def test_error_of_a_stream_manager_is_recorded(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """It asks when it is entered."""
    manager = client.messages.stream(**(ASKED | {"model": BROKEN_MODEL}))
    with pytest.raises(anthropic.NotFoundError):
        manager.__enter__()

    assert [span.status.status_code for span in spans] == [StatusCode.ERROR]


def test_library_is_as_it_was_after_the_undoing(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """All that was patched."""
    gs.integrations.uninstrument("anthropic")
    client.messages.create(**ASKED)

    assert len(spans) == 0
    patched = (
        anthropic.resources.Messages.create,
        anthropic.resources.Messages.stream,
        anthropic.resources.AsyncMessages.create,
        anthropic.resources.beta.messages.Messages.create,
        getattr(anthropic._base_client, "start_api_call_span", anthropic.resources.Messages.create),
    )
    assert not any(function.__globals__["__name__"].startswith("groundspan") for function in patched)


# Under a decorator.


def test_decorated_function_has_the_only_span(spans: CapturedSpans, client: anthropic.Anthropic) -> None:
    """It returns a text of its own, and has the usage and the model of the call inside it."""

    @gs.generate
    def complete(question: str) -> str:
        asked = ASKED | {"messages": [{"role": "user", "content": question}]}
        return f"{client.messages.create(**asked).content[0].text} Thank you."

    complete("May I return it?")

    assert (len(spans), _text(spans)) == (1, f"{ANSWER} Thank you.")
    assert _usage(spans) == (1000, 50, 300, 100)
    assert attributes(spans[0])[keys.PROVIDER] == "anthropic"


def test_decorated_generator_has_the_usage_of_the_stream_inside(
    spans: CapturedSpans, client: anthropic.Anthropic
) -> None:
    """It yields texts, which bring none."""

    @gs.generate
    def complete(_question: str) -> Iterator[str]:
        with client.messages.stream(**ASKED) as stream:
            yield from stream.text_stream

    assert "".join(complete("May I return it?")) == ANSWER

    assert (len(spans), _text(spans), _usage(spans)) == (1, ANSWER, (1000, 50, 300, 100))


def test_decorated_async_generator_has_the_usage_of_the_stream_inside(spans: CapturedSpans, url: str) -> None:
    """Of the async client the same."""

    async def work(client: anthropic.AsyncAnthropic) -> None:
        @gs.generate
        async def complete(_question: str) -> Any:
            async with client.messages.stream(**ASKED) as stream:
                async for text in stream.text_stream:
                    yield text

        assert [text async for text in complete("May I return it?")] == WORDS

    _run(url, work)

    assert (len(spans), _text(spans), _usage(spans)) == (1, ANSWER, (1000, 50, 300, 100))


def test_decorated_function_that_returns_the_manager_has_the_only_span(
    spans: CapturedSpans, client: anthropic.Anthropic
) -> None:
    """It is followed as the manager that it is."""

    @gs.generate
    def complete(_question: str) -> Any:
        return client.messages.stream(**ASKED)

    with complete("May I return it?") as stream:
        assert isinstance(stream, anthropic.MessageStream)
        assert stream.get_final_text() == ANSWER

    assert (len(spans), _text(spans), _usage(spans)) == (1, ANSWER, (1000, 50, 300, 100))


# Beside the client's own spans.


@pytest.fixture
def own() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    """Where the client's own spans go."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


@with_own_spans
@pytest.mark.parametrize("is_async", [False, True])
def test_client_makes_no_span_of_its_own_beneath_ours(
    spans: CapturedSpans, url: str, own: tuple[TracerProvider, InMemorySpanExporter], is_async: bool
) -> None:
    """Newer clients trace themselves: the same tokens would be there twice."""
    provider, exporter = own
    if is_async:

        async def ask() -> None:
            async with (
                anthropic.AsyncAnthropic(
                    base_url=url, api_key="none", max_retries=0, open_telemetry={"tracer_provider": provider}
                ) as client,
                client.messages.stream(**ASKED) as stream,
            ):
                await stream.get_final_message()

        asyncio.run(ask())
    else:
        with anthropic.Anthropic(
            base_url=url, api_key="none", max_retries=0, open_telemetry={"tracer_provider": provider}
        ) as client:
            client.messages.create(**ASKED)

    _assert_whole(spans)
    assert exporter.get_finished_spans() == ()


@with_own_spans
def test_client_keeps_its_spans_of_other_calls(
    spans: CapturedSpans, url: str, own: tuple[TracerProvider, InMemorySpanExporter]
) -> None:
    """What we do not trace is the client's to trace."""
    provider, exporter = own
    with anthropic.Anthropic(
        base_url=url, api_key="none", max_retries=0, open_telemetry={"tracer_provider": provider}
    ) as client:
        client.messages.count_tokens(model=MODEL, messages=ASKED["messages"])

    assert len(spans) == 0
    assert [span.name for span in exporter.get_finished_spans()] == ["anthropic.messages.count_tokens"]


# The extractor.


@pytest.mark.parametrize(
    ("kind", "provider"),
    [("Anthropic", "anthropic"), ("AsyncAnthropicBedrock", "aws.bedrock"), ("AnthropicVertex", "gcp.vertex_ai")],
)
def test_provider_is_known_by_the_client(kind: str, provider: str) -> None:
    """Clouds have clients of their own."""
    client = type(kind, (SimpleNamespace,), {})(base_url="https://api.anthropic.com")

    assert request(client, {}).attributes == {keys.PROVIDER: provider}


def test_messages_are_read_as_they_are_where_nothing_is_told_apart() -> None:
    """The very list, not a copy."""
    messages = ASKED["messages"]

    assert request(None, {"messages": messages, "system": anthropic.NOT_GIVEN}).asked["messages"] is messages
