"""Attribute values that ClickHouse's protobuf reader cannot follow -> JSON text.

OTLP's AnyValue is recursive and the engine's reader is not: it reads scalars and lists of scalars. Maps, and lists
that hold lists or maps, are therefore rewritten here, in the requests that have any. Most have none, and are
not walked: a look at the bytes tells.
"""

import base64
import json
import math
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_VALUE, _ELEMENT, _LIST, _MAP = 0x12, 0x0A, 0x2A, 0x32
_GOES_ON, _LONGEST_VARINT = 0x80, 10
_BLOCK_BYTES = 96 * 1024
"""What is compared at a time stays in the processor's cache."""


def perhaps_nested(body: bytes) -> bool:
    """Whether *body* may hold an attribute value that the engine cannot read: a map, or a list that holds one of these.

    True by chance costs a walk through the request; it is never False for a request that has such a value.
    """
    return any(_is_map(body, tag) if body[tag] == _MAP else _holds_nested(body, tag) for tag in _lists_and_maps(body))


def _lists_and_maps(body: bytes) -> Iterator[int]:
    """Where the tag of each list and map stands that is a KeyValue's value, and by chance of other bytes.

    KeyValue.value is field 2: its tag, its length as a varint, and the tag of what it holds.
    """
    octets = np.frombuffer(body, np.uint8)
    for start in range(0, len(octets), _BLOCK_BYTES):
        block = octets[start : start + _BLOCK_BYTES]
        tag = np.flatnonzero((block == _LIST) | (block == _MAP)) + start
        tag = tag[octets[tag - 1] < _GOES_ON]
        length_bytes = 0
        while len(tag) and length_bytes < _LONGEST_VARINT:
            length_bytes += 1
            tag = tag[tag > length_bytes]
            before = octets[tag - length_bytes - 1]
            yield from tag[before == _VALUE].tolist()
            tag = tag[before >= _GOES_ON]


def _is_map(body: bytes, tag: int) -> bool:
    """Whether what may be a kvlist at *tag* is empty, or begins as a KeyValue in it does."""
    if body[tag + 1 : tag + 2] == b"\0":
        return True
    _, first = varint_at(body, tag + 1)
    _, inner = varint_at(body, first + 1)
    return body[first : first + 1] == b"\x0a" and body[inner : inner + 1] in (b"\x0a", b"\x12")


def _holds_nested(body: bytes, tag: int) -> bool:
    """Whether the list at *tag* has a list or a map among its elements."""
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
