"""Until when everything that was received can be seen: receipts are numbered by time, and some are still under way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_MICROSECOND_NS = 1000


class Receipts:
    """Gives each group the time of its receipt, no two the same, and knows which are not written yet.

    Several groups are written at a time, and a later one may be done first: what it added to a trace can be seen
    while an earlier part of the same trace cannot.
    """

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        """Read *clock_ns*; where it stands or goes back, receipts go on."""
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._newest_ns = 0
        self._under_way: set[int] = set()

    @contextmanager
    def receipt(self) -> Iterator[int]:
        """The time of a receipt, which is under way until the end of the block."""
        with self._lock:
            received_at_ns = self._newest_ns = self._next_ns()
            self._under_way.add(received_at_ns)
        try:
            yield received_at_ns
        finally:
            with self._lock:
                self._under_way.discard(received_at_ns)

    def settled(self) -> datetime:
        """The last time for which every receipt, up to it, can be seen or has failed."""
        with self._lock:
            before_ns = min(self._under_way, default=self._next_ns())
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=before_ns // _MICROSECOND_NS - 1)

    def _next_ns(self) -> int:
        return max(self._clock_ns() // _MICROSECOND_NS * _MICROSECOND_NS, self._newest_ns + _MICROSECOND_NS)
