"""What the collector counts of itself; served on /metrics."""

import threading
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY: Final = CollectorRegistry()

REASONS: Final = ("malformed", "undecodable", "refused_in_replay", "damaged_in_spool", "ignored", "try_again")
"""Why something was not stored; `ignored` is of no use to us, `try_again` was answered with 503, and comes again."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One moment of a ledger: received + recovered = written + rejected + in flight + spooled."""

    received: int
    recovered: int
    written: int
    replayed: int
    """Those of *written* that went through the spool."""
    in_flight: int
    spooled: int
    rejected: Mapping[str, int]

    @property
    def missing(self) -> int:
        """How many are unaccounted for: 0."""
        accounted = self.written + sum(self.rejected.values()) + self.in_flight + self.spooled
        return self.received + self.recovered - accounted


class Ledger(Collector):
    """Where each span is that this process received or found in the spool; a method is one step, seen as a whole."""

    def __init__(self, unit: str) -> None:
        """Count *unit*, the word for them in metrics."""
        self._unit = unit
        self._lock = threading.Lock()
        self._counts: Tally[str] = Tally()
        self._rejected: Tally[str] = Tally()

    def accept(self, count: int) -> None:
        """They were received, and wait for their fate."""
        self._move(received=count, in_flight=count)

    def turn_away(self, count: int, reason: str) -> None:
        """They were received and refused at once."""
        self._move(reason, count, received=count)

    def write(self, count: int) -> None:
        """They were in flight, and are stored."""
        self._move(in_flight=-count, written=count)

    def reject(self, count: int, reason: str) -> None:
        """They were in flight, and are refused."""
        self._move(reason, count, in_flight=-count)

    def spool(self, count: int) -> None:
        """They were in flight, and are safe in the spool."""
        self._move(in_flight=-count, spooled=count)

    def recover(self, count: int) -> None:
        """An earlier process left them in the spool."""
        self._move(recovered=count, spooled=count)

    def replay(self, count: int) -> None:
        """They were in the spool, and are stored."""
        self._move(spooled=-count, written=count, replayed=count)

    def reject_spooled(self, count: int, reason: str) -> None:
        """They were in the spool, and will not be stored."""
        self._move(reason, count, spooled=-count)

    def snapshot(self) -> Counts:
        """All counts at one moment."""
        with self._lock:
            counts, rejected = Tally(self._counts), dict.fromkeys(REASONS, 0) | self._rejected
        names = ("received", "recovered", "written", "replayed", "in_flight", "spooled")
        return Counts(**{name: counts[name] for name in names}, rejected=rejected)

    def collect(self) -> Iterator[Metric]:
        """The counts as Prometheus reads them, all of one moment."""
        counts, unit = self.snapshot(), self._unit
        name = f"groundspan_{unit}"
        yield CounterMetricFamily(f"{name}_received", f"Number of {unit} in requests.", counts.received)
        recovered = f"{unit} that an earlier process left."
        yield CounterMetricFamily(f"{name}_recovered_from_spool", recovered, counts.recovered)
        yield CounterMetricFamily(f"{name}_stored", f"{unit} written, replayed ones too.", counts.written)
        yield CounterMetricFamily(f"{name}_replayed", f"{unit} stored from the spool.", counts.replayed)
        rejected = CounterMetricFamily(f"{name}_rejected", f"{unit} not stored, by reason.", labels=["reason"])
        for reason, count in counts.rejected.items():
            rejected.add_metric([reason], count)
        yield rejected
        yield GaugeMetricFamily(f"{name}_in_flight", f"{unit} that wait for their answer.", counts.in_flight)
        yield GaugeMetricFamily(f"{name}_spooled", f"{unit} acknowledged, and in the spool.", counts.spooled)

    def _move(self, reason: str = "", refused: int = 0, **changes: int) -> None:
        with self._lock:
            for name, change in changes.items():
                self._counts[name] += change
            if refused:
                self._rejected[reason] += refused


SPANS: Final = Ledger("spans")
LOG_RECORDS: Final = Ledger("log_records")
METRIC_POINTS: Final = Ledger("metric_points")
for _ledger in (SPANS, LOG_RECORDS, METRIC_POINTS):
    REGISTRY.register(_ledger)

