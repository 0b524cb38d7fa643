"""What an OTLP/gRPC client is answered by a real collector."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias, cast

import grpc
import otlp
import processes
import pytest
from groundspan_collector.settings import MIB
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint
from processes import CollectorProcess

UnaryCall: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
COMPRESSIONS = [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that all tests of this file send to."""
    with processes.collector(tmp_path_factory.mktemp("grpc")) as running:
        yield running


def _call(
    address: str,
    body: bytes,
    method: str = TRACES,
    compression: grpc.Compression = grpc.Compression.NoCompression,
    metadata: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """The answer to one call; raises grpc.RpcError."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(address, options=options, compression=compression) as channel:
        call: UnaryCall = channel.unary_unary(method)
        return call(body, timeout=processes.DEADLINE_S, metadata=metadata)


def _refused(address: str, body: bytes, method: str = TRACES, **given: object) -> grpc.Call:
    """The error that a call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        _call(address, body, method, **given)  # type: ignore[arg-type]
    return cast("grpc.Call", caught.value)


@pytest.mark.parametrize("compression", COMPRESSIONS, ids=lambda compression: compression.name)
def test_spans_are_stored_in_every_compression(server: CollectorProcess, compression: grpc.Compression) -> None:
    """An empty answer says that all is well."""
    spans = [otlp.span({"groundspan.stage": "pipeline", "note": "x" * 1000}) for _ in range(5)]

    assert _call(server.grpc, otlp.body(*spans), compression=compression) == b""
    for span in spans:
        assert server.get(f"/api/v1/traces/{span.trace_id.hex()}")["spans"][0]["span_id"] == span.span_id.hex()


def test_logs_and_metrics_are_taken(server: CollectorProcess) -> None:
    """The three services have one way in."""
    gauge = Metric(name="m", gauge=Gauge(data_points=[NumberDataPoint(as_int=1, time_unix_nano=otlp.NOON_NS)]))

    assert _call(server.grpc, otlp.logs(otlp.log("gen_ai.evaluation.result")).SerializeToString(), LOGS) == b""
    assert _call(server.grpc, otlp.metrics(gauge).SerializeToString(), METRICS) == b""


def test_answer_counts_what_was_refused(server: CollectorProcess) -> None:
    """As over HTTP."""
    late = Metric(name="m", gauge=Gauge(data_points=[NumberDataPoint(as_int=1, time_unix_nano=2**63)]))
    log = otlp.log("x")
    log.span_id = b"\x01"

    spans = ExportTraceServiceResponse.FromString(_call(server.grpc, otlp.body(otlp.span(), otlp.span(span_id=b"1"))))
    logs = ExportLogsServiceResponse.FromString(_call(server.grpc, otlp.logs(log).SerializeToString(), LOGS))
    points = ExportMetricsServiceResponse.FromString(
        _call(server.grpc, otlp.metrics(late).SerializeToString(), METRICS)
    )

    assert spans.partial_success.rejected_spans == 1
    assert logs.partial_success.rejected_log_records == 1
    assert points.partial_success.rejected_data_points == 1


@pytest.mark.parametrize("body", [b"hello", b"\x1f\x8bhello", b"\x78\x9chello"], ids=["no OTLP", "no gzip", "no zlib"])
def test_call_is_invalid_when_its_bytes_are_no_request(server: CollectorProcess, body: bytes) -> None:
    """INVALID_ARGUMENT: clients do not send it again."""
    assert _refused(server.grpc, body).code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("compression", COMPRESSIONS, ids=lambda compression: compression.name)
def test_call_is_refused_when_it_is_too_large(server: CollectorProcess, compression: grpc.Compression) -> None:
    """RESOURCE_EXHAUSTED without RetryInfo: a small message may be a bomb."""
    error = _refused(server.grpc, b"\0" * (65 * MIB), compression=compression)

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not dict(error.trailing_metadata())


def test_method_that_is_not_known_is_unimplemented(server: CollectorProcess) -> None:
    """As gRPC says it."""
    error = _refused(server.grpc, b"", "/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export")

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


TOKENS = {"w": {"project": "mine", "rights": ["write"]}, "r": {"project": "mine", "rights": ["read"]}}


def test_tokens_decide_what_is_answered(tmp_path: Path) -> None:
    """UNAUTHENTICATED without one, PERMISSION_DENIED without the right."""

    def bearer(token: str) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {token}"),)

    with processes.collector(tmp_path, environ={"GROUNDSPAN_TOKENS": json.dumps(TOKENS)}) as server:
        body = otlp.body(otlp.span())

        assert _refused(server.grpc, body).code() is grpc.StatusCode.UNAUTHENTICATED
        assert _refused(server.grpc, body, metadata=bearer("no")).code() is grpc.StatusCode.UNAUTHENTICATED
        assert _refused(server.grpc, body, metadata=bearer("r")).code() is grpc.StatusCode.PERMISSION_DENIED
        assert _call(server.grpc, body, metadata=bearer("w")) == b""
        assert _call(server.grpc, body, metadata=(("x-clickhouse-key", "w"),)) == b""


def test_start_fails_when_the_port_is_taken(tmp_path: Path) -> None:
    """Exit code 2, with the option that changes it; a port is never shared."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = ["serve", "--port", "0", "--grpc-port", port, "--data-dir", str(tmp_path)]
        ended = subprocess.run(
            [sys.executable, "-m", "groundspan_collector", *command], capture_output=True, text=True, timeout=60
        )

    assert ended.returncode == 2
    assert "--grpc-port" in ended.stderr


def test_collector_takes_no_grpc_when_it_is_off(tmp_path: Path) -> None:
    """The line at the start names one address."""
    with processes.collector(tmp_path, "--grpc-port", "off") as server:
        assert server.grpc == ""
        assert server.send(otlp.body(otlp.span())).status == 200
