"""The background side: a bounded queue, one daemon thread, and an end that never waits long."""

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from sys import getsizeof
from typing import NamedTuple, cast

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, attach, set_value
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import TraceFlags
from opentelemetry.util.types import AttributeValue

from groundspan import attributes as keys
from groundspan._capture import Attributes, Found, Value
from groundspan._content import Content
from groundspan._context import stamp
from groundspan._guard import Guard
from groundspan._quiet import THREAD, exporter_said
from groundspan._tokens import CALLS, Counter, counted
from groundspan._withhold import Withholder
from groundspan.settings import Settings, tiktoken_cache_dir

_logger = logging.getLogger("groundspan")
_EXPORTING = Guard("export spans")
_COUNTING = Guard("count a span's tokens, which are not told")
_WRITING = Guard("write a span, which is not sent")
_FORKING = Guard("send from a forked process")

_BATCH_SPANS = 512
# The exporter and the collector both refuse a request of 64 MiB whole; a batch stays far below.
_BATCH_BYTES = 8 * 2**20
_LOSSES_TOLD_EVERY_S = 60.0
# A span without any text takes about so much.
_SPAN_BYTES = 2_000
_SAMPLED = TraceFlags.SAMPLED


class Ended(NamedTuple):
    """A span that waits to be sent."""

    span: ReadableSpan
    content: Content | None
    """Its texts, which are not on it yet."""
    size_bytes: int
    """How much memory it takes, about."""


def joined(span: ReadableSpan, attributes: Mapping[str, Value]) -> ReadableSpan:
    """Give a copy of *span* that has *attributes* too: other exporters hold the span itself."""
    return _copied(span, {**(span.attributes or {}), **attributes})


