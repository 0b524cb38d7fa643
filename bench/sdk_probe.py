"""One load in a process of its own, so that its memory, its log and its end are its own; bench/sdk.py starts it.

``python bench/sdk_probe.py paced|flood --tracing bare|groundspan|raw --endpoint URL``
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import groundspan as gs
from sdk_load import memory_bytes, p99_us, paced, peak_memory_bytes
from sdk_request import FRESH, QUESTION, Request, by_hand, pipeline, raw_provider, traced

WARM_UP_REQUESTS = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """What a process saw of its own load."""

    requests: int
    took_s: float
    call_p99_us: float
    due_p99_us: float
    """From when a request was due; 0 where none was due at any time."""
    growth_bytes: int
    """Peak memory less what there was when the load began."""
    log_lines: int


@dataclass(frozen=True, slots=True)
class Found:
    """A load, and the end of its process."""

    seen: Seen
    exit_s: float
    said: str
    """What it wrote to stderr, its end included."""


def probe(
    load: str, tracing: str, endpoint: str, *, amount: float, per_second: float = 0, flush: bool = False
) -> Found:
    """Run a load in a fresh process; *amount* is seconds, or requests of a flood."""
    command = [sys.executable, __file__, load, "--tracing", tracing, "--endpoint", endpoint]
    command += ["--amount", str(amount), "--per-second", str(per_second), *(["--flush"] if flush else [])]
    with tempfile.TemporaryFile("w+") as log:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            leaving_s = time.monotonic()
            process.wait()
            exit_s = time.monotonic() - leaving_s
        log.seek(0)
        said = log.read()
    if not line:
        raise SystemExit(f"the process of the load ended early:\n{said}")
    return Found(Seen(**json.loads(line)), exit_s, said)


class Lines(logging.Handler):
    """Counts what is logged, and writes it out."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line."""
        self.count += 1
        print(record.name, record.getMessage(), file=sys.stderr)


def _tracing(kind: str, endpoint: str) -> tuple[Request, Callable[[], object]]:
    """Build the request; give what sends all that waits, too."""
    if kind == "groundspan":
        gs.init("bench", endpoint=endpoint)
        return traced(FRESH, pipeline), lambda: gs.flush(60)
    if kind == "raw":
        provider = raw_provider(endpoint)
        return by_hand(FRESH, pipeline, provider.get_tracer("raw"), content=True), provider.force_flush
    return pipeline(FRESH), lambda: None


def flood(request: Request, requests: int) -> tuple[list[int], float]:
    """Run requests as fast as they go; give the nanoseconds of each of the last thousands, and seconds of all."""
    times: list[int] = []
    first = time.perf_counter_ns()
    for number in range(requests):
        started = time.perf_counter_ns()
        request(f"{number:08} {QUESTION}")
        if number % 10 == 0:
            times.append(time.perf_counter_ns() - started)
    return times, (time.perf_counter_ns() - first) / 1e9


def main() -> None:
    """Load, and tell in one line of JSON before the process ends as it would."""
    parser = argparse.ArgumentParser()
    parser.add_argument("load", choices=["paced", "flood"])
    parser.add_argument("--tracing", choices=["bare", "groundspan", "raw"], required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--amount", type=float, required=True)
    parser.add_argument("--per-second", type=float, default=0)
    parser.add_argument("--flush", action="store_true")
    options = parser.parse_args()
    lines = Lines(logging.WARNING)
    logging.getLogger().addHandler(lines)
    request, flush = _tracing(options.tracing, options.endpoint)
    for number in range(WARM_UP_REQUESTS):
        request(f"{number:08} {QUESTION}")
    if options.flush:
        flush()
    before = memory_bytes()
    if options.load == "paced":
        load = paced(request, options.per_second, options.amount)
        call_ns, due_p99_us, took_s = load.call_ns, p99_us(load.due_ns), load.took_s
    else:
        call_ns, took_s = flood(request, int(options.amount))
        due_p99_us = 0.0
    if options.flush:
        flush()
    requests = int(options.amount * (options.per_second or 1))
    growth = peak_memory_bytes() - before
    print(json.dumps(asdict(Seen(requests, took_s, p99_us(call_ns), due_p99_us, growth, lines.count))), flush=True)


if __name__ == "__main__":
    main()
