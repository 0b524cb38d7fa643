"""Who answers: the simulated model, and a real one."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from groundspan_demo.answerer import Faithful
from groundspan_demo.chat import CACHE_BLOCK_TOKENS, OpenAIChat, SimulatedChat
from groundspan_demo.corpus import Chunk
from groundspan_demo.prompt import messages
from groundspan_demo.settings import Settings
from groundspan_demo.tokens import Tokenizer, load_tokenizer
from openai import OpenAI
from openai.types import CompletionUsage

CHUNK: Chunk = {
    "id": "heapq.heappop#0",
    "text": "heapq.heappop\nPop the smallest item off the heap, maintaining the heap invariant.",
    "score": 0.8,
    "metadata": {"module": "heapq", "object": "heapq.heappop"},
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The real tokenizer, wherever it comes from on this machine."""
    return load_tokenizer(Settings.from_env().tiktoken_cache_dir)


@pytest.fixture
def chat(tokenizer: Tokenizer) -> SimulatedChat:
    """A simulated model that answers at once."""
    return SimulatedChat(Faithful(7), tokenizer, "v1", seconds_per_token=0)


def usage(chat: SimulatedChat, question: str) -> CompletionUsage:
    """Ask, and return what was counted."""
    counted = chat.complete(question, [CHUNK]).usage
    assert counted is not None
    return counted


def test_usage_counts_the_prompt_when_answered(chat: SimulatedChat, tokenizer: Tokenizer) -> None:
    """Input tokens are those of the instructions, the passages and the question."""
    prompt = "\n".join(str(message.get("content")) for message in messages("v1", "How do I pop?", [CHUNK]))

    assert usage(chat, "How do I pop?").prompt_tokens == len(tokenizer.encode(prompt))


def test_usage_counts_the_answer_when_answered(chat: SimulatedChat, tokenizer: Tokenizer) -> None:
    """Output tokens are those of the answer."""
    completion = chat.complete("How do I pop?", [CHUNK])

    assert completion.usage is not None
    said = completion.choices[0].message.content or ""
    assert completion.usage.completion_tokens == len(tokenizer.encode(said))


def test_nothing_is_cached_when_a_prompt_comes_first(chat: SimulatedChat) -> None:
    """The first prompt is billed in full."""
    details = usage(chat, "How do I pop?").prompt_tokens_details

    assert details is not None
    assert details.cached_tokens == 0


def test_shared_start_is_cached_when_prompts_follow_each_other(chat: SimulatedChat) -> None:
    """Instructions and passages that came before are cached, in whole blocks, and the question is not."""
    first = usage(chat, "How do I pop?")
    details = usage(chat, "What is a heap?").prompt_tokens_details

    assert details is not None
    assert details.cached_tokens
    assert details.cached_tokens % CACHE_BLOCK_TOKENS == 0
    assert details.cached_tokens < first.prompt_tokens


def test_versions_are_told_apart_when_prompted() -> None:
    """The careless version is asked in other words."""
    assert messages("v1", "How?", [CHUNK])[0] != messages("v2", "How?", [CHUNK])[0]


def test_passages_are_numbered_when_prompted() -> None:
    """The model can say which passage it means."""
    asked = str(messages("v1", "How?", [CHUNK, CHUNK])[1].get("content"))

    assert asked.startswith("[1] heapq.heappop")
    assert "\n\n[2] heapq.heappop" in asked
    assert asked.endswith("Question: How?")


class Provider(BaseHTTPRequestHandler):
    """An OpenAI-compatible endpoint with one answer."""

    asked: ClassVar[list[dict[str, object]]] = []
    answer: ClassVar[dict[str, object]] = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "small-2026",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Pop it."}}],
    }

    def do_POST(self) -> None:
        """Note what was asked, and answer."""
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps(self.answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def provider() -> Iterator[OpenAI]:
    """A client of an endpoint on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1") as client:
            yield client
        server.shutdown()


def test_model_is_asked_with_the_passages_when_there_is_one(provider: OpenAI) -> None:
    """A real model gets the same prompt, and its answer is passed on as it came."""
    completion = OpenAIChat(provider, "small", "v1").complete("How do I pop?", [CHUNK])

    assert completion.choices[0].message.content == "Pop it."
    assert Provider.asked[-1] == {"model": "small", "messages": messages("v1", "How do I pop?", [CHUNK])}
