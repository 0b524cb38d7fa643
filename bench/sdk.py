"""What tracing adds to one request: ``python bench/sdk.py``.

A request is five functions (pipeline, embed, retrieve, rerank, generate) that pass about 12 kB of text. It
runs bare, with Groundspan's decorators, and with the raw OpenTelemetry SDK around the same functions: once
with the same content serialised and set as attributes by hand, once without content. Each sends to a sink in
a process of its own. Rounds are interleaved; printed is the median time of a request less the bare one's.
"""

import argparse
import asyncio
import inspect
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias, cast

import groundspan as gs
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Tracer

Hit: TypeAlias = dict[str, object]
Stages: TypeAlias = Mapping[str, Callable[..., object]]
Request: TypeAlias = Callable[[str], object]
Attributes: TypeAlias = dict[str, str | int]
Written: TypeAlias = Callable[[object], Attributes]

QUESTION = "What does a deque do when its maximum length is reached and another item is appended? " * 2
HITS: list[Hit] = [
    {
        "id": f"doc-{rank}",
        "score": 0.9 - rank / 20,
        "text": f"Passage {rank}. " + "Once full, a deque drops. " * 38,
    }
    for rank in range(7)
]
ANSWER = "Items at the other end are discarded when a bounded deque is full and new items are added. " * 12
VECTOR = [[0.1] * 384]


# The application, bare.


def embed(text: str) -> list[list[float]]:
    """Give a vector without computing one: only what tracing adds is measured."""
    return VECTOR if text else []


def retrieve(query: str) -> list[Hit]:
    """Give all passages."""
    return HITS if query else []


def rerank(query: str, hits: list[Hit]) -> list[Hit]:
    """Give the first few."""
    return hits[:3] if query else []


def generate(question: str, hits: list[Hit]) -> str:
    """Give the answer."""
    return ANSWER if question and hits else ""


async def embed_async(text: str) -> list[list[float]]:
    """Give a vector."""
    return VECTOR if text else []


async def retrieve_async(query: str) -> list[Hit]:
    """Give all passages."""
    return HITS if query else []


async def rerank_async(query: str, hits: list[Hit]) -> list[Hit]:
    """Give the first few."""
    return hits[:3] if query else []


async def generate_async(question: str, hits: list[Hit]) -> str:
    """Give the answer."""
    return ANSWER if question and hits else ""


SYNC: Stages = {"embed": embed, "retrieve": retrieve, "rerank": rerank, "generate": generate}
ASYNC: Stages = {
    "embed": embed_async,
    "retrieve": retrieve_async,
    "rerank": rerank_async,
    "generate": generate_async,
}


def pipeline(stages: Stages) -> Request:
    """Build the request out of its stages."""

    def answer(question: str) -> object:
        stages["embed"](question)
        hits = stages["rerank"](question, stages["retrieve"](question))
        return stages["generate"](question, hits)

    return answer


def pipeline_async(stages: Stages) -> Request:
    """Build the request out of its async stages."""

    async def answer(question: str) -> object:
        await _awaitable(stages["embed"](question))
        hits = await _awaitable(stages["retrieve"](question))
        hits = await _awaitable(stages["rerank"](question, hits))
        return await _awaitable(stages["generate"](question, hits))

    return answer


def _awaitable(value: object) -> Awaitable[object]:
    return cast("Awaitable[object]", value)


# With Groundspan.


def decorated(stages: Stages) -> Stages:
    """Decorate the stages as a user would."""
    decorators: Mapping[str, Callable[[Callable[..., object]], Callable[..., object]]] = {
        "embed": gs.embed(model="minilm", provider="local"),
        "retrieve": gs.retrieve(top_k=7, data_source="docs"),
        "rerank": gs.rerank(model="cross-encoder"),
        "generate": gs.generate(model="gpt-4o-mini", provider="openai"),
    }
    return {name: decorators[name](stage) for name, stage in stages.items()}


# With the raw OpenTelemetry SDK.


def _messages(role: str, text: object) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def _documents(hits: object) -> str:
    listed = hits if isinstance(hits, list) else []
    return json.dumps([{"id": hit["id"], "score": hit["score"], "content": hit["text"]} for hit in listed])


_BEFORE: Mapping[str, Written] = {
    "pipeline": lambda asked: {"gen_ai.input.messages": _messages("user", asked)},
    "retrieve": lambda asked: {"gen_ai.retrieval.query.text": str(asked)},
    "rerank": lambda asked: {"gen_ai.retrieval.query.text": str(asked)},
    "generate": lambda asked: {"gen_ai.input.messages": _messages("user", asked)},
}
_AFTER: Mapping[str, Written] = {
    "pipeline": lambda said: {"gen_ai.output.messages": _messages("assistant", said)},
    "embed": lambda _: {"groundspan.embeddings.count": 1, "gen_ai.embeddings.dimension.count": 384},
    "retrieve": lambda hits: {"gen_ai.retrieval.documents": _documents(hits)},
    "rerank": lambda hits: {"gen_ai.retrieval.documents": _documents(hits)},
    "generate": lambda said: {"gen_ai.output.messages": _messages("assistant", said)},
}
_FIXED: Mapping[str, Attributes] = {
    "pipeline": {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "answer"},
    "embed": {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.request.model": "minilm",
        "gen_ai.provider.name": "local",
    },
    "retrieve": {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": "docs",
        "gen_ai.retrieval.top_k": 7,
    },
    "rerank": {"gen_ai.operation.name": "rerank", "gen_ai.request.model": "cross-encoder"},
    "generate": {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.provider.name": "openai",
    },
}


