"""The openai client, traced by OpenLLMetry: openllmetry_openai.py ENDPOINT MODEL_API."""

import sys

import plain_calls
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from the_call import provider


def main(endpoint: str, model_api: str) -> None:
    """One call of each sort."""
    traced = provider("openllmetry_openai", endpoint)
    OpenAIInstrumentor().instrument(tracer_provider=traced)
    plain_calls.run(model_api)
    traced.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
