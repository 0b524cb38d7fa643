"""OTLP/JSON becomes the same message as protobuf."""

import json
from typing import Any

import otlp
import otlp_strategies
import pytest
from groundspan_collector.decode import otlp_json
from groundspan_collector.errors import RejectedData
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRACE_ID = "5B8EFFF798038103D269B633813FC60C"
SPAN_ID = "eee19b7ec3c1b174"


def _read(document: object) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(
        otlp_json.read(json.dumps(document).encode(), ExportTraceServiceRequest)
    )


def _span(**fields: Any) -> Span:
    """The span that these JSON fields are read as."""
    (span,) = _read({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}).resource_spans[0].scope_spans[0].spans
    return span


def _value(value: object) -> Any:
    """The AnyValue that an attribute is read as."""
    return _span(attributes=[{"key": "k", "value": value}]).attributes[0].value


@given(st.lists(otlp_strategies.spans(), max_size=3))
def test_json_is_the_same_message_as_protobuf(spans: list[Span]) -> None:
    """Whatever it holds, NaN among it."""
    request = otlp.request(*spans, resource={"service.name": "a"})

    read = otlp_json.read(otlp.as_json(request), ExportTraceServiceRequest)

    # As text: there is more than one NaN.
    assert otlp.as_json(ExportTraceServiceRequest.FromString(read)) == otlp.as_json(request)


def test_ids_are_hex_at_their_places_in_the_schema() -> None:
    """In either case; a parent may be empty."""
    span = _span(traceId=TRACE_ID, spanId=SPAN_ID, parentSpanId="", links=[{"traceId": TRACE_ID, "spanId": SPAN_ID}])

    assert span.trace_id == span.links[0].trace_id == bytes.fromhex(TRACE_ID)
    assert span.span_id == span.links[0].span_id == bytes.fromhex(SPAN_ID)
    assert span.parent_span_id == b""


def test_attribute_that_looks_like_an_id_stays_as_it_is() -> None:
    """Only the schema says what an id is; bytes are base64."""
    values = {"kvlistValue": {"values": [{"key": "traceId", "value": {"stringValue": TRACE_ID}}]}}

    assert _value(values).kvlist_value.values[0].value.string_value == TRACE_ID
    assert _value({"bytesValue": "AAH-/w=="}).bytes_value == b"\x00\x01\xfe\xff"


@pytest.mark.parametrize("number", ["1544712660000000000", 1544712660000000000])
def test_64_bit_numbers_are_strings_or_numbers(number: str | int) -> None:
    """JavaScript has no such integers, others do."""
    assert _span(startTimeUnixNano=number).start_time_unix_nano == 1544712660000000000
    assert _value({"intValue": number}).int_value == 1544712660000000000


@pytest.mark.parametrize(
    "fields",
    [{"span_id": SPAN_ID}, {"start_time_unix_nano": "1"}, {"new": {"deep": [1]}}, {"name": None}],
    ids=["snake case", "snake case number", "unknown", "null"],
)
def test_field_that_is_not_known_is_ignored(fields: dict[str, object]) -> None:
    """So that emitters of a newer version can send; names in snake case are none."""
    assert _span(**fields) == Span()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "SPAN_KIND_SERVER"}, "kind must be an integer"),
        ({"kind": True}, "kind must be an integer"),
        ({"traceId": "xyz"}, 'traceId must be a hex string, got "xyz"'),
        ({"spanId": 12}, "spanId must be a hex string"),
        ({"startTimeUnixNano": "-1"}, "startTimeUnixNano must be an unsigned 64-bit integer"),
        ({"startTimeUnixNano": 1.5}, "startTimeUnixNano"),
        ({"name": 7}, "name must be a string, got 7"),
        ({"attributes": {}}, "attributes must be a JSON list"),
        ({"status": []}, "Status must be a JSON object"),
        ({"attributes": [None]}, "KeyValue must be a JSON object"),
        ({"flags": 2**32}, "flags must be an unsigned 32-bit integer"),
    ],
)
def test_value_of_the_wrong_kind_is_rejected(fields: dict[str, object], told: str) -> None:
    """With the field, what it must be, and what was got."""
    with pytest.raises(RejectedData, match=told):
        _span(**fields)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"1" * 5000, b"[" * 100_000])
def test_body_that_is_no_object_is_rejected(body: bytes) -> None:
    """However it is broken."""
    with pytest.raises(RejectedData):
        otlp_json.read(body, ExportTraceServiceRequest)


def test_value_that_is_nested_too_deep_is_rejected() -> None:
    """At the depth of protobuf's own parser, or what is written could not be read."""
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(60):
        value = {"arrayValue": {"values": [value]}}

    with pytest.raises(RejectedData, match="deeper than"):
        _value(value)


def test_text_that_ends_in_half_a_pair_is_kept() -> None:
    """JavaScript cuts texts so; one character is lost, not the request."""
    assert _span(name="cut \ud83d").name == "cut \ufffd"
