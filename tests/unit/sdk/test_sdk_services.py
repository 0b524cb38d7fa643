"""Two services, one trace: a generation service asks a retrieval service over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import groundspan as gs
import pytest
import requests
from groundspan.testing import CapturedSpans
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from processes import eventually
from sdk_support import provider_put_back, strict_spans

pytest.importorskip("httpx", reason="not part of the plain install")
pytest.importorskip("uvicorn", reason="not part of the plain install")
pytest.importorskip("fastapi", reason="not part of the plain install")

import httpx
from fastapi import FastAPI, Request
from served_app import served

pytestmark = pytest.mark.usefixtures("no_provider")

Ask: TypeAlias = Callable[[str], list[str]]
WAIT_S = 10.0
PACKAGES = ("fastapi", "httpx", "requests")


@pytest.fixture
def no_provider() -> Iterator[None]:
    """FastAPI traces itself where a provider is set, as another test may have done."""
    with provider_put_back():
        yield


@gs.retrieve
def search(query: str) -> list[str]:
    """Find one chunk."""
    return [query]


def retrieval_service() -> FastAPI:
    """A service that continues the trace by itself."""
    app = FastAPI()

    @app.get("/search")
    def find(request: Request, query: str) -> list[str]:
        with gs.continued(request.headers):
            return search(query)

    return app


def with_httpx(url: str) -> list[str]:
    """Ask with httpx."""
    found: list[str] = httpx.get(url, headers=gs.headers(), timeout=WAIT_S).json()
    return found


def with_requests(url: str) -> list[str]:
    """Ask with requests."""
    found: list[str] = requests.get(url, headers=gs.headers(), timeout=WAIT_S).json()
    return found


def with_httpx_alone(url: str) -> list[str]:
    """Ask with httpx, saying nothing of the trace."""
    found: list[str] = httpx.get(url, timeout=WAIT_S).json()
    return found


def with_requests_alone(url: str) -> list[str]:
    """Ask with requests, saying nothing of the trace."""
    found: list[str] = requests.get(url, timeout=WAIT_S).json()
    return found


def answered(ask: Ask, app: FastAPI) -> CapturedSpans:
    """Run a pipeline that asks *app*; give the spans of both."""

    @gs.pipeline
    def answer(question: str) -> list[str]:
        return ask(f"{url}/search?query={question}")

    with strict_spans() as spans, served(app) as url:
        assert answer("refunds") == ["refunds"]
    return spans


@pytest.mark.parametrize("ask", [with_httpx, with_requests])
def test_services_share_a_trace_when_headers_are_handed_over(ask: Ask) -> None:
    """gs.headers() on one side, gs.continued() on the other: the search is the pipeline's child."""
    spans = answered(ask, retrieval_service())

    (found,) = spans.stage("retrieve")
    assert lineage(found, spans) == ["retrieval", "invoke_workflow answer"]
    assert found.parent
    assert found.parent.is_remote


@contextmanager
def instrumented(provider: trace.TracerProvider, app: FastAPI) -> Iterator[None]:
    """Instrument the clients and *app* as OTel's own packages do it."""
    packages = {name: pytest.importorskip(f"opentelemetry.instrumentation.{name}") for name in PACKAGES}
    server = packages["fastapi"].FastAPIInstrumentor
    clients = packages["httpx"].HTTPXClientInstrumentor(), packages["requests"].RequestsInstrumentor()
    for client in clients:
        client.instrument(tracer_provider=provider)
    server.instrument_app(app, tracer_provider=provider)
    try:
        yield
    finally:
        server.uninstrument_app(app)
        for client in clients:
            client.uninstrument()


@pytest.mark.parametrize("ask", [with_httpx_alone, with_requests_alone])
def test_services_share_a_trace_when_both_are_instrumented(ask: Ask) -> None:
    """Nothing is handed over by hand: pipeline > client's span > server's span > search."""
    app = retrieval_service()
    with strict_spans() as ours:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(ours)
        with instrumented(provider, app), served(app) as url, gs.pipeline.span():
            assert ask(f"{url}/search?query=refunds") == ["refunds"]
        expected = ["retrieval", "GET /search", "GET", "invoke_workflow pipeline"]
        # Not the only ones: the server's instrumentation makes some for what it sends.
        eventually(lambda: set(expected) <= {span.name for span in ours})

    assert lineage(ours.stage("retrieve")[0], ours) == expected


def lineage(span: ReadableSpan, spans: CapturedSpans) -> list[str]:
    """Give the names from *span* up to the root."""
    by_id = {context.span_id: each for each in spans if (context := each.get_span_context())}
    names = [span.name]
    while span.parent:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names
