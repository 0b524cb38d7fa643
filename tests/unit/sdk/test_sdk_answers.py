"""Answers and usage: responses of model clients are read by shape, the user's own types too."""

from dataclasses import dataclass, field
from importlib.util import find_spec

import pytest
from groundspan._answers import Usage, answer, usage
from groundspan._messages import asked
from groundspan._text import Cutter, Json

pytest.importorskip("openai", reason="not part of the plain install")

from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion

CHAT: dict[str, object] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {"role": "assistant", "content": "hello", "refusal": None},
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}
RESPONSE: dict[str, object] = {
    "id": "resp-1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-5",
    "status": "incomplete",
    "incomplete_details": {"reason": "max_output_tokens"},
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "thought"}]},
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "hello", "annotations": []}],
        },
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 3},
        "output_tokens_details": {"reasoning_tokens": 2},
    },
}
ANTHROPIC: dict[str, object] = {
    "id": "msg-1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet",
    "content": [
        {"type": "thinking", "thinking": "hmm", "signature": "s"},
        {"type": "text", "text": "hello"},
        {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": "x"}},
    ],
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 10,
        "output_tokens": 4,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
    },
}


@dataclass
class Block:
    """The shape of anthropic.types.TextBlock."""

    text: str
    type: str = "text"


@dataclass
class AnthropicUsage:
    """The shape of anthropic.types.Usage without a cache."""

    input_tokens: int = 10
    output_tokens: int = 4
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


@dataclass
class AnthropicMessage:
    """The shape of anthropic.types.Message."""

    content: list[Block]
    id: str = "msg-2"
    type: str = "message"
    role: str = "assistant"
    model: str = "claude-sonnet"
    stop_reason: str = "end_turn"
    usage: AnthropicUsage = field(default_factory=AnthropicUsage)


@dataclass
class LangChainMessage:
    """The shape of langchain_core.messages.AIMessage."""

    content: str
    type: str = "ai"
    id: str | None = None
    tool_calls: list[dict[str, object]] = field(default_factory=list)
    usage_metadata: dict[str, object] = field(default_factory=dict)
    response_metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class BotReply:
    """An application's own type."""

    answer: str
    sources: list[str]


def cutter() -> Cutter:
    """Give room enough."""
    return Cutter(10_000)


def said(value: object) -> list[Json]:
    """Read the parts of the first message."""
    read = answer(value, cutter())
    assert read is not None
    parts = read.messages[0]["parts"]
    assert isinstance(parts, list)
    return parts


def text(content: str) -> dict[str, Json]:
    """Make the part that is text."""
    return {"type": "text", "content": content}


@pytest.mark.parametrize("response", [ChatCompletion.model_validate(CHAT), CHAT])
def test_chat_completion_is_read(response: object) -> None:
    """OpenAI's chat, as an object and as a dict."""
    read = answer(response, cutter())

    assert read is not None
    assert said(response) == [text("hello")]
    assert (read.model, read.response_id) == ("gpt-4o-mini-2024-07-18", "chatcmpl-1")
    assert read.finish_reasons == ("stop",)
    assert read.usage == Usage(10, 5, cache_read_tokens=4, reasoning_tokens=2)


def responses() -> list[object]:
    """Give RESPONSE as a dict, and as the object that clients have since there is such an API."""
    if find_spec("openai.types.responses") is None:
        return [RESPONSE]
    from openai.types.responses import Response

    # As the client itself does it: the first versions are stricter with what they are given.
    return [RESPONSE, Response.construct(None, **RESPONSE)]


@pytest.mark.parametrize("response", responses())
def test_responses_object_is_read(response: object) -> None:
    """OpenAI's responses: reasoning beside the text, why it stopped, and a zero that stays a zero."""
    read = answer(response, cutter())

    assert read is not None
    assert said(response) == [{"type": "reasoning", "content": "thought"}, text("hello")]
    assert read.finish_reasons == ("max_output_tokens",)
    assert read.usage == Usage(10, 5, cache_read_tokens=0, cache_write_tokens=3, reasoning_tokens=2)


