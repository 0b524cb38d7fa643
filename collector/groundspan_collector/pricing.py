"""Loop: (provider, model) pairs that have no price rows yet -> genai-prices -> `prices`.

New pairs are found by query, so that a crash between a span and its price is made good by the next round.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta

from groundspan_collector import prices, queries
from groundspan_collector.store import Store


class Pricer:
    """Keeps `prices` complete."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        *,
        settled: Callable[[], datetime],
        late: timedelta = timedelta(0),
    ) -> None:
        """Look through the whole store at first, then only at what came since.

        Up to *settled()*, everything that was received here can be seen: it need not be looked at again. What other
        collectors received may be so *late*.
        """
        self._store = store
        self._clock = clock
        self._settled = settled
        self._late = late
        self._since = prices.EPOCH

    def price_new_pairs(self) -> int:
        """Add the price rows of pairs not seen before; how many pairs there were."""
        now, settled = self._clock(), self._settled()
        pairs = self._store.rows(queries.sql("unpriced_pairs"), {"since": self._since})
        rows = [
            asdict(row) | {"inserted_at": now}
            for pair in pairs
            for row in prices.price_rows(str(pair["provider"]), str(pair["model"]))
        ]
        self._store.insert("prices", rows)
        self._since = settled - self._late
        return len(pairs)
