"""gs.feedback() and gs.relevant(): what is said of an answer arrives as an evaluation of its trace."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import groundspan as gs
import pytest
from groundspan import _guard
from groundspan import attributes as keys
from groundspan._events import Event, EventBox, encoded
from groundspan._post import Fate, Reply, poster
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from processes import eventually
from sdk_support import StubCollector, provider_put_back, stub_collector

LATER = "5b8aa5a2d2c872e8321cf37308d69df2"
EVENT_NAME = "event.name"
WAIT_S = 10.0
Start = Callable[..., None]


@pytest.fixture(autouse=True)
def _provider() -> Iterator[None]:
    with provider_put_back():
        yield


@pytest.fixture
def collector() -> Iterator[StubCollector]:
    """A collector that answers."""
    with stub_collector() as stub:
        yield stub


@pytest.fixture
def start(collector: StubCollector) -> Iterator[Start]:
    """Give init() for that collector, and let our own errors out."""

    def init(**settings: Any) -> None:
        gs.init("bot", endpoint=collector.endpoint, project="support", export_interval_s=0.02, **settings)

    with _guard.reraising():
        yield init
    gs.shutdown(WAIT_S)


def said(record: LogRecord) -> dict[str, object]:
    """Give the attributes of a record, without its name."""
    read = {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in record.attributes}
    read.pop(EVENT_NAME, None)
    return read


def named(record: LogRecord) -> str:
    """Give the name of a record: before OpenTelemetry 1.35 it is an attribute, there is no field for it."""
    by_attribute = [pair.value.string_value for pair in record.attributes if pair.key == EVENT_NAME]
    return str(getattr(record, "event_name", *by_attribute))


@gs.generate(model="m")
def _complete(question: str) -> str:
    gs.feedback(score=0.5, label="so-so", comment="It is half right.")
    return question


@gs.pipeline
def _answer(question: str) -> tuple[str, str | None]:
    return _complete(question), gs.trace_id()


def test_feedback_is_of_the_pipeline_in_progress(start: Start, collector: StubCollector) -> None:
    """Wherever within it is said how it went."""
    start()
    _, trace_id = _answer("Why?")
    assert gs.flush(WAIT_S)

    (record,) = collector.records()
    spans = [span for each in collector.resources() for scope in each.scope_spans for span in scope.spans]
    (pipeline,) = [span for span in spans if span.name == "invoke_workflow _answer"]
    assert (record.trace_id.hex(), record.span_id) == (trace_id, pipeline.span_id)
    assert named(record) == "gen_ai.evaluation.result"
    assert said(record) == {
        keys.EVALUATION_NAME: "feedback",
        keys.EVALUATION_SCORE: 0.5,
        keys.EVALUATION_LABEL: "so-so",
        keys.EVALUATION_EXPLANATION: "It is half right.",
    }


def test_feedback_comes_later_by_the_trace_id(start: Start, collector: StubCollector) -> None:
    """From any place; it belongs to no span, and says whose it is."""
    start(token="secret")
    gs.feedback(score=True, name="thumbs", trace_id=LATER.upper())
    gs.relevant(["doc-17", 42], trace_id=LATER)
    assert gs.flush(WAIT_S)

    thumbs, relevant = collector.records()
    assert (thumbs.trace_id.hex(), thumbs.span_id) == (LATER, b"")
    assert said(thumbs) == {keys.EVALUATION_NAME: "thumbs", keys.EVALUATION_SCORE: 1.0}
    assert said(relevant)[keys.EVALUATION_NAME] == "relevant_ids"
    assert json.loads(str(said(relevant)[keys.EVALUATION_EXPLANATION])) == ["doc-17", "42"]
    resource = {pair.key: pair.value.string_value for pair in collector.logs[0].resource_logs[0].resource.attributes}
    assert (resource["service.name"], resource["groundspan.project"]) == ("bot", "support")
    assert collector.headers[-1]["authorization"] == "Bearer secret"
    assert collector.headers[-1]["content-type"] == "application/x-protobuf"


def test_feedback_is_sent_without_a_flush(start: Start, collector: StubCollector) -> None:
    """With the next round of the thread that sends spans."""
    start()
    gs.feedback(label="good", trace_id=LATER)

    eventually(lambda: len(collector.records()) == 1)


def test_shutdown_sends_what_waits(start: Start, collector: StubCollector) -> None:
    """As it does with spans; what is said afterwards goes nowhere."""
    start()
    gs.feedback(label="good", trace_id=LATER)
    assert gs.shutdown(WAIT_S)
    gs.feedback(label="late", trace_id=LATER)

    assert [said(record)[keys.EVALUATION_LABEL] for record in collector.records()] == ["good"]


def test_texts_pass_the_redactors(start: Start, collector: StubCollector) -> None:
    """A comment may hold anything."""
    start(redact=["email"])
    gs.feedback(label="ann@example.com", comment="Write to ann@example.com", name="ann@example.com", trace_id=LATER)
    gs.relevant(["ann@example.com"], trace_id=LATER)
    assert gs.flush(WAIT_S)

    sent = b"".join(request.SerializeToString() for request in collector.logs)
    assert b"ann@" not in sent
    assert said(collector.records()[0])[keys.EVALUATION_EXPLANATION] == "Write to [email]"
    assert said(collector.records()[1])[keys.EVALUATION_EXPLANATION] == '["[email]"]'


def test_comments_are_content(start: Start, collector: StubCollector) -> None:
    """Without content scores and labels are sent, and a comment that stands alone is not."""
    start(capture="no_content")
    gs.feedback(score=1, comment="secret", trace_id=LATER)
    gs.feedback(comment="secret", trace_id=LATER)
    assert gs.flush(WAIT_S)

    assert [said(record) for record in collector.records()] == [
        {keys.EVALUATION_NAME: "feedback", keys.EVALUATION_SCORE: 1.0}
    ]


def test_function_chooses_comments(start: Start, collector: StubCollector) -> None:
    """The one that chooses the texts of spans."""
    start(capture=lambda key, text: f"{key}: {len(text)}")
    gs.feedback(comment="secret", trace_id=LATER)
    assert gs.flush(WAIT_S)

    assert said(collector.records()[0])[keys.EVALUATION_EXPLANATION] == f"{keys.EVALUATION_EXPLANATION}: 6"


def test_long_comment_is_cut(start: Start, collector: StubCollector) -> None:
    """Where other texts are."""
    start(max_content_chars=10)
    gs.feedback(comment="x" * 11, trace_id=LATER)
    assert gs.flush(WAIT_S)

    assert said(collector.records()[0])[keys.EVALUATION_EXPLANATION] == "x" * 10


WRONG: list[dict[str, Any]] = [
    {"trace_id": LATER},
    {"score": float("nan"), "trace_id": LATER},
    {"score": float("inf"), "trace_id": LATER},
    {"score": "high", "trace_id": LATER},
    {"label": 3, "trace_id": LATER},
    {"comment": b"no", "trace_id": LATER},
    {"score": 1, "name": None, "trace_id": LATER},
    {"score": 1, "trace_id": "0" * 32},
    {"score": 1, "trace_id": "abc"},
    {"score": 1, "trace_id": 7},
    {"score": 1},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_mistakes_are_told_in_tests(start: Start, wrong: dict[str, Any]) -> None:
    """Of types, of values, and of calls outside of any trace."""
    start()

    with pytest.raises((TypeError, ValueError, LookupError)):
        gs.feedback(**wrong)


def test_mistakes_never_reach_the_host(collector: StubCollector, caplog: pytest.LogCaptureFixture) -> None:
    """They are logged once, and what is right is sent."""
    gs.init("bot", endpoint=collector.endpoint)
    for wrong in WRONG:
        gs.feedback(**wrong)
    gs.relevant(3, trace_id=LATER)  # type: ignore[arg-type]
    gs.feedback(score=1, trace_id=LATER)
    gs.shutdown(WAIT_S)

    assert len(collector.records()) == 1
    assert len([record for record in caplog.records if "take feedback" in record.getMessage()]) <= 1


def test_nothing_is_taken_before_init() -> None:
    """Nor when disabled: whatever it is called with."""
    gs.feedback()
    gs.relevant(["a"])
    gs.relevant(["a"], trace_id=LATER)

    assert gs.trace_id() is None


def test_feedback_of_a_trace_that_is_sampled_out_is_not_sent(start: Start, collector: StubCollector) -> None:
    """There is nothing that it could be of."""
    start()
    with gs.continued({"traceparent": f"00-{LATER}-00f067aa0ba902b7-00"}):
        gs.feedback(score=1)
    assert gs.flush(WAIT_S)

    assert collector.logs == []


def test_feedback_is_tried_again_after_the_collectors_time(start: Start, collector: StubCollector) -> None:
    """A flush waits for it; it arrives once."""
    collector.refusals = [(503, {"Retry-After": "0"}), (429, {})]
    start()
    gs.feedback(score=1, trace_id=LATER)

    assert gs.flush(WAIT_S)
    assert len(collector.records()) == 1
    assert collector.paths == ["/v1/logs"] * 3


def test_feedback_that_is_refused_is_lost_and_told(
    start: Start, collector: StubCollector, caplog: pytest.LogCaptureFixture
) -> None:
    """The same bytes would be refused again; the flush says so."""
    collector.refusals = [(400, {})]
    start()
    gs.feedback(score=1, trace_id=LATER)

    eventually(lambda: collector.paths == ["/v1/logs"])
    gs.feedback(score=0, trace_id=LATER)
    assert gs.shutdown(WAIT_S)
    assert len(collector.records()) == 1
    assert "Groundspan lost 1 evaluations" in caplog.text


def test_events_of_one_instant_keep_apart() -> None:
    """The collector takes two of one name and time for one that was sent twice."""
    bodies: list[bytes] = []

    def post(body: bytes, _timeout_s: float) -> Reply:
        bodies.append(body)
        return Reply(Fate.TAKEN)

    box = EventBox(post, {}, str)
    for _ in range(300):
        box.put(1, 0, {"name": "n"})

    assert box.send(False) == 0
    requests = [ExportLogsServiceRequest.FromString(body) for body in bodies]
    records = [record for each in requests for record in each.resource_logs[0].scope_logs[0].log_records]
    assert len({record.time_unix_nano for record in records}) == 300


def test_queue_is_bounded_when_the_collector_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    """In events and in characters; what is dropped is counted, and told once a minute."""
    box = EventBox(lambda _body, _timeout_s: Reply(Fate.LATER, "gone"), {}, str)
    for _ in range(3000):
        box.put(1, 0, {"name": "n"})
    box.send(False)
    box.send(False)
    for _ in range(3000):
        box.put(1, 0, {"name": "n"})
    box.send(False)

    assert box.waiting == 2048
    assert box.lost == 2 * 3000 - 2048
    assert caplog.text.count("Groundspan lost") == 1
    assert not box.close()

    box = EventBox(lambda _body, _timeout_s: Reply(Fate.LATER, "gone"), {}, str)
    for _ in range(100):
        box.put(1, 0, {"name": "x" * 2**20})
    assert box.waiting == 16


def test_event_that_cannot_be_encoded_costs_only_itself_and_its_batch() -> None:
    """The thread goes on."""
    box = EventBox(lambda _body, _timeout_s: Reply(Fate.TAKEN), {}, str)
    box.put(1, 0, {"name": "\ud800"})

    assert box.send(False) == 1
    box.put(1, 0, {"name": "good"})
    assert box.send(False) == 0
    assert box.close()


def test_close_ends_a_pause() -> None:
    """A collector that asked for an hour does not hold the thread."""
    called = threading.Event()

    def later(_body: bytes, _timeout_s: float) -> Reply:
        called.set()
        return Reply(Fate.LATER, "busy", 3.0)

    box = EventBox(later, {}, str)
    box.put(1, 0, {"name": "n"})
    thread = threading.Thread(target=box.send, args=(True,))
    thread.start()
    called.wait(WAIT_S)

    assert not box.close()
    thread.join(1.0)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_process_does_not_send_what_its_parent_took() -> None:
    """Otherwise each worker would send it once more."""
    box = EventBox(lambda _body, _timeout_s: Reply(Fate.TAKEN), {}, str)
    box.put(1, 0, {"name": "n"})

    child = os.fork()
    if not child:
        os._exit(box.waiting)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert box.waiting == 1


def test_collector_that_is_gone_may_be_back_later() -> None:
    """A refused connection is no refusal of the body."""
    with stub_collector() as stub:
        url = stub.endpoint + "/v1/logs"

    assert poster(url, {}, None)(b"", 1.0).fate is Fate.LATER


def test_request_is_what_other_emitters_send() -> None:
    """With the time twice, as OTLP wants it of an event that is observed where it happens."""
    body = encoded([Event(1, 2, 3, {"gen_ai.evaluation.score.value": 1.0})], {"service.name": "bot"})

    (resource_logs,) = ExportLogsServiceRequest.FromString(body).resource_logs
    (record,) = resource_logs.scope_logs[0].log_records
    assert (record.time_unix_nano, record.observed_time_unix_nano) == (3, 3)
    assert (record.trace_id, record.span_id) == (bytes(15) + b"\1", bytes(7) + b"\2")
    assert record.attributes[0].value.double_value == 1.0
