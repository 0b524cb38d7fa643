"""The seven kinds of work: how each one's span is named, what is read of a call and of what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from opentelemetry.trace import SpanKind

from groundspan import _capture as capture
from groundspan import attributes as keys
from groundspan._content import Read
from groundspan._messages import is_message
from groundspan._parameters import Arguments, Keywords, Parameters

Find: TypeAlias = Callable[[tuple[str, ...], Parameters, Arguments, Keywords], object]

# What people call the thing that is asked, most telling first.
_QUESTIONS = (
    "question",
    "query",
    "q",
    "user_query",
    "user_input",
    "messages",
    "prompt",
    "input",
    "text",
    "message",
)
_PROMPTS = ("messages", "prompt", "input", "question", "query", "q", "user_input", "text", "message")
_QUERIES = (
    "query",
    "question",
    "q",
    "query_text",
    "user_query",
    "search",
    "text",
    "prompt",
    "input",
    "messages",
)
_EMBEDDED = ("texts", "text", "inputs", "input", "documents", "sentences", "query", "queries", "content", "contents")
_MODELS = ("model", "model_name")
_STRINGS = frozenset({str})
TOP_KS: Final = ("top_k", "k", "limit", "top_n", "n_results")


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of work."""

    name: str
    span_name: str
    operation: str | None
    kind: SpanKind
    target_key: str | None
    """The attribute that completes the span's name: ``chat {model}``."""
    target_names: tuple[str, ...]
    """Arguments of the call that may give the target where the decorator does not."""
    asks: tuple[str, ...]
    """Names of the argument that is read, most telling first."""
    find: Find | None
    """What of a call is read; None: nothing."""
    read_asked: Read
    """Gives texts alone."""
    read_result: Read
    fetches: bool = False
    """Its result is what a later answer stands on."""
    texts_alone: bool = False
    """Whatever it gives is text, and nothing is counted in it."""


def _asked(names: tuple[str, ...], found: Parameters, args: Arguments, kwargs: Keywords) -> object:
    """Find the question: an argument of a telling name, else the first string."""
    for name in names:
        value = found.get(name, args, kwargs)
        # A list is a conversation or several questions; a list of numbers is a vector, and asks nothing.
        if isinstance(value, str) or (isinstance(value, list | tuple) and value and _says(value[0])):
            return value
        if isinstance(value, Mapping):
            inner = next((value[each] for each in names if isinstance(value.get(each), str)), None)
            if inner is not None:
                return inner
    return next((value for value in (*args, *kwargs.values()) if isinstance(value, str)), None)


def _says(value: object) -> bool:
    return isinstance(value, str) or is_message(value)


def _embedded(names: tuple[str, ...], found: Parameters, args: Arguments, kwargs: Keywords) -> object:
    """Find what is embedded: an argument of a telling name, else the first that is a text or a list of texts."""
    named = (found.get(name, args, kwargs) for name in names)
    return next((texts for value in (*named, *args, *kwargs.values()) if (texts := _texts(value))), None)


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list | tuple) and _STRINGS.issuperset(map(type, value)) else ()


def _named(_names: tuple[str, ...], found: Parameters, args: Arguments, kwargs: Keywords) -> object:
    return found.named(args, kwargs)


_INTERNAL, _CLIENT = SpanKind.INTERNAL, SpanKind.CLIENT

PIPELINE: Final = Stage(
    "pipeline",
    "invoke_workflow",
    "invoke_workflow",
    _INTERNAL,
    keys.WORKFLOW_NAME,
    (),
    _QUESTIONS,
    _asked,
    capture.question,
    capture.said,
)
# No operation of the conventions fits, and its counts are nobody's spend.
TOKENIZE: Final = Stage("tokenize", "tokenize", None, _INTERNAL, None, (), (), None, capture.nothing, capture.tokenized)
EMBED: Final = Stage(
    "embed",
    "embeddings",
    "embeddings",
    _CLIENT,
    keys.REQUEST_MODEL,
    _MODELS,
    _EMBEDDED,
    _embedded,
    capture.nothing,
    capture.embedded,
)
RETRIEVE: Final = Stage(
    "retrieve",
    "retrieval",
    "retrieval",
    _CLIENT,
    keys.DATA_SOURCE,
    ("data_source", "collection_name"),
    _QUERIES,
    _asked,
    capture.query,
    capture.retrieved,
    fetches=True,
)
RERANK: Final = Stage(
    "rerank",
    "rerank",
    "rerank",
    _CLIENT,
    keys.REQUEST_MODEL,
    _MODELS,
    _QUERIES,
    _asked,
    capture.query,
    capture.retrieved,
    fetches=True,
)
GENERATE: Final = Stage(
    "generate",
    "chat",
    "chat",
    _CLIENT,
    keys.REQUEST_MODEL,
    _MODELS,
    _PROMPTS,
    _asked,
    capture.question,
    capture.generated,
)
TOOL: Final = Stage(
    "tool",
    "execute_tool",
    "execute_tool",
    _INTERNAL,
    keys.TOOL_NAME,
    (),
    (),
    _named,
    capture.called,
    capture.tool_result,
    texts_alone=True,
)
