"""What the SDK's tests share: spans with our own errors let out, and a collector that only remembers."""

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from groundspan import _guard
from groundspan.testing import CapturedSpans, capture_spans
from opentelemetry import trace
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.util._once import Once
from opentelemetry.util.types import AttributeValue


@contextmanager
def strict_spans() -> Iterator[CapturedSpans]:
    """Capture spans, and fail where the SDK swallows an error of its own."""
    with _guard.reraising(), capture_spans() as spans:
        yield spans


@contextmanager
def provider_put_back() -> Iterator[None]:
    """Let init() set OTel's TracerProvider in this process, for the length of a block: other tests count on none."""
    before = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    try:
        yield
    finally:
        trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = before


def attributes(span: ReadableSpan) -> Mapping[str, AttributeValue]:
    """Give a span's attributes, which OTel may leave out."""
    return cast("Mapping[str, AttributeValue]", span.attributes or {})


def loaded(span: ReadableSpan, key: str) -> list[dict[str, object]]:
    """Read an attribute that is JSON."""
    read = json.loads(str(attributes(span)[key]))
    assert isinstance(read, list)
    return read


class StubCollector:
    """A collector in a thread: remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.logs: list[ExportLogsServiceRequest] = []
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Status and headers that the next requests to /v1/logs are answered with, one each."""
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.connections: set[tuple[str, int]] = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def resources(self) -> list[ResourceSpans]:
        """Give everything that came."""
        return [each for request in self.requests for each in request.resource_spans]

    def records(self) -> list[LogRecord]:
        """Give all log records that came."""
        resources = [each for request in self.logs for each in request.resource_logs]
        return [record for each in resources for scope in each.scope_logs for record in scope.log_records]

    def names(self) -> list[str]:
        """Give the names of all spans that came."""
        return [span.name for each in self.resources() for scope in each.scope_spans for span in scope.spans]


def _handler(collector: StubCollector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
            collector.bodies.append(body)
            status, headers = 200, dict[str, str]()
            if self.path == "/v1/logs":
                if collector.refusals:
                    status, headers = collector.refusals.pop(0)
                else:
                    collector.logs.append(ExportLogsServiceRequest.FromString(body))
            else:
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
            collector.headers.append({key.lower(): value for key, value in self.headers.items()})
            collector.paths.append(self.path)
            collector.connections.add(self.client_address)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    return Handler


@contextmanager
def stub_collector() -> Iterator[StubCollector]:
    """Run a stub collector for the length of a block."""
    collector = StubCollector()
    thread = threading.Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        thread.join()
        collector.server.server_close()
