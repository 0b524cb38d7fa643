"""Who answers: a real model at an OpenAI-compatible endpoint, or the built-in answerer in its shape."""

import time
from collections.abc import Sequence
from typing import Protocol

from openai import OpenAI
from openai.types.chat import ChatCompletion

from groundspan_demo.answerer import Faithful
from groundspan_demo.corpus import Chunk
from groundspan_demo.prompt import messages
from groundspan_demo.tokens import Tokenizer

SIMULATED_MODEL = "gpt-4o-mini"
# A provider bills the start of a prompt as cached if it came before, in blocks; this one's are small.
CACHE_BLOCK_TOKENS = 16
SECONDS_PER_TOKEN = 0.0002


class ChatModel(Protocol):
    """Answers a question from the passages that were retrieved for it."""

    def complete(self, question: str, chunks: Sequence[Chunk]) -> ChatCompletion:
        """Return the answer with what it took to make it."""


class OpenAIChat:
    """A real model: what it answers, and what that costs, is its provider's."""

    def __init__(self, client: OpenAI, model: str, version: str) -> None:
        self._client = client
        self._model = model
        self._version = version

    def complete(self, question: str, chunks: Sequence[Chunk]) -> ChatCompletion:
        """Ask the model."""
        prompt = messages(self._version, question, chunks)
        return self._client.chat.completions.create(model=self._model, messages=prompt)


class SimulatedChat:
    """The built-in answerer: a simulated model whose tokens are counted by the real tokenizer."""

    def __init__(
        self,
        answerer: Faithful,
        tokenizer: Tokenizer,
        version: str,
        seconds_per_token: float = SECONDS_PER_TOKEN,
    ) -> None:
        self._answerer = answerer
        self._tokenizer = tokenizer
        self._version = version
        self._seconds_per_token = seconds_per_token
        self._last_prompt: list[int] = []

    def complete(self, question: str, chunks: Sequence[Chunk]) -> ChatCompletion:
        """Answer without a model, after the moment that one would take."""
        prompt = messages(self._version, question, chunks)
        prompt_tokens = self._tokenizer.encode("\n".join(str(message.get("content")) for message in prompt))
        answer = self._answerer.answer(question, chunks)
        answer_tokens = len(self._tokenizer.encode(answer))
        cached_tokens = _shared_blocks(self._last_prompt, prompt_tokens)
        self._last_prompt = prompt_tokens
        time.sleep(answer_tokens * self._seconds_per_token)
        return _completion(answer, len(prompt_tokens), answer_tokens, cached_tokens)


def _shared_blocks(before: list[int], now: list[int]) -> int:
    """Return how many tokens at the start of a prompt came before, in whole blocks."""
    shared = next((i for i, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), min(len(before), len(now)))
    return shared - shared % CACHE_BLOCK_TOKENS


def _completion(answer: str, input_tokens: int, output_tokens: int, cached_tokens: int) -> ChatCompletion:
    message = {"role": "assistant", "content": answer}
    return ChatCompletion.model_validate(
        {
            "id": "simulated",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": SIMULATED_MODEL,
            "choices": [{"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}],
            "usage": {
                "prompt_tokens": input_tokens,
                "completion_tokens": output_tokens,
                "total_tokens": input_tokens + output_tokens,
                "prompt_tokens_details": {"cached_tokens": cached_tokens},
            },
        }
    )
