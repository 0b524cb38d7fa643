"""Values that emitters write wrongly, or at their limits: nothing throws, what cannot be converted is NULL."""

import json
import math

import otlp
import pytest
import stored
from google.protobuf.json_format import MessageToDict
from groundspan_collector.store import Store
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

TOKENS = "gen_ai.usage.input_tokens"
DAY_NS = 86_400 * otlp.SECOND


def test_counts_are_null_when_they_are_no_whole_numbers(store: Store, project: str) -> None:
    """0 is a count, absent is not; a double or a string that is whole is one too."""
    values: list[tuple[otlp.Value, int | None]] = [
        (0, 0), (12, 12), (12.0, 12), ("12", 12), ("12.0", 12), (10**12 - 1, 10**12 - 1), (10**12, None),
        (2**63 - 1, None), ("18446744073709551615", None),
        (-1, None), (12.5, None), ("12.5", None), ("twelve", None), ("", None), (None, None), (True, None),
        (math.nan, None), (math.inf, None), ("9" * 30, None), ([1], None), ({"a": 1}, None),
    ]  # fmt: skip

    rows = stored.rows_of(store, project, *({TOKENS: value} for value, _ in values), {})

    assert [row["input_tokens"] for row in rows] == [count for _, count in values] + [None]


def test_emitted_cost_is_null_when_it_is_no_sum_of_money(store: Store, project: str) -> None:
    """Free is not unknown."""
    values: list[otlp.Value] = [0, 0.0, "0.0035", 1e-7, "abc", math.nan, "1e400", 1e30, ""]

    rows = stored.rows_of(store, project, *({"gen_ai.usage.cost": value} for value in values))

    costs = [row["emitted_cost_usd"] for row in rows]
    assert [None if cost is None else float(cost) for cost in costs] == [0, 0, 0.0035, 1e-7, *[None] * 5]


def test_time_to_first_token_is_null_when_it_is_no_duration(store: Store, project: str) -> None:
    """Seconds become nanoseconds."""
    values: list[otlp.Value] = [0.25, 0, "1", -1.0, math.inf, math.nan, 1e300, "soon"]

    rows = stored.rows_of(store, project, *({"gen_ai.response.time_to_first_chunk": value} for value in values))

    assert [row["time_to_first_token_ns"] for row in rows] == [250_000_000, 0, otlp.SECOND, *[None] * 5]


def test_cache_is_added_to_input_when_the_emitter_left_it_out(store: Store, project: str) -> None:
    """Input includes the cache; where the parts exceed the whole, the whole did not hold them."""
    read, written = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"
    exclusive: dict[str, otlp.Value] = {TOKENS: 10, read: 100, written: 50}
    inclusive: dict[str, otlp.Value] = {TOKENS: 150, read: 100, written: 50}
    unknown: dict[str, otlp.Value] = {read: 100}

    rows = stored.rows_of(store, project, exclusive, inclusive, unknown)

    assert [(row["input_tokens"], row["tokens_normalized"]) for row in rows] == [
        (160, True),
        (150, False),
        (None, False),
    ]


def test_attributes_keep_zero_false_and_empty_when_they_were_sent(store: Store, project: str) -> None:
    """Absent is a missing key, not an empty value."""
    row = stored.read_back(store, project, {"zero": 0, "false": False, "empty": "", "none": None, "list": []})

    assert row["attributes"] == {"zero": "0", "false": "false", "empty": "", "none": "", "list": ""}


def test_attributes_are_json_when_they_have_structure(store: Store, project: str) -> None:
    """What the engine cannot follow arrives as JSON text all the same."""
    value: otlp.Value = {"a": [1, {"b": "ü\n\"'"}], "c": None, "d": {"e": [[True]]}}

    attributes = stored.read_back(store, project, {"map": value, "list": [1, "x"], "bytes": b"\xff\x00"})["attributes"]

    assert json.loads(attributes["map"]) == value
    assert (json.loads(attributes["list"]), attributes["bytes"]) == ([1, "x"], "/wA=")


@pytest.mark.parametrize("key", ["gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.retrieval.documents"])
def test_span_is_stored_when_its_json_is_broken(store: Store, project: str, key: str) -> None:
    """Half a document is no reason to lose a span, and is kept as it came."""
    broken = [
        "", "[", "{}", "null", "[null]", "[1]", "[[]]", '["a", 1]', '[{"role": 5}]', '[{"parts": "x"}]', "[" * 5000,
        '[{"content": "\\ud800"}]', '[{"score": NaN, "content": "x"}]', '[{"score": "high", "id": {"a": 1}}]',
        '[{"content": ["a"], "metadata": 5}]', '[{"parts": [null, 5, {"type": "text"}]}]', '{"a": 1}', "\x00",
    ]  # fmt: skip

    rows = stored.rows_of(store, project, *({"groundspan.stage": "retrieve", key: text} for text in broken))

    kept = [row["attributes"].get(key, text) for row, text in zip(rows, broken, strict=True)]
    assert kept == broken


def test_duplicate_keys_do_not_break_a_span(store: Store, project: str) -> None:
    """The protocol forbids them and emitters send them."""
    span = otlp.span({"groundspan.stage": "generate", "k": 1})
    span.attributes.extend(otlp.key_values({"groundspan.stage": "embed", "k": 2, "": 3}))

    stored.insert(store, project, span)

    assert [row["stage"] for row in stored.spans(store, project)] == ["generate"]


