"""Log records become evaluations and contents."""

from typing import Any

import otlp
import pytest
from groundspan_collector.decode import logs
from groundspan_collector.errors import RejectedData
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from otlp_strategies import attributes, texts, values

RECEIVED_NS = otlp.NOON_NS + otlp.SECOND
SPAN = otlp.span()


def _rows(*records: LogRecord, project: str = "", resource: otlp.Attributes | None = None) -> logs.Rows:
    """What records become on the way that a request goes."""
    valid = logs.request(otlp.logs(*records, resource=resource).SerializeToString())
    return logs.rows([valid.body], project, RECEIVED_NS)


def _texts(event: str, attributes: otlp.Attributes | None = None, body: otlp.Value = None) -> tuple[object, object]:
    """The question and the answer of one event."""
    (content,) = _rows(otlp.log(event, attributes, body, span=SPAN)).contents
    return content["query"], content["output"]


def test_evaluation_becomes_a_row() -> None:
    """With everything that the convention names, and the rest among its attributes."""
    given: dict[str, otlp.Value] = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.5,
        "gen_ai.evaluation.score.label": "pass",
        "gen_ai.evaluation.explanation": "because",
        "gen_ai.response.id": "r1",
        "evaluator": "me",
    }

    (row,) = _rows(otlp.log(logs.EVALUATION, given, span=SPAN)).evaluations

    assert row == {
        "project": "default",
        "trace_id": SPAN.trace_id.hex(),
        "span_id": SPAN.span_id.hex(),
        "name": "relevance",
        "score_value": 0.5,
        "score_label": "pass",
        "explanation": "because",
        "response_id": "r1",
        "source": "log",
        "attributes": {key: str(value) for key, value in given.items()},
        "time": otlp.NOON_NS,
        "received_at": RECEIVED_NS,
    }


@pytest.mark.parametrize(("score", "expected"), [(1, 1.0), ("0.25", 0.25), (None, None), ("high", None), (1e999, None)])
def test_score_is_a_number_or_nothing(score: otlp.Value, expected: float | None) -> None:
    """Whatever an emitter sends; a label may stand alone."""
    (row,) = _rows(otlp.log(logs.EVALUATION, {"gen_ai.evaluation.score.value": score})).evaluations

    assert row["score_value"] == expected


MESSAGES: otlp.Value = [
    {"role": "user", "parts": [{"type": "text", "content": "first"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "hm"}]},
    {"role": "user", "parts": [{"type": "text", "content": "a"}, {"type": "blob"}, {"type": "text", "content": "b"}]},
]


