"""What an OTLP/JSON client is answered, and that its spans are those of protobuf."""

import json
import zlib
from collections.abc import Iterator

import otlp
import processes
import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint
from processes import PROTOBUF, Answer, CollectorProcess

JSON = "application/json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    """A collector that all tests of this file send to."""
    with processes.collector(tmp_path_factory.mktemp("json")) as running:
        yield running


def _post(server: CollectorProcess, path: str, body: bytes, **headers: str) -> Answer:
    return processes.fetch(server.url + path, body, {"Content-Type": JSON, **headers})


def _document(answer: Answer) -> object:
    assert {name.lower(): value for name, value in answer.headers.items()}["content-type"] == JSON
    return json.loads(answer.body)


def test_span_sent_as_json_is_the_span_sent_as_protobuf(server: CollectorProcess) -> None:
    """One way of decoding: the traces are the same but for their ids."""
    attributes: otlp.Attributes = {
        "groundspan.stage": "generate",
        "gen_ai.usage.input_tokens": 2**33,
        "deep": {"a": [1]},
    }
    spans = [otlp.span(attributes, span_id=b"\x05" * 8) for _ in range(2)]

    answer = _post(server, "/v1/traces", otlp.as_json(otlp.request(spans[0])))
    assert server.send(otlp.body(spans[1])).status == 200

    assert (answer.status, _document(answer)) == (200, {})
    first, second = (server.get(f"/api/v1/traces/{span.trace_id.hex()}")["spans"] for span in spans)
    assert first == second
    assert first[0]["input_tokens"] == 2**33


def test_answer_in_json_counts_the_spans_that_were_refused(server: CollectorProcess) -> None:
    """64-bit numbers are strings there."""
    answer = _post(server, "/v1/traces", otlp.as_json(otlp.request(otlp.span(), otlp.span(trace_id=b"\x01"))))

    assert answer.status == 200
    assert _document(answer) == {
        "partialSuccess": {
            "rejectedSpans": "1",
            "errorMessage": "trace_id must be 16 bytes and not all zero, got 01",
        }
    }


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        ("/v1/traces", b"{", {}, 400, 3),
        ("/v1/nothing", b"{}", {}, 404, 5),
        ("/v1/traces", b"{}", {"Content-Encoding": "br"}, 415, 3),
        ("/v1/traces", b"{}", {"Host": "evil.example"}, 403, 7),
    ],
)
def test_error_is_a_status_in_json(
    server: CollectorProcess, path: str, body: bytes, headers: dict[str, str], status: int, code: int
) -> None:
    """google.rpc.Status, in the encoding that the client speaks."""
    answer = _post(server, path, body, **headers)

    document = _document(answer)
    assert isinstance(document, dict)
    assert (answer.status, document["code"], bool(document["message"])) == (status, code, True)


@pytest.mark.parametrize("wbits", [15, -15], ids=["wrapped", "raw"])
def test_deflate_is_read_in_either_encoding(server: CollectorProcess, wbits: int) -> None:
    """Python's exporter offers it."""
    request = otlp.request(otlp.span())
    packed = [zlib.compress(body, wbits=wbits) for body in (otlp.as_json(request), request.SerializeToString())]

    answers = [
        _post(server, "/v1/traces", packed[0], **{"Content-Encoding": "deflate"}),
        server.send(packed[1], {"Content-Encoding": "deflate"}),
    ]

    assert [answer.status for answer in answers] == [200, 200]


def test_logs_and_metrics_are_taken_in_either_encoding(server: CollectorProcess) -> None:
    """200 and no partial success: of most logs nothing is made, and no emitter is told."""
    logs = otlp.logs(otlp.log("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "tone"}), otlp.log("other"))
    gauge = Metric(name="m", gauge=Gauge(data_points=[NumberDataPoint(as_int=1, time_unix_nano=otlp.NOON_NS)]))

    for path, request in (("/v1/logs", logs), ("/v1/metrics", otlp.metrics(gauge))):
        in_json = _post(server, path, otlp.as_json(request))
        in_protobuf = processes.fetch(server.url + path, request.SerializeToString(), {"Content-Type": PROTOBUF})

        assert (in_json.status, _document(in_json)) == (200, {})
        assert (in_protobuf.status, in_protobuf.body) == (200, b"")
    lines = processes.fetch(server.url + "/metrics").body.decode().splitlines()
    assert "groundspan_log_records_stored_total 2.0" in lines
    assert 'groundspan_log_records_rejected_total{reason="ignored"} 2.0' in lines
    assert "groundspan_metric_points_stored_total 2.0" in lines


def test_logs_and_metrics_that_were_refused_are_counted(server: CollectorProcess) -> None:
    """Each in the words of its own answer."""
    wrong = otlp.log("other")
    wrong.trace_id = b"\x01"
    late = Metric(name="m", gauge=Gauge(data_points=[NumberDataPoint(as_int=1, time_unix_nano=2**63)]))

    for path, request, counter in (
        ("/v1/logs", otlp.logs(wrong), "rejectedLogRecords"),
        ("/v1/metrics", otlp.metrics(late), "rejectedDataPoints"),
    ):
        document = _document(_post(server, path, otlp.as_json(request)))

        assert isinstance(document, dict)
        assert document["partialSuccess"][counter] == "1"


def test_answer_in_log_events_is_judged(server: CollectorProcess) -> None:
    """It is shown with the model call that it belongs to."""
    call = otlp.span({"gen_ai.operation.name": "chat"})
    choice = otlp.log("gen_ai.choice", {}, {"message": {"content": "It was built in 1889."}}, span=call)

    assert server.send(otlp.body(call)).status == 200
    assert _post(server, "/v1/logs", otlp.as_json(otlp.logs(choice))).status == 200
    server.wait_until_judged()

    document = server.get(f"/api/v1/traces/{call.trace_id.hex()}")
    assert document["answer"]["text"] == "It was built in 1889."
