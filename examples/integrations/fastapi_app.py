"""A FastAPI application whose requests are pipelines.

python examples/integrations/fastapi_app.py      # offline: asks the application once, in this process
"""

import asyncio

import groundspan as gs
import httpx
from fastapi import FastAPI
from groundspan.integrations.fastapi import PipelineMiddleware
from groundspan.testing import capture_spans

TEXTS = ["Refunds take five days.", "Returns are free."]

app = FastAPI()
app.add_middleware(PipelineMiddleware)


@app.get("/ask/{topic}")
def ask(topic: str) -> str:
    """Answer a request: the pipeline is the middleware's, what is decorated stands in it."""
    return complete(topic, search(topic))


@gs.retrieve
def search(topic: str) -> list[str]:
    """Find the texts that name the topic."""
    return [text for text in TEXTS if topic in text.lower()]


@gs.generate(model="none")
def complete(topic: str, texts: list[str]) -> str:
    """Say what was found; an application asks a model."""
    return " ".join(texts) or f"I know nothing of {topic}."


async def request(path: str) -> str:
    """Ask the application as a server would; it is deployed with: uvicorn fastapi_app:app."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        return (await client.get(path)).text


def main() -> None:
    """Ask, and print the spans. An application calls gs.init() in place of capture_spans()."""
    with capture_spans() as spans:
        print(asyncio.run(request("/ask/refund")))
    for span in spans:
        told = span.attributes or {}
        print(span.name)
        for name in sorted(told):
            if name.startswith(("gen_ai.", "http.", "groundspan.stream.outcome")):
                print(f"  {name}: {told[name]!r}")


if __name__ == "__main__":
    main()
