"""Every way that a stream can go: sync or async, alone or inside another, one or many at once, ended in five ways."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, closing
from contextvars import ContextVar, copy_context
from typing import Any

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans
from model_api import ANSWER, chunks_of_stream
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode, get_current_span
from sdk_support import attributes, loaded, strict_spans

ENDINGS = ("finished", "stopped", "failed", "cancelled", "disconnected")
AT_ONCE = 3
BEFORE_THE_END = 2
CUT = " ".join(ANSWER.split(" ")[:BEFORE_THE_END]) + " "

_request: ContextVar[int] = ContextVar("request")
_inside: ContextVar[list[str]] = ContextVar("inside")
"""Which span was current on either side of every yield."""


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither OTel nor we have anything to complain of."""
    with caplog.at_level(logging.DEBUG):
        yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def _look() -> None:
    _inside.get().append(str(getattr(get_current_span(), "name", "none")))


@gs.generate(model="m")
def call(prompt: str) -> Iterator[dict[str, Any]]:
    """Stream what a model says, until it fails where it is asked to."""
    for position, chunk in enumerate(chunks_of_stream()):
        if prompt == "failed" and position == BEFORE_THE_END:
            raise TimeoutError("model is gone")
        _look()
        yield chunk
        _look()


@gs.generate(model="m")
async def call_async(prompt: str) -> AsyncIterator[dict[str, Any]]:
    """Stream the same, giving way to others before each piece."""
    for position, chunk in enumerate(chunks_of_stream()):
        await asyncio.sleep(0)
        if prompt == "failed" and position == BEFORE_THE_END:
            raise TimeoutError("model is gone")
        _look()
        yield chunk
        _look()


@gs.pipeline
def answer(question: str) -> Iterator[dict[str, Any]]:
    """Stream through a pipeline."""
    for chunk in call(question):
        _look()
        yield chunk
        _look()


@gs.pipeline
async def answer_async(question: str) -> AsyncIterator[dict[str, Any]]:
    """Stream through a pipeline."""
    async for chunk in call_async(question):
        _look()
        yield chunk
        _look()


async def _read(ending: str, stream: Callable[[str], Iterator[object]]) -> None:
    before = dict(copy_context())
    with closing(stream(ending)) as pieces:  # type: ignore[type-var] # a generator, declared as people declare it
        for position, _ in enumerate(pieces, start=1):
            assert dict(copy_context()) == before
            if await _leaves(ending, position):
                break
    assert dict(copy_context()) == before


async def _read_async(ending: str, stream: Callable[[str], AsyncIterator[object]]) -> None:
    before = dict(copy_context())
    position = 0
    async with aclosing(stream(ending)) as pieces:  # type: ignore[type-var] # as above
        async for _ in pieces:
            position += 1
            assert dict(copy_context()) == before
            if await _leaves(ending, position):
                break
    assert dict(copy_context()) == before


async def _leaves(ending: str, position: int) -> bool:
    """Do after each piece what a consumer does that ends a stream in this way."""
    task = asyncio.current_task()
    assert task is not None
    if position == BEFORE_THE_END and ending == "cancelled":
        task.cancel()
    if position == BEFORE_THE_END and ending == "disconnected":
        raise BrokenPipeError("client is gone")
    await asyncio.sleep(0)
    return position == BEFORE_THE_END and ending == "stopped"


READS: Mapping[tuple[str, str], Callable[[str], Awaitable[None]]] = {
    ("sync", "plain"): lambda ending: _read(ending, call),
    ("sync", "nested"): lambda ending: _read(ending, answer),
    ("async", "plain"): lambda ending: _read_async(ending, call_async),
    ("async", "nested"): lambda ending: _read_async(ending, answer_async),
}
ERRORS: Mapping[str, type[BaseException]] = {
    "failed": TimeoutError,
    "cancelled": asyncio.CancelledError,
    "disconnected": BrokenPipeError,
}


