"""Streams that a real web server sends: uvicorn, FastAPI, and clients that stay or go."""

import asyncio
import gc
import logging
import socket
import threading
import wsgiref.handlers
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO, StringIO
from typing import Any

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans
from processes import eventually
from sdk_support import attributes, loaded, strict_spans

pytest.importorskip("uvicorn", reason="not part of the plain install")
pytest.importorskip("fastapi", reason="not part of the plain install")

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

WORDS = ("Goods ", "may ", "be ", "returned.")
ANSWER = "".join(WORDS)
# Longer than any test waits; a client that has gone ends it.
FOREVER_S = 600.0


@gs.generate(model="m")
async def words(question: str) -> AsyncIterator[str]:
    """Say it word by word; of an endless answer the first word alone."""
    for word in WORDS:
        yield word
        if question == "endless":
            await asyncio.sleep(FOREVER_S)


@gs.generate(model="m")
def words_sync(question: str) -> Iterator[str]:
    """Say it word by word, and an endless answer for ever."""
    yield WORDS[0]
    while question == "endless":
        yield "and "
    yield from WORDS[1:]


app = FastAPI()


@app.get("/handed-out")
@gs.pipeline
async def handed_out(question: str) -> StreamingResponse:
    """Hand the stream to the response."""
    return StreamingResponse(words(question), media_type="text/plain")


@app.get("/wrapped")
@gs.pipeline
async def wrapped(question: str) -> StreamingResponse:
    """Make events of the stream first."""

    async def events() -> AsyncIterator[str]:
        async for word in words(question):
            yield f"data: {word}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@app.get("/threads")
@gs.pipeline
def threads(question: str) -> StreamingResponse:
    """Hand out a sync stream, each piece of which is made in a thread of a pool."""
    return StreamingResponse(words_sync(question), media_type="text/plain")


@app.get("/by-hand")
def by_hand(question: str) -> StreamingResponse:
    """Open spans by hand around the pieces, which threads make."""

    def pieces() -> Iterator[str]:
        with gs.context(user="u-1"), gs.pipeline.span("by-hand", question=question) as pipeline:
            with gs.generate.span(prompt=question, model="m") as span:
                yield from WORDS
                span.answer(ANSWER)
            pipeline.answer(ANSWER)

    return StreamingResponse(pieces(), media_type="text/plain")


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither OTel nor we have anything to complain of."""
    with caplog.at_level(logging.WARNING):
        yield
    assert [record.getMessage() for record in caplog.records] == []


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Where the application listens."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def _asked(address: tuple[str, int], path: str) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
        yield connection


def _ended(spans: CapturedSpans, count: int = 2) -> dict[str, Mapping[str, Any]]:
    # A sync body that its server dropped ends when Python collects it.
    eventually(lambda: len(spans) >= count or (gc.collect() and False), 10)
    return {str(attributes(span)[keys.STAGE]): attributes(span) for span in spans}


@pytest.mark.parametrize("path", ["handed-out", "wrapped", "threads"])
def test_stream_is_finished_when_the_client_has_read_it(address: tuple[str, int], path: str) -> None:
    """The pipeline lasts as long as its response's body, and the call is its child."""
    with strict_spans() as spans:
        with _asked(address, f"/{path}?question=returns") as connection:
            while connection.recv(4096):
                pass
        told = _ended(spans)

    assert spans[0].parent == spans[1].context
    for stage in ("generate", "pipeline"):
        assert told[stage][keys.STREAM_OUTCOME] == "finished"
        assert told[stage][keys.STREAM_PIECES] == len(WORDS)
    assert [_text(span) for span in spans] == [ANSWER, ANSWER]


@pytest.mark.parametrize("path", ["handed-out", "wrapped", "threads"])
def test_stream_is_disconnected_when_the_client_goes(address: tuple[str, int], path: str) -> None:
    """A server that stops because nobody listens is no consumer that has enough."""
    with strict_spans() as spans:
        with _asked(address, f"/{path}?question=endless") as connection:
            received = b""
            while b"Goods" not in received:
                received += connection.recv(4096)
        told = _ended(spans)

    assert {stage: each[keys.STREAM_OUTCOME] for stage, each in told.items()} == {
        "generate": "disconnected",
        "pipeline": "disconnected",
    }
    assert all(_text(span).startswith("Goods ") for span in spans)
    assert keys.ERROR_TYPE not in told["generate"]


def test_context_is_right_when_every_piece_is_made_in_another_thread(address: tuple[str, int]) -> None:
    """Spans opened by hand in a sync body nest, end, and leave nothing behind."""
    with strict_spans() as spans:
        with _asked(address, "/by-hand?question=returns") as connection:
            while connection.recv(4096):
                pass
        _ended(spans)

    assert [str(attributes(span)[keys.STAGE]) for span in spans] == ["generate", "pipeline"]
    assert spans[0].parent == spans[1].context


def test_stream_is_disconnected_when_a_wsgi_client_goes() -> None:
    """The server closes the body while it handles the broken connection."""

    class Gone(BytesIO):
        def write(self, data: Any) -> int:
            if b"may" in bytes(data):
                raise BrokenPipeError("client is gone")
            return super().write(data)

    def application(_environ: object, start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (word.encode() for word in answer("returns"))

    @gs.pipeline
    def answer(question: str) -> Iterator[str]:
        yield from words_sync(question)

    with strict_spans() as spans:
        output: Any = Gone()
        environ = {"SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "GET"}
        wsgiref.handlers.SimpleHandler(BytesIO(), output, StringIO(), environ, multithread=False).run(application)

    assert [attributes(span)[keys.STREAM_OUTCOME] for span in spans] == ["disconnected", "disconnected"]


def _text(span: Any) -> str:
    return str(loaded(span, keys.OUTPUT_MESSAGES)[0]["parts"][0]["content"])  # type: ignore[index]
