"""What the collector counts of itself; served on /metrics."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY: Final = CollectorRegistry()

RECEIVED: Final = Counter("groundspan_spans_received", "Spans in requests that were read.", registry=REGISTRY)
STORED: Final = Counter("groundspan_spans_stored", "Spans written and acknowledged.", registry=REGISTRY)
REJECTED: Final = Counter(
    "groundspan_spans_rejected", "Spans refused for good, by reason.", ["reason"], registry=REGISTRY
)
LOG_RECORDS: Final = Counter(
    "groundspan_log_records", "Log records, by fate: stored, ignored, rejected.", ["fate"], registry=REGISTRY
)
METRIC_POINTS: Final = Counter(
    "groundspan_metric_points", "Metric points, by fate: stored, rejected.", ["fate"], registry=REGISTRY
)
REFUSED: Final = Counter(
    "groundspan_requests_refused",
    "Requests answered with an error, by its name.",
    ["error"],
    registry=REGISTRY,
)
IN_FLIGHT_BYTES: Final = Gauge(
    "groundspan_in_flight_bytes", "Bytes of requests that wait for their answer.", registry=REGISTRY
)
GROUP_REQUESTS: Final = Histogram(
    "groundspan_group_requests",
    "Requests that shared one insert.",
    buckets=[1, 2, 4, 8, 16, 32, 64],
    registry=REGISTRY,
)
INSERT_SECONDS: Final = Histogram("groundspan_insert_seconds", "Time to store one group.", registry=REGISTRY)
JUDGED: Final = Counter("groundspan_answers_judged", "Judgements written, by status.", ["status"], registry=REGISTRY)
SWALLOWED: Final = Counter(
    "groundspan_errors_swallowed", "Errors that a loop survived, by place.", ["place"], registry=REGISTRY
)
