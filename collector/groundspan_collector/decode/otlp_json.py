"""OTLP/JSON -> the same message in protobuf, so that there is one way of decoding. Pure.

It is not protobuf's own JSON: ids are hex and not base64, enums are numbers only, names are lowerCamelCase only, and
what is not known is ignored. protobuf's parser gets the first three wrong without an error, hence this one, which
follows the message's own description: a key that looks like an id inside an attribute stays what it is.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from groundspan_collector.decode import structured
from groundspan_collector.decode.structured import Json
from groundspan_collector.errors import RejectedData

Scalar: TypeAlias = "bool | int | float | str | bytes"

# As deep as protobuf's own parser goes.
_DEEPEST: Final = 100
_IDS: Final = frozenset({"trace_id", "span_id", "parent_span_id"})
_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")


def read(body: bytes, kind: type[Message]) -> bytes:
    """*body*, an OTLP/JSON message, as protobuf. Raises RejectedData where it is none."""
    try:
        source: Json = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RejectedData(f"the body ({len(body)} bytes) is no JSON: {error}") from error
    message = kind()
    _fill(message, source, 1)
    return message.SerializeToString()


def _fill(message: Message, source: Json, depth: int) -> None:
    """Set the fields of *message* that *source* names."""
    place = message.DESCRIPTOR.name
    if not isinstance(source, dict):
        raise RejectedData(f"{place} must be a JSON object, got {_shown(source)}")
    if depth > _DEEPEST:
        raise RejectedData(f"the JSON is nested deeper than {_DEEPEST} messages at {place}")
    fields = _fields(message.DESCRIPTOR)
    for name, value in source.items():
        field = fields.get(name)
        if field is None or value is None:
            continue
        if field.is_repeated:
            _extend(message, field, value, depth)
        elif field.message_type:
            child: Message = getattr(message, field.name)
            child.SetInParent()
            _fill(child, value, depth + 1)
        else:
            setattr(message, field.name, _scalar(field, value))


def _extend(message: Message, field: FieldDescriptor, items: Json, depth: int) -> None:
    if not isinstance(items, list):
        raise RejectedData(f"{field.json_name} must be a JSON list, got {_shown(items)}")
    repeated = getattr(message, field.name)
    if field.message_type:
        for item in items:
            _fill(repeated.add(), item, depth + 1)
    else:
        repeated.extend([_scalar(field, item) for item in items])


@cache
def _fields(kind: Descriptor) -> Mapping[str, FieldDescriptor]:
    """The fields of a message by their names in JSON."""
    return {field.json_name: field for field in kind.fields}


def _scalar(field: FieldDescriptor, value: Json) -> Scalar:
    """*value* as protobuf takes it."""
    expected, convert = _CONVERSIONS[field.cpp_type]
    if field.type == FieldDescriptor.TYPE_BYTES:
        expected, convert = ("a hex string", _hex) if field.name in _IDS else ("a base64 string", _base64)
    try:
        return convert(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RejectedData(f"{field.json_name} must be {expected}, got {_shown(value)}") from error


def _hex(value: Json) -> bytes:
    return binascii.unhexlify(_string(value))


def _base64(value: Json) -> bytes:
    text = _string(value).rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _string(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    # protobuf takes no half of a pair, and the rest is worth keeping.
    return structured.whole(value)


def _boolean(value: Json) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def _enum(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not an integer")
    return _within(value, 32, signed=True)


def _float(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("not a number")
    return float(value)


def _integer(bits: int, *, signed: bool) -> Callable[[Json], int]:
    def convert(value: Json) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            return _within(int(value), bits, signed=signed)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise TypeError("not an integer")
        return _within(int(value), bits, signed=signed)

    return convert


def _within(number: int, bits: int, *, signed: bool) -> int:
    least = -(1 << bits - 1) if signed else 0
    if not least <= number < least + (1 << bits):
        raise ValueError("out of range")
    return number


def _shown(value: Json) -> str:
    text = json.dumps(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:60]}…"


_CONVERSIONS: Final[Mapping[int, tuple[str, Callable[[Json], Scalar]]]] = {
    FieldDescriptor.CPPTYPE_INT32: ("a 32-bit integer or a string of one", _integer(32, signed=True)),
    FieldDescriptor.CPPTYPE_INT64: ("a 64-bit integer or a string of one", _integer(64, signed=True)),
    FieldDescriptor.CPPTYPE_UINT32: ("an unsigned 32-bit integer or a string of one", _integer(32, signed=False)),
    FieldDescriptor.CPPTYPE_UINT64: ("an unsigned 64-bit integer or a string of one", _integer(64, signed=False)),
    FieldDescriptor.CPPTYPE_DOUBLE: ("a number", _float),
    FieldDescriptor.CPPTYPE_BOOL: ("true or false", _boolean),
    FieldDescriptor.CPPTYPE_ENUM: ("an integer: OTLP/JSON has no names of enum values", _enum),
    FieldDescriptor.CPPTYPE_STRING: ("a string", _string),
}
