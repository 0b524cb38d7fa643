"""Streams that clients return: the caller has the object it knows, and the span waits for its end."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans
from model_api import ANSWER, model_api
from opentelemetry.trace import get_current_span
from sdk_support import attributes, loaded, strict_spans

pytest.importorskip("openai", reason="not part of the plain install")

import openai

PROMPT: Any = [{"role": "user", "content": "May I return it?"}]
FIRST_TWO = " ".join(ANSWER.split(" ")[:2]) + " "


@pytest.fixture
def spans(caplog: pytest.LogCaptureFixture) -> Iterator[CapturedSpans]:
    """The spans of a test, which leaves the context as it was and nothing to complain of."""
    before = dict(copy_context())
    with caplog.at_level(logging.WARNING), strict_spans() as captured:
        yield captured
        assert get_current_span().is_recording() is False
    assert dict(copy_context()) == before
    assert [record.getMessage() for record in caplog.records] == []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a stub of the model's API."""
    with model_api() as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    """OpenAI's own client."""
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as opened:
        yield opened


def _asked(client: openai.OpenAI) -> Any:
    @gs.generate(model="gpt-4o")
    def ask(messages: Any) -> Any:
        return client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)

    return ask(PROMPT)


def _text(spans: CapturedSpans) -> object:
    return loaded(spans[0], keys.OUTPUT_MESSAGES)[0]["parts"][0]["content"]  # type: ignore[index]


def test_openai_stream_is_whole_on_the_span(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """Text, model, finish reason, and the usage of its last chunk."""
    stream = _asked(client)
    assert isinstance(stream, openai.Stream)
    assert stream.response.status_code == 200
    assert len(spans) == 0

    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]

    told = attributes(spans[0])
    assert "".join(pieces) == _text(spans) == ANSWER
    assert (told[keys.STREAM_OUTCOME], told[keys.PROVIDER]) == ("finished", "openai")
    assert (told[keys.RESPONSE_MODEL], told[keys.FINISH_REASONS]) == ("gpt-4o-2024-08-06", ("stop",))
    assert (told[keys.INPUT_TOKENS], told[keys.OUTPUT_TOKENS], told[keys.CACHE_READ_TOKENS]) == (1000, 100, 400)
    assert told[keys.STREAM_TOKENS_SOURCE] == "provider"


def test_openai_stream_is_stopped_when_its_block_ends(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """What was received is kept; usage that never came is unknown."""
    with _asked(client) as stream:
        next(stream)
        next(stream)

    assert stream.response.is_closed
    assert (attributes(spans[0])[keys.STREAM_OUTCOME], _text(spans)) == ("stopped", FIRST_TWO)
    assert keys.INPUT_TOKENS not in attributes(spans[0])


def test_openai_stream_is_stopped_when_it_is_closed(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """As the client's documentation closes it."""
    stream = _asked(client)
    next(stream)
    stream.close()

    assert stream.response.is_closed
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "stopped"


def test_openai_stream_is_stopped_when_nobody_holds_it(spans: CapturedSpans, client: openai.OpenAI) -> None:
    """A stream that is dropped leaves its span."""
    stream = _asked(client)
    next(stream)
    response = stream.response
    del stream
    gc.collect()

    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "stopped"
    response.close()


@pytest.mark.parametrize("closes", [False, True])
def test_async_openai_stream_is_followed(spans: CapturedSpans, url: str, closes: bool) -> None:
    """To its end, or until it is closed."""

    async def run() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

            @gs.generate(model="gpt-4o")
            async def ask(messages: Any) -> Any:
                return await client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)

            stream = await ask(PROMPT)
            assert isinstance(stream, openai.AsyncStream)
            async for _ in stream:
                if closes:
                    await stream.close()
                    break

    asyncio.run(run())

    told = attributes(spans[0])
    assert told[keys.STREAM_OUTCOME] == ("stopped" if closes else "finished")
    assert told.get(keys.OUTPUT_TOKENS) == (None if closes else 100)


class MessageStream:
    """A stream shaped as Anthropic's helper: events, texts of their own, and a whole message at the end."""

    def __init__(self) -> None:
        self._events = iter(EVENTS)
        self.text_stream = self._texts()
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._events)

    def _texts(self) -> Iterator[str]:
        for event in self:
            if event.type == "content_block_delta":
                yield event.delta.text

    def get_final_text(self) -> str:
        """Read to the end, and give all of it."""
        return "".join(event.delta.text for event in self if event.type == "content_block_delta")


class MessageStreamManager:
    """What Anthropic's ``messages.stream()`` gives: a stream once it is entered."""

    def __enter__(self) -> MessageStream:
        self.stream = MessageStream()
        return self.stream

    def __exit__(self, *_: object) -> None:
        self.stream.closed = True