def test_days_of_one_request_do_not_matter(store: Store, project: str) -> None:
    """A replayed archive holds more days than the engine likes partitions in an insert."""
    stored.insert(store, project, *(otlp.span(start_ns=otlp.NOON_NS - n * DAY_NS) for n in range(101)))

    assert len(stored.spans(store, project, "span_id")) == 101


def test_times_keep_their_nanoseconds(store: Store, project: str) -> None:
    """From the first moment of 1970 to the last that fits."""
    starts = [0, 1, otlp.NOON_NS + 123_456_789, 2**63 - 2]
    stored.insert(store, project, *(otlp.span(start_ns=start, duration_ns=1) for start in starts))

    rows = stored.spans(store, project, "toUnixTimestamp64Nano(start_time) AS start_ns, duration_ns")

    assert sorted(row["start_ns"] for row in rows) == starts
    assert {row["duration_ns"] for row in rows} == {1}


def test_duration_is_zero_when_a_span_ends_before_it_starts(store: Store, project: str) -> None:
    """Clocks go back."""
    stored.insert(store, project, otlp.span(duration_ns=-5))

    assert stored.spans(store, project, "duration_ns") == [{"duration_ns": 0}]


def test_span_is_a_root_when_its_parent_id_is_all_zero(store: Store, project: str) -> None:
    """Some emitters write eight zero bytes where the protocol wants none; OpenTelemetry takes both for no parent."""
    stored.insert(store, project, otlp.span(parent=b"\0" * 8))

    assert stored.spans(store, project, "parent_span_id") == [{"parent_span_id": ""}]


def test_events_links_and_status_are_kept(store: Store, project: str) -> None:
    """Everything that the emitter sent is there to look at."""
    span = otlp.span({"error.type": "ValueError"})
    event = span.events.add(name="exception", time_unix_nano=otlp.NOON_NS)
    event.attributes.extend(otlp.key_values({"exception.message": "no", "deep": {"a": [1]}}))
    span.links.add(trace_id=b"\x01" * 16, span_id=b"\x02" * 8)
    span.status.code, span.status.message = Status.STATUS_CODE_ERROR, "failed"
    span.kind = Span.SPAN_KIND_CLIENT
    span.dropped_attributes_count = 4

    stored.insert(store, project, span)

    (row,) = stored.spans(store, project)
    assert [(e["name"], e["attributes"]) for e in row["events"]] == [
        ("exception", {"exception.message": "no", "deep": '{"a":[1]}'})
    ]
    assert row["links"] == [{"trace_id": "01" * 16, "span_id": "02" * 8}]
    assert (row["status"], row["status_message"], row["kind"]) == ("error", "failed", "client")
    assert (row["error_type"], row["dropped_attributes"]) == ("ValueError", 4)


def test_spans_are_stored_when_resource_scope_and_whole_groups_are_missing(store: Store, project: str) -> None:
    """Every message of the protocol may be empty."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add()
    request.resource_spans.add().scope_spans.add()
    request.resource_spans.add().scope_spans.add().spans.append(otlp.span())
    bodies = [b"", request.SerializeToString(), b""]

    store.insert_spans(bodies, 1, project=project, received_at_ns=stored.RECEIVED_NS)

    assert len(stored.spans(store, project)) == 1, MessageToDict(request)


def test_span_is_there_once_when_it_came_three_times(store: Store, project: str) -> None:
    """Retries are part of the protocol."""
    span = otlp.span()
    for _ in range(2):
        stored.insert(store, project, span)
    stored.insert(store, project, span, span)

    assert len(stored.spans(store, project)) == 1


def test_project_of_the_sender_wins(store: Store, project: str) -> None:
    """A token's project cannot be left by writing another one into the spans."""
    stored.insert(
        store, project, otlp.span({"groundspan.project": "other"}), resource={"groundspan.project": "another"}
    )

    assert len(stored.spans(store, project)) == 1


def test_score_is_null_when_it_is_no_finite_number(store: Store, project: str) -> None:
    """A vector without length has no angle; JSON, in which traces are shown, has no word for that."""
    scores: list[float] = [math.nan, math.inf, -math.inf, 0.5]
    flat: list[dict[str, otlp.Value]] = [
        {
            "openinference.span.kind": "RETRIEVER",
            "retrieval.documents.0.document.content": "x",
            "retrieval.documents.0.document.score": score,
        }
        for score in scores
    ]
    listed: list[dict[str, otlp.Value]] = [
        {"gen_ai.retrieval.documents": [{"content": "x", "score": score}]} for score in scores
    ]

    rows = stored.rows_of(store, project, *flat, *listed)

    assert [row["chunks"][0]["score"] for row in rows] == [None, None, None, 0.5] * 2


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("LLM", "llm.input_messages.{}.message.role"),
        ("RETRIEVER", "retrieval.documents.{}.document.content"),
        ("CHAIN", "langfuse.trace.metadata.{}"),
    ],
)
def test_span_of_very_many_attributes_is_stored(store: Store, project: str, kind: str, key: str) -> None:
    """What is made of n attributes takes memory by n, not by its square: that would be several times the engine's."""
    spans = [
        otlp.span({"openinference.span.kind": kind} | {key.format(number): "x" * 40 for number in range(8000)})
        for _ in range(4)
    ]

    stored.insert(store, project, *spans)

    assert stored.spans(store, project, "length(attributes) > 0 AS has_attributes") == [{"has_attributes": 1}] * 4