def _copied(span: ReadableSpan, attributes: Mapping[str, AttributeValue]) -> ReadableSpan:
    if span.dropped_attributes:
        bounded = BoundedAttributes(attributes=attributes, immutable=False)
        bounded.dropped += span.dropped_attributes
        attributes = bounded
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


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
        self._max_spans, self._max_bytes = settings.max_queue_spans, settings.max_queue_bytes
        self._withholder = Withholder(settings.redact) if settings.redact else None
        self._always = always
        self._counter = Counter(settings.tokenizers, tiktoken_cache_dir())
        # What else this thread sends, once a round: told whether somebody waits, it tells how much was not taken.
        self.beside: Callable[[bool], int] = _nothing
        self._closed = False
        self.contents: dict[int, Content] = {}
        """Where our own spans leave their texts when they end."""
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
        self._queue: deque[Ended] = deque()
        self._waiting_bytes = 0
        # A garbage collection within may end a stream's span, and come here again.
        self._counting = threading.RLock()
        self.contents.clear()
        self._dropped = 0
        self._dropped_told = 0
        self._dropped_reported = 0
        self._failed = 0
        self._failed_told = 0
        self._told_at_s = float("-inf")
        self._wake = threading.Event()
        self._done = threading.Condition()
        self._rounds_wanted = 0
        self._rounds_done = 0
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name=THREAD, daemon=True)
        if not self._closed:
            self._thread.start()

    @property
    def dropped(self) -> int:
        """Spans that found the queue full."""
        return self._dropped

    def redacted(self, attributes: Attributes) -> Attributes:
        """Give texts as they may stand where everybody sees them; none where that fails."""
        if self._withholder is None:
            return attributes
        with _WRITING:
            return self._withholder.attributes(attributes)
        return {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Put session, user and segments on every span, whichever library starts it."""
        if not self._closed:
            stamp(span, parent_context, self._always)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span; never waits."""
        context = span.context
        if self._closed or context is None or not context.trace_flags & _SAMPLED:
            return
        content = self.contents.pop(context.span_id, None)
        size_bytes = _SPAN_BYTES + (_text_bytes(span) if content is None else content.size_bytes)
        with self._counting:
            queue = self._queue
            waiting, waiting_bytes = len(queue), self._waiting_bytes + size_bytes
            if waiting >= self._max_spans or (waiting and waiting_bytes > self._max_bytes):
                self._dropped += 1
                return
            self._waiting_bytes = waiting_bytes
            queue.append(Ended(span, content, size_bytes))
        if waiting + 1 >= _BATCH_SPANS and not self._wake.is_set():
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
            self._tell_losses()
            with self._done:
                self._rounds_done = wanted
                self._done.notify_all()
            if closed:
                return

    def _batches(self) -> Iterator[list[Ended]]:
        """Cut what waits now into batches; what comes later is the next round's."""
        batch: list[Ended] = []
        batch_bytes = 0
        for _ in range(len(self._queue)):
            if self._abandoned:
                return
            ended = self._queue.popleft()
            size_bytes = ended.size_bytes
            if batch and (len(batch) >= _BATCH_SPANS or batch_bytes + size_bytes > _BATCH_BYTES):
                yield batch
                self._let_go(batch_bytes)
                batch, batch_bytes = [], 0
            batch.append(ended)
            batch_bytes += size_bytes
        if batch:
            yield batch
            self._let_go(batch_bytes)

    def _let_go(self, size_bytes: int) -> None:
        with self._counting:
            self._waiting_bytes -= size_bytes

    def _send(self, batch: list[Ended]) -> None:
        sendable = [span for span in self._written(batch) if _sendable(span)]
        self._failed += len(batch) - len(sendable)
        if not sendable:
            return
        dropped = self._dropped - self._dropped_reported
        if dropped:
            sendable[0] = joined(sendable[0], {keys.DROPPED: dropped})
        result = SpanExportResult.FAILURE
        with _EXPORTING:
            result = self._exporter.export(sendable)
        if result is SpanExportResult.SUCCESS:
            self._dropped_reported += dropped
        else:
            self._failed += len(sendable)

    def _written(self, batch: list[Ended]) -> Iterator[ReadableSpan]:
        """Give the spans as they may be sent, with their texts; one that cannot be made so is not sent."""
        for ended in batch:
            with _WRITING:
                span = ended.span if ended.content is None else self._with_texts(ended.span, ended.content)
                yield span if self._withholder is None else self._withholder.span(span)

    def _with_texts(self, span: ReadableSpan, content: Content) -> ReadableSpan:
        """Give *span* with its texts, and with the tokens that nobody counted."""
        own = _attributes_of(span)

        def tokens(texts: Found) -> Attributes:
            with _COUNTING:
                return counted({**texts, **own}, self._counter, content.embedded)
            return {}

        is_model_call = own.get(keys.STAGE) in CALLS
        return _copied(span, {**own, **content.written(tokens if is_model_call else None)})

    def _tell_losses(self) -> None:
        """Say once a minute what was lost since the last time."""
        now_s = time.monotonic()
        dropped, failed = self._dropped - self._dropped_told, self._failed - self._failed_told
        if not (dropped or failed) or now_s - self._told_at_s < _LOSSES_TOLD_EVERY_S:
            return
        self._dropped_told, self._failed_told, self._told_at_s = self._dropped, self._failed, now_s
        settings = self.settings
        _logger.warning(
            "Groundspan lost %d spans: %d could not be sent to %s%s; %d found the queue of %d spans (max_queue_spans) "
            "and %d bytes (max_queue_bytes) full",
            dropped + failed,
            failed,
            settings.traces_url,
            f" ({reason})" if failed and (reason := exporter_said()) else "",
            dropped,
            settings.max_queue_spans,
            settings.max_queue_bytes,
        )


def _nothing(_is_awaited: bool) -> int:
    return 0


def _attributes_of(span: ReadableSpan) -> dict[str, AttributeValue]:
    """Copy a span's attributes: item by item, OTel's mapping takes a lock for each."""
    return cast("dict[str, AttributeValue]", span.attributes or {}).copy()


def _text_bytes(span: ReadableSpan) -> int:
    return sum(getsizeof(value) for value in (span.attributes or {}).values() if isinstance(value, str))


def _sendable(span: ReadableSpan) -> bool:
    """Tell whether a span can be encoded: one bad name of another library's would cost the whole batch."""
    try:
        span.name.encode()
        (span.status.description or "").encode()
    except UnicodeEncodeError:
        return False
    return True
