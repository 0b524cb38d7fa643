"""Log records and metric points on their way to their tables."""

from collections.abc import Sequence

from groundspan_collector.decode import logs, metric_points
from groundspan_collector.receipts import Receipts
from groundspan_collector.store import Store


class Records:
    """Stores what is no span; safe from any thread, back when it is safe."""

    def __init__(self, store: Store, receipts: Receipts) -> None:
        """Write to *store*, at the times that *receipts* gives."""
        self._store = store
        self._receipts = receipts

    def insert_logs(self, bodies: Sequence[bytes], project: str) -> None:
        """Store the evaluations and contents of *bodies*. The traces come last: they make the judge look."""
        with self._receipts.receipt() as received_at_ns:
            made = logs.rows(bodies, project, received_at_ns)
            self._store.insert("evaluations", made.evaluations)
            self._store.insert("contents", made.contents)
            self._store.insert("spans_trace_id_ts", made.traces)

    def insert_points(self, bodies: Sequence[bytes], project: str) -> None:
        """Store the metric points of *bodies*."""
        with self._receipts.receipt() as received_at_ns:
            self._store.insert("metric_points", metric_points.rows(bodies, project, received_at_ns))