def raw(name: str, stage: Callable[..., object], tracer: Tracer, *, content: bool) -> Callable[..., object]:
    """Put a span around a stage as one would by hand."""
    before, after = (_BEFORE.get(name), _AFTER.get(name)) if content else (None, None)

    def call(*args: object) -> object:
        with tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=_FIXED[name]) as span:
            if before is not None:
                span.set_attributes(before(args[0]))
            returned = stage(*args)
            if after is not None:
                span.set_attributes(after(returned))
            return returned

    async def call_async(*args: object) -> object:
        with tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=_FIXED[name]) as span:
            if before is not None:
                span.set_attributes(before(args[0]))
            returned = await _awaitable(stage(*args))
            if after is not None:
                span.set_attributes(after(returned))
            return returned

    return call_async if inspect.iscoroutinefunction(stage) else call


def raw_provider(endpoint: str) -> TracerProvider:
    """Set up the raw SDK as its documentation does."""
    provider = TracerProvider(resource=Resource.create({"service.name": "raw"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", compression=Compression.Gzip)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    return provider


# Measuring.


def variants(stages: Stages, build: Callable[[Stages], Request], tracer: Tracer) -> dict[str, Request]:
    """Build the same request four times."""
    handmade = {name: raw(name, stage, tracer, content=True) for name, stage in stages.items()}
    silent = {name: raw(name, stage, tracer, content=False) for name, stage in stages.items()}
    return {
        "bare": build(stages),
        "groundspan": gs.pipeline(name="answer")(build(decorated(stages))),
        "raw otel with content": raw("pipeline", build(handmade), tracer, content=True),
        "raw otel without content": raw("pipeline", build(silent), tracer, content=False),
    }


def timed(request: Request, requests: int) -> list[int]:
    """Run one round; give the nanoseconds of each request."""
    times: list[int] = []
    for _ in range(requests):
        started = time.perf_counter_ns()
        request(QUESTION)
        times.append(time.perf_counter_ns() - started)
    return times


async def timed_async(request: Request, requests: int) -> list[int]:
    """Run one round on the event loop."""
    times: list[int] = []
    for _ in range(requests):
        started = time.perf_counter_ns()
        await _awaitable(request(QUESTION))
        times.append(time.perf_counter_ns() - started)
    return times


def measured(
    built: Mapping[str, Request], run: Callable[[Request, int], list[int]], rounds: int, requests: int
) -> dict[str, list[int]]:
    """Run all variants in turn, round after round; the first round warms up."""
    times: dict[str, list[int]] = {name: [] for name in built}
    for number in range(rounds + 1):
        for name, request in built.items():
            taken = run(request, requests)
            if number:
                times[name] += taken
    return times


def added_us(times: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Give the median microseconds that each variant adds to a bare request."""
    bare = statistics.median(times["bare"])
    return {name: (statistics.median(each) - bare) / 1000 for name, each in times.items() if name != "bare"}


def show(title: str, times: Mapping[str, Sequence[int]]) -> None:
    """Print one table."""
    added = added_us(times)
    print(f"\n{title}: median µs added to a request (bare: {statistics.median(times['bare']) / 1000:.1f})")
    for name, median in added.items():
        p99 = statistics.quantiles(times[name], n=100)[98] / 1000
        print(f"  {name:26}{median:8.1f}   p99 {p99:8.1f}")
    for other in ("raw otel with content", "raw otel without content"):
        print(f"  groundspan / {other}: {added['groundspan'] / added[other]:.2f}")


class Sink(BaseHTTPRequestHandler):
    """Takes everything and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read the body and say yes."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@contextmanager
def sink() -> Iterator[str]:
    """Run a sink in a process of its own; give its address."""
    command = [sys.executable, __file__, "--sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def serve_sink() -> None:
    """Be the sink."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


def bench(endpoint: str, rounds: int, requests: int) -> None:
    """Measure both kinds of application."""
    gs.init("bench", endpoint=endpoint)
    provider = raw_provider(endpoint)
    tracer = provider.get_tracer("raw")
    show("sync", measured(variants(SYNC, pipeline, tracer), timed, rounds, requests))
    with asyncio.Runner() as runner:

        def run(request: Request, count: int) -> list[int]:
            return runner.run(timed_async(request, count))

        show("async", measured(variants(ASYNC, pipeline_async, tracer), run, rounds, requests))
    gs.shutdown()
    provider.shutdown()


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="What tracing adds to one request.")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--requests", type=int, default=100, help="requests of each kind in a round")
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sink:
        serve_sink()
        return
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.platform()}"
    content = len(QUESTION) * 4 + sum(len(str(hit["text"])) for hit in [*HITS, *HITS[:3]]) + len(ANSWER) * 2
    print(f"{machine}; {options.rounds} rounds of {options.requests} requests, {content} characters in each")
    with sink() as endpoint:
        bench(endpoint, options.rounds, options.requests)


if __name__ == "__main__":
    main()
