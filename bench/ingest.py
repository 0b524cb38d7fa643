"""How many spans a second a collector stores, acknowledged after the insert; beside a server that parses and drops.

python bench/ingest.py [--seconds 8]

Both servers run in processes of their own, one after the other, and get the same requests from the same clients on
this machine; the ratio is what carries over to another one. The collector is measured twice: as it runs, with fsync
before each answer, and with GROUNDSPAN_FSYNC=0, which survives a kill but not a power cut.

Then, with fsync, at half of the rate that we ask of it on 2 cores, and at half of the rate that was reached: how long
answers take, and how long after its answer a trace is in a report. Folders are removed at the end: a file system that
has just lost thousands of files is slow to make new ones.
"""

import argparse
import http.client
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import traffic

LOADS = ((500, 32, 35_000), (50, 32, 15_000))
"""Spans a request, connections, and the spans a second that we ask of 2 cores."""

LOOK_EVERY_S = 0.5
"""Reports are asked for that often, at half of the rate: whoever reads all the time takes the cores from ingest."""


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


@dataclass(frozen=True, slots=True)
class Calm:
    """What half of the rate gave."""

    acks: Result
    visible_s: Sequence[float]
    """From the answer to the report that has the trace."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load."""

    port: int
    pid: int

    def peak_bytes(self) -> int:
        """The most memory it had; 0 where the system does not tell."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) * 1024 if found else 0


@contextmanager
def server(*command: str, fsync: bool = True) -> Iterator[Server]:
    """A server in a process of its own, which says its port in its first line."""
    environ = os.environ | {"GROUNDSPAN_FSYNC": str(int(fsync))}
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environ)
    assert process.stdout
    try:
        line = process.stdout.readline()
        yield Server(int(line.split("http://127.0.0.1:")[1].split()[0]), process.pid)
    finally:
        process.terminate()
        process.wait(30)


def load(
    port: int, bodies: Sequence[bytes], spans_each: int, connections: int, seconds: float, *, spans_per_s: float = 0.0
) -> Result:
    """Send *bodies* again and again, each time about new traces, until the time is over.

    At *spans_per_s*, or, if that is 0, as fast as the answers come. At a rate the time of an answer counts from when
    its request was due.
    """
    acks_s: list[float] = []
    begin = time.perf_counter()
    until = begin + seconds
    pause_s = spans_each * connections / spans_per_s if spans_per_s else 0.0
    failures: list[str] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        count = 0
        due = begin + pause_s * number / connections
        while time.perf_counter() < until and due < until and not failures:
            time.sleep(max(0.0, due - time.perf_counter()))
            body = bodies[(number + count) % len(bodies)].replace(traffic.RUN, os.urandom(8))
            sent = due if pause_s else time.perf_counter()
            status = post(connection, body)
            acks_s.append(time.perf_counter() - sent)
            if status != 200:
                failures.append(f"{status}")
            count += 1
            due += pause_s

    threads = [threading.Thread(target=client, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"the server answered {failures[0]}")
    return Result(len(acks_s) * spans_each, time.perf_counter() - begin, acks_s)


def post(connection: http.client.HTTPConnection, body: bytes) -> int:
    """Send one request; the status of the answer."""
    connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def seen_after_s(port: int, number: int) -> float:
    """How long after its answer a trace is in the latency report of the second in which it began."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30, seconds=2 * number)
    body = traffic.request(traffic.SPANS_PER_TRACE, number, int(start.timestamp()) * 1_000_000_000)
    status = post(connection, body.SerializeToString().replace(traffic.RUN, os.urandom(8)))
    if status != 200:
        raise SystemExit(f"the server answered {status}")
    answered = time.perf_counter()
    until = start + timedelta(seconds=1)
    while not stored_spans(port, f"?since={start:%Y-%m-%dT%H:%M:%SZ}&until={until:%Y-%m-%dT%H:%M:%SZ}"):
        if time.perf_counter() - answered > 30:
            raise SystemExit("a trace was answered with 200 and is in no report after 30 s")
    return time.perf_counter() - answered


