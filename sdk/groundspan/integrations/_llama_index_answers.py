"""Pure: LlamaIndex's messages and responses -> the shapes that every stage's reader knows."""

from collections.abc import Mapping
from typing import Final

from groundspan._answers import Whole, provider, usage
from groundspan._pieces import speaks
from groundspan._shapes import first, get, items, text
from groundspan._text import shown

# Anthropic's and Cohere's, Ollama's; OpenAI's is on a choice.
_REASONS: Final = ("stop_reason", "finish_reason", "done_reason")
_MODELS: Final = ("model", "model_version")


def spoken(message: object) -> dict[str, object]:
    """Give a message as OpenAI's API would write it."""
    blocks = [_part(block) for block in items(get(message, "blocks")) or ()]
    calls = [part for part in blocks if part["type"] == "tool_use"]
    others = get(message, "additional_kwargs")
    role = text(message, ("role",)) or "user"
    # An enum of strings: its value.
    said: dict[str, object] = {"role": str.__str__(role), "content": _content(blocks)}
    if not calls:
        # Older clients keep them beside the blocks.
        said["tool_calls"] = get(others, "tool_calls")
    answered = text(others, ("tool_call_id",))
    if answered is not None:
        said |= {"tool_call_id": answered, "content": get(message, "content") or ""}
    return {name: value for name, value in said.items() if value is not None}


def fields(response: object) -> dict[str, object]:
    """Read what a response, or a piece of one, says beside its text."""
    raw = get(response, "raw")
    reasons = (text(choice, ("finish_reason",)) for choice in items(get(raw, "choices")) or ())
    found = {
        "id": text(raw, ("id",)),
        "model": text(raw, _MODELS),
        "finish_reason": next((reason for reason in reasons if reason), None) or text(raw, _REASONS),
        "usage": _usage(raw, response),
        "provider": provider(raw),
    }
    return {name: value for name, value in found.items() if value is not None}


def whole(response: object, known: Mapping[str, object], streamed: str = "") -> Whole | None:
    """Give a chat's or a completion's response as OpenAI's API would.

    *known* is what fields() read of it, *streamed* its text as it came in pieces, which is surer than the last piece's.
    """
    if response is None:
        return None
    message = get(response, "message")
    said: dict[str, object] = {"content": text(response, ("text",)) or ""} if message is None else spoken(message)
    if streamed and isinstance(said["content"], str):
        said["content"] = streamed
    choice = {"message": said | {"role": "assistant"}, "finish_reason": known.get("finish_reason")}
    put = {name: known.get(name) for name in ("id", "model", "usage")}
    return Whole(put | {"choices": [choice]}, text(known, ("provider",)))


def told(response: object) -> Whole | None:
    """Give a response that came whole."""
    return whole(response, fields(response))


def is_spoken(piece: object) -> bool:
    """Tell whether a piece of a stream carries some of the answer."""
    raw = get(piece, "raw")
    if delta_of(piece) or (items(get(raw, "choices")) is not None and speaks(raw)):
        return True
    # Some say only what there is so far.
    so_far = text(piece, ("text",)) or text(get(piece, "message"), ("content",))
    return get(piece, "delta") is None and bool(so_far)


def delta_of(piece: object) -> str:
    """Give the text that a piece of a stream adds to those before."""
    return text(piece, ("delta",)) or ""


def answered(result: object) -> str | None:
    """Give the text of what an engine or an agent answered."""
    result = first(result, ("result",)) or result
    response = get(result, "response")
    if response is None or isinstance(response, str):
        return response
    content = get(response, "content")
    return content if isinstance(content, str) else shown(result)


def returned(output: object) -> object:
    """Give what a tool gave, as its caller reads it."""
    content = text(output, ("content",))
    return output if content is None else content


def _content(parts: list[dict[str, object]]) -> object:
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts or ""


def _part(block: object) -> dict[str, object]:
    match get(block, "block_type"):
        case "text":
            return {"type": "text", "text": text(block, ("text",)) or ""}
        case "thinking":
            return {"type": "thinking", "thinking": text(block, ("content",)) or ""}
        case "tool_call":
            named = {"id": get(block, "tool_call_id"), "name": get(block, "tool_name")}
            return {"type": "tool_use", **named, "input": get(block, "tool_kwargs")}
    # Images and files are named, not sent.
    return {"type": text(block, ("block_type",)) or "generic"}


def _usage(raw: object, response: object) -> object:
    """Find the counts: in the provider's own response, or where the integrations of LlamaIndex put them."""
    beside = get(response, "additional_kwargs")
    return next((each for each in (get(raw, "usage"), get(beside, "usage"), beside) if usage(each) is not None), None)
