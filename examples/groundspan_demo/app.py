"""A RAG application, and all that Groundspan asks of one: a decorator on each of its steps."""

from collections.abc import Iterable
from dataclasses import dataclass

import groundspan as gs
from openai.types.chat import ChatCompletion

from groundspan_demo.chat import ChatModel
from groundspan_demo.corpus import Chunk
from groundspan_demo.index import Index
from groundspan_demo.tokens import Tokenizer
from groundspan_demo.wording import keywords, overlap

MAX_QUESTION_TOKENS = 256
RETRIEVED, KEPT = 8, 4
# How much of a chunk's score is its nearness in meaning; the rest is the question's words that it has.
MEANING = 0.7


@dataclass(frozen=True, slots=True)
class DocsAssistant:
    """Answers questions about the Python standard library from its docstrings."""

    index: Index
    tokenizer: Tokenizer
    model: ChatModel

    @gs.pipeline
    def ask(self, question: str, relevant: Iterable[str] = ()) -> str:
        """Answer *question*; *relevant* names the chunks that hold the answer, where somebody knows."""
        gs.relevant(relevant)
        if len(self.tokenize(question)) > MAX_QUESTION_TOKENS:
            return f"Please ask in fewer than {MAX_QUESTION_TOKENS} tokens."
        completion = self.generate(question, self.rerank(question, self.retrieve(question)))
        return completion.choices[0].message.content or ""

    @gs.tokenize
    def tokenize(self, text: str) -> list[int]:
        """Cut *text* into the model's tokens."""
        return self.tokenizer.encode(text)

    @gs.embed(model="all-MiniLM-L6-v2", provider="sentence-transformers")
    def embed(self, text: str) -> list[float]:
        """Turn *text* into a vector."""
        return self.index.embed(text)

    @gs.retrieve
    def retrieve(self, query: str, limit: int = RETRIEVED) -> list[Chunk]:
        """Find the chunks nearest to *query* in meaning."""
        return self.index.search(self.embed(query), limit)

    @gs.rerank
    def rerank(self, query: str, chunks: list[Chunk], limit: int = KEPT) -> list[Chunk]:
        """Keep the chunks that are near in meaning and use the query's own words."""
        wanted = keywords(query)
        scored = [_rescored(chunk, overlap(wanted, chunk["text"])) for chunk in chunks]
        return sorted(scored, key=lambda chunk: chunk["score"], reverse=True)[:limit]

    @gs.generate(provider="openai")
    def generate(self, question: str, chunks: list[Chunk]) -> ChatCompletion:
        """Have the model answer from the *chunks*."""
        return self.model.complete(question, chunks)


def _rescored(chunk: Chunk, shared_words: float) -> Chunk:
    return {**chunk, "score": round(MEANING * chunk["score"] + (1 - MEANING) * shared_words, 4)}
