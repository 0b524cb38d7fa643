"""Chat messages of any client library -> the parts of the GenAI conventions."""

from collections.abc import Sequence
from typing import TypeAlias

from groundspan._shapes import get, items, text
from groundspan._text import Cutter, Json, plain, shown

Part: TypeAlias = dict[str, Json]

_ROLES = {"human": "user", "ai": "assistant", "function": "tool", "chatbot": "assistant"}
_TEXT_TYPES = frozenset({"text", "input_text", "output_text"})
_REASONING_TYPES = frozenset({"thinking", "reasoning"})


def asked(value: object, cutter: Cutter) -> list[Json] | None:
    """Give what was asked as messages: a string is one message of the user."""
    if isinstance(value, str):
        return [message("user", [text_part(value, cutter)])]
    listing = items(value)
    if listing is None:
        listing = [value] if is_message(value) else []
    messages = [_message(item, cutter) for item in listing if is_message(item) or isinstance(item, str)]
    return [*messages] or None


def message(role: str, parts: Sequence[Part]) -> Part:
    """Build one message."""
    return {"role": role, "parts": [*parts]}


def text_part(content: str, cutter: Cutter) -> Part:
    """Build a part that is text."""
    return {"type": "text", "content": cutter.text(content)}


def is_message(value: object) -> bool:
    """Tell whether *value* says who speaks and what."""
    return (isinstance(_speaker(value), str) and get(value, "content") is not None) or _is_call(value)


def parts(value: object, cutter: Cutter) -> list[Part]:
    """Read the parts of one message: its content, and the tools it calls."""
    content = get(value, "content")
    read: list[Part] = []
    if isinstance(content, str) and content:
        read.append(text_part(content, cutter))
    read += [part(block, cutter) for block in items(content) or ()]
    read += [_call(call, cutter) for call in items(get(value, "tool_calls")) or ()]
    return read


def part(block: object, cutter: Cutter) -> Part:
    """Read one content block of an OpenAI, Anthropic or LangChain message."""
    if isinstance(block, str):
        return text_part(block, cutter)
    kind = get(block, "type")
    if kind in _TEXT_TYPES:
        return text_part(text(block, ("text",)) or "", cutter)
    if kind in _REASONING_TYPES:
        return {"type": "reasoning", "content": cutter.text(_reasoning(block))}
    if kind in {"tool_use", "function_call", "tool_call"}:
        return _call(block, cutter)
    if kind in {"tool_result", "function_call_output"}:
        return _tool_response(block, cutter)
    # Images and files are named, not sent: a data URL may hold megabytes.
    return {"type": shown(kind) if kind else "generic"}


def _message(value: object, cutter: Cutter) -> Part:
    if isinstance(value, str):
        return message("user", [text_part(value, cutter)])
    role = shown(_speaker(value) or "assistant")
    role = _ROLES.get(role, role)
    if role == "tool":
        return message(role, [_tool_response(value, cutter)])
    return message(role, parts(value, cutter))


def _speaker(value: object) -> str | None:
    """Say who speaks; an enum of strings gives its value."""
    role = text(value, ("role", "type"))
    return None if role is None else str.__str__(role)


def _is_call(value: object) -> bool:
    return bool(get(value, "role") and get(value, "tool_calls"))


def _call(call: object, cutter: Cutter) -> Part:
    function = get(call, "function") or call
    arguments = get(function, "arguments") or get(function, "input") or get(function, "args")
    name = text(function, ("name",)) or ""
    read: Part = {"type": "tool_call", "name": cutter.text(name), "arguments": plain(arguments, cutter)}
    identity = get(call, "call_id") or get(call, "id")
    if identity is not None:
        read["id"] = shown(identity)
    return read


def _tool_response(block: object, cutter: Cutter) -> Part:
    content = get(block, "content")
    response = get(block, "output") if content is None else content
    read: Part = {"type": "tool_call_response", "response": plain(response, cutter)}
    identity = get(block, "tool_call_id") or get(block, "tool_use_id") or get(block, "call_id")
    if identity is not None:
        read["id"] = shown(identity)
    return read


def _reasoning(block: object) -> str:
    found = text(block, ("thinking", "text", "reasoning"))
    if found is not None:
        return found
    summary = items(get(block, "summary")) or ()
    return "\n".join(said for line in summary if (said := text(line, ("text",))))
