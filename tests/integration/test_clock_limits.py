"""How old a span may be when it arrives is set at the start, for the span and for its trace."""

import json
import subprocess
import sys
import time
from pathlib import Path

import otlp
import processes

DAY_NS = 86_400 * otlp.SECOND

READ = """
import json, os, sys
from pathlib import Path
from groundspan_collector.store import Store
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
print(json.dumps([
    {row["trace_id"]: row["clock_suspect"] for row in store.rows(f"SELECT trace_id, clock_suspect FROM {table}")}
    for table in ("spans_once", "traces_once")
]))
store.close()
"""


def _suspects(data_dir: Path) -> list[dict[str, bool]]:
    """Trace id -> whether its clock is wrong, as the span says and as the trace does."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(data_dir)], capture_output=True, text=True, timeout=processes.DEADLINE_S
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, bool]] = json.loads(done.stdout)
    return found


def test_span_is_flagged_when_it_is_older_than_the_limit_of_this_collector(tmp_path: Path) -> None:
    """Two days are too old with a limit of one; an hour is not, nor are two hours ahead with a limit of three."""
    now_ns = time.time_ns()
    starts = {"old": now_ns - 2 * DAY_NS, "fresh": now_ns - DAY_NS // 24, "ahead": now_ns + DAY_NS // 12}
    spans = {name: otlp.span(name=name, start_ns=start_ns) for name, start_ns in starts.items()}
    environ = {"GROUNDSPAN_CLOCK_PAST_DAYS": "1", "GROUNDSPAN_CLOCK_AHEAD_MINUTES": "180"}

    with processes.collector(tmp_path, environ=environ) as server:
        assert server.send(otlp.body(*spans.values())).status == 200
        assert server.stop() == 0

    expected = {spans[name].trace_id.hex(): name == "old" for name in spans}
    assert _suspects(tmp_path) == [expected, expected]


def test_trace_loses_its_flag_when_its_span_is_corrected(tmp_path: Path) -> None:
    """The other way round, and across copies under other hours: the newer copy's clock counts."""
    now_ns = time.time_ns()
    wrong = otlp.span(start_ns=now_ns - 2 * DAY_NS)
    right = otlp.span(trace_id=wrong.trace_id, span_id=wrong.span_id, start_ns=now_ns)

    with processes.collector(tmp_path, environ={"GROUNDSPAN_CLOCK_PAST_DAYS": "1"}) as server:
        for span in (wrong, right):
            assert server.send(otlp.body(span)).status == 200
        assert server.stop() == 0

    assert _suspects(tmp_path) == [{wrong.trace_id.hex(): False}] * 2
