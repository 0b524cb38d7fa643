"""The queue: bounded, counted, and emptied on its own thread."""

import logging
import threading
from collections.abc import Sequence

import pytest
from groundspan import attributes as keys
from groundspan._export import Outbox
from groundspan.settings import Settings
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

WAIT_S = 10.0


class Gate(SpanExporter):
    """An exporter that sends once it is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.batches: list[list[str]] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Wait, then keep the names."""
        self.entered.set()
        self.open.wait(WAIT_S)
        self.batches.append([span.name for span in spans])
        return SpanExportResult.SUCCESS


class Telling(Gate):
    """A gate that keeps what each span says of those that were dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Wait, then keep what is told."""
        self.told += [(span.attributes or {}).get(keys.DROPPED) for span in spans]
        return super().export(spans)


class Refusing(SpanExporter):
    """An exporter that is told no."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Fail."""
        return SpanExportResult.FAILURE if spans else SpanExportResult.SUCCESS


def outbox(exporter: SpanExporter, settings: Settings) -> tuple[Outbox, TracerProvider]:
    """Put an outbox on a provider of its own."""
    provider = TracerProvider(shutdown_on_exit=False)
    box = Outbox(lambda: exporter, settings, {})
    provider.add_span_processor(box)
    return box, provider


def make(provider: TracerProvider, *names: str, **attributes: str) -> None:
    """Start and end spans."""
    for name in names:
        provider.get_tracer("test").start_span(name, attributes=attributes).end()


def test_spans_are_dropped_and_counted_when_the_queue_is_full(caplog: pytest.LogCaptureFixture) -> None:
    """A collector that is slow costs spans, never memory or time; it is told once."""
    gate = Gate()
    box, provider = outbox(gate, Settings(max_queue_spans=2, export_interval_s=0.01))
    make(provider, "first")
    gate.entered.wait(WAIT_S)

    make(provider, "second", "third", "fourth", "fifth")
    gate.open.set()
    with caplog.at_level(logging.WARNING, logger="groundspan"):
        assert box.close(WAIT_S)

    assert box.dropped == 2
    assert [name for batch in gate.batches for name in batch] == ["first", "second", "third"]
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("Groundspan lost 2 spans: 0 could not be sent")
    assert told.endswith("2 found the queue of 2 spans (max_queue_spans) and 25165824 bytes (max_queue_bytes) full")


def test_batches_are_cut_when_their_texts_are_long() -> None:
    """A batch of long texts would be refused whole for its size."""
    gate = Gate()
    gate.open.set()
    box, provider = outbox(gate, Settings(export_interval_s=60))

    make(provider, "a", "b", "c", text="x" * 5 * 2**20)

    assert box.close(WAIT_S)
    assert gate.batches == [["a"], ["b"], ["c"]]


def test_other_librarys_span_that_cannot_be_encoded_costs_only_itself() -> None:
    """One lone surrogate in a name would make the exporter lose the batch."""
    gate = Gate()
    gate.open.set()
    box, provider = outbox(gate, Settings(export_interval_s=60))

    make(provider, "good", "bad \ud800", "fine")

    assert not box.force_flush(10_000)
    assert box.close(WAIT_S)
    assert gate.batches == [["good", "fine"]]


def test_flush_is_false_when_the_exporter_fails() -> None:
    """A flush that lost spans says so; the next one with nothing to lose is true."""
    box, provider = outbox(Refusing(), Settings())
    make(provider, "a")

    assert not box.force_flush(10_000)
    assert box.force_flush(10_000)
    box.close(WAIT_S)


def test_close_gives_up_in_time() -> None:
    """An exporter that hangs is left to itself."""
    gate = Gate()
    box, provider = outbox(gate, Settings(export_interval_s=0.01))
    make(provider, "a")
    gate.entered.wait(WAIT_S)

    assert not box.close(0.05)
    gate.open.set()


def test_spans_are_dropped_when_their_texts_are_too_large() -> None:
    """The queue is bounded in bytes too; a span is taken, however large, where nothing waits before it."""
    gate = Gate()
    box, provider = outbox(gate, Settings(max_queue_bytes=100_000, export_interval_s=0.01))
    make(provider, "first", text="x" * 200_000)
    gate.entered.wait(WAIT_S)

    make(provider, "second", text="x" * 60_000)
    make(provider, "third", text="x" * 60_000)
    gate.open.set()
    assert box.close(WAIT_S)

    assert box.dropped == 1
    assert [name for batch in gate.batches for name in batch] == ["first", "second"]


def test_collector_is_told_of_dropped_spans_with_the_next_that_arrive() -> None:
    """Once, on one span of a batch."""
    gate = Telling()
    box, provider = outbox(gate, Settings(max_queue_spans=1, export_interval_s=0.01))
    make(provider, "first")
    gate.entered.wait(WAIT_S)
    make(provider, "second", "third", "fourth")
    gate.open.set()
    assert box.force_flush(10_000)
    make(provider, "fifth")
    assert box.close(WAIT_S)

    assert gate.told == [None, 2, None]
