"""Where each emitter's convention puts what a canonical column holds: the table that normalise.sql is made from.

A dialect is recognised by a key that only it writes. Keys of a column are tried from left to right, the dialects
in the order groundspan, gen_ai, openinference. A key feeds one column only; that a model which the response did not
name is the one that was asked for is said in normalise.sql.
Sources: OpenTelemetry GenAI conventions (v1.36 to the newest names); OpenInference 0.1.42.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["text", "count", "money", "seconds", "list"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A convention, and the span attribute (or prefix of one, ending in a dot) by which it is known."""

    name: str
    mark: str


@dataclass(frozen=True, slots=True)
class Column:
    """A canonical column of `spans`, and the attribute keys it is read from."""

    name: str
    kind: Kind
    groundspan: tuple[str, ...] = ()
    gen_ai: tuple[str, ...] = ()
    openinference: tuple[str, ...] = ()
    resource: tuple[str, ...] = field(default=())
    """Keys of the resource, read where the span itself has none of the others."""

    @property
    def span_keys(self) -> tuple[str, ...]:
        """The span's keys in the order in which they are tried."""
        return self.groundspan + self.gen_ai + self.openinference


DIALECTS: Final = (
    Dialect("groundspan", "groundspan.stage"),
    Dialect("openinference", "openinference.span.kind"),
    Dialect("gen_ai", "gen_ai."),
)

COLUMNS: Final = (
    Column(
        "project",
        "text",
        groundspan=("groundspan.project",),
        resource=("groundspan.project", "openinference.project.name"),
    ),
    Column("service", "text", groundspan=("service.name",), resource=("service.name",)),
    Column("version", "text", groundspan=("service.version",), resource=("service.version",)),
    Column(
        "environment",
        "text",
        gen_ai=("deployment.environment.name", "deployment.environment"),
        resource=("deployment.environment.name", "deployment.environment"),
    ),
    Column("operation", "text", gen_ai=("gen_ai.operation.name",)),
    Column(
        "provider",
        "text",
        gen_ai=("gen_ai.provider.name", "gen_ai.system"),
        openinference=("llm.provider", "llm.system"),
    ),
    Column(
        "model",
        "text",
        gen_ai=("gen_ai.response.model",),
        openinference=(
            "llm.response.model_name",
            "llm.model_name",
            "embedding.model_name",
            "reranker.model_name",
        ),
    ),
    Column(
        "request_model",
        "text",
        gen_ai=("gen_ai.request.model",),
        openinference=("llm.request.model_name",),
    ),
    Column(
        "input_tokens",
        "count",
        gen_ai=("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        openinference=("llm.token_count.prompt",),
    ),
    Column(
        "output_tokens",
        "count",
        gen_ai=("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        openinference=("llm.token_count.completion",),
    ),
    Column(
        "cache_read_tokens",
        "count",
        gen_ai=("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
        openinference=(
            "llm.token_count.prompt_details.cache_read",
            "llm.token_count.prompt_details.cache_input",
        ),
    ),
    Column(
        "cache_write_tokens",
        "count",
        gen_ai=(
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
        ),
        openinference=("llm.token_count.prompt_details.cache_write",),
    ),
    Column(
        "reasoning_tokens",
        "count",
        gen_ai=("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
        openinference=("llm.token_count.completion_details.reasoning",),
    ),
    Column("tokens_source", "text", groundspan=("groundspan.tokens.source",)),
    Column(
        "emitted_cost_usd",
        "money",
        gen_ai=("gen_ai.usage.cost",),
        openinference=("llm.cost.total",),
    ),
    Column("time_to_first_token_ns", "seconds", gen_ai=("gen_ai.response.time_to_first_chunk",)),
    Column("finish_reasons", "list", gen_ai=("gen_ai.response.finish_reasons",)),
    Column("context_span_ids", "list", groundspan=("groundspan.context.span_ids",)),
    Column("relevant_ids", "list", groundspan=("groundspan.retrieval.relevant_ids",)),
    Column(
        "top_k",
        "count",
        gen_ai=("gen_ai.retrieval.top_k", "gen_ai.request.top_k"),
        openinference=("reranker.top_k",),
    ),
    Column("session", "text", gen_ai=("session.id", "gen_ai.conversation.id")),
    Column("user", "text", gen_ai=("user.id", "enduser.id")),
    Column("error_type", "text", gen_ai=("error.type",)),
)

STAGES: Final = (
    "pipeline", "agent", "chain", "tokenize", "embed", "retrieve", "rerank", "generate", "tool",
    "guardrail", "evaluate", "prompt", "other",
)  # fmt: skip

STAGE_OF_OPERATION: Final = {
    "chat": "generate",
    "generate_content": "generate",
    "text_completion": "generate",
    "embeddings": "embed",
    "retrieval": "retrieve",
    "search_memory": "retrieve",
    "rerank": "rerank",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "invoke_workflow": "pipeline",
}

STAGE_OF_SPAN_KIND: Final = {
    "LLM": "generate",
    "EMBEDDING": "embed",
    "RETRIEVER": "retrieve",
    "RERANKER": "rerank",
    "CHAIN": "chain",
    "AGENT": "agent",
    "TOOL": "tool",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluate",
    "PROMPT": "prompt",
}

DOCUMENTS_JSON: Final = ("gen_ai.retrieval.documents", "groundspan.context.documents")
"""JSON lists of chunks, moved to the `chunks` column; not repeated among the raw attributes."""

DOCUMENTS_FLAT: Final = ("retrieval.documents.", "reranker.output_documents.")
"""Prefixes of OpenInference's numbered keys of chunks; the same holds for them."""

SEGMENT_PREFIX: Final = "groundspan.segment."
