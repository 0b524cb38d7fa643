"""Secrets planted anywhere in a span are in none of the bytes that are sent."""

import json
from collections.abc import Sequence

from groundspan._export import Outbox
from groundspan._redact import BUILT_IN
from groundspan.settings import Settings
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, StatusCode
from opentelemetry.util.types import AttributeValue
from secrets_planted import planted


class Wire(SpanExporter):
    """An exporter that keeps the bytes."""

    def __init__(self) -> None:
        self.sent = b""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Encode as the exporter for HTTP does."""
        self.sent += encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS


def _everywhere(text: str, box: Outbox) -> None:
    """Make a span, as another library may, with *text* in every place that can hold one."""
    provider = TracerProvider(resource=Resource({"host.note": text}), shutdown_on_exit=False)
    provider.add_span_processor(box)
    messages = [{"role": "user", "parts": [{"type": "text", "content": text}], text: [text, {"deep": text}]}]
    arguments = json.dumps({"arguments": json.dumps({"inner": text})})
    nested: dict[str, AttributeValue] = {
        "plain": text,
        "messages": json.dumps(messages, ensure_ascii=False),
        "escaped": json.dumps(messages),
        "arguments": arguments,
        "listed": [text, text],
        "bytes": text.encode(),
        f"key {text}": 1,
    }
    link = Link(SpanContext(1, 2, is_remote=True), {"note": text})
    span = provider.get_tracer("other").start_span(f"GET {text}", attributes=nested, links=[link])
    span.add_event(f"said {text}", {"exception.message": text, "exception.stacktrace": text})
    span.record_exception(ValueError(text))
    span.set_status(StatusCode.ERROR, text)
    span.end()


@given(planted())
def test_no_secret_is_in_the_bytes_that_are_sent(secret_and_text: tuple[str, str]) -> None:
    """Whichever secret, wherever it stands: the span arrives, the secret does not."""
    secret, text = secret_and_text
    wire = Wire()
    box = Outbox(lambda: wire, Settings(redact=tuple(BUILT_IN.values())), {})

    _everywhere(text, box)

    assert box.close(10)
    assert b"what you need" in wire.sent
    assert secret.encode() not in wire.sent


@given(st.text(), st.sampled_from(list(BUILT_IN)))
def test_redactors_take_any_text(text: str, name: str) -> None:
    """No text makes a built-in redactor raise, and what it gave it leaves alone."""
    once = BUILT_IN[name](text)

    assert BUILT_IN[name](once) == once
