"""Whatever bytes an endpoint is sent, it answers, never with a 5xx but 503, and goes on."""

import gzip
import http.client
import json
import zlib
from collections.abc import Iterator
from typing import TypeAlias
from urllib.parse import quote, urlsplit

import grpc
import otlp
import otlp_strategies
import processes
import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint
from processes import CollectorProcess

UnaryCall: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"

CASES = 120
SERVICES = {"traces": "trace.v1.TraceService", "logs": "logs.v1.LogsService", "metrics": "metrics.v1.MetricsService"}
DATA_CODES = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
}
EVENTS = ["gen_ai.evaluation.result", "gen_ai.choice", "gen_ai.client.inference.operation.details", "x"]
READ_PATHS = ["/api/v1/reports/", "/api/v1/reports/cost", "/api/v1/traces", "/api/v1/traces/", "/api/v1/scoring", "/"]

many = settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that is the same process after all of it."""
    with processes.collector(tmp_path_factory.mktemp("fuzz")) as running:
        yield running
        assert running.send(otlp.body(otlp.span())).status == 200
        assert running.process.poll() is None


@st.composite
def requests(draw: st.DrawFn) -> Message:
    """A request of any kind, with sound ids and times of any size."""
    times = st.integers(0, 2**64 - 1)
    match draw(st.sampled_from(sorted(SERVICES))):
        case "traces":
            return otlp.request(*draw(st.lists(otlp_strategies.spans(), max_size=2)))
        case "logs":
            record = otlp.log(
                draw(st.sampled_from(EVENTS)),
                draw(otlp_strategies.attributes),
                draw(otlp_strategies.values),
                span=otlp.span(),
                time_ns=draw(times),
            )
            return otlp.logs(record)
        case _:
            gauge = Gauge(data_points=[NumberDataPoint(as_double=draw(st.floats()), time_unix_nano=draw(times))])
            buckets = draw(st.lists(st.integers(0, 2**64 - 1), max_size=3))
            histogram = Histogram(data_points=[HistogramDataPoint(bucket_counts=buckets, time_unix_nano=draw(times))])
            return otlp.metrics(Metric(name="m", gauge=gauge), Metric(name="h", histogram=histogram))


@st.composite
def mutated(draw: st.DrawFn, sound: bytes) -> bytes:
    """*sound* with some bytes changed, cut out, or put in."""
    body = bytearray(sound)
    for _ in range(draw(st.integers(0, 4))):
        # Not up to the length: that differs from run to run, since ids and what is packed do.
        place = draw(st.integers(0, 2**16)) % (len(body) + 1)
        body[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(body)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Random bytes, or those of a request, in protobuf or JSON, perhaps packed; and then perhaps mutated."""
    message = draw(requests())
    plain = draw(st.sampled_from([message.SerializeToString(), otlp.as_json(message), draw(st.binary(max_size=40))]))
    packed = draw(st.sampled_from([plain, plain, gzip.compress(plain, mtime=0), zlib.compress(plain)]))
    return draw(mutated(packed))


def _status(server: CollectorProcess, method: str, path: str, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=processes.DEADLINE_S)
    connection.request(method, path, body, headers)
    with connection.getresponse() as response:
        answer = response.read()
    connection.close()
    if path.startswith("/v1/") and headers.get("Content-Type") == "application/json":
        json.loads(answer)
    return response.status


@many
@given(
    signal=st.sampled_from([*SERVICES, "nothing"]),
    body=bodies(),
    content_type=st.sampled_from(["application/x-protobuf", "application/json", "text/plain"]),
    encoding=st.sampled_from(["", "", "gzip", "deflate", "br"]),
)
def test_otlp_over_http_answers_any_bytes(
    server: CollectorProcess, signal: str, body: bytes, content_type: str, encoding: str
) -> None:
    """The same bytes under every path, type and encoding."""
    status = _status(
        server, "POST", f"/v1/{signal}", body, {"Content-Type": content_type, "Content-Encoding": encoding}
    )

    assert status < 500 or status == 503


@many
@given(signal=st.sampled_from(sorted(SERVICES)), message=requests(), in_json=st.booleans())
def test_otlp_over_http_stores_or_refuses_any_request(
    server: CollectorProcess, signal: str, message: Message, in_json: bool
) -> None:
    """A sound request is never to be sent again for what it holds: that would be for ever."""
    body = otlp.as_json(message) if in_json else message.SerializeToString()
    kind = "application/json" if in_json else "application/x-protobuf"

    assert _status(server, "POST", f"/v1/{signal}", body, {"Content-Type": kind}) in {200, 400}


@many
@given(signal=st.sampled_from(sorted(SERVICES)), body=bodies())
def test_otlp_over_grpc_answers_any_bytes(server: CollectorProcess, signal: str, body: bytes) -> None:
    """With the codes that say something about the data."""
    with grpc.insecure_channel(server.grpc) as channel:
        export: UnaryCall = channel.unary_unary(f"/opentelemetry.proto.collector.{SERVICES[signal]}/Export")
        _, call = _ended(export, body)

    assert call in DATA_CODES


def _ended(export: UnaryCall, body: bytes) -> tuple[bytes, grpc.StatusCode]:
    try:
        return export(body, timeout=processes.DEADLINE_S), grpc.StatusCode.OK
    except grpc.RpcError as error:
        return b"", error.code()


@many
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
    path=st.sampled_from([*READ_PATHS, "/v1/traces", "/readyz", "/metrics"]),
    rest=st.text(st.characters(codec="utf-8"), max_size=12),
    query=st.dictionaries(
        st.sampled_from(["since", "until", "by", "k", "limit", "ungrounded"]),
        st.one_of(st.text(st.characters(codec="utf-8"), max_size=8), st.sampled_from(["-1", "0", "1e9", "9" * 30])),
        max_size=3,
    ),
)
def test_every_other_endpoint_answers_any_question(
    server: CollectorProcess, method: str, path: str, rest: str, query: dict[str, str]
) -> None:
    """Whatever method, path and parameters."""
    asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    status = _status(server, method, f"{path}{quote(rest)}?{asked}", b"", {})

    assert status < 500 or status == 503
