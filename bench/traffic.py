"""OTLP requests like those of a RAG application: traces of five spans, about 2 kB a span. Seeded."""

import json
import random
from collections.abc import Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

Value = str | int | float | list[str]

SPANS_PER_TRACE = 5
RUN = b"\x00" * 8
"""The first half of every trace id; replace it in a request's bytes to get the same request about new traces."""

_SENTENCE = (
    "retrieval returns passages that an answer should stand on and every claim is compared with the passage it "
    "came from while tokens latency and money are counted for each stage of a request so that a careless version "
    "of the application is seen before its users notice the difference between what was said and what was found"
)
_WORDS = _SENTENCE.split()


def value(content: Value) -> AnyValue:
    """*content* as OTLP carries it."""
    match content:
        case str():
            return AnyValue(string_value=content)
        case int():
            return AnyValue(int_value=content)
        case float():
            return AnyValue(double_value=content)
        case list():
            return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=item) for item in content]))


def pairs(attributes: Mapping[str, Value]) -> list[KeyValue]:
    """*attributes* as OTLP carries them."""
    return [KeyValue(key=key, value=value(content)) for key, content in attributes.items()]


def messages(role: str, text: str) -> str:
    """One message, in the JSON of the GenAI conventions."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def request(spans: int, seed: int, start_ns: int) -> ExportTraceServiceRequest:
    """*spans* spans, whole traces, that began at *start_ns*."""
    rnd = random.Random(seed)
    documents = [" ".join(rnd.choices(_WORDS, k=70)) for _ in range(200)]
    out = ExportTraceServiceRequest()
    resource = out.resource_spans.add()
    resource.resource.attributes.extend(
        pairs({"service.name": "bench", "service.version": "1", "groundspan.project": "bench"})
    )
    scope = resource.scope_spans.add()
    scope.scope.name = "groundspan"
    for _ in range(spans // SPANS_PER_TRACE):
        _add_trace(scope, rnd, documents, start_ns)
    return out


def _add_trace(scope: ScopeSpans, rnd: random.Random, documents: list[str], start_ns: int) -> None:
    trace_id, root_id, rerank_id = RUN + rnd.randbytes(8), rnd.randbytes(8), rnd.randbytes(8)
    chosen = rnd.sample(documents, 5)
    question = f"what is known about {' '.join(rnd.choices(_WORDS, k=6))}?"
    answer = ". ".join(document[:120] for document in chosen[:3])
    chunks = json.dumps(
        [{"id": f"d{n}", "score": 0.9 - n / 10, "content": text, "metadata": {"source": "a.md"}}
         for n, text in enumerate(chosen)]
    )  # fmt: skip
    stages: list[tuple[str, str, bytes, bytes, dict[str, Value]]] = [
        ("embed", "embeddings", rnd.randbytes(8), root_id, {
            "gen_ai.provider.name": "openai", "gen_ai.request.model": "text-embedding-3-small",
            "gen_ai.usage.input_tokens": 12, "gen_ai.embeddings.dimension.count": 384}),
        ("retrieve", "retrieval", rnd.randbytes(8), root_id, {
            "gen_ai.retrieval.query.text": question, "gen_ai.retrieval.documents": chunks}),
        ("rerank", "rerank", rerank_id, root_id, {
            "gen_ai.retrieval.query.text": question, "gen_ai.retrieval.documents": chunks}),
        ("generate", "chat", rnd.randbytes(8), root_id, {
            "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": rnd.randint(800, 1000), "gen_ai.usage.output_tokens": 80,
            "gen_ai.input.messages": messages("user", question + "\n".join(chosen)),
            "gen_ai.output.messages": messages("assistant", answer),
            "groundspan.context.span_ids": [rerank_id.hex()]}),
        ("pipeline", "invoke_workflow", root_id, b"", {
            "gen_ai.workflow.name": "qa", "gen_ai.input.messages": messages("user", question),
            "gen_ai.output.messages": messages("assistant", answer)}),
    ]  # fmt: skip
    for number, (stage, operation, span_id, parent_id, attributes) in enumerate(stages):
        begin_ns = start_ns if stage == "pipeline" else start_ns + number * 10_000_000
        span = scope.spans.add(trace_id=trace_id, span_id=span_id, parent_span_id=parent_id, name=operation, kind=1)
        span.start_time_unix_nano, span.end_time_unix_nano = begin_ns, begin_ns + 10_000_000
        common: dict[str, Value] = {
            "groundspan.stage": stage, "gen_ai.operation.name": operation,
            "session.id": f"s{rnd.randrange(1000)}", "user.id": f"u{rnd.randrange(100)}",
            "groundspan.segment.region": rnd.choice(["eu", "us"]),
        }  # fmt: skip
        span.attributes.extend(pairs(common | attributes))
