"""Streams: the span ends with the stream, and is current only while the stream's work goes on."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans, capture_spans
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import StatusCode, get_current_span
from sdk_support import attributes, loaded, strict_spans


@pytest.fixture
def spans() -> Iterator[CapturedSpans]:
    """The spans of a test, in the order they ended."""
    with strict_spans() as captured:
        yield captured


@gs.retrieve(data_source="docs")
def retrieve(query: str) -> list[str]:
    """Find one chunk."""
    return [f"{query} one"]


def test_generator_ends_its_span_with_the_stream(spans: CapturedSpans) -> None:
    """A streamed answer is one text, and its span is open until the last piece."""

    @gs.generate(model="m")
    def stream(prompt: str) -> Iterator[str]:
        yield prompt
        yield "!"

    assert inspect.isgeneratorfunction(stream)
    pieces = stream("hi")
    first = next(pieces)
    assert len(spans) == 0
    assert [first, *pieces] == ["hi", "!"]
    assert loaded(spans[0], keys.OUTPUT_MESSAGES)[0]["parts"] == [{"type": "text", "content": "hi!"}]


def test_generator_gives_the_context_back_between_items(spans: CapturedSpans) -> None:
    """While the consumer works, the stream's span is not the current one; inside the generator it is."""
    inside: list[bool] = []

    @gs.generate(model="m")
    def stream(prompt: str) -> Iterator[str]:
        inside.append(get_current_span().is_recording())
        yield prompt
        inside.append(get_current_span().is_recording())

    outside = [get_current_span().is_recording() for _ in stream("hi")]

    assert (inside, outside) == ([True, True], [False])
    assert len(spans) == 1


def test_generator_keeps_what_was_received_when_the_consumer_stops(spans: CapturedSpans) -> None:
    """Closing a stream early is no error."""

    @gs.generate(model="m")
    def stream(prompt: str) -> Iterator[str]:
        yield prompt
        yield "never"

    pieces = stream("hi")
    next(pieces)
    pieces.close()  # type: ignore[attr-defined] # a generator, declared as people declare it

    assert spans[0].status.status_code is StatusCode.UNSET
    assert '"content":"hi"' in str(attributes(spans[0])[keys.OUTPUT_MESSAGES])


def test_async_generator_ends_its_span_with_the_stream(spans: CapturedSpans) -> None:
    """An async stream is one text too, and stages inside it are its children."""

    @gs.pipeline
    async def stream(question: str) -> AsyncIterator[str]:
        yield retrieve(question)[0]
        yield "!"

    async def consume() -> list[str]:
        return [piece async for piece in stream("hi")]

    assert inspect.isasyncgenfunction(stream)
    assert asyncio.run(consume()) == ["hi one", "!"]
    assert [span.name for span in spans] == ["retrieval docs", "invoke_workflow stream"]
    assert spans[0].parent == spans[1].context
    assert '"content":"hi one!"' in str(attributes(spans[1])[keys.OUTPUT_MESSAGES])


def test_pipeline_stays_open_when_it_returns_a_generator(spans: CapturedSpans) -> None:
    """A function that hands out a stream is done when the stream is."""

    @gs.generate(model="m")
    def stream(prompt: str) -> Iterator[str]:
        yield prompt

    @gs.pipeline
    def ask(question: str) -> Iterator[str]:
        return stream(question)

    assert list(ask("hi")) == ["hi"]
    assert [span.name for span in spans] == ["chat m", "invoke_workflow ask"]
    assert spans[0].parent == spans[1].context


def test_span_ends_when_a_returned_generator_is_never_read(spans: CapturedSpans) -> None:
    """A stream that nobody reads still leaves its span."""

    @gs.pipeline
    def ask(question: str) -> Iterator[str]:
        return (piece for piece in question)

    ask("hi")

    assert [span.name for span in spans] == ["invoke_workflow ask"]


def test_span_lasts_when_a_plain_function_returns_a_coroutine(spans: CapturedSpans) -> None:
    """The work is the coroutine's, not the call's."""

    async def work(prompt: str) -> str:
        return prompt.upper()

    @gs.generate(model="m")
    def ask(prompt: str) -> object:
        return work(prompt)

    async def run() -> object:
        pending = ask("hi")
        assert len(spans) == 0
        return await pending  # type: ignore[misc] # declared as loosely as people declare it

    assert asyncio.run(run()) == "HI"
    assert '"content":"HI"' in str(attributes(spans[0])[keys.OUTPUT_MESSAGES])


def test_exception_in_mid_stream_is_recorded(spans: CapturedSpans) -> None:
    """A stream that breaks is an error, and the consumer gets it."""

    @gs.generate(model="m")
    def stream(prompt: str) -> Iterator[str]:
        yield prompt
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        list(stream("hi"))

    assert attributes(spans[0])[keys.ERROR_TYPE] == "ConnectionError"


def test_exception_thrown_in_reaches_an_async_generator(spans: CapturedSpans) -> None:
    """A generator that is a context manager sees how its block ended, as it does undecorated."""
    seen: list[str] = []

    @asynccontextmanager
    @gs.tool
    async def connection(name: str) -> AsyncIterator[str]:
        try:
            yield name
        except ValueError as error:
            seen.append(str(error))

    async def use() -> None:
        async with connection("db"):
            raise ValueError("bad")

    asyncio.run(use())

    assert seen == ["bad"]
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_stream_that_is_not_sampled_is_still_the_parent_inside() -> None:
    """A stage inside an unsampled stream starts no trace of its own."""
    inside: list[bool] = []

    @gs.pipeline
    def ask(question: str) -> Iterator[str]:
        inside.append(get_current_span().get_span_context().is_valid)
        yield question
        inside.append(get_current_span().get_span_context().is_valid)

    with capture_spans(sampler=ParentBased(ALWAYS_OFF)) as captured:
        outside = [get_current_span().get_span_context().is_valid for _ in ask("hi")]

    assert (inside, outside) == ([True, True], [False])
    assert len(captured) == 0


def test_span_inside_a_generator_is_current_again_after_a_yield(spans: CapturedSpans) -> None:
    """What the generator opened goes on where it goes on, and is never the consumer's."""
    names: list[str] = []

    @gs.pipeline
    def ask(question: str) -> Iterator[str]:
        with gs.generate.span(prompt=question, model="m"):
            yield question
            names.append(str(getattr(get_current_span(), "name", "")))
        names.append(str(getattr(get_current_span(), "name", "")))

    assert [get_current_span().is_recording() for _ in ask("hi")] == [False]
    assert names == ["chat m", "invoke_workflow ask"]
    assert len(spans) == 2
