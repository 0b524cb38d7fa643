"""How the bench of the SDK loads a request and times it: in rounds, at a rate, and with an eye on memory."""

import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk_request import QUESTION, Request, awaitable


def timed(request: Request, requests: int) -> list[int]:
    """Run one round; give the nanoseconds of each request."""
    times: list[int] = []
    for _ in range(requests):
        started = time.perf_counter_ns()
        request(QUESTION)
        times.append(time.perf_counter_ns() - started)
    return times


async def timed_async(request: Request, requests: int) -> list[int]:
    """Run one round on the event loop."""
    times: list[int] = []
    for _ in range(requests):
        started = time.perf_counter_ns()
        await awaitable(request(QUESTION))
        times.append(time.perf_counter_ns() - started)
    return times


def measured(
    built: Mapping[str, Request], run: Callable[[Request, int], list[int]], rounds: int, requests: int
) -> dict[str, list[int]]:
    """Run all variants in turn, round after round; the first round warms up."""
    times: dict[str, list[int]] = {name: [] for name in built}
    for number in range(rounds + 1):
        for name, request in built.items():
            taken = run(request, requests)
            if number:
                times[name] += taken
    return times


def added_us(times: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Give the median microseconds that each variant adds to a bare request."""
    bare = statistics.median(times["bare"])
    return {name: (statistics.median(each) - bare) / 1000 for name, each in times.items() if name != "bare"}


def p99_us(times_ns: Sequence[int]) -> float:
    """Give what 99 of 100 requests do not exceed, in microseconds."""
    return statistics.quantiles(times_ns, n=100)[98] / 1000


@dataclass(frozen=True, slots=True)
class Paced:
    """A load at a rate: the nanoseconds of each request."""

    call_ns: Sequence[int]
    """From its call to its return."""
    due_ns: Sequence[int]
    """From when it was due to its return: what waits for the interpreter's lock is in it."""
    took_s: float


def paced(request: Request, per_second: float, seconds: float) -> Paced:
    """Begin a request whenever one is due, or at once where the last one took too long."""
    call_ns, due_ns = [], []
    first = time.perf_counter_ns()
    for number in range(int(per_second * seconds)):
        due = first + int(number * 1e9 / per_second)
        question = f"{number:08} {QUESTION}"
        while (wait_ns := due - time.perf_counter_ns()) > 0:
            time.sleep(wait_ns / 1e9)
        started = time.perf_counter_ns()
        request(question)
        ended = time.perf_counter_ns()
        call_ns.append(ended - started)
        due_ns.append(ended - due)
    return Paced(call_ns, due_ns, (time.perf_counter_ns() - first) / 1e9)


def memory_bytes() -> int:
    """Give what this process has in memory now."""
    return _status_bytes("VmRSS")


def peak_memory_bytes() -> int:
    """Give the most that this process has had in memory."""
    return _status_bytes("VmHWM")


def _status_bytes(name: str) -> int:
    # Not getrusage: its peak is that of the process which started this one, where that was larger.
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
