"""What is refused before it reaches the engine."""

import otlp
import pytest
from groundspan import attributes as keys
from groundspan_collector.decode import validate
from groundspan_collector.errors import RejectedData
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

GOOD = otlp.span()
YEAR_2262_NS = 1 << 63


def _kept(body: bytes) -> list[bytes]:
    return [span.span_id for span in validate.spans(ExportTraceServiceRequest.FromString(body))]


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (otlp.span(trace_id=b""), "trace_id"),
        (otlp.span(trace_id=b"\x01" * 15), "trace_id"),
        (otlp.span(trace_id=b"\0" * 16), "trace_id"),
        (otlp.span(span_id=b""), "span_id"),
        (otlp.span(span_id=b"\x01" * 12), "span_id"),
        (otlp.span(span_id=b"\0" * 8), "span_id"),
        (otlp.span(start_ns=YEAR_2262_NS), "2262"),
        (otlp.span(start_ns=YEAR_2262_NS - 1, duration_ns=1), "2262"),
    ],
)
def test_span_is_taken_out_and_counted_when_it_cannot_be_stored(bad: object, word: str) -> None:
    """The others of its request are kept; the reason is told."""
    assert isinstance(bad, type(GOOD))
    valid = validate.trace_request(otlp.body(bad, GOOD, bad))

    assert (valid.items, valid.rejected, _kept(valid.body)) == (1, 2, [GOOD.span_id])
    assert word in valid.reason


def test_body_is_left_alone_when_nothing_is_wrong_with_it() -> None:
    """Most requests are never written again."""
    body = otlp.body(GOOD, otlp.span())

    assert validate.trace_request(body) == validate.Request(body, 2, 0, "")


def test_request_is_valid_when_it_is_empty() -> None:
    """OTLP asks for success."""
    assert validate.trace_request(b"") == validate.Request(b"", 0, 0, "")


@pytest.mark.parametrize(
    "body",
    [
        b"hello",
        b"{}",
        b"\x0a\xff",
        otlp.body(GOOD)[:-1],
        otlp.body(otlp.span(name="\x7f\x7f")).replace(b"\x7f", b"\xff"),
    ],
    ids=["text", "json", "length past the end", "cut off", "not UTF-8"],
)
def test_request_is_rejected_when_it_cannot_be_decoded(body: bytes) -> None:
    """The same bytes will be refused again."""
    with pytest.raises(RejectedData, match=f"the body \\({len(body)} bytes\\) is no OTLP"):
        validate.trace_request(body)


def test_nested_value_becomes_text_when_its_span_is_kept() -> None:
    """Taking spans out and writing values anew can meet in one request."""
    nested = otlp.span({"map": {"a": 1}})

    valid = validate.trace_request(otlp.body(otlp.span(span_id=b""), nested))

    (span,) = validate.spans(ExportTraceServiceRequest.FromString(valid.body))
    assert span.attributes[0].value.string_value == '{"a":1}'


def test_drops_of_the_sender_are_added_up_when_spans_tell_of_them() -> None:
    """Its queue was full: what never came is known here too."""
    told, other = otlp.span({keys.DROPPED: 7}), otlp.span({"note": keys.DROPPED})

    assert validate.trace_request(otlp.body(told, other)).dropped_by_sender == 7