def _event(kind: str, **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(type=kind, **fields)


EVENTS = [
    _event(
        "message_start",
        message=SimpleNamespace(id="msg_1", model="claude-x", usage=SimpleNamespace(input_tokens=9, output_tokens=1)),
    ),
    _event("content_block_start", index=0, content_block=SimpleNamespace(type="text", text="")),
    _event("content_block_delta", index=0, delta=SimpleNamespace(type="text_delta", text="Five ")),
    _event("content_block_delta", index=0, delta=SimpleNamespace(type="text_delta", text="days.")),
    _event("content_block_stop", index=0),
    _event("message_delta", delta=SimpleNamespace(stop_reason="end_turn"), usage=SimpleNamespace(output_tokens=4)),
    _event("message_stop"),
]


@gs.generate(model="claude-x", provider="anthropic")
def message(prompt: str) -> Any:
    """Open a stream as Anthropic's client does."""
    return MessageStreamManager() if prompt else None


def test_managed_stream_is_followed_by_events(spans: CapturedSpans) -> None:
    """The span begins with the call and ends with the last event, usage of both ends included."""
    with message("hi") as stream:
        assert isinstance(stream, MessageStream)
        assert [event.type for event in stream] == [event.type for event in EVENTS]

    told = attributes(spans[0])
    assert stream.closed
    assert (_text(spans), told[keys.STREAM_OUTCOME]) == ("Five days.", "finished")
    assert (told[keys.INPUT_TOKENS], told[keys.OUTPUT_TOKENS], told[keys.STREAM_PIECES]) == (9, 4, 2)
    assert (told[keys.RESPONSE_ID], told[keys.FINISH_REASONS]) == ("msg_1", ("end_turn",))


def test_managed_stream_is_followed_by_texts(spans: CapturedSpans) -> None:
    """The helper's own way to read is seen too."""
    with message("hi") as stream:
        assert list(stream.text_stream) == ["Five ", "days."]

    assert (_text(spans), attributes(spans[0])[keys.STREAM_OUTCOME]) == ("Five days.", "finished")


def test_managed_stream_is_followed_by_its_final_text(spans: CapturedSpans) -> None:
    """A method that reads the stream itself reads it through the span."""
    with message("hi") as stream:
        assert stream.get_final_text() == "Five days."

    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"
    assert attributes(spans[0])[keys.OUTPUT_TOKENS] == 4


def test_partial_count_is_unknown_when_a_stream_is_left(spans: CapturedSpans) -> None:
    """Anthropic's first event counts one token of output, which is not what was made."""
    with message("hi") as stream:
        for event in stream:
            if event.type == "content_block_delta":
                break

    told = attributes(spans[0])
    assert (told[keys.STREAM_OUTCOME], told[keys.INPUT_TOKENS]) == ("stopped", 9)
    assert keys.OUTPUT_TOKENS not in told


def test_iterator_that_fails_is_failed(spans: CapturedSpans) -> None:
    """Any object that gives pieces is a stream; what it gave is kept."""

    class Broken:
        """Gives one piece, then none."""

        def __init__(self, piece: str) -> None:
            self._piece = piece
            self._given = False

        def __aiter__(self) -> AsyncIterator[str]:
            return self

        async def __anext__(self) -> str:
            if self._given:
                raise ConnectionResetError("reset")
            self._given = True
            return self._piece

    @gs.generate(model="m")
    async def ask(prompt: str) -> AsyncIterator[str]:
        return Broken(prompt)

    async def run() -> list[str]:
        return [piece async for piece in await ask("Five ")]

    with pytest.raises(ConnectionResetError, match="reset"):
        asyncio.run(run())
    told = attributes(spans[0])
    assert (told[keys.STREAM_OUTCOME], told[keys.ERROR_TYPE]) == ("failed", "ConnectionResetError")
    assert _text(spans) == "Five "


def test_file_is_no_stream(spans: CapturedSpans) -> None:
    """Files and cursors go to the caller as they are: others' C code takes them apart."""

    @gs.tool
    def opened(path: str) -> Any:
        return open(path, encoding="utf-8")  # noqa: PTH123 - as a tool would

    with opened(__file__) as file:
        assert type(file).__name__ == "TextIOWrapper"
        assert len(spans) == 1


def test_mock_is_no_stream(spans: CapturedSpans) -> None:
    """A host's tests get the very mock that they put in."""
    mock = MagicMock()

    @gs.generate(model="m")
    def ask(prompt: str) -> object:
        return mock if prompt else None

    assert ask("hi") is mock
    assert len(spans) == 1
