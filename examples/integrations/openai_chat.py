"""OpenAI's client, traced without a decorator: a completion, a stream, and a function that is decorated too.

python examples/integrations/openai_chat.py      # offline, or asks OpenAI where OPENAI_API_KEY is set
"""

import os
from contextlib import ExitStack

import groundspan as gs
from groundspan.testing import capture_spans
from openai import OpenAI
from stub import model_stub

MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")


def main() -> None:
    """Ask, and print the spans. An application calls gs.init() in place of capture_spans()."""
    gs.instrument("openai")
    with ExitStack() as until_the_end:
        if os.environ.get("OPENAI_API_KEY"):
            client = until_the_end.enter_context(OpenAI())
        else:
            address = until_the_end.enter_context(model_stub())
            client = until_the_end.enter_context(OpenAI(base_url=f"{address}/v1", api_key="none"))
        spans = until_the_end.enter_context(capture_spans())
        ask(client)
        stream(client)
        complete(client, "How long does a refund take?")
        for span in spans:
            told = span.attributes or {}
            print(span.name)
            for name in sorted(told):
                if name.startswith(("gen_ai.", "groundspan.stream.outcome")):
                    print(f"  {name}: {told[name]!r}")
    gs.integrations.uninstrument("openai")


def ask(client: OpenAI) -> str | None:
    """Make one span: of the call itself."""
    completion = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "How long does a refund take?"}], temperature=0
    )
    return completion.choices[0].message.content


def stream(client: OpenAI) -> str:
    """Make one span, which ends with the stream. Usage is streamed only to those who ask for it."""
    chunks = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "How long does a refund take?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@gs.generate
def complete(client: OpenAI, question: str) -> str:
    """Make one span, not two: the function's own, with the usage of the call inside it."""
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
    return f"Dear customer, {answer.choices[0].message.content}"


if __name__ == "__main__":
    main()
