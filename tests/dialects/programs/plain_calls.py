"""The openai client's calls of every program that traces this client."""

from contextlib import suppress

from openai import NotFoundError, OpenAI
from the_call import BROKEN_MODEL, EMBEDDING_MODEL, MESSAGES, MODEL, QUESTION, TOOLS


def run(model_api: str) -> None:
    """One call of each sort."""
    client = OpenAI(base_url=model_api, api_key="none", max_retries=0, timeout=30)
    client.chat.completions.create(model=MODEL, messages=MESSAGES)
    for _ in client.chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ):
        pass
    client.chat.completions.create(model=MODEL, messages=MESSAGES, tools=TOOLS)
    client.embeddings.create(model=EMBEDDING_MODEL, input=QUESTION)
    with suppress(NotFoundError):
        client.chat.completions.create(model=BROKEN_MODEL, messages=MESSAGES)
