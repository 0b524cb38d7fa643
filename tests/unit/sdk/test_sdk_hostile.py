"""Whatever the host's values do, the host is not hurt and the span can be sent."""

import json
import math
from collections.abc import Iterator

import groundspan as gs
import pytest
from groundspan import _guard
from groundspan import attributes as keys
from groundspan.testing import CapturedSpans, capture_spans
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from sdk_support import attributes, strict_spans


class Unshowable:
    """An object that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class Trap:
    """An object whose every attribute is an error of another kind than AttributeError."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError(name)


class UnshowableError(Exception):
    """An exception whose message cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no")


cyclic: list[object] = []
cyclic.append(cyclic)

HOSTILE = [
    "lone \ud800 surrogate",
    {"text": "t\udfff", "id": 10**30, "score": math.nan, "metadata": {7: math.inf, "\ud800": b"x"}},
    {"text": "t", "metadata": {"unshowable": Unshowable(), Unshowable(): 1, "big": 10**5000}},
    {"text": "t", "metadata": cyclic},
    {"text": "x" * 1_000_000, "metadata": {"y": ["z"] * 1_000_000}},
]


def _encodable(spans: CapturedSpans) -> bool:
    """Tell whether the exporter would send all spans with all their attributes."""
    sent = [
        span
        for resource in encode_spans(list(spans)).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    return [len(span.attributes) for span in sent] == [len(attributes(span)) for span in spans]


@pytest.mark.parametrize("chunk", HOSTILE)
def test_hostile_chunk_is_sent(chunk: object) -> None:
    """Surrogates, NaN, huge numbers, cycles and megabytes become valid, bounded JSON."""

    @gs.retrieve
    def search(query: str) -> list[object]:
        return [chunk] if query else []

    with strict_spans() as spans:
        assert search("q\ud800") == [chunk]

    written = str(attributes(spans[0])[keys.DOCUMENTS])
    assert json.loads(written)[0]["content"]
    assert len(written) < 1_000_000
    assert _encodable(spans)


def test_cut_characters_are_counted() -> None:
    """What is missing from a span is told on it."""

    @gs.pipeline
    def ask(question: str) -> str:
        return question * 2

    with _guard.reraising(), capture_spans(max_content_chars=8) as spans:
        ask("123456")

    assert attributes(spans[0])[keys.CUT_CHARS] == 4
    assert json.loads(str(attributes(spans[0])[keys.OUTPUT_MESSAGES]))[0]["parts"][0]["content"] == "12345612"


def test_hostile_tool_call_is_sent() -> None:
    """A tool may be called with anything and give anything."""

    @gs.tool
    def use(thing: object, **more: object) -> object:
        return thing if more else None

    with strict_spans() as spans:
        use(Unshowable(), other=HOSTILE, number=-(2**70))

    assert _encodable(spans)
    assert json.loads(str(attributes(spans[0])[keys.TOOL_ARGUMENTS]))["thing"] == "<Unshowable>"


def test_error_that_cannot_be_shown_is_recorded() -> None:
    """An exception with a broken message still passes, and still counts as one."""

    @gs.tool
    def fail() -> None:
        raise UnshowableError

    with strict_spans() as spans, pytest.raises(UnshowableError):
        fail()

    assert str(attributes(spans[0])[keys.ERROR_TYPE]).endswith("UnshowableError")
    assert _encodable(spans)


def test_error_with_a_surrogate_is_sent() -> None:
    """A status that cannot be encoded would cost the whole batch."""

    @gs.tool(name="t\ud800")
    def fail() -> None:
        raise ValueError("bad \ud800")

    with strict_spans() as spans, pytest.raises(ValueError, match="bad"):
        fail()

    assert _encodable(spans)


def test_host_is_unharmed_when_reading_fails() -> None:
    """An error in our own reading is swallowed and counted; the span is there all the same."""
    trap = Trap()

    @gs.retrieve(relevant=lambda _query: 1 / 0)
    def search(query: object) -> object:
        return query

    before = _guard.swallowed()
    with capture_spans() as spans:
        assert search(trap) is trap

    assert len(spans) == 1
    assert _guard.swallowed() > before


def test_errors_of_ours_are_let_out_in_our_own_tests() -> None:
    """The switch works: nothing is hidden from ourselves."""

    @gs.retrieve(relevant=lambda _query: 1 / 0)
    def search(query: str) -> list[str]:
        return [query]

    with strict_spans(), pytest.raises(ZeroDivisionError):
        search("q")


def test_iterator_is_left_to_the_caller() -> None:
    """Reading an iterator would use it up."""

    @gs.retrieve
    def search(query: str) -> Iterator[str]:
        return iter([query])

    with strict_spans():
        assert list(search("q")) == ["q"]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary(max_size=4)
    | st.sampled_from([*HOSTILE[:2], Unshowable()]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.sampled_from(
                ["text", "content", "id", "score", "metadata", "choices", "usage", "output", "role", "data"]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_VALUES)
def test_any_value_passes_through_every_stage(value: object) -> None:
    """Whatever goes in comes out as the same object, nothing of ours fails, and the exporter can send it."""

    def echo(thing: object) -> object:
        return thing

    decorated = [
        gs.pipeline(echo),
        gs.tokenize(echo),
        gs.embed(echo),
        gs.retrieve(echo),
        gs.rerank(echo),
        gs.generate(context="thing")(echo),
        gs.tool(echo),
    ]
    with strict_spans() as spans:
        assert all(function(value) is value for function in decorated)

    assert len(spans) == len(decorated)
    assert _encodable(spans)
