"""Until when everything that was received can be seen."""

from datetime import UTC, datetime, timedelta

import pytest
from groundspan_collector.receipts import Receipts

T0 = datetime(2026, 9, 9, tzinfo=UTC)
T0_NS = int(T0.timestamp()) * 1_000_000_000
MICROSECOND = timedelta(microseconds=1)


def test_receipts_are_settled_up_to_now_when_none_is_under_way() -> None:
    """The next one comes later than what was called settled."""
    receipts = Receipts(lambda: T0_NS + 1234)

    settled = receipts.settled()
    with receipts.receipt() as received_at_ns:
        assert (settled, received_at_ns) == (T0, T0_NS + 1000)


def test_receipts_are_settled_before_the_oldest_that_is_under_way() -> None:
    """Also when later ones are done, or when one failed."""
    times = iter([T0_NS, T0_NS + 5_000, T0_NS + 9_000, T0_NS + 9_000])
    receipts = Receipts(lambda: next(times))

    with receipts.receipt():
        with pytest.raises(OSError, match="full"), receipts.receipt():
            raise OSError("full")
        during = receipts.settled()

    assert (during, receipts.settled()) == (T0 - MICROSECOND, T0 + 8 * MICROSECOND)


def test_receipts_go_on_when_the_clock_goes_back() -> None:
    """No two have the same time, and none is older than what was settled."""
    times = iter([T0_NS, T0_NS, T0_NS - 10**9])
    receipts = Receipts(lambda: next(times))

    received = []
    for _ in range(3):
        with receipts.receipt() as received_at_ns:
            received.append(received_at_ns)

    assert received == [T0_NS, T0_NS + 1000, T0_NS + 2000]
