"""Attribute values that ClickHouse's protobuf reader cannot follow -> JSON text.

OTLP's AnyValue is recursive and the engine's reader is not: it reads scalars and lists of scalars. Maps, and lists
that hold lists or maps, are therefore rewritten here, in the requests that have any. Most have none, and are
not walked: a pattern over the bytes tells.
"""

import base64
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_VARINT = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
# KeyValue.value (field 2) that holds a list (5), or a kvlist (6) of KeyValues or of none. It may match by chance inside
# other bytes; it never misses one. The value is looked ahead at, so that a chance match hides none that begins within.
_LIST_OR_MAP = re.compile(
    rb"\x12(?=" + _VARINT + rb"(?:(\x2a)|\x32\x00|\x32" + _VARINT + rb"\x0a" + _VARINT + rb"[\x0a\x12]))", re.DOTALL
)
_ELEMENT, _LIST, _MAP = 0x0A, 0x2A, 0x32


def perhaps_nested(body: bytes) -> bool:
    """Whether *body* may hold an attribute value that the engine cannot read: a map, or a list that holds one of these.

    True by chance costs a walk through the request; it is never False for a request that has such a value.
    """
    return any(found[1] is None or _holds_nested(body, found.end()) for found in _LIST_OR_MAP.finditer(body))


def _holds_nested(body: bytes, value: int) -> bool:
    """Whether the list in the AnyValue whose length stands at *value* has a list or a map among its elements."""
    _, tag = varint_at(body, value)
    size, place = varint_at(body, tag + 1)
    end = min(place + size, len(body))
    while place < end and body[place] == _ELEMENT:
        size, element = varint_at(body, place + 1)
        if size and element < end and body[element] in (_LIST, _MAP):
            return True
        place = element + size
    return False


def varint_at(body: bytes, place: int) -> tuple[int, int]:
    """The varint at *place*, and where it ends; 0 where the bytes end in the middle of it."""
    number = shift = 0
    while place < len(body):
        byte = body[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7
    return 0, place


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


def text(value: AnyValue) -> str:
    """*value* as it stands in a map of attributes: text as it is, everything else as JSON says it."""
    said = plain(value)
    if said is None:
        return ""
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def texts(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """*attributes* as a map of texts; of a key that is there twice the last."""
    return {attribute.key: text(attribute.value) for attribute in attributes}


def whole(text: str) -> str:
    """*text* with every half of a surrogate pair replaced, as JSON texts that were cut may have: no UTF-8 holds one."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
