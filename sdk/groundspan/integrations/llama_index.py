"""LlamaIndex: models, embeddings, retrievers, rerankers, tools and engines, by its instrumentation handlers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._guard import attempt
from groundspan._parameters import Keywords
from groundspan._shapes import first, get, items, text
from groundspan._stages import EMBED, GENERATE, PIPELINE, RETRIEVE, TOOL, Stage
from groundspan._text import clean, integer
from groundspan.integrations._calls import Request, Undo
from groundspan.integrations._llama_index_answers import answered, returned, spoken, told
from groundspan.integrations._requests import settings

LIBRARY: Final = "llama_index.core"

_CORE: Final = f"{LIBRARY}."
# What LlamaIndex calls a span: Class.method-, and a UUID of this length.
_ID_CHARS: Final = 37
_SETTINGS: Final = ("temperature", "top_p", "max_completion_tokens", "max_tokens", "max_output_tokens")
_TOP_KS: Final = ("similarity_top_k", "top_k")
_ASKED: Final = ("str_or_query_bundle", "message", "user_msg")
_EMBEDDED: Final = ("query", "text", "texts")
_UNKNOWN: Final = "unknown"
_INTEGRATIONS: Final = ("llama_index.llms.", "llama_index.embeddings.")
# Packages of LlamaIndex's that are called otherwise than the conventions call the provider.
_PROVIDERS: Final = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "mistralai": "mistral_ai",
    "openai_like": "openai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}


def instrument() -> Undo:
    """Add handlers to LlamaIndex's root dispatcher."""
    from groundspan.integrations._llama_index_handler import added

    return added()


@dataclass(frozen=True, slots=True)
class Work:
    """A method of LlamaIndex that is one stage."""

    stage: Stage
    read: Callable[[object, Keywords], Request]
    """The object that it is a method of and a call's arguments by name -> what they say."""
    told: Callable[[object], object] = lambda result: result
    """What the call gave -> what is read of it."""


def work_of(span_id: str, instance: object) -> Work | None:
    """Tell which work a span of LlamaIndex's is; None where it makes no span of ours."""
    return None if instance is None else _work_of(_bases(instance), method_of(span_id))


def method_of(span_id: str) -> str:
    """Give the name of the method that a span of LlamaIndex's is a call of."""
    return span_id[:-_ID_CHARS].rpartition(".")[2]


def _bases(instance: object) -> tuple[type, ...]:
    return type(instance).__mro__


@lru_cache(maxsize=1024)
def _work_of(bases: tuple[type, ...], method: str) -> Work | None:
    for each in bases:
        found = _WORK.get(each.__name__, {}).get(method)
        if found is not None and each.__module__.startswith(_CORE):
            return found
    return None


def by_name(arguments: Mapping[str, object]) -> dict[str, object]:
    """Give bound arguments by name; those of LlamaIndex's wrappers are in ``args`` and ``kwargs``."""
    named = {name: value for name, value in arguments.items() if name != "kwargs"}
    more = arguments.get("kwargs")
    return named | dict(more) if isinstance(more, Mapping) else named


def chat(model: object, given: Keywords) -> Request:
    """Read the messages that a model is sent."""
    messages = [spoken(message) for message in items(given.get("messages")) or ()]
    return Request(_model_settings(model, given), {"messages": messages})


def completion(model: object, given: Keywords) -> Request:
    """Read the prompt that a model is to complete."""
    prompt = next(iter(items(given.get("args")) or ()), given.get("prompt"))
    return Request(_model_settings(model, given), {"prompt": prompt} if isinstance(prompt, str) else {})


def embedding(model: object, given: Keywords) -> Request:
    """Read which model embeds what."""
    asked = first(given, _EMBEDDED)
    return Request(_named(model), {} if asked is None else {"texts": asked})


def retrieval(retriever: object, given: Keywords) -> Request:
    """Read the query, and how many chunks are wanted."""
    top_k = integer(first(retriever, _TOP_KS))
    query = _question(given)
    return Request({} if top_k is None else {keys.TOP_K: top_k}, {} if query is None else {"query": query})


