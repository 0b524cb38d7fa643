"""An agent of Pydantic AI, traced by itself: pydantic_ai_agent.py ENDPOINT MODEL_API."""

import sys

from openai import AsyncOpenAI
from pydantic_ai import Agent, Tool
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from the_call import MODEL, QUESTION, SYSTEM, TOOL_NAME, provider


def opening_hours() -> str:
    """When somebody is there."""
    return "9 to 5"


def main(endpoint: str, model_api: str) -> None:
    """One question, and one for which a tool is called."""
    traced = provider("pydantic_ai_agent", endpoint)
    Agent.instrument_all(InstrumentationSettings(tracer_provider=traced))
    client = AsyncOpenAI(base_url=model_api, api_key="none", max_retries=0, timeout=30)
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client))
    Agent(model, instructions=SYSTEM, name="support").run_sync(QUESTION)
    Agent(model, instructions=SYSTEM, name="support", tools=[Tool(opening_hours, name=TOOL_NAME)]).run_sync(QUESTION)
    traced.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
