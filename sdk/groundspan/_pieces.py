"""Pure: the pieces of a streamed answer -> the answer as it would have come whole.

Pieces are recognised by shape: text, bytes, server-sent events, chunks of OpenAI's chat and older completions,
events of its responses API, Anthropic's events, LangChain's message chunks.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from groundspan._answers import Whole, provider
from groundspan._shapes import get, items, text
from groundspan._text import integer

Fields: TypeAlias = dict[str, object]

_TEXTS = ("text", "content", "token", "delta")
_DELTAS = ("content", "refusal", "reasoning_content", "reasoning")
_CALLS = ("tool_calls", "function_call")
_ANTHROPIC_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_RESPONSE_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


def speaks(piece: object) -> bool:
    """Tell whether a piece carries some of the answer; a role, a usage or a ping carries none."""
    if isinstance(piece, str | bytes):
        return bool(piece)
    piece = _unwrapped(piece)
    choices = items(get(piece, "choices"))
    if choices is not None:
        return any(_choice_speaks(choice) for choice in choices)
    kind = text(piece, ("type",)) or ""
    if kind == "content_block_delta" or kind.startswith("response."):
        return kind.endswith("delta")
    # Clients send what they derive beside what came: a snapshot is told twice.
    if kind.startswith(("message_", "content_block_")) or kind == "ping" or get(piece, "snapshot") is not None:
        return False
    found = text(piece, _TEXTS)
    return found is None or bool(found or get(piece, "tool_call_chunks"))


def whole(pieces: Sequence[object]) -> object:
    """Put the pieces of one answer together, as a response that came whole is shaped; None where nothing came."""
    texts = [piece for piece in pieces if isinstance(piece, str)]
    if texts:
        return _spoken("".join(texts))
    raw = [bytes(piece) for piece in pieces if isinstance(piece, bytes | bytearray | memoryview)]
    if raw:
        return _spoken(b"".join(raw).decode(errors="replace"))
    events = [_unwrapped(piece) for piece in pieces if piece is not None]
    for is_shape, put_together in _SHAPES:
        known = [event for event in events if is_shape(event)]
        if known:
            put = put_together(known)
            return None if put is None else Whole(put, provider(known[0]))
    return "".join(said for event in events if (said := text(event, _TEXTS))) or None


def _spoken(said: str) -> object:
    """Take server-sent events apart: their frames are no part of an answer."""
    if not said.startswith(("data:", "event:", "id:", "retry:", ": ")):
        return said
    lines = [line.removeprefix("data:").removeprefix(" ") for line in said.splitlines() if line.startswith("data:")]
    if not lines:
        return said
    payloads = [_payload(line) for line in lines if line != "[DONE]"]
    known = [payload for payload in payloads if isinstance(payload, dict)]
    # Text in frames of its own stays text; JSON is read as pieces of an answer.
    return whole(known) if known else "".join(payload for payload in payloads if isinstance(payload, str)) or None


def _payload(line: str) -> object:
    try:
        read = json.loads(line)
    except ValueError:
        return line
    return read if isinstance(read, dict | str) else line


def _unwrapped(piece: object) -> object:
    """Give the chunk inside an event of OpenAI's chat stream helper."""
    return get(piece, "chunk") if get(piece, "type") == "chunk" else piece


def _choice_speaks(choice: object) -> bool:
    delta = get(choice, "delta")
    return bool(text(choice, ("text",)) or any(get(delta, name) for name in (*_DELTAS, *_CALLS)))


def _is_chunk(event: object) -> bool:
    choices = items(get(event, "choices"))
    return choices is not None and all(
        get(choice, "delta") or text(choice, ("text",)) is not None for choice in choices
    )


def _chunks(events: Sequence[object]) -> Fields | None:
    """Put chat chunks together; usage is the last that came, whichever chunk brought it."""
    choices: dict[int, _Choice] = {}
    for choice in (choice for event in events for choice in items(get(event, "choices")) or ()):
        choices.setdefault(_index(choice) or 0, _Choice()).add(choice)
    usage = _last(get(event, "usage") for event in events)
    if not choices and usage is None:
        return None
    return {
        "id": _first(text(event, ("id",)) for event in events),
        "model": _first(text(event, ("model",)) for event in events),
        "choices": [choice.whole() for choice in choices.values()],
        "usage": usage,
    }


