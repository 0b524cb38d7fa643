"""What tracing adds to one request, and what it does to its process: ``python bench/sdk.py``.

A request is five functions (pipeline, embed, retrieve, rerank, generate) that pass about 12 kB of text. It runs
bare, with Groundspan's decorators, and with the raw OpenTelemetry SDK around the same functions. Each sends to a
sink in a process of its own. Each part runs in a fresh process; ``--only NAME`` runs one:

disabled   microseconds that decorators add where init() was not called, and where it was told to be disabled
sync       microseconds added to a request, beside the raw SDK with and without the same content
async      the same on an event loop
sampled    microseconds added where the sampler takes no trace, beside the raw SDK under the same sampler
paced      99 of 100 requests at 200 a second, beside the raw SDK
burst      spans lost, and memory, at 2,000 requests a second
outage     a collector that refuses and one that hangs: requests, memory, log, and the end of the process
peers      microseconds that other libraries' decorators add, where they are installed

Variants take turns, round after round. Times are medians over all rounds less the bare request's; p99 is the median
of the turns' own. What is wanted stands beside what was measured.
"""

import argparse
import asyncio
import functools
import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import groundspan as gs
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Tracer
from sdk_load import added_us, measured, p99_us, timed, timed_async
from sdk_peers import PEERS, installed, request_of
from sdk_probe import WARM_UP_REQUESTS, Found, probe
from sdk_request import (
    ANSWER,
    ASYNC,
    HITS,
    QUESTION,
    QUEUE_SPANS,
    SYNC,
    Request,
    Stages,
    by_hand,
    pipeline,
    pipeline_async,
    raw_provider,
    traced,
)
from sdk_sink import arrived, refusing, sink

RATE, BURST_RATE, SPANS = 200, 2000, 5
MB = 1e6
QUEUE_BYTES = 1 << 30
"""Where requests follow each other without a pause nothing is dropped either: that would cost less."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long to measure."""

    rounds: int
    requests: int
    seconds: float
    turns: int
    flood: int
    peer: str | None


def told(what: str, value: float, at_most: float, unit: str = "", digits: int = 2) -> None:
    """Print what was measured, what is wanted, and whether it is so."""
    verdict = "" if round(value, digits) <= at_most else "  MISSED"
    print(f"  {what:64}{value:9.{digits}f}{unit} (wanted: at most {at_most:g}{unit}){verdict}", flush=True)


