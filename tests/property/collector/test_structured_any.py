"""Nested attribute values, of any shape."""

import json
import math
from collections.abc import Mapping, Sequence

import otlp
from groundspan_collector.decode import structured
from hypothesis import assume, given
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from otlp_strategies import values


def _as_json(value: otlp.Value) -> object:
    match value:
        case bool() | int() | str() | None:
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes():
            return structured.plain(AnyValue(bytes_value=value))
        case Mapping():
            return {key: _as_json(item) for key, item in value.items()}
        case Sequence():
            return [_as_json(item) for item in value]


def _holds_structure(value: otlp.Value) -> bool:
    """A map that holds something, or a list in which such a map, or a list that holds something, stands."""
    match value:
        case Mapping():
            return bool(value)
        case str() | bytes():
            return False
        case Sequence():
            return any(
                _holds_structure(item) or (isinstance(item, Sequence) and not isinstance(item, str | bytes) and item)
                for item in value
            )
        case _:
            return False


@given(values)
def test_plain_gives_back_what_json_can_say(value: otlp.Value) -> None:
    """Everything JSON knows returns as it was; the rest has a name."""
    plain = structured.plain(otlp.any_value(value))

    assert plain == _as_json(value)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


@given(values)
def test_nested_values_are_never_missed(value: otlp.Value) -> None:
    """A map that is missed would be lost: the engine skips what it cannot follow."""
    assume(_holds_structure(value))

    assert structured.perhaps_nested(otlp.body(otlp.span({"before": "x", "key": value, "after": 1})))


@given(values)
def test_nested_values_are_never_missed_in_the_resource(value: otlp.Value) -> None:
    """Resources carry attributes too."""
    assume(_holds_structure(value))

    assert structured.perhaps_nested(otlp.body(otlp.span(), resource={"key": value}))


@given(values)
def test_flatten_leaves_nothing_nested(value: otlp.Value) -> None:
    """After it, every value is a scalar or a list of scalars, and text that was there is untouched."""
    request = otlp.request(otlp.span({"key": value}), resource={"key": value})

    structured.flatten(request)

    kept = request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value
    if isinstance(value, Mapping) or _holds_structure(value):
        assert json.loads(kept.string_value) == _as_json(value)
    else:
        assert not kept.HasField("kvlist_value")