class _Choice:
    """One of the answers that a model was asked for at once."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, Fields] = {}
        self._reason: str | None = None

    def add(self, choice: object) -> None:
        delta = get(choice, "delta")
        self._content.append(text(delta, ("content",)) or text(choice, ("text",)) or "")
        self._refusal.append(text(delta, ("refusal",)) or "")
        self._reason = text(choice, ("finish_reason",)) or self._reason
        for call in items(get(delta, "tool_calls")) or ():
            self._call(call)

    def whole(self) -> Fields:
        said: Fields = {"role": "assistant", "content": "".join(self._content), "refusal": "".join(self._refusal)}
        calls = [{**call, "arguments": "".join(_strings(call["arguments"]))} for call in self._calls.values()]
        if calls:
            said["tool_calls"] = calls
        return {"message": said, "finish_reason": self._reason}

    def _call(self, call: object) -> None:
        position = _index(call)
        known = self._calls.setdefault(len(self._calls) if position is None else position, {"arguments": []})
        function = get(call, "function")
        known["id"] = known.get("id") or text(call, ("id",))
        known["name"] = known.get("name") or text(function, ("name",))
        known["arguments"] = [*_strings(known["arguments"]), text(function, ("arguments",)) or ""]


def _is_response_event(event: object) -> bool:
    return (text(event, ("type",)) or "").startswith("response.")


def _response_events(events: Sequence[object]) -> Fields | None:
    """Take the response out of the last event, or put together what came of it."""
    for event in reversed(events):
        response = get(event, "response")
        if get(event, "type") in _RESPONSE_ENDS and response is not None:
            names = ("id", "model", "output", "status", "incomplete_details", "usage")
            return {"object": "response"} | {name: get(response, name) for name in names}
    begun = _first(get(event, "response") for event in events)
    said = "".join(text(event, ("delta",)) or "" for event in events if get(event, "type") == _RESPONSE_TEXT)
    content = [{"type": "output_text", "text": said}] if said else []
    return {
        "object": "response",
        "id": get(begun, "id"),
        "model": get(begun, "model"),
        "output": [{"type": "message", "role": "assistant", "content": content}],
        "status": "incomplete",
    }


_RESPONSE_TEXT = "response.output_text.delta"


def _is_anthropic_event(event: object) -> bool:
    return (text(event, ("type",)) or "").startswith(("message_start", "message_delta", "content_block_"))


def _anthropic_events(events: Sequence[object]) -> Fields | None:
    """Put Anthropic's events together; until the closing one its count of output is of the first token only."""
    begun = _first(get(event, "message") for event in events)
    ends = [event for event in events if get(event, "type") == "message_delta"]
    usage: Fields = {name: get(get(begun, "usage"), name) for name in _ANTHROPIC_COUNTS}
    usage["output_tokens"] = None
    for end in ends:
        told = {name: get(get(end, "usage"), name) for name in _ANTHROPIC_COUNTS}
        usage |= {name: count for name, count in told.items() if count is not None}
    return {
        "type": "message",
        "id": get(begun, "id"),
        "model": get(begun, "model"),
        "content": _blocks(events),
        "stop_reason": _last(text(get(end, "delta"), ("stop_reason",)) for end in ends),
        "usage": usage,
    }


def _blocks(events: Sequence[object]) -> list[Fields]:
    blocks: dict[int | None, Fields] = {}
    texts: dict[int | None, list[str]] = {}
    for event in events:
        index = _index(event)
        opened = get(event, "content_block")
        if get(event, "type") == "content_block_start":
            blocks[index] = {name: get(opened, name) for name in ("type", "id", "name")}
            texts[index] = [text(opened, ("text", "thinking")) or ""]
        elif get(event, "type") == "content_block_delta":
            texts.setdefault(index, []).append(text(get(event, "delta"), ("text", "thinking", "partial_json")) or "")
    return [_block(blocks.get(index, {"type": "text"}), "".join(said)) for index, said in texts.items()]


def _block(opened: Fields, said: str) -> Fields:
    if opened["type"] == "tool_use":
        return opened | {"input": _payload(said) if said else {}}
    return {"type": opened["type"], "thinking" if opened["type"] == "thinking" else "text": said}


def _is_langchain(event: object) -> bool:
    return hasattr(event, "response_metadata") and hasattr(event, "content")


def _langchain(events: Sequence[object]) -> Fields | None:
    """Put LangChain's message chunks together, as a chat response."""
    metadata = [get(event, "response_metadata") for event in events]
    said = "".join(part for event in events for part in _langchain_texts(get(event, "content")))
    reason = _last(text(told, ("finish_reason", "stop_reason")) for told in metadata)
    return {
        "id": _first(text(event, ("id",)) for event in events),
        "model": _last(text(told, ("model_name", "model")) for told in metadata),
        "choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": reason}],
        "usage": _last(get(event, "usage_metadata") for event in events),
    }


def _langchain_texts(content: object) -> Iterable[str]:
    if isinstance(content, str):
        return (content,)
    return [text(block, ("text",)) or "" for block in items(content) or ()]


def _index(piece: object) -> int | None:
    return integer(get(piece, "index"))


def _strings(values: object) -> list[str]:
    return [value for value in items(values) or () if isinstance(value, str)]


def _first(found: Iterable[object]) -> object:
    return next((value for value in found if value is not None), None)


def _last(found: Iterable[object]) -> object:
    last = None
    for value in found:
        last = last if value is None else value
    return last


_SHAPES: tuple[tuple[Callable[[object], bool], Callable[[Sequence[object]], Fields | None]], ...] = (
    (_is_chunk, _chunks),
    (_is_response_event, _response_events),
    (_is_anthropic_event, _anthropic_events),
    (_is_langchain, _langchain),
)
