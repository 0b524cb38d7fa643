"""Anthropic's client, traced without a decorator: a message, a stream, and a generator that is decorated too.

python examples/integrations/anthropic_messages.py      # offline, or asks Anthropic where ANTHROPIC_API_KEY is set
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import groundspan as gs
from anthropic import Anthropic
from groundspan.testing import capture_spans
from stub import model_stub

MODEL = os.environ.get("ANTHROPIC_MODEL", "claude-stub")


def main() -> None:
    """Ask, and print the spans. An application calls gs.init() in place of capture_spans()."""
    gs.instrument("anthropic")
    with ExitStack() as until_the_end:
        if os.environ.get("ANTHROPIC_API_KEY"):
            client = until_the_end.enter_context(Anthropic())
        else:
            address = until_the_end.enter_context(model_stub())
            client = until_the_end.enter_context(Anthropic(base_url=address, api_key="none"))
        spans = until_the_end.enter_context(capture_spans())
        ask(client)
        stream(client)
        list(complete(client, "How long does a refund take?"))
        for span in spans:
            told = span.attributes or {}
            print(span.name)
            for name in sorted(told):
                if name.startswith(("gen_ai.", "groundspan.stream.outcome")):
                    print(f"  {name}: {told[name]!r}")
    gs.integrations.uninstrument("anthropic")


def ask(client: Anthropic) -> str:
    """Make one span: of the call itself."""
    message = client.messages.create(
        model=MODEL,
        max_tokens=100,
        system="Be brief.",
        messages=[{"role": "user", "content": "How long does a refund take?"}],
    )
    return "".join(block.text for block in message.content if block.type == "text")


def stream(client: Anthropic) -> str:
    """Make one span, which ends with the stream."""
    with client.messages.stream(
        model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "How long does a refund take?"}]
    ) as events:
        return events.get_final_text()


@gs.generate
def complete(client: Anthropic, question: str) -> Iterator[str]:
    """Make one span, not two: the generator's own, with the usage of the stream inside it."""
    with client.messages.stream(
        model=MODEL, max_tokens=100, messages=[{"role": "user", "content": question}]
    ) as events:
        yield from events.text_stream


if __name__ == "__main__":
    main()
