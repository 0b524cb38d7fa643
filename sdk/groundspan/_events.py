"""What was said of answers, on its way to the collector: a bounded queue that the spans' thread empties."""

import logging
import os
import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from groundspan import attributes as keys
from groundspan._guard import Guard
from groundspan._post import Fate, Post, Reply

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

_logger = logging.getLogger("groundspan")
_SENDING = Guard("send evaluations, which are lost")
_FORKING = Guard("send evaluations from a forked process")

SCOPE: Final = "groundspan"
_MAX_WAITING = 2048
_MAX_WAITING_CHARS = 16 * 2**20
_BATCH_EVENTS = 256
_BATCH_CHARS = 4 * 2**20
_POST_TIMEOUT_S = 5.0
# The thread that waits here sends no spans meanwhile.
_AWAITED_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
_TOLD_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """One evaluation of a trace, or of one span of it."""

    trace_id: int
    span_id: int
    """0: of the trace."""
    time_ns: int
    attributes: Mapping[str, str | float]

    @property
    def chars(self) -> int:
        """How long its texts are."""
        return sum(len(value) for value in self.attributes.values() if isinstance(value, str))


class EventBox:
    """Takes evaluations, and sends them when the thread that sends spans comes by."""

    def __init__(self, post: Post, resource: Mapping[str, str], redact: Callable[[str], str]) -> None:
        self._post = post
        self._resource = {key: redact(value) for key, value in resource.items()}
        self._redact = redact
        self._closed = False
        self._begin()
        if hasattr(os, "register_at_fork"):
            forked = weakref.WeakMethod(self._begin_in_child)
            os.register_at_fork(after_in_child=lambda: (begin := forked()) and begin())

    def _begin_in_child(self) -> None:
        with _FORKING:
            self._begin()

    def _begin(self) -> None:
        """Start empty: what waited at a fork is sent by the parent."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._queue: deque[Event] = deque()
        self._chars = 0
        self._last_ns = 0
        self._pause_s = _FIRST_PAUSE_S
        self._due_s = 0.0
        self._lost = self._lost_told = 0
        self._told_at_s = float("-inf")

    @property
    def lost(self) -> int:
        """Evaluations that found the queue full, or that the collector refused."""
        return self._lost

    @property
    def waiting(self) -> int:
        """Evaluations that were not sent yet."""
        return len(self._queue)

    def put(self, trace_id: int, span_id: int, attributes: Mapping[str, str | float]) -> None:
        """Take an evaluation; never waits for the collector."""
        with self._lock:
            # Of two with the same name and time the collector would keep one.
            self._last_ns = max(time.time_ns(), self._last_ns + 1)
            event = Event(trace_id, span_id, self._last_ns, attributes)
            if self._closed or len(self._queue) >= _MAX_WAITING or self._chars + event.chars > _MAX_WAITING_CHARS:
                self._lost += 1
                return
            self._queue.append(event)
            self._chars += event.chars

    def send(self, is_awaited: bool) -> int:
        """Send what waits; tell how much of it was not taken.

        Where the collector asks for patience, the next round tries again; if somebody waits for this round, it is
        this one, for a few seconds.
        """
        lost, deadline_s = self._lost, time.monotonic() + _AWAITED_S
        while self._queue and not self._closing.is_set():
            pause_s = self._due_s - time.monotonic()
            if pause_s > 0:
                if not is_awaited or time.monotonic() + pause_s > deadline_s:
                    break
                self._closing.wait(pause_s)
                continue
            self._send_batch()
        self._tell()
        return self._lost - lost + (self.waiting if is_awaited else 0)

    def close(self) -> bool:
        """Take and try no more; tell whether everything was sent."""
        self._closed = True
        self._closing.set()
        if self._queue:
            _logger.warning("Groundspan stopped with %d evaluations unsent", self.waiting)
        return not self._queue

    def _send_batch(self) -> None:
        batch = self._batch()
        reply = Reply(Fate.REFUSED, "it could not be encoded")
        with _SENDING:
            reply = self._post(encoded([self._redacted(event) for event in batch], self._resource), _POST_TIMEOUT_S)
        if reply.fate is Fate.LATER:
            self._put_back(batch, reply)
            return
        self._pause_s = _FIRST_PAUSE_S
        if reply.fate is Fate.REFUSED:
            with self._lock:
                self._lost += len(batch)

    def _batch(self) -> list[Event]:
        with self._lock:
            batch = [self._queue.popleft()]
            chars = batch[0].chars
            while self._queue and len(batch) < _BATCH_EVENTS and chars + self._queue[0].chars <= _BATCH_CHARS:
                batch.append(self._queue.popleft())
                chars += batch[-1].chars
            self._chars -= chars
        return batch

    def _put_back(self, batch: Sequence[Event], reply: Reply) -> None:
        with self._lock:
            self._queue.extendleft(reversed(batch))
            self._chars += sum(event.chars for event in batch)
        pause_s = self._pause_s if reply.retry_after_s is None else reply.retry_after_s
        # Many processes that were told the same second must not all come in it.
        self._due_s = time.monotonic() + pause_s * (1 + random.random() / 4)  # noqa: S311 - no secret
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _redacted(self, event: Event) -> Event:
        passed = {
            key: self._redact(value) if isinstance(value, str) else value for key, value in event.attributes.items()
        }
        return Event(event.trace_id, event.span_id, event.time_ns, passed)

    def _tell(self) -> None:
        now_s = time.monotonic()
        if self._lost > self._lost_told and now_s - self._told_at_s >= _TOLD_EVERY_S:
            lost, self._lost_told, self._told_at_s = self._lost - self._lost_told, self._lost, now_s
            _logger.warning("Groundspan lost %d evaluations: refused, or the queue of %d was full", lost, _MAX_WAITING)


def encoded(events: Sequence[Event], resource: Mapping[str, str]) -> bytes:
    """Write *events* as the body of an OTLP request."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    resource_logs.resource.attributes.extend(_pairs(resource))
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = SCOPE
    for event in events:
        _write(event, scope_logs.log_records.add())
    return request.SerializeToString()


def _write(event: Event, record: "LogRecord") -> None:
    record.time_unix_nano = record.observed_time_unix_nano = event.time_ns
    record.trace_id = event.trace_id.to_bytes(16, "big")
    record.span_id = event.span_id.to_bytes(8, "big") if event.span_id else b""
    record.attributes.extend(_pairs(event.attributes))
    if hasattr(record, "event_name"):
        record.event_name = keys.EVALUATION_EVENT
    else:  # OpenTelemetry before 1.35: there an attribute names an event.
        record.attributes.extend(_pairs({"event.name": keys.EVALUATION_EVENT}))


def _pairs(attributes: Mapping[str, str | float]) -> "list[KeyValue]":
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

    return [
        KeyValue(
            key=key,
            value=AnyValue(string_value=value) if isinstance(value, str) else AnyValue(double_value=value),
        )
        for key, value in attributes.items()
    ]
