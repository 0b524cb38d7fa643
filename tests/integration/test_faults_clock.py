"""Emitters whose clocks are wrong: nothing of theirs is lost, and no report has it that did not ask for it."""

import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import faults
import otlp
import processes
import pytest
from faults import ROUNDS, SEED

pytestmark = pytest.mark.faults

HOUR_NS = 3600 * otlp.SECOND
SKEWS_NS = (0, -40 * 24 * HOUR_NS, HOUR_NS)
"""One clock is right, one 40 days behind, one an hour ahead."""
SINCE = "60d"
INPUT_USD, OUTPUT_USD = Decimal("0.00000015"), Decimal("0.0000006")
"""What a token of the calls costs."""

Sums = tuple[int, int, Decimal]
"""Calls, tokens and dollars."""


def _skewed(chance: random.Random) -> int:
    """What one of the clocks says; of ten times, one cannot be stored."""
    return faults.UNSTORABLE_NS if chance.random() < 0.1 else time.time_ns() + chance.choice(SKEWS_NS)


def _reported(server: processes.CollectorProcess, **window: str) -> Sums:
    """The sums of the cost report."""
    rows = server.rows("cost", **window)
    dollars = sum((Decimal(row["cost_usd"]) for row in rows), Decimal())
    return sum(row["calls"] for row in rows), sum(row["input_tokens"] for row in rows), dollars


def _sums(tokens: Iterable[int]) -> Sums:
    each = list(tokens)
    return len(each), sum(each), sum(each) * INPUT_USD + len(each) * OUTPUT_USD


def test_skewed_spans_are_stored_and_reported_only_when_asked_for(tmp_path: Path) -> None:
    """Good and wrong clocks in the same requests, under load, with a kill: flagged, and in no window without an end."""
    sent, began_ns = faults.Sent(), time.time_ns()
    in_two_hours = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    with processes.collector(tmp_path) as server:
        load = faults.Load(server, sent, threads=6, seed=SEED, clock=_skewed)
        faults.enough(sent, 100)
        server.kill()
        load.stop()
    with processes.collector(tmp_path) as server:
        load = faults.Load(server, sent, threads=6, seed=SEED + 1, clock=_skewed)
        faults.enough(sent, 150 * ROUNDS)
        load.stop()
        processes.eventually(lambda: not sum(row["unpriced_calls"] for row in server.rows("cost")))
        windows: tuple[dict[str, str], ...] = ({}, {"since": SINCE}, {"since": SINCE, "until": in_two_hours})
        today, without_end, asked = (_reported(server, **window) for window in windows)
        assert server.stop() == 0

    there = faults.check(tmp_path, sent)
    known = sent.refused | sent.acknowledged
    right = {span_id for span_id in there.copies if abs(sent.starts_ns[span_id] - began_ns) < HOUR_NS // 2}
    assert sent.told_bad > 0
    assert set(there.suspects) == there.copies.keys() - right
    assert today == without_end == _sums(known[span_id] for span_id in right)
    assert asked == _sums(known[span_id] for span_id in there.copies)
