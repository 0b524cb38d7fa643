"""Where each emitter's convention puts what a canonical column holds: the table that normalise.sql is made from.

A dialect is recognised by a mark that only it leaves. The keys of a column are tried in the order in which they stand
here; a key feeds one column only. docs/dialects.md is written from this table: tests/dialects/document.py.
Sources: OpenTelemetry GenAI conventions (v1.36 to the newest names); OpenInference 0.1.42; OpenLLMetry 0.62; the
Langfuse SDK 5.0; Pydantic AI 2.68 and Logfire 5.2; the AI SDK (`ai`) 4 to 7.

A key is the name of a span's attribute, or one of these with a space in it, which no attribute has:
`resource K`, the resource's attribute K; `E K`, the attribute K of the span's event E, the last of several; `K N`, the
number called N, however deep, in the JSON text of the attribute K, if K is one of NUMBERS_IN.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["text", "count", "money", "seconds", "list", "words"]
Name = Literal["groundspan", "gen_ai", "openinference", "openllmetry", "langfuse", "logfire", "vercel", "others"]
"""A dialect that has keys; `others` are those from which few are read."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A convention, and what it is known by."""

    name: str
    marks: tuple[str, ...]
    """A span attribute; the first word of one, with its dot; or `scope S`, an instrumentation scope."""


