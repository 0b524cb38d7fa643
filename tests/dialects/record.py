"""Record what the programs in programs/ send as golden requests: `make compat`.

    python tests/dialects/record.py [PROGRAM ...]

Each program drives a real instrumentation library against the stub of tests/model_api.py. What it sends is joined to
one request and made the same on every machine: ids are numbered, times are counted from one noon, and attributes that
tell of the machine are left out. A program whose interpreter was not installed is passed over, with the reason.
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer  # noqa: E402
from model_api import model_api  # noqa: E402
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: E402
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue  # noqa: E402
from opentelemetry.proto.trace.v1.trace_pb2 import Span  # noqa: E402

NOON_NS = 1_788_955_200 * 1_000_000_000
# Between two spans of a program: their order is kept, how long they took is not.
STEP_NS = 1_000_000
MACHINE = re.compile(
    r"^(host|process|os|telemetry|server|code|thread)\.|^http\.|(\.|_)(api_base|traceback|stacktrace)$"
)
# How long something took, in a unit of the key's own.
MEASURED = re.compile(r"\.ms[A-Z]\w*$|PerSecond$|\.duration$|\.time_(to|per)_\w+_chunk$")
LIBRARIES = ("the_call", "plain_calls", "ai_sdk_calls")

ROOT = HERE.parents[1]
OWN_ENVIRONMENTS = {"openinference_llama_index": ROOT / ".venv-compat-llama-index"}
"""Of programs whose library cannot be installed beside the others."""
NODE_FOLDER = ROOT / ".venv-compat-node"


def _parts(headers: Message, stream: BufferedIOBase) -> Iterator[bytes]:
    """The body of a request, of which Node does not tell the length."""
    if headers["Transfer-Encoding"] != "chunked":
        yield stream.read(int(headers["Content-Length"]))
        return
    while size_bytes := int(stream.readline(), 16):
        yield stream.read(size_bytes)
        stream.readline()
    stream.readline()


@contextmanager
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """The URL of a server that takes everything, and the bodies it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b"".join(_parts(self.headers, self.rfile))
            if self.path.endswith("/v1/traces"):
                bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def joined(bodies: Sequence[bytes]) -> ExportTraceServiceRequest:
    """All spans of *bodies* as one request, one resource, a scope each its own."""
    out = ExportTraceServiceRequest()
    for body in bodies:
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            if not out.resource_spans:
                out.resource_spans.add(resource=resource_spans.resource)
            out.resource_spans[0].scope_spans.extend(resource_spans.scope_spans)
    return out


def settle(request: ExportTraceServiceRequest) -> None:
    """Take out of *request*, in place, whatever differs from run to run and from machine to machine."""
    spans = sorted(
        (span for scope in request.resource_spans[0].scope_spans for span in scope.spans),
        key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano),
    )
    _scrub(request.resource_spans[0].resource.attributes)
    traces = {trace_id: number for number, trace_id in enumerate(dict.fromkeys(span.trace_id for span in spans), 1)}
    numbers = {span.span_id: number for number, span in enumerate(spans, 1)}
    times = sorted({time for span in spans for time in _times(span)})
    moments = {time: NOON_NS + number * STEP_NS for number, time in enumerate(times)}
    for span in spans:
        span.trace_id = b"\xa1" + traces[span.trace_id].to_bytes(15, "big")
        span.span_id = b"\xb2" + numbers[span.span_id].to_bytes(7, "big")
        if span.parent_span_id:
            span.parent_span_id = b"\xb2" + numbers[span.parent_span_id].to_bytes(7, "big")
        span.start_time_unix_nano = moments[span.start_time_unix_nano]
        span.end_time_unix_nano = moments[span.end_time_unix_nano]
        _scrub(span.attributes)
        for event in span.events:
            event.time_unix_nano = moments[event.time_unix_nano]
            _scrub(event.attributes)


def _times(span: Span) -> Iterator[int]:
    yield from (span.start_time_unix_nano, span.end_time_unix_nano)
    yield from (event.time_unix_nano for event in span.events)


def _scrub(attributes: RepeatedCompositeFieldContainer[KeyValue]) -> None:
    kept = [each for each in attributes if not MACHINE.search(each.key)]
    for each in kept:
        _scrub_value(each.value)
        if MEASURED.search(each.key):
            each.value.CopyFrom(AnyValue(double_value=STEP_NS / 1e6))
    del attributes[:]
    attributes.extend(kept)


def _scrub_value(value: AnyValue) -> None:
    """Ports of the stub, ids, addresses and times of a run, inside of texts."""
    if value.HasField("string_value"):
        text = re.sub(r"127\.0\.0\.1:\d+", "model.example", value.string_value)
        text = re.sub(
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "00000000-0000-4000-8000-000000000000",
            text,
        )
        text = re.sub(r"\b0x[0-9a-f]{6,}", "0x0", text)
        text = re.sub(r'(run_id": ")\w+', r"\1run-1", text)
        text = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", "2026-09-09T12:00:00.010000", text)
        value.string_value = text
    for item in value.array_value.values:
        _scrub_value(item)


def environment(program: Path) -> Path:
    """The folder in which *program*'s library is installed."""
    return NODE_FOLDER if program.suffix == ".mjs" else OWN_ENVIRONMENTS.get(program.stem, Path(sys.prefix))


def command(program: Path) -> list[str]:
    """What runs *program* where its library is."""
    folder = environment(program)
    if program.suffix == ".py":
        return [str(folder / "bin" / "python"), str(program)]
    # Node looks for modules beside a program, and nowhere else.
    for each in program.parent.glob("*.mjs"):
        shutil.copy(each, folder)
    return ["node", str(folder / program.name)]


def record(program: Path) -> None:
    """Run *program* and keep what it sent."""
    with receiver() as (endpoint, bodies), model_api() as api:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANGFUSE_"))}
        subprocess.run([*command(program), endpoint, api], check=True, timeout=120, env=environ)
    request = joined(bodies)
    settle(request)
    golden = HERE / "golden" / f"{program.stem}.otlp"
    golden.parent.mkdir(exist_ok=True)
    golden.write_bytes(request.SerializeToString(deterministic=True))
    count = sum(len(scope.spans) for scope in request.resource_spans[0].scope_spans)
    sys.stdout.write(f"{golden.name}: {count} spans, {golden.stat().st_size} bytes\n")


def main(names: Sequence[str]) -> None:
    """Record the named programs, or all."""
    found = [path for path in sorted((HERE / "programs").glob("*.*")) if path.suffix in {".py", ".mjs"}]
    for program in [path for path in found if path.stem not in LIBRARIES and (not names or path.stem in names)]:
        # The Makefile's stamp: everything is there.
        if (environment(program) / ".installed").exists():
            record(program)
        else:
            sys.stdout.write(f"{program.stem} is not recorded: {environment(program).name} is not installed\n")


if __name__ == "__main__":
    main(sys.argv[1:])
