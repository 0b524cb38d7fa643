"""What every program here asks, and where it sends its spans."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

SYSTEM = "Answer from the passages."
QUESTION = "How long may I send things back?"
MODEL = "gpt-4o"
BROKEN_MODEL = "gpt-none"
EMBEDDING_MODEL = "text-embedding-3-small"
PASSAGES = (("policy-1", "Goods may be returned within 30 days."), ("policy-2", "Shipping is free above 50 euros."))
SOURCE = "policy.md"
SESSION, USER, TIER = "session-1", "user-1", "gold"
MESSAGES = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
TOOL_NAME = "opening_hours"
TOOLS = [{"type": "function", "function": {"name": TOOL_NAME, "parameters": {"type": "object", "properties": {}}}}]


def provider(service: str, endpoint: str) -> TracerProvider:
    """A provider that sends each span when it ends, in the order in which they end."""
    made = TracerProvider(resource=Resource({"service.name": service, "service.version": "1"}))
    made.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(made)
    return made
