"""The words by which emitters say what a span does -> the stages of a pipeline. Words of all dialects in one table."""

from typing import Final

STAGES: Final = (
    "pipeline", "agent", "chain", "tokenize", "embed", "retrieve", "rerank", "generate", "tool",
    "guardrail", "evaluate", "prompt", "other",
)  # fmt: skip

_GEN_AI = {
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
_OPENINFERENCE = {
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
_OPENLLMETRY = {
    "completion": "generate",
    "embedding": "embed",
    "workflow": "pipeline",
    "task": "chain",
}
# A span of Langfuse's is a function somebody decorated: the outermost gives the answer.
_LANGFUSE = {
    "generation": "generate",
    "retriever": "retrieve",
    "evaluator": "evaluate",
    "span": "chain",
    "event": "other",
}
# From 7 on the AI SDK speaks gen_ai, but for a model call with the tools that it asks for.
_AI_SDK = {"ai.toolCall": "tool", "ai.rerank": "chain", "ai.rerank.doRerank": "rerank", "agent_step": "chain"}
# Of each pair the outer one repeats the usage of the inner one: it is a chain, and no call.
for _function, _inner in (
    ("generateText", "doGenerate"), ("generateObject", "doGenerate"), ("streamText", "doStream"),
    ("streamObject", "doStream"), ("embed", "doEmbed"), ("embedMany", "doEmbed"),
):  # fmt: skip
    _AI_SDK[f"ai.{_function}"] = "chain"
    _AI_SDK[f"ai.{_function}.{_inner}"] = "embed" if _inner == "doEmbed" else "generate"
_OTHERS = {"CHAT_MODEL": "generate", "model": "generate", "flow": "pipeline", "embedder": "embed"}

STAGE_OF: Final = (
    {stage: stage for stage in STAGES} | _GEN_AI | _OPENINFERENCE | _OPENLLMETRY | _LANGFUSE | _AI_SDK | _OTHERS
)
"""Word -> stage; no two dialects mean different stages by one word."""

CALL_TO_BE: Final = "._prepare_chat_with_tools"
"""The end of the name of a span that LlamaIndex takes for a model call: it only puts one together."""

OBJECT_IN_PYTHON: Final = r"^([A-Z]\w*\(\w+=|<generator object)"
"""What LlamaIndex gives for the result of an agent or a stream is an object, written out: no text to judge."""

VECTOR_STORES: Final = ("chroma", "pinecone", "qdrant", "weaviate", "milvus", "lancedb", "marqo")
"""Values of `db.system`, in small letters, whose queries are retrievals."""

DOCUMENTS_FLAT: Final = ("retrieval.documents.", "reranker.output_documents.")
"""Prefixes of OpenInference's numbered keys of chunks."""

RESULT_IS_DOCUMENTS: Final = ("langfuse", "openllmetry", "mlflow")
"""Dialects that have no place for chunks: what a retriever gave back are its chunks."""

DOCUMENTS_JSON: Final = ("gen_ai.retrieval.documents", "groundspan.context.documents", "langfuse.observation.output",
                         "traceloop.entity.output", "mlflow.spanOutputs")  # fmt: skip
"""JSON lists of chunks. Like DOCUMENTS_FLAT, they are moved to `chunks` and do not stay among the raw attributes."""

FIRST_TOKEN_EVENTS: Final = ("First Token Stream Event", "gen_ai.content.completion.chunk")
"""Events of which the first one tells when the first token came."""
