"""Real collectors in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEADLINE_S = 30.0
PROTOBUF = "application/x-protobuf"
SERVE = ("-m", "groundspan_collector", "serve", "--port", "0", "--data-dir")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class CollectorProcess:
    """A running collector."""

    process: "subprocess.Popen[str]"
    url: str
    grpc: str
    """Where it takes gRPC, HOST:PORT."""

    def get(self, path: str, **query: object) -> Any:
        """The JSON at *path*."""
        answer = fetch(self.url + path + ("?" + urllib.parse.urlencode(query) if query else ""))
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def rows(self, report: str, **query: object) -> list[dict[str, Any]]:
        """The rows of a report."""
        rows: list[dict[str, Any]] = self.get(f"/api/v1/reports/{report}", **query)["rows"]
        return rows

    def send(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """POST *body* to /v1/traces."""
        return fetch(self.url + "/v1/traces", body, {"Content-Type": PROTOBUF, **(headers or {})})

    def metrics(self) -> dict[str, float]:
        """What /metrics says: name with labels -> value."""
        lines = fetch(self.url + "/metrics").body.decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}

    def wait_until_judged(self, deadline_s: float = 150.0) -> None:
        """Back when no answer waits to be judged; long answers take the judge some 7 ms a claim."""
        eventually(lambda: self.get("/api/v1/scoring")["pending"] == 0, deadline_s)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)


@contextmanager
def collector(data_dir: Path, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[CollectorProcess]:
    """A collector on a free port, until the end of the block."""
    with server(*SERVE, str(data_dir), *options, environ=environ) as running:
        yield running


def refused_start(data_dir: Path, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """What a collector says that cannot start in *data_dir*."""
    command = [sys.executable, *SERVE, str(data_dir)]
    everything = {**os.environ, **(environ or {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, env=everything)


@contextmanager
def server(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[CollectorProcess]:
    """A collector that Python runs with these arguments, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})}
    ) as process:
        try:
            yield CollectorProcess(process, *_addresses(process))
        finally:
            process.kill()


def _addresses(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """The addresses, of HTTP and of gRPC, in the line that says the collector is ready."""
    assert process.stdout
    watchdog = threading.Timer(DEADLINE_S, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    assert "ready on http://" in line, f"the collector said {line!r} and exited with {process.poll()}"
    words = line.split("ready on ")[1].split()
    return words[0], words[words.index("on") + 1] if "on" in words else ""


def fetch(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """GET, or POST where there is a body; an error status is an answer like any other."""
    request = urllib.request.Request(url, body, dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers), error.read())


def eventually(holds: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Back when *holds* does; fails at the deadline."""
    until = time.monotonic() + deadline_s
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < until, f"did not come true within {deadline_s} s"
        pause.wait(0.05)
