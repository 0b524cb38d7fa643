"""What judging costs ingest: how long answers take at half of the limit, with the scorer, without, and with a worker.

python bench/scorer.py [--seconds 10] [--rounds 3] [--judge lexical]

The limit is measured first, without a scorer. Then, at half of it, collectors take turns: one that judges nothing
(--no-judge), one that judges itself, and one that leaves the judging to `groundspan score` in a process of its own on
the same machine. Each gets the load for 4 s before it is measured, so that there is always something to judge. The
lowest p99 of the rounds counts: what is higher was another process's doing.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ingest
import traffic

SPANS_EACH = 500
CONNECTIONS = 32
BEFORE_S = 4.0
WAYS = ("nobody", "itself", "worker")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one collector did at half of the limit."""

    acks_s: Sequence[float]
    judged: int
    """Answers, while it was measured."""
    seconds: float

    @property
    def p50_ms(self) -> float:
        """Half of the answers took no longer."""
        return ingest.percentile_ms(self.acks_s, 50)

    @property
    def p99_ms(self) -> float:
        """99 of 100 answers took no longer."""
        return ingest.percentile_ms(self.acks_s, 99)


@contextmanager
def judged_by(way: str, folder: Path, judge: str) -> Iterator[ingest.Server]:
    """A collector whose answers are judged in one of WAYS."""
    serve = ["-m", "groundspan_collector", "serve", "--port", "0", "--data-dir", tempfile.mkdtemp(dir=folder)]
    with ingest.server(*serve, "--judge", judge, *(["--no-judge"] if way != "itself" else [])) as server:
        if way != "worker":
            yield server
            return
        score = ["-m", "groundspan_collector", "score", "--judge", judge, "--url", f"http://127.0.0.1:{server.port}"]
        with subprocess.Popen([sys.executable, *score], stdout=subprocess.DEVNULL) as worker:
            try:
                yield server
            finally:
                worker.kill()


def turn(server: ingest.Server, bodies: Sequence[bytes], spans_per_s: float, seconds: float) -> Turn:
    """The load, and before it the same load unmeasured."""
    ingest.load(server.port, bodies, SPANS_EACH, CONNECTIONS, BEFORE_S, spans_per_s=spans_per_s)
    before = judged(server.port)
    result = ingest.load(server.port, bodies, SPANS_EACH, CONNECTIONS, seconds, spans_per_s=spans_per_s)
    return Turn(result.acks_s, judged(server.port) - before, result.wall_s)


def judged(port: int) -> int:
    """How many answers /metrics says were judged."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return int(
        sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("groundspan_answers_judged_total{"))
    )


def limit(folder: Path, bodies: Sequence[bytes], judge: str, seconds: float) -> float:
    """Spans a second that are stored while nobody judges."""
    with judged_by("nobody", folder, judge) as server:
        ingest.load(server.port, bodies, SPANS_EACH, CONNECTIONS, 1.0)
        return ingest.load(server.port, bodies, SPANS_EACH, CONNECTIONS, seconds).spans_per_s


def measure(folder: Path, judge: str, rounds: int, seconds: float) -> None:
    """Print the limit, a line for each way, and what the scorer adds."""
    bodies = [traffic.request(SPANS_EACH, seed, time.time_ns()).SerializeToString() for seed in range(16)]
    spans_per_s = limit(folder, bodies, judge, seconds)
    print(f"limit {spans_per_s:,.0f} spans/s; half of it, {SPANS_EACH} spans a request, {CONNECTIONS} connections:")
    turns: dict[str, list[Turn]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            with judged_by(way, folder, judge) as server:
                turns[way].append(turn(server, bodies, spans_per_s / 2, seconds))
    print("judged by   p50 ack   p99 ack   p99 of each round              answers judged a second")
    for way, done in turns.items():
        each = ", ".join(f"{one.p99_ms:.0f}" for one in done)
        rate = statistics.median(one.judged / one.seconds for one in done)
        best = min(one.p99_ms for one in done)
        print(f"{way:<8} {min(one.p50_ms for one in done):>7.0f} ms {best:>6.0f} ms   {each:<30} {rate:,.0f}")
    without = min(one.p99_ms for one in turns["nobody"])
    for way in WAYS[1:]:
        with_it = min(one.p99_ms for one in turns[way])
        print(f"p99 with {way} as the judge: {with_it / without - 1:+.1%} (asked: less than +20 %)")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--judge", default="lexical", help="default: %(default)s")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        measure(Path(folder), options.judge, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
