"""PipelineMiddleware: requests of a real server as pipelines."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import groundspan as gs
import pytest
from groundspan import attributes as keys
from groundspan.integrations.fastapi import PipelineMiddleware
from groundspan.testing import CapturedSpans
from opentelemetry.trace import StatusCode
from processes import eventually
from sdk_support import attributes, provider_put_back, strict_spans

pytest.importorskip("httpx", reason="not part of the plain install")
pytest.importorskip("uvicorn", reason="not part of the plain install")
pytest.importorskip("fastapi", reason="not part of the plain install")

import httpx
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from served_app import served

WAIT_S = 10.0


@gs.retrieve
def search(query: str) -> list[str]:
    """Find one chunk."""
    return [query]


def application() -> FastAPI:
    """A service whose functions are not decorated as pipelines."""
    app = FastAPI()
    app.add_middleware(PipelineMiddleware, question=lambda scope: str(scope["query_string"]))

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.get("/ask/{topic}")
    def ask(topic: str) -> list[str]:
        return search(topic)

    @app.get("/broken")
    def broken() -> None:
        raise HTTPException(503, "later")

    @app.get("/raising")
    def raising() -> None:
        raise ValueError("mistake")

    @app.get("/stream")
    def stream(pieces: int) -> StreamingResponse:
        async def body() -> AsyncIterator[str]:
            for piece in range(pieces):
                # A server that has nobody to send to returns at once: others must have their turn.
                await asyncio.sleep(0)
                yield f"{piece} " * 1_000

        return StreamingResponse(body())

    return app


@pytest.fixture
def spans() -> Iterator[CapturedSpans]:
    """Everything that the server does."""
    with provider_put_back(), strict_spans() as captured:
        yield captured


@pytest.fixture
def url(spans: CapturedSpans) -> Iterator[str]:
    """The application on a free port."""
    assert len(spans) == 0
    with served(application()) as address:
        yield address


def test_request_is_the_pipeline_of_what_it_does(spans: CapturedSpans, url: str) -> None:
    """Named by its route, with the retrieve beneath it, in the trace of whoever asked."""
    parent = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}

    assert httpx.get(f"{url}/ask/refunds?q=why", headers=parent).json() == ["refunds"]

    eventually(lambda: len(spans) == 2)
    found, request = spans
    assert request.name == "invoke_workflow /ask/{topic}"
    assert found.parent is not None
    assert request.context is not None
    assert found.parent.span_id == request.context.span_id
    assert f"{request.context.trace_id:x}" == "a" * 32
    told = attributes(request)
    assert (told[keys.WORKFLOW_NAME], told[keys.HTTP_STATUS]) == ("/ask/{topic}", 200)
    assert told[keys.STREAM_OUTCOME] == "finished"
    assert "q=why" in str(told[keys.INPUT_MESSAGES])


def test_health_check_is_no_pipeline(spans: CapturedSpans, url: str) -> None:
    """Nobody wants a thousand of them an hour in a report."""
    assert httpx.get(f"{url}/healthz").status_code == 200

    assert len(spans) == 0


@pytest.mark.parametrize(("path", "kind"), [("broken", "503"), ("raising", "ValueError")])
def test_failed_request_is_an_error(spans: CapturedSpans, url: str, path: str, kind: str) -> None:
    """Whether it was answered with one, or raised."""
    assert httpx.get(f"{url}/{path}").status_code >= 500

    eventually(lambda: len(spans) == 1)
    assert attributes(spans[0])[keys.ERROR_TYPE] == kind
    assert spans[0].status.status_code is StatusCode.ERROR


def test_streamed_response_ends_its_span_at_its_end(spans: CapturedSpans, url: str) -> None:
    """All of the body has been sent by then."""
    assert len(httpx.get(f"{url}/stream?pieces=20").text) == 2_000 * 10 + 3_000 * 10

    eventually(lambda: len(spans) == 1)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "finished"


def test_client_that_leaves_is_told(spans: CapturedSpans, url: str) -> None:
    """In the midst of a body without end."""
    with httpx.stream("GET", f"{url}/stream?pieces=1000000000") as response:
        next(response.iter_bytes())

    eventually(lambda: len(spans) == 1)
    assert attributes(spans[0])[keys.STREAM_OUTCOME] == "disconnected"
