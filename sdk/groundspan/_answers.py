"""What a model call or a whole pipeline returned -> the answer's messages, model and usage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from groundspan._messages import Part, message, part, parts, text_part
from groundspan._shapes import get, items, text
from groundspan._text import Cutter, integer

# Where an application's own type holds its answer, most telling first.
_FIELDS = (
    "answer",
    "output",
    "response",
    "text",
    "content",
    "completion",
    "generation",
    "result",
    "message",
    "reply",
)
# OpenAI's chat, its responses, and LangChain.
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_PROVIDERS = frozenset({"openai", "anthropic"})
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the conventions count them: input includes cached, output includes reasoning."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class Answer(NamedTuple):
    """What was said, and what came with it."""

    messages: list[Part]
    model: str | None = None
    response_id: str | None = None
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A response put together from the pieces of a stream."""

    response: object
    provider: str | None


def answer(value: object, cutter: Cutter, depth: int = _DEPTH) -> Answer | None:
    """Read the answer out of a string, a known response, or the application's own type around one.

    A tuple gives its first answer (``return text, hits``); any other type the first of its fields that holds
    one: answer, output, response, text, content, completion, generation, result, message, reply.
    """
    if isinstance(value, str):
        return Answer([message("assistant", [text_part(value, cutter)])])
    if value is None or isinstance(value, int | float | bytes):
        return None
    if isinstance(value, Whole):
        put = _response(value.response, cutter)
        return None if put is None else put._replace(provider=value.provider)
    read = _response(value, cutter)
    if read is not None or depth == 0:
        return read
    if isinstance(value, tuple):
        return next((found for item in value if (found := answer(item, cutter, depth - 1))), None)
    return _wrapped(value, cutter, depth)


def _wrapped(value: object, cutter: Cutter, depth: int) -> Answer | None:
    for name in _FIELDS:
        field = get(value, name)
        found = None if field is None or callable(field) else answer(field, cutter, depth - 1)
        if found is not None:
            return Answer(
                found.messages,
                found.model or text(value, ("model",)),
                found.response_id,
                found.finish_reasons,
                found.usage or usage(get(value, "usage")),
                found.provider,
            )
    return None


def _response(value: object, cutter: Cutter) -> Answer | None:
    for is_shape, read in _SHAPES:
        if is_shape(value):
            return read(value, cutter)
    return None


def _is_chat(value: object) -> bool:
    choices = items(get(value, "choices"))
    return choices is not None and all(get(choice, "message") or get(choice, "text") for choice in choices)


def _chat(value: object, cutter: Cutter) -> Answer:
    """Read an OpenAI chat completion, or an older plain completion."""
    choices = items(get(value, "choices")) or ()
    reasons = tuple(reason for choice in choices if (reason := text(choice, ("finish_reason",))))
    return _with_metadata(value, [_choice(choice, cutter) for choice in choices], reasons)


def _choice(choice: object, cutter: Cutter) -> Part:
    said = get(choice, "message")
    if said is None:
        return message("assistant", [text_part(text(choice, ("text",)) or "", cutter)])
    refusal = text(said, ("refusal",))
    spoken = parts(said, cutter)
    return message("assistant", [*spoken, text_part(refusal, cutter)] if refusal else spoken)


def _is_responses(value: object) -> bool:
    output = items(get(value, "output"))
    return output is not None and get(value, "object") == "response"


def _responses(value: object, cutter: Cutter) -> Answer:
    """Read an object of OpenAI's responses API: a list of messages, reasoning and calls."""
    spoken: list[Part] = []
    for item in items(get(value, "output")) or ():
        spoken += parts(item, cutter) if get(item, "type") == "message" else [part(item, cutter)]
    status = text(value, ("status",)) or "completed"
    reason = text(get(value, "incomplete_details"), ("reason",)) or {"completed": "stop"}.get(status, status)
    return _with_metadata(value, [message("assistant", spoken)], (reason,))


def _is_anthropic(value: object) -> bool:
    return get(value, "type") == "message" and items(get(value, "content")) is not None


def _anthropic(value: object, cutter: Cutter) -> Answer:
    reason = text(value, ("stop_reason",))
    return _with_metadata(value, [message("assistant", parts(value, cutter))], (reason,) if reason else ())


def _is_langchain(value: object) -> bool:
    return hasattr(value, "response_metadata") and hasattr(value, "content")


def _langchain(value: object, cutter: Cutter) -> Answer:
    metadata = get(value, "response_metadata")
    reason = text(metadata, ("finish_reason", "stop_reason"))
    return Answer(
        [message("assistant", parts(value, cutter))],
        text(metadata, ("model_name", "model")),
        text(value, ("id",)),
        (reason,) if reason else (),
        usage(get(value, "usage_metadata")),
    )


def _with_metadata(value: object, messages: list[Part], reasons: tuple[str, ...]) -> Answer:
    return Answer(
        messages,
        text(value, ("model",)),
        text(value, ("id",)),
        reasons,
        usage(get(value, "usage")),
        provider(value),
    )


def provider(value: object) -> str | None:
    """Name the client library whose type *value* is: the conventions' provider is the format of the API."""
    library = type(value).__module__.partition(".")[0]
    return library if library in _PROVIDERS else None


def usage(value: object) -> Usage | None:
    """Read a usage object of OpenAI (chat, responses, embeddings), Anthropic or LangChain."""
    if value is None:
        return None
    read = Usage(
        _input_tokens(value),
        _count(value, "completion_tokens", "output_tokens"),
        _known(
            _detail(value, _INPUT_DETAILS, "cached_tokens", "cache_read"),
            _count(value, "cache_read_input_tokens"),
        ),
        _known(
            _detail(value, _INPUT_DETAILS, "cache_write_tokens", "cache_creation"),
            _count(value, "cache_creation_input_tokens"),
        ),
        _detail(value, _OUTPUT_DETAILS, "reasoning_tokens", "reasoning", "thinking_tokens"),
    )
    return None if read == Usage() else read


def _input_tokens(value: object) -> int | None:
    """Count the input; Anthropic counts cached tokens beside its input tokens, everybody else within."""
    fresh = _count(value, "prompt_tokens", "input_tokens")
    if fresh is None:
        return None
    beside = _count(value, "cache_read_input_tokens"), _count(value, "cache_creation_input_tokens")
    return fresh + sum(count for count in beside if count)


def _count(value: object, *names: str) -> int | None:
    return _known(*(integer(get(value, name)) for name in names))


def _detail(value: object, groups: tuple[str, ...], *names: str) -> int | None:
    return _known(*(_count(details, *names) for group in groups if (details := get(value, group)) is not None))


def _known(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)


_Recognise = Callable[[object], bool]
_Read = Callable[[object, Cutter], Answer]
_SHAPES: tuple[tuple[_Recognise, _Read], ...] = (
    (_is_chat, _chat),
    (_is_responses, _responses),
    (_is_anthropic, _anthropic),
    (_is_langchain, _langchain),
)
