"""The exporters that everybody uses deliver, and complain of nothing, also to a collector that throttles them."""

import json
import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import grpc
import opentelemetry.exporter.otlp.proto.grpc._log_exporter as grpc_logs
import opentelemetry.exporter.otlp.proto.grpc.metric_exporter as grpc_metrics
import opentelemetry.exporter.otlp.proto.grpc.trace_exporter as grpc_traces
import opentelemetry.exporter.otlp.proto.http._log_exporter as http_logs
import opentelemetry.exporter.otlp.proto.http.metric_exporter as http_metrics
import opentelemetry.exporter.otlp.proto.http.trace_exporter as http_traces
import processes
import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from processes import CollectorProcess

PROGRAMS = Path(__file__).parents[1] / "programs"
NODE_PACKAGES = ("@opentelemetry/exporter-trace-otlp-http@0", "@opentelemetry/sdk-trace-base@2")
INSTALL_S = 120


@pytest.fixture(scope="module", params=["not throttled", "throttled"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector; throttled, it answers every first try with 503."""
    folder = tmp_path_factory.mktemp("exporters")
    if request.param == "not throttled":
        with processes.collector(folder) as running:
            yield running
        return
    with processes.server(str(PROGRAMS / "throttled_collector.py"), str(folder)) as running:
        yield running
        assert _counted(running, 'groundspan_requests_refused_total{error="SpoolFull"}') > 0


def _counted(server: CollectorProcess, name: str) -> float:
    lines = processes.fetch(server.url + "/metrics").body.decode().splitlines()
    return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} "))


def _spans_stored(server: CollectorProcess, trace_id: str) -> list[str]:
    return [span["name"] for span in server.get(f"/api/v1/traces/{trace_id}")["spans"]]


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error; that a request is sent again is a warning."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def _http(compression: Compression) -> Callable[[CollectorProcess], SpanExporter]:
    return lambda server: http_traces.OTLPSpanExporter(server.url + "/v1/traces", compression=compression)


def _grpc(compression: grpc.Compression) -> Callable[[CollectorProcess], SpanExporter]:
    return lambda server: grpc_traces.OTLPSpanExporter(server.grpc, insecure=True, compression=compression)


SPAN_EXPORTERS = {
    "http": _http(Compression.NoCompression),
    "http gzip": _http(Compression.Gzip),
    "http deflate": _http(Compression.Deflate),
    "grpc": _grpc(grpc.Compression.NoCompression),
    "grpc gzip": _grpc(grpc.Compression.Gzip),
}


@pytest.mark.parametrize("exporter", SPAN_EXPORTERS)
def test_python_exporter_delivers_spans(
    server: CollectorProcess, exporter: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Every protocol and compression it knows."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SPAN_EXPORTERS[exporter](server)))

    with provider.get_tracer("tests").start_as_current_span(exporter, attributes={"text": "x" * 1000}) as span:
        pass
    provider.shutdown()

    trace_id = cast("ReadableSpan", span).get_span_context()
    assert trace_id
    assert _spans_stored(server, f"{trace_id.trace_id:032x}") == [exporter]
    assert _errors(caplog) == []


LOG_EXPORTERS: dict[str, Callable[[CollectorProcess], LogRecordExporter]] = {
    "http": lambda server: http_logs.OTLPLogExporter(server.url + "/v1/logs"),
    "grpc": lambda server: grpc_logs.OTLPLogExporter(server.grpc, insecure=True),
}


@pytest.mark.parametrize("exporter", LOG_EXPORTERS)
def test_python_exporter_delivers_logs(
    server: CollectorProcess, exporter: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An evaluation among them."""
    before = _counted(server, "groundspan_log_records_stored_total")
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(LOG_EXPORTERS[exporter](server)))

    provider.get_logger("tests").emit(
        LogRecord(event_name="gen_ai.evaluation.result", attributes={"gen_ai.evaluation.name": exporter})
    )
    provider.shutdown()

    assert _counted(server, "groundspan_log_records_stored_total") == before + 1
    assert _errors(caplog) == []


METRIC_EXPORTERS: dict[str, Callable[[CollectorProcess], MetricExporter]] = {
    "http": lambda server: http_metrics.OTLPMetricExporter(server.url + "/v1/metrics"),
    "grpc": lambda server: grpc_metrics.OTLPMetricExporter(server.grpc, insecure=True),
}


@pytest.mark.parametrize("exporter", METRIC_EXPORTERS)
def test_python_exporter_delivers_metrics(
    server: CollectorProcess, exporter: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A counter and a histogram."""
    before = _counted(server, "groundspan_metric_points_stored_total")
    reader = PeriodicExportingMetricReader(METRIC_EXPORTERS[exporter](server), export_interval_millis=3_600_000)
    provider = MeterProvider([reader])

    provider.get_meter("tests").create_counter("tokens").add(7)
    provider.get_meter("tests").create_histogram("seconds").record(0.5)
    provider.shutdown()

    assert _counted(server, "groundspan_metric_points_stored_total") == before + 2
    assert _errors(caplog) == []


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exporter of Node."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *NODE_PACKAGES]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("npm cannot install the exporter: its registry is not reached")
    shutil.copy(PROGRAMS / "node_exporter.cjs", folder)
    return folder


def test_node_exporter_delivers_spans_as_json(server: CollectorProcess, node_modules: Path) -> None:
    """What runs under JavaScript sends OTLP/JSON; nothing is written to its error log."""
    ended = subprocess.run(
        ["node", str(node_modules / "node_exporter.cjs"), server.url + "/v1/traces"],
        check=True,
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE_S,
    )

    sent = json.loads(ended.stdout)
    assert _spans_stored(server, sent["traceId"]) == ["from node"]
    assert ended.stderr == ""
