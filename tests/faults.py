"""What the fault suite sends, and what must come of it."""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import otlp
import processes
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
"""How often what happens at random happens; `make soak` sets it."""
SEED = int(os.environ.get("FAULT_SEED", "20261121"))
REPLAY_DEADLINE_S = 90.0 + 10.0 * ROUNDS

POISON = b"\xa3\x06\x08\x01\xa4\x06"
"""A group of an unknown field: protobuf's own parser passes over it, the engine's refuses the message."""

READ = """
import json, os, sys
from pathlib import Path
from groundspan_collector.store import Store
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
spans = store.rows(
    "SELECT span_id, count() AS copies, max(clock_suspect) AS suspect FROM spans_once GROUP BY span_id"
)
(sums,) = store.rows(
    "SELECT toString(sum(input_tokens)) AS tokens, toString(sum(emitted_cost_usd)) AS cost FROM spans_once"
)
copies = {row["span_id"]: row["copies"] for row in spans}
print(json.dumps({"copies": copies, "suspects": [row["span_id"] for row in spans if row["suspect"]], **sums}))
store.close()
"""

USD_PER_TOKEN = Decimal("0.0000025")

UNSTORABLE_NS = 1 << 63
"""The first moment that DateTime64(9) cannot hold."""

Clock = Callable[[random.Random], int]
"""When an emitter says that its next span starts."""


def noon(_: random.Random) -> int:
    """The clock of emitters that all work at one moment."""
    return otlp.NOON_NS


def call(number: int, **where: Any) -> Span:
    """A model call that took *number* tokens and says what it cost."""
    return otlp.span(
        {
            "groundspan.stage": "generate",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.usage.input_tokens": number,
            "gen_ai.usage.output_tokens": 1,
            "gen_ai.usage.cost": float(number * USD_PER_TOKEN),
        },
        **where,
    )


def tokens(span: Span) -> int:
    """How many tokens a call() took."""
    return next(each.value.int_value for each in span.attributes if each.key == "gen_ai.usage.input_tokens")


@dataclass(slots=True)
class Sent:
    """Spans by what was answered."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    """Span id -> its tokens."""
    refused: dict[str, int] = field(default_factory=dict)
    """Sent, and answered with 503 or not at all: may be there or not."""
    starts_ns: dict[str, int] = field(default_factory=dict)
    """Span id -> when it says that it started."""
    statuses: set[int] = field(default_factory=set)
    bad: int = 0
    """Spans that cannot be stored, in requests that were answered with 200."""
    told_bad: int = 0
    """How many of them the answers named, in partial_success."""

    def note_bad(self, bad: int, answer: processes.Answer) -> None:
        """What *answer* said to a request with *bad* spans that cannot be stored."""
        if answer.status == 200:
            self.bad += bad
            told = ExportTraceServiceResponse.FromString(answer.body)
            self.told_bad += told.partial_success.rejected_spans

    def note(self, spans: Sequence[Span], status: int) -> None:
        """What *status* means for *spans*."""
        self.statuses.add(status)
        kept = self.acknowledged if status == 200 else self.refused
        kept.update({span.span_id.hex(): tokens(span) for span in spans})
        self.starts_ns.update({span.span_id.hex(): span.start_time_unix_nano for span in spans})


class Load:
    """Threads that send calls, poison and bad spans until they are told to stop, or the collector is gone."""

    def __init__(
        self, server: processes.CollectorProcess, sent: Sent, *, threads: int, seed: int, clock: Clock = noon
    ) -> None:
        """Begin at once."""
        self._server = server
        self._sent = sent
        self._clock = clock
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(f"{seed}-{number}"),)) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Back when every thread has its last answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(processes.DEADLINE_S)
            assert not thread.is_alive()

    def _run(self, chance: random.Random) -> None:
        while not self._stop.is_set():
            calls = [
                call(chance.randrange(1, 1000), start_ns=self._clock(chance)) for _ in range(chance.randrange(1, 9))
            ]
            good = [each for each in calls if each.start_time_unix_nano < UNSTORABLE_NS]
            bad = len(calls) - len(good)
            if chance.random() < 0.1:
                calls, bad = [*calls, otlp.span(trace_id=b"")], bad + 1
            poison = POISON if chance.random() < 0.1 else b""
            try:
                answer = self._server.send(otlp.body(*calls) + poison)
            except OSError:
                self._sent.note(good, 0)
                return
            if not poison:
                self._sent.note(good, answer.status)
                self._sent.note_bad(bad, answer)


@dataclass(frozen=True, slots=True)
class Found:
    """What a store holds that no collector has open."""

    copies: Mapping[str, int]
    suspects: Sequence[str]
    """The spans whose clock is said to have been wrong."""
    tokens: int
    cost_usd: Decimal


def found(data_dir: Path) -> Found:
    """What is in *data_dir*, by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(data_dir)], capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    return Found(row["copies"], row["suspects"], int(row["tokens"] or 0), Decimal(row["cost"] or 0))


def check(data_dir: Path, sent: Sent) -> Found:
    """Every acknowledged span is there once, nothing that was not sent, and the sums are those of the spans there.

    Gives what is there.
    """
    there = found(data_dir)
    known = sent.refused | sent.acknowledged
    lost = sent.acknowledged.keys() - there.copies.keys()
    assert not lost, f"{len(lost)} of {len(sent.acknowledged)} acknowledged spans are lost"
    assert not there.copies.keys() - known.keys()
    assert set(there.copies.values()) <= {1}
    assert there.tokens == sum(known[span_id] for span_id in there.copies)
    assert there.cost_usd == there.tokens * USD_PER_TOKEN
    assert sent.told_bad == sent.bad
    return there


def tables(data_dir: Path) -> Path:
    """Where the store in *data_dir* has its rows."""
    return data_dir / "store" / "store"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Within the block nobody can write in *folder*: what the system does with a disk that fails."""
    command = ["mount", "--bind", "-o", "ro", str(folder), str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def enough(sent: Sent, more: int) -> None:
    """Back when *more* spans were acknowledged."""
    target = len(sent.acknowledged) + more
    processes.eventually(lambda: len(sent.acknowledged) >= target, processes.DEADLINE_S * ROUNDS)


def replayed(server: processes.CollectorProcess) -> None:
    """Back when nothing is in the spool any more."""
    processes.eventually(lambda: server.metrics()["groundspan_spans_spooled"] == 0, REPLAY_DEADLINE_S)


def balance(metrics: Mapping[str, float]) -> float:
    """What the ledger on /metrics leaves unaccounted for: 0."""
    rejected = sum(value for name, value in metrics.items() if name.startswith("groundspan_spans_rejected_total"))
    gone = metrics["groundspan_spans_stored_total"] + rejected
    kept = metrics["groundspan_spans_in_flight"] + metrics["groundspan_spans_spooled"]
    return (
        metrics["groundspan_spans_received_total"]
        + metrics["groundspan_spans_recovered_from_spool_total"]
        - gone
        - kept
    )


def watched(
    server: processes.CollectorProcess, until: Callable[[], bool], deadline_s: float = processes.DEADLINE_S
) -> list[float]:
    """The balance at every scrape, until something holds."""
    seen: list[float] = []

    def scrape() -> bool:
        seen.append(balance(server.metrics()))
        return until()

    processes.eventually(scrape, deadline_s)
    return seen
