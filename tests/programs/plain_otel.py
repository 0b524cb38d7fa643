"""A program that knows OpenTelemetry and nothing of Groundspan: plain_otel.py ENDPOINT."""

import json
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def main(endpoint: str) -> None:
    """One workflow with a retrieval and a chat, in the names of the GenAI conventions."""
    provider = TracerProvider(resource=Resource({"service.name": "plain", "service.version": "7"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(provider)
    tracer = trace.get_tracer("plain")
    with tracer.start_as_current_span("invoke_workflow shop", attributes={"gen_ai.operation.name": "invoke_workflow"}):
        with tracer.start_as_current_span("retrieval") as span:
            span.set_attribute("gen_ai.operation.name", "retrieval")
            span.set_attribute("gen_ai.retrieval.query.text", "How long may I send things back?")
            document = {"id": "returns-1", "score": 0.9, "content": "Goods may be returned within 30 days."}
            span.set_attribute("gen_ai.retrieval.documents", json.dumps([document]))
        with tracer.start_as_current_span("chat gpt-4o") as span:
            span.set_attribute("gen_ai.operation.name", "chat")
            span.set_attribute("gen_ai.provider.name", "openai")
            span.set_attribute("gen_ai.request.model", "gpt-4o")
            span.set_attribute("gen_ai.usage.input_tokens", 1000)
            span.set_attribute("gen_ai.usage.output_tokens", 100)
            span.set_attribute("gen_ai.usage.cache_read.input_tokens", 400)
            text = {"type": "text", "content": "Goods may be returned within 45 days."}
            span.set_attribute("gen_ai.output.messages", json.dumps([{"role": "assistant", "parts": [text]}]))
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
