"""A disk that takes only a part of what is written: nothing acknowledged is lost, and the store mends itself.

The disk is a limit of the system on the size of files: a write beyond it fails as one on a full disk does.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import faults
import otlp
import processes
import pytest

resource = pytest.importorskip("resource", reason="this system limits no file's size")

LIMITS_BYTES = (1, 10_000)
"""Of the files of a part all are cut off, or only that of the rows."""

PROGRAM = """
import json, os, resource, sys, time
from pathlib import Path
import otlp
from groundspan_collector.errors import StoreUnavailable
from groundspan_collector.store import Store

folder, what, limit_bytes, ending = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
os.chdir(folder)
store = Store.open(folder, memory_bytes=1 << 30)
spans = [otlp.span({"groundspan.stage": "tool", "note": os.urandom(9000).hex()}) for _ in range(9)]

def insert(span):
    store.insert_spans([otlp.body(span)], 1, project="", received_at_ns=time.time_ns())

def limit(size_bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))

store.execute("SYSTEM STOP MERGES")
for span in spans[1:]:
    insert(span)
store.execute("SYSTEM START MERGES spans")
refused = []
limit(limit_bytes)
try:
    if what == "merge":
        store.execute("OPTIMIZE TABLE spans FINAL")
    elif what == "deletion":
        trace = spans[8].trace_id.hex()
        store.execute(f"ALTER TABLE spans DELETE WHERE trace_id = '{trace}' SETTINGS mutations_sync = 2")
    else:
        insert(spans[0])
except StoreUnavailable:
    refused.append("in it")
limit(resource.RLIM_INFINITY)
mended = []
if ending == "mend":
    try:
        insert(spans[0])
    except StoreUnavailable:
        refused.append("before mending")
    mended = [store.mend(), store.mend()]
    insert(spans[0])
acknowledged = [span.span_id.hex() for span in (spans if ending == "mend" else spans[1:])]
print(json.dumps({"acknowledged": acknowledged, "refused": refused, "mended": mended}), flush=True)
if ending == "kill":
    os._exit(9)
there = {row["span_id"] for row in store.rows("SELECT span_id FROM spans_once WHERE NOT ignore(*)")}
# The last one may have been deleted.
assert set(acknowledged[:-1]) <= there, len(there)
store.close()
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the program printed."""

    acknowledged: list[str]
    refused: list[str]
    mended: list[int]
    errors: str
    """What it logged."""


def _run(folder: Path, what: str, limit_bytes: int, ending: str) -> _Told:
    arguments = [str(folder), what, str(limit_bytes), ending]
    path = os.pathsep.join(filter(None, [str(Path(otlp.__file__).parent), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=4 * processes.DEADLINE_S,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == (9 if ending == "kill" else 0), done.stderr
    return _Told(**json.loads(done.stdout), errors=done.stderr)


@pytest.mark.parametrize("limit_bytes", LIMITS_BYTES)
def test_rows_are_there_again_when_the_disk_did_not_take_a_merge(tmp_path: Path, limit_bytes: int) -> None:
    """The engine says that it merged; what it merged is used again, and so it is by the next process."""
    told = _run(tmp_path, "merge", limit_bytes, "mend")

    assert told.mended == [1, 0]
    assert told.refused == ["in it", "before mending"]
    assert "1 parts were not whole" in told.errors
    assert faults.found(tmp_path).copies == dict.fromkeys(told.acknowledged, 1)


@pytest.mark.parametrize("limit_bytes", LIMITS_BYTES)
def test_insert_is_refused_when_the_disk_did_not_take_it(tmp_path: Path, limit_bytes: int) -> None:
    """Until the store is mended so are all others; then what was refused can be sent again."""
    told = _run(tmp_path, "insert", limit_bytes, "mend")

    assert told.mended[0] > 0
    assert told.mended[1] == 0
    assert told.refused == ["in it", "before mending"]
    assert faults.found(tmp_path).copies == dict.fromkeys(told.acknowledged, 1)


@pytest.mark.parametrize("ending", ["mend", "kill"])
def test_store_opens_with_all_other_rows_when_the_disk_did_not_take_a_deletion(tmp_path: Path, ending: str) -> None:
    """What is to be deleted was written down only in part. It is said that it failed; it may have been done."""
    told = _run(tmp_path, "deletion", 1, ending)

    assert told.refused[0] == "in it"
    assert set(told.acknowledged[:-1]) <= faults.found(tmp_path).copies.keys()


@pytest.mark.parametrize("what", ["merge", "insert"])
@pytest.mark.parametrize("limit_bytes", LIMITS_BYTES)
def test_acknowledged_rows_are_there_when_the_process_was_killed_before_it_could_mend(
    tmp_path: Path, what: str, limit_bytes: int
) -> None:
    """The next one, here a doctor, finds what is not whole by itself; it names what it cannot make again."""
    told = _run(tmp_path, what, limit_bytes, "kill")

    looked = subprocess.run(
        [sys.executable, "-m", "groundspan_collector", "doctor", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=4 * processes.DEADLINE_S,
    )
    there = faults.found(tmp_path).copies
    assert set(told.acknowledged) <= there.keys()
    assert set(there.values()) == {1}
    # Of a merge all was there to be made again; whether an insert was acknowledged nobody knows any more.
    assert ("a part is not whole" in looked.stdout) == (what == "insert"), looked.stdout
    assert looked.returncode == (what == "insert")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system limits no other process's files")
def test_span_is_stored_when_the_disk_did_not_take_it_at_first(tmp_path: Path) -> None:
    """Answered with 200 out of the spool, and replayed when the collector has mended its store."""
    sent = faults.Sent()
    first, second = faults.call(1), faults.call(2)
    with processes.collector(tmp_path) as server:
        sent.note([first], server.send(otlp.body(first)).status)
        _limit(server, 1024)
        sent.note([second], server.send(otlp.body(second)).status)
        spooled = server.metrics()["groundspan_spans_spooled"]
        _limit(server, resource.RLIM_INFINITY)
        faults.replayed(server)
        metrics = server.metrics()
        assert server.stop() == 0

    assert sent.statuses == {200}
    assert spooled == 1
    assert metrics["groundspan_store_failed_writes_total"] > 0
    assert metrics["groundspan_store_parts_mended_total"] > 0
    assert metrics["groundspan_store_parts_set_aside"] == 0
    assert faults.balance(metrics) == 0
    faults.check(tmp_path, sent)


def _limit(server: processes.CollectorProcess, size_bytes: int) -> None:
    """Let *server* write no file beyond *size_bytes*."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))
