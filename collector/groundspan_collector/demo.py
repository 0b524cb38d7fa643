"""The demo, as a user would run it: a collector, a RAG application that sends to it, and what the collector then says.

The application (examples/groundspan_demo) and the collector run in processes of their own.
"""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from groundspan_collector import client, formats, traces
from groundspan_collector.errors import CollectorError

START_S = 60
JUDGING_S = 120
REPORTS = (
    ("cost", "version,model"),
    ("hallucination", "version"),
    ("causes", "version"),
    ("retrieval", "version"),
    ("latency", "version,stage"),
)


def run(*, once: bool, port: int | None, data_dir: Path | None, options: Sequence[str], width: int) -> int:
    """Run the demo; with *once* end when the reports are printed, else when interrupted.

    *port* None is 4318, or a free one where that is taken; *data_dir* None is a folder that is gone afterwards;
    *options* go to the application. Gives the exit code.
    """
    started = datetime.now(UTC)
    with _folder(data_dir) as folder, _collector(port, folder) as (process, url):
        print(f"collector at {url}", flush=True)
        application = [sys.executable, "-m", "groundspan_demo", "--endpoint", url, *options]
        if code := subprocess.run(application, check=False).returncode:
            raise CollectorError(f"the demo's application ended with exit code {code}")
        _wait_until_judged(url)
        print(_reports(url, started, width))
        print(_worst_trace(url, width))
        if not once:
            _linger(process, url)
    return 0


@contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is not None:
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="groundspan-demo-") as folder:
        yield Path(folder)


@contextmanager
def _collector(port: int | None, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A collector in a process of its own, and its address."""
    port = _port() if port is None else port
    # Any port for gRPC: the demo does not speak it, and the usual one may be taken.
    options = ["--port", str(port), "--grpc-port", "0", "--data-dir", str(folder)]
    command = [sys.executable, "-m", "groundspan_collector", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, _address(process)
        finally:
            process.terminate()


def _port() -> int:
    """The usual port, or 0 where another process has it."""
    try:
        with socket.create_server(("127.0.0.1", 4318)):
            return 4318
    except OSError:
        return 0


def _address(process: "subprocess.Popen[str]") -> str:
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    line = process.stdout.readline() if process.stdout else ""
    watchdog.cancel()
    if " ready on " not in line:
        # Its own message is on standard error, which it shares with us.
        raise CollectorError("the demo's collector did not start")
    return line.split(" ready on ")[1].split()[0]


def _wait_until_judged(url: str) -> None:
    until = time.monotonic() + JUDGING_S
    while pending := client.get(url, "/api/v1/scoring", {})["pending"]:
        if time.monotonic() > until:
            raise CollectorError(f"{pending} answers were not judged within {JUDGING_S} s")
        time.sleep(0.2)


def _reports(url: str, since: datetime, width: int) -> str:
    texts = []
    for name, by in REPORTS:
        document = client.get(url, f"/api/v1/reports/{name}", {"since": since.isoformat(), "by": by})
        texts.append(formats.render(document, "table", width))
    return "\n".join(texts)


def _worst_trace(url: str, width: int) -> str:
    """A trace with a claim that its chunks contradict; else one with an unsupported claim."""
    listed: list[dict[str, Any]] = client.get(url, "/api/v1/traces", {"limit": 100, "ungrounded": "true"})["traces"]
    if not listed:
        return "no answer has an ungrounded claim"
    worst = max(listed, key=lambda trace: (trace["contradicted_claims"] > 0, trace["ungrounded_probability"]))
    return traces.render(client.get(url, f"/api/v1/traces/{worst['trace_id']}", {}), width)


def _linger(process: "subprocess.Popen[str]", url: str) -> None:
    print(f"\nThe collector is still at {url}; for example: groundspan report cost --url {url} --by model,version")
    print("Ctrl-C ends it.", flush=True)
    try:
        process.wait()
    except KeyboardInterrupt:
        print()
