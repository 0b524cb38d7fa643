"""Which requests hold a value that the engine cannot read."""

import otlp
import pytest
from groundspan_collector.decode import structured
from opentelemetry.proto.trace.v1.trace_pb2 import Span

NESTED = (
    otlp.span({"map": {"a": 1}}),
    otlp.span({"rows": [["a"], {"b": 2}]}),
    otlp.span({"long": {"a": "x" * 20_000}}),
)


@pytest.mark.parametrize("nested", NESTED, ids=["map", "list of lists", "map with a long text"])
def test_nested_value_is_found_wherever_it_lies(nested: Span) -> None:
    """Bytes are compared in blocks: a value may begin in one and go on in the next."""
    before = len(otlp.body(otlp.span({"text": ""})))

    for distance in range(-200, 50):
        padding = "x" * (structured._BLOCK_BYTES - before + distance)

        assert structured.perhaps_nested(otlp.body(otlp.span({"text": padding}), nested)), distance


def test_request_is_not_walked_when_its_values_are_plain() -> None:
    """Texts and lists of texts are most of what comes, over many blocks too."""
    plain = [otlp.span({"text": "2 * 2 " * 5_000, "reasons": ["stop", "length"], "count": 50}) for _ in range(20)]

    assert not structured.perhaps_nested(otlp.body(*plain))
