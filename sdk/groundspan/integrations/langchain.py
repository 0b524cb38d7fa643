"""LangChain: chains, models, retrievers and tools, by a callback handler that every run has."""

from collections.abc import Mapping
from typing import Final

from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._messages import is_message
from groundspan._parameters import Keywords
from groundspan._shapes import first, get, items, text
from groundspan._text import clean
from groundspan.integrations._calls import Request, Undo
from groundspan.integrations._requests import settings

LIBRARY: Final = "langchain_core"

# LangChain's names of those whom the conventions name otherwise.
_PROVIDERS: Final = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "xai": "x_ai",
}
_QUESTIONS: Final = ("question", "query", "input")
_ANSWERS: Final = ("answer", "output", "result", "response", "text", "content")
_IDS: Final = ("_id", "id", "chunk_id", "doc_id")
_SCORES: Final = ("score", "relevance_score", "similarity", "_score")
_USAGES: Final = ("token_usage", "usage")
# Ids that LangChain makes itself, where the provider gives none.
_OWN_IDS: Final = ("run-", "lc_run-")


def instrument() -> Undo:
    """Trace LangChain's runs."""
    from groundspan.integrations._langchain_handler import switched_on

    return switched_on()


def model(kwargs: Keywords, prompt: Mapping[str, object]) -> Request:
    """Read how a model is asked: what it is called with, and what LangChain tells of it to everybody."""
    told, metadata = kwargs.get("invocation_params"), kwargs.get("metadata")
    asked = {**told} if isinstance(told, Mapping) else {}
    for name, key in (("model", "ls_model_name"), ("temperature", "ls_temperature"), ("max_tokens", "ls_max_tokens")):
        known = get(metadata, key)
        if known is not None:
            asked[name] = known
    if not isinstance(asked.get("model"), str):
        asked["model"] = text(asked, ("model_name", "model_id", "deployment_name"))
    attributes: dict[str, Value] = {**settings(asked)}
    named = provider(metadata)
    if named:
        attributes[keys.PROVIDER] = clean(named)
    return Request(attributes, prompt)


def provider(metadata: object) -> str:
    """Name who provides a model, as the conventions do."""
    named = text(metadata, ("ls_provider",)) or ""
    return _PROVIDERS.get(named, named)


def answered(result: object) -> object:
    """Give what a model said as a chat response: all its candidates, and who said it at what cost."""
    candidates = items(first_of(get(result, "generations"))) or ()
    if not candidates:
        return None
    said, output = get(candidates[0], "message"), get(result, "llm_output")
    about = get(said, "response_metadata") or get(candidates[0], "generation_info")
    usages = (
        get(said, "usage_metadata"),
        *(get(source, name) for source in (about, output) for name in _USAGES),
    )
    identity = text(about, ("id",)) or text(said, ("id",)) or ""
    return {
        "choices": [_choice(each) for each in candidates],
        "model": text(about, ("model_name", "model")) or text(output, ("model_name", "model")),
        "id": None if not identity or identity.startswith(_OWN_IDS) else identity,
        "usage": next((usage for usage in usages if usage), None),
    }


def came(result: object) -> object:
    """Give what came of a stream before it broke; None where nothing did."""
    candidate = first_of(first_of(get(result, "generations")))
    said = get(candidate, "message")
    if get(said, "content") or get(said, "tool_calls") or (said is None and text(candidate, ("text",))):
        return answered({"generations": [[candidate]], "llm_output": get(result, "llm_output")})
    return None


def _choice(candidate: object) -> dict[str, object]:
    said, info = get(candidate, "message"), get(candidate, "generation_info")
    about = get(said, "response_metadata")
    reasons = ("finish_reason", "stop_reason", "done_reason")
    choice: dict[str, object] = {"finish_reason": text(about, reasons) or text(info, reasons)}
    return choice | ({"text": text(candidate, ("text",))} if said is None else {"message": said})


def retriever(name: str | None, query: object) -> Request:
    """Read who is asked what."""
    attributes: dict[str, Value] = {keys.DATA_SOURCE: clean(name)} if name else {}
    return Request(attributes, {"query": query} if isinstance(query, str) else {})


def chunks(documents: object) -> list[dict[str, object]]:
    """Give documents as chunks; a score, and often the id, is in the metadata."""
    return [_chunk(document) for document in items(documents) or ()]


def _chunk(document: object) -> dict[str, object]:
    metadata = get(document, "metadata")
    chunk = {
        "content": text(document, ("page_content",)) or "",
        "id": get(document, "id") or first(metadata, _IDS),
        "score": first(metadata, _SCORES),
        "metadata": metadata,
    }
    return {name: value for name, value in chunk.items() if value is not None}


def tool(name: str | None, arguments: object, line: object) -> Request:
    """Read what a tool is called with: by name, or one text."""
    attributes: dict[str, Value] = {keys.TOOL_NAME: clean(name)} if name else {}
    return Request(attributes, {**arguments} if isinstance(arguments, Mapping) else {"input": line})


def tool_result(output: object) -> object:
    """Give what a tool said, without the message that carries it to the model."""
    return get(output, "content") if is_message(output) else output


def chain(name: str | None, inputs: object) -> Request:
    """Read what the outermost chain is asked."""
    asked = question(inputs)
    attributes: dict[str, Value] = {keys.WORKFLOW_NAME: clean(name)} if name else {}
    return Request(attributes, {} if asked is None else {"question": asked})


def question(inputs: object) -> object:
    """Find a question in what a chain is given: a text, messages, or a dict that names one of these."""
    if isinstance(inputs, Mapping):
        named = (question(inputs.get(name)) for name in (*_QUESTIONS, "messages"))
        return next((found for found in named if found is not None), None)
    if isinstance(inputs, str):
        return inputs or None
    listing = items(get(inputs, "messages")) or items(inputs) or [inputs]
    return [*listing] if is_message(listing[-1]) else None


def answer(outputs: object) -> object:
    """Find the answer in what a chain gives: a text, a message, the last of several, or a dict that names one."""
    if isinstance(outputs, Mapping):
        named = (answer(outputs.get(name)) for name in (*_ANSWERS, "messages"))
        return next((found for found in named if found is not None), None)
    if isinstance(outputs, str) or is_message(outputs):
        return outputs
    listing = items(outputs)
    return listing[-1] if listing and is_message(listing[-1]) else None


def first_of(listing: object) -> object:
    """Give the first of a list; None where it is none, or empty."""
    found = items(listing)
    return found[0] if found else None
