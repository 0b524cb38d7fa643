"""How many spans a second a collector stores, acknowledged after the insert; beside a server that parses and drops.

python bench/ingest.py [--seconds 8]

Both servers run in processes of their own, one after the other, and get the same requests from the same clients on
this machine; the ratio is what carries over to another one. The collector is measured twice: as it runs, with fsync
before each answer, and with GROUNDSPAN_FSYNC=0, which survives a kill but not a power cut.
"""

import argparse
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import traffic

LOADS = ((500, 32), (50, 32))
"""Spans a request, connections."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one load gave."""

    spans: int
    wall_s: float
    acks_s: Sequence[float]

    @property
    def spans_per_s(self) -> float:
        """Acknowledged spans over wall time."""
        return self.spans / self.wall_s


@contextmanager
def server(*command: str, fsync: bool = True) -> Iterator[int]:
    """A server in a process of its own; its port, which it says in its first line."""
    environ = os.environ | {"GROUNDSPAN_FSYNC": str(int(fsync))}
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environ)
    assert process.stdout
    try:
        line = process.stdout.readline()
        yield int(line.split("http://127.0.0.1:")[1].split()[0])
    finally:
        process.terminate()
        process.wait(30)


def load(port: int, bodies: Sequence[bytes], spans_each: int, connections: int, seconds: float) -> Result:
    """Send *bodies* again and again, each time about new traces, until the time is over."""
    acks_s: list[float] = []
    until = time.perf_counter() + seconds
    failures: list[str] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        count = 0
        while time.perf_counter() < until and not failures:
            body = bodies[(number + count) % len(bodies)].replace(traffic.RUN, os.urandom(8))
            begin = time.perf_counter()
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            answer.read()
            acks_s.append(time.perf_counter() - begin)
            if answer.status != 200:
                failures.append(f"{answer.status}")
            count += 1

    begin = time.perf_counter()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"the server answered {failures[0]}")
    return Result(len(acks_s) * spans_each, time.perf_counter() - begin, acks_s)


def stored_spans(port: int) -> int:
    """How many spans the collector's own latency report counts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/api/v1/reports/latency")
    return sum(row["spans"] for row in json.load(connection.getresponse())["rows"])


def dropped(bodies: Sequence[bytes], spans_each: int, connections: int, seconds: float) -> Result:
    """What a server that parses and drops makes of *bodies*."""
    with server(str(Path(__file__).with_name("parse_and_drop.py"))) as port:
        return load(port, bodies, spans_each, connections, seconds)


def kept(bodies: Sequence[bytes], spans_each: int, connections: int, seconds: float, *, fsync: bool) -> Result:
    """What the collector makes of *bodies*; every acknowledged span is looked for."""
    collector = ("-m", "groundspan_collector", "serve", "--port", "0", "--data-dir")
    with tempfile.TemporaryDirectory() as folder, server(*collector, folder, fsync=fsync) as port:
        load(port, bodies, spans_each, connections, 1.0)
        before = stored_spans(port)
        result = load(port, bodies, spans_each, connections, seconds)
        found = stored_spans(port) - before
    if found != result.spans:
        raise SystemExit(f"{result.spans} spans were acknowledged, {found} are stored")
    return result


def main() -> None:
    """Run every load against both servers and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load (default: %(default)s)")
    seconds = parser.parse_args().seconds
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}")
    print("spans/request  clients  fsync   parse+drop      stored  ratio    p50 ack    p99 ack")
    for spans_each, connections in LOADS:
        bodies = [traffic.request(spans_each, seed, time.time_ns()).SerializeToString() for seed in range(16)]
        base = dropped(bodies, spans_each, connections, seconds / 2)
        for fsync in (True, False):
            result = kept(bodies, spans_each, connections, seconds, fsync=fsync)
            cuts = statistics.quantiles(result.acks_s, n=100)
            print(
                f"{spans_each:>13} {connections:>8} {'yes' if fsync else 'no':>6} {base.spans_per_s:>10,.0f}/s "
                f"{result.spans_per_s:>9,.0f}/s {result.spans_per_s / base.spans_per_s:>6.2f} "
                f"{cuts[49] * 1000:>7.0f} ms {cuts[98] * 1000:>7.0f} ms"
            )


if __name__ == "__main__":
    main()
