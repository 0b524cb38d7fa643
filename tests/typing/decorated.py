"""Decorated functions keep their signatures: nothing here runs, mypy reads it with the other files in ``make check``.

A call that must be refused is marked as ignored: where mypy would let it pass, the mark is unused, and that is an
error of its own (``warn_unused_ignores`` is part of ``strict``).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Iterator
from typing import Any, assert_type

import groundspan as gs


@gs.embed
def embed(text: str, *, batch: int = 8) -> list[float]:
    """Decorated without arguments."""
    return [float(batch)] * len(text)


@gs.retrieve(top_k=2, data_source="handbook")
def search(query: str, limit: int = 2) -> list[dict[str, str]]:
    """Decorated with arguments."""
    return [{"text": query}] * limit


@gs.pipeline
async def answer(question: str) -> str:
    """Decorated without arguments, async."""
    return question


@gs.generate(model="gpt-4o-mini", provider="openai")
async def complete(prompt: str, *, temperature: float = 0.0) -> str:
    """Decorated with arguments, async."""
    return f"{prompt}{temperature}"


@gs.generate
def stream(prompt: str) -> Iterator[str]:
    """A generator."""
    yield prompt


@gs.generate(model="gpt-4o-mini")
def stream_to(prompt: str) -> Generator[str, int, bool]:
    """A generator that is sent numbers, and returns whether it is well."""
    return (yield prompt) > 0


@gs.generate(provider="openai")
async def stream_async(prompt: str) -> AsyncIterator[str]:
    """An async generator."""
    yield prompt


@gs.generate
async def stream_to_async(prompt: str) -> AsyncGenerator[str, int]:
    """An async generator that is sent numbers."""
    yield prompt


class Index:
    """Decorated methods."""

    @gs.retrieve
    def find(self, query: str) -> list[str]:
        """A method."""
        return [query]

    @gs.rerank(model="cross-encoder", top_k=1)
    async def rank(self, query: str, hits: list[str]) -> list[str]:
        """An async method."""
        return [query, *hits]

    @classmethod
    @gs.tool(name="opened")
    def opened(cls, path: str) -> "Index":
        """A class method."""
        return cls() if path else Index()

    @staticmethod
    @gs.tokenize(tokenizer="o200k")
    def tokens(text: str) -> int:
        """A static method."""
        return len(text)


def kept() -> None:
    """What is returned has the type that it had."""
    assert_type(embed("a"), list[float])
    assert_type(embed("a", batch=2), list[float])
    assert_type(search("a", limit=3), list[dict[str, str]])
    assert_type(stream("a"), Iterator[str])
    assert_type(stream_to("a"), Generator[str, int, bool])
    assert_type(stream_async("a"), AsyncIterator[str])
    assert_type(stream_to_async("a"), AsyncGenerator[str, int])
    assert_type(Index().find("a"), list[str])
    assert_type(Index.opened("a"), Index)
    assert_type(Index.tokens("a"), int)
    assert_type(gs.carry(search)("a", 3), list[dict[str, str]])


async def kept_async() -> None:
    """What is awaited has the type that it had."""
    asked: Coroutine[Any, Any, str] = answer("a")
    assert_type(await asked, str)
    assert_type(await gs.carry(answer)("a"), str)
    assert_type(await complete("a"), str)
    assert_type(await Index().rank("a", ["b"]), list[str])
    async with gs.generate.span(prompt="a") as span:
        assert_type(span, gs.StageSpan)


def refused() -> None:
    """A wrong call of a decorated function is wrong as before."""
    embed()  # type: ignore[call-arg]
    embed(1)  # type: ignore[arg-type]
    embed("a", 2)  # type: ignore[call-arg]
    search("a", top_k=1)  # type: ignore[call-arg]
    search("a", limit="3")  # type: ignore[arg-type]
    stream("a", "b")  # type: ignore[call-arg]
    stream_async(prompt=b"a")  # type: ignore[arg-type]
    Index().find()  # type: ignore[call-arg]
    Index.opened(1)  # type: ignore[arg-type]
    gs.carry(search)(1)  # type: ignore[arg-type]


async def refused_async() -> None:
    """A wrong call of a decorated coroutine function, too."""
    await answer()  # type: ignore[call-arg]
    await complete("a", 1.0)  # type: ignore[call-arg]
    await Index().rank("a")  # type: ignore[call-arg]


def refused_options() -> None:
    """Decorators take the options that they know, by name."""
    gs.retrieve(k=3)  # type: ignore[call-overload]
    gs.generate(model=4)  # type: ignore[call-overload]
    gs.pipeline("a name")  # type: ignore[call-overload]
