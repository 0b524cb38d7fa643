"""Values of attributes that are longer than the limit -> their beginnings, and how many were cut. Pure.

A text is cut at its end. Of JSON, in which chunks and messages come, the longest strings are cut instead, all to one
length: it stays JSON, so that what it says is recognised, and of a prompt with a picture the words are whole.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from groundspan_collector import decode
from groundspan_collector.decode import structured

Export: TypeAlias = ExportTraceServiceRequest | ExportLogsServiceRequest

DEFAULT_MAX_BYTES: Final = 1024 * 1024

_CUT_ATTRIBUTES: Final = 536870902
"""In otlp.proto."""
# Of a request: what comes from one resource, from one scope of it, a span or a record.
_LEVELS: Final = 3
_JSON: Final = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{"\]])')
# One that is not closed goes to the end: no quote is looked at twice, whatever the text is.
_STRING: Final = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+\\?)(?:"|\Z)', re.DOTALL)
# Shorter strings are ids, roles and types, and too many to remember where each is.
_LONG_STRING_BYTES: Final = 256
# Other requests wait while one is looked through.
_MOST_STRINGS: Final = 100_000
# Of a pair that stands for one character, the first half is no whole escape.
_UNFINISHED_ESCAPE: Final = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2})?")
_LONGEST_ESCAPE_BYTES: Final = 6


def perhaps_long(body: bytes, max_bytes: int) -> bool:
    """Whether *body*, a request for spans or log records, may hold a value of more than *max_bytes*.

    Only lengths are looked at, of what is longer itself: a span that is not is passed over.
    """
    return len(body) > max_bytes and _perhaps_long(body, 0, len(body), max_bytes, _LEVELS)


def _perhaps_long(body: bytes, place: int, end: int, max_bytes: int, levels: int) -> bool:
    if not levels:
        return True
    while place < end:
        if body[place] & 0x87 != 2:
            # No field of these messages: whatever it is, look closely.
            return True
        size, place = structured.varint_at(body, place + 1)
        if size > max_bytes and _perhaps_long(body, place, place + size, max_bytes, levels - 1):
            return True
        place += size
    return False


def cut_spans(request: ExportTraceServiceRequest, max_bytes: int) -> int:
    """Cut the values of *request*, in place, to *max_bytes* each; how many were.

    Each span is told how many of its own, of its events' and of its resource's were.
    """
    total = 0
    for resource_spans in request.resource_spans:
        of_resource = _cut(resource_spans.resource.attributes, max_bytes)
        total += of_resource
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                of_span = _cut(_attributes(span), max_bytes) if span.ByteSize() > max_bytes else 0
                total += of_span
                _tell(span, of_resource + of_span)
    return total


def cut_records(request: ExportLogsServiceRequest, max_bytes: int) -> int:
    """Cut the texts of *request*, in place, to *max_bytes* each, those within maps and lists too; how many were."""
    return sum(_cut_value(value, max_bytes) for value in _record_values(request) if value.ByteSize() > max_bytes)


def cut_text(text: str, max_bytes: int) -> str:
    """The most of *text* that *max_bytes* of UTF-8 hold, with whole characters; JSON stays JSON where it can."""
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    kept = _shorter_json(encoded, max_bytes) if _JSON.match(encoded) else None
    return (encoded[:max_bytes] if kept is None else kept).decode("utf-8", "ignore")


def _tell(span: Span, count: int) -> None:
    if count:
        # No field that OTLP knows: it is carried along as it is.
        span.MergeFromString(decode.varint(_CUT_ATTRIBUTES << 3) + decode.varint(count))


def _attributes(span: Span) -> Iterator[KeyValue]:
    yield from span.attributes
    for event in span.events:
        yield from event.attributes


def _cut(attributes: Iterable[KeyValue], max_bytes: int) -> int:
    """How many of *attributes* had to be cut; a list becomes the JSON text that is stored of it in any case."""
    count = 0
    for value in (attribute.value for attribute in attributes):
        if value.ByteSize() <= max_bytes:
            continue
        if value.HasField("array_value"):
            value.string_value = structured.text(value)
        count += _cut_value(value, max_bytes)
    return count


def _record_values(request: ExportLogsServiceRequest) -> Iterator[AnyValue]:
    for resource_logs in request.resource_logs:
        yield from (attribute.value for attribute in resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield record.body
                yield from (attribute.value for attribute in record.attributes)


def _cut_value(value: AnyValue, max_bytes: int) -> int:
    match value.WhichOneof("value"):
        case "string_value":
            kept = cut_text(value.string_value, max_bytes)
            if kept == value.string_value:
                return 0
            value.string_value = kept
            return 1
        case "bytes_value":
            # Stored as base64: four characters for three bytes.
            kept_bytes = value.bytes_value[: max_bytes // 4 * 3]
            if kept_bytes == value.bytes_value:
                return 0
            value.bytes_value = kept_bytes
            return 1
        case "kvlist_value":
            return sum(_cut_value(each.value, max_bytes) for each in value.kvlist_value.values)
        case "array_value":
            return sum(_cut_value(each, max_bytes) for each in value.array_value.values)
    return 0


def _shorter_json(text: bytes, max_bytes: int) -> bytes | None:
    """*text* with its longest strings cut so that it fits; None where it is too long without them, or has too many."""
    long = []
    for number, found in enumerate(_STRING.finditer(text)):
        if number == _MOST_STRINGS:
            return None
        if found.end(1) - found.start(1) > _LONG_STRING_BYTES:
            long.append(found.span(1))
    sizes = [end - start for start, end in long]
    most = _common_size(sizes, max_bytes - (len(text) - sum(sizes)))
    if most is None:
        return None
    parts, place = [], 0
    for start, end in long:
        parts += [text[place:start], text[start:end] if end - start <= most else _beginning(text[start:end], most)]
        place = end
    return b"".join([*parts, text[place:]])


def _common_size(sizes: Iterable[int], room: int) -> int | None:
    """To what size those of *sizes* that are larger must be brought, so that all of them fit into *room*."""
    left = sorted(sizes, reverse=True)
    while left and left[-1] * len(left) <= room:
        room -= left.pop()
    return room // len(left) if left and room >= 0 else None


def _beginning(string: bytes, size: int) -> bytes:
    """The first *size* bytes of a JSON *string*, less a character or an escape that is not whole."""
    head = string[:size].decode("utf-8", "ignore").encode()
    while (place := head.rfind(b"\\", max(0, len(head) - _LONGEST_ESCAPE_BYTES))) >= 0:
        backslashes = place + 1 - len(head[: place + 1].rstrip(b"\\"))
        if backslashes % 2 == 0 or not _UNFINISHED_ESCAPE.fullmatch(head, place):
            break
        head = head[:place]
    return head
