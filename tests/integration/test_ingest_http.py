"""What an OTLP client is answered, over HTTP, by a real collector."""

import gzip
import http.client
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import otlp
import processes
import pytest
from google.rpc.status_pb2 import Status
from groundspan_collector.settings import MIB
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from processes import PROTOBUF, Answer, CollectorProcess

GZIP = {"Content-Encoding": "gzip"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that all tests of this file send to."""
    with processes.collector(tmp_path_factory.mktemp("http")) as running:
        yield running


def _status(answer: Answer) -> Status:
    """The google.rpc.Status in an error's body."""
    assert {name.lower(): value for name, value in answer.headers.items()}["content-type"] == PROTOBUF
    return Status.FromString(answer.body)


def _rejected(answer: Answer) -> int:
    assert answer.status == 200
    return ExportTraceServiceResponse.FromString(answer.body).partial_success.rejected_spans


def _peak_memory_kb(server: CollectorProcess) -> int:
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell a process's peak memory")
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


@pytest.mark.parametrize("body", [b"", otlp.body(), otlp.body(otlp.span())], ids=["empty", "no spans", "one span"])
def test_answer_is_200_and_empty_when_all_is_well(server: CollectorProcess, body: bytes) -> None:
    """partial_success is not set, so the message has no bytes."""
    answer = server.send(body)

    assert (answer.status, answer.body) == (200, b"")


def test_answer_counts_the_spans_that_were_refused(server: CollectorProcess) -> None:
    """200 with partial_success: the client must not send them again."""
    answer = server.send(otlp.body(otlp.span(), otlp.span(span_id=b"\x01" * 5)))

    assert _rejected(answer) == 1
    assert b"span_id must be 8 bytes" in answer.body


def test_answer_is_400_with_a_status_when_the_body_is_no_otlp(server: CollectorProcess) -> None:
    """INVALID_ARGUMENT, with what was got."""
    answer = server.send(b"hello")

    assert answer.status == 400
    assert (_status(answer).code, "5 bytes" in _status(answer).message) == (3, True)


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(otlp.body(otlp.span()))[:-5], b"", gzip.compress(b"") + b"x", zlib.compress(b"x")],
    ids=["another format", "cut off", "empty", "rest behind it", "deflate"],
)
def test_answer_is_400_when_the_body_is_not_the_gzip_it_says(server: CollectorProcess, body: bytes) -> None:
    """What is cut off is never taken for a smaller request."""
    answer = server.send(body, GZIP)

    assert answer.status == 400
    assert "gzip" in _status(answer).message


def test_gzip_of_several_members_is_one_body(server: CollectorProcess) -> None:
    """RFC 1952: members follow each other; two requests' bytes are one request with both their spans."""
    bodies = [otlp.body(otlp.span(span_id=b"\x01")) for _ in range(3)]

    answer = server.send(b"".join(map(gzip.compress, bodies)), GZIP)

    assert _rejected(answer) == 3


@pytest.mark.parametrize("content_type", ["application/jsonx", "text/plain", "application/x-protobuf-x", ""])
def test_answer_is_415_when_the_content_type_is_another(server: CollectorProcess, content_type: str) -> None:
    """The message names the setting that changes it."""
    answer = server.send(b"{}", {"Content-Type": content_type})

    assert answer.status == 415
    assert "OTEL_EXPORTER_OTLP_PROTOCOL" in _status(answer).message


@pytest.mark.parametrize("content_type", ["Application/X-Protobuf", "application/x-protobuf; charset=utf-8"])
def test_content_type_has_no_case_and_may_have_parameters(server: CollectorProcess, content_type: str) -> None:
    """RFC 9110."""
    assert server.send(b"", {"Content-Type": content_type}).status == 200


def test_answer_is_415_when_the_encoding_is_unknown(server: CollectorProcess) -> None:
    """The message says which are known."""
    answer = server.send(b"x", {"Content-Encoding": "br"})

    assert answer.status == 415
    assert "gzip" in _status(answer).message


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\0" * (65 * MIB), {}),
        (b"\0" * (200 * MIB), {}),
        (gzip.compress(b"\0" * (65 * MIB)), GZIP),
        (gzip.compress(b"\0" * (16 * MIB)) * 5, GZIP),
    ],
    ids=["plain", "plain, far too large", "gzip", "gzip of several members"],
)
def test_answer_is_413_when_the_body_is_too_large(
    server: CollectorProcess, body: bytes, headers: dict[str, str]
) -> None:
    """Whatever was sent in whatever form, the client reads why it was refused, and does not try again."""
    answer = server.send(body, headers)

    assert answer.status == 413
    assert "67108864 bytes" in _status(answer).message