@pytest.mark.parametrize(
    ("event", "attributes", "body", "expected"),
    [
        (logs.DETAILS, {"gen_ai.input.messages": MESSAGES}, None, ("a\nb", "")),
        (logs.DETAILS, {"gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"yes"}]}]'},
         None, ("", "yes")),
        (logs.DETAILS, {}, {"gen_ai.output.messages": [{"role": "assistant", "content": "old"}]}, ("", "old")),
        (logs.DETAILS, {"gen_ai.output.messages": '["cut'}, None, ("", "")),
        (logs.DETAILS, {"gen_ai.output.messages": '[{"content":"\\ud83d"}]'}, None, ("", "\ufffd")),
        ("gen_ai.user.message", {}, {"content": "why?"}, ("why?", "")),
        ("gen_ai.user.message", {}, {"content": [{"type": "text", "text": "why?"}]}, ("why?", "")),
        ("gen_ai.user.message", {}, "why?", ("why?", "")),
        ("gen_ai.system.message", {}, {"content": "be nice"}, ("", "")),
        ("gen_ai.assistant.message", {}, {"content": "before"}, ("", "")),
        ("gen_ai.tool.message", {}, {"content": "42", "id": "c"}, ("", "")),
        ("gen_ai.choice", {}, {"index": 0, "message": {"content": "so"}, "finish_reason": "stop"}, ("", "so")),
        ("gen_ai.choice", {}, {"index": 0, "message": {"tool_calls": [{"id": "c"}]}}, ("", "")),
    ],
)  # fmt: skip
def test_event_has_the_text_of_its_span(
    event: str, attributes: dict[str, otlp.Value], body: otlp.Value, expected: tuple[str, str]
) -> None:
    """Of the newest convention and of those before it, structured and as JSON text."""
    assert _texts(event, attributes, body) == expected


def test_event_is_named_by_an_attribute_where_it_has_no_name() -> None:
    """As it was before log records had that field."""
    record = otlp.log("", {"event.name": "gen_ai.user.message"}, {"content": "why?"}, span=SPAN)

    assert [row["query"] for row in _rows(record).contents] == ["why?"]


def test_trace_is_due_when_text_arrives() -> None:
    """An answer makes it one that can be judged, a question one that has changed; other events do neither."""
    made = _rows(
        otlp.log("gen_ai.user.message", {}, "why?", span=SPAN),
        otlp.log("gen_ai.choice", {}, {"message": {"content": "so"}}, span=SPAN),
        otlp.log("gen_ai.system.message", {}, "be nice", span=SPAN),
    )

    assert [row["answerable"] for row in made.traces] == [0, 1]
    assert {(row["TraceId"], row["Start"], row["last_received"]) for row in made.traces} == {
        (SPAN.trace_id.hex(), otlp.NOON_NS, RECEIVED_NS)
    }


@pytest.mark.parametrize("time_ns", [0, 1, otlp.NOON_NS * 2])
def test_wrong_clock_of_a_record_does_not_move_its_trace(time_ns: int) -> None:
    """Its own time is kept, its trace's is that of the receipt."""
    record = otlp.log("gen_ai.choice", {}, {"content": "so"}, span=SPAN, time_ns=time_ns)

    made = _rows(record)

    assert [row["Start"] for row in made.traces] == [RECEIVED_NS]
    assert [row["time"] for row in made.contents] == [time_ns]


def test_record_sent_again_has_the_same_row() -> None:
    """Whatever the time of its receipt, and whatever was sent with it."""
    record = otlp.log("gen_ai.choice", {}, {"content": "so"}, span=SPAN, time_ns=0)
    record.observed_time_unix_nano = otlp.NOON_NS
    body = otlp.logs(record).SerializeToString()

    rows = [logs.rows([body], "", RECEIVED_NS + later).contents[0] for later in (0, otlp.SECOND)]

    assert rows[0] == rows[1] | {"received_at": RECEIVED_NS}
    assert rows[0]["time"] == otlp.NOON_NS


def test_records_are_kept_ignored_or_rejected() -> None:
    """Kept is what rows are made of; a text that belongs to no span completes none; ids have a length."""
    wrong = otlp.log("anything", span=SPAN)
    wrong.span_id = b"\x01"
    late = otlp.log(logs.EVALUATION, time_ns=2**63)
    body = otlp.logs(
        otlp.log(logs.EVALUATION),
        otlp.log("gen_ai.choice"),
        otlp.log("session.start"),
        otlp.log("", body="text"),
        wrong,
        late,
    ).SerializeToString()

    valid = logs.request(body)

    assert (valid.items, valid.ignored, valid.rejected) == (1, 3, 2)
    assert valid.reason == "span_id must be 8 bytes or absent, got 01"
    assert len(logs.rows([valid.body], "", RECEIVED_NS).evaluations) == 1


def test_body_that_is_no_request_is_rejected() -> None:
    """With what was expected."""
    with pytest.raises(RejectedData, match="no OTLP ExportLogsServiceRequest"):
        logs.request(b"hello")


@pytest.mark.parametrize(
    ("project", "resource", "expected"),
    [
        ("token", {"groundspan.project": "said"}, "token"),
        ("", {"groundspan.project": "said"}, "said"),
        ("", {"openinference.project.name": "phoenix"}, "phoenix"),
        ("", {}, "default"),
    ],
)
def test_project_is_the_tokens_or_what_the_resource_says(
    project: str, resource: dict[str, otlp.Value], expected: str
) -> None:
    """As of spans."""
    (row,) = _rows(otlp.log(logs.EVALUATION), project=project, resource=resource).evaluations

    assert row["project"] == expected


@given(st.sampled_from([logs.EVALUATION, *sorted(logs.CONTENTS)]), attributes, st.one_of(texts, values))
def test_any_record_becomes_one_row_of_text_that_can_be_stored(
    event: str, attributes: dict[str, otlp.Value], body: otlp.Value
) -> None:
    """Nothing in it throws."""
    made = _rows(otlp.log(event, attributes, body, span=SPAN))
    rows: list[dict[str, Any]] = [*made.evaluations, *made.contents]

    assert len(rows) == 1
    assert all(value.encode() is not None for value in rows[0].values() if isinstance(value, str))
