"""Where the bench of the SDK sends to, a process of its own: ``python bench/sdk_sink.py [drop|keep|hang]``.

``drop`` says yes and keeps nothing. ``keep`` keeps what came, and counts its spans when it is asked to (GET), not
before. ``hang`` takes a request and never answers.
"""

import gzip
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_kept: list[bytes] = []


@contextmanager
def sink(kind: str = "drop") -> Iterator[str]:
    """Run a sink; give its address."""
    command = [sys.executable, __file__, kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def refusing() -> str:
    """Give an address at which nobody listens."""
    with create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def arrived(endpoint: str) -> int:
    """Ask a sink that keeps how many spans came."""
    with urllib.request.urlopen(endpoint) as answer:
        return int(answer.read())


class Dropping(BaseHTTPRequestHandler):
    """Takes everything and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read the body and say yes."""
        self.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(b"")

    def take(self, body: bytes) -> None:
        """Forget a body."""

    def answer(self, body: bytes) -> None:
        """Say yes."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


class Keeping(Dropping):
    """Keeps everything as it came."""

    def take(self, body: bytes) -> None:
        """Keep a body."""
        _kept.append(body)

    def do_GET(self) -> None:
        """Count the spans of all bodies."""
        requests = (ExportTraceServiceRequest.FromString(gzip.decompress(body)) for body in _kept)
        scopes = [scope for request in requests for each in request.resource_spans for scope in each.scope_spans]
        self.answer(str(sum(len(scope.spans) for scope in scopes)).encode())


class Hanging(Dropping):
    """Takes everything and never answers."""

    def do_POST(self) -> None:
        """Wait until the process ends."""
        threading.Event().wait()


def _end_with_bench() -> None:
    """End when the process that asked for this one has ended, however it did."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Be the sink."""
    threading.Thread(target=_end_with_bench, daemon=True).start()
    kinds = {"drop": Dropping, "keep": Keeping, "hang": Hanging}
    with ThreadingHTTPServer(("127.0.0.1", 0), kinds[sys.argv[1]]) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
