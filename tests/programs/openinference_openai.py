"""The real openai client, traced by OpenInference: openinference_openai.py ENDPOINT MODEL_API."""

import sys

from openai import OpenAI
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def main(endpoint: str, model_api: str) -> None:
    """One chat and one embedding."""
    provider = TracerProvider(resource=Resource({"service.name": "inference", "service.version": "8"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    client = OpenAI(base_url=model_api, api_key="none", max_retries=0, timeout=30)
    client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "How long may I send things back?"}]
    )
    client.embeddings.create(model="text-embedding-3-small", input="How long may I send things back?")
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