def reranking(event: object) -> Request:
    """Read the event that a reranker starts with."""
    attributes: dict[str, Value] = {}
    model, top_n, query = text(event, ("model_name",)), integer(get(event, "top_n")), get(event, "query")
    if model is not None:
        attributes[keys.REQUEST_MODEL] = clean(model)
    if top_n is not None:
        attributes[keys.TOP_K] = top_n
    asked = query if isinstance(query, str) else text(query, ("query_str",))
    return Request(attributes, {} if asked is None else {"query": asked})


def engine(asked: object, given: Keywords) -> Request:
    """Read the question that an engine or an agent is asked."""
    question = _question(given)
    named: dict[str, Value] = {keys.WORKFLOW_NAME: type(asked).__name__}
    return Request(named, {} if question is None else {"question": question})


def tool_call(tool: object, given: Keywords) -> Request:
    """Read a tool's name and arguments."""
    asked = {key: value for key, value in given.items() if key != "args" or value}
    return Request({keys.TOOL_NAME: clean(tool_name(tool))}, asked)


def tool_name(tool: object) -> str:
    """Give the name that a model calls a tool by."""
    return text(get(tool, "metadata"), ("name",)) or type(tool).__name__


def _question(given: Keywords) -> str | None:
    asked = first({**_fields(given.get("start_event")), **given}, _ASKED)
    return asked if isinstance(asked, str) else text(asked, ("query_str", "content"))


def _fields(event: object) -> dict[str, object]:
    """Give what an agent's run starts with."""
    return {} if event is None else {name: get(event, name) for name in _ASKED}


def _model_settings(model: object, given: Keywords) -> dict[str, Value]:
    told = {name: given.get(name, get(model, name)) for name in _SETTINGS}
    return {**settings(told), **_named(model)}


def _named(model: object) -> dict[str, Value]:
    """Name a model, and who provides it as far as the package that it is of says so."""
    named: dict[str, Value] = {}
    name = text(model, ("model", "model_name", "model_id")) or attempt(_metadata_name, model, None)
    if name and name != _UNKNOWN:
        named[keys.REQUEST_MODEL] = clean(name)
    provider = _provider(_bases(model))
    if provider is not None:
        named[keys.PROVIDER] = provider
    return named


def _metadata_name(model: object) -> str | None:
    return text(get(model, "metadata"), ("model_name",))


@lru_cache(maxsize=1024)
def _provider(bases: tuple[type, ...]) -> str | None:
    for each in bases:
        for start in _INTEGRATIONS:
            if each.__module__.startswith(start):
                package = each.__module__.removeprefix(start).partition(".")[0]
                return _PROVIDERS.get(package, package)
    return None


_CHAT: Final = ("chat", "achat", "stream_chat", "astream_chat")
_COMPLETE: Final = ("complete", "acomplete", "stream_complete", "astream_complete")
_EMBED: Final = tuple(
    f"{way}get_{what}" for way in ("", "a") for what in ("query_embedding", "text_embedding", "text_embedding_batch")
)
_ENGINE: Final = Work(PIPELINE, engine, answered)
# A class of the core -> its methods, whichever class overrides them.
_WORK: Final[Mapping[str, Mapping[str, Work]]] = {
    "BaseLLM": dict.fromkeys(_CHAT, Work(GENERATE, chat, told))
    | dict.fromkeys(_COMPLETE, Work(GENERATE, completion, told)),
    "BaseEmbedding": dict.fromkeys(_EMBED, Work(EMBED, embedding)),
    "BaseRetriever": dict.fromkeys(("retrieve", "aretrieve"), Work(RETRIEVE, retrieval)),
    "BaseTool": dict.fromkeys(("__call__", "call", "acall"), Work(TOOL, tool_call, returned)),
    "BaseQueryEngine": dict.fromkeys(("query", "aquery"), _ENGINE),
    "BaseChatEngine": dict.fromkeys(_CHAT, _ENGINE),
    "BaseWorkflowAgent": {"run": _ENGINE},
    "AgentWorkflow": {"run": _ENGINE},
}
