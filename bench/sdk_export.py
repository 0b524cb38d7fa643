"""What the SDK's background thread costs for one request of bench/sdk.py: ``python bench/sdk_export.py``.

It reads, cuts and counts the texts, writes, compresses and sends them. Its CPU time is measured, not how long it takes.
"""

import argparse
import threading
import time

import groundspan as gs
from sdk_request import FRESH, QUESTION, pipeline, traced
from sdk_sink import sink

EXPORT_THREAD = "groundspan-export"


def main() -> None:
    """Run rounds of requests; print the cheapest, as whatever else a machine does adds to a round."""
    parser = argparse.ArgumentParser(description="CPU time of the SDK's background thread for a request.")
    parser.add_argument("--rounds", type=int, default=12, metavar="N")
    parser.add_argument("--requests", type=int, default=500, metavar="N", help="requests in a round")
    options = parser.parse_args()
    with sink() as endpoint:
        gs.init("bench", endpoint=endpoint)
        request = traced(FRESH, pipeline)
        (thread,) = (each for each in threading.enumerate() if each.name == EXPORT_THREAD)
        assert thread.ident is not None
        clock = time.pthread_getcpuclockid(thread.ident)
        taken_us: list[float] = []
        for _ in range(options.rounds):
            before_ns = time.clock_gettime_ns(clock)
            for number in range(options.requests):
                request(f"{number:08} {QUESTION}")
            assert gs.flush(60), "spans were lost"
            taken_us.append((time.clock_gettime_ns(clock) - before_ns) / 1000 / options.requests)
        gs.shutdown()
    print(f"{min(taken_us):.0f} µs of CPU time a request ({max(taken_us):.0f} in the dearest round)")


if __name__ == "__main__":
    main()
