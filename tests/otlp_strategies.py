"""Attribute values and requests of any shape."""

from typing import cast

import otlp
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

KEYS = (
    "groundspan.stage", "gen_ai.operation.name", "openinference.span.kind", "gen_ai.input.messages",
    "gen_ai.output.messages", "gen_ai.retrieval.documents", "groundspan.context.documents", "gen_ai.usage.input_tokens",
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cost", "gen_ai.response.finish_reasons", "metadata",
    "gen_ai.response.time_to_first_chunk", "gen_ai.retrieval.top_k", "groundspan.context.span_ids", "input.value",
    "retrieval.documents.0.document.content", "retrieval.documents.x.document.id", "retrieval.documents.",
    "retrieval.documents.99999999999.document.score", "retrieval.documents.0.document.metadata",
    "llm.input_messages.0.message.role", "llm.input_messages.-1.message.contents.0", "llm.output_messages.0.message",
    "groundspan.segment.", "groundspan.segment.a", "groundspan.project", "service.version",
)  # fmt: skip

texts = st.text(st.characters(codec="utf-8"), max_size=12)
jsonish = st.sampled_from(
    ["[", "[{}]", '[{"role":"user","parts":[{}]}]', '[{"content":"a"}]', '["a"]', "{}", "null", "nan", "-1", "1e999"]
)
words = st.sampled_from(["generate", "retrieve", "chat", "LLM", "RETRIEVER", "user", "text"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    texts,
    jsonish,
    words,
    st.binary(max_size=8),
)
values: st.SearchStrategy[otlp.Value] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
attributes: st.SearchStrategy[dict[str, otlp.Value]] = st.dictionaries(
    st.one_of(st.sampled_from(KEYS), texts), values, max_size=12
)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """A span with valid ids and times, and anything else."""
    span = otlp.span(
        draw(attributes),
        name=draw(texts),
        parent=draw(st.binary(max_size=9)),
        start_ns=draw(st.integers(0, 2**63 - 1)),
        duration_ns=0,
    )
    span.end_time_unix_nano = draw(st.integers(0, 2**63 - 1))
    span.kind = cast("Span.SpanKind.ValueType", draw(st.integers(-(2**31), 2**31 - 1)))
    span.status.code = cast("Status.StatusCode.ValueType", draw(st.integers(-(2**31), 2**31 - 1)))
    event = span.events.add(name=draw(texts), time_unix_nano=draw(st.integers(0, 2**64 - 1)))
    event.attributes.extend(otlp.key_values(draw(attributes)))
    span.attributes.extend(otlp.key_values(draw(attributes)))
    span.links.add(trace_id=draw(st.binary(max_size=20)), span_id=draw(st.binary(max_size=9)))
    return span
