"""Log records and metric points on their way to their tables."""

from collections.abc import Sequence

from groundspan_collector.decode import logs, metric_points
from groundspan_collector.store import Store


def insert_logs(store: Store, bodies: Sequence[bytes], _items: int, /, *, project: str, received_at_ns: int) -> None:
    """Store the evaluations and contents of *bodies*. The traces come last: they make the judge look."""
    made = logs.rows(bodies, project, received_at_ns)
    store.insert("evaluations", made.evaluations)
    store.insert("contents", made.contents)
    store.insert("spans_trace_id_ts", made.traces)


def insert_points(store: Store, bodies: Sequence[bytes], _items: int, /, *, project: str, received_at_ns: int) -> None:
    """Store the metric points of *bodies*."""
    store.insert("metric_points", metric_points.rows(bodies, project, received_at_ns))
