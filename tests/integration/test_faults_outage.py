"""The store is down for a while and comes back: its folders are on a file system that nobody may write any more."""

import os
import threading
import time
from math import log2
from pathlib import Path

import faults
import otlp
import processes
import pytest
from faults import ROUNDS, SEED
from groundspan_collector.intake import FIRST_PAUSE_S, LONGEST_PAUSE_S
from groundspan_collector.spool import segment_paths

pytestmark = pytest.mark.faults

OUTAGE_S = float(os.environ.get("FAULT_OUTAGE_S", "10"))
"""How long the store is down; `make soak` sets it."""
NUMBERED = "numbered"
"""The service of the calls of which the order is known."""
ALL_DAY = {"since": "2026-09-09", "until": "2026-09-10"}


def _environ(tmp_path: Path) -> dict[str, str]:
    return {"GROUNDSPAN_SPOOL_DIR": str(tmp_path / "spool")}


class Numbered:
    """One sender, whose first call takes 1 token, the second 2, and so on."""

    def __init__(self, server: processes.CollectorProcess, sent: faults.Sent) -> None:
        """Begin at once."""
        self._server = server
        self._sent = sent
        self.count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Back when the last call was answered."""
        self._stop.set()
        self._thread.join(processes.DEADLINE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.count += 1
            span = faults.call(self.count)
            body = otlp.body(span, resource={"service.name": NUMBERED})
            self._sent.note([span], self._server.send(body).status)


def _numbered(server: processes.CollectorProcess) -> tuple[int, int]:
    """How many numbered calls are stored, and their tokens."""
    rows = server.rows("cost", by="service", **ALL_DAY)
    return next(((row["calls"], row["input_tokens"]) for row in rows if row["service"] == NUMBERED), (0, 0))


def _seen_until(server: processes.CollectorProcess, count: int) -> list[tuple[int, int]]:
    """What is stored of the numbered calls, again and again until all *count* are there."""
    seen: list[tuple[int, int]] = []

    def all_there() -> bool:
        seen.append(_numbered(server))
        return seen[-1][0] == count

    processes.eventually(all_there, faults.REPLAY_DEADLINE_S)
    return seen


def _most_failures(outage_s: float) -> float:
    """How often a replay fails at most whose pauses double, each at least half as long as it could be."""
    doubling = log2(2 * outage_s / FIRST_PAUSE_S + 1)
    return doubling + 2 * outage_s / LONGEST_PAUSE_S + 2


def test_what_arrives_while_the_store_is_down_is_replayed_in_order_when_it_is_back(tmp_path: Path) -> None:
    """Everything is acknowledged; the replay tries ever more rarely, then stores the oldest first."""
    sent = faults.Sent()
    with processes.collector(tmp_path / "data", environ=_environ(tmp_path)) as server:
        load = faults.Load(server, sent, threads=2, seed=SEED)
        faults.enough(sent, 30)
        with faults.read_only(faults.tables(tmp_path / "data")):
            sender, until = Numbered(server, sent), time.monotonic() + OUTAGE_S
            balances = faults.watched(server, lambda: time.monotonic() > until, 2 * OUTAGE_S)
            sender.stop()
            failures = server.metrics()["groundspan_replay_failures_total"]
            stored_meanwhile = _numbered(server)
        faults.enough(sent, 20)
        load.stop()
        seen = _seen_until(server, sender.count)
        faults.replayed(server)
        assert server.stop() == 0

    assert (sent.statuses, set(balances)) == ({200}, {0.0})
    assert stored_meanwhile == (0, 0)
    assert 3 <= failures <= _most_failures(OUTAGE_S)
    # So many different numbers have so small a sum only if they are the first.
    assert [tokens for calls, tokens in seen if tokens != calls * (calls + 1) // 2] == []
    assert any(0 < calls < sender.count for calls, _ in seen)
    assert segment_paths(tmp_path / "spool") == []
    faults.check(tmp_path / "data", sent)


def test_what_arrived_is_replayed_by_the_next_process_when_the_first_was_killed_meanwhile(tmp_path: Path) -> None:
    """kill -9 while the store is down; a start is refused until it is back, and harms nothing."""
    sent, data_dir = faults.Sent(), tmp_path / "data"
    with processes.collector(data_dir, environ=_environ(tmp_path)) as server:
        load = faults.Load(server, sent, threads=4, seed=SEED)
        faults.enough(sent, 50)
        with faults.read_only(faults.tables(data_dir)):
            faults.enough(sent, 100 * ROUNDS)
            server.kill()
            load.stop()
            refused = processes.refused_start(data_dir, environ=_environ(tmp_path))
    with processes.collector(data_dir, environ=_environ(tmp_path)) as server:
        faults.replayed(server)
        recovered = server.metrics()["groundspan_spans_recovered_from_spool_total"]
        assert server.stop() == 0

    assert refused.returncode != 0
    assert recovered > 0
    faults.check(data_dir, sent)