def stored_spans(port: int, window: str = "") -> int:
    """How many spans the collector's own latency report counts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", f"/api/v1/reports/latency{window}")
    return sum(row["spans"] for row in json.load(connection.getresponse())["rows"])


def dropped(bodies: Sequence[bytes], spans_each: int, connections: int, seconds: float) -> Result:
    """What a server that parses and drops makes of *bodies*."""
    with server(str(Path(__file__).with_name("parse_and_drop.py"))) as it:
        return load(it.port, bodies, spans_each, connections, seconds)


def collector(folder: Path, *, fsync: bool) -> AbstractContextManager[Server]:
    """A collector with a folder of its own in *folder*."""
    data_dir = tempfile.mkdtemp(dir=folder)
    return server("-m", "groundspan_collector", "serve", "--port", "0", "--data-dir", data_dir, fsync=fsync)


def kept(
    folder: Path, bodies: Sequence[bytes], spans_each: int, connections: int, seconds: float, *, fsync: bool
) -> tuple[Result, int]:
    """What the collector makes of *bodies*, and its peak memory; every acknowledged span is looked for."""
    with collector(folder, fsync=fsync) as it:
        load(it.port, bodies, spans_each, connections, 1.0)
        before = stored_spans(it.port)
        result = load(it.port, bodies, spans_each, connections, seconds)
        peak_bytes = it.peak_bytes()
        found = stored_spans(it.port) - before
    if found != result.spans:
        raise SystemExit(f"{result.spans} spans were acknowledged, {found} are stored")
    return result, peak_bytes


def calm(
    folder: Path, bodies: Sequence[bytes], spans_each: int, connections: int, seconds: float, *, spans_per_s: float
) -> Calm:
    """What the collector makes of *bodies* that come at *spans_per_s*."""
    visible_s: list[float] = []
    with collector(folder, fsync=True) as it:
        load(it.port, bodies, spans_each, connections, 1.0)
        over = threading.Event()

        def look() -> None:
            while not over.wait(LOOK_EVERY_S):
                visible_s.append(seen_after_s(it.port, len(visible_s)))

        looking = threading.Thread(target=look)
        looking.start()
        acks = load(it.port, bodies, spans_each, connections, seconds, spans_per_s=spans_per_s)
        over.set()
        looking.join()
    return Calm(acks, visible_s)


def percentile_ms(times_s: Sequence[float], percent: int) -> float:
    """So much of *times_s* is no longer."""
    return statistics.quantiles(times_s, n=100, method="inclusive")[percent - 1] * 1000


def measure(folder: Path, seconds: float) -> None:
    """Run every load against both servers and print a line for each."""
    for spans_each, connections, asked_spans_per_s in LOADS:
        bodies = [traffic.request(spans_each, seed, time.time_ns()).SerializeToString() for seed in range(16)]
        base = dropped(bodies, spans_each, connections, seconds / 2)
        spans_per_s = 0.0
        for fsync in (False, True):
            result, peak_bytes = kept(folder, bodies, spans_each, connections, seconds, fsync=fsync)
            spans_per_s = result.spans_per_s
            print(
                f"{spans_each:>13} {connections:>8} {'yes' if fsync else 'no':>6} {base.spans_per_s:>10,.0f}/s "
                f"{spans_per_s:>9,.0f}/s {spans_per_s / base.spans_per_s:>6.3f} "
                f"{percentile_ms(result.acks_s, 50):>7.0f} ms {percentile_ms(result.acks_s, 99):>7.0f} ms "
                f"{peak_bytes / 1e6:>8,.0f} MB"
            )
        for whole_spans_per_s in (asked_spans_per_s, spans_per_s):
            half = calm(folder, bodies, spans_each, connections, seconds, spans_per_s=whole_spans_per_s / 2)
            print(
                f"{'at half':>13} {connections:>8} {'yes':>6} {'':>12} {half.acks.spans_per_s:>9,.0f}/s {'':>6} "
                f"{percentile_ms(half.acks.acks_s, 50):>7.0f} ms {percentile_ms(half.acks.acks_s, 99):>7.0f} ms   "
                f"in a report {percentile_ms(half.visible_s, 50):,.0f} ms after the answer, "
                f"at most {max(half.visible_s) * 1000:,.0f} ms ({len(half.visible_s)} traces)"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load (default: %(default)s)")
    seconds = parser.parse_args().seconds
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}")
    print("spans/request  clients  fsync   parse+drop      stored  ratio    p50 ack    p99 ack  peak RSS")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        measure(Path(folder), seconds)


if __name__ == "__main__":
    main()
