"""A RAG pipeline decorated with the Langfuse SDK, its chat by Langfuse's openai client.

langfuse_sdk.py ENDPOINT MODEL_API
"""

import sys

from langfuse import Langfuse, observe, propagate_attributes
from langfuse.openai import OpenAI
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from the_call import EMBEDDING_MODEL, MESSAGES, MODEL, PASSAGES, QUESTION, SESSION, SOURCE, TIER, USER


@observe(as_type="retriever")
def retrieve(_question: str) -> list[dict[str, object]]:
    """The same passages whatever it is asked."""
    return [{"id": name, "content": text, "score": 0.5, "metadata": {"source": SOURCE}} for name, text in PASSAGES]


def main(endpoint: str, model_api: str) -> None:
    """One question through retrieval and a chat; a streamed chat and an embedding after it."""
    # Langfuse adds an exporter of its own.
    traced = TracerProvider(resource=Resource({"service.name": "langfuse_sdk", "service.version": "1"}))
    Langfuse(
        public_key="pk-none", secret_key="none", base_url=endpoint, tracer_provider=traced,
        environment="production", release="1",
    )  # fmt: skip
    client = OpenAI(base_url=model_api, api_key="none", max_retries=0, timeout=30)

    @observe(as_type="chain")
    def answer(question: str) -> str:
        retrieve(question)
        return client.chat.completions.create(model=MODEL, messages=MESSAGES).choices[0].message.content or ""

    with propagate_attributes(session_id=SESSION, user_id=USER, metadata={"tier": TIER}):
        answer(QUESTION)
    for _ in client.chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ):
        pass
    client.embeddings.create(model=EMBEDDING_MODEL, input=QUESTION)
    traced.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
