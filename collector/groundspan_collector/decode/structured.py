"""Attribute values that ClickHouse's protobuf reader cannot follow -> JSON text.

OTLP's AnyValue is recursive and the engine's reader is not: it reads scalars and lists of scalars. Maps, and lists
that hold lists or maps, are therefore rewritten here, in the requests that have any. Most have none, and are
not walked: a pattern over the bytes tells.
"""

import base64
import json
import math
import re
from collections.abc import Iterator
from typing import TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_VARINT = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
# KeyValue.value (field 2) holding a kvlist (6) of KeyValues, or a list (5) in which some element is a list or a map.
# It may match by chance inside other bytes, which costs a walk; it never misses a map.
_MAP_VALUE = rb"\x32" + _VARINT + rb"\x0a" + _VARINT + rb"[\x0a\x12]"
_MAP = rb"\x12" + _VARINT + _MAP_VALUE
_NESTED_LIST = rb"\x0a" + _VARINT + rb"(?:" + _MAP_VALUE + rb"|\x2a" + _VARINT + rb"\x0a)"
_PERHAPS_NESTED = re.compile(_MAP + rb"|" + _NESTED_LIST, re.DOTALL)


def perhaps_nested(body: bytes) -> bool:
    """Whether *body* may hold an attribute value that the engine cannot read."""
    return _PERHAPS_NESTED.search(body) is not None


def flatten(request: ExportTraceServiceRequest) -> None:
    """Replace each nested attribute value of *request*, in place, by its JSON text."""
    for attribute in _attributes(request):
        if _is_nested(attribute.value):
            text = json.dumps(plain(attribute.value), ensure_ascii=False, separators=(",", ":"))
            attribute.value.string_value = text


def _attributes(request: ExportTraceServiceRequest) -> Iterator[KeyValue]:
    for resource_spans in request.resource_spans:
        yield from resource_spans.resource.attributes
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield from span.attributes
                for event in span.events:
                    yield from event.attributes


def _is_nested(value: AnyValue) -> bool:
    if value.HasField("kvlist_value"):
        return True
    return value.HasField("array_value") and any(
        item.HasField("array_value") or item.HasField("kvlist_value") for item in value.array_value.values
    )


def plain(value: AnyValue) -> Json:
    """*value* as JSON can say it; bytes as base64, a number that JSON has not as its name."""
    match value.WhichOneof("value"):
        case "kvlist_value":
            return {item.key: plain(item.value) for item in value.kvlist_value.values}
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value":
            return value.double_value if math.isfinite(value.double_value) else str(value.double_value)
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "string_value":
            return value.string_value
        case _:
            return None
