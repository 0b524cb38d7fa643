"""Groundspan: decorators that trace a RAG application with OpenTelemetry.

>>> import groundspan as gs
>>> gs.init(service_name="docs-bot")
"""

from groundspan._context import context
from groundspan._decorators import embed, generate, pipeline, rerank, retrieve, tokenize, tool
from groundspan._feedback import feedback, relevant, trace_id
from groundspan._hops import carry, continued, headers
from groundspan._setup import flush, init, shutdown
from groundspan._span import StageSpan
from groundspan.errors import ConfigError
from groundspan.integrations import instrument

__all__ = [
    "ConfigError",
    "StageSpan",
    "carry",
    "context",
    "continued",
    "embed",
    "feedback",
    "flush",
    "generate",
    "headers",
    "init",
    "instrument",
    "pipeline",
    "relevant",
    "rerank",
    "retrieve",
    "shutdown",
    "tokenize",
    "tool",
    "trace_id",
]