@dataclass(frozen=True, slots=True)
class Column:
    """A canonical column of `spans`, or a part of one, and the keys it is read from."""

    name: str
    kind: Kind
    keys: Mapping[Name, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    resource: tuple[str, ...] = ()
    """Keys of the resource, read where the span itself has none of the others."""
    part_of: str = ""
    """The canonical column that is computed from this one; empty where this is one itself."""

    @property
    def ordered(self) -> tuple[str, ...]:
        """All keys in the order in which they are tried."""
        of_span = tuple(key for keys in self.keys.values() for key in keys)
        return of_span + tuple(f"resource {key}" for key in self.resource)


DIALECTS: Final = (
    Dialect("groundspan", ("groundspan.stage",)),
    Dialect("openinference", ("openinference.span.kind",)),
    Dialect("langfuse", ("langfuse.", "scope langfuse-sdk")),
    Dialect("logfire", ("logfire.", "pydantic_ai.", "all_messages_events", "scope pydantic-ai")),
    Dialect("vercel", ("ai.", "scope ai")),
    Dialect(
        "openllmetry",
        (
            "traceloop.", "llm.request.type", "gen_ai.is_streaming", "llm.is_streaming", "gen_ai.prompt.0.role",
            "gen_ai.prompt.0.content", "gen_ai.completion.0.content", "gen_ai.completion.0.role",
            "db.vector.query.top_k", "scope opentelemetry.instrumentation.chromadb",
            "scope opentelemetry.instrumentation.pinecone", "scope opentelemetry.instrumentation.qdrant",
            "scope opentelemetry.instrumentation.weaviate", "scope opentelemetry.instrumentation.milvus",
            "scope opentelemetry.instrumentation.lancedb", "scope opentelemetry.instrumentation.marqo",
        ),
    ),
    Dialect("google_adk", ("gcp.vertex.agent.llm_request", "gcp.vertex.agent.session_id")),
    Dialect("gen_ai", ("gen_ai.",)),
    Dialect("mlflow", ("mlflow.spanType", "mlflow.spanInputs")),
    Dialect("genkit", ("genkit:type", "genkit:name")),
    Dialect("livekit", ("lk.",)),
)  # fmt: skip
"""In the order in which their marks are looked for."""

_USAGE: Final = "langfuse.observation.usage_details"
_COST: Final = "langfuse.observation.cost_details"
_PROVIDER_METADATA: Final = "ai.response.providerMetadata"
NUMBERS_IN: Final = (_USAGE, _COST, _PROVIDER_METADATA)
"""Attributes that hold a JSON object of numbers."""

COLUMNS: Final = (
    Column(
        "project",
        "text",
        {"groundspan": ("groundspan.project",)},
        resource=("groundspan.project", "openinference.project.name"),
    ),
    Column("service", "text", {"groundspan": ("service.name",)}, resource=("service.name",)),
    Column(
        "version",
        "text",
        {
            "groundspan": ("service.version",),
            "langfuse": ("langfuse.release", "langfuse.version"),
            "openllmetry": ("traceloop.entity.version",),
        },
        resource=("service.version",),
    ),
    Column(
        "environment",
        "text",
        {
            "gen_ai": ("deployment.environment.name", "deployment.environment"),
            "langfuse": ("langfuse.environment",),
        },
        resource=("deployment.environment.name", "deployment.environment"),
    ),
    Column("groundspan_stage", "text", {"groundspan": ("groundspan.stage",)}, part_of="stage"),
    Column(
        "operation",
        "text",
        {
            "vercel": ("ai.operationId",),
            "gen_ai": ("gen_ai.operation.name",),
            "openinference": ("openinference.span.kind",),
            "langfuse": ("langfuse.observation.type",),
            "openllmetry": ("llm.request.type", "traceloop.span.kind"),
            "others": ("mlflow.spanType", "genkit:metadata:subtype"),
        },
    ),
    Column(
        "provider",
        "text",
        {
            "gen_ai": ("gen_ai.provider.name", "gen_ai.system"),
            "openinference": ("llm.provider", "llm.system"),
            "vercel": ("ai.model.provider",),
        },
    ),
    Column(
        "model",
        "text",
        {
            "gen_ai": ("gen_ai.response.model",),
            "openinference": (
                "llm.response.model_name", "llm.model_name", "embedding.model_name", "reranker.model_name",
            ),
            "langfuse": ("langfuse.observation.model.name",),
            "vercel": ("ai.response.model",),
        },
    ),
    Column(
        "request_model",
        "text",
        {
            "gen_ai": ("gen_ai.request.model",),
            "openinference": ("llm.request.model_name",),
            "vercel": ("ai.model.id",),
        },
    ),
    Column(
        "input_tokens",
        "count",
        {
            "gen_ai": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
            "openinference": ("llm.token_count.prompt",),
            "openllmetry": ("llm.usage.prompt_tokens",),
            "langfuse": (f"{_USAGE} prompt_tokens", f"{_USAGE} input_tokens"),
            "vercel": ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
        },
    ),
    Column("exclusive_input_tokens", "count", {"langfuse": (f"{_USAGE} input",)}, part_of="input_tokens"),
    Column(
        "output_tokens",
        "count",
        {
            "gen_ai": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
            "openinference": ("llm.token_count.completion",),
            "openllmetry": ("llm.usage.completion_tokens",),
            "langfuse": (f"{_USAGE} completion_tokens", f"{_USAGE} output_tokens"),
            "vercel": ("ai.usage.outputTokens", "ai.usage.completionTokens"),
        },
    ),
    Column("exclusive_output_tokens", "count", {"langfuse": (f"{_USAGE} output",)}, part_of="output_tokens"),
    Column(
        "cache_read_tokens",
        "count",
        {
            "gen_ai": (
                "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.input_tokens.cached",
            ),
            "openinference": (
                "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input",
            ),
            "langfuse": (
                f"{_USAGE} cached_tokens", f"{_USAGE} input_cached_tokens", f"{_USAGE} input_cache_read",
                f"{_USAGE} cache_read_input_tokens", f"{_USAGE} input_cache_read_tokens",
            ),
            "logfire": ("gen_ai.usage.details.cache_read_tokens",),
            "vercel": (
                "ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens",
                f"{_PROVIDER_METADATA} cachedPromptTokens", f"{_PROVIDER_METADATA} cacheReadInputTokens",
                f"{_PROVIDER_METADATA} cache_read_input_tokens", f"{_PROVIDER_METADATA} promptCacheHitTokens",
                f"{_PROVIDER_METADATA} cachedContentTokenCount",
            ),
        },
    ),
    Column(
        "cache_write_tokens",
        "count",
        {
            "gen_ai": (
                "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.input_tokens.cache_write",
            ),
            "openinference": ("llm.token_count.prompt_details.cache_write",),
            "langfuse": (
                f"{_USAGE} input_cache_creation", f"{_USAGE} cache_creation_input_tokens",
                f"{_USAGE} input_cache_write", f"{_USAGE} input_cache_creation_tokens",
            ),
            "logfire": ("gen_ai.usage.details.cache_write_tokens",),
            "vercel": (
                "ai.usage.inputTokenDetails.cacheWriteTokens", "ai.usage.cacheCreationInputTokens",
                f"{_PROVIDER_METADATA} cacheCreationInputTokens", f"{_PROVIDER_METADATA} cacheWriteInputTokens",
            ),
        },
    ),
    Column(
        "reasoning_tokens",
        "count",
        {
            "gen_ai": (
                "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
                "gen_ai.usage.output_tokens.reasoning",
            ),
            "openinference": ("llm.token_count.completion_details.reasoning",),
            "langfuse": (f"{_USAGE} output_reasoning_tokens", f"{_USAGE} output_reasoning",
                         f"{_USAGE} reasoning_tokens"),
            "logfire": ("gen_ai.usage.details.reasoning_tokens",),
            "vercel": (
                "ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens",
                f"{_PROVIDER_METADATA} reasoningTokens",
            ),
        },
    ),
    Column("tokens_source", "text", {"groundspan": ("groundspan.tokens.source",)}),
    Column(
        "emitted_cost_usd",
        "money",
        {
            "gen_ai": ("gen_ai.usage.cost",),
            "openinference": ("llm.cost.total",),
            "langfuse": (f"{_COST} total",),
            "logfire": ("operation.cost",),
        },
    ),
    Column(
        "emitted_input_usd",
        "money",
        {"openinference": ("llm.cost.prompt",), "langfuse": (f"{_COST} input",)},
        part_of="emitted_cost_usd",
    ),
    Column(
        "emitted_output_usd",
        "money",
        {"openinference": ("llm.cost.completion",), "langfuse": (f"{_COST} output",)},
        part_of="emitted_cost_usd",
    ),
    Column(
        "time_to_first_token_ns",
        "seconds",
        {
            "gen_ai": ("gen_ai.response.time_to_first_chunk",),
            "logfire": ("gen_ai.client.operation.time_to_first_chunk",),
        },
    ),
    Column(
        "first_chunk_ms",
        "text",
        {"vercel": ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk")},
        part_of="time_to_first_token_ns",
    ),
    Column(
        "first_chunk_at",
        "text",
        {"langfuse": ("langfuse.observation.completion_start_time",)},
        part_of="time_to_first_token_ns",
    ),
    Column(
        "finish_reasons",
        "words",
        {
            "gen_ai": ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason"),
            "openinference": ("llm.finish_reason",),
            "openllmetry": ("gen_ai.completion.0.finish_reason", "llm.response.finish_reason"),
            "langfuse": ("langfuse.observation.metadata.finish_reason",),
            "vercel": ("ai.response.finishReason",),
        },
    ),
    Column("context_span_ids", "list", {"groundspan": ("groundspan.context.span_ids",)}),
    Column("relevant_ids", "list", {"groundspan": ("groundspan.retrieval.relevant_ids",)}),
    Column(
        "top_k",
        "count",
        {
            "gen_ai": ("gen_ai.retrieval.top_k", "gen_ai.request.top_k"),
            "openinference": ("reranker.top_k",),
            "openllmetry": ("db.vector.query.top_k", "db.chroma.query.n_results", "db.milvus.search.limit"),
        },
    ),
    Column(
        "session",
        "text",
        {
            "gen_ai": ("session.id", "gen_ai.conversation.id"),
            "openllmetry": (
                "traceloop.association.properties.session_id", "traceloop.association.properties.chat_id",
            ),
            "langfuse": ("langfuse.session.id",),
            "vercel": ("ai.telemetry.metadata.sessionId", "ai.settings.context.sessionId"),
            "others": ("gcp.vertex.agent.session_id", "mlflow.trace.session"),
        },
    ),
    Column(
        "user",
        "text",
        {
            "gen_ai": ("user.id", "enduser.id"),
            "openllmetry": ("gen_ai.user", "traceloop.association.properties.user_id", "llm.user"),
            "langfuse": ("langfuse.user.id",),
            "vercel": ("ai.telemetry.metadata.userId", "ai.settings.context.userId"),
            "others": ("mlflow.trace.user",),
        },
    ),
    Column("error_type", "text", {"gen_ai": ("error.type", "exception exception.type")}),
    Column(
        "asked",
        "text",
        {
            "gen_ai": ("gen_ai.retrieval.query.text", "gen_ai.memory.query.text", "gen_ai.rerank.query.text"),
            "openinference": ("reranker.query",),
        },
        part_of="query",
    ),
    Column(
        "given",
        "text",
        {
            "gen_ai": (
                "gen_ai.input.messages", "gen_ai.client.inference.operation.details gen_ai.input.messages",
                "gen_ai.content.prompt gen_ai.prompt", "gen_ai.user.message gen_ai.event.content",
                "gen_ai.user.message content", "gen_ai.prompt",
            ),
            "openinference": ("input.value",),
            "langfuse": ("langfuse.observation.input",),
            "logfire": ("pydantic_ai.all_messages", "all_messages_events", "events", "request_data", "prompt"),
            "vercel": ("ai.prompt.messages", "ai.prompt", "ai.value"),
            "openllmetry": ("traceloop.entity.input",),
            "others": (
                "mlflow.spanInputs", "genkit:input", "lk.user_input",
            ),
        },
        part_of="query",
    ),
    Column(
        "result",
        "text",
        {
            "gen_ai": (
                "gen_ai.output.messages", "gen_ai.client.inference.operation.details gen_ai.output.messages",
                "gen_ai.content.completion gen_ai.completion", "gen_ai.choice gen_ai.event.content",
                "gen_ai.choice message", "gen_ai.choice content", "gen_ai.completion",
            ),
            "openinference": ("output.value",),
            "langfuse": ("langfuse.observation.output",),
            "logfire": ("final_result", "response_data"),
            "vercel": ("ai.response.text", "ai.result.text", "ai.response.object", "ai.result.object"),
            "openllmetry": ("traceloop.entity.output",),
            "others": (
                "mlflow.spanOutputs", "genkit:output", "lk.response.text",
            ),
        },
        part_of="output",
    ),
    Column(
        "documents",
        "text",
        {"groundspan": ("groundspan.context.documents",), "gen_ai": ("gen_ai.retrieval.documents",)},
        part_of="chunks",
    ),
)  # fmt: skip

SEGMENT_PREFIXES: Final = (
    "groundspan.segment.", "langfuse.trace.metadata.", "traceloop.association.properties.", "ai.telemetry.metadata.",
    "ai.settings.context.",
)  # fmt: skip
"""What follows one of these in a key is the name of a segment, unless the key feeds a column."""