async def _one(read: Callable[[str], Awaitable[None]], ending: str, number: int) -> list[str]:
    """Read one stream as a request of its own, and take its error as a server would."""
    _request.set(number)
    _inside.set([])
    expected = ERRORS.get(ending)
    if expected is None:
        await read(ending)
    else:
        with pytest.raises(expected):
            await read(ending)
    assert _request.get() == number
    return _inside.get()


async def _alone(read: Callable[[str], Awaitable[None]], ending: str) -> list[list[str]]:
    return [await _one(read, ending, 0)]


async def _gathered(read: Callable[[str], Awaitable[None]], ending: str) -> list[list[str]]:
    return await asyncio.gather(*(_one(read, ending, number) for number in range(AT_ONCE)))


async def _grouped(read: Callable[[str], Awaitable[None]], ending: str) -> list[list[str]]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_one(read, ending, number)) for number in range(AT_ONCE)]
    return [task.result() for task in tasks]


@pytest.mark.parametrize("arranged", [_alone, _gathered, _grouped])
@pytest.mark.parametrize("nesting", ["plain", "nested"])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_stream_is_told_as_it_went(
    kind: str,
    ending: str,
    nesting: str,
    arranged: Callable[[Callable[[str], Awaitable[None]], str], Awaitable[list[list[str]]]],
) -> None:
    """Its outcome, text, usage and times; its context inside, and the host's own outside."""

    async def run() -> list[list[str]]:
        return await arranged(READS[kind, nesting], ending)

    with strict_spans() as spans:
        seen = asyncio.run(run())

    calls, pipelines = spans.stage("generate"), spans.stage("pipeline")
    assert len(calls) == len(seen)
    for span in calls:
        _assert_told(span, ending)
        assert attributes(span).get(keys.INPUT_TOKENS) == (1000 if ending == "finished" else None)
    for span in pipelines:
        _assert_told(span, ending)
    _assert_places(spans, seen, nested=nesting == "nested")


def _assert_told(span: ReadableSpan, ending: str) -> None:
    told = attributes(span)
    assert told[keys.STREAM_OUTCOME] == ending
    assert loaded(span, keys.OUTPUT_MESSAGES)[0]["parts"] == [
        {"type": "text", "content": ANSWER if ending == "finished" else CUT}
    ]
    assert (span.status.status_code is StatusCode.ERROR) == (ending == "failed")
    assert told.get(keys.ERROR_TYPE) == ("TimeoutError" if ending == "failed" else None)
    assert told[keys.STREAM_PIECES] == (len(ANSWER.split(" ")) if ending == "finished" else BEFORE_THE_END)
    first_s, p50_s, max_s, rate = (told[key] for key in _TIMES)
    assert isinstance(first_s, float)
    assert isinstance(p50_s, float)
    assert isinstance(max_s, float)
    assert isinstance(rate, float)
    assert 0 < p50_s <= max_s < _lasted_s(span)
    assert 0 < first_s < _lasted_s(span)
    assert rate > 1 / _lasted_s(span)


_TIMES = (keys.TIME_TO_FIRST_CHUNK_S, keys.STREAM_GAP_P50_S, keys.STREAM_GAP_MAX_S, keys.STREAM_TOKENS_PER_S)


def _lasted_s(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def _assert_places(spans: CapturedSpans, seen: list[list[str]], *, nested: bool) -> None:
    """Each call is its own pipeline's child, and each side of each yield was inside its own span."""
    traces = {span.context.trace_id for span in spans if span.context}
    assert len(traces) == len(seen)
    parents = {span.context.span_id for span in spans.stage("pipeline") if span.context}
    assert {span.parent.span_id for span in spans.stage("generate") if span.parent} == parents
    for names in seen:
        assert set(names) == ({"chat m", _pipeline_name(spans)} if nested else {"chat m"})


def _pipeline_name(spans: CapturedSpans) -> str:
    return spans.stage("pipeline")[0].name
