"""The background side: a bounded queue, one daemon thread, and an end that never waits long."""

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, attach, set_value
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from groundspan._capture import Value
from groundspan._context import stamp
from groundspan._guard import Guard
from groundspan._withhold import Withholder
from groundspan.settings import Settings

_logger = logging.getLogger("groundspan")
_EXPORTING = Guard("export spans")
_REDACTING = Guard("redact a span, which is not sent")
_FORKING = Guard("send from a forked process")

_BATCH_SPANS = 512
# The exporter and the collector both refuse a request of 64 MiB whole; a batch stays far below.
_BATCH_CHARS = 8 * 2**20
_DROPS_TOLD_EVERY_S = 60.0


class Outbox(SpanProcessor):
    """Takes spans that ended and sends them from a thread of its own.

    Not OTel's BatchSpanProcessor: that one holds the process for 30 s at exit when the collector is gone, and
    its flush knows no timeout.
    """

    def __init__(
        self, make_exporter: Callable[[], SpanExporter], settings: Settings, always: Mapping[str, Value]
    ) -> None:
        self._make_exporter = make_exporter
        self._exporter = make_exporter()
        self.settings = settings
        self._withholder = Withholder(settings.redact) if settings.redact else None
        self._always = always
        # What else this thread sends, once a round: told whether somebody waits, it tells how much was not taken.
        self.beside: Callable[[bool], int] = _nothing
        self._closed = False
        self._begin()
        if hasattr(os, "register_at_fork"):
            forked = weakref.WeakMethod(self._begin_in_child)
            os.register_at_fork(after_in_child=lambda: (begin := forked()) and begin())

    def _begin_in_child(self) -> None:
        """Start anew: a forked process has no thread of its parent's, and must not write into its connections."""
        with _FORKING:
            if not self._closed:
                self._exporter = self._make_exporter()
            self._begin()

    def _begin(self) -> None:
        """Start empty: what waited at a fork is sent by the parent."""
        self._queue: deque[ReadableSpan] = deque()
        self._dropped = 0
        self._dropped_told = 0
        self._failed = 0
        self._told_at_s = 0.0
        self._wake = threading.Event()
        self._done = threading.Condition()
        self._rounds_wanted = 0
        self._rounds_done = 0
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name="groundspan-export", daemon=True)
        if not self._closed:
            self._thread.start()

    @property
    def dropped(self) -> int:
        """Spans that found the queue full."""
        return self._dropped

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Put session, user and segments on every span, whichever library starts it."""
        if not self._closed:
            stamp(span, parent_context, self._always)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span; never waits."""
        context = span.get_span_context()
        if self._closed or context is None or not context.trace_flags.sampled:
            return
        queue = self._queue
        if len(queue) >= self.settings.max_queue_spans:
            self._dropped += 1
            return
        queue.append(span)
        if len(queue) >= _BATCH_SPANS and not self._wake.is_set():
            self._wake.set()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is waiting; tell whether all of it arrived in time."""
        failed = self._failed
        with self._done:
            self._rounds_wanted += 1
            wanted = self._rounds_wanted
            self._wake.set()
            arrived = self._done.wait_for(lambda: self._closed or self._rounds_done >= wanted, timeout_millis / 1000)
        return arrived and not self._closed and self._failed == failed

    def shutdown(self) -> None:
        """Send what is waiting within the setting's time, then let go of the rest."""
        self.close(self.settings.shutdown_timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Stop; tell whether everything was sent."""
        if self._closed:
            return not self._queue
        self._closed = True
        self._wake.set()
        self._thread.join(timeout_s)
        self._abandoned = True
        self._exporter.shutdown()
        if self._queue:
            _logger.warning("Groundspan stopped with %d spans unsent", len(self._queue))
        return not self._queue and not self._thread.is_alive()

    def _work(self) -> None:
        # Requests of the exporter are no spans, where its HTTP client is instrumented.
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        while True:
            self._wake.wait(self.settings.export_interval_s)
            self._wake.clear()
            closed, wanted = self._closed, self._rounds_wanted
            for batch in self._batches():
                self._send(batch)
            self._failed += self.beside(closed or wanted > self._rounds_done)
            self._tell_drops()
            with self._done:
                self._rounds_done = wanted
                self._done.notify_all()
            if closed:
                return

    def _batches(self) -> Iterator[list[ReadableSpan]]:
        """Cut what waits now into batches; what comes later is the next round's."""
        batch: list[ReadableSpan] = []
        chars = 0
        for _ in range(len(self._queue)):
            if self._abandoned:
                return
            span = self._queue.popleft()
            size = _chars(span)
            if batch and (len(batch) >= _BATCH_SPANS or chars + size > _BATCH_CHARS):
                yield batch
                batch, chars = [], 0
            batch.append(span)
            chars += size
        if batch:
            yield batch

    def _send(self, batch: list[ReadableSpan]) -> None:
        sendable = [span for span in self._redacted(batch) if _sendable(span)]
        self._failed += len(batch) - len(sendable)
        if not sendable:
            return
        result = SpanExportResult.FAILURE
        with _EXPORTING:
            result = self._exporter.export(sendable)
        if result is not SpanExportResult.SUCCESS:
            self._failed += len(sendable)

    def _redacted(self, batch: list[ReadableSpan]) -> list[ReadableSpan]:
        """Give the spans as they may be sent; one that cannot be copied so is not sent."""
        if self._withholder is None:
            return batch
        copies: list[ReadableSpan] = []
        for span in batch:
            with _REDACTING:
                copies.append(self._withholder.span(span))
        return copies

    def _tell_drops(self) -> None:
        now_s = time.monotonic()
        if self._dropped > self._dropped_told and now_s - self._told_at_s >= _DROPS_TOLD_EVERY_S:
            lost, self._dropped_told, self._told_at_s = (
                self._dropped - self._dropped_told,
                self._dropped,
                now_s,
            )
            limit = self.settings.max_queue_spans
            _logger.warning("Groundspan dropped %d spans: the queue of %d was full", lost, limit)


def _nothing(_is_awaited: bool) -> int:
    return 0


def _chars(span: ReadableSpan) -> int:
    return sum(len(value) for value in (span.attributes or {}).values() if isinstance(value, str))


def _sendable(span: ReadableSpan) -> bool:
    """Tell whether a span can be encoded: one bad name of another library's would cost the whole batch."""
    try:
        span.name.encode()
        (span.status.description or "").encode()
    except UnicodeEncodeError:
        return False
    return True