def test_memory_stays_when_a_small_body_is_a_large_one(server: CollectorProcess) -> None:
    """A gigabyte of nothing travels as one megabyte."""
    bomb = gzip.compress(b"\0" * (64 * MIB + 1))
    server.send(bomb, GZIP)
    before_kb = _peak_memory_kb(server)

    answer = server.send(gzip.compress(b"\0" * (16 * MIB)) * 64, GZIP)

    assert answer.status == 413
    assert _peak_memory_kb(server) - before_kb < 256 * 1024


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/nothing", 404),
        ("POST", "/v1/traces/", 404),
        ("GET", "/v1/traces", 405),
        ("PUT", "/v1/traces", 405),
    ],
)
def test_answer_is_a_status_when_path_or_method_are_wrong(
    server: CollectorProcess, method: str, path: str, status: int
) -> None:
    """OTLP clients never get a framework's own pages, nor a redirect, which they would take for success."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=processes.DEADLINE_S)
    connection.request(method, path, b"", {"Content-Type": PROTOBUF})
    with connection.getresponse() as response:
        answer = Answer(response.status, dict(response.headers), response.read())
    connection.close()

    assert answer.status == status
    assert _status(answer).message


def test_answer_is_403_when_another_host_is_named(server: CollectorProcess) -> None:
    """Without tokens, a web page that points its own name here gets nothing."""
    for path in ("/v1/traces", "/api/v1/reports/cost", "/api/v1/scoring"):
        body = b"" if path == "/v1/traces" else None
        answer = processes.fetch(server.url + path, body, {"Host": "evil.example", "Content-Type": PROTOBUF})

        assert answer.status == 403, path


def test_other_requests_are_served_when_a_client_hangs_up(server: CollectorProcess) -> None:
    """Half an upload is nobody's error but the client's."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=processes.DEADLINE_S)
    connection.putrequest("POST", "/v1/traces")
    connection.putheader("Content-Type", PROTOBUF)
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"\x0a")
    connection.close()

    assert server.send(otlp.body(otlp.span())).status == 200


def test_ledger_balances(tmp_path: Path) -> None:
    """Received = stored + rejected, by what /metrics says."""
    with processes.collector(tmp_path) as server:
        server.send(otlp.body(otlp.span(), otlp.span(), otlp.span(trace_id=b"")))
        server.send(b"hello")
        lines = processes.fetch(server.url + "/metrics").body.decode().splitlines()
        counts = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

        assert float(counts["groundspan_spans_received_total"]) == 3
        assert float(counts["groundspan_spans_stored_total"]) == 2
        assert float(counts['groundspan_spans_rejected_total{reason="malformed"}']) == 1
        assert float(counts['groundspan_requests_refused_total{error="RejectedData"}']) == 1


TOKENS = {
    "w": {"project": "mine", "rights": ["write"]},
    "r": {"project": "mine", "rights": ["read"]},
    "other": {"project": "theirs", "rights": ["read"]},
}


def test_tokens_decide_what_is_answered(tmp_path: Path) -> None:
    """401 without one, 403 without the right, 200 with it; and a token's project wins over what spans say."""
    span = otlp.span({"groundspan.project": "theirs", "groundspan.stage": "pipeline"})
    body, path = otlp.body(span, resource={"groundspan.project": "theirs"}), f"/api/v1/traces/{span.trace_id.hex()}"

    def bearer(token: str) -> dict[str, str]:
        return {"Content-Type": PROTOBUF, "Authorization": f"Bearer {token}", "Host": "collector.example"}

    environ = {"GROUNDSPAN_TOKENS": json.dumps(TOKENS)}
    with processes.collector(tmp_path, "--host", "0.0.0.0", environ=environ) as server:
        url = f"http://127.0.0.1:{urlsplit(server.url).port}"
        sent = [processes.fetch(url + "/v1/traces", body, bearer(token)).status for token in ("", "no", "r", "w")]
        seen = [processes.fetch(url + path, None, bearer(token)).status for token in ("", "w", "r", "other")]
        large = processes.fetch(url + "/v1/traces", b"\0" * (20 * MIB), bearer("no"))

        keyed = {"Content-Type": PROTOBUF, "X-ClickHouse-Key": "w", "Host": "collector.example"}

        assert sent == [401, 401, 403, 200]
        assert processes.fetch(url + "/v1/traces", body, keyed).status == 200
        assert seen == [401, 403, 200, 404]
        assert (large.status, _status(large).code) == (401, 16)
