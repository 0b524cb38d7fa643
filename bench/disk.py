"""How many bytes a span takes: on the wire, on its way from a collector to a server, and on the disk.

python bench/disk.py [--spans 100000]

The traffic is that of bench/ingest.py: traces of five spans over a corpus of 3,200 chunks, so that texts repeat
as those of a RAG application do. Parts are merged before they are measured, as a server does in time. Bytes depend on
what is captured; of your own spans, the same is said by the query in docs/scaling.md.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import traffic
from groundspan_collector.store import Store

SPANS_A_REQUEST = 500
REQUESTS_A_GROUP = 8
SIZES = """
SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC
"""


def fill(store: Store, bodies: Sequence[bytes], spans: int) -> None:
    """Store so many spans, in groups, each request about new traces."""
    for first in range(0, spans, SPANS_A_REQUEST * REQUESTS_A_GROUP):
        group = [
            bodies[(first // SPANS_A_REQUEST + number) % len(bodies)].replace(traffic.RUN, os.urandom(8))
            for number in range(REQUESTS_A_GROUP)
        ]
        store.insert_spans(group, len(group) * SPANS_A_REQUEST, project="", received_at_ns=time.time_ns())


def main() -> None:
    """Fill a store, merge it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=100_000, help="to store (default: %(default)s)")
    wanted = parser.parse_args().spans
    bodies = [traffic.request(SPANS_A_REQUEST, seed, time.time_ns()).SerializeToString() for seed in range(16)]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        store = Store.open(Path(folder), memory_bytes=2 << 30)
        fill(store, bodies, wanted)
        (counted,) = store.rows("SELECT count() AS spans, sum(byteSize(*)) AS bytes FROM spans")
        spans = int(str(counted["spans"]))
        for table in store.rows(SIZES):
            store.execute(f"OPTIMIZE TABLE {table['table']} FINAL")
        sizes = store.rows(SIZES)
        store.close()
    on_disk = sum(int(str(row["bytes"])) for row in sizes)
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}; {spans:,} spans")
    print(
        f"a span on the wire, OTLP without gzip:   {sum(map(len, bodies)) / len(bodies) / SPANS_A_REQUEST:>8,.0f} bytes"
    )
    print(f"a row of spans, not compressed:          {int(str(counted['bytes'])) / spans:>8,.0f} bytes")
    print(f"a span on the disk, all tables:          {on_disk / spans:>8,.0f} bytes")
    for row in sizes:
        print(f"    {row['table']:<36} {int(str(row['bytes'])) / spans:>8,.1f} bytes")


if __name__ == "__main__":
    main()
