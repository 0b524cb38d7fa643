"""Texts are kept by reference while a call runs, as they were, and read on the background side."""

import json
from collections.abc import Callable
from dataclasses import replace

import groundspan as gs
import pytest
from groundspan import _runtime
from groundspan import attributes as keys
from groundspan._capture import retrieved
from groundspan._content import Content
from groundspan._export import Outbox
from groundspan.settings import Settings
from groundspan.testing import capture_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sdk_support import attributes, loaded, strict_spans

HITS: list[dict[str, object]] = [
    {"id": "a", "text": "first", "score": 0.9, "metadata": {"tags": ["x"], "source": "a.md"}},
    {"id": "b", "text": "second", "score": 0.8, "metadata": {"tags": [], "source": "b.md"}},
]


class Hit:
    """A chunk of a library's own type."""

    def __init__(self, text: str) -> None:
        self.text = text


def _first(hits: list[dict[str, object]]) -> dict[str, object]:
    return hits[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda hits: hits.clear(),
        lambda hits: hits[0].update(text="changed"),
        lambda hits: hits[0].pop("text"),
        lambda hits: hits[0]["metadata"]["tags"].append("changed"),
        lambda hits: hits[0]["metadata"].update(source="changed"),
    ],
)
def test_chunks_are_told_as_they_were_when_the_caller_changes_them(
    change: Callable[[list[dict[str, object]]], object],
) -> None:
    """What is read later is a copy, however deep the change is made."""
    given = json.loads(json.dumps(HITS))

    @gs.retrieve
    def search(query: str) -> list[dict[str, object]]:
        return given if query else []

    with strict_spans() as spans, gs.pipeline.span(question="?"):
        change(search("q"))

    assert loaded(spans.stage("retrieve")[0], keys.DOCUMENTS) == [
        {"id": "a", "score": 0.9, "content": "first", "metadata": {"tags": ["x"], "source": "a.md"}},
        {"id": "b", "score": 0.8, "content": "second", "metadata": {"tags": [], "source": "b.md"}},
    ]


def test_messages_are_told_as_they_were_when_the_function_changes_them() -> None:
    """A conversation grows while it is answered."""

    @gs.generate(model="m")
    def chat(messages: list[dict[str, object]]) -> str:
        messages.append({"role": "assistant", "content": "changed"})
        messages[0]["content"] = "changed"
        return "answer"

    with strict_spans() as spans:
        chat([{"role": "user", "content": "asked"}])

    (message,) = loaded(spans[0], keys.INPUT_MESSAGES)
    assert message["parts"] == [{"type": "text", "content": "asked"}]


def test_objects_of_other_types_are_told_as_they_were_when_they_change() -> None:
    """They cannot be copied cheaply, and are read at once."""
    hits = [Hit("before")]

    @gs.retrieve
    def search(query: str) -> list[Hit]:
        return hits if query else []

    with strict_spans() as spans, gs.pipeline.span(question="?"):
        search("q")[0].text = "after"

    assert loaded(spans.stage("retrieve")[0], keys.DOCUMENTS) == [{"content": "before"}]


@pytest.mark.parametrize(
    ("value", "is_copied"),
    [
        ([], True),
        (["text"], True),
        (HITS, True),
        ([{"text": "t", "metadata": {"deep": [1, (2.5, None, True)]}}], True),
        ([{"text": "t"}, Hit("h")], False),
        ([{"text": "t", "metadata": Hit("h")}], False),
        ([{"text": "t", "metadata": {"n": [0] * 5_000}}], False),
    ],
)
def test_value_is_copied_when_it_is_of_builtin_types(value: object, *, is_copied: bool) -> None:
    """The same is written in the end, whichever way it went."""
    copied, read = Content(1_000_000, "full"), Content(1_000_000, "full")
    copied.take_chunks(retrieved, value)
    read.read(retrieved, value)

    assert copied.written() == read.written()
    assert copied.fetched
    assert (copied.size_bytes == read.size_bytes) is not is_copied or not copied.size_bytes


def test_memory_of_texts_is_known_when_they_are_kept() -> None:
    """A text counts as much as Python says that it takes; the queue is bounded by that."""
    content = Content(1_000_000, "full")
    content.take_chunks(retrieved, [{"text": "x" * 10_000}, {"text": "é" * 10_000}])

    assert 20_000 <= content.size_bytes <= 21_000


def test_other_exporters_see_no_texts_when_a_span_ends() -> None:
    """Names, times and counts are on the span; texts travel beside it, to our exporter alone."""
    others, ours = InMemorySpanExporter(), InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    box = Outbox(lambda: ours, Settings(), {})
    provider.add_span_processor(SimpleSpanProcessor(others))
    provider.add_span_processor(box)
    before = _runtime.install(_runtime.Runtime(provider.get_tracer("t"), 1_000, contents=box.contents))
    try:
        with gs.generate.span(prompt="asked", model="m") as span:
            span.answer("said")
            span.usage(input_tokens=3, output_tokens=1)
    finally:
        _runtime.install(before)
    assert box.force_flush()

    (seen,), (sent,) = others.get_finished_spans(), ours.get_finished_spans()
    assert box.close(10)
    assert {keys.INPUT_MESSAGES, keys.OUTPUT_MESSAGES} == attributes(sent).keys() - attributes(seen).keys()
    assert (attributes(seen)[keys.REQUEST_MODEL], attributes(seen)[keys.INPUT_TOKENS]) == ("m", 3)


def test_texts_are_on_the_span_redacted_when_that_is_asked_for() -> None:
    """content_on_span=True: every exporter sees what ours sends."""
    with strict_spans() as spans:
        runtime = _runtime.current()
        assert runtime
        on_span = replace(runtime, on_span=lambda texts: {key: str(value).upper() for key, value in texts.items()})
        _runtime.install(on_span)
        with gs.retrieve.span(query="asked"):
            pass
        assert not spans.contents

    assert attributes(spans[0])[keys.QUERY] == "ASKED"


def test_decorator_decides_what_is_captured_when_it_says_so() -> None:
    """One function keeps its texts to itself; or alone gives them."""
    with capture_spans() as spans:
        with gs.retrieve.span(query="secret", capture="no_content") as span:
            span.chunks([{"id": "d1", "text": "secret", "score": 0.5, "metadata": {"m": "secret"}}])
        with gs.generate.span(prompt="open"):
            pass

    assert "secret" not in spans[0].to_json()
    assert loaded(spans[0], keys.DOCUMENTS) == [{"id": "d1", "score": 0.5}]
    assert keys.INPUT_MESSAGES in attributes(spans[1])


def test_decorator_is_refused_when_its_capture_is_unknown() -> None:
    """A typing mistake must not send what was to be kept."""
    with pytest.raises(gs.ConfigError, match="full, no_content or a function, got 'none'"):
        gs.generate(capture="none")(_first)  # type: ignore[call-overload] # the mistake


def test_nothing_is_left_waiting_when_nobody_takes_it() -> None:
    """A provider that was shut down calls no processor; texts must not pile up."""
    with capture_spans() as spans:
        runtime = _runtime.current()
        assert runtime
        deaf: dict[int, Content] = {}
        _runtime.install(replace(runtime, contents=deaf))
        with gs.retrieve.span(query="q"):
            pass

    assert not deaf
    assert len(spans) == 1
