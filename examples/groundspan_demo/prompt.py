"""The prompt: instructions, numbered passages, the question."""

from collections.abc import Sequence

from openai.types.chat import ChatCompletionMessageParam

from groundspan_demo.corpus import Chunk

INSTRUCTIONS = {
    "v1": (
        "You answer questions about the Python standard library. Use the numbered passages and nothing else. "
        "Keep to their wording, name the object that a fact belongs to, and say so when they do not hold "
        "the answer."
    ),
    "v2": (
        "You answer questions about the Python standard library. Be fluent and helpful, give reasons, and "
        "complete what the numbered passages leave out."
    ),
}


def messages(version: str, question: str, chunks: Sequence[Chunk]) -> list[ChatCompletionMessageParam]:
    """Return the conversation that asks a model to answer *question* from *chunks*."""
    passages = "\n\n".join(f"[{number}] {chunk['text']}" for number, chunk in enumerate(chunks, 1))
    return [
        {"role": "system", "content": INSTRUCTIONS[version]},
        {"role": "user", "content": f"{passages}\n\nQuestion: {question}"},
    ]