def test_anthropic_message_is_read() -> None:
    """Anthropic counts cached tokens beside the input; ours are within."""
    read = answer(ANTHROPIC, cutter())

    assert read is not None
    assert said(ANTHROPIC) == [
        {"type": "reasoning", "content": "hmm"},
        text("hello"),
        {"type": "tool_call", "name": "find", "arguments": {"q": "x"}, "id": "t1"},
    ]
    assert (read.model, read.finish_reasons) == ("claude-sonnet", ("tool_use",))
    assert read.usage == Usage(130, 4, cache_read_tokens=100, cache_write_tokens=20)


def test_anthropic_object_is_read_when_it_used_no_cache() -> None:
    """Absent cache counts are unknown, not zero."""
    read = answer(AnthropicMessage([Block("hello")]), cutter())

    assert read is not None
    assert read.usage == Usage(10, 4)


def test_langchain_message_is_read() -> None:
    """LangChain keeps usage and model in fields of its own."""
    read = answer(
        LangChainMessage(
            "hello",
            usage_metadata={"input_tokens": 5, "output_tokens": 2, "input_token_details": {"cache_read": 3}},
            response_metadata={"model_name": "gpt", "finish_reason": "stop"},
        ),
        cutter(),
    )

    assert read is not None
    assert (read.model, read.finish_reasons) == ("gpt", ("stop",))
    assert read.usage == Usage(5, 2, cache_read_tokens=3)


def test_old_completion_is_read() -> None:
    """The plain completions API still answers."""
    response = Completion.model_validate(
        {
            "id": "c",
            "object": "text_completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "text": "hello", "finish_reason": "length", "logprobs": None}],
        }
    )

    assert said(response) == [text("hello")]


@pytest.mark.parametrize(
    ("response", "provider"),
    [(ChatCompletion.model_validate(CHAT), "openai"), (CHAT, None), ("text", None)],
)
def test_provider_is_known_when_the_type_is_the_clients(response: object, provider: str | None) -> None:
    """A dict may come from anyone."""
    read = answer(response, cutter())

    assert read is not None
    assert read.provider == provider


@pytest.mark.parametrize(
    "returned",
    [
        "hello",
        {"answer": "hello", "sources": ["hi"]},
        {"output": {"text": "hello"}},
        BotReply("hello", ["hi"]),
        ("hello", ["hit"]),
        ({"answer": "hello"}, 0.7),
        {"response": ChatCompletion.model_validate(CHAT)},
    ],
)
def test_answer_is_found_in_what_applications_return(returned: object) -> None:
    """Text, a dict, an object, or the first answer of a tuple."""
    assert said(returned) == [text("hello")]


@pytest.mark.parametrize("returned", [None, 3, True, b"x", [], object(), {"n": 1}])
def test_no_answer_is_read_when_there_is_none(returned: object) -> None:
    """Nothing is made up."""
    assert answer(returned, cutter()) is None


def test_usage_is_read_beside_an_answer_of_ones_own() -> None:
    """A dict that holds the text may hold the counts."""
    read = answer({"text": "hello", "model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}, cutter())

    assert read is not None
    assert (read.model, read.usage) == ("m", Usage(3, 1))


def test_embedding_usage_is_read() -> None:
    """Embeddings have an input only."""
    response = CreateEmbeddingResponse.model_validate(
        {
            "object": "list",
            "model": "e",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
            "usage": {"prompt_tokens": 6, "total_tokens": 6},
        }
    )

    assert usage(response.usage) == Usage(6)


@pytest.mark.parametrize("count", [-1, 2**63, 1.5, "7", True, None])
def test_count_is_unknown_when_it_is_no_count(count: object) -> None:
    """A number that no attribute can hold is left out."""
    assert usage({"input_tokens": count, "output_tokens": 1}) == Usage(None, 1)


def test_messages_are_read_when_a_conversation_is_asked() -> None:
    """Roles, text blocks, images by name only, tool calls and their results."""
    conversation = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look."},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
        LangChainMessage("hello"),
    ]

    assert asked(conversation, cutter()) == [
        {"role": "system", "parts": [text("Be brief.")]},
        {"role": "user", "parts": [text("Look."), {"type": "image_url"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "f", "arguments": "{}", "id": "c1"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "done", "id": "c1"}]},
        {"role": "assistant", "parts": [text("hello")]},
    ]