REFUSED: Final = Counter(
    "groundspan_requests_refused",
    "Requests answered with an error, by its name.",
    ["error"],
    registry=REGISTRY,
)
DROPPED_BY_SENDERS: Final = Counter(
    "groundspan_spans_dropped_by_senders",
    "Spans that never came: so many, senders with our SDK say, had no room in their queues.",
    registry=REGISTRY,
)
ATTRIBUTES_CUT: Final = Counter(
    "groundspan_attributes_cut", "Values longer than GROUNDSPAN_MAX_ATTRIBUTE_BYTES, stored cut.", registry=REGISTRY
)
IN_FLIGHT_BYTES: Final = Gauge(
    "groundspan_in_flight_bytes", "Bytes of requests that wait for their answer.", registry=REGISTRY
)
WAITING_REQUESTS: Final = Gauge(
    "groundspan_waiting_requests", "Requests in the queue, not yet in a group.", registry=REGISTRY
)
SPOOL_BYTES: Final = Gauge("groundspan_spool_bytes", "Size of the spool on disk.", registry=REGISTRY)
SPOOL_TORN_BYTES: Final = Counter(
    "groundspan_spool_torn_bytes", "Bytes cut off the ends of segments at start.", registry=REGISTRY
)
SPOOL_CORRUPT_BYTES: Final = Counter(
    "groundspan_spool_corrupt_bytes", "Bytes of the spool that belong to no whole record.", registry=REGISTRY
)
REPLAY_FAILURES: Final = Counter(
    "groundspan_replay_failures", "Times that the store did not take a group from the spool.", registry=REGISTRY
)
GROUP_BYTES: Final = Histogram(
    "groundspan_group_bytes",
    "Bytes that shared one insert.",
    buckets=[1 << shift for shift in range(10, 28, 2)],
    registry=REGISTRY,
)
GROUP_ITEMS: Final = Histogram(
    "groundspan_group_items",
    "Spans that shared one insert.",
    buckets=[1, 10, 100, 500, 1_000, 5_000, 10_000, 50_000],
    registry=REGISTRY,
)
GROUP_REQUESTS: Final = Histogram(
    "groundspan_group_requests",
    "Requests that shared one insert.",
    buckets=[1, 2, 4, 8, 16, 32, 64],
    registry=REGISTRY,
)
INSERT_SECONDS: Final = Histogram("groundspan_insert_seconds", "Time to store one group.", registry=REGISTRY)
DUPLICATE_ROWS: Final = Gauge(
    "groundspan_duplicate_rows",
    "Rows of spans that repeat or correct another and were not merged away yet; no report counts them.",
    registry=REGISTRY,
)
OLDEST_UNJUDGED_SECONDS: Final = Gauge(
    "groundspan_oldest_unjudged_seconds",
    "Age of the answer that waits longest to be judged; 0: none.",
    registry=REGISTRY,
)
JUDGED: Final = Counter("groundspan_answers_judged", "Judgements written, by status.", ["status"], registry=REGISTRY)
CLAIMS_DECIDED: Final = Counter(
    "groundspan_claims_decided", "Claims that a judge of a cascade decided, by its name.", ["judge"], registry=REGISTRY
)
STORE_FAILED_WRITES: Final = Counter(
    "groundspan_store_failed_writes", "Writes to files of the store that the disk did not take.", registry=REGISTRY
)
STORE_PARTS_MENDED: Final = Counter(
    "groundspan_store_parts_mended",
    "Parts of tables that were not whole, and were moved away or made again.",
    registry=REGISTRY,
)
STORE_PARTS_SET_ASIDE: Final = Gauge(
    "groundspan_store_parts_set_aside",
    "Parts of tables that are not whole, and of which rows may be lost.",
    registry=REGISTRY,
)
SUPERSEDED: Final = Counter(
    "groundspan_spans_superseded", "Copies of a span that lost against one that says something else.", registry=REGISTRY
)
SWALLOWED: Final = Counter(
    "groundspan_errors_swallowed", "Errors that a loop survived, by place.", ["place"], registry=REGISTRY
)