def show(title: str, times: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Print one table; give the medians."""
    added = added_us(times)
    print(f"\n{title}: median µs added to a request (bare: {statistics.median(times['bare']) / 1000:.1f})")
    for name, median in added.items():
        print(f"  {name:34}{median:8.1f}   p99 {p99_us(times[name]):8.1f}")
    return added


# What a request costs.


def _variants(stages: Stages, build: Callable[[Stages], Request], tracer: Tracer) -> dict[str, Request]:
    """Build the same request four times."""
    return {
        "bare": build(stages),
        "groundspan": traced(stages, build),
        "raw otel with content": by_hand(stages, build, tracer, content=True),
        "raw otel without content": by_hand(stages, build, tracer, content=False),
    }


def disabled(options: Options) -> None:
    """Measure decorators that have nothing to do."""
    built = {"bare": pipeline(SYNC), "groundspan": traced(SYNC, pipeline)}
    never = show("never initialised", measured(built, timed, options.rounds, options.requests))
    gs.init("bench", disabled=True)
    off = show("disabled", measured(built, timed, options.rounds, options.requests))
    told("never initialised, µs a request", never["groundspan"], 2)
    told("disabled, µs a request", off["groundspan"], 2)


def sync(options: Options) -> None:
    """Measure a sync application."""
    with sink() as endpoint:
        gs.init("bench", endpoint=endpoint, max_queue_spans=QUEUE_SPANS, max_queue_bytes=QUEUE_BYTES)
        provider = raw_provider(endpoint)
        built = _variants(SYNC, pipeline, provider.get_tracer("raw"))
        _compare("sync", measured(built, timed, options.rounds, options.requests))
        gs.shutdown()
        provider.shutdown()


def on_event_loop(options: Options) -> None:
    """Measure an async application."""
    with sink() as endpoint, asyncio.Runner() as runner:
        gs.init("bench", endpoint=endpoint, max_queue_spans=QUEUE_SPANS, max_queue_bytes=QUEUE_BYTES)
        provider = raw_provider(endpoint)
        built = _variants(ASYNC, pipeline_async, provider.get_tracer("raw"))

        def run(request: Request, count: int) -> list[int]:
            return runner.run(timed_async(request, count))

        _compare("async", measured(built, run, options.rounds, options.requests))
        gs.shutdown()
        provider.shutdown()


def _compare(title: str, times: Mapping[str, Sequence[int]]) -> None:
    added = show(title, times)
    told("groundspan / raw otel with content", added["groundspan"] / added["raw otel with content"], 0.8)
    print(f"  groundspan / raw otel without content {added['groundspan'] / added['raw otel without content']:.2f}")


def sampled(options: Options) -> None:
    """Measure where no trace is taken."""
    with sink() as endpoint:
        nothing = ParentBased(TraceIdRatioBased(0))
        trace.set_tracer_provider(TracerProvider(sampler=nothing, resource=Resource.create({"service.name": "bench"})))
        gs.init("bench", endpoint=endpoint)
        provider = raw_provider(endpoint, nothing)
        tracer = provider.get_tracer("raw")
        built = {
            "bare": pipeline(SYNC),
            "groundspan": traced(SYNC, pipeline),
            "raw otel with content": by_hand(SYNC, pipeline, tracer, content=True),
            "raw otel without content": by_hand(SYNC, pipeline, tracer, content=False),
        }
        added = show("sampled out", measured(built, timed, options.rounds, options.requests))
        told("groundspan / raw otel", added["groundspan"] / added["raw otel without content"], 1.0)
        gs.shutdown()
        provider.shutdown()


def peers(options: Options) -> None:
    """Measure what is installed, each in a process of its own."""
    if options.peer:
        _beside(options.peer, options)
        return
    for peer in PEERS:
        if installed(peer) is None:
            print(f"\n{peer}: not installed", flush=True)
        elif _again("--only", "peers", "--peer", peer):
            print(f"{peer}: failed", flush=True)


def _beside(peer: str, options: Options) -> None:
    with sink() as endpoint:
        provider = raw_provider(endpoint)
        built = {"bare": pipeline(SYNC), peer: request_of(peer, endpoint)}
        built["raw otel with content"] = by_hand(SYNC, pipeline, provider.get_tracer("raw"), content=True)
        show(f"{peer} {installed(peer)}", measured(built, timed, options.rounds, options.requests))
        sys.stdout.flush()
        # Some of them wait long at the end for a sink that does not speak their own protocol.
        os._exit(0)


# What it does to its process.

Turns: TypeAlias = Mapping[str, Sequence[Found]]


def _turns(cases: Mapping[str, tuple[str, str]], options: Options) -> Turns:
    """Run all cases at a rate, one after the other, turn after turn: name -> (tracing, endpoint)."""
    found: dict[str, list[Found]] = {name: [] for name in cases}
    for _ in range(options.turns):
        for name, (tracing, endpoint) in cases.items():
            found[name].append(probe("paced", tracing, endpoint, amount=options.seconds, per_second=RATE))
    for name, turns in found.items():
        print(f"  {name:34}p99 of the call {_p99(turns):8.1f} µs   from when it was due {_due_p99(turns):8.1f} µs")
    return found


def _p99(turns: Sequence[Found]) -> float:
    return statistics.median(each.seen.call_p99_us for each in turns)


def _due_p99(turns: Sequence[Found]) -> float:
    return statistics.median(each.seen.due_p99_us for each in turns)


def at_rate(options: Options) -> None:
    """Measure requests that come one by one."""
    print(f"\n{RATE} requests/s for {options.seconds:g} s, {options.turns} times")
    with sink() as endpoint:
        cases = {name: (name, endpoint) for name in ("bare", "groundspan", "raw")}
        found = _turns(cases, options)
    told("groundspan / raw, p99 of the call", _p99(found["groundspan"]) / _p99(found["raw"]), 1.5)
    told("groundspan / raw, p99 from when it was due", _due_p99(found["groundspan"]) / _due_p99(found["raw"]), 1.5)


def burst(options: Options) -> None:
    """Measure what a burst loses and holds."""
    print(f"\na burst of {BURST_RATE:,} requests/s for {options.seconds:g} s")
    for tracing in ("raw", "groundspan"):
        with sink("keep") as endpoint:
            found = probe("paced", tracing, endpoint, amount=options.seconds, per_second=BURST_RATE, flush=True)
            lost = (found.seen.requests + WARM_UP_REQUESTS) * SPANS - arrived(endpoint)
        rate, growth = found.seen.requests / found.seen.took_s, found.seen.growth_bytes / MB
        print(f"  {tracing}: {rate:,.0f} requests/s came about; {lost:,} spans dropped; {growth:.1f} MB of growth")
        if tracing == "groundspan":
            told("spans dropped", lost, 0, digits=0)
            told("peak memory growth, MB", growth, 64, digits=1)


def outage(options: Options) -> None:
    """Measure what a collector's failure does to the host."""
    print(f"\nthe collector is down; {RATE} requests/s for {options.seconds:g} s, {options.turns} times")
    with sink() as healthy, sink("hang") as hanging:
        down = {"refused": refusing(), "hanging": hanging}
        cases = {"healthy": healthy, **down}
        found = _turns({name: ("groundspan", endpoint) for name, endpoint in cases.items()}, options)
        for name, endpoint in down.items():
            flood = probe("flood", "groundspan", endpoint, amount=options.flood)
            _tell_outage(name, found, flood, options)


def _tell_outage(name: str, found: Turns, flood: Found, options: Options) -> None:
    processes = [*found[name], flood]
    told(f"{name}: p99 of the call / healthy", _p99(found[name]) / _p99(found["healthy"]), 1.2)
    told(f"{name}: p99 from when it was due / healthy", _due_p99(found[name]) / _due_p99(found["healthy"]), 1.2)
    growth = flood.seen.growth_bytes / MB
    told(f"{name}: memory growth over {options.flood:,} requests, MB", growth, 32, digits=1)
    told(f"{name}: longest end of a process, s", max(each.exit_s for each in processes), 3.5)
    took_s = flood.seen.took_s
    told(f"{name}: log lines in {took_s:.0f} s", flood.seen.log_lines, math.ceil(took_s / 60), digits=0)
    print(f"  {name}: what the last process wrote, its end included\n{flood.said.rstrip()}")


PARTS: Mapping[str, Callable[[Options], None]] = {
    "disabled": disabled,
    "sync": sync,
    "async": on_event_loop,
    "sampled": sampled,
    "paced": at_rate,
    "burst": burst,
    "outage": outage,
    "peers": peers,
}


def _again(*more: str) -> int:
    """Run this command in a fresh process with more arguments, of which the last ones count."""
    return subprocess.run([sys.executable, __file__, *sys.argv[1:], *more], check=False).returncode


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="What tracing adds to one request, and does to its process.")
    add = functools.partial(parser.add_argument, metavar="N")
    parser.add_argument("--only", choices=list(PARTS), help="the one part to run")
    add("--rounds", type=int, default=30, help="rounds of disabled, sync, async, sampled and peers")
    add("--requests", type=int, default=100, help="requests of each kind in a round")
    add("--seconds", type=float, default=4.0, help="length of paced, burst and outage")
    add("--turns", type=int, default=3, help="how often paced and outage take turns")
    add("--flood", type=int, default=100_000, help="requests whose memory is measured in an outage")
    parser.add_argument("--peer", choices=list(PEERS), help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    only = given.pop("only")
    if only:
        PARTS[only](Options(**given))
        return 0
    content = len(QUESTION) * 4 + sum(len(str(hit["text"])) for hit in [*HITS, *HITS[:3]]) + len(ANSWER) * 2
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.platform()}"
    rounds, requests = given["rounds"], given["requests"]
    print(f"{machine}; {rounds} rounds of {requests} requests, {content} characters in each", flush=True)
    return max(_again("--only", part) for part in PARTS)


if __name__ == "__main__":
    sys.exit(main())
