"""A collector that says 503 to every other request: its store is away, and its spool is full."""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from groundspan_collector import app
from groundspan_collector.errors import StoreUnavailable
from groundspan_collector.settings import Settings
from groundspan_collector.store import Store

REFUSING = {"spans", "evaluations", "metric_points"}


class Away(Store):
    """A store that cannot write, every other time."""

    calls: ClassVar[Counter[str]] = Counter()

    def insert_spans(self, bodies: Sequence[bytes], spans: int, /, *, project: str, received_at_ns: int) -> int:
        """Refuse, or store."""
        self._refuse_every_other("spans")
        return super().insert_spans(bodies, spans, project=project, received_at_ns=received_at_ns)

    def insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Refuse, or store."""
        if rows:
            self._refuse_every_other(table)
        super().insert(table, rows)

    def _refuse_every_other(self, table: str) -> None:
        self.calls[table] += 1
        if table in REFUSING and self.calls[table] % 2:
            raise StoreUnavailable(f"{table} cannot be written just now")


def main() -> None:
    """Serve on free ports until terminated."""
    settings = Settings(data_dir=Path(sys.argv[1]), port=0, grpc_port=0, max_spool_bytes=0)
    store = Away.open(settings.data_dir, memory_bytes=settings.memory_bytes)
    os.chdir(settings.data_dir)
    try:
        with app._listen(settings.host, settings.port, "--port") as listener:
            port = listener.getsockname()[1]
            collector = app.Collector(settings, store)
            app._run(app.build(collector, lambda grpc_port: app._say_ready(settings, port, grpc_port)), listener)
    finally:
        store.close()


if __name__ == "__main__":
    main()
