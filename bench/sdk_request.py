"""The request that bench/sdk.py times: five functions that pass about 12 kB of text, bare and traced.

Bare, with Groundspan's decorators as a user would write them, and with the raw OpenTelemetry SDK by hand: once with
the same content serialised and set as attributes, once without content.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias, cast

import groundspan as gs
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
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

QUEUE_SPANS = 200_000


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


def retrieve_fresh(query: str) -> list[Hit]:
    """Give passages that are held by nobody else, as a store's client does: what waits costs its own memory."""
    return [{**hit, "text": f"{hit['text']}{query[:8]}"} for hit in HITS]


def generate_fresh(question: str, hits: list[Hit]) -> str:
    """Give an answer that is held by nobody else."""
    return f"{ANSWER}{question[:8]}" if hits else ""


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
FRESH: Stages = {**SYNC, "retrieve": retrieve_fresh, "generate": generate_fresh}
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
        await awaitable(stages["embed"](question))
        hits = await awaitable(stages["retrieve"](question))
        hits = await awaitable(stages["rerank"](question, hits))
        return await awaitable(stages["generate"](question, hits))

    return answer


def awaitable(value: object) -> Awaitable[object]:
    """Say that what an async stage gave can be awaited."""
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
            returned = await awaitable(stage(*args))
            if after is not None:
                span.set_attributes(after(returned))
            return returned

    return call_async if inspect.iscoroutinefunction(stage) else call


def raw_provider(endpoint: str, sampler: Sampler = ALWAYS_ON) -> TracerProvider:
    """Set up the raw SDK as its documentation does, but with a queue that a loop of requests cannot fill.

    One that is full costs a line in the log for each span, and it is not that which we compare with.
    """
    provider = TracerProvider(sampler=sampler, resource=Resource.create({"service.name": "raw"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", compression=Compression.Gzip)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000, max_queue_size=QUEUE_SPANS))
    return provider


def traced(stages: Stages, build: Callable[[Stages], Request]) -> Request:
    """Build the request with Groundspan's decorators."""
    return gs.pipeline(name="answer")(build(decorated(stages)))


def by_hand(stages: Stages, build: Callable[[Stages], Request], tracer: Tracer, *, content: bool) -> Request:
    """Build the request with spans of the raw SDK."""
    handmade = {name: raw(name, stage, tracer, content=content) for name, stage in stages.items()}
    return raw("pipeline", build(handmade), tracer, content=content)
