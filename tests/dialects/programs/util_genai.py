"""Calls told to OpenTelemetry's own helper for GenAI: util_genai.py ENDPOINT MODEL_API."""

import os
import sys

from openai import OpenAI
from opentelemetry.util.genai.handler import TelemetryHandler
from opentelemetry.util.genai.types import InputMessage, OutputMessage, TextPart
from the_call import MESSAGES, MODEL, PASSAGES, QUESTION, SOURCE, provider


def main(endpoint: str, model_api: str) -> None:
    """One question through retrieval and a chat."""
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"
    traced = provider("util_genai", endpoint)
    handler = TelemetryHandler(tracer_provider=traced)
    with handler.workflow(name="answer"):
        with handler.retrieval(data_source_id="policies") as retrieval:
            retrieval.query_text = QUESTION
            retrieval.documents = [
                {"id": name, "score": 0.5, "content": text, "metadata": {"source": SOURCE}} for name, text in PASSAGES
            ]
        with handler.inference("openai", request_model=MODEL) as call:
            answer = OpenAI(base_url=model_api, api_key="none").chat.completions.create(model=MODEL, messages=MESSAGES)
            call.input_messages = [
                InputMessage(role=each["role"], parts=[TextPart(content=each["content"])]) for each in MESSAGES
            ]
            text = answer.choices[0].message.content or ""
            call.output_messages = [OutputMessage(role="assistant", parts=[TextPart(content=text)])]
            call.response_model_name = answer.model
            call.input_tokens = answer.usage.prompt_tokens
            call.output_tokens = answer.usage.completion_tokens
            call.cache_read_input_tokens = answer.usage.prompt_tokens_details.cached_tokens
    traced.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
