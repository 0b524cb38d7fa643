"""A collector's life: how it starts, what it refuses to start with, and what is there after it ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import otlp
import processes
import pytest

READ_SPANS = """
import json, os, sys
from pathlib import Path
from groundspan_collector.store import Store
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
print(json.dumps(store.rows("SELECT span_id, count() AS copies FROM spans_once GROUP BY span_id")))
store.close()
"""


def _python(code: str, *arguments: object, environ: Mapping[str, str] | None = None) -> str:
    """What *code* prints in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(environ or {})}, timeout=processes.DEADLINE_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _stored(data_dir: Path) -> dict[str, int]:
    """Span id -> how often it is there, of a store that no collector has open."""
    return {row["span_id"]: row["copies"] for row in json.loads(_python(READ_SPANS, data_dir))}


def _serve(
    data_dir: Path, *options: str, environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """A collector that is expected not to start."""
    return subprocess.run(
        [sys.executable, "-m", "groundspan_collector", "serve", "--port", "0", "--data-dir", str(data_dir), *options],
        capture_output=True,
        text=True,
        env={**os.environ, **(environ or {})},
        timeout=processes.DEADLINE_S,
    )


class Senders:
    """Threads that send requests until the collector is gone, and remember what was acknowledged."""

    def __init__(self, server: processes.CollectorProcess, threads: int, spans: int) -> None:
        self._server = server
        self._spans = spans
        self.acknowledged: list[str] = []
        self.refused: list[int] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        while True:
            spans = [otlp.span() for _ in range(self._spans)]
            try:
                answer = self._server.send(otlp.body(*spans))
            except OSError:
                return
            if answer.status == 200:
                self.acknowledged += [span.span_id.hex() for span in spans]
            else:
                self.refused.append(answer.status)

    def join(self) -> None:
        """Back when every thread found the collector gone."""
        for thread in self._threads:
            thread.join(processes.DEADLINE_S)
            assert not thread.is_alive()


@pytest.mark.parametrize("ending", ["kill", "stop"])
def test_acknowledged_spans_are_there_once_when_the_collector_ends_under_load(tmp_path: Path, ending: str) -> None:
    """kill -9 or SIGTERM in the middle of many requests: 200 means durable."""
    with processes.collector(tmp_path) as server:
        senders = Senders(server, threads=6, spans=5)
        processes.eventually(lambda: len(senders.acknowledged) >= 200)
        getattr(server, ending)()
        senders.join()

    stored = _stored(tmp_path)
    missing = [span_id for span_id in senders.acknowledged if span_id not in stored]
    assert missing == []
    assert set(stored.values()) == {1}
    assert set(senders.refused) <= {503}


def test_spans_and_new_ones_are_served_when_the_collector_was_killed(tmp_path: Path) -> None:
    """The same directory, the next process: nothing to repair by hand."""
    first, second = otlp.span({"groundspan.stage": "pipeline"}), otlp.span({"groundspan.stage": "pipeline"})
    with processes.collector(tmp_path) as server:
        assert server.send(otlp.body(first)).status == 200
        server.kill()

    with processes.collector(tmp_path) as server:
        assert server.send(otlp.body(second)).status == 200
        for span in (first, second):
            assert processes.fetch(f"{server.url}/api/v1/traces/{span.trace_id.hex()}").status == 200


def test_reports_count_one_copy_when_a_request_was_sent_three_times(tmp_path: Path) -> None:
    """An exporter that did not hear the 200 sends again."""
    trace_id, root = otlp.new_trace_id(), otlp.new_span_id()
    pipeline = otlp.span({"groundspan.stage": "pipeline"}, trace_id=trace_id, span_id=root)
    call = otlp.span(
        {
            "groundspan.stage": "generate",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 100,
        },
        trace_id=trace_id,
        parent=root,
    )
    window = {"since": "2026-09-09T00:00:00Z", "until": "2026-09-10T00:00:00Z"}
    with processes.collector(tmp_path) as server:
        for _ in range(3):
            assert server.send(otlp.body(pipeline, call)).status == 200
        processes.eventually(lambda: server.rows("cost", **window)[0]["cost_usd"] is not None)

        (row,) = server.rows("cost", **window)
        assert (row["calls"], row["input_tokens"], row["output_tokens"]) == (1, 1000, 100)


def test_exit_code_is_zero_when_told_to_stop(tmp_path: Path) -> None:
    """SIGTERM is no failure."""
    with processes.collector(tmp_path) as server:
        server.send(otlp.body(otlp.span()))

        assert server.stop() == 0


def test_exit_code_is_zero_when_interrupted(tmp_path: Path) -> None:
    """Nor is Ctrl-C."""
    with processes.collector(tmp_path) as server:
        server.process.send_signal(signal.SIGINT)

        assert server.process.wait(processes.DEADLINE_S) == 0


def test_sender_is_told_to_try_again_when_its_request_is_cut_off_by_a_stop(tmp_path: Path) -> None:
    """The collector waits for the rest of it, but not for ever; what is answered with 500, a sender drops."""
    with processes.collector(tmp_path) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), processes.DEADLINE_S) as sender:
            sender.sendall(
                f"POST /v1/traces HTTP/1.1\r\nHost: {host}\r\nContent-Type: {processes.PROTOBUF}\r\n"
                "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            # It says so when it begins to read.
            assert sender.recv(100).startswith(b"HTTP/1.1 100 ")
            assert server.stop() == 0

            assert sender.recv(1000).startswith(b"HTTP/1.1 503 ")


def test_no_request_is_left_in_memory_when_it_was_stored(tmp_path: Path) -> None:
    """Requests hold prompts; the file through which they pass is removed at once."""
    shared = Path("/dev/shm")
    if not shared.is_dir():
        pytest.skip("no folder in memory on this system")
    before = set(shared.glob("groundspan-*"))
    with processes.collector(tmp_path) as server:
        assert server.send(otlp.body(otlp.span())).status == 200

        assert set(shared.glob("groundspan-*")) <= before


def test_second_collector_is_told_that_the_directory_is_taken(tmp_path: Path) -> None:
    """One sentence and exit code 2; the first one goes on."""
    with processes.collector(tmp_path) as server:
        second = _serve(tmp_path)

        assert second.returncode == 2
        assert "another process" in second.stderr
        assert str(tmp_path) in second.stderr
        assert "Traceback" not in second.stderr
        assert server.send(otlp.body(otlp.span())).status == 200


def test_start_is_refused_when_the_port_is_taken(tmp_path: Path) -> None:
    """With the port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = _serve(tmp_path, "--port", str(port))

    assert refused.returncode == 2
    assert f"127.0.0.1:{port}" in refused.stderr
    assert "--port" in refused.stderr


def test_start_is_refused_when_the_host_is_public_and_there_are_no_tokens(tmp_path: Path) -> None:
    """Before a port opens, and before anything is written."""
    refused = _serve(tmp_path / "new", "--host", "0.0.0.0", environ={"GROUNDSPAN_TOKENS": ""})

    assert refused.returncode == 2
    assert "GROUNDSPAN_TOKENS" in refused.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--judge", "nobody"), "lexical"),
        (("--port", "99999"), "65535"),
        (("--data-dir", "/dev/null/x"), "--data-dir"),
    ],
)
def test_start_is_refused_with_what_is_accepted(tmp_path: Path, options: tuple[str, str], words: str) -> None:
    """A sentence, not a traceback."""
    refused = _serve(tmp_path, *options)

    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_start_is_refused_when_the_store_is_of_a_newer_version(tmp_path: Path) -> None:
    """A downgrade must not write into a schema that it does not know."""
    newer = """
import os, sys
from pathlib import Path
from groundspan_collector.store import Store
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
store.execute("INSERT INTO schema_migrations (number, name, checksum) VALUES (999, 'later', 'x')")
store.close()
"""
    _python(newer, tmp_path)

    refused = _serve(tmp_path)

    assert refused.returncode == 2
    assert "the store has schema 999" in refused.stderr


ZONED = """
import json, os, sys, time
from datetime import UTC, datetime
from pathlib import Path
import otlp, stored
from groundspan_collector.store import Store
assert time.localtime(0).tm_hour != 0
os.chdir(sys.argv[1])
store = Store.open(Path(sys.argv[1]), memory_bytes=1 << 30)
stored.insert(store, "p", otlp.span())
at = datetime.fromtimestamp(otlp.NOON_NS / 1e9, UTC)
sql = "SELECT start_time FROM spans_once WHERE start_time >= {at:DateTime64(9)} AND start_time <= {at:DateTime64(9)}"
print(json.dumps([row["start_time"].isoformat() for row in store.rows(sql, {"at": at})]))
store.insert("answers", [{"project": "p", "trace_id": "t", "last_received": at}])
print(json.dumps([row["t"].isoformat() for row in store.rows("SELECT last_received AS t FROM answers")]))
store.close()
"""


def test_times_are_utc_whatever_the_machines_zone_is(tmp_path: Path) -> None:
    """Written, compared and read back."""
    tests = Path(processes.__file__).parent
    environ = {"TZ": "America/New_York", "PYTHONPATH": str(tests)}

    lines = _python(ZONED, tmp_path, environ=environ).splitlines()

    assert [json.loads(line) for line in lines] == [["2026-09-09T12:00:00+00:00"]] * 2
